//! Pages, scripts and styles, built by `build.rs` and kept in the program.

use std::fmt::Write;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::Problem;

/// What the web build left behind.
#[derive(RustEmbed)]
#[folder = "$OUT_DIR/web"]
struct Built;

/// No script but our own, no style but our own, no frame around us; pictures from anywhere by https (avatars, images
/// of playbooks), sent without a referrer.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: data:; \
    font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";
/// A name that holds a hash of its content never changes what it means.
const FOREVER: &str = "public, max-age=31536000, immutable";
/// Everything else is asked for again, and usually answered with 304.
const SHORT: &str = "public, max-age=300, must-revalidate";
const NEVER: &str = "no-cache";
/// What the build adds to the name of a file's gzipped twin.
const PACKED: &str = ".gz";

/// Whatever no route of REST answers.
pub(super) async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path();
    if path.starts_with("/v1/") {
        return Problem::not_found("there is nothing at this address").into_response();
    }
    if method != Method::GET && method != Method::HEAD {
        return Problem::method().with(header::ALLOW, HeaderValue::from_static("GET, HEAD")).into_response();
    }
    let name = match path {
        "/" => "index.html",
        "/demo" => "demo.html",
        other => other.trim_start_matches('/'),
    };
    match Built::get(name).filter(|_| !name.ends_with(PACKED)) {
        Some(file) => answer(name, &file, &headers),
        None => Problem::not_found("there is nothing at this address").into_response(),
    }
}

fn answer(name: &str, plain: &EmbeddedFile, asked: &HeaderMap) -> Response {
    let packed = Built::get(&format!("{name}{PACKED}"));
    let varies = packed.is_some();
    let packed = packed.filter(|_| takes_gzip(asked));
    let file = packed.as_ref().unwrap_or(plain);
    let etag = etag(file);
    let known = asked.get(header::IF_NONE_MATCH).is_some_and(|tag| tag.as_bytes() == etag.as_bytes());
    let mut response = match known {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => Response::new(Body::from(file.data.clone().into_owned())),
    };
    let page = name.ends_with(".html");
    let kept = if page {
        NEVER
    } else if name.starts_with("assets/") {
        FOREVER
    } else {
        SHORT
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(name)));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    if varies {
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    }
    if packed.is_some() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(header::ETAG, etag);
    }
    if !page {
        // The widget runs on other sites' pages, and loads its parts as modules.
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    }
    response
}

/// Whether gzip stands among the encodings, and not with a weight of nought.
fn takes_gzip(asked: &HeaderMap) -> bool {
    let lists = asked.get_all(header::ACCEPT_ENCODING).iter().filter_map(|list| list.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|entry| {
        let mut parts = entry.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        named && !parts.filter_map(|part| part.strip_prefix("q=")).any(|weight| weight.parse() == Ok(0.0))
    })
}

fn etag(file: &EmbeddedFile) -> String {
    let mut tag = String::from("\"");
    for byte in &file.metadata.sha256_hash()[..12] {
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    tag
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webmanifest" => "application/manifest+json",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn get(path: &str, tag: Option<&str>) -> Response {
        let mut headers = HeaderMap::new();
        if let Some(tag) = tag {
            headers.insert(header::IF_NONE_MATCH, HeaderValue::from_str(tag).expect("a tag"));
        }
        serve(Method::GET, path.parse().expect("a path"), headers).await
    }

    #[tokio::test]
    async fn o_the_inbox_is_at_the_root_under_a_strict_policy() {
        let page = get("/", None).await;
        assert_eq!(page.status(), StatusCode::OK);
        assert_eq!(page.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
        let policy = page.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        let tag = page.headers()[header::ETAG].to_str().expect("text").to_owned();
        assert_eq!(get("/", Some(&tag)).await.status(), StatusCode::NOT_MODIFIED);
    }

    #[test]
    fn o_gzip_is_taken_by_those_who_say_so() {
        let takes = |list: &'static str| {
            takes_gzip(&HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(list))]))
        };
        assert!(["gzip", "br, GZIP;q=0.5", "deflate,gzip", "gzip; q=1"].into_iter().all(takes));
        assert!(!["", "br", "gzip;q=0", "identity, gzip; q=0.0", "x-gzip"].into_iter().any(takes));
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[tokio::test]
    async fn o_texts_come_gzipped_to_those_who_take_it_and_the_twins_have_no_address_of_their_own() {
        let asked = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip, br"))]);
        let page = serve(Method::GET, "/".parse().expect("a path"), asked).await;
        // A build without Node has placeholders, and those have no twins.
        let packed = Built::get("index.html.gz").is_some();
        assert_eq!(page.headers().get(header::CONTENT_ENCODING).is_some(), packed);
        assert_eq!(page.headers().get(header::VARY).is_some(), packed);
        let plain = get("/", None).await;
        assert_eq!(plain.headers().get(header::CONTENT_ENCODING), None);
        assert_eq!(plain.headers()[header::ETAG] != page.headers()[header::ETAG], packed);
        assert_eq!(get("/index.html.gz", None).await.status(), StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn b_what_is_not_there_gets_a_problem() {
        for path in ["/nothing", "/v1/nothing", "/../Cargo.toml", "/assets/"] {
            let answer = get(path, None).await;
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
            assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/problem+json", "{path}");
        }
    }
}
