use super::*;

#[test]
fn j1_every_profile_that_comes_along_is_sound_and_bears_its_name() {
    for (name, _) in BUILT_IN {
        let profile = Profile::find(name).unwrap_or_else(|error| panic!("{name}: {error:#}"));
        assert_eq!(profile.name, name);
        assert!(!profile.about.is_empty(), "{name} says nothing");
    }
    assert!(Profile::find("nonsense").unwrap_err().to_string().contains("slow_readers"));
}

#[test]
fn j1_many_who_come_to_a_hub_on_this_machine_come_from_several_addresses() {
    let (here, there) = (["127.0.0.1:80".parse().unwrap()], ["10.0.0.1:80".parse().unwrap()]);
    assert_eq!(Profile::find("pairs").unwrap().sources(&here), 0, "a thousand need one");
    // Ten thousand three times.
    assert_eq!(Profile::find("storm").unwrap().sources(&here), 8);
    assert_eq!(Profile::find("storm").unwrap().sources(&there), 0, "elsewhere only our own address is known");
}

#[test]
fn j1_the_shares_of_several_generators_make_up_the_whole() {
    let whole = Profile::find("smoke").unwrap();
    let shares: Vec<Profile> = (0..3).map(|worker| whole.share(worker, 3)).collect();
    let sum = |of: &dyn Fn(&Profile) -> usize| shares.iter().map(of).sum::<usize>();
    assert_eq!(sum(&|share| share.pairs.as_ref().unwrap().visitors), whole.pairs.as_ref().unwrap().visitors);
    assert_eq!(sum(&|share| share.waits.as_ref().unwrap().visitors), whole.waits.as_ref().unwrap().visitors);
    assert_eq!(sum(&|share| share.read_back), whole.read_back);
}

#[test]
fn j1_a_profile_without_bounds_or_sense_is_refused_with_all_its_faults() {
    let text = "name = 'x'\nseconds = 1e9\nat_once = 0\n[pairs]\nvisitors = 1000000\nagents = 0\ntext_bytes = 3\nrate = 0.0\n[waits]\nvisitors = 1\nspread = 0.0\nlate_ms = 1\n[deploy]\nrestarts = 1\nevery = 0.0\n";
    let told = format!("{:#}", Profile::read(text).unwrap_err());
    for word in ["seconds", "at_once", "pairs.visitors", "pairs.agents", "text_bytes", "pairs.rate", "deploy.every"] {
        assert!(told.contains(word), "{word} is not in: {told}");
    }
    assert!(Profile::read("name = 'x'\nseconds = 1\nsurprise = 2\n").is_err());
    assert!(format!("{:#}", Profile::read("name = 'x'\nseconds = 1\n").unwrap_err()).contains("nobody"));
}

#[test]
fn j1_names_nobody_knows_and_kinds_that_do_not_fit_are_told_with_all_the_rest() {
    let text = "name = 7\nseconds = 'ten'\nsurprise = 1\nwarm_up = -1\nstorm = 3\n[pairs]\nvisitors = -3\nagnets = 4\n\
        text_bytes = 1\nburst = { texts = 1.5, evry = 2 }\n[budget]\ndelivery_p99 = 3\npeak_mib = 0\n";
    let told = format!("{:#}", Profile::read(text).unwrap_err());
    let faults: Vec<&str> = told.split("; ").map(|fault| fault.split(" (").next().unwrap_or_default()).collect();
    let expected = [
        "surprise is unknown",
        "name must be a text",
        "seconds must be a number",
        "pairs.agnets is unknown",
        "pairs.visitors must be a whole number, 0 or more",
        "pairs.agents is missing",
        "pairs.burst.evry is unknown",
        "pairs.burst.texts must be a whole number, 0 or more",
        "pairs.burst.every is missing",
        "storm must be a table",
        "budget.delivery_p99 is unknown",
        "warm_up is -1 and must be from 0 to 600",
        "pairs.text_bytes is 1 and must be from 64 to 16384",
        "budget.peak_mib is 0 and must be more than 0",
    ];
    assert_eq!(faults, expected);
}

#[test]
fn j1_a_limit_that_nothing_can_be_held_against_is_a_fault_of_the_profile() {
    let text = "name = 'x'\nseconds = 1\n[idle]\nvisitors = 1\n[budget]\ndelivery_p99_ms = nan\npeak_mib = inf\n\
        kib_per_idle = -1\njoins_per_second = 5\nfanned_per_second = 5\nlateness_p99_ms = 5\njoin_p99_ms = 5\n";
    let told = format!("{:#}", Profile::read(text).unwrap_err());
    for word in [
        "delivery_p99_ms is NaN",
        "peak_mib is inf",
        "kib_per_idle is -1",
        "joins_per_second is measured of [storm]",
        "fanned_per_second is measured of [fanout]",
        "lateness_p99_ms is measured of [waits]",
    ] {
        assert!(told.contains(word), "{word} is not in: {told}");
    }
    assert!(!told.contains("join_p99_ms"), "whoever there is joins: {told}");
}

#[test]
fn j1_restarts_that_do_not_fit_into_the_window_are_refused_also_in_a_shorter_one() {
    let deploy = Profile::find("deploy").unwrap();
    let told = format!("{:#}", deploy.clone().lasting(5.0).unwrap_err());
    assert!(told.contains("deploy.restarts") && told.contains("45"), "{told}");
    assert_eq!(deploy.lasting(90.0).unwrap().seconds, 90.0);
    assert!(Profile::find("smoke").unwrap().lasting(f64::NAN).is_err());
}

#[test]
fn j1_generators_share_nothing_that_there_is_too_little_of() {
    let fanout = Profile::find("fanout").unwrap();
    assert!(fanout.shared_by(1).is_ok());
    assert!(fanout.shared_by(2).unwrap_err().to_string().contains("fanout.conversations is 1"));
    let smoke = Profile::find("smoke").unwrap();
    assert!(smoke.shared_by(2).is_ok() && smoke.shared_by(3).is_err() && smoke.shared_by(0).is_err());
}
