//! The log: one line a happening, in the operator's format, with the node's name on it.

use std::{
    fmt,
    io::{self, IsTerminal},
};

use tracing::{Event, Subscriber, subscriber::SetGlobalDefaultError};
use tracing_subscriber::{
    EnvFilter, Layer,
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    layer::SubscriberExt,
    registry::{LookupSpan, Registry},
};

use crate::config::{Log, LogFormat};

/// Writes the node's name before each line.
struct Named<F> {
    /// As it stands in the line.
    name: String,
    format: F,
}

/// Writes the node's name into each JSON object.
struct NamedJson<F> {
    /// The member, with a comma behind it.
    member: String,
    format: F,
}

/// From here on everything in this process is logged, to standard error.
///
/// # Errors
/// When that was done before.
pub fn open(log: &Log, node: &str) -> Result<(), SetGlobalDefaultError> {
    // The settings were checked; a filter that cannot be read would say nothing at all.
    let filter = EnvFilter::try_new(&log.filter).unwrap_or_default();
    let format = tracing_subscriber::fmt::format();
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
    let layer: Box<dyn Layer<Registry> + Send + Sync> = match log.format {
        LogFormat::Text => Box::new(lines.event_format(Named { name: node.to_owned(), format })),
        LogFormat::Json => {
            let member = format!("\"node\":{},", serde_json::Value::from(node));
            let format = format.json().flatten_event(true);
            Box::new(lines.json().event_format(NamedJson { member, format }))
        }
    };
    tracing::subscriber::set_global_default(Registry::default().with(layer.with_filter(filter)))
}

// === impl Named ===

impl<S, N, F> FormatEvent<S, N> for Named<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(&self, ctx: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        write!(writer, "{} ", self.name)?;
        self.format.format_event(ctx, writer, event)
    }
}

// === impl NamedJson ===

impl<S, N, F> FormatEvent<S, N> for NamedJson<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(&self, ctx: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut line = String::with_capacity(256);
        self.format.format_event(ctx, Writer::new(&mut line), event)?;
        match line.strip_prefix('{') {
            Some(members) => {
                writer.write_char('{')?;
                writer.write_str(&self.member)?;
                writer.write_str(members)
            }
            None => writer.write_str(&line),
        }
    }
}
