//! What a receiver's answer means.

use http::StatusCode;
use serde::Deserialize;
use url::Url;

use crate::chat::event::External;

/// The longest id of a CRM, in bytes.
const MAX_ID: usize = 255;
/// The longest address of an item in a CRM, in bytes.
const MAX_URL: usize = 2048;

/// What an answer means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// 2xx: the receiver has it, and may say where it keeps the item.
    Taken(Option<External>),
    /// It may go better next time.
    Failed,
    /// It would refuse the same message again.
    Refused,
    /// 410: it wants nothing any more.
    Gone,
}

/// Reads an answer; `body` is its beginning.
pub fn read(status: StatusCode, body: &[u8]) -> Meaning {
    match status.as_u16() {
        200..=299 => Meaning::Taken(external(body)),
        410 => Meaning::Gone,
        // What somebody may mend without touching the message: keys, rights, addresses, load.
        401 | 403 | 404 | 405 | 407 | 408 | 409 | 421 | 423 | 424 | 425 | 429 | 451 => Meaning::Failed,
        400..=499 => Meaning::Refused,
        _ => Meaning::Failed,
    }
}

/// `{"external": {"id": …, "url": …}}`. Anything else says nothing, which is no fault.
fn external(body: &[u8]) -> Option<External> {
    #[derive(Deserialize)]
    struct Body {
        external: Told,
    }
    #[derive(Deserialize)]
    struct Told {
        id: Id,
        #[serde(default)]
        url: Option<String>,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Id {
        Text(String),
        Number(u64),
    }
    let Body { external: Told { id, url } } = serde_json::from_slice(body).ok()?;
    let id = match id {
        Id::Text(id) => id.trim().to_owned(),
        Id::Number(id) => id.to_string(),
    };
    let fits = !id.is_empty() && id.len() <= MAX_ID && !id.chars().any(char::is_control);
    // An agent will click on it.
    let is_page = |url: &String| {
        let scheme = Url::parse(url).map(|url| url.scheme().to_owned());
        url.len() <= MAX_URL && scheme.is_ok_and(|scheme| scheme == "https" || scheme == "http")
    };
    fits.then(|| External { id, url: url.filter(is_page) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(status: u16, body: &str) -> Meaning {
        read(StatusCode::from_u16(status).unwrap(), body.as_bytes())
    }

    #[test]
    fn w2_a_status_says_done_again_never_or_gone() {
        for done in [200, 201, 202, 204, 299] {
            assert_eq!(meaning(done, ""), Meaning::Taken(None), "{done}");
        }
        for again in [100, 301, 302, 307, 308, 401, 403, 404, 408, 425, 429, 500, 502, 503, 504, 599] {
            assert_eq!(meaning(again, "{\"external\":{\"id\":\"1\"}}"), Meaning::Failed, "{again}");
        }
        for never in [400, 406, 413, 415, 422, 431] {
            assert_eq!(meaning(never, ""), Meaning::Refused, "{never}");
        }
        assert_eq!(meaning(410, ""), Meaning::Gone);
    }

    #[test]
    fn r18_a_receiver_may_say_where_it_keeps_the_item() {
        let told =
            |id: &str, url: Option<&str>| Meaning::Taken(Some(External { id: id.into(), url: url.map(Into::into) }));
        assert_eq!(
            meaning(200, r#"{"ok":1,"external":{"id":" 47 ","url":"https://crm.example/47","more":2}}"#),
            told("47", Some("https://crm.example/47"))
        );
        assert_eq!(meaning(201, r#"{"external":{"id":47}}"#), told("47", None));
        assert_eq!(meaning(200, r#"{"external":{"id":"47","url":null}}"#), told("47", None));
        // An address that is no page is left out.
        for url in ["javascript:alert(1)", "data:text/html,x", "/47", "ftp://x.example/"] {
            assert_eq!(
                meaning(200, &format!(r#"{{"external":{{"id":"47","url":"{url}"}}}}"#)),
                told("47", None),
                "{url}"
            );
        }
        let long = format!(r#"{{"external":{{"id":"{}"}}}}"#, "x".repeat(256));
        for nothing in ["", "ok", "{", "[]", "null", "{\"external\":null}", r#"{"external":{"id":""}}"#, &long] {
            assert_eq!(meaning(200, nothing), Meaning::Taken(None), "{nothing:.40}");
        }
    }
}
