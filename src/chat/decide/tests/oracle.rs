//! What the protocol says must become of a command, told apart from how it is decided.

use super::{
    super::*,
    judge::{Judge, Moment, Phase},
};

/// A command, who gives it, and whether a value in it is bad.
pub(super) struct Step {
    pub(super) actor: Actor,
    pub(super) command: Command,
    pub(super) bad: bool,
}

/// The refusals by their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    NotFound,
    Closed,
    Forbidden,
    Conflict,
    BadValue,
}

// === impl Judge ===

impl Judge {
    /// The refusal the protocol wants, in its order; None where the command is to be done.
    pub(super) fn verdict(&self, step: &Step, moment: &Moment) -> Option<Word> {
        let closed = self.phase == Phase::Closed;
        let rules: Vec<(bool, Word)> = match (&step.actor, &step.command) {
            (Actor::System, Command::Handed { item, .. } | Command::HandFailed { item, .. }) => {
                vec![(!self.items.contains_key(item), Word::NotFound)]
            }
            (Actor::System, _) => vec![],
            (Actor::Visitor, Command::Answer { card, .. }) => {
                vec![(closed, Word::Closed), (self.asking.as_ref() != Some(card), Word::Conflict)]
            }
            (Actor::Visitor, Command::Rate { .. }) => vec![],
            (Actor::Visitor, _) => vec![(closed, Word::Closed)],
            (Actor::Agent { agent, admin }, command) => {
                let sees = self.sees(&agent.id, moment.admins_see_assigned);
                let owns = self.owner.as_ref() == Some(&agent.id);
                let claims = *command == Command::Claim;
                let lost_a_race = claims && self.phase == Phase::Assigned;
                let mut rules = vec![(!sees && !lost_a_race, Word::NotFound)];
                rules.extend(match command {
                    Command::Claim => vec![
                        (closed, Word::Closed),
                        (self.phase == Phase::Bot || (self.owner.is_some() && !owns), Word::Conflict),
                    ],
                    Command::Assign { .. } => vec![
                        (closed, Word::Closed),
                        (!owns && !admin, Word::Forbidden),
                        (self.phase == Phase::Bot, Word::Conflict),
                    ],
                    Command::Send { .. } => vec![(closed, Word::Closed), (!owns, Word::Forbidden)],
                    Command::Close => vec![(closed, Word::Closed), (!owns && !admin, Word::Forbidden)],
                    _ => vec![],
                });
                rules
            }
        };
        let bad = (step.bad, Word::BadValue);
        rules.into_iter().chain([bad]).find_map(|(holds, word)| holds.then_some(word))
    }

    /// Whether a command that is not refused changes anything; None where that is not said by the log alone.
    pub(super) fn moves(&self, step: &Step, moment: &Moment) -> Option<bool> {
        let at = moment.now.max(self.last_at);
        match &step.command {
            Command::Claim => Some(self.owner.is_none()),
            Command::Assign { to } => Some(to.as_ref().map(|to| &to.id) != self.owner.as_ref()),
            Command::Expire => Some(self.deadline.is_some_and(|deadline| at >= deadline)),
            Command::EveryoneLeft => Some(self.phase == Phase::Waiting && moment.available.is_err()),
            Command::Abandon => {
                let open = !matches!(self.phase, Phase::Closed | Phase::Waiting);
                Some(open && !self.served && at.since(self.last_at) >= ABANDONED_AFTER)
            }
            Command::Details(_) | Command::Rate { .. } | Command::Handed { .. } | Command::HandFailed { .. } => None,
            _ => Some(true),
        }
    }
}

/// The name of a refusal.
pub(super) fn word(refusal: &Refusal) -> Word {
    match refusal {
        Refusal::NotFound => Word::NotFound,
        Refusal::Closed => Word::Closed,
        Refusal::Forbidden(_) => Word::Forbidden,
        Refusal::Conflict { .. } => Word::Conflict,
        Refusal::Invalid { .. } | Refusal::TooLarge { .. } => Word::BadValue,
    }
}
