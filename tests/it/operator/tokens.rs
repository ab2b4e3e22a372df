//! `usher token`.

use std::process::Command;

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    signature::{Ed25519KeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::json;
use tempfile::TempDir;

use crate::{
    operator::{bare, folder, run_to_its_end, words},
    support::{Agent, Hub, Settings, token},
};

/// Without a secret of the agents.
fn keyless() -> Settings {
    let mut settings = Settings::new();
    settings.environment.remove("USHER_AGENT__HS256_SECRET");
    settings
}

fn minting(folder: &TempDir, line: &str) -> Command {
    let mut command = bare(folder);
    command.arg("token").args(line.split_whitespace());
    command
}

#[tokio::test]
async fn o_token_prints_a_jwt_the_hub_accepts() {
    let hub = Hub::start().await;
    let folder = folder();
    for (extra, role) in [(&["--role", "admin"][..], "admin"), (&[], "agent")] {
        let mut command = bare(&folder);
        command.env("USHER_AGENT__HS256_SECRET", token::SECRET);
        command.args(["token", "--sub", "minted", "--name", "Minted Agent", "--ttl", "1h"]).args(extra);
        let output = run_to_its_end(command).await;
        assert!(output.status.success(), "{}", words(&output));
        let token = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let agent = Agent::hello(&hub.agents(), &token).await;
        assert_eq!(
            (&agent.welcome["agent"]["name"], &agent.welcome["agent"]["role"]),
            (&json!("Minted Agent"), &json!(role))
        );
    }
    let mut command = bare(&folder);
    command.args(["token", "--name", "Nobody"]);
    let output = run_to_its_end(command).await;
    assert!(!output.status.success());
}

#[tokio::test]
async fn o_token_names_workspace_and_audience_as_they_are_set() {
    let hub = Settings::new().set("USHER_AGENT__AUDIENCE", "the-hub").start().await;
    let folder = folder();
    let mut command = minting(&folder, "--sub minted --name Minted --workspace shop --email m@shop.example");
    command.env("USHER_AGENT__HS256_SECRET", token::SECRET).env("USHER_AGENT__AUDIENCE", "the-hub");
    let output = run_to_its_end(command).await;
    assert_eq!(output.status.code(), Some(0), "{}", words(&output));
    let jwt = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    Agent::hello(&hub.agents(), &jwt).await;
    let here = hub.request("GET", "/v1/agents").bearer(&jwt).send().await.expect("an answer").ok();
    assert_eq!(here["agents"].as_array().map(Vec::len), Some(1), "{here}");
    // One without the audience is not for this hub.
    let other = hub.agents().connect().await.expect("an upgrade");
    other.refused(json!({"type": "hello", "token": token::agent("jane", "agent")}), "unauthorized").await;
}

#[tokio::test]
async fn o_a_token_the_hub_would_not_take_is_not_printed() {
    let folder = folder();
    for line in
        [format!("--sub {} --name x", "s".repeat(129)), format!("--sub x --name x --workspace {}", "w".repeat(129))]
    {
        let mut command = minting(&folder, &line);
        command.env("USHER_AGENT__HS256_SECRET", token::SECRET);
        let output = run_to_its_end(command).await;
        assert_eq!(output.status.code(), Some(64), "{}", words(&output));
        assert!(output.stdout.is_empty(), "{}", words(&output));
    }
}

#[tokio::test]
async fn o_with_a_public_key_the_hub_knows_agents_but_makes_no_tokens() {
    let folder = folder();
    let pair = Ed25519KeyPair::generate().expect("a key");
    let public = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).expect("a public key");
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(public.as_ref()));
    let file = folder.path().join("agents.pem");
    std::fs::write(&file, pem).expect("a file");
    let mut command = minting(&folder, "--sub jane --name Jane");
    command.env("USHER_AGENT__PUBLIC_KEY_FILE", &file);
    let output = run_to_its_end(command).await;
    assert_eq!(output.status.code(), Some(64), "{}", words(&output));
    assert!(words(&output).contains("public") && output.stdout.is_empty(), "{}", words(&output));

    let hub = keyless().set("USHER_AGENT__PUBLIC_KEY_FILE", &file.display().to_string()).start().await;
    assert!(!hub.log().contains("#token="), "{}", hub.log());
    let private = pair.to_pkcs8().expect("a private key");
    let signing = EncodingKey::from_ed_der(private.as_ref());
    let jwt = encode(&Header::new(Algorithm::EdDSA), &token::claims("jane", "agent"), &signing).expect("a token");
    Agent::hello(&hub.agents(), &jwt).await;
    // The public key is no secret: nothing signed with it as if it were one is believed.
    let pem = std::fs::read_to_string(&file).expect("a file");
    let forged = token::signed(&pem, &token::claims("jane", "admin"));
    let other = hub.agents().connect().await.expect("an upgrade");
    other.refused(json!({"type": "hello", "token": forged}), "unauthorized").await;
}

#[tokio::test]
async fn o_token_signs_with_the_key_of_the_data_folder_when_none_is_set() {
    let hub = keyless().start().await;
    let mut command = minting(hub.folder(), "--sub jane --name Jane");
    command.env("USHER_STORE", format!("sqlite:{}", hub.folder().path().join("usher.db").display()));
    let output = run_to_its_end(command).await;
    assert_eq!(output.status.code(), Some(0), "{}", words(&output));
    Agent::hello(&hub.agents(), String::from_utf8_lossy(&output.stdout).trim()).await;
}
