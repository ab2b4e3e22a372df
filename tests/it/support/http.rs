//! As much of an HTTP client as the tests need: one request a connection, the whole answer at once.

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::wait::PATIENCE;

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// 200 and the like.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// As text.
    pub body: String,
}

/// A request under construction.
pub struct Request {
    port: u16,
    method: &'static str,
    path: String,
    headers: Vec<(String, String)>,
    body: String,
}

// === impl Request ===

impl Request {
    /// A request to the hub on `port`.
    pub fn new(port: u16, method: &'static str, path: &str) -> Self {
        Self { port, method, path: path.into(), headers: Vec::new(), body: String::new() }
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Signs in.
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// Carries JSON.
    pub fn json(self, body: &Value) -> Self {
        self.text("application/json", &body.to_string())
    }

    /// Carries a text.
    pub fn text(mut self, kind: &str, body: &str) -> Self {
        self.body = body.into();
        self.header("content-type", kind)
    }

    /// Sends it; an error when nobody answers whole.
    pub async fn send(self) -> std::io::Result<Answer> {
        timeout(PATIENCE, self.exchange()).await.map_err(|_| std::io::Error::from(std::io::ErrorKind::TimedOut))?
    }

    async fn exchange(self) -> std::io::Result<Answer> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        let mut head =
            format!("{} {} HTTP/1.1\r\nhost: 127.0.0.1:{}\r\nconnection: close\r\n", self.method, self.path, self.port);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        if !self.body.is_empty() {
            head += &format!("content-length: {}\r\n", self.body.len());
        }
        stream.write_all(format!("{head}\r\n{}", self.body).as_bytes()).await?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await?;
        Answer::parse(&bytes).ok_or_else(|| std::io::Error::from(std::io::ErrorKind::InvalidData))
    }
}

// === impl Answer ===

impl Answer {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
        let body = match chunked {
            true => unchunk(&bytes[end + 4..])?,
            false => bytes[end + 4..].to_vec(),
        };
        Some(Self { status, headers, body: String::from_utf8_lossy(&body).into_owned() })
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; panics with the answer when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }

    /// The body of a good answer.
    pub fn ok(&self) -> Value {
        assert!((200..300).contains(&self.status), "refused: {self:?}");
        self.json()
    }

    /// The problem document of a refusal with this status and code.
    pub fn problem(&self, status: u16, code: &str) -> Value {
        let document = self.json();
        assert_eq!(self.status, status, "{document}");
        assert_eq!(document["code"], code, "{document}");
        assert!(
            self.header("content-type").is_some_and(|kind| kind.starts_with("application/problem+json")),
            "{self:?}"
        );
        document
    }
}

fn unchunk(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = bytes.windows(2).position(|two| two == b"\r\n")?;
        let size =
            usize::from_str_radix(std::str::from_utf8(&bytes[..end]).ok()?.split(';').next()?.trim(), 16).ok()?;
        bytes = &bytes[end + 2..];
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(bytes.get(..size)?);
        bytes = bytes.get(size + 2..)?;
    }
}
