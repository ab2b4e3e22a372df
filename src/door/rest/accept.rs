//! What kind of answer is wanted.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::{header, request::Parts};

use super::Problem;

/// JSON.
pub(super) const JSON: &str = "application/json";
/// A text to read.
pub(super) const TEXT: &str = "text/plain";
/// A table.
pub(super) const CSV: &str = "text/csv";

/// The `Accept` header: kinds of answers, each with how much it is wanted, in thousandths. Nothing said is anything.
pub(super) struct Accept(Vec<(String, u16)>);

// === impl Accept ===

impl Accept {
    fn read(text: &str) -> Self {
        let kinds = text.split(',').filter_map(|part| {
            let mut parts = part.split(';').map(str::trim);
            let kind = parts.next().filter(|kind| !kind.is_empty())?.to_ascii_lowercase();
            let wish = parts.find_map(|parameter| parameter.strip_prefix("q=").or(parameter.strip_prefix("Q=")));
            let wish: f32 = wish.map_or(Some(1.0), |wish| wish.trim().parse().ok())?;
            Some((kind, (wish.clamp(0.0, 1.0) * 1000.0) as u16))
        });
        Self(kinds.collect())
    }

    /// The kind of these that is wanted most; of equals the first.
    ///
    /// # Errors
    /// 406 when none of them is.
    pub(super) fn choose(&self, offered: &[&'static str]) -> Result<&'static str, Problem> {
        let mut best: Option<(&'static str, u16)> = None;
        for kind in offered {
            let wish = self.wish(kind);
            if wish > best.map_or(0, |(_, wish)| wish) {
                best = Some((kind, wish));
            }
        }
        best.map(|(kind, _)| kind).ok_or_else(|| Problem::unacceptable(offered))
    }

    /// How much a kind is wanted: what names it closest counts.
    fn wish(&self, kind: &str) -> u16 {
        if self.0.is_empty() {
            return 1000;
        }
        let family = format!("{}/*", kind.split('/').next().unwrap_or_default());
        let of = |name: &str| self.0.iter().find(|(known, _)| known == name).map(|(_, wish)| *wish);
        of(kind).or_else(|| of(&family)).or_else(|| of("*/*")).unwrap_or(0)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Accept {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let given = parts.headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        Ok(Self::read(&given.collect::<Vec<_>>().join(",")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b_of_what_there_is_the_kind_that_is_wanted_most_is_chosen() {
        let offered = [TEXT, JSON, CSV];
        for (accept, chosen) in [
            ("", Some(TEXT)),
            ("*/*", Some(TEXT)),
            ("text/csv", Some(CSV)),
            ("TEXT/CSV; charset=utf-8", Some(CSV)),
            ("application/*", Some(JSON)),
            ("text/html, application/json;q=0.9, */*;q=0.1", Some(JSON)),
            ("text/*;q=0.5, text/csv;q=0.7, application/json;q=0.6", Some(CSV)),
            ("text/plain;q=0, text/*", Some(CSV)),
            ("application/json;q=x, text/plain;q=0.2", Some(TEXT)),
            ("image/png", None),
            ("*/*;q=0", None),
        ] {
            assert_eq!(Accept::read(accept).choose(&offered).ok(), chosen, "{accept}");
        }
    }
}
