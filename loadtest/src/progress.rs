//! How far a run is, on standard error: a line that is written over where somebody watches, elsewhere one now and then.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// Between two lines where nobody watches.
const NOW_AND_THEN: Duration = Duration::from_secs(10);
/// Takes the line back that stands there.
const CLEAR: &str = "\r\x1b[2K";

/// Tells how far it is. What stands there is taken back when it is dropped, so that an error begins a line.
pub(crate) struct Progress(Way);

enum Way {
    /// Nobody asked.
    Silent,
    /// A terminal; whether a line stands there.
    Bar(bool),
    /// A file or a pipe; when the last line was written.
    Lines(Option<Instant>),
}

// === impl Progress ===

impl Progress {
    /// To standard error, when it is wanted.
    pub(crate) fn new(wanted: bool) -> Progress {
        Progress(match wanted {
            false => Way::Silent,
            true if std::io::stderr().is_terminal() => Way::Bar(false),
            true => Way::Lines(None),
        })
    }

    /// Tells it, with the share that is done once it has begun.
    pub(crate) fn tell(&mut self, name: &str, share: Option<f64>, words: &str) {
        let text = self.text(name, share, words, Instant::now());
        // A run that nobody can watch is a run.
        write!(std::io::stderr(), "{text}").ok();
    }

    fn text(&mut self, name: &str, share: Option<f64>, words: &str, now: Instant) -> String {
        let percent = share.map_or(String::new(), |share| format!("{:3.0} %  ", share * 100.0));
        match &mut self.0 {
            Way::Silent => String::new(),
            Way::Bar(stands) => {
                *stands = true;
                let bar = share.map_or(String::new(), |share| format!("{:<30} ", "█".repeat((share * 30.0) as usize)));
                format!("{CLEAR}{name:<12} {bar}{percent}{words}")
            }
            Way::Lines(last) if last.is_some_and(|last| now < last + NOW_AND_THEN) => String::new(),
            Way::Lines(last) => {
                *last = Some(now);
                format!("{name}: {}{words}\n", percent.trim_start())
            }
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if matches!(self.0, Way::Bar(true)) {
            write!(std::io::stderr(), "{CLEAR}").ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn j3_progress_is_written_over_on_a_terminal_and_told_now_and_then_elsewhere() {
        let now = Instant::now();
        let mut bar = Progress(Way::Bar(false));
        assert_eq!(
            bar.text("smoke", Some(0.1), "3 texts", now),
            "\r\x1b[2Ksmoke        ███                             10 %  3 texts"
        );
        bar.0 = Way::Silent;
        let mut lines = Progress(Way::Lines(None));
        assert_eq!(lines.text("smoke", None, "1 of 2 generators ready", now), "smoke: 1 of 2 generators ready\n");
        assert_eq!(lines.text("smoke", Some(0.1), "3 texts", now + NOW_AND_THEN / 2), "");
        assert_eq!(lines.text("smoke", Some(0.5), "9 texts", now + NOW_AND_THEN), "smoke: 50 %  9 texts\n");
        assert_eq!(Progress(Way::Silent).text("smoke", None, "words", now), "");
    }
}
