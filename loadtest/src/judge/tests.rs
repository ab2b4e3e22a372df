//! A fake log for every kind of fault.

use super::*;
use crate::generator::FIRST_VISITOR;

const AGENT: u32 = 3;
const OTHER: u32 = 4;
const VISITOR: u32 = FIRST_VISITOR + 1;

/// A lane on which so many texts were sent, with one reader.
fn lane(sent: u64) -> (Judge, u32) {
    let mut judge = Judge::default();
    let lane = judge.lane(VISITOR, true);
    judge.reader(lane, AGENT);
    (0..sent).for_each(|_| assert!(judge.sent(lane) > 0));
    (judge, lane)
}

/// Answers all of them, in order.
fn answer(judge: &mut Judge, lane: u32, sent: u64) {
    for number in 1..=sent {
        assert!(judge.acknowledged(lane, Some(number), Some(number + 10), false));
    }
}

fn show(judge: &mut Judge, lane: u32, numbers: &[u64]) {
    for &number in numbers {
        judge.shown(lane, AGENT, number, None, Way::Push);
    }
}

fn end(at: u64, heard: u64, expired: bool) -> End {
    End { at, heard, doubt: 0, expired }
}

/// A wait that the server tells to end then, ten seconds after it began.
fn wait_until(judge: &mut Judge, deadline: u64) -> usize {
    let wait = judge.waiting(deadline - 20);
    judge.announced(wait, begin(deadline - 10_000, deadline));
    wait
}

/// What is told of a wait of ten seconds, at once.
fn begin(at: u64, deadline: u64) -> Begin {
    Begin { at, deadline, wait_ms: 10_000, heard: at + 20 }
}

/// The one kind of fault there is, and how often.
fn only(faults: &Faults) -> (Fault, u64) {
    let all: Vec<_> = faults.iter().collect();
    let [(fault, found)] = all[..] else { panic!("one kind was expected: {faults:?}") };
    (fault, found.count)
}

#[test]
fn j2_a_faultless_log_is_found_faultless() {
    let (mut judge, lane) = lane(4);
    show(&mut judge, lane, &[1, 2, 3, 4]);
    answer(&mut judge, lane, 4);
    judge.read_back(lane, &[1, 1, 1, 1]);
    let wait = wait_until(&mut judge, 10_000);
    assert_eq!(judge.under_way(), 1);
    assert_eq!(judge.ended(wait, end(10_000, 10_007, true), 100), Some(Ended { late_ms: 7 }));
    assert_eq!(judge.under_way(), 0);
    assert_eq!(judge.verdict(false), Faults::default());
}

#[test]
fn j2_a_text_that_is_not_shown_is_lost() {
    let (mut judge, lane) = lane(4);
    answer(&mut judge, lane, 4);
    show(&mut judge, lane, &[1, 3]);
    assert_eq!(judge.under_way(), 2);
    assert_eq!(only(&judge.verdict(false)), (Fault::Lost, 2));
}

#[test]
fn j2_a_text_that_is_not_answered_is_lost() {
    let (mut judge, lane) = lane(3);
    answer(&mut judge, lane, 2);
    show(&mut judge, lane, &[1, 2, 3]);
    assert_eq!(only(&judge.verdict(false)), (Fault::Lost, 1));
}

#[test]
fn j2_an_answered_text_that_is_not_in_the_log_is_lost_and_one_that_is_there_twice_is_doubled() {
    let (mut judge, lane) = lane(3);
    answer(&mut judge, lane, 3);
    show(&mut judge, lane, &[1, 2, 3]);
    judge.read_back(lane, &[1, 0, 3]);
    let faults = judge.verdict(false);
    assert_eq!((faults.count(Fault::Lost), faults.count(Fault::Doubled)), (1, 2));
}

#[test]
fn j2_a_text_that_is_shown_again_is_doubled() {
    let (mut judge, lane) = lane(2);
    answer(&mut judge, lane, 2);
    show(&mut judge, lane, &[1, 1, 2]);
    assert_eq!(only(&judge.verdict(false)), (Fault::Doubled, 1));
}

#[test]
fn j2_a_text_that_is_answered_again_is_doubled() {
    let (mut judge, lane) = lane(2);
    answer(&mut judge, lane, 2);
    show(&mut judge, lane, &[1, 2]);
    assert!(!judge.acknowledged(lane, Some(1), Some(11), false));
    assert_eq!(only(&judge.verdict(false)), (Fault::Doubled, 1));
}

