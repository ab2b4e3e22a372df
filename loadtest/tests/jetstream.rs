//! Generators against a real nats-server, which `tests/run` installs.

use std::path::Path;

use loadtest::{
    crew::Stuff,
    dialect::Dialect,
    judge::faults::Fault,
    profile::Profile,
    report::{Report, Verdict, table},
    run::Run,
    server::Server,
    versus::jetstream,
};

fn programs() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/peers"))
}

fn perform(server: &Server, profile: &str, generators: usize) -> Report {
    let run = Run {
        profile: Profile::read(profile).unwrap(),
        dialect: Dialect::Nats,
        hubs: vec![server.addr],
        pids: vec![server.pid()],
        idlers: Vec::new(),
        servers: Vec::new(),
        secret: String::new(),
        stuff: Stuff::Threads,
        generators,
        core: None,
        sleepless: false,
        sources: 0,
        progress: false,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(run.perform(std::future::pending())).unwrap()
}

#[test]
fn j4_jetstream_stores_delivers_and_acknowledges_and_nothing_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let server = jetstream::start(programs(), folder.path(), None).unwrap();
    let profile = "name = 'nats'\nseconds = 1\nhomecoming = 60\n[pairs]\nvisitors = 11\nagents = 3\nrate = 100\n\
        [fanout]\nwatchers = 5\nconversations = 2\nrate = 20\n[idle]\nvisitors = 7\n[storm]\nvisitors = 9\nrounds = 2\nat_once = 4\n";
    let report = perform(&server, profile, 2);
    let told = table::table(&report);
    assert_eq!(report.verdict(), Verdict::Good, "{told}");
    assert!((95..=103).contains(&report.counts.texts), "{told}");
    assert!((45..=55).contains(&report.counts.fanned), "{told}");
    assert_eq!(report.counts.returns, 9, "{told}");
}

#[test]
fn j4_without_a_stream_nats_acknowledges_nothing_which_is_called_lost() {
    let folder = tempfile::tempdir().unwrap();
    let server = jetstream::start_bare(programs(), folder.path(), None).unwrap();
    let profile = "name = 'nats'\nseconds = 1\nhomecoming = 1\n[pairs]\nvisitors = 2\nagents = 1\nrate = 20\n";
    let report = perform(&server, profile, 1);
    let told = table::table(&report);
    assert_eq!(report.verdict(), Verdict::Faulty, "{told}");
    assert!(report.faults.count(Fault::Lost) >= 19, "{told}");
}
