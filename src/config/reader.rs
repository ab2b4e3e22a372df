//! Reads one tree of settings and remembers every fault and every key.
//!
//! serde would stop at the first fault; an operator wants them all. So the
//! subjects ask this reader key by key, a fault is noted and the default stands
//! in for the value, and what nobody asked for is unknown.

use std::{
    collections::{BTreeMap, HashMap},
    ops::RangeInclusive,
    path::PathBuf,
};

use config::{Environment, File, FileFormat, Value, ValueKind};

use super::Fault;

/// The origin the `config` crate writes on values of the environment; only
/// those may spell a number or a flag as text.
const ENVIRONMENT: &str = "the environment";

/// Names that Kubernetes sets by itself in every pod for a service called
/// `usher`. They are nobody's settings.
const SERVICE_LINKS: [&str; 3] = ["service_", "port", "port_"];

/// A tree of settings and what has been found out about it.
#[derive(Debug, Default)]
pub(super) struct Reader {
    values: BTreeMap<Vec<String>, Value>,
    asked: BTreeMap<String, Option<String>>,
    faults: Vec<Fault>,
}

// === impl Reader ===

impl Reader {
    /// Reads the TOML text (if any), then lays the environment over it. A file
    /// that is no TOML is one fault, and the only one that then makes sense.
    pub(super) fn open(file: Option<&str>, environment: HashMap<String, String>) -> Result<Self, String> {
        let environment = Environment::with_prefix("usher")
            .prefix_separator("_")
            .separator("__")
            .ignore_empty(true)
            .source(Some(environment));
        let mut builder = config::Config::builder();
        if let Some(text) = file {
            builder = builder.add_source(File::from_str(text, FileFormat::Toml));
        }
        let tree = builder.add_source(environment).build().map_err(|error| without_source(&error.to_string()))?;
        let mut reader = Self::default();
        reader.flatten(&mut Vec::new(), tree.cache);
        Ok(reader)
    }

    fn flatten(&mut self, path: &mut Vec<String>, value: Value) {
        match value.kind {
            // An empty table is kept where its name means something, so that
            // a site without a key is noticed.
            ValueKind::Table(table) if !table.is_empty() || path.len() < 2 => {
                for (key, value) in table {
                    path.push(key);
                    self.flatten(path, value);
                    path.pop();
                }
            }
            _ => {
                self.values.insert(path.clone(), value);
            }
        }
    }

    /// Notes a fault of `key`.
    pub(super) fn fault(&mut self, key: &str, message: impl Into<String>) {
        self.faults.push(Fault::new(key, message));
    }

    /// How many faults were noted so far.
    pub(super) fn fault_count(&self) -> usize {
        self.faults.len()
    }

    /// The names of the tables below `table`, in order.
    pub(super) fn tables(&mut self, table: &str) -> Vec<String> {
        let is_empty_table =
            |path: &[String], value: &Value| path.len() == 2 && matches!(value.kind, ValueKind::Table(_));
        let mut names: Vec<String> = self
            .values
            .iter()
            .filter(|(path, value)| path[0] == table && (path.len() > 2 || is_empty_table(path, value)))
            .map(|(path, _)| path[1].clone())
            .collect();
        names.dedup();
        self.values.retain(|path, value| path[0] != table || !is_empty_table(path, value));
        names
    }

    /// A text without a default.
    pub(super) fn text(&mut self, path: &[&str]) -> Option<String> {
        let (key, value) = self.take(path, None)?;
        match value.kind {
            ValueKind::String(text) => Some(text),
            _ => self.wrong(&key, "a text in quotes"),
        }
    }

    /// A text that has a default.
    pub(super) fn text_or(&mut self, path: &[&str], default: &str) -> String {
        self.asked.insert(path.join("."), Some(format!("{default:?}")));
        self.text(path).unwrap_or_else(|| default.to_owned())
    }

    /// The path of a file, without a default.
    pub(super) fn path(&mut self, path: &[&str]) -> Option<PathBuf> {
        self.text(path).map(PathBuf::from)
    }

    /// A whole number within `range`.
    pub(super) fn number(&mut self, path: &[&str], default: u64, range: RangeInclusive<u64>) -> u64 {
        let Some((key, value)) = self.take(path, Some(default.to_string())) else {
            return default;
        };
        let from_environment = value.origin() == Some(ENVIRONMENT);
        let number = match value.kind {
            ValueKind::I64(number) => Ok(i128::from(number)),
            ValueKind::U64(number) => Ok(i128::from(number)),
            ValueKind::String(text) if from_environment => text.trim().parse().map_err(|_| ()),
            _ => Err(()),
        };
        match number.map(u64::try_from) {
            Ok(Ok(number)) if range.contains(&number) => number,
            Ok(_) => {
                let (least, most) = (range.start(), range.end());
                self.fault(&key, format!("must lie between {least} and {most}"));
                default
            }
            Err(()) => self.wrong(&key, "a whole number").unwrap_or(default),
        }
    }

    /// True or false.
    pub(super) fn flag(&mut self, path: &[&str], default: bool) -> bool {
        let Some((key, value)) = self.take(path, Some(default.to_string())) else {
            return default;
        };
        let from_environment = value.origin() == Some(ENVIRONMENT);
        match value.kind {
            ValueKind::Boolean(flag) => flag,
            ValueKind::String(text) if from_environment && text == "true" => true,
            ValueKind::String(text) if from_environment && text == "false" => false,
            _ => self.wrong(&key, "true or false").unwrap_or(default),
        }
    }

