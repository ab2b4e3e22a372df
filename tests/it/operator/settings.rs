//! The settings: file, environment, and every fault at once.

use crate::{
    operator::{Started, bare, folder, run_to_its_end, words},
    support::{Agent, dial::Dial, http::Request, hub::free_port, token, wait},
};

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
async fn o_a_redis_beside_a_sqlite_file_refuses_to_start_and_shows_no_password() {
    let folder = folder();
    for verb in ["check", "serve"] {
        for mesh in ["redis://:hush@127.0.0.1:1", "redis://:hush@127.0.0.1:1/first", "redis://:hu/sh@cache"] {
            let mut command = bare(&folder);
            command.arg(verb).env("USHER_MESH", mesh).env("USHER_MESH_PREFIX", "a b");
            let output = run_to_its_end(command).await;
            let said = words(&output);
            assert_eq!(output.status.code(), Some(64), "{verb}: {said}");
            assert!(said.contains("mesh: ") && said.contains("mesh_prefix: "), "{said}");
            assert!(!said.contains("hu"), "{said}");
        }
    }
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
async fn o_the_reference_of_settings_is_a_file_one_may_start_with() {
    let folder = folder();
    let mut command = bare(&folder);
    command.args(["check", "--config", concat!(env!("CARGO_MANIFEST_DIR"), "/config/usher.toml")]);
    let output = run_to_its_end(command).await;
    assert_eq!((output.status.code(), words(&output).trim()), (Some(0), "the settings are in order"));
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0, "checking leaves nothing behind");
}

#[tokio::test]
async fn o_a_command_line_that_cannot_be_understood_exits_64_and_help_0() {
    let folder = folder();
    for (line, code) in [
        ("dance", 64),
        ("--port 1", 64),
        ("serve twice", 64),
        ("check --config", 64),
        ("token", 64),
        ("token --sub jane", 64),
        ("token --sub jane --name Jane --ttl forever", 64),
        ("token --sub jane --name Jane --role owner", 64),
        ("--help", 0),
        ("help token", 0),
        ("--version", 0),
    ] {
        let mut command = bare(&folder);
        command.args(line.split(' '));
        let output = run_to_its_end(command).await;
        assert_eq!(output.status.code(), Some(code), "{line}: {}", words(&output));
        assert!(!words(&output).is_empty(), "{line}");
    }
}

#[tokio::test]
async fn o_a_file_that_is_broken_or_missing_is_a_fault_of_the_settings() {
    let folder = folder();
    let file = folder.path().join("usher.toml");
    let cases = [
        ("listen = ", "usher.toml: TOML parse error at line 1, column 10: "),
        ("[agent]\nhs256_secret = \"hush\nlisten = 'x'", "usher.toml: TOML parse error at line 2"),
        ("listen = 8080", "listen"),
        ("[limits]\nframe_burst = 1.5\nwishes = 3", "frame_burst"),
        ("[agent]\nhs256_secret = 'hush'\njwks_file = 'nowhere.json'", "jwks_file"),
        ("[identity.shop]\npublic_key_file = 'nowhere.pem'", "identity.shop.public_key_file"),
        ("[door]\ntrusted_proxies = ['everybody']", "everybody"),
        ("playbooks = 'nowhere'", "playbooks"),
        ("log = 'a=b=c'", "log"),
    ];
    for (text, told) in cases {
        std::fs::write(&file, text).expect("a file");
        for verb in ["check", "serve"] {
            let mut command = bare(&folder);
            command.args([verb, "--config", "usher.toml"]);
            let output = run_to_its_end(command).await;
            assert_eq!(output.status.code(), Some(64), "{text}: {}", words(&output));
            assert!(words(&output).contains(told), "{text}: {}", words(&output));
            assert!(!words(&output).contains("hush"), "{}", words(&output));
        }
    }
}

#[tokio::test]
async fn o_every_fault_of_every_seed_is_told_at_once() {
    let folder = folder();
    let seeds = folder.path().join("seeds");
    std::fs::create_dir(&seeds).expect("a folder");
    let good = crate::support::playbooks::live("pb_one", 20_000);
    std::fs::write(seeds.join("a.json"), good.to_string()).expect("a file");
    std::fs::write(seeds.join("b.json"), good.to_string()).expect("a file");
    std::fs::write(seeds.join("c.json"), good.to_string().replace("\"next\":\"done\"", "\"next\":\"gone\""))
        .expect("a file");
    std::fs::write(seeds.join("d.json"), "{").expect("a file");
    std::fs::write(seeds.join("e.txt"), "no seed").expect("a file");
    for verb in ["check", "serve"] {
        let mut command = bare(&folder);
        command.arg(verb).env("USHER_PLAYBOOKS", "seeds").env("USHER_LOG_FORMAT", "xml");
        let output = run_to_its_end(command).await;
        let said = words(&output);
        assert_eq!(output.status.code(), Some(64), "{said}");
        for told in ["b.json: `id`", "c.json: card `email`", "c.json: card `done`", "d.json:", "log_format"] {
            assert!(said.contains(told), "{told} is not in {said}");
        }
        assert!(!said.contains("a.json: ") && !said.contains("e.txt"), "{said}");
    }
}
