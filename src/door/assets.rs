//! Pages, scripts and styles, built by `build.rs` and kept in the program, texts also compressed.

use std::{borrow::Cow, fmt::Write};

use axum::{
    body::{Body, Bytes},
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::{Problem, Rooms};

/// What the web build left behind.
#[derive(RustEmbed)]
#[folder = "$OUT_DIR/web"]
struct Built;

/// The same, compressed: what is text and gets smaller by it.
#[derive(RustEmbed)]
#[folder = "$OUT_DIR/web.gz"]
struct Packed;

/// No script but our own, no style but our own; pictures from anywhere by https (avatars, images of playbooks), sent
/// without a referrer. Who may put a frame around it follows.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: data:; \
    font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors ";
/// The page at `/`.
const INBOX: &str = "index.html";
/// A name that holds a hash of its content never changes what it means.
const FOREVER: &str = "public, max-age=31536000, immutable";
/// Everything else is asked for again, and usually answered with 304.
const SHORT: &str = "public, max-age=300, must-revalidate";
const NEVER: &str = "no-cache";

/// Whatever no route of REST answers.
pub(super) async fn serve(State(rooms): State<Rooms>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    found(&rooms.hosts, &method, &uri, &headers)
}

/// `hosts`: origins that may put a frame around the inbox.
fn found(hosts: &[String], method: &Method, uri: &Uri, headers: &HeaderMap) -> Response {
    let path = uri.path();
    if path.starts_with("/v1/") {
        return Problem::not_found("there is nothing at this address").into_response();
    }
    if *method != Method::GET && *method != Method::HEAD {
        return Problem::method().with(header::ALLOW, HeaderValue::from_static("GET, HEAD")).into_response();
    }
    let name = match path {
        "/" => INBOX,
        "/demo" => "demo.html",
        other => other.trim_start_matches('/'),
    };
    match Built::get(name) {
        Some(file) => {
            let mut response = answer(name, file, headers);
            let hosts = if name == INBOX { hosts } else { &[] };
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy(hosts));
            response
        }
        None => Problem::not_found("there is nothing at this address").into_response(),
    }
}

fn answer(name: &str, plain: EmbeddedFile, asked: &HeaderMap) -> Response {
    let packed = Packed::get(name);
    let varies = packed.is_some();
    let (file, gzip) = match packed.filter(|_| takes_gzip(asked)) {
        Some(packed) => (packed, true),
        None => (plain, false),
    };
    let etag = etag(&file);
    let mut response = match knows(asked, &etag) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => Response::new(Body::from(bytes(file.data))),
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
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(header::ETAG, etag);
    }
    if varies {
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    if gzip {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    if !page {
        // The widget runs on other sites' pages, and loads its parts as modules.
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    }
    response
}

/// The policy of a page that these origins, and nobody else, may put a frame around.
fn policy(hosts: &[String]) -> HeaderValue {
    let ancestors = if hosts.is_empty() { "'none'".to_owned() } else { hosts.join(" ") };
    // The settings let only origins pass, as browsers write them.
    HeaderValue::try_from(format!("{POLICY}{ancestors}"))
        .unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"))
}

/// Whether the client would rather have it compressed (RFC 9110, 12.5.3): with a weight, and none higher for as it is.
fn takes_gzip(asked: &HeaderMap) -> bool {
    let (mut gzip, mut identity, mut any) = (None, None, None);
    let lists = asked.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    for coding in lists.flat_map(|list| list.split(',')) {
        let (name, weight) = coding.split_once(';').map_or((coding, None), |(name, weight)| (name, Some(weight)));
        let weight = weight.map_or(Some(1.0), |weight| {
            let (key, value) = weight.split_once('=')?;
            let value = value.trim().parse::<f32>().ok()?;
            (key.trim().eq_ignore_ascii_case("q") && (0.0..=1.0).contains(&value)).then_some(value)
        });
        // What cannot be read is not asked for.
        let weight = weight.unwrap_or(0.0);
        match name.trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => gzip = Some(weight),
            "identity" => identity = Some(weight),
            "*" => any = Some(weight),
            _ => {}
        }
    }
    gzip.or(any).is_some_and(|gzip| gzip > 0.0 && gzip >= identity.unwrap_or(0.0))
}

