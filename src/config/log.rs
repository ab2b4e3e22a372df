//! What is logged, and how.

use tracing_subscriber::EnvFilter;

use super::reader::Reader;

/// `log` and `log_format`.
#[derive(Debug, Clone)]
pub struct Log {
    /// `log`: error, warn, info, debug, trace, or directives per module
    /// (`info,usher::door=debug`). Default info.
    pub filter: String,
    /// `log_format`: default text.
    pub format: LogFormat,
}

/// How a line of the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

// === impl Log ===

impl Log {
    pub(super) fn ask(reader: &mut Reader) -> Self {
        let filter = reader.text_or(&["log"], "info");
        if let Err(error) = EnvFilter::try_new(&filter) {
            reader.fault("log", format!("is no level and no list of directives: {error}"));
        }
        let format = match reader.text_or(&["log_format"], "text").as_str() {
            "text" => LogFormat::Text,
            "json" => LogFormat::Json,
            _ => {
                reader.fault("log_format", "must be text or json");
                LogFormat::Text
            }
        };
        Self { filter, format }
    }
}