    /// A list of texts; in the environment their separator is the comma.
    pub(super) fn list(&mut self, path: &[&str]) -> Vec<String> {
        let Some((key, value)) = self.take(path, Some("[]".to_owned())) else {
            return Vec::new();
        };
        let from_environment = value.origin() == Some(ENVIRONMENT);
        let texts = match value.kind {
            ValueKind::Array(values) => values
                .into_iter()
                .map(|value| match value.kind {
                    ValueKind::String(text) => Some(text),
                    _ => None,
                })
                .collect(),
            ValueKind::String(text) if from_environment => {
                Some(text.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect())
            }
            _ => None,
        };
        texts.or_else(|| self.wrong(&key, "a list of texts")).unwrap_or_default()
    }

    /// Every key asked for so far, with its default as TOML.
    #[cfg(test)]
    pub(super) fn asked(&self) -> &BTreeMap<String, Option<String>> {
        &self.asked
    }

    /// All faults, what nobody asked for included.
    pub(super) fn finish(mut self) -> Vec<Fault> {
        for path in self.values.into_keys() {
            let service_link = path.len() == 1
                && SERVICE_LINKS
                    .iter()
                    .any(|link| path[0] == *link || (link.ends_with('_') && path[0].starts_with(link)));
            if !service_link {
                self.faults.push(Fault::new(&path.join("."), "is no setting of the hub"));
            }
        }
        self.faults
    }

    fn take(&mut self, path: &[&str], default: Option<String>) -> Option<(String, Value)> {
        let key = path.join(".");
        let path: Vec<String> = path.iter().map(|part| (*part).to_owned()).collect();
        let value = self.values.remove(&path);
        self.asked.entry(key.clone()).or_insert(default);
        value.map(|value| (key, value))
    }

    fn wrong<T>(&mut self, key: &str, expected: &str) -> Option<T> {
        self.fault(key, format!("must be {expected}"));
        None
    }
}

/// What a parser says, without the line it says it about: there may be a secret in it.
fn without_source(message: &str) -> String {
    let is_source = |line: &str| {
        let line = line.trim_start();
        line.starts_with('|') || line.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with(" |")
    };
    message.lines().filter(|line| !is_source(line)).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(file: &str, environment: &[(&str, &str)]) -> Reader {
        let environment = environment.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Reader::open(Some(file), environment).expect("readable")
    }

    fn faults(reader: Reader) -> Vec<String> {
        reader.finish().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn o_environment_overrides_the_file_by_its_path() {
        let mut reader = open(
            "listen = '127.0.0.1:1'\n[limits]\nframe_burst = 7\nbyte_burst = 9",
            &[("USHER_LIMITS__FRAME_BURST", "8"), ("USHER_LOG_FORMAT", "json"), ("OTHER", "x")],
        );
        assert_eq!(reader.text(&["listen"]).as_deref(), Some("127.0.0.1:1"));
        assert_eq!(reader.number(&["limits", "frame_burst"], 1, 0..=99), 8);
        assert_eq!(reader.number(&["limits", "byte_burst"], 1, 0..=99), 9);
        assert_eq!(reader.text(&["log_format"]).as_deref(), Some("json"));
        assert_eq!(faults(reader), [""; 0]);
    }

    #[test]
    fn o_faults_of_every_kind_are_all_kept() {
        let mut reader = open(
            "number = 'one'\nflag = 1\nlist = [1]\ntext = 3\nlow = -1\n[new]\nkey = 1",
            &[("USHER_OTHER__KEY", "x"), ("USHER_DIGITS", "1x")],
        );
        assert_eq!(reader.number(&["number"], 5, 0..=9), 5);
        assert_eq!(reader.number(&["low"], 5, 0..=9), 5);
        assert_eq!(reader.number(&["digits"], 5, 0..=9), 5);
        assert!(reader.flag(&["flag"], true));
        assert_eq!(reader.list(&["list"]), [""; 0]);
        assert_eq!(reader.text(&["text"]), None);
        assert_eq!(
            faults(reader),
            [
                "number: must be a whole number",
                "low: must lie between 0 and 9",
                "digits: must be a whole number",
                "flag: must be true or false",
                "list: must be a list of texts",
                "text: must be a text in quotes",
                "new.key: is no setting of the hub",
                "other.key: is no setting of the hub",
            ]
        );
    }

    #[test]
    fn o_an_empty_variable_counts_as_unset_and_lists_split_at_commas() {
        let mut reader = open("", &[("USHER_NODE", ""), ("USHER_LIST", "a, b,")]);
        assert_eq!(reader.text(&["node"]), None);
        assert_eq!(reader.list(&["list"]), ["a", "b"]);
    }

    #[test]
    fn o_the_variables_of_a_pod_are_no_faults() {
        let reader = open("", &[("USHER_PORT", "tcp://x"), ("USHER_SERVICE_HOST", "x"), ("USHER_PORT_80_TCP", "x")]);
        assert_eq!(faults(reader), [""; 0]);
    }
}
