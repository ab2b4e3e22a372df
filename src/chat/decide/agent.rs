//! What an agent may do: first whether they may see it at all, then whether it is over, then whether it is theirs.

use super::{Command, Draft, MAX_SHORT, MAX_TEXT, Policy, Refusal, State, check_text};
use crate::chat::{
    details::DetailsPatch,
    event::{AgentRef, ClosedReason, Item, What},
};

pub(super) fn decide(
    draft: &mut Draft<'_>,
    agent: &AgentRef,
    admin: bool,
    command: &Command,
    policy: &Policy<'_>,
) -> Result<(), Refusal> {
    let visible = draft.was.sight().allows(&agent.id, admin, policy.admins_see_assigned);
    if !visible {
        // Losing the race for a chat one was looking at deserves a better answer than "no such thing".
        return Err(match (command, &draft.was.state) {
            (Command::Claim, State::Assigned { .. }) => draft.taken(),
            _ => Refusal::NotFound,
        });
    }
    match command {
        Command::Claim => claim(draft, agent),
        Command::Assign { to } => assign(draft, agent, admin, to.as_ref()),
        Command::AssignToNobody => {
            let stranger = AgentRef { id: "".into(), name: String::new(), avatar: None };
            assign(draft, agent, admin, Some(&stranger))?;
            Err(Refusal::invalid("to", "there is no such agent"))
        }
        Command::Send { key, text } => {
            draft.refuse_closed()?;
            if !draft.owned_by(&agent.id) {
                return Err(Refusal::Forbidden("only the agent it is assigned to may write to the visitor"));
            }
            check_text("text", text, MAX_TEXT)?;
            draft.push(What::Message { key: Some(key.clone()), text: text.clone(), rich: None });
            Ok(())
        }
        Command::Note { key, text } => {
            check_text("text", text, MAX_TEXT)?;
            draft.push(What::Note { key: key.clone(), text: text.clone() });
            Ok(())
        }
        Command::Details(patch) => details(draft, patch),
        Command::Item { item, kind, title, fields, .. } => {
            check_text("title", title, MAX_SHORT)?;
            fields.check().map_err(|bad| Refusal::invalid(&bad.field, bad.message))?;
            if draft.has_item(item) {
                return Ok(());
            }
            let item = Item {
                item: item.clone(),
                kind: *kind,
                title: title.trim().into(),
                fields: Box::new(fields.tidied()),
                external: None,
            };
            draft.push(What::Item(item));
            Ok(())
        }
        Command::Close => {
            draft.refuse_closed()?;
            if !admin && !draft.owned_by(&agent.id) {
                return Err(Refusal::Forbidden("only the agent it is assigned to, or an admin, may close it"));
            }
            draft.push(What::Closed { reason: ClosedReason::Agent });
            Ok(())
        }
        _ => Err(Refusal::Forbidden("agents cannot do that")),
    }
}

fn claim(draft: &mut Draft<'_>, agent: &AgentRef) -> Result<(), Refusal> {
    draft.refuse_closed()?;
    match &draft.was.state {
        State::Waiting { .. } | State::Offline | State::Unassigned => {
            draft.push(What::Assigned { to: agent.clone(), from: None });
            Ok(())
        }
        State::Assigned { to, .. } if to.id == agent.id => Ok(()),
        State::Assigned { .. } => Err(draft.taken()),
        State::Bot | State::Closed { .. } => Err(Refusal::conflict("the playbook still talks to this visitor")),
    }
}

fn assign(draft: &mut Draft<'_>, agent: &AgentRef, admin: bool, to: Option<&AgentRef>) -> Result<(), Refusal> {
    draft.refuse_closed()?;
    let owner = draft.was.assignee();
    if !admin && !draft.owned_by(&agent.id) {
        return Err(Refusal::Forbidden("only the agent it is assigned to, or an admin, may reassign it"));
    }
    match (owner, to) {
        _ if matches!(draft.was.state, State::Bot) => {
            Err(Refusal::conflict("the playbook still talks to this visitor"))
        }
        (Some(owner), Some(to)) if owner.id == to.id => Ok(()),
        (None, None) => Ok(()),
        (from, Some(to)) => {
            draft.push(What::Assigned { to: to.clone(), from: from.cloned().map(Box::new) });
            Ok(())
        }
        (Some(from), None) => {
            draft.push(What::Unassigned { from: from.clone() });
            Ok(())
        }
    }
}

fn details(draft: &mut Draft<'_>, patch: &DetailsPatch) -> Result<(), Refusal> {
    patch.check().map_err(|bad| Refusal::invalid(&format!("details.{}", bad.field), bad.message))?;
    let mut changes = patch.diff(&draft.was.details);
    // Entering what the visitor claimed is how an agent vouches for it: that is a change, too.
    changes.add_confirmed(patch, &draft.was.details, &draft.was.claimed);
    if !changes.is_empty() {
        draft.push(What::Details { changes: Box::new(changes) });
    }
    Ok(())
}
