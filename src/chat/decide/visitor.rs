//! What a visitor may do.

use super::{Command, Draft, MAX_SHORT, MAX_TEXT, Policy, Refusal, State, check_text, flow};
use crate::{
    chat::{
        event::{ClosedReason, What},
        playbook::{Claim, Reply},
    },
    ids::{CardId, MessageKey},
};

pub(super) fn decide(draft: &mut Draft<'_>, command: &Command, policy: &Policy<'_>) -> Result<(), Refusal> {
    match command {
        Command::Answer { card, reply, key } => answer(draft, card, reply, key, policy),
        Command::Send { key, text } => {
            draft.refuse_closed()?;
            check_text("text", text, MAX_TEXT)?;
            draft.push(What::Message { key: Some(key.clone()), text: text.clone(), rich: None });
            Ok(())
        }
        Command::Rate { score, comment } => rate(draft, *score, comment.as_deref()),
        Command::End => {
            draft.refuse_closed()?;
            draft.push(What::Closed { reason: ClosedReason::Visitor });
            Ok(())
        }
        _ => Err(Refusal::Forbidden("visitors cannot do that")),
    }
}

fn answer(
    draft: &mut Draft<'_>,
    card: &CardId,
    reply: &Reply,
    key: &MessageKey,
    policy: &Policy<'_>,
) -> Result<(), Refusal> {
    draft.refuse_closed()?;
    match &draft.was.state {
        State::Assigned { to, at } => {
            return Err(Refusal::Conflict {
                message: format!("{} is here now: questions need no answer any more, just write", to.name),
                assignee: Some(to.clone()),
                at: Some(*at),
            });
        }
        State::Waiting { .. } | State::Unassigned => {
            return Err(Refusal::conflict("the questions are over: just write, an agent will read it"));
        }
        _ if draft.was.asking.as_ref() != Some(card) => {
            return Err(Refusal::conflict("this question has been answered already"));
        }
        _ => {}
    }
    let answered = policy.playbook.answer(card, reply).map_err(|refused| match refused.stale {
        true => Refusal::conflict(&refused.message),
        false => Refusal::invalid(refused.field, refused.message),
    })?;
    draft.push(What::Answer {
        card: card.clone(),
        option: answered.option,
        value: answered.value,
        label: answered.label,
        key: Some(key.clone()),
    });
    if let Some(claim) = answered.claim {
        take_claim(draft, &claim);
    }
    flow::walk(draft, answered.walk, policy);
    Ok(())
}

/// A capture fills the side panel, but never over what an agent entered.
fn take_claim(draft: &mut Draft<'_>, claim: &Claim) {
    let changes = draft.was.details.claim(claim, &draft.was.claimed);
    if !changes.is_empty() {
        draft.push(What::Details { changes: Box::new(changes) });
    }
}

fn rate(draft: &mut Draft<'_>, score: u8, comment: Option<&str>) -> Result<(), Refusal> {
    if !(1..=5).contains(&score) {
        return Err(Refusal::invalid("score", "score must be between 1 and 5"));
    }
    let comment = comment.map(str::trim).filter(|comment| !comment.is_empty());
    if comment.is_some_and(|comment| comment.len() > MAX_SHORT) {
        return Err(Refusal::TooLarge { field: "comment", limit: MAX_SHORT });
    }
    // A rating has no key: saying it again after a lost answer must not show twice. Without words it says no less.
    let again = comment.is_none() || comment == draft.was.rated_words.as_deref();
    if draft.was.rated != Some(score) || !again {
        draft.push(What::Rated { score, comment: comment.map(Into::into) });
    }
    Ok(())
}
