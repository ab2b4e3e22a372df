//! JSON of which it is known how it was written, read where it lies: piece by piece, each either as expected or not. It is
//! for the few shapes that are met for every text; whoever meets another one goes by a parser.

use super::quoted;

/// What is left to read. A piece that is not as expected leaves it where it was.
#[derive(Clone, Copy, Debug)]
pub struct Scan<'a>(&'a str);

// === impl Scan ===

impl<'a> Scan<'a> {
    /// All of this.
    pub fn of(json: &'a str) -> Self {
        Self(json)
    }

    /// What is left.
    pub fn rest(self) -> &'a str {
        self.0
    }

    /// Over exactly this.
    pub fn pass(&mut self, expected: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(expected)?;
        Some(())
    }

    /// A member's name, with its colon. Names are short: byte by byte is quicker than many at a time.
    pub fn member(&mut self) -> Option<&'a str> {
        let inside = self.0.strip_prefix('"')?;
        let (name, behind) = inside.split_at(inside.bytes().position(|byte| byte == b'"')?);
        self.0 = behind.strip_prefix("\":")?;
        Some(name)
    }

    /// A whole number, by its digits.
    pub fn number(&mut self) -> Option<&'a str> {
        let digits = self.0.strip_prefix('-').unwrap_or(self.0);
        let rest = digits.trim_start_matches(|c: char| c.is_ascii_digit());
        if rest.len() == digits.len() {
            return None;
        }
        let (number, rest) = self.0.split_at(self.0.len() - rest.len());
        self.0 = rest;
        Some(number)
    }

    /// A string in which nothing is escaped.
    pub fn string(&mut self) -> Option<&'a str> {
        let inside = self.0.strip_prefix('"')?;
        let (string, behind) = inside.split_at(quoted::plain(inside));
        self.0 = behind.strip_prefix('"')?;
        Some(string)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p1_what_is_not_as_expected_is_not_passed_over() {
        let mut scan = Scan::of(r#"{"n":-12,"s":"aé","t":"a\n"}"#);
        assert_eq!((scan.pass("["), scan.string(), scan.number(), scan.member()), (None, None, None, None));
        assert_eq!((scan.pass("{"), scan.member(), scan.member()), (Some(()), Some("n"), None));
        assert_eq!((scan.number(), scan.number()), (Some("-12"), None));
        assert_eq!((scan.pass(","), scan.member(), scan.string()), (Some(()), Some("s"), Some("aé")));
        assert_eq!((scan.pass(","), scan.member(), scan.string()), (Some(()), Some("t"), None));
        assert_eq!(scan.rest(), r#""a\n"}"#);
        for cut in [r#""a"#, "-", ""] {
            let mut scan = Scan::of(cut);
            assert_eq!((scan.number(), scan.string(), scan.member(), scan.rest()), (None, None, None, cut));
        }
    }
}