/// Whether the client has it already: this very representation.
fn knows(asked: &HeaderMap, etag: &str) -> bool {
    let tags = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut tags = tags.flat_map(|list| list.split(',')).map(str::trim);
    // Proxies that recode make strong tags weak.
    tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

fn bytes(data: Cow<'static, [u8]>) -> Bytes {
    match data {
        Cow::Borrowed(kept) => Bytes::from_static(kept),
        Cow::Owned(read) => read.into(),
    }
}

/// Each representation has its own: it is made of the bytes that travel.
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

    async fn get_with(path: &str, pairs: &[(header::HeaderName, &str)]) -> Response {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, HeaderValue::from_str(value).expect("a value"));
        }
        found(&[], &Method::GET, &path.parse().expect("a path"), &headers)
    }

    async fn get(path: &str, tag: Option<&str>) -> Response {
        let tag = tag.map(|tag| (header::IF_NONE_MATCH, tag));
        get_with(path, tag.as_slice()).await
    }

    fn text<'a>(response: &'a Response, name: &header::HeaderName) -> Option<&'a str> {
        response.headers().get(name).map(|value| value.to_str().expect("text"))
    }

    async fn body(response: Response) -> Vec<u8> {
        axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("a body").to_vec()
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
        for list in [format!("\"other\", {tag}"), format!("W/{tag}"), "*".into()] {
            assert_eq!(get("/", Some(&list)).await.status(), StatusCode::NOT_MODIFIED, "{list}");
        }
        assert_eq!(get("/", Some("\"other\"")).await.status(), StatusCode::OK);
    }

    #[test]
    fn i9_only_the_configured_origins_may_frame_the_inbox_and_nobody_the_other_pages() {
        let ancestors = |hosts: &[&str], path: &str| {
            let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
            let page = found(&hosts, &Method::GET, &path.parse().expect("a path"), &HeaderMap::new());
            let policy = text(&page, &header::CONTENT_SECURITY_POLICY).expect("a policy").to_owned();
            let (_, ancestors) = policy.split_once("frame-ancestors ").expect("it says who may frame it");
            assert!(policy.starts_with("default-src 'none'; script-src 'self'; "), "{policy}");
            ancestors.to_owned()
        };
        assert_eq!(ancestors(&[], "/"), "'none'");
        let hosts = ["https://crm.example", "http://localhost:3000"];
        for path in ["/", "/index.html"] {
            assert_eq!(ancestors(&hosts, path), "https://crm.example http://localhost:3000");
        }
        assert_eq!(ancestors(&hosts, "/demo"), "'none'");
    }

    #[tokio::test]
    async fn o_who_takes_gzip_gets_the_same_in_fewer_bytes() {
        let plain = get("/", None).await;
        assert_eq!(
            (text(&plain, &header::CONTENT_ENCODING), text(&plain, &header::VARY)),
            (None, Some("accept-encoding"))
        );
        let gzip = (header::ACCEPT_ENCODING, "gzip, deflate, br");
        let packed = get_with("/", std::slice::from_ref(&gzip)).await;
        assert_eq!(text(&packed, &header::CONTENT_ENCODING), Some("gzip"));
        assert_eq!(text(&packed, &header::VARY), Some("accept-encoding"));
        assert_eq!(text(&packed, &header::CONTENT_TYPE), Some("text/html; charset=utf-8"));
        let (one, two) =
            (text(&plain, &header::ETAG).map(str::to_owned), text(&packed, &header::ETAG).map(str::to_owned));
        assert_ne!(one, two, "two representations, two tags");
        let (one, two) = (one.expect("a tag"), two.expect("a tag"));
        // Each is known by its own tag only.
        for (tag, status) in [(&one, StatusCode::OK), (&two, StatusCode::NOT_MODIFIED)] {
            let again = get_with("/", &[gzip.clone(), (header::IF_NONE_MATCH, tag)]).await;
            assert_eq!((again.status(), text(&again, &header::VARY)), (status, Some("accept-encoding")));
        }
        assert_eq!(get("/", Some(&two)).await.status(), StatusCode::OK);
        let (plain, packed) = (body(plain).await, body(packed).await);
        assert!(packed.len() < plain.len());
        let mut unpacked = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&*packed), &mut unpacked).expect("gzip");
        assert_eq!(unpacked, plain);
    }

    #[test]
    fn o_encodings_are_taken_by_their_weights() {
        let takes = |lists: &[&str]| {
            let mut headers = HeaderMap::new();
            for list in lists {
                headers.append(header::ACCEPT_ENCODING, HeaderValue::from_str(list).expect("a list"));
            }
            takes_gzip(&headers)
        };
        for yes in [
            "gzip",
            "GZIP",
            "x-gzip",
            "deflate, gzip;q=0.5, br",
            "gzip ; q=1.0",
            "*",
            "*;q=0.1",
            "br, *",
            "gzip;q=0.001",
            "gzip;q=0.5, identity;q=0.5",
            "identity;q=0, gzip;q=0.1",
            "gzip;Q=0.2",
            "*;q=0, gzip",
        ] {
            assert!(takes(&[yes]), "{yes}");
        }
        for no in [
            "",
            "br",
            "identity",
            "gzip;q=0",
            "gzip;q=0.000",
            "gzip;q=0.5, identity",
            "*, gzip;q=0",
            "*;q=0",
            "gzip;q=2",
            "gzip;q=x",
            "gzip;level=9",
            "gzipped",
            "identity;q=0",
        ] {
            assert!(!takes(&[no]), "{no}");
        }
        assert!(!takes(&[]));
        assert!(takes(&["br", "gzip"]));
    }

    #[test]
    fn o_whatever_is_text_and_gets_smaller_is_there_compressed_and_nothing_else() {
        for name in Built::iter() {
            let texts = ["html", "js", "mjs", "css", "json", "map", "svg", "webmanifest"];
            let is_text = name.rsplit_once('.').is_some_and(|(_, ending)| texts.contains(&ending));
            let plain = Built::get(&name).expect("listed").data.len();
            match Packed::get(&name) {
                Some(packed) => assert!(is_text && packed.data.len() < plain, "{name}"),
                None => assert!(!is_text || plain < 256, "{name} of {plain} bytes is not compressed"),
            }
        }
        assert!(Packed::iter().all(|name| Built::get(&name).is_some()));
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
