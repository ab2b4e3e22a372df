//! The opening handshake of a WebSocket (RFC 6455, section 4), by hand: only so can the socket be had raw.

use axum::{body::Body, response::Response};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Version, header, request::Parts};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::problem::Problem;

/// Echoed when offered, never demanded.
const SUBPROTOCOL: &str = "usher.v1";

/// Answers a proper handshake with 101, and anything else with a problem.
pub(super) fn shake(request: &Parts) -> Result<Response, Problem> {
    if request.method != Method::GET {
        return Err(Problem::method().with(header::ALLOW, HeaderValue::from_static("GET")));
    }
    let headers = &request.headers;
    let asks = request.version == Version::HTTP_11
        && has_token(headers, header::CONNECTION, "upgrade")
        && has_token(headers, header::UPGRADE, "websocket");
    if !asks {
        return Err(Problem::upgrade("this address speaks WebSocket"));
    }
    // A body before the frames would be taken for frames.
    if headers.contains_key(header::TRANSFER_ENCODING)
        || headers.get(header::CONTENT_LENGTH).is_some_and(|length| length != "0")
    {
        return Err(Problem::invalid("a handshake has no body").of("Content-Length"));
    }
    if only(headers, "sec-websocket-version") != Some("13") {
        return Err(Problem::version());
    }
    let key = only(headers, "sec-websocket-key")
        .filter(|key| is_key(key))
        .ok_or_else(|| Problem::invalid("must be given once: 16 bytes in base64").of("Sec-WebSocket-Key"))?;
    let accept = HeaderValue::from_str(&derive_accept_key(key.as_bytes())).map_err(|_| Problem::internal())?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let answers = response.headers_mut();
    answers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    answers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    answers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    if has_token(headers, header::SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL) {
        answers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    }
    Ok(response)
}

fn has_token(headers: &HeaderMap, name: header::HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|part| part.trim().eq_ignore_ascii_case(token))
}

/// The value of a header that must stand exactly once.
fn only<'a>(headers: &'a HeaderMap, name: &'static str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok().map(str::trim),
        _ => None,
    }
}

fn is_key(key: &str) -> bool {
    // Checked for its length first: a key of 8 KiB is not worth decoding.
    key.len() == 24 && STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == 16)
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;
    use http::Request;

    use super::*;

    const GOOD: [(&str, &str); 5] = [
        ("connection", "keep-alive, Upgrade"),
        ("upgrade", "WebSocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-protocol", "chat, usher.v1"),
    ];

    fn answer(method: &str, version: Version, headers: &[(&str, &str)]) -> Response {
        let mut request = Request::builder().method(method).uri("/v1/visitor").version(version);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        shake(&parts).unwrap_or_else(IntoResponse::into_response)
    }

    fn with(name: &'static str, value: &'static str) -> Vec<(&'static str, &'static str)> {
        GOOD.into_iter().filter(|(other, _)| *other != name).chain([(name, value)]).collect()
    }

    fn without(name: &str) -> Vec<(&'static str, &'static str)> {
        GOOD.into_iter().filter(|(other, _)| *other != name).collect()
    }

    #[test]
    fn p1_a_proper_handshake_is_accepted_and_the_subprotocol_echoed() {
        let response = answer("GET", Version::HTTP_11, &GOOD);
        assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
        // The example of RFC 6455, section 1.3.
        assert_eq!(response.headers()["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!(response.headers()["sec-websocket-protocol"], "usher.v1");
        let response = answer("GET", Version::HTTP_11, &without("sec-websocket-protocol"));
        assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
        assert!(!response.headers().contains_key("sec-websocket-protocol"));
        let response = answer("GET", Version::HTTP_11, &with("sec-websocket-protocol", "other"));
        assert!(!response.headers().contains_key("sec-websocket-protocol"));
    }

    #[test]
    fn p1_an_improper_handshake_is_refused_with_a_problem() {
        let twice: Vec<_> = GOOD.into_iter().chain([("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")]).collect();
        let table = [
            ("POST", Version::HTTP_11, GOOD.to_vec(), 405),
            ("GET", Version::HTTP_10, GOOD.to_vec(), 426),
            ("GET", Version::HTTP_11, vec![], 426),
            ("GET", Version::HTTP_11, without("connection"), 426),
            ("GET", Version::HTTP_11, with("upgrade", "h2c"), 426),
            ("GET", Version::HTTP_11, without("sec-websocket-version"), 426),
            ("GET", Version::HTTP_11, with("sec-websocket-version", "8"), 426),
            ("GET", Version::HTTP_11, without("sec-websocket-key"), 400),
            ("GET", Version::HTTP_11, with("sec-websocket-key", "short"), 400),
            ("GET", Version::HTTP_11, with("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ!!"), 400),
            ("GET", Version::HTTP_11, with("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZTEy"), 400),
            ("GET", Version::HTTP_11, twice, 400),
            ("GET", Version::HTTP_11, with("content-length", "5"), 400),
            ("GET", Version::HTTP_11, with("transfer-encoding", "chunked"), 400),
        ];
        for (method, version, headers, status) in table {
            let response = answer(method, version, &headers);
            assert_eq!(response.status().as_u16(), status, "{method} {headers:?}");
            assert_eq!(response.headers()["content-type"], "application/problem+json");
        }
        let response = answer("GET", Version::HTTP_11, &with("sec-websocket-version", "8"));
        assert_eq!(response.headers()["sec-websocket-version"], "13");
    }
}
