use super::*;
use crate::chat::event::{Author, Event, What};

fn text(seq: u64, text: &str) -> Arc<Entry> {
    let what = What::Message { key: Some("k".into()), text: text.into(), rich: None };
    Entry::new(Event { seq: Seq(seq), at: Millis(seq as i64), by: Author::Visitor, what })
}

fn moved(fill: Vec<Arc<Entry>>) -> Moved {
    Moved {
        conversation: "c_1".into(),
        after: Seq(6),
        after_at: Millis(6),
        head: Seq(7),
        at: Millis(7),
        sight: Sight::Owner("jane".into()),
        waited: true,
        row: false,
        counts: vec![FolderSize { folder: FolderKey::Mine("jane".into()), count: 3, version: 9 }],
        rings: vec![Bell { agent: "jane".into(), node: "n_1".into(), session: "s_1".into() }],
        fill: Fill(fill),
    }
}

fn heard(frame: &NodeFrame) -> NodeFrame {
    let word = NodeWord::decode(&frame.encode(41)).unwrap();
    assert_eq!(word.number, 41);
    word.frame.expect("a kind it knows")
}

#[test]
fn d4_a_hint_is_heard_as_it_was_said_with_the_events_byte_for_byte() {
    let said = NodeFrame::Moved(moved(vec![text(7, "hällo \u{1F600} \" \\ \u{2028}")]));
    let NodeFrame::Moved(heard) = heard(&said) else { panic!("another kind") };
    let NodeFrame::Moved(said) = said else { unreachable!() };
    assert_eq!(heard, said);
    assert_eq!(heard.fill.0[0].json(), said.fill.0[0].json());
}

#[test]
fn d4_events_too_large_to_travel_leave_the_position() {
    let large = vec![text(7, &"x".repeat(16 * 1024)), text(8, &"y".repeat(16 * 1024))];
    assert!(Fill::of(&large).is_empty());
    assert_eq!(Fill::of(&large[..1]).0.len(), 1);
}

#[test]
fn l4_a_kind_a_node_does_not_know_is_passed_over_and_counted() {
    let word = NodeWord::decode(br#"[1,7,"telepathy",{"a":[1,2]}]"#).unwrap();
    assert_eq!(word, NodeWord { number: 7, frame: None });
}

#[test]
fn l4_a_member_a_node_does_not_know_is_passed_over_and_one_left_out_has_its_default() {
    let word = NodeWord::decode(
        br#"[1,7,"moved",{"conversation":"c_1","after":1,"head":2,"at":5,"sight":"everybody","mood":"good"}]"#,
    );
    let Some(NodeFrame::Moved(moved)) = word.unwrap().frame else { panic!("another kind") };
    assert_eq!((moved.sight, moved.waited, moved.fill.is_empty()), (Sight::Everybody, false, true));
}

#[test]
fn l4_an_event_only_a_newer_node_knows_leaves_the_position() {
    let newer = r#"[1,7,"moved",{"conversation":"c_1","after":1,"head":2,"at":5,"sight":"admins","fill":[
        {"seq":2,"at":5,"by":{"kind":"bot"},"type":"hologram"}]}]"#;
    let Some(NodeFrame::Moved(moved)) = NodeWord::decode(newer.as_bytes()).unwrap().frame else { panic!("none") };
    assert!(moved.fill.is_empty());
}

#[test]
fn l4_a_word_of_another_version_says_so_whatever_its_places_are() {
    for word in [&br#"[2,7,"moved",{}]"#[..], br#"[2,{"n":1}]"#] {
        assert!(matches!(NodeWord::decode(word), Err(NodeFault::Version(2))));
    }
    for word in [&b"[1,7]"[..], b"{}", b"\xff", b"", br#"[1,7,"moved",{}]"#] {
        assert!(matches!(NodeWord::decode(word), Err(NodeFault::Malformed(_))));
    }
}
