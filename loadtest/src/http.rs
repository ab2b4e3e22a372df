//! As much HTTP as a load tester needs: short requests to a hub, each with a deadline.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

/// How long a connection, a read or a write may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// More than a page of metrics.
const MOST: u64 = 1 << 22;

/// An answer: its status and its body.
#[derive(Debug)]
pub struct Answer {
    /// 200 and the like.
    pub status: u16,
    /// As text.
    pub body: String,
}

/// Asks and waits for the whole answer.
///
/// # Errors
/// The server was not there or took too long: which, and what was waited for.
pub fn ask(to: SocketAddr, method: &str, path: &str, token: Option<&str>, body: Option<&Value>) -> Result<Answer> {
    let asked = || format!("{method} http://{to}{path}");
    let connected = TcpStream::connect_timeout(&to, PATIENCE);
    let mut stream = connected.with_context(|| format!("{}: nobody takes the connection", asked()))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let token = token.map_or(String::new(), |token| format!("Authorization: Bearer {token}\r\n"));
    let body = body.map(Value::to_string).unwrap_or_default();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {to}\r\nOrigin: http://{to}\r\nConnection: close\r\n{token}\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    let sent = stream.write_all(request.as_bytes());
    sent.with_context(|| format!("{}: the request was not taken", asked()))?;
    let mut answer = Vec::new();
    match stream.take(MOST).read_to_end(&mut answer) {
        // "Resource temporarily unavailable", to the kernel.
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            let part = if answer.is_empty() { "no answer" } else { "only a part of an answer" };
            bail!("{}: {part} within {PATIENCE:?}", asked());
        }
        read => read.with_context(|| format!("{}: the answer broke off", asked()))?,
    };
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let read = || {
        let (head, body) = answer.split_once("\r\n\r\n")?;
        Some((head, body, head.strip_prefix("HTTP/")?.split(' ').nth(1)?.parse().ok()?))
    };
    let (head, body, status) = read().with_context(|| format!("{}: the answer is no HTTP", asked()))?;
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    let body = if chunked { unchunked(body) } else { body.to_owned() };
    Ok(Answer { status, body })
}

/// Whether the hub says that it can serve.
pub fn is_ready(to: SocketAddr) -> bool {
    ask(to, "GET", "/readyz", None, None).is_ok_and(|answer| answer.status == 200)
}

/// The version of the hub, which its description of itself tells; none where there is no such thing.
pub fn version(of: SocketAddr) -> Option<String> {
    let told = ask(of, "GET", "/openapi.json", None, None).ok().filter(|told| told.status == 200)?;
    let told: Value = serde_json::from_str(&told.body).ok()?;
    Some(told["info"]["version"].as_str()?.to_owned())
}

/// Makes a playbook whose first card is a Live Chat card, in the workspace of the admin's token. Tells its id.
///
/// # Errors
/// The hub refused: its answer says why.
pub fn make_playbook(to: SocketAddr, admin: &str, wait_ms: u64) -> Result<String> {
    let cards = json!({
        "live": {"kind": "live_chat", "online_message": "One moment.", "wait_ms": wait_ms,
                 "offline_message": "Nobody came.", "offline": "email"},
        "email": {"kind": "capture", "field": "email", "text": "Your address?", "required": true, "next": "done"},
        "done": {"kind": "qualify", "text": "Thank you!", "create": []},
    });
    let playbook = json!({
        "name": "Load test", "active": true, "locale": "en", "origins": [],
        "appearance": {"color": "#3b5bdb", "icon": "chat", "bot_name": "Load", "avatar": null},
        "open_after_ms": null, "typing_preview": false, "abandoned_lead": false, "start": "live", "cards": cards,
    });
    let made = ask(to, "POST", "/v1/playbooks", Some(admin), Some(&playbook))?;
    ensure!(
        made.status == 201,
        "the hub would not make a playbook for this run ({}); is the secret the one it is configured with? {}",
        made.status,
        made.body
    );
    let made: Value = serde_json::from_str(&made.body)?;
    let id = made["id"].as_str().context("the playbook has no id")?.to_owned();
    // Until it was seen on a page its Live Chat card is out of service.
    let seen = ask(to, "GET", &format!("/v1/widget/{id}"), None, None)?;
    ensure!(seen.status == 200, "the playbook's settings were refused ({})", seen.status);
    Ok(id)
}

fn unchunked(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let Ok(size) = usize::from_str_radix(size.trim(), 16) else { break };
        let Some(chunk) = rest.get(..size).filter(|chunk| !chunk.is_empty()) else { break };
        whole.push_str(chunk);
        body = rest[size..].trim_start_matches("\r\n");
    }
    whole
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

    use super::*;

    #[test]
    fn j3_an_answer_in_chunks_is_put_together() {
        assert_eq!(unchunked("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"), "hello world");
        assert_eq!(unchunked("zz\r\n"), "");
    }

    #[test]
    fn j1_a_hub_that_is_not_there_is_silent_or_is_none_is_named_with_what_was_waited_for() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let addr = listener.local_addr().unwrap();
        let told = || format!("{:#}", ask(addr, "GET", "/readyz", None, None).unwrap_err());
        let silent = told();
        assert!(silent.contains(&format!("GET http://{addr}/readyz: no answer within 3")), "{silent}");
        let babbling = std::thread::spawn(move || {
            // The first in line is the one that was silent.
            for (mut stream, _) in (0..2).map(|_| listener.accept().unwrap()) {
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                assert!(stream.read(&mut [0; 1024]).unwrap() > 0);
                stream.write_all(b"SSH-2.0-nobody\r\n").ok();
            }
        });
        let strange = told();
        assert!(strange.ends_with("/readyz: the answer is no HTTP"), "{strange}");
        babbling.join().unwrap();
        let gone = told();
        assert!(gone.contains("nobody takes the connection") && gone.contains("refused"), "{gone}");
    }
}
