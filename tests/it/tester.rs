//! The load tester against the real hub: it finds nothing where nothing is wrong, and exactly what is wrong where a
//! relay in between tampers with one frame.

use std::{net::SocketAddr, path::Path, time::Duration};

use loadtest::{
    crew::Stuff,
    dialect::Dialect,
    judge::faults::Fault,
    profile::Profile,
    report::{Report, Verdict, page, table},
    run::Run,
    server::{SECRET, Server, free_address, hub},
};
use tempfile::TempDir;

use self::tamper::{Tamper, What};
use crate::support::{Cluster, Hub, token, wait};

mod tamper;

/// A few pairs who talk for a second, several texts of each under way.
const TALK: &str = "name = 'talk'\nseconds = 1\nhomecoming = 60\nread_back = 4\n\
    [pairs]\nvisitors = 4\nagents = 2\nrate = 100\nanswer_every = 5\n";
/// A few visitors who wait the shortest time there is. Late is later than a busy machine is.
const WAIT: &str = "name = 'wait'\nseconds = 0.5\nhomecoming = 60\nwait_ms = 10_000\n\
    [waits]\nvisitors = 3\nspread = 0\nlate_ms = 50_000\n";

/// A hub of the tester's, in a folder of its own.
fn start() -> (Server, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let addr = free_address().expect("a port");
    let recipe = hub(Path::new(env!("CARGO_BIN_EXE_usher")), folder.path(), addr, None);
    let server = Server::start(recipe, folder.path(), addr).unwrap_or_else(|error| panic!("{error:#}"));
    (server, folder)
}

fn run(profile: Profile, hubs: Vec<SocketAddr>, generators: usize) -> Run {
    Run {
        profile,
        dialect: Dialect::Usher,
        hubs,
        pids: Vec::new(),
        idlers: Vec::new(),
        servers: Vec::new(),
        secret: SECRET.into(),
        stuff: Stuff::Threads,
        generators,
        core: None,
        sleepless: false,
        sources: 2,
        progress: false,
    }
}

async fn perform(run: Run, stop: impl Future<Output = ()>) -> Report {
    run.perform(stop).await.unwrap_or_else(|error| panic!("{error:#}"))
}

/// Runs a profile through a relay that tampers once; tells what the judge found.
async fn tampered(profile: &str, what: What) -> (Report, Vec<Fault>) {
    let (server, _folder) = start();
    let tamper = Tamper::before(server.addr, what).await;
    let profile = Profile::read(profile).expect("a profile");
    let report = perform(run(profile, vec![tamper.addr], 1), std::future::pending()).await;
    assert!(tamper.is_done(), "nothing was tampered with: {what:?}");
    let found = report.faults.iter().map(|(fault, _)| fault).collect();
    (report, found)
}

/// What will never come is waited for no longer than a busy machine needs for what does.
fn hasty(profile: &str) -> String {
    profile.replace("homecoming = 60", "homecoming = 30")
}

async fn expect(profile: &str, what: What, fault: Fault) {
    let (report, found) = tampered(profile, what).await;
    assert_eq!(found, [fault], "{what:?}:\n{}", table::table(&report));
    assert_eq!(report.verdict(), Verdict::Faulty);
}

#[tokio::test]
async fn j1_a_smoke_run_of_two_generators_against_the_real_hub_is_found_good() {
    let (server, _folder) = start();
    let profile = Profile::find("smoke").expect("it comes along");
    let mut run = run(profile.clone(), vec![server.addr], 2);
    run.pids = vec![server.pid()];
    let report = perform(run, std::future::pending()).await;
    let told = table::table(&report);
    assert_eq!(report.verdict(), Verdict::Good, "{told}");
    let counts = report.counts;
    let (waits, storm) = (profile.waits.expect("waits"), profile.storm.expect("a storm"));
    assert_eq!(counts.waits, waits.visitors as u64, "{told}");
    assert_eq!(counts.returns, storm.visitors as u64 * (storm.rounds as u64 - 1), "{told}");
    assert!(counts.texts > 100 && counts.fanned > 100, "{told}");
    assert!(report.figures.contains_key("kib_per_idle") && report.figures["peak_mib"] > 5.0, "{told}");
    assert!(report.times.delivery.count() > 100 && report.times.lateness.count() == counts.waits, "{told}");
    let stages: Vec<&str> = report.stages.iter().map(|stage| &*stage.name).collect();
    assert_eq!(stages, ["fanned_out", "received", "stored"], "{told}");
    assert!(page::page(&report).contains("<svg"));
}