#[test]
fn j2_a_text_that_overtakes_another_is_reordered_and_neither_is_lost() {
    let (mut judge, lane) = lane(4);
    answer(&mut judge, lane, 4);
    show(&mut judge, lane, &[1, 3, 2, 4]);
    assert_eq!(only(&judge.verdict(false)), (Fault::Reordered, 1));
}

#[test]
fn j2_a_seq_that_does_not_rise_is_reordered_for_reader_and_author() {
    let (mut judge, lane) = lane(2);
    assert!(judge.shown(lane, AGENT, 1, Some(9), Way::Push));
    judge.shown(lane, AGENT, 2, Some(9), Way::Push);
    judge.acknowledged(lane, Some(1), Some(9), false);
    judge.acknowledged(lane, Some(2), Some(8), false);
    assert_eq!(only(&judge.verdict(false)), (Fault::Reordered, 2));
}

#[test]
fn j2_a_text_shown_to_somebody_whose_it_is_not_is_leaked() {
    let (mut judge, lane) = lane(1);
    answer(&mut judge, lane, 1);
    show(&mut judge, lane, &[1]);
    judge.shown(lane, OTHER, 1, None, Way::Push);
    judge.shown(lane, VISITOR + 1, 1, None, Way::Page);
    let faults = judge.verdict(false);
    assert_eq!(only(&faults), (Fault::Leaked, 2));
    let examples: Vec<&String> = faults.iter().flat_map(|(_, found)| &found.examples).collect();
    assert_eq!(examples, ["lane 0: text 1 was shown to agent 4", "lane 0: text 1 was shown to visitor 2"]);
}

#[test]
fn j2_a_text_that_was_never_sent_is_garbled() {
    let (mut judge, lane) = lane(1);
    answer(&mut judge, lane, 1);
    show(&mut judge, lane, &[1, 2]);
    judge.shown(77, AGENT, 1, None, Way::Push);
    assert_eq!(only(&judge.verdict(false)), (Fault::Garbled, 2));
}

#[test]
fn j2_a_page_fills_what_a_lost_connection_missed_and_may_repeat_what_is_known() {
    let (mut judge, lane) = lane(5);
    answer(&mut judge, lane, 5);
    show(&mut judge, lane, &[1, 2]);
    for number in [2, 3, 4] {
        judge.shown(lane, AGENT, number, Some(number + 10), Way::Page);
    }
    show(&mut judge, lane, &[5]);
    assert_eq!(judge.verdict(false), Faults::default());
}

#[test]
fn j2_a_page_that_is_turned_round_or_holds_a_text_twice_is_reordered_and_the_next_page_begins_anew() {
    let (mut judge, lane) = lane(6);
    answer(&mut judge, lane, 6);
    for (page, wrong) in [(&[1, 2, 3, 4][..], 0), (&[2, 3, 4, 5], 0), (&[6, 5, 6, 6], 2)] {
        judge.page();
        let before = judge.faults.count(Fault::Reordered);
        for number in page {
            judge.shown(lane, AGENT, *number, Some(number + 10), Way::Page);
        }
        assert_eq!(judge.faults.count(Fault::Reordered) - before, wrong, "{page:?}");
    }
    assert_eq!(only(&judge.verdict(false)), (Fault::Reordered, 2));
}

#[test]
fn j2_a_place_that_is_told_otherwise_to_author_and_reader_is_reordered() {
    let (mut judge, lane) = lane(3);
    judge.shown(lane, AGENT, 1, Some(11), Way::Push);
    assert!(judge.acknowledged(lane, Some(1), Some(111), false));
    judge.acknowledged(lane, Some(2), Some(112), false);
    judge.shown(lane, AGENT, 2, Some(112), Way::Push);
    judge.acknowledged(lane, Some(3), Some(113), true);
    judge.shown(lane, AGENT, 3, Some(114), Way::Page);
    assert_eq!(only(&judge.verdict(false)), (Fault::Reordered, 2));
}

#[test]
fn j2_places_are_remembered_of_the_newest_texts_only() {
    let (mut judge, lane) = lane(200_000);
    for number in 1..=200_000 {
        judge.acknowledged(lane, Some(number), Some(number), false);
    }
    judge.shown(lane, AGENT, 1, Some(7), Way::Page);
    assert!(judge.faults.is_empty(), "who tells it again after so long is believed");
    judge.shown(lane, AGENT, 199_999, Some(7), Way::Page);
    assert_eq!(judge.faults.count(Fault::Reordered), 1);
}

