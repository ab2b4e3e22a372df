//! Rich text: Markdown limited to what a chat window shows, as a tree. No HTML ever exists.
//!
//! Bold, italic, links (http, https, mailto), bullet lists and images (https) keep their form. Everything else shows
//! as its text: a heading as a paragraph, HTML as it was typed, a link to anywhere else as its words.

mod markdown;
mod tidy;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use ts_rs::TS;
use url::Url;

/// A text as a list of blocks. Whatever it is made from, its links and images are of the allowed schemes and its
/// inlines nest at most [`DEPTH`] deep.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema, TS)]
pub struct Rich(Vec<Block>);

/// A paragraph, `{"p":[…]}`, or a bullet list, `{"ul":[[…],…]}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub enum Block {
    /// A paragraph. A line break within it is a `\n` in a string.
    #[serde(rename = "p")]
    Paragraph(Vec<Inline>),
    /// A bullet list, an inline list for each of its items.
    #[serde(rename = "ul")]
    List(Vec<Vec<Inline>>),
}

/// A stretch of text: a string, `{"b":[…]}`, `{"i":[…]}`, `{"a":"https://…","c":[…]}` or `{"img":"https://…","alt":"…"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(untagged)]
pub enum Inline {
    /// Plain text.
    Text(String),
    /// Bold.
    Bold {
        /// What is bold.
        b: Vec<Inline>,
    },
    /// Italic.
    Italic {
        /// What is italic.
        i: Vec<Inline>,
    },
    /// A link.
    Link {
        /// Where to: http, https or mailto, at most 2 KiB.
        a: String,
        /// What it shows.
        c: Vec<Inline>,
    },
    /// An image.
    Image {
        /// Where from: https, at most 2 KiB.
        img: String,
        /// What to say instead.
        alt: String,
    },
}

/// How deep inlines nest at most: bold, italic and link around a text or an image.
pub const DEPTH: usize = 4;
/// The longest address of a link or image, in bytes; a longer one shows as text.
const MAX_URL: usize = 2048;

// === impl Rich ===

impl Rich {
    /// Reads Markdown. Any text gives a tree; the more it holds that is not allowed, the plainer.
    pub fn parse(markdown: &str) -> Self {
        markdown::parse(markdown)
    }

    /// Its blocks in order.
    pub fn blocks(&self) -> &[Block] {
        &self.0
    }

    /// Whether it shows nothing: no image and no text but white space.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|block| match block {
            Block::Paragraph(content) => content.iter().all(Inline::is_blank),
            Block::List(items) => items.iter().flatten().all(Inline::is_blank),
        })
    }

    /// The text without formatting: paragraphs with an empty line between them, `- ` before a list's items, a link's
    /// address in brackets behind its words, for an image its description.
    pub fn plain(&self) -> String {
        let mut out = String::new();
        for block in &self.0 {
            if !out.is_empty() {
                out.push_str("\n\n");
            }
            match block {
                Block::Paragraph(content) => content.iter().for_each(|inline| inline.plain(&mut out)),
                Block::List(items) => {
                    for (index, item) in items.iter().enumerate() {
                        out.push_str(if index == 0 { "- " } else { "\n- " });
                        item.iter().for_each(|inline| inline.plain(&mut out));
                    }
                }
            }
        }
        out
    }
}

impl<'de> Deserialize<'de> for Rich {
    /// Takes nothing on trust: what does not keep the promises of [`Rich`] becomes text, as in [`Rich::parse`].
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<Block>::deserialize(deserializer).map(tidy::tidy)
    }
}

// === impl Inline ===

impl Inline {
    fn is_blank(&self) -> bool {
        match self {
            Self::Text(text) => text.trim().is_empty(),
            Self::Bold { b: content } | Self::Italic { i: content } | Self::Link { c: content, .. } => {
                content.iter().all(Self::is_blank)
            }
            Self::Image { .. } => false,
        }
    }

    fn plain(&self, out: &mut String) {
        match self {
            Self::Text(text) => out.push_str(text),
            Self::Bold { b: content } | Self::Italic { i: content } => {
                content.iter().for_each(|inline| inline.plain(out));
            }
            Self::Link { a, c } => {
                let start = out.len();
                c.iter().for_each(|inline| inline.plain(out));
                let shown = &out[start..];
                if shown != a && Some(shown) != a.strip_prefix("mailto:") {
                    out.push_str(&format!(" ({a})"));
                }
            }
            Self::Image { img, alt } => out.push_str(if alt.trim().is_empty() { img } else { alt }),
        }
    }
}

/// Whether a link may go there.
pub(crate) fn may_link(address: &str) -> bool {
    may_load(address) || begins(address, "http://") || begins(address, "mailto:")
}

/// Whether a picture may come from there.
pub(crate) fn may_load(address: &str) -> bool {
    begins(address, "https://")
}

/// Both our own look at the first bytes and the parser's opinion: browsers strip what the one misses.
fn begins(address: &str, scheme: &str) -> bool {
    address.len() <= MAX_URL
        && address.starts_with(scheme)
        && !address.contains(|c: char| c.is_control() || c.is_whitespace())
        && Url::parse(address).is_ok_and(|url| url.has_host() || url.scheme() == "mailto")
}

#[cfg(test)]
mod tests;
