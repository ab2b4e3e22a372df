//! A made-up run, told in every form.

use std::time::Duration;

use super::*;
use crate::judge::faults::Fault;

fn report(p99: u64, faulty: bool) -> Report {
    made(p99, faulty, false)
}

fn made(p99: u64, faulty: bool, cut_short: bool) -> Report {
    let profile = Profile::find("steady").unwrap();
    let mut part = Part { window: Counts { texts: 30_000, ..Counts::default() }, cut_short, ..Part::default() };
    (0..100).for_each(|_| part.times.reply.add(Duration::from_millis(1)));
    (0..98).for_each(|_| part.times.delivery.add(Duration::from_micros(500)));
    (0..2).for_each(|_| part.times.delivery.add(Duration::from_millis(p99)));
    part.times.lateness.add(Duration::from_millis(4));
    part.times.lateness.add(Duration::from_millis(9));
    if faulty {
        part.faults.add(Fault::Lost, 3, || "lane 0: 3 texts <never> reached agent 1".into());
    }
    let point = |at: f64| Point {
        at,
        cpu: at / 2.0,
        memory: 20_480.0,
        generators: at / 4.0,
        texts: (at * 1e3) as u64,
        ..Point::default()
    };
    let figures = Figures {
        part: &part,
        profile: &profile,
        ends: Some((point(3.0), point(33.0))),
        sees_servers: true,
        peak: 20_480.0,
        idle: None,
        threads: false,
        restarts: None,
    };
    let figures = figures.all();
    let setting = Setting { hubs: 1, hub_version: Some("0.1.0".into()), generators: 2, sees_servers: true };
    Report::new(profile, setting, figures, part, Vec::new(), (0..33).map(|at| point(f64::from(at))).collect())
}

#[test]
fn j3_figures_are_made_of_what_was_counted_and_metered() {
    let figures = report(2, false).figures;
    assert_eq!(figures["texts_per_second"], 1000.0);
    assert_eq!(figures["cpu_per_100k"], 50.0);
    assert_eq!(figures["hub_cpu_percent"], 50.0);
    assert_eq!(figures["generator_cpu_percent"], 25.0);
    assert_eq!(figures["peak_mib"], 20.0);
    assert!((figures["delivery_p50_ms"] - 0.5).abs() < 0.01);
    assert!(!figures.contains_key("kib_per_idle") && !figures.contains_key("joins_per_second"));
}

#[test]
fn j2_a_fault_fails_the_run_whatever_its_speed_and_a_missed_budget_fails_it_otherwise() {
    assert_eq!(report(2, false).verdict(), Verdict::Good);
    assert_eq!(report(2, true).verdict(), Verdict::Faulty);
    let slow = report(70, false);
    assert_eq!(slow.verdict(), Verdict::OverBudget);
    assert!(slow.over_budget[0].starts_with("delivery_p99_ms is 70"), "{:?}", slow.over_budget);
}

#[test]
fn j2_a_run_that_was_cut_short_is_not_said_to_have_kept_its_budget() {
    let cut = made(70, false, true);
    assert_eq!((cut.verdict(), cut.over_budget.len()), (Verdict::CutShort, 0));
    assert_eq!(made(70, true, true).verdict(), Verdict::Faulty, "what was found was found");
    let (table, page) = (table::table(&cut), page::page(&cut));
    assert!(table.contains("the budget was not judged") && !table.contains("was kept"), "{table}");
    assert!(page.contains("Cut short") && !page.contains("class=\"good\""));
}

#[test]
fn j3_without_a_whole_window_there_are_no_figures_of_it() {
    let (part, profile) = (Part::default(), Profile::find("smoke").unwrap());
    let figures = Figures {
        part: &part,
        profile: &profile,
        ends: None,
        sees_servers: true,
        peak: 2048.0,
        idle: None,
        threads: false,
        restarts: None,
    };
    assert_eq!(figures.all().into_iter().collect::<Vec<_>>(), [("peak_mib".to_owned(), 2.0)]);
}

