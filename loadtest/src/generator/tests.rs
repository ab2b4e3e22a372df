//! What a generator does without a server, or with one that has gone.

use std::net::SocketAddr;

use super::*;
use crate::judge::faults::{Fault, Faults};
use crate::profile::Profile;

/// A scene before a port where nobody listens.
pub(super) fn scene(profile: &str) -> Rc<Scene> {
    Scene::new(order(profile))
}

/// What was blamed so far.
pub(super) fn faults(scene: &Scene) -> Faults {
    scene.judge.take().verdict(true)
}

fn order(profile: &str) -> Order {
    Order {
        profile: Profile::read(&format!("name = 'x'\nseconds = 1\n{profile}")).unwrap(),
        dialect: Dialect::Usher,
        hubs: vec![SocketAddr::from(([127, 0, 0, 1], 9))],
        run: 7,
        worker: 0,
        workspace: "load".into(),
        playbook: "pb_1".into(),
        secret: "x".repeat(32),
        sources: 0,
        core: None,
        sleepless: false,
    }
}

const IDLE: &str = "[idle]\nvisitors = 1\n";
const STORM: &str = "[storm]\nvisitors = 3\nrounds = 2\nat_once = 2\n";
const WAITS: &str = "[waits]\nvisitors = 2\nspread = 0\nlate_ms = 1000\n";

#[test]
fn j2_who_waits_for_ends_listens_for_seconds_whether_one_comes_again() {
    assert!(tail(&order(WAITS), false) >= Duration::from_secs(3));
    assert!(tail(&order(IDLE), false) >= Duration::from_secs(1), "texts as well");
    let peer = Order { dialect: Dialect::Plain, ..order(IDLE) };
    let least = Duration::from_millis(100);
    assert_eq!([tail(&peer, false), tail(&order(WAITS), true)], [least; 2]);
}

#[tokio::test(start_paused = true)]
async fn j1_a_run_that_is_stopped_behind_its_window_waits_no_longer_for_what_is_under_way() {
    let scene = scene(&format!("homecoming = 600\n{IDLE}"));
    let lane = scene.judge.borrow_mut().lane(FIRST_VISITOR, true);
    scene.judge.borrow_mut().sent(lane);
    let (tell, mut stand) = watch::channel(Stand::Going);
    let (mut told, began) = (Vec::new(), Instant::now());
    let mut say = Say::new(&mut told);
    let stop = async {
        sleep(Duration::from_secs(5)).await;
        tell.send_replace(Stand::Stopped);
    };
    let (cut_short, ()) = tokio::join!(bring_home(&scene, &mut stand, &mut say, false), stop);
    assert!(cut_short.unwrap());
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[tokio::test]
async fn j2_a_hub_that_has_gone_in_the_window_is_a_fault_and_no_end_of_the_run() {
    let scene = scene(STORM);
    scene.open(Duration::ZERO, Duration::from_secs(1));
    storm::perform(&scene, scene.order.profile.storm.as_ref().unwrap()).await.unwrap();
    assert_eq!(faults(&scene).count(Fault::Cut), 3, "nobody comes to the second round");
    let scene = tests::scene(WAITS);
    let waiting = waits::Waiting::alone(&scene);
    waiting.perform(&scene, scene.order.profile.waits.as_ref().unwrap()).await.unwrap();
    assert_eq!(faults(&scene).count(Fault::Cut), 2);
}
