//! The texts of a run: each tells whose it is and which, so that whoever is shown one can be judged.

use std::fmt;

/// What stands at the beginning of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tag {
    /// The run.
    pub run: u32,
    /// The generator of the run.
    pub worker: u32,
    /// The lane of the generator: one author's texts in one conversation.
    pub lane: u32,
    /// From 1, without holes.
    pub number: u64,
}

// === impl Tag ===

impl Tag {
    /// Reads the tag of a text; `None` for one that is not ours.
    pub fn read(text: &str) -> Option<Tag> {
        Tag::split(text).map(|(tag, _)| tag)
    }

    /// The same, with what stands behind it.
    pub fn split(text: &str) -> Option<(Tag, &str)> {
        let mut words = text.splitn(5, ' ');
        let run = u32::from_str_radix(words.next()?.strip_prefix('u')?, 16).ok()?;
        let worker = words.next()?.strip_prefix('w')?.parse().ok()?;
        let lane = words.next()?.strip_prefix('l')?.parse().ok()?;
        let number = words.next()?.strip_prefix('n')?.parse().ok()?;
        Some((Tag { run, worker, lane, number }, words.next().unwrap_or_default()))
    }
}

impl fmt::Display for Tag {
    /// Always of the same length, up to a thousand million texts.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "u{:08x} w{:02} l{:06} n{:09}", self.run, self.worker, self.lane, self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn j2_a_text_tells_its_run_its_lane_and_its_number() {
        let tag = Tag { run: 0xbeef, worker: 3, lane: 17, number: 42 };
        assert_eq!(Tag::read(&format!("{tag} xxxxxxx")), Some(tag));
        assert_eq!(Tag::split(&format!("{tag} x y")), Some((tag, "x y")));
        assert_eq!(Tag::split(&tag.to_string()), Some((tag, "")));
        assert_eq!(tag.to_string().len(), Tag { number: 999_999_999, ..tag }.to_string().len());
        for foreign in ["", "Hi!", "u1 w1 l1", "u1 w1 l1 nx", "**One moment**"] {
            assert_eq!(Tag::read(foreign), None, "{foreign}");
        }
    }
}
