//! In which order the words of others come: what is old or doubled is left out, what is missing is noticed.

use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;

use super::word::{Kind, Word};
use crate::ids::NodeId;

/// So many nodes are followed in one workspace; when there are more, all are met anew.
const MOST: usize = 1_024;
/// A node that has said nothing for so long is forgotten; most of those are dead.
const FORGET: Duration = Duration::from_secs(600);

/// The nodes heard in one workspace.
#[derive(Debug, Default)]
pub(super) struct Order {
    nodes: HashMap<NodeId, Mark>,
}

/// How far one node was heard.
#[derive(Debug)]
struct Mark {
    /// The last number heard before hearing broke off; 0 when it never did.
    before: u64,
    /// The first number heard since.
    base: u64,
    last: u64,
    at: Instant,
    /// Hearing broke off since: what comes next is no proof of a loss, since a gap was told already.
    stale: bool,
    /// Whether it reads words that travel as one.
    reads_runs: bool,
}

/// What became of a word.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is the next one, and this is its sender.
    Next(NodeId),
    /// So it is, but some before it are missing.
    Missing(NodeId),
    /// It tells of a loss.
    Lost,
    /// It is old, or nothing new.
    Old,
}

// === impl Order ===

impl Order {
    /// Hears a word.
    pub(super) fn hear(&mut self, word: &Word, now: Instant) -> Verdict {
        if let Some((node, _)) = self.nodes.get_key_value(word.from()) {
            let node = node.clone();
            let Some(mark) = self.nodes.get_mut(&node) else { return Verdict::Old };
            mark.at = now;
            return mark.hear(word, node);
        }
        let full = self.nodes.len() >= MOST;
        if full {
            self.nodes.clear();
        }
        let node = NodeId::from(word.from());
        let (number, reads_runs) = (word.number, word.reads_runs);
        let mark = Mark { before: 0, base: number, last: number, at: now, stale: false, reads_runs };
        self.nodes.insert(node.clone(), mark);
        match word.kind {
            Kind::Lost => Verdict::Lost,
            _ if full => Verdict::Missing(node),
            _ => Verdict::Next(node),
        }
    }

    /// Whether all who were heard read words that travel as one. Of nobody it is not known.
    pub(super) fn all_read_runs(&self) -> bool {
        !self.nodes.is_empty() && self.nodes.values().all(|mark| mark.reads_runs)
    }

    /// Hearing broke off and begins again.
    pub(super) fn broken(&mut self) {
        for mark in self.nodes.values_mut() {
            mark.stale = true;
            mark.before = mark.last;
        }
    }

    /// Forgets those who have said nothing for a long time.
    pub(super) fn sweep(&mut self, now: Instant) {
        self.nodes.retain(|_, mark| now.duration_since(mark.at) < FORGET);
    }
}

// === impl Mark ===

impl Mark {
    fn hear(&mut self, word: &Word, node: NodeId) -> Verdict {
        let number = word.number;
        if word.kind == Kind::Lost {
            // Between the base and the last one the break in the numbers was seen itself.
            let news = number > self.last || number < self.base || self.stale;
            self.base = self.base.min(number);
            self.last = self.last.max(number);
            return if news { Verdict::Lost } else { Verdict::Old };
        }
        if number <= self.last {
            // In a cluster two ways may be unlike in length. This one was never heard, and comes too late now.
            if number > self.before && number < self.base {
                self.base = number;
                return Verdict::Lost;
            }
            return Verdict::Old;
        }
        let missing = number > self.last + 1 && !self.stale;
        if self.stale {
            self.base = number;
            self.stale = false;
        }
        self.last = number;
        if missing { Verdict::Missing(node) } else { Verdict::Next(node) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(from: &str, kind: Kind, number: u64) -> Word {
        Word::decode(Word::encode(from, kind, number, b"").into()).expect("ours")
    }

    fn hear(order: &mut Order, number: u64) -> Verdict {
        order.hear(&word("n_1", Kind::Said, number), Instant::now())
    }

    fn lost(order: &mut Order, number: u64) -> Verdict {
        order.hear(&word("n_1", Kind::Lost, number), Instant::now())
    }

    fn next() -> Verdict {
        Verdict::Next("n_1".into())
    }

    fn missing() -> Verdict {
        Verdict::Missing("n_1".into())
    }

    #[test]
    fn d3_words_of_a_node_come_once_and_in_order_and_a_hole_is_seen() {
        let mut order = Order::default();
        assert_eq!([7, 8, 8, 7, 9].map(|n| hear(&mut order, n)), [next(), next(), Verdict::Old, Verdict::Old, next()]);
        assert_eq!([12, 10, 11, 13].map(|n| hear(&mut order, n)), [missing(), Verdict::Old, Verdict::Old, next()]);
        // Another incarnation has numbers of its own.
        let other = order.hear(&word("n_2", Kind::Said, 1), Instant::now());
        assert_eq!((other, hear(&mut order, 14)), (Verdict::Next("n_2".into()), next()));
    }

    #[test]
    fn d4_a_loss_is_news_unless_its_hole_was_seen() {
        let mut order = Order::default();
        assert_eq!(lost(&mut order, 4), Verdict::Lost, "of somebody never heard");
        assert_eq!((hear(&mut order, 5), lost(&mut order, 6), hear(&mut order, 7)), (next(), Verdict::Lost, next()));
        assert_eq!((hear(&mut order, 9), lost(&mut order, 8)), (missing(), Verdict::Old));
        let mut order = Order::default();
        assert_eq!((hear(&mut order, 3), lost(&mut order, 2)), (next(), Verdict::Lost), "before it was heard at all");
        assert_eq!(lost(&mut order, 2), Verdict::Old);
    }

    #[test]
    fn d4_a_word_that_was_overtaken_before_anything_was_heard_is_told_as_lost() {
        let mut order = Order::default();
        assert_eq!([9, 7, 8, 7].map(|n| hear(&mut order, n)), [next(), Verdict::Lost, Verdict::Old, Verdict::Old]);
        order.broken();
        assert_eq!(
            [9, 12, 9, 11, 10].map(|n| hear(&mut order, n)),
            [Verdict::Old, next(), Verdict::Old, Verdict::Lost, Verdict::Lost]
        );
    }

    #[test]
    fn d7_after_a_break_old_words_stay_old_and_the_hole_is_not_told_twice() {
        let mut order = Order::default();
        hear(&mut order, 5);
        order.broken();
        assert_eq!((hear(&mut order, 5), hear(&mut order, 9), hear(&mut order, 11)), (Verdict::Old, next(), missing()));
        order.broken();
        assert_eq!(lost(&mut order, 11), Verdict::Lost);
    }

    #[tokio::test(start_paused = true)]
    async fn l6_nodes_that_are_gone_are_forgotten_and_never_too_many() {
        let mut order = Order::default();
        for n in 0..MOST {
            order.hear(&word(&format!("n_{n}"), Kind::Said, 1), Instant::now());
        }
        let many = order.hear(&word("n_more", Kind::Said, 1), Instant::now());
        assert_eq!((many, order.nodes.len()), (Verdict::Missing("n_more".into()), 1));
        tokio::time::advance(FORGET / 2).await;
        hear(&mut order, 1);
        tokio::time::advance(FORGET / 2).await;
        order.sweep(Instant::now());
        assert_eq!(order.nodes.len(), 1);
        assert_eq!(hear(&mut order, 3), missing());
    }
}
