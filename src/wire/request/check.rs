//! Ranges: what the types alone do not say.

use serde::{Deserialize, Deserializer};
use url::Url;

use super::{DEFAULT_PAGE, MAX_KEY, MAX_PAGE, MAX_SEQ, MAX_URL, fault::Fault};
use crate::{
    chat::{
        decide::{MAX_SHORT, MAX_TEXT},
        details::Object,
    },
    ids::{MessageKey, Seq},
    wire::{code::ErrorCode, error::ErrorBody},
};

/// The longest language tag, in bytes.
const MAX_LOCALE: usize = 64;

/// Members whose ranges can be checked; what may be tidied instead of refused is tidied.
pub(super) trait Check {
    fn check(&mut self) -> Result<(), Fault>;
}

/// A member that is an object.
pub(super) fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Object::deserialize(deserializer).map(|Object(value)| value)
}

/// A member that is an object, or null.
pub(super) fn maybe_object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Option::<Object<T>>::deserialize(deserializer).map(|object| object.map(|Object(value)| value))
}

pub(super) fn refuse(field: &str, message: impl Into<String>) -> Fault {
    Fault::value(ErrorBody::invalid(field, message))
}

/// A string that may hold anything but U+0000, which not every store can keep.
pub(super) fn plain(field: &str, text: &str) -> Result<(), Fault> {
    match text.contains('\0') {
        true => Err(refuse(field, format!("{field} must not hold the character U+0000"))),
        false => Ok(()),
    }
}

pub(super) fn key(key: &MessageKey) -> Result<(), Fault> {
    let key = key.as_str();
    // No character takes more than four bytes: most keys need no counting.
    if key.is_empty() || (key.len() > MAX_KEY && key.chars().count() > MAX_KEY) {
        return Err(refuse("key", format!("key must have 1 to {MAX_KEY} characters")));
    }
    plain("key", key)
}

pub(super) fn seq(field: &str, seq: Option<Seq>) -> Result<(), Fault> {
    match seq {
        Some(Seq(seq)) if seq > MAX_SEQ => Err(refuse(field, format!("{field} must be at most {MAX_SEQ}"))),
        _ => Ok(()),
    }
}

pub(super) fn page_limit(limit: &mut Option<u32>) -> Result<(), Fault> {
    match *limit.get_or_insert(DEFAULT_PAGE) {
        1..=MAX_PAGE => Ok(()),
        _ => Err(refuse("limit", format!("limit must be between 1 and {MAX_PAGE}"))),
    }
}

/// A text of at most 16 KiB; `decide` checks those it keeps, in its own order.
pub(super) fn text(field: &str, text: &str) -> Result<(), Fault> {
    sized(field, text, MAX_TEXT)
}

/// A text of at most 1 KiB.
pub(super) fn short(field: &str, text: &str) -> Result<(), Fault> {
    sized(field, text, MAX_SHORT)
}

fn sized(field: &str, text: &str, limit: usize) -> Result<(), Fault> {
    if text.len() > limit {
        let message = format!("{field} is longer than {limit} bytes");
        let error = ErrorBody { field: Some(field.into()), ..ErrorBody::new(ErrorCode::TooLarge, message) };
        return Err(Fault::value(error));
    }
    plain(field, text)
}

pub(super) fn locale(locale: Option<&str>) -> Result<(), Fault> {
    match locale {
        Some(locale) if locale.len() > MAX_LOCALE => {
            Err(refuse("locale", format!("locale is longer than {MAX_LOCALE} bytes")))
        }
        Some(locale) => plain("locale", locale),
        None => Ok(()),
    }
}

pub(super) fn url(field: &str, url: &str) -> Result<(), Fault> {
    match is_web(url) {
        true => Ok(()),
        false => Err(refuse(field, format!("{field} must be an http or https address of at most {MAX_URL} bytes"))),
    }
}

/// Whether it is an http or https address of at most 2 KiB.
pub(super) fn is_web(url: &str) -> bool {
    url.len() <= MAX_URL && !url.contains('\0') && web(url).is_some()
}

/// Makes an address fit that an advertisement made too long: without what stands behind the `?`, or only its site.
/// The widget on that page must work, and nobody there could do anything about it.
pub(super) fn shorten(url: &mut String) {
    if url.len() <= MAX_URL {
        return;
    }
    let Some(mut short) = web(url) else { return };
    short.set_fragment(None);
    short.set_query(None);
    if short.as_str().len() > MAX_URL {
        short.set_path("/");
    }
    *url = short.into();
}

fn web(url: &str) -> Option<Url> {
    Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// A page's title is what the page says; nobody at the keyboard could shorten it, so it is cut.
pub(super) fn title(title: &mut Option<String>) {
    if let Some(text) = title {
        text.retain(|c| c != '\0');
        text.truncate(text.floor_char_boundary(MAX_SHORT));
        if text.trim().is_empty() {
            *title = None;
        }
    }
}
