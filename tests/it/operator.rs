//! The operator's interface: starting, checking, tokens, refusing to start.

mod built;
mod refusals;
mod settings;
mod tokens;

use std::{
    process::{Command, Output, Stdio},
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    Agent, Hub, Settings, Visitor,
    dial::Dial,
    http::Request,
    hub::{free_port, signal},
    playbooks,
    raw::Raw,
    token, wait,
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
async fn o_a_second_sigterm_does_not_wait_for_a_reader_who_does_not_read() {
    let mut hub = Settings::new().limit("OUTBOUND_BYTES", 65_536).start().await;
    let jane = hub.online("jane").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    jane.claim(&chat).await;
    let mut dial = hub.agents();
    dial.receive_buffer = Some(4096);
    let mut stalled = Raw::open(&dial).await;
    stalled.text(&json!({"type": "hello", "id": 1, "token": token::agent("jane", "agent")}).to_string()).await;
    stalled.until(|frame| frame["ok"] == true).await;
    let text = "x".repeat(16_000);
    for n in 0..40 {
        visitor.say(&chat, &format!("k{n}"), &text).await;
    }
    jane.event(&chat, |event| event["key"] == "k39").await;
    hub.terminate();
    wait::until("the drain", async || {
        hub.request("GET", "/readyz").send().await.ok().filter(|answer| answer.status == 503)
    })
    .await;
    hub.terminate();
    let status = hub.exit(Duration::from_secs(5)).await;
    assert_eq!(status.code(), Some(1), "not everybody was sent away");
    // What was acknowledged is there all the same.
    hub.restart().await;
    let events = hub.agent("jane").await.open(&chat).await["events"].clone();
    assert!(events.as_array().is_some_and(|events| events.iter().any(|event| event["key"] == "k39")), "{events}");
}

#[tokio::test]
async fn o_every_line_of_the_log_names_the_node() {
    let folder = folder();
    for format in ["json", "text"] {
        let mut command = bare(&folder);
        command.env("USHER_LISTEN", "127.0.0.1:0").env("USHER_NODE", "hub \"7\"").env("USHER_LOG_FORMAT", format);
        let mut hub = Started::new(command, &folder);
        hub.says("/demo").await;
        signal("TERM", hub.child.id());
        wait::within(Duration::from_secs(40), "its end", async || hub.child.try_wait().expect("its state")).await;
        let output = hub.output();
        let lines: Vec<&str> = output.lines().filter(|line| line.contains("draining")).collect();
        assert!(!lines.is_empty() && !output.contains('\u{1b}'), "{output}");
        for line in lines {
            match format {
                "json" => {
                    let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
                    assert_eq!(line["node"], "hub \"7\"");
                    assert!(line["timestamp"].is_string() && line["level"] == "INFO", "{line}");
                }
                _ => assert!(line.starts_with("hub \"7\" 20"), "{line}"),
            }
        }
    }
}

#[tokio::test]
async fn s3_no_secret_token_or_text_is_logged_whatever_is_asked_of_the_log() {
    let secret = "the visitors' key of this test, long enough too";
    let hub = Settings::new().set("USHER_LOG", "trace").set("USHER_VISITOR__SECRET", secret).start().await;
    let jane = hub.online("jane").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    jane.claim(&chat).await;
    visitor.say(&chat, "k", "canary-text").await;
    jane.event(&chat, |event| event["key"] == "k").await;
    let mut greeting = Visitor::greeting(playbooks::LIVE);
    greeting["identity"] = json!(token::identity("canary-subject", "canary-name"));
    Visitor::hello_with(&hub.visitors(), greeting).await;
    hub.get("/v1/conversations?folder=mine&query=canary", "jane").await.ok();
    hub.request("GET", "/v1/agents")
        .bearer("canary.of.nobody")
        .send()
        .await
        .expect("an answer")
        .problem(401, "unauthorized");
    let log = hub.log();
    assert!(log.contains("TRACE") || log.contains("DEBUG"), "the log is not that open: {log}");
    for secret in
        [token::SECRET, token::SITE_SECRET, secret, "canary", visitor.token().as_str().expect("a token"), "eyJ"]
    {
        assert!(!log.contains(secret), "{secret} is in the log: {log}");
    }
}

#[tokio::test]
async fn o_restored_gives_the_store_a_new_epoch_when_no_hub_runs_on_it() {
    let mut hub = Settings::new().start().await;
    let before = hub.visitor(playbooks::LIVE).await.welcome["epoch"].clone();
    let restored = |hub: &Hub| {
        let mut command = Hub::command(&Settings::new(), hub.folder(), free_port());
        command.arg("restored");
        command
    };
    let refused = run_to_its_end(restored(&hub)).await;
    assert_eq!(refused.status.code(), Some(1), "{}", words(&refused));
    assert!(words(&refused).contains("in use by another process"), "{}", words(&refused));
    hub.terminate();
    hub.exit(Duration::from_secs(40)).await;
    let done = run_to_its_end(restored(&hub)).await;
    assert_eq!(done.status.code(), Some(0), "{}", words(&done));
    hub.restart().await;
    let epoch = hub.visitor(playbooks::LIVE).await.welcome["epoch"].clone();
    assert_ne!(epoch, before);
    assert!(words(&done).contains(epoch.as_str().expect("an epoch")), "{}", words(&done));
}