#[tokio::test]
async fn j1_a_rolling_restart_under_load_loses_doubles_and_reorders_nothing() {
    let (server, _folder) = start();
    let profile = "name = 'deploy'\nseconds = 4\nhomecoming = 40\nread_back = 6\n[pairs]\nvisitors = 12\nagents = 3\n\
        rate = 60\nanswer_every = 3\n[idle]\nvisitors = 5\n[deploy]\nrestarts = 1\nevery = 1\n";
    let mut run = run(Profile::read(profile).expect("a profile"), vec![server.addr], 1);
    run.pids = vec![server.pid()];
    run.servers = vec![server];
    let report = perform(run, std::future::pending()).await;
    let told = table::table(&report);
    assert_eq!(report.verdict(), Verdict::Good, "{told}");
    // Everybody who is connected, the first idle visitor included.
    assert!(report.counts.returns >= 12 + 3 + 6, "{told}");
}

#[tokio::test]
async fn j1_people_on_several_hubs_talk_across_them_and_nothing_is_found() {
    let cluster = Cluster::start(2).await;
    let hubs = cluster.hubs.iter().map(|hub| SocketAddr::from(([127, 0, 0, 1], hub.port))).collect();
    let profile = "name = 'across'\nseconds = 2\nhomecoming = 60\nread_back = 8\n[pairs]\nvisitors = 16\nagents = 8\n\
        rate = 60\nanswer_every = 3\n[fanout]\nwatchers = 4\nconversations = 2\nrate = 10\n";
    let mut run = run(Profile::read(profile).expect("a profile"), hubs, 2);
    run.secret = token::SECRET.into();
    run.pids = cluster.hubs.iter().map(Hub::pid).collect();
    let report = perform(run, std::future::pending()).await;
    let told = table::table(&report);
    assert_eq!(report.verdict(), Verdict::Good, "{told}");
    assert!(report.counts.texts > 60 && report.counts.fanned > 30, "{told}");
}

#[tokio::test]
async fn j1_a_run_that_is_stopped_ends_soon_and_with_a_report() {
    let (server, _folder) = start();
    let profile = TALK.replace("seconds = 1\n", "seconds = 3600\n");
    let run = run(Profile::read(&profile).expect("a profile"), vec![server.addr], 1);
    let (tell, told) = tokio::sync::oneshot::channel::<()>();
    let stop = async { told.await.unwrap_or(()) };
    let performing = perform(run, stop);
    let stopping = async {
        wait::until("texts in the store", async || {
            let metrics = loadtest::http::ask(server.addr, "GET", "/metrics", None, None).ok()?.body;
            let events =
                metrics.lines().find_map(|line| line.strip_prefix("usher_events_total "))?.parse::<u64>().ok()?;
            (events > 100).then_some(())
        })
        .await;
        tell.send(()).expect("somebody waits");
    };
    let limit = Duration::from_secs(60);
    let (report, ()) =
        tokio::time::timeout(limit, async { tokio::join!(performing, stopping) }).await.expect("its end");
    assert!(report.cut_short);
    assert_eq!(report.verdict(), Verdict::CutShort, "{}", table::table(&report));
}

#[tokio::test]
async fn j2_through_a_relay_that_changes_nothing_nothing_is_found() {
    let (report, found) = tampered(TALK, What::Nothing).await;
    assert_eq!(found, [], "{}", table::table(&report));
}

#[tokio::test]
async fn j2_a_frame_that_is_dropped_on_the_way_is_a_lost_text() {
    expect(&hasty(TALK), What::DropText, Fault::Lost).await;
}

#[tokio::test]
async fn j2_a_reply_that_is_dropped_on_the_way_is_a_lost_text() {
    expect(&hasty(TALK), What::DropReply, Fault::Lost).await;
}

#[tokio::test]
async fn j2_a_frame_that_comes_twice_is_a_doubled_text() {
    expect(TALK, What::DoubleText, Fault::Doubled).await;
}

#[tokio::test]
async fn j2_a_frame_that_is_overtaken_by_the_next_is_a_reordered_text() {
    expect(TALK, What::SwapTexts, Fault::Reordered).await;
}

#[tokio::test]
async fn j2_a_frame_that_another_agent_is_shown_is_a_leaked_text() {
    expect(TALK, What::LeakText, Fault::Leaked).await;
}

#[tokio::test]
async fn j2_an_end_of_a_wait_that_never_comes_is_late() {
    expect(&hasty(WAIT), What::DropEnd, Fault::Late).await;
}

#[tokio::test]
async fn j2_an_end_of_a_wait_that_comes_twice_is_found() {
    expect(WAIT, What::DoubleEnd, Fault::EndedTwice).await;
}

#[tokio::test]
async fn j2_a_deadline_that_is_not_the_profiles_is_late() {
    expect(WAIT, What::PostponeDeadline, Fault::Late).await;
}
