//! The program itself, as processes: several generators against our own relay.

use std::path::{Path, PathBuf};

use loadtest::{
    crew::Stuff,
    dialect::Dialect,
    profile::Profile,
    report::{Verdict, table},
    run::Run,
    server::{Ready, Recipe, Server, free_address},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_loadtest");

fn relay() -> (Server, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let addr = free_address().unwrap();
    let recipe = Recipe {
        name: "relay".into(),
        program: PathBuf::from(PROGRAM),
        arguments: vec!["relay".into(), "--port".into(), addr.port().to_string()],
        environment: Vec::new(),
        core: None,
        ready: Ready::Listens,
    };
    (Server::start(recipe, folder.path(), addr).unwrap(), folder)
}

#[tokio::test]
async fn j1_several_generator_processes_share_a_profile_and_are_merged() {
    let (relay, _folder) = relay();
    let profile = "name = 'two'\nseconds = 1\nhomecoming = 60\n[pairs]\nvisitors = 11\nagents = 3\nrate = 100\n\
        [fanout]\nwatchers = 5\nconversations = 3\nrate = 20\n[idle]\nvisitors = 7\n[storm]\nvisitors = 9\nrounds = 2\nat_once = 4\n";
    let run = Run {
        profile: Profile::read(profile).unwrap(),
        dialect: Dialect::Plain,
        hubs: vec![relay.addr],
        pids: vec![relay.pid()],
        idlers: Vec::new(),
        servers: Vec::new(),
        secret: String::new(),
        stuff: Stuff::Processes(PathBuf::from(PROGRAM)),
        generators: 3,
        core: None,
        sleepless: false,
        sources: 3,
        progress: false,
    };
    let report = run.perform(std::future::pending()).await.unwrap();
    let told = table::table(&report);
    assert_eq!(report.verdict(), Verdict::Good, "{told}");
    // Each generator has a first idle visitor beside its share.
    let joins = 11 + 3 + (5 + 3) + (7 + 3) + 2 * 9;
    assert_eq!(report.counts.joins, joins, "{told}");
    assert!((95..=103).contains(&report.counts.texts), "{told}");
    assert_eq!(report.counts.returns, 9, "{told}");
    assert!(report.figures.contains_key("kib_per_idle") && report.figures["peak_mib"] > 1.0, "{told}");
}

#[tokio::test]
async fn j1_a_generator_that_dies_is_no_silent_success() {
    let (relay, _folder) = relay();
    let run = Run {
        profile: Profile::read("name = 'x'\nseconds = 1\n[idle]\nvisitors = 1\n").unwrap(),
        dialect: Dialect::Plain,
        hubs: vec![relay.addr],
        pids: Vec::new(),
        idlers: Vec::new(),
        servers: Vec::new(),
        secret: String::new(),
        stuff: Stuff::Processes(Path::new("/bin/true").to_owned()),
        generators: 1,
        core: None,
        sleepless: false,
        sources: 0,
        progress: false,
    };
    let error = run.perform(std::future::pending()).await.unwrap_err();
    assert!(format!("{error:#}").contains("generator") || format!("{error:#}").contains("pipe"), "{error:#}");
}
