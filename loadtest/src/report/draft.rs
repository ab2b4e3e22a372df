//! A file that a report will be written to, opened before the run so that it is known to be writable.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// An open file. What stands in it stays until there is something better; one that was made for nothing is removed.
pub struct Draft {
    file: File,
    path: PathBuf,
    made: bool,
}

// === impl Draft ===

impl Draft {
    /// Opens it.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn open(path: &Path) -> Result<Draft> {
        let made = !path.exists();
        let opened = File::options().create(true).truncate(false).write(true).open(path);
        let file = opened.with_context(|| format!("{} cannot be written", path.display()))?;
        Ok(Draft { file, path: path.to_owned(), made })
    }

    /// Writes all of it.
    ///
    /// # Errors
    /// The disk is full, or the like.
    pub fn write(mut self, text: &str) -> Result<()> {
        // A pipe has no length.
        let cut = if self.file.metadata()?.is_file() { self.file.set_len(0) } else { Ok(()) };
        let written = cut.and_then(|()| self.file.write_all(text.as_bytes())).and_then(|()| self.file.flush());
        written.with_context(|| format!("writing {}", self.path.display()))?;
        self.made = false;
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if self.made {
            fs::remove_file(&self.path).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn j3_a_report_that_cannot_be_written_is_known_before_the_run_and_an_older_one_stays_until_then() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Draft::open(&folder.path().join("nowhere/a.json")).is_err());
        let path = folder.path().join("a.json");
        drop(Draft::open(&path).unwrap());
        assert!(!path.exists(), "no run, no file");
        Draft::open(&path).unwrap().write("the first, which is long").unwrap();
        drop(Draft::open(&path).unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "the first, which is long");
        Draft::open(&path).unwrap().write("short").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "short");
    }
}
