//! Which conversations have events behind a session's cursor: nearly always one.

use std::{collections::HashSet, mem};

use crate::ids::{ConversationId, Quick};

/// A set of conversations that takes no room of its own while there is only one in it.
#[derive(Debug, Default)]
pub struct News(Held);

#[derive(Debug, Default)]
enum Held {
    #[default]
    None,
    One(ConversationId),
    Many(HashSet<ConversationId, Quick>),
}

// === impl News ===

impl News {
    /// Adds one.
    pub fn insert(&mut self, conversation: &ConversationId) {
        match &mut self.0 {
            Held::None => self.0 = Held::One(conversation.clone()),
            Held::One(one) if one == conversation => {}
            Held::One(_) => {
                let Held::One(one) = mem::take(&mut self.0) else { return };
                self.0 = Held::Many([one, conversation.clone()].into_iter().collect());
            }
            Held::Many(many) => drop(many.insert(conversation.clone())),
        }
    }

    /// Whether it is there.
    pub fn contains(&self, conversation: &ConversationId) -> bool {
        self.iter().any(|other| other == conversation)
    }

    /// All of them, each once.
    pub fn iter(&self) -> impl Iterator<Item = &ConversationId> {
        let (one, many) = match &self.0 {
            Held::None => (None, None),
            Held::One(one) => (Some(one), None),
            Held::Many(many) => (None, Some(many)),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l1_news_of_a_conversation_is_kept_once_however_often_it_comes() {
        let mut news = News::default();
        assert_eq!(news.iter().count(), 0);
        let ids: Vec<ConversationId> = (0..5).map(|n| format!("c_{}", n % 3).into()).collect();
        for (told, kept) in [(1, 1), (1, 1), (2, 2), (3, 3), (5, 3)] {
            ids[..told].iter().for_each(|id| news.insert(id));
            let mut found: Vec<_> = news.iter().cloned().collect();
            found.sort();
            assert_eq!(found, ids[..kept], "after {told}");
        }
    }
}
