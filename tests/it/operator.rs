//! The operator's interface: starting, checking, tokens, refusing to start.

use std::{
    process::{Command, Output, Stdio},
    time::Duration,
};

use serde_json::json;
use tempfile::TempDir;

use crate::support::{
    Agent, Hub, Settings,
    dial::Dial,
    http::Request,
    hub::{free_port, signal},
    playbooks, token, wait,
};

/// The program without anything of ours in its environment.
fn bare(folder: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_usher"));
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).current_dir(folder.path());
    command.stdin(Stdio::null());
    command
}

/// Runs a program that is meant to end by itself, soon.
pub async fn run_to_its_end(mut command: Command) -> Output {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program");
    let ended = wait::try_within(Duration::from_secs(20), async || child.try_wait().expect("its state")).await;
    if ended.is_none() {
        child.kill().expect("a child to kill");
    }
    let output = child.wait_with_output().expect("its output");
    assert!(ended.is_some(), "it runs on: {}", words(&output));
    output
}

/// All it said.
pub fn words(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// A hub started by hand, until the test is over.
struct Started {
    child: std::process::Child,
    output: std::path::PathBuf,
}

// === impl Started ===

impl Started {
    fn new(mut command: Command, folder: &TempDir) -> Self {
        let output = folder.path().join("output.txt");
        let file = std::fs::File::create(&output).expect("a file");
        let child = command.stdout(file.try_clone().expect("a file")).stderr(file).spawn().expect("the program");
        Self { child, output }
    }

    fn output(&self) -> String {
        std::fs::read_to_string(&self.output).expect("its output")
    }

    /// Waits for a text it prints.
    async fn says(&mut self, text: &str) -> String {
        wait::until(&format!("{text:?} in the output"), async || {
            assert_eq!(self.child.try_wait().expect("its state"), None, "it ended: {}", self.output());
            Some(self.output()).filter(|output| output.contains(text))
        })
        .await
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The addresses in a text that begin with `http://127.0.0.1:`.
fn links(text: &str) -> Vec<String> {
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '\u{1b}' | ',' | ')');
    text.match_indices("http://127.0.0.1:")
        .map(|(at, _)| text[at..].split(ends).next().unwrap_or_default().to_owned())
        .collect()
}

#[tokio::test]
async fn o_the_first_run_prints_two_sign_in_links_that_work_and_says_what_it_is_for() {
    let folder = folder();
    let mut command = bare(&folder);
    command.env("USHER_LISTEN", "127.0.0.1:0");
    let mut hub = Started::new(command, &folder);
    let printed = hub.says("/#token=").await;
    let printed = match printed.matches("/#token=").count() {
        2.. => printed,
        _ => {
            wait::until("the second link", async || {
                Some(hub.output()).filter(|output| output.matches("/#token=").count() >= 2)
            })
            .await
        }
    };
    let links: Vec<String> = links(&printed).into_iter().filter(|link| link.contains("/#token=")).collect();
    assert_eq!(links.len(), 2, "{printed}");
    let port: u16 =
        links[0]["http://127.0.0.1:".len()..].split('/').next().and_then(|port| port.parse().ok()).expect("a port");
    assert_ne!(port, 0, "{printed}");
    let mut roles = Vec::new();
    for link in &links {
        let token = link.split("#token=").nth(1).expect("a token");
        wait::until("readiness", async || {
            Request::new(port, "GET", "/readyz").send().await.ok().filter(|answer| answer.status == 200)
        })
        .await;
        let agent = Agent::hello(&Dial::agent(port), token).await;
        roles.push(agent.welcome["agent"]["role"].as_str().expect("a role").to_owned());
    }
    roles.sort();
    assert_eq!(roles, ["admin", "agent"]);
    assert!(printed.to_lowercase().contains("try"), "it does not say that it is for trying out: {printed}");
    assert!(folder.path().join("data/usher.db").exists());
    let demo = Request::new(port, "GET", "/demo").send().await.expect("an answer");
    assert_eq!(demo.status, 200);
    signal("TERM", hub.child.id());
    let status =
        wait::within(Duration::from_secs(40), "its end", async || hub.child.try_wait().expect("its state")).await;
    assert_eq!(status.code(), Some(0));
}

#[tokio::test]
async fn o_the_trial_key_is_kept_over_restarts() {
    let folder = folder();
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let mut command = bare(&folder);
        command.env("USHER_LISTEN", "127.0.0.1:0");
        let mut hub = Started::new(command, &folder);
        let printed = hub.says("/#token=").await;
        let link = links(&printed).into_iter().find(|link| link.contains("/#token=")).expect("a link");
        let (address, token) = link.split_once("/#token=").expect("a link");
        let port: u16 = address.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
        tokens.push(token.to_owned());
        wait::until("readiness", async || {
            Request::new(port, "GET", "/readyz").send().await.ok().filter(|answer| answer.status == 200)
        })
        .await;
        // The first run's link still opens the second run.
        Agent::hello(&Dial::agent(port), &tokens[0]).await;
    }
}

#[tokio::test]
async fn o_without_a_key_it_refuses_to_listen_beyond_loopback() {
    let folder = folder();
    for verb in [&["serve"][..], &[], &["check"]] {
        let mut command = bare(&folder);
        command.args(verb).env("USHER_LISTEN", format!("0.0.0.0:{}", free_port()));
        let output = run_to_its_end(command).await;
        assert_eq!(output.status.code(), Some(64), "{verb:?}: {}", words(&output));
        assert!(words(&output).contains("loopback"), "{}", words(&output));
        assert!(!words(&output).contains("#token="));
    }
}

#[tokio::test]
async fn o_check_and_serve_report_every_fault_at_once_and_exit_64() {
    let folder = folder();
    for verb in ["check", "serve"] {
        let mut command = bare(&folder);
        command
            .arg(verb)
            .env("USHER_LISTEN", "nowhere")
            .env("USHER_AGENT__HS256_SECRET", "short")
            .env("USHER_LIMITS__FRAME_BURST", "many")
            .env("USHER_INBOX__ADMINS_SEE_ASSIGNED", "perhaps")
            .env("USHER_STORE", "papyrus:x")
            .env("USHER_LIMITS__WISHES", "3");
        let output = run_to_its_end(command).await;
        let said = words(&output);
        assert_eq!(output.status.code(), Some(64), "{verb}: {said}");
        for fault in ["listen", "hs256_secret", "frame_burst", "admins_see_assigned", "store", "wishes"] {
            assert!(said.to_lowercase().contains(fault), "{verb} does not report {fault}:\n{said}");
        }
        assert!(!said.contains("short"), "it prints a secret:\n{said}");
    }
    let mut command = bare(&folder);
    let output = run_to_its_end({
        command.arg("check").env("USHER_AGENT__HS256_SECRET", token::SECRET);
        command
    })
    .await;
    assert_eq!(output.status.code(), Some(0), "{}", words(&output));
}

#[tokio::test]
async fn o_the_environment_stands_over_the_file() {
    let folder = folder();
    let port = free_port();
    let file = folder.path().join("my.toml");
    std::fs::write(
        &file,
        format!(
            "listen = \"127.0.0.1:1\"\n[agent]\nhs256_secret = \"{}\"\n[limits]\nagent_heartbeat_ms = 1234\n",
            token::SECRET
        ),
    )
    .expect("a file");
    let mut command = bare(&folder);
    command.args(["--config", "my.toml"]).env("USHER_LISTEN", format!("127.0.0.1:{port}"));
    let _hub = Started::new(command, &folder);
    wait::until("readiness", async || {
        Request::new(port, "GET", "/readyz").send().await.ok().filter(|answer| answer.status == 200)
    })
    .await;
    let jane = Agent::hello(&Dial::agent(port), &token::agent("jane", "agent")).await;
    assert_eq!(jane.welcome["heartbeat_ms"], 1234);
    let mut missing = bare(&folder);
    missing.args(["--config", "no.toml", "check"]);
    assert_eq!(run_to_its_end(missing).await.status.code(), Some(64));
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
async fn o_a_second_process_on_the_same_file_refuses_to_start_and_the_first_goes_on() {
    let hub = Hub::start().await;
    let jane = hub.online("jane").await;
    let output = run_to_its_end(Hub::command(&Settings::new(), hub.folder(), free_port())).await;
    assert!(!matches!(output.status.code(), Some(0 | 64)), "a failed start is no usage fault: {}", words(&output));
    assert!(words(&output).contains("usher.db"), "it does not say which file: {}", words(&output));
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    jane.claim(&chat).await;
}

#[tokio::test]
async fn o_a_port_in_use_refuses_to_start_with_words() {
    let hub = Hub::start().await;
    let folder = folder();
    std::fs::create_dir(folder.path().join("playbooks")).expect("a folder");
    let output = run_to_its_end(Hub::command(&Settings::new(), &folder, hub.port)).await;
    assert!(!matches!(output.status.code(), Some(0 | 64)), "{}", words(&output));
    assert!(words(&output).contains(&hub.port.to_string()), "{}", words(&output));
}

#[tokio::test]
async fn o_an_unwritable_data_folder_refuses_to_start_with_words() {
    let folder = folder();
    // A file where the folder should be: not even root can write into it.
    std::fs::write(folder.path().join("data"), "in the way").expect("a file");
    for verb in ["check", "serve"] {
        let mut command = bare(&folder);
        command.arg(verb).env("USHER_LISTEN", format!("127.0.0.1:{}", free_port()));
        let output = run_to_its_end(command).await;
        assert!(!output.status.success(), "{verb}");
        assert!(words(&output).contains("data"), "{verb}: {}", words(&output));
    }
}

#[tokio::test]
async fn o_a_file_that_is_no_store_refuses_to_start_and_is_left_as_it_was() {
    let folder = folder();
    let path = folder.path().join("usher.db");
    std::fs::write(&path, "this is no database, it only lies where one should be".repeat(100)).expect("a file");
    std::fs::create_dir(folder.path().join("playbooks")).expect("a folder");
    let before = std::fs::read(&path).expect("a file");
    let output = run_to_its_end(Hub::command(&Settings::new(), &folder, free_port())).await;
    assert!(!output.status.success(), "{}", words(&output));
    assert_eq!(std::fs::read(&path).expect("a file"), before);
}
