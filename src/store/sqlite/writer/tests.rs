use proptest::prelude::*;

use super::*;
use crate::{
    chat::{
        command::KeyScope,
        event::{Author, What},
    },
    ids::{ConversationId, MessageKey, Seq},
    store::{
        Append, Appended,
        sqlite::counted::{begin, desk, entry},
    },
};

const CONVERSATIONS: usize = 3;
const SCOPE: KeyScope = KeyScope::Author(Author::Visitor);

/// What happens within a transaction; a number says in which conversation.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// So many texts by themselves.
    Texts(usize, usize),
    /// Two events at once, and whether they stay.
    Two(usize, bool),
    /// A key is used that an earlier text had, counted from the last.
    Repeat(usize),
    /// Somebody asks what a key made.
    Keyed(usize),
    /// Something fails that wrote nothing.
    Fault,
}

/// The log as it should be: the conversation, the place, the key, the JSON.
#[derive(Clone, Debug, Default)]
struct Model(Vec<(usize, u64, Option<String>, String)>);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let of = 0..CONVERSATIONS;
    let step = prop_oneof![
        4 => (of.clone(), 1..40_usize).prop_map(|(of, texts)| Step::Texts(of, texts)),
        2 => (of, any::<bool>()).prop_map(|(of, stays)| Step::Two(of, stays)),
        2 => (0..50_usize).prop_map(Step::Repeat),
        1 => (0..50_usize).prop_map(Step::Keyed),
        1 => Just(Step::Fault),
    ];
    prop::collection::vec(step, 0..8)
}

// === impl Model ===

impl Model {
    fn head(&self, of: usize) -> u64 {
        self.0.iter().rev().find(|(conversation, ..)| *conversation == of).map_or(1, |(_, seq, ..)| *seq)
    }

    /// The next append of so many events; the first has a key.
    fn next(&self, name: &ConversationId, of: usize, events: u64) -> Append {
        let (head, key) = (self.head(of), MessageKey::from(format!("k{}", self.0.len())));
        let text = |seq: u64| {
            let key = (seq == head + 1).then(|| key.clone());
            entry(seq, What::Message { key, text: format!("\"{seq}\"\n"), rich: None })
        };
        let entries = (head + 1..=head + events).map(text).collect();
        let key = Some((SCOPE, key.clone()));
        Append { conversation: name.clone(), after: Seq(head), entries, key, row: None }
    }

    fn take(&mut self, of: usize, append: &Append) {
        let mut key = append.key.as_ref().map(|(_, key)| key.to_string());
        for entry in &append.entries {
            self.0.push((of, entry.event().seq.0, key.take(), entry.json().to_owned()));
        }
    }

    /// A key that was used, with where and what.
    fn used(&self, back: usize) -> Option<(usize, MessageKey, String)> {
        let mut keyed = self.0.iter().rev().filter_map(|(of, _, key, json)| Some((*of, key.as_ref()?, json)));
        keyed
            .clone()
            .nth(back)
            .or_else(|| keyed.next_back())
            .map(|(of, key, json)| (of, key.as_str().into(), json.clone()))
    }
}

/// Runs one work as the thread does and answers its verdict.
fn run<T: Send + 'static>(
    desk: &mut Desk,
    guarded: bool,
    work: impl FnOnce(&mut Desk) -> Result<T> + Send + 'static,
) -> Result<T> {
    let (mut task, answer) = Task::new(guarded, work);
    Loop::run_one(desk, &mut task)?;
    Box::new(task).settle(None);
    answer.blocking_recv().expect("an answer")
}

fn play(desk: &mut Desk, names: &[ConversationId], model: &mut Model, step: Step) {
    match step {
        Step::Texts(of, texts) => {
            for _ in 0..texts {
                let append = model.next(&names[of], of, 1);
                model.take(of, &append);
                assert!(matches!(run(desk, false, move |desk| desk.append(&append)), Ok(Appended::Done { .. })));
            }
        }
        Step::Two(of, stays) => {
            let append = model.next(&names[of], of, 2);
            if stays {
                model.take(of, &append);
            }
            let fault = (!stays).then(|| StoreError::Unavailable("it fails behind its rows".into()));
            let done = run(desk, true, move |desk| {
                let done = desk.append(&append)?;
                match fault {
                    None => Ok(done),
                    // As an erasure does, which reads them.
                    Some(fault) => desk.put_rows().and(Err(fault)),
                }
            });
            assert_eq!(matches!(done, Ok(Appended::Done { .. })), stays);
        }
        Step::Repeat(back) => {
            let Some((of, key, json)) = model.used(back) else { return };
            let append = Append { key: Some((SCOPE, key)), ..model.next(&names[of], of, 1) };
            match run(desk, false, move |desk| desk.append(&append)) {
                Ok(Appended::Repeated { event }) => assert_eq!(event.json(), json),
                other => panic!("{other:?}"),
            }
        }
        Step::Keyed(back) => {
            let Some((of, key, json)) = model.used(back) else { return };
            let name = names[of].clone();
            let made = run(desk, false, move |desk| desk.keyed(&name, &SCOPE, &key)).expect("asked");
            assert_eq!(made.map(|entry| entry.json().to_owned()), Some(json));
        }
        Step::Fault => {
            let fault = StoreError::Unavailable("it fails before anything".into());
            assert!(run(desk, false, move |_| Err::<(), _>(fault)).is_err());
        }
    }
}

/// The log as the file has it, behind the first events.
fn log(desk: &Desk) -> Vec<(i64, i64, u64, Option<String>, String)> {
    let mut select = desk.conn.prepare("SELECT pos, conversation, seq, key, body FROM log ORDER BY pos").expect("sql");
    let row = |row: &rusqlite::Row<'_>| {
        let seq: i64 = row.get(2)?;
        Ok((row.get(0)?, row.get(1)?, seq.cast_unsigned(), row.get(3)?, row.get(4)?))
    };
    let rows = select.query_map([], row).expect("rows");
    rows.map(|row| row.expect("a row")).skip(CONVERSATIONS).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn d1_rows_that_go_into_the_file_together_are_there_or_not_each_by_its_own_verdict(
        transactions in prop::collection::vec((steps(), prop::bool::weighted(0.8)), 1..6)
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut desk, _lock) = desk(folder.path(), 100);
        desk.conn.execute_batch("PRAGMA synchronous = OFF").expect("no waiting");
        desk.begin_transaction().expect("begun");
        let names: Vec<_> = (0..CONVERSATIONS).map(|n| begin(&mut desk, n)).collect();
        desk.commit().expect("committed");
        let mut model = Model::default();
        for (steps, stays) in transactions {
            if desk.behind.len() >= 100 {
                desk.behind.freeze();
            }
            let was = model.clone();
            desk.begin_transaction().expect("begun");
            for step in steps {
                play(&mut desk, &names, &mut model, step);
            }
            while desk.behind.fill(&desk.conn, 64).expect("filled") {}
            match stays {
                true => desk.commit().expect("committed"),
                false => {
                    desk.roll_back();
                    model = was;
                }
            }
            let first = CONVERSATIONS as i64 + 1;
            let rows = model.0.iter().zip(first..);
            let expected = rows.map(|((of, seq, key, json), pos)| (pos, *of as i64 + 1, *seq, key.clone(), json.clone()));
            prop_assert_eq!(log(&desk), expected.collect::<Vec<_>>());
            prop_assert_eq!(desk.last_pos(), first - 1 + model.0.len() as i64);
        }
    }
}