/// A log of one lane that is read back in these pages, the newest first; tells the faults.
fn read(pages: &[&[(u64, Said)]]) -> Faults {
    let (mut judge, lane) = lane(4);
    answer(&mut judge, lane, 4);
    show(&mut judge, lane, &[1, 2, 3, 4]);
    let mut log = Log::of(&[lane]);
    for page in pages {
        let entries: Vec<Entry> = page.iter().map(|&(seq, said)| Entry { seq, said }).collect();
        judge.log_page(&mut log, &entries);
    }
    judge.log_read(&log);
    judge.verdict(false)
}

#[test]
fn j2_a_log_that_is_read_back_in_order_is_found_faultless() {
    let newest = [(13, Said::Text(0, 3)), (14, Said::Text(0, 4))];
    let oldest = [(10, Said::Event), (11, Said::Text(0, 1)), (12, Said::Text(0, 2))];
    assert_eq!(read(&[&newest, &oldest, &[]]), Faults::default());
}

#[test]
fn j2_a_log_that_is_read_back_out_of_order_is_reordered() {
    let texts = |numbers: [u64; 4]| [11, 12, 13, 14].map(|seq| (seq, Said::Text(0, numbers[seq as usize - 11])));
    assert_eq!(only(&read(&[&texts([1, 3, 2, 4])])), (Fault::Reordered, 1), "in a page");
    let turned = texts([3, 4, 1, 2]);
    assert_eq!(only(&read(&[&turned[2..], &turned[..2]])), (Fault::Reordered, 2), "from page to page");
    let mut seqs = texts([1, 2, 3, 4]);
    seqs[3].0 = 13;
    assert_eq!(only(&read(&[&seqs])), (Fault::Reordered, 1), "of its places");
    let again = texts([1, 2, 3, 4]);
    let faults = read(&[&again, &again[1..2]]);
    assert_eq!((faults.count(Fault::Doubled), faults.count(Fault::Lost)), (1, 0), "{faults:?}");
    assert!(faults.count(Fault::Reordered) > 0, "a page that does not lie before");
}

#[test]
fn j2_what_does_not_belong_in_a_log_that_is_read_back_is_leaked() {
    let whole = [(11, Said::Text(0, 1)), (12, Said::Text(0, 2)), (13, Said::Text(0, 3)), (14, Said::Text(0, 4))];
    for foreign in [Said::Foreign, Said::Hidden, Said::Text(7, 1)] {
        assert_eq!(only(&read(&[&[(15, foreign)], &whole])), (Fault::Leaked, 1), "{foreign:?}");
    }
    assert_eq!(only(&read(&[&[(15, Said::Text(0, u64::MAX))], &whole])), (Fault::Garbled, 1));
}

#[test]
fn j2_a_repeated_send_may_be_answered_as_a_duplicate_with_its_old_seq() {
    let (mut judge, lane) = lane(3);
    show(&mut judge, lane, &[1, 2, 3]);
    judge.acknowledged(lane, Some(1), Some(20), false);
    judge.acknowledged(lane, Some(2), Some(20), true);
    judge.acknowledged(lane, Some(3), Some(22), false);
    assert_eq!(judge.verdict(false), Faults::default());
}

#[test]
fn j2_a_reader_owes_only_what_was_sent_after_they_came() {
    let (mut judge, lane) = lane(2);
    judge.reader(lane, OTHER);
    judge.sent(lane);
    answer(&mut judge, lane, 3);
    show(&mut judge, lane, &[1, 2, 3]);
    judge.shown(lane, OTHER, 3, None, Way::Push);
    assert_eq!(judge.verdict(false), Faults::default());
}

#[test]
fn j2_more_texts_than_a_reader_may_miss_are_lost_all_the_same() {
    let (mut judge, lane) = lane(200_000);
    answer(&mut judge, lane, 200_000);
    show(&mut judge, lane, &[200_000]);
    assert_eq!(only(&judge.verdict(false)), (Fault::Lost, 199_999));
}

