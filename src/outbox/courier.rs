//! One HTTP request under its limits: 3 s to connect, 10 s in all, no redirect, no proxy, 4 KiB of the answer.

use std::{error::Error, io, sync::Arc, time::Duration};

use http::StatusCode;
use reqwest::{Client, dns::Resolve, redirect::Policy};
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs, pki_types::CertificateDer};

use super::{
    guard::{Forbidden, Guard, Rules, SystemNames},
    target::Target,
};

/// From the first packet to a connection that can be written to, names and TLS included.
const CONNECT: Duration = Duration::from_secs(3);
/// From the beginning to the end of the answer.
pub const TOTAL: Duration = Duration::from_secs(10);
/// How much of an answer is read.
const MAX_ANSWER: usize = 4 * 1024;
/// How long, and how many, connections of a host are kept for the next message.
const IDLE: Duration = Duration::from_secs(30);
const MAX_IDLE: usize = 2;

/// Sends messages.
pub struct Courier {
    client: Client,
}

/// A signed message.
#[derive(Clone, Debug)]
pub struct Letter {
    /// `webhook-id`, `webhook-timestamp`, `webhook-signature`.
    pub headers: [(&'static str, String); 3],
    /// JSON.
    pub body: String,
}

/// What a receiver answered.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    /// The beginning of its body, where the status is a good one.
    pub body: Vec<u8>,
}

/// Why there was no answer. Made to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Silence {
    /// Its name has no address that may be connected to.
    #[error("its name leads to an address the hub does not connect to")]
    Forbidden,
    /// Its certificate is none, or another's.
    #[error("its certificate was not accepted")]
    Certificate,
    /// There is nobody.
    #[error("no connection to it could be made")]
    Unreachable,
    /// It took too long.
    #[error("it did not answer within {} seconds", TOTAL.as_secs())]
    TimedOut,
    /// It broke off, or spoke no HTTP.
    #[error("the connection broke before it had answered")]
    Broken,
}

/// Why there is no courier.
#[derive(Debug, thiserror::Error)]
pub enum NoCourier {
    /// TLS.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// HTTP.
    #[error("the HTTP client cannot be set up: {0}")]
    Http(#[from] reqwest::Error),
}

// === impl Courier ===

impl Courier {
    /// A courier that trusts the authorities of this machine and those that browsers trust.
    ///
    /// # Errors
    /// See [`NoCourier`].
    pub fn new(rules: Rules) -> Result<Self, NoCourier> {
        // What cannot be read of the machine's store is left out: the browsers' authorities are there in any case.
        let own = rustls_native_certs::load_native_certs().certs;
        Self::with(rules, Arc::new(SystemNames), own, TOTAL)
    }

    fn with(
        rules: Rules,
        names: Arc<dyn Resolve>,
        authorities: Vec<CertificateDer<'static>>,
        total: Duration,
    ) -> Result<Self, NoCourier> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        roots.add_parsable_certificates(authorities);
        let provider = Arc::new(aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .dns_resolver(Arc::new(Guard::new(names, rules)))
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .http1_only()
            .connect_timeout(CONNECT)
            .timeout(total)
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(MAX_IDLE)
            .user_agent(concat!("Usher/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { client })
    }

    /// Sends a letter once.
    ///
    /// # Errors
    /// See [`Silence`]; whoever gets one cannot know whether the receiver has acted.
    pub async fn send(&self, target: &Target, letter: Letter) -> Result<Reply, Silence> {
        let mut request = self.client.post(target.url().clone()).header("content-type", "application/json");
        for (name, value) in letter.headers {
            request = request.header(name, value);
        }
        let mut response = request.body(letter.body).send().await.map_err(|fault| Silence::of(&fault))?;
        let status = response.status();
        let mut body = Vec::new();
        // A good status is a good status, whatever becomes of the rest.
        while status.is_success()
            && body.len() < MAX_ANSWER
            && let Ok(Some(chunk)) = response.chunk().await
        {
            let room = MAX_ANSWER - body.len();
            body.extend_from_slice(&chunk[..room.min(chunk.len())]);
        }
        Ok(Reply { status, body })
    }
}

// === impl Silence ===

impl Silence {
    fn of(fault: &reqwest::Error) -> Self {
        let mut cause: Option<&(dyn Error + 'static)> = Some(fault);
        while let Some(error) = cause {
            if error.is::<Forbidden>() {
                return Self::Forbidden;
            }
            if let Some(rustls::Error::InvalidCertificate(_)) = error.downcast_ref() {
                return Self::Certificate;
            }
            // An I/O error does not name what it was made of as its source.
            let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
            cause = inner.map(|inner| inner as &(dyn Error + 'static)).or_else(|| error.source());
        }
        match fault {
            fault if fault.is_connect() => Self::Unreachable,
            fault if fault.is_timeout() => Self::TimedOut,
            _ => Self::Broken,
        }
    }
}

#[cfg(test)]
mod tests;
