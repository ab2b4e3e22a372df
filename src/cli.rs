//! What the program takes on its command line. See `usher --help`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::tokens::{Minting, Role};

/// A live chat hub for websites.
#[derive(Debug, Parser)]
#[command(name = "usher", version, about)]
pub struct Cli {
    /// The settings' file (TOML); the environment (USHER_…) goes before it.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What to do; serve when nothing is said.
    #[command(subcommand)]
    pub order: Option<Order>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Order {
    /// Run the hub.
    Serve,
    /// Read the settings and report every fault (exit 64 when there is one).
    Check,
    /// Print an agent's token, signed with the configured key.
    Token(Token),
    /// After a backup was put in the store's place, with no hub running: tell the store, so that clients begin anew.
    Restored,
}

/// An agent's token.
#[derive(Debug, Args)]
pub struct Token {
    /// The agent's id; visitors get to see it.
    #[arg(long)]
    pub sub: String,
    /// The name visitors see.
    #[arg(long)]
    pub name: String,
    /// What they may do.
    #[arg(long, value_enum, default_value_t = RoleName::Agent)]
    pub role: RoleName,
    /// The workspace.
    #[arg(long, default_value = "default")]
    pub workspace: String,
    /// How long it is valid, as 90s, 30m, 12h or 7d.
    #[arg(long, default_value = "12h", value_parser = seconds)]
    pub ttl: u64,
    /// Their e-mail address.
    #[arg(long)]
    pub email: Option<String>,
}

/// `agent` or `admin`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RoleName {
    /// Answers visitors.
    Agent,
    /// Also edits playbooks and removes agents.
    Admin,
}

// === impl Token ===

impl From<Token> for Minting {
    fn from(token: Token) -> Self {
        let Token { sub, name, role, workspace, ttl, email } = token;
        let role = match role {
            RoleName::Agent => Role::Agent,
            RoleName::Admin => Role::Admin,
        };
        Self { sub, name, workspace, role, email, life_seconds: ttl }
    }
}

/// `12h` and the like as seconds.
fn seconds(text: &str) -> Result<u64, String> {
    let wrong = || format!("{text} is no length of time like 90s, 30m, 12h or 7d");
    let unit = match text.chars().last().ok_or_else(wrong)? {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => return Err(wrong()),
    };
    // All four units are one byte long.
    let number: u64 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    number.checked_mul(unit).filter(|seconds| *seconds > 0).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o_the_length_of_a_tokens_life_reads_as_people_write_it() {
        for (text, expected) in [("90s", 90), ("30m", 1_800), ("12h", 43_200), ("7d", 604_800)] {
            assert_eq!(seconds(text), Ok(expected));
        }
        for text in ["", "12", "h", "0h", "-1h", "1.5h", "99999999999999999999d", "12ü"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn o_usher_alone_serves_and_takes_its_file_anywhere() {
        let bare = Cli::try_parse_from(["usher"]).expect("understood");
        assert!(bare.order.is_none() && bare.config.is_none());
        let check = Cli::try_parse_from(["usher", "check", "--config", "x.toml"]).expect("understood");
        assert!(matches!(check.order, Some(Order::Check)));
        assert_eq!(check.config, Some("x.toml".into()));
        assert!(Cli::try_parse_from(["usher", "token", "--sub", "jane"]).is_err());
    }
}