#[test]
fn j2_a_wait_that_ends_early_late_twice_or_never_is_a_fault() {
    let mut judge = Judge::default();
    let waits: Vec<usize> = (0..5).map(|_| wait_until(&mut judge, 10_000)).collect();
    assert_eq!(judge.ended(waits[0], end(9_999, 10_001, true), 100), Some(Ended { late_ms: 1 }));
    assert_eq!(judge.ended(waits[1], end(10_000, 9_900, true), 100), Some(Ended { late_ms: 0 }));
    assert_eq!(judge.ended(waits[2], end(10_000, 10_101, true), 100), Some(Ended { late_ms: 101 }));
    assert_eq!(judge.ended(waits[3], end(10_000, 10_100, true), 100), Some(Ended { late_ms: 100 }));
    assert_eq!(judge.ended(waits[3], end(10_200, 10_201, true), 100), None);
    let faults = judge.verdict(false);
    let counts = [Fault::Early, Fault::Late, Fault::EndedTwice].map(|fault| faults.count(fault));
    assert_eq!(counts, [2, 2, 1], "{faults:?}");
}

#[test]
fn j2_a_wait_that_ends_for_another_reason_than_its_deadline_is_early() {
    let mut judge = Judge::default();
    let wait = wait_until(&mut judge, 10_000);
    judge.ended(wait, end(10_005, 10_006, false), 100);
    assert_eq!(only(&judge.verdict(false)), (Fault::Early, 1));
}

#[test]
fn j2_a_deadline_that_is_not_the_profiles_is_late_or_early_and_the_end_is_held_against_the_true_one() {
    for (deadline, fault) in [(24_000, Fault::Late), (16_000, Fault::Early)] {
        let mut judge = Judge::default();
        let wait = judge.waiting(19_990);
        judge.announced(wait, begin(10_000, deadline));
        judge.ended(wait, end(20_000, 20_005, true), 100);
        assert_eq!(only(&judge.verdict(false)), (fault, 1), "{deadline}");
        let mut judge = Judge::default();
        let wait = judge.waiting(19_990);
        judge.announced(wait, begin(10_000, deadline));
        judge.ended(wait, end(deadline, deadline + 5, true), 100);
        assert_eq!(only(&judge.verdict(false)), (fault, 2), "{deadline}");
    }
}

#[test]
fn j2_a_beginning_that_lies_before_or_behind_the_request_makes_no_deadline_true() {
    for (at, fault) in [(14_000, Fault::Late), (6_000, Fault::Early)] {
        let mut judge = Judge::default();
        let wait = judge.waiting(19_990);
        judge.announced(wait, Begin { heard: 10_020, ..begin(at, at + 10_000) });
        judge.ended(wait, end(20_000, 20_005, true), 100);
        assert_eq!(only(&judge.verdict(false)), (fault, 1), "{at}");
    }
}

#[test]
fn j2_a_wait_that_is_never_told_of_is_lost_and_must_end_all_the_same() {
    let mut judge = Judge::default();
    let waits: Vec<usize> = (0..4).map(|_| judge.waiting(10_000)).collect();
    waits.iter().for_each(|wait| judge.begun(*wait, 10_020));
    assert_eq!(judge.ended(waits[0], end(10_010, 10_025, true), 100), Some(Ended { late_ms: 5 }));
    judge.ended(waits[1], end(9_000, 9_005, true), 100);
    judge.ended(waits[2], end(10_010, 10_200, true), 100);
    let faults = judge.verdict(false);
    let counts = [Fault::Lost, Fault::Early, Fault::Late].map(|fault| faults.count(fault));
    assert_eq!(counts, [4, 1, 2], "{faults:?}");
}

#[test]
fn j2_nothing_is_owed_of_a_wait_that_was_refused() {
    let mut judge = Judge::default();
    let wait = judge.waiting(10_000);
    judge.forget(wait);
    assert_eq!((judge.under_way(), judge.verdict(false)), (0, Faults::default()));
}

#[test]
fn j2_what_is_not_known_of_the_servers_clock_makes_no_end_early() {
    let mut judge = Judge::default();
    let wait = wait_until(&mut judge, 10_000);
    judge.ended(wait, End { at: 10_000, heard: 9_500, doubt: 600, expired: true }, 100);
    assert_eq!(judge.verdict(false), Faults::default());
}

#[test]
fn j2_a_run_cut_short_owes_no_ends_of_waits() {
    let mut judge = Judge::default();
    wait_until(&mut judge, 10_000);
    judge.waiting(10_000);
    assert_eq!(judge.verdict(true), Faults::default());
}

#[test]
fn j2_faults_of_several_generators_add_up() {
    let (mut one, lane) = lane(1);
    answer(&mut one, lane, 1);
    let mut faults = one.verdict(false);
    let other = faults.clone();
    faults.merge(&other);
    assert_eq!(only(&faults), (Fault::Lost, 2));
}
