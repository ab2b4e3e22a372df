//! The wires keep what a mesh promises, and break it only as they are told.

use super::*;

async fn heard(wire: &Wire) -> Option<Heard> {
    tokio::time::timeout(Duration::from_secs(5), wire.heard()).await.ok()
}

fn said(from: &Wire, body: &'static str) -> Heard {
    Heard::Said { from: from.node.clone(), workspace: "w".into(), body: body.into() }
}

#[tokio::test(start_paused = true)]
async fn d4_the_wires_carry_what_is_said_to_those_who_joined_in_the_order_of_each_speaker() {
    let wires = Wires::new(1);
    wires.faults(Faults { delay: Duration::from_millis(50), ..Faults::default() });
    let [one, two, far] = ["n_1", "n_2", "n_3"].map(|name| wires.node(name));
    for wire in [&one, &two] {
        assert!(wire.join(&"w".into()).await);
    }
    far.join(&"other".into()).await;
    for body in ["a", "b", "c"] {
        one.say(&"w".into(), body.into());
    }
    for body in ["a", "b", "c"] {
        assert_eq!(heard(&two).await, Some(said(&one, body)));
    }
    assert_eq!((heard(&one).await, heard(&far).await), (None, None), "nobody hears themselves, or what is not theirs");
    two.part(&"w".into());
    one.say(&"w".into(), "d".into());
    assert_eq!(heard(&two).await, None);
}

#[tokio::test(start_paused = true)]
async fn d7_a_deaf_node_knows_after_its_probe_and_is_told_of_the_gap() {
    let wires = Wires::new(1);
    let [one, two] = ["n_1", "n_2"].map(|name| wires.node(name));
    two.join(&"w".into()).await;
    wires.deafen(&two.node, true);
    one.say(&"w".into(), "lost".into());
    assert_eq!(two.health(), Health::Well);
    assert_eq!(heard(&two).await, Some(Heard::Health(Health::Deaf)));
    assert_eq!(two.health(), Health::Deaf);
    assert!(two.leases().await.is_err());
    assert!(!two.join(&"v".into()).await);
    wires.heal(&two.node);
    one.say(&"v".into(), "found".into());
    let Some(Heard::Said { body, .. }) = heard(&two).await else { panic!("not heard") };
    assert_eq!(body, "found");
    assert_eq!(heard(&two).await, Some(Heard::Health(Health::Well)));
    assert_eq!(heard(&two).await, Some(Heard::Gap));
}

#[tokio::test(start_paused = true)]
async fn pr1_a_lease_stands_until_it_runs_out_or_is_given_back() {
    let wires = Wires::new(1);
    let [one, two] = ["n_1", "n_2"].map(|name| wires.node(name));
    one.renew("roster".into()).await.unwrap();
    assert_eq!(two.leases().await.unwrap()[0].roster, "roster");
    assert!(one.leases().await.unwrap().is_empty());
    wires.cut(&one.node);
    tokio::time::advance(LEASE).await;
    assert!(two.leases().await.unwrap().is_empty());
    two.renew("roster".into()).await.unwrap();
    wires.wipe();
    let three = wires.node("n_3");
    assert!(three.leases().await.unwrap().is_empty());
}
