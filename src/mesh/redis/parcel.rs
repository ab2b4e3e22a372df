//! What is published at once: a word, or words that follow each other and travel as one. A message costs its sender,
//! Redis and whoever hears it about the same whatever is in it, and after a commit there are as many words as texts.

use std::collections::HashMap;

use super::{
    mouth::Unsaid,
    word::{Kind, Word},
};
use crate::ids::WorkspaceId;

/// Words of one message; at least one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parcel<'a>(Vec<&'a Unsaid>);

// === impl Parcel ===

impl<'a> Parcel<'a> {
    /// A batch as messages, those of each workspace in the order of their words. Words go together `where` everybody
    /// reads them so.
    pub(super) fn pack(batch: &'a [Unsaid], may_run: impl Fn(&WorkspaceId) -> bool) -> Vec<Self> {
        let mut parcels: Vec<Self> = Vec::with_capacity(1);
        // The last parcel of each workspace, where its words may go together.
        let mut last: HashMap<&WorkspaceId, Option<usize>> = HashMap::new();
        for unsaid in batch {
            if let Some(workspace) = unsaid.workspace.as_ref().filter(|_| unsaid.kind == Kind::Said) {
                let new = parcels.len();
                let last = last.entry(workspace).or_insert_with(|| may_run(workspace).then_some(new));
                if let Some(last) = last {
                    if let Some(parcel) = parcels.get_mut(*last).filter(|parcel| parcel.goes_on_with(unsaid)) {
                        parcel.0.push(unsaid);
                        continue;
                    }
                    *last = new;
                }
            }
            parcels.push(Self(vec![unsaid]));
        }
        parcels
    }

    /// To whom it goes; None is oneself.
    pub(super) fn workspace(&self) -> Option<&'a WorkspaceId> {
        self.0.first().and_then(|unsaid| unsaid.workspace.as_ref())
    }

    /// As it travels.
    pub(super) fn encode(&self, from: &str) -> Vec<u8> {
        match &self.0[..] {
            [alone] => Word::encode(from, alone.kind, alone.number, &alone.body),
            run => {
                let number = run.first().map_or(0, |first| first.number);
                Word::encode_run(from, number, run.iter().map(|unsaid| &unsaid.body))
            }
        }
    }

    fn goes_on_with(&self, unsaid: &Unsaid) -> bool {
        self.0.last().is_some_and(|last| last.number + 1 == unsaid.number)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    fn said(workspace: &str, number: u64) -> Unsaid {
        let body = Bytes::from(format!("{workspace}{number}"));
        Unsaid { workspace: Some(workspace.into()), kind: Kind::Said, number, body }
    }

    /// As text: the words of a message together.
    fn shown(parcels: &[Parcel<'_>]) -> Vec<String> {
        let one = |parcel: &Parcel<'_>| {
            let words = Word::decode(parcel.encode("n_1").into()).expect("ours").each();
            words.map(|word| format!("{:?}{}", word.kind, String::from_utf8_lossy(&word.body))).collect::<String>()
        };
        parcels.iter().map(one).collect()
    }

    #[test]
    fn d4_words_that_follow_each_other_travel_as_one_where_everybody_reads_them_so() {
        let lost = Unsaid { kind: Kind::Lost, body: Bytes::new(), ..said("a", 6) };
        let probe = Unsaid { workspace: None, kind: Kind::Probe, number: 1, body: Bytes::new() };
        let batch =
            [said("a", 1), said("old", 7), said("a", 2), said("b", 4), said("old", 8), said("a", 5), lost, probe];
        let parcels = Parcel::pack(&batch, |workspace| workspace.as_str() != "old");
        let words = ["Saida1Saida2", "Saidold7", "Saidb4", "Saidold8", "Saida5", "Lost", "Probe"];
        assert_eq!(shown(&parcels), words);
        let to: Vec<_> = parcels.iter().map(|parcel| parcel.workspace().map(WorkspaceId::as_str)).collect();
        assert_eq!(to, [Some("a"), Some("old"), Some("b"), Some("old"), Some("a"), Some("a"), None]);
        assert_eq!(Parcel::pack(&[], |_| true), []);
    }

    proptest! {
        #[test]
        fn d4_each_workspace_hears_its_words_in_their_order_however_they_travel(
            to in prop::collection::vec(0..3usize, 0..40), holes in prop::collection::vec(1..3u64, 40), runs: [bool; 3],
        ) {
            let mut numbers = [0; 3];
            let batch: Vec<Unsaid> = to.iter().zip(&holes).map(|(to, hole)| {
                numbers[*to] += hole;
                said(&to.to_string(), numbers[*to])
            }).collect();
            let heard = |runs: &dyn Fn(&WorkspaceId) -> bool, to: usize| {
                let mut words = Vec::new();
                for parcel in Parcel::pack(&batch, runs) {
                    if parcel.workspace().is_some_and(|workspace| workspace.as_str() == to.to_string()) {
                        words.extend(Word::decode(parcel.encode("n_1").into()).expect("ours").each());
                    }
                }
                words
            };
            for to in 0..3 {
                let together = |workspace: &WorkspaceId| runs[workspace.as_str().parse::<usize>().expect("a number")];
                prop_assert_eq!(heard(&together, to), heard(&|_| false, to));
            }
        }
    }
}
