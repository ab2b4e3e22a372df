//! Markdown to the tree.

use std::ops::Range;

use pulldown_cmark::{Event, LinkType, Options, Parser, Tag, TagEnd};

use super::{
    Block, Inline, Rich,
    tidy::{Line, Span},
};

/// Reads the parser's events, block by block.
#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    line: Line,
    /// The lists around this point, outermost first: the next number, or None for bullets.
    lists: Vec<Option<u64>>,
    /// Items of the bullet list being read; those of lists within it join them.
    items: Vec<Vec<Inline>>,
    /// Whether another block began or ended since the line's last text.
    gap: bool,
    /// An image being read.
    image: Option<Image>,
}

/// An image whose description is being read.
struct Image {
    address: String,
    alt: String,
    /// How many images its description is inside of, besides itself.
    depth: usize,
}

pub(super) fn parse(markdown: &str) -> Rich {
    let mut reader = Reader::default();
    // No options: tables, footnotes and the like are not parsed, so they show as they were typed.
    for (event, range) in Parser::new_ext(markdown, Options::empty()).into_offset_iter() {
        reader.event(event, markdown, range);
    }
    reader.end_line();
    reader.end_list();
    Rich(reader.blocks)
}

// === impl Reader ===

impl Reader {
    fn event(&mut self, event: Event<'_>, source: &str, range: Range<usize>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Code(text) | Event::Html(text) | Event::InlineHtml(text) => self.text(&text),
            Event::SoftBreak | Event::HardBreak => self.text("\n"),
            // With the options off only a rule is left: it shows as it was typed.
            _ => {
                self.gap = true;
                self.text(source.get(range).unwrap_or_default().trim());
                self.gap = true;
            }
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        if let Some(image) = &mut self.image {
            image.depth += usize::from(matches!(tag, Tag::Image { .. }));
            return;
        }
        match tag {
            Tag::Strong => self.enter(Span::Bold),
            Tag::Emphasis => self.enter(Span::Italic),
            Tag::Link { link_type: LinkType::Email, dest_url, .. } => {
                self.enter(Span::Link(format!("mailto:{dest_url}")));
            }
            Tag::Link { dest_url, .. } => self.enter(Span::Link(small_scheme(&dest_url))),
            Tag::Image { dest_url, .. } => {
                self.image = Some(Image { address: small_scheme(&dest_url), alt: String::new(), depth: 0 });
            }
            Tag::List(first) => {
                self.end_line();
                self.lists.push(first);
            }
            Tag::Item => self.item(),
            _ => self.gap = true,
        }
    }

    fn end(&mut self, tag: TagEnd) {
        if let Some(mut image) = self.image.take() {
            match (tag, image.depth) {
                (TagEnd::Image, 0) => {
                    self.close_gap();
                    self.line.image(image.address, image.alt);
                    return;
                }
                (TagEnd::Image, _) => image.depth -= 1,
                _ => {}
            }
            self.image = Some(image);
            return;
        }
        match tag {
            TagEnd::Strong | TagEnd::Emphasis | TagEnd::Link => self.line.leave(),
            TagEnd::Item => self.end_line(),
            TagEnd::List(_) => {
                self.end_line();
                self.lists.pop();
                if !self.in_bullets() {
                    self.end_list();
                }
            }
            _ => self.gap = true,
        }
    }

    fn text(&mut self, text: &str) {
        match &mut self.image {
            Some(image) => image.alt.push_str(if text == "\n" { " " } else { text }),
            None => {
                self.close_gap();
                self.line.text(text);
            }
        }
    }

    fn enter(&mut self, span: Span) {
        self.close_gap();
        self.line.enter(span);
    }

    /// A new item; one of a numbered list begins with its number.
    fn item(&mut self) {
        self.end_line();
        if let Some(Some(number)) = self.lists.last_mut() {
            self.line.text(&format!("{number}. "));
            *number = number.saturating_add(1);
        }
        self.gap = false;
    }

    /// Begins a new paragraph where one is due: in a bullet, which is one line of inlines, a line break.
    fn close_gap(&mut self) {
        if !std::mem::take(&mut self.gap) || self.line.is_empty() || self.line.is_number() {
            return;
        }
        if self.in_bullets() { self.line.text("\n") } else { self.end_line() }
    }

    fn in_bullets(&self) -> bool {
        self.lists.contains(&None)
    }

    fn end_line(&mut self) {
        self.gap = false;
        let line = std::mem::take(&mut self.line).finish();
        if line.is_empty() {
            return;
        }
        if self.in_bullets() {
            self.items.push(line);
        } else {
            self.blocks.push(Block::Paragraph(line));
        }
    }

    fn end_list(&mut self) {
        if !self.items.is_empty() {
            self.blocks.push(Block::List(std::mem::take(&mut self.items)));
        }
    }
}

/// The address with its scheme in small letters, as everybody else compares it.
fn small_scheme(address: &str) -> String {
    match address.split_once(':') {
        Some((scheme, rest)) => format!("{}:{rest}", scheme.to_ascii_lowercase()),
        None => address.into(),
    }
}
