//! What a verified token says, and the rules every signed one must pass.

use jsonwebtoken::{Validation, decode, decode_header, errors::ErrorKind};
use serde::{Deserialize, Serialize};

use super::{fault::TokenFault, keyring::Keyring, now_seconds, shown::Shown};
use crate::ids::{AgentId, Millis, WorkspaceId};

/// No honest token is longer, in bytes; a first frame is 8 KiB at most.
pub(super) const TOKEN_BYTES: usize = 8 * 1024;
/// How far clocks may disagree, in seconds.
const LEEWAY_SECONDS: u64 = 10;
/// The audience of the sites' signed identities; never one of an agent's token.
pub(super) const VISITOR_AUDIENCE: &str = "usher-visitor";
/// The longest `sub` and `workspace`, in characters.
const ID_CHARS: usize = 128;
/// The end of the year 9999: later ends are cut to it, so that sums with it
/// never overflow.
const LATEST_MS: i64 = 253_402_300_799_000;

/// What an agent may do in their workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Answers visitors.
    #[default]
    Agent,
    /// Also edits playbooks and removes agents: the deals-admin of the product.
    Admin,
}

/// An agent, as their verified token describes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentClaims {
    /// The workspace they belong to.
    pub workspace: WorkspaceId,
    /// Who they are in it.
    pub agent: AgentId,
    /// The name visitors see.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Their e-mail, for admins' eyes.
    pub email: Option<String>,
    /// An https address of their picture.
    pub avatar: Option<String>,
    /// When their session ends, in milliseconds since the epoch.
    pub expires_at: i64,
    /// When the token was made, if it says so; a moment that has not come yet is none.
    pub issued_at: Option<Millis>,
}

/// A visitor, as their own site vouches for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Who they are to the site: the `sub`.
    pub subject: String,
    /// Their name.
    pub name: Option<String>,
    /// Their e-mail.
    pub email: Option<String>,
    /// When the site's word ends, in milliseconds since the epoch.
    pub expires_at: i64,
}

/// The claims of every signed token. Everything is optional here, so that the
/// refusal can name the claim; a claim that stands twice fails the whole, and
/// so does one of the wrong type, unless it is only shown.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    sub: Option<String>,
    name: Option<Shown>,
    workspace: Option<String>,
    role: Option<String>,
    email: Option<Shown>,
    avatar: Option<Shown>,
    exp: Option<f64>,
    iat: Option<f64>,
    aud: Option<Audience>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

// === impl Claims ===

impl Claims {
    /// Verifies `token` with `keys`: shape, algorithm, signature, `exp`, `nbf`
    /// and, when one is given, `aud`.
    pub(super) fn verify(token: &str, keys: &Keyring, audience: Option<&str>) -> Result<Self, TokenFault> {
        if token.len() > TOKEN_BYTES {
            return Err(TokenFault::TooLong);
        }
        let header = decode_header(token).map_err(|error| TokenFault::of(error.kind()))?;
        // RFC 7515: whoever does not understand a critical member must refuse.
        if header.crit.is_some() {
            return Err(TokenFault::Malformed);
        }
        let key = keys.find(header.kid.as_deref()).ok_or(TokenFault::UnknownKey)?;
        let mut rules = Validation::new(key.algorithm);
        rules.leeway = LEEWAY_SECONDS;
        rules.validate_nbf = true;
        match audience {
            Some(audience) => {
                rules.set_audience(&[audience]);
                rules.set_required_spec_claims(&["exp", "aud"]);
            }
            None => rules.validate_aud = false,
        }
        decode::<Self>(token, &key.key, &rules)
            .map(|verified| verified.claims)
            .map_err(|error| TokenFault::of(error.kind()))
    }

    fn is_for(&self, audience: &str) -> bool {
        match &self.aud {
            None => false,
            Some(Audience::One(one)) => one == audience,
            Some(Audience::Many(many)) => many.iter().any(|one| one == audience),
        }
    }

    fn expires_at(&self) -> Result<i64, TokenFault> {
        let seconds = self.exp.ok_or(TokenFault::Claim("exp"))?;
        // A cast from a float saturates; the leeway is the session's too.
        Ok(((seconds * 1000.0) as i64).saturating_add(LEEWAY_SECONDS as i64 * 1000).min(LATEST_MS))
    }

    fn issued_at(&self) -> Option<Millis> {
        let latest = now_seconds().saturating_add(LEEWAY_SECONDS);
        let at = self.iat.filter(|seconds| *seconds <= latest as f64)?;
        Some(Millis((at * 1000.0) as i64))
    }
}

// === impl AgentClaims ===

impl TryFrom<Claims> for AgentClaims {
    type Error = TokenFault;

    fn try_from(claims: Claims) -> Result<Self, TokenFault> {
        if claims.is_for(VISITOR_AUDIENCE) {
            return Err(TokenFault::Audience);
        }
        let expires_at = claims.expires_at()?;
        let issued_at = claims.issued_at();
        let workspace = match &claims.workspace {
            None => "default",
            Some(workspace) => id(workspace).ok_or(TokenFault::Claim("workspace"))?,
        };
        let subject = claims.sub.as_deref().and_then(id).ok_or(TokenFault::Claim("sub"))?;
        let role = match claims.role.as_deref() {
            None | Some("agent") => Role::Agent,
            Some("admin") => Role::Admin,
            Some(_) => return Err(TokenFault::Claim("role")),
        };
        Ok(Self {
            workspace: workspace.into(),
            agent: subject.into(),
            name: claims.name.as_ref().and_then(Shown::name).ok_or(TokenFault::Claim("name"))?,
            role,
            email: claims.email.as_ref().and_then(Shown::email),
            avatar: claims.avatar.as_ref().and_then(Shown::picture),
            expires_at,
            issued_at,
        })
    }
}

// === impl Identity ===

impl TryFrom<Claims> for Identity {
    type Error = TokenFault;

    fn try_from(claims: Claims) -> Result<Self, TokenFault> {
        let expires_at = claims.expires_at()?;
        let subject = claims.sub.as_deref().and_then(id).ok_or(TokenFault::Claim("sub"))?;
        Ok(Self {
            subject: subject.to_owned(),
            name: claims.name.as_ref().and_then(Shown::name),
            email: claims.email.as_ref().and_then(Shown::email),
            expires_at,
        })
    }
}

// === impl TokenFault ===

impl TokenFault {
    fn of(kind: &ErrorKind) -> Self {
        match kind {
            ErrorKind::InvalidSignature => Self::Signature,
            ErrorKind::ExpiredSignature => Self::Expired,
            ErrorKind::ImmatureSignature => Self::NotYet,
            ErrorKind::InvalidAudience => Self::Audience,
            ErrorKind::InvalidAlgorithm | ErrorKind::UnsupportedAlgorithm => Self::Algorithm,
            ErrorKind::MissingRequiredClaim(claim) | ErrorKind::InvalidClaimFormat(claim) => match claim.as_str() {
                "aud" => Self::Audience,
                "nbf" => Self::Claim("nbf"),
                _ => Self::Claim("exp"),
            },
            _ => Self::Malformed,
        }
    }
}

/// An id somebody else chose: not empty, bounded, nothing invisible in it.
fn id(text: &str) -> Option<&str> {
    let fits = !text.is_empty() && text.chars().count() <= ID_CHARS && !text.chars().any(char::is_control);
    fits.then_some(text)
}
