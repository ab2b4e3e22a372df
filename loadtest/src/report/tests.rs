//! A made-up run, told in every form.

use std::time::Duration;

use super::*;
use crate::judge::faults::Fault;

fn report(p99: u64, faulty: bool) -> Report {
    let profile = Profile::find("steady").unwrap();
    let mut part = Part { window: Counts { texts: 30_000, ..Counts::default() }, ..Part::default() };
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
        before: point(3.0),
        after: point(33.0),
        sees_servers: true,
        peak: 20_480.0,
        idle: None,
        threads: false,
    };
    let figures = figures.all();
    Report::new(profile, 1, 2, figures, part, Vec::new(), (0..33).map(|at| point(f64::from(at))).collect())
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
