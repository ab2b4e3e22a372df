//! The one place where inlines are put together: it keeps the schemes and the depth.

use super::{Block, Inline, Rich, may_link, may_load};

/// The containers around the point where text is added; opening one that is open already changes nothing, which is
/// what bounds the depth.
#[derive(Default)]
pub(super) struct Line {
    done: Vec<Inline>,
    open: Vec<Frame>,
}

/// What may be open around a text.
#[derive(PartialEq, Eq)]
pub(super) enum Span {
    Bold,
    Italic,
    /// With its address.
    Link(String),
    /// Opened for the balance only: its content stands for itself.
    Nothing,
}

struct Frame {
    span: Span,
    content: Vec<Inline>,
}

/// Rebuilds a tree of unknown origin.
pub(super) fn tidy(blocks: Vec<Block>) -> Rich {
    let blocks = blocks.into_iter().map(|block| match block {
        Block::Paragraph(content) => Block::Paragraph(line(content)),
        Block::List(items) => Block::List(items.into_iter().map(line).filter(|item| !item.is_empty()).collect()),
    });
    Rich(blocks.filter(|block| !block.is_bare()).collect())
}

fn line(content: Vec<Inline>) -> Vec<Inline> {
    let mut line = Line::default();
    content.into_iter().for_each(|inline| line.take(inline));
    line.finish()
}

// === impl Line ===

impl Line {
    /// Opens bold, italic or a link, or nothing where that would not be allowed or is in force already.
    pub(super) fn enter(&mut self, span: Span) {
        let pointless = self.open.iter().any(|frame| match (&frame.span, &span) {
            (Span::Link(_), Span::Link(_)) => true,
            (open, span) => open == span,
        });
        let refused = matches!(&span, Span::Link(address) if !may_link(address));
        let span = if pointless || refused { Span::Nothing } else { span };
        self.open.push(Frame { span, content: Vec::new() });
    }

    /// Closes what was opened last.
    pub(super) fn leave(&mut self) {
        let Some(Frame { span, content }) = self.open.pop() else { return };
        if content.is_empty() {
            return;
        }
        match span {
            Span::Bold => self.push(Inline::Bold { b: content }),
            Span::Italic => self.push(Inline::Italic { i: content }),
            Span::Link(a) => self.push(Inline::Link { a, c: content }),
            Span::Nothing => content.into_iter().for_each(|inline| self.push(inline)),
        }
    }

    /// Adds text, to the string before it where there is one. Control characters are left out: no screen shows them.
    pub(super) fn text(&mut self, text: &str) {
        let shown = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t'));
        match self.top().last_mut() {
            Some(Inline::Text(before)) => before.extend(shown),
            _ => {
                let text: String = shown.collect();
                if !text.is_empty() {
                    self.top().push(Inline::Text(text));
                }
            }
        }
    }

    /// Adds an image, or what it says where its address is not allowed.
    pub(super) fn image(&mut self, img: String, alt: String) {
        if may_load(&img) {
            let alt = alt.chars().filter(|c| !c.is_control()).collect();
            self.top().push(Inline::Image { img, alt });
        } else {
            self.text(&alt);
        }
    }

    /// Whether nothing was added.
    pub(super) fn is_empty(&self) -> bool {
        self.done.is_empty() && self.open.iter().all(|frame| frame.content.is_empty())
    }

    /// Whether it holds nothing but an item's number: `12. `.
    pub(super) fn is_number(&self) -> bool {
        let [Inline::Text(text)] = &self.done[..] else { return false };
        text.strip_suffix(". ").is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
    }

    /// The line's inlines, without white space at its ends.
    pub(super) fn finish(mut self) -> Vec<Inline> {
        while !self.open.is_empty() {
            self.leave();
        }
        if let Some(Inline::Text(first)) = self.done.first_mut() {
            *first = first.trim_start().into();
        }
        if let Some(Inline::Text(last)) = self.done.last_mut() {
            last.truncate(last.trim_end().len());
        }
        self.done.retain(|inline| !matches!(inline, Inline::Text(text) if text.is_empty()));
        self.done
    }

    fn take(&mut self, inline: Inline) {
        let (span, content) = match inline {
            Inline::Text(text) => return self.text(&text),
            Inline::Image { img, alt } => return self.image(img, alt),
            Inline::Bold { b } => (Span::Bold, b),
            Inline::Italic { i } => (Span::Italic, i),
            Inline::Link { a, c } => (Span::Link(a), c),
        };
        self.enter(span);
        content.into_iter().for_each(|inline| self.take(inline));
        self.leave();
    }

    fn push(&mut self, inline: Inline) {
        match inline {
            Inline::Text(text) => self.text(&text),
            other => self.top().push(other),
        }
    }

    fn top(&mut self) -> &mut Vec<Inline> {
        match self.open.last_mut() {
            Some(frame) => &mut frame.content,
            None => &mut self.done,
        }
    }
}

// === impl Block ===

impl Block {
    /// Whether it holds nothing at all.
    pub(super) fn is_bare(&self) -> bool {
        match self {
            Self::Paragraph(content) => content.is_empty(),
            Self::List(items) => items.is_empty(),
        }
    }
}