#[test]
fn j2_a_limit_whose_figure_is_missing_is_a_miss_unless_only_the_hubs_machine_has_it() {
    let text = "name = 'x'\nseconds = 9\n[pairs]\nvisitors = 1\nagents = 1\n[deploy]\nrestarts = 3\nevery = 1\n\
        [budget]\nreply_p99_ms = 5\npeak_mib = 5\n";
    let profile = Profile::read(text).unwrap();
    let figures = BTreeMap::from([("restarts".to_owned(), 2.0)]);
    let remote = judged(&profile, &figures, false);
    let missed = ["reply_p99_ms was not measured and should be at most 5", "restarts is 2.00 and should be at least 3"];
    assert_eq!((remote.over, remote.unjudged), (missed.map(str::to_owned).to_vec(), vec!["peak_mib".to_owned()]));
    let here = judged(&profile, &figures, true);
    assert_eq!((here.over.len(), here.unjudged.len()), (3, 0));
}

#[test]
fn j3_a_comparison_minds_whatever_but_the_hub_is_not_the_same() {
    let a = report(2, false);
    assert!(!compare::compare(&a, &a).contains("Mind"));
    let mut b = made(2, false, true);
    b.profile.seconds = 7.0;
    b.profile.pairs.as_mut().unwrap().rate = None;
    (b.hubs, b.generators) = (2, 1);
    b.over_budget.push("peak_mib is 9.00 and should be at most 5".into());
    let told = compare::compare(&a, &b);
    for line in [
        "Mind: B was cut short.",
        "Mind: seconds is 30.0 in A and 7.0 in B.",
        "Mind: pairs.rate is 10000.0 in A and nothing in B.",
        "Mind: hubs is 1 in A and 2 in B.",
        "Mind: generators is 2 in A and 1 in B.",
        "Over budget in B: peak_mib is 9.00 and should be at most 5.",
    ] {
        assert!(told.lines().any(|found| found == line), "{line} is not in: {told}");
    }
}

#[test]
fn j3_reports_of_other_versions_of_the_tester_are_read_and_those_of_another_format_refused() {
    let mut json = serde_json::to_value(report(2, false)).unwrap();
    let members = json.as_object_mut().unwrap();
    // An older one lacks what came later, a newer one has more.
    for name in ["hub_version", "unjudged", "stages"] {
        members.remove(name);
    }
    members["counts"].as_object_mut().unwrap().remove("repeats");
    members["times"].as_object_mut().unwrap().remove("lag");
    members["points"][0].as_object_mut().unwrap().remove("others");
    members["profile"].as_object_mut().unwrap().insert("surprise".into(), 1.into());
    members.insert("surprise".into(), 1.into());
    let read = Report::parse(&json.to_string()).unwrap();
    assert_eq!(read.figures, report(2, false).figures);
    let told = format!("{:#}", Report::parse("{\"format\":99,\"figures\":7}").unwrap_err());
    assert!(told.contains("another version of the tester") && told.contains("99"), "{told}");
}

#[test]
fn j3_a_report_survives_its_file_and_two_are_compared() {
    let (a, b) = (report(2, false), report(8, true));
    let read: Report = serde_json::from_str(&serde_json::to_string(&a).unwrap()).unwrap();
    assert_eq!(read.figures, a.figures);
    let told = compare::compare(&read, &b);
    let line = told.lines().find(|line| line.starts_with("delivery_p99_ms")).unwrap();
    assert_eq!(line.split_whitespace().collect::<Vec<_>>(), ["delivery_p99_ms", "2.00", "8.00", "4.00"]);
    assert!(told.contains("Faults of A: none. Faults of B: 3 lost."));
}

#[test]
fn j3_the_page_needs_nothing_else_and_shows_what_the_table_shows() {
    let page = page::page(&report(2, true));
    assert_eq!(page.matches("<svg").count(), 5, "distribution, lateness, throughput, memory, CPU");
    for banned in ["<script", "src=", "href=", "http://", "https://", "NaN", "<never>"] {
        assert!(!page.contains(banned), "{banned}");
    }
    assert!(page.contains("FAULT lost: 3") && page.contains("The judge found faults"));
}

#[test]
fn j3_figures_by_the_million_have_ticks_that_can_be_read() {
    let mut many = report(2, false);
    (0..200_000).for_each(|_| many.times.delivery.add(Duration::from_micros(400)));
    let page = page::page(&many);
    assert!(page.contains(">0.00001<"), "the tick of the slowest hundred thousandth");
    assert!(!page.contains("99999999"), "a sum of powers that is none");
}
