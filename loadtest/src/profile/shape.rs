//! Which members a profile may have, and of what kind each is: so that whatever is wrong with a file is told at once,
//! and not only the first thing a reader stumbles over.

use toml::{Table, Value};

/// A member: its name, its kind, and whether it must be there.
type Member = (&'static str, Kind, bool);

/// What a member may be.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Number,
    /// Of things that are counted.
    Whole,
    Members(&'static [Member]),
}

use Kind::{Members, Number, Text, Whole};

const PROFILE: &[Member] = &[
    ("name", Text, true),
    ("about", Text, false),
    ("seconds", Number, true),
    ("warm_up", Number, false),
    ("homecoming", Number, false),
    ("at_once", Whole, false),
    ("read_back", Whole, false),
    ("wait_ms", Whole, false),
    ("pairs", Members(PAIRS), false),
    ("idle", Members(&[("visitors", Whole, true)]), false),
    ("storm", Members(STORM), false),
    ("fanout", Members(FANOUT), false),
    ("waits", Members(WAITS), false),
    ("deploy", Members(&[("restarts", Whole, true), ("every", Number, true)]), false),
    ("budget", Members(BUDGET), false),
];

const PAIRS: &[Member] = &[
    ("visitors", Whole, true),
    ("agents", Whole, true),
    ("text_bytes", Whole, false),
    ("rate", Number, false),
    ("burst", Members(&[("texts", Whole, true), ("every", Number, true)]), false),
    ("answer_every", Whole, false),
];

const STORM: &[Member] = &[("visitors", Whole, true), ("rounds", Whole, true), ("at_once", Whole, true)];

const FANOUT: &[Member] = &[
    ("watchers", Whole, true),
    ("conversations", Whole, false),
    ("rate", Number, false),
    ("text_bytes", Whole, false),
    ("slow", Members(&[("readers", Whole, true), ("pause", Number, true)]), false),
];

const WAITS: &[Member] = &[("visitors", Whole, true), ("spread", Number, true), ("late_ms", Whole, true)];

const BUDGET: &[Member] = &[
    ("delivery_p50_ms", Number, false),
    ("delivery_p99_ms", Number, false),
    ("reply_p99_ms", Number, false),
    ("join_p99_ms", Number, false),
    ("lateness_p99_ms", Number, false),
    ("texts_per_second", Number, false),
    ("joins_per_second", Number, false),
    ("fanned_per_second", Number, false),
    ("peak_mib", Number, false),
    ("kib_per_idle", Number, false),
    ("cpu_per_100k", Number, false),
];

/// Tells what of a file is no member of a profile, of the wrong kind or missing, and puts something sound in its place
/// so that the rest can be read and checked. The places come with their words.
pub(super) fn mend(table: &mut Table) -> Vec<(String, String)> {
    let mut faults = Vec::new();
    mend_members(table, PROFILE, "", &mut faults);
    faults
}

fn mend_members(table: &mut Table, members: &[Member], place: &str, faults: &mut Vec<(String, String)>) {
    let known = |name: &str| members.iter().any(|(member, ..)| *member == name);
    for (name, _) in table.iter().filter(|(name, _)| !known(name)) {
        let names: Vec<&str> = members.iter().map(|(member, ..)| *member).collect();
        let words = format!("{place}{name} is unknown (there are {})", names.join(", "));
        faults.push((format!("{place}{name}"), words));
    }
    table.retain(|name, _| known(name));
    for &(name, kind, required) in members {
        let here = format!("{place}{name}");
        let wrong = match (table.get_mut(name), kind) {
            (None, _) if required => "is missing".to_owned(),
            (Some(Value::Table(inner)), Members(members)) => {
                mend_members(inner, members, &format!("{here}."), faults);
                continue;
            }
            (None, _)
            | (Some(Value::String(_)), Text)
            | (Some(Value::Float(_) | Value::Integer(_)), Number)
            | (Some(Value::Integer(0..)), Whole) => continue,
            (Some(_), _) => format!("must be {}", kind.words()),
        };
        faults.push((here.clone(), format!("{here} {wrong}")));
        match kind.sound().filter(|_| required) {
            Some(sound) => drop(table.insert(name.to_owned(), sound)),
            None => drop(table.remove(name)),
        }
    }
}

// === impl Kind ===

impl Kind {
    fn words(self) -> &'static str {
        match self {
            Text => "a text",
            Number => "a number",
            Whole => "a whole number, 0 or more",
            Members(_) => "a table",
        }
    }

    /// One of everything is within all bounds.
    fn sound(self) -> Option<Value> {
        match self {
            Text => Some(Value::String("x".into())),
            Number | Whole => Some(Value::Integer(1)),
            Members(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;

    /// A file in which every member there is stands.
    fn whole(members: &[Member]) -> Table {
        let value = |kind: Kind| match kind {
            Members(members) => Value::Table(whole(members)),
            other => other.sound().unwrap(),
        };
        members.iter().map(|(name, kind, _)| ((*name).to_owned(), value(*kind))).collect()
    }

    fn names(of: &serde_json::Value) -> Vec<String> {
        let serde_json::Value::Object(members) = of else { return Vec::new() };
        let inner = |(name, value): (&String, &serde_json::Value)| {
            std::iter::once(name.clone())
                .chain(names(value).into_iter().map(move |inner| format!("{name}.{inner}")))
                .collect::<Vec<_>>()
        };
        members.iter().flat_map(inner).collect()
    }

    #[test]
    fn j1_the_shape_of_a_profile_has_every_member_that_is_read_and_no_other() {
        let table = whole(PROFILE);
        let profile: Profile = table.clone().try_into().unwrap();
        let read = serde_json::to_value(&profile).unwrap();
        assert_eq!(names(&read), names(&serde_json::to_value(&table).unwrap()));
        assert!(mend(&mut table.clone()).is_empty());
        let mut least = Table::new();
        mend(&mut least);
        assert!(least.try_into::<Profile>().is_ok(), "what must be there is put there");
    }
}
