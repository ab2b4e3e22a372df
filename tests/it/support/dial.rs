//! Opening a WebSocket to the hub.

use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, client::IntoClientRequest, http::HeaderValue},
};

use super::{Client, playbooks::SITE};

/// Where and how to knock.
#[derive(Clone, Debug)]
pub struct Dial {
    /// The hub's port.
    pub port: u16,
    /// The endpoint.
    pub path: &'static str,
    /// The `Origin` header, which browsers send and programs do not.
    pub origin: Option<String>,
    /// Whether to offer the subprotocol.
    pub subprotocol: bool,
    /// The size of the kernel's receive buffer, for those who read slowly.
    pub receive_buffer: Option<u32>,
}

// === impl Dial ===

impl Dial {
    /// As the widget on the tests' site does.
    pub fn visitor(port: u16) -> Self {
        Self { port, path: "/v1/visitor", origin: Some(SITE.into()), subprotocol: false, receive_buffer: None }
    }

    /// As an agent's program does.
    pub fn agent(port: u16) -> Self {
        Self { port, path: "/v1/agent", origin: None, subprotocol: false, receive_buffer: None }
    }

    /// From a page of another site.
    pub fn from(mut self, origin: &str) -> Self {
        self.origin = Some(origin.into());
        self
    }

    /// A plain connection.
    pub async fn tcp(&self) -> std::io::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        if let Some(size) = self.receive_buffer {
            socket.set_recv_buffer_size(size)?;
        }
        let stream = socket.connect(([127, 0, 0, 1], self.port).into()).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    /// A client that has not said `hello` yet; else the status the upgrade was refused with (0: no answer).
    pub async fn connect(&self) -> Result<Client, u16> {
        Ok(Client::new(self.upgrade().await?.0))
    }

    /// The upgraded socket and the subprotocol the hub chose.
    pub async fn upgrade(&self) -> Result<(WebSocketStream<TcpStream>, Option<String>), u16> {
        let stream = self.tcp().await.map_err(|_| 0u16)?;
        let mut request =
            format!("ws://127.0.0.1:{}{}", self.port, self.path).into_client_request().expect("a request");
        if let Some(origin) = &self.origin {
            request.headers_mut().insert("origin", HeaderValue::from_str(origin).expect("a header"));
        }
        if self.subprotocol {
            request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("usher.v1"));
        }
        match client_async(request, stream).await {
            Ok((socket, response)) => {
                let chosen = response.headers().get("sec-websocket-protocol");
                Ok((socket, chosen.and_then(|value| value.to_str().ok()).map(Into::into)))
            }
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(_) => Err(0),
        }
    }
}
