//! A seeded simulation: hubs upon one store, a mesh that loses, delays and doubles, nodes that are killed, frozen or
//! deaf, a store that fails and loses its answers; visitors and agents who do anything at all, on any node. Afterwards
//! everything is healed, and whatever the hub promises is judged by the store's logs.
//!
//! All chance comes from the seed, and time stands still but for what is waited for: a seed run twice does the same.
//! A seed that ever failed stays in `simulation/seeds.txt` and is run first.

use std::panic::{AssertUnwindSafe, catch_unwind};

use self::{trace::Trace, world::World};

mod acts;
mod faults;
mod judge;
mod people;
mod trace;
mod world;

/// Seeds that failed once.
const KEPT: &str = include_str!("simulation/seeds.txt");
/// Where they are kept.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/hub/tests/simulation/seeds.txt");
/// Seeds of one test; four of them share the work.
const SEEDS: u64 = 500;

/// Lives one seed through, to the end or until all is judged; the trace of what happened.
fn live(seed: u64, to_the_end: bool, lines: bool) -> Trace {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime");
    let trace = runtime.block_on(async {
        let mut world = World::new(seed, lines).await;
        world.live().await;
        world.calm_down().await;
        world.judge().await;
        if to_the_end {
            world.go_home().await;
        }
        world.trace
    });
    // Whatever waits for a node that is gone would wait for ever.
    runtime.shutdown_background();
    trace
}

/// Runs a seed twice; what was wrong. What failed is kept for ever.
fn run(seed: u64) -> Option<String> {
    let hashes = catch_unwind(AssertUnwindSafe(|| [live(seed, true, false).hash(), live(seed, false, false).hash()]));
    let fault = match hashes {
        Ok([once, again]) if once == again => return None,
        Ok(_) => "went differently the second time".to_owned(),
        Err(panic) => {
            let words = panic.downcast_ref::<String>().cloned();
            words.or_else(|| panic.downcast_ref::<&str>().map(|words| (*words).to_owned())).unwrap_or_default()
        }
    };
    keep(seed);
    Some(format!("seed {seed}: {fault}"))
}

fn keep(seed: u64) {
    if KEPT.lines().all(|line| line.trim() != seed.to_string()) {
        let kept = std::fs::read_to_string(FILE).unwrap_or_default();
        std::fs::write(FILE, format!("{kept}{seed}\n")).expect("the seed is kept");
    }
}

/// The share of one test among four: the kept seeds first.
fn share(which: u64) {
    if let Ok(seed) = std::env::var("USHER_SEED") {
        let seed = seed.parse().expect("a number");
        if which == 0 {
            let trace = live(seed, true, std::env::var("USHER_TRACE").is_ok());
            assert_eq!(trace.hash(), live(seed, false, false).hash(), "it goes differently the second time");
        }
        return;
    }
    let kept = KEPT.lines().filter_map(|line| line.trim().parse::<u64>().ok()).filter(|seed| seed % 4 == which);
    // More, and others, before a release.
    let number = |name: &str| std::env::var(name).ok().and_then(|number| number.parse().ok());
    let (from, many) = (number("USHER_SEEDS_FROM").unwrap_or(0), number("USHER_SEEDS").unwrap_or(SEEDS));
    let faults: Vec<String> = kept.chain((from..from + many).map(|n| n * 4 + which)).filter_map(run).collect();
    let told = faults.join("\n");
    assert!(faults.is_empty(), "{told}\nrun one alone with USHER_SEED; USHER_TRACE=1 prints what happened");
}

#[test]
fn d7_whatever_happens_to_nodes_mesh_and_store_every_promise_holds_first_quarter() {
    share(0);
}

#[test]
fn d7_whatever_happens_to_nodes_mesh_and_store_every_promise_holds_second_quarter() {
    share(1);
}

#[test]
fn d7_whatever_happens_to_nodes_mesh_and_store_every_promise_holds_third_quarter() {
    share(2);
}

#[test]
fn d7_whatever_happens_to_nodes_mesh_and_store_every_promise_holds_last_quarter() {
    share(3);
}
