//! Bounds of a profile: a load tester must not become the accident it looks for.

use super::Profile;

/// Collects what is wrong, so that all of it is told at once.
struct Check(Vec<String>);

// === impl Profile ===

impl Profile {
    /// All that is wrong with it.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut check = Check(Vec::new());
        check.within("seconds", self.seconds, 0.1, 86_400.0);
        check.within("warm_up", self.warm_up, 0.0, 600.0);
        check.within("homecoming", self.homecoming, 0.1, 600.0);
        check.within("at_once", self.at_once as f64, 1.0, 4_096.0);
        check.within("read_back", self.read_back as f64, 0.0, 10_000.0);
        check.within("wait_ms", self.wait_ms as f64, 10_000.0, 3_600_000.0);
        check.conversations(self);
        check.crowds(self);
        check.budget(self);
        if self.connections() == 0 {
            check.0.push("nobody does anything".into());
        }
        check.0
    }
}

// === impl Check ===

impl Check {
    fn within(&mut self, name: &str, value: f64, least: f64, most: f64) {
        if !(least..=most).contains(&value) {
            self.0.push(format!("{name} is {value} and must be from {least} to {most}"));
        }
    }

    fn people(&mut self, name: &str, count: usize, least: usize) {
        self.within(name, count as f64, least as f64, 200_000.0);
    }

    fn conversations(&mut self, profile: &Profile) {
        if let Some(pairs) = &profile.pairs {
            self.people("pairs.visitors", pairs.visitors, 1);
            self.people("pairs.agents", pairs.agents, 1);
            self.within("pairs.text_bytes", pairs.text_bytes as f64, 64.0, 16_384.0);
            if let Some(rate) = pairs.rate {
                self.within("pairs.rate", rate, 0.1, 500_000.0);
            }
            if let Some(burst) = &pairs.burst {
                self.within("pairs.burst.texts", burst.texts as f64, 1.0, 10_000.0);
                self.within("pairs.burst.every", burst.every, 0.01, 3_600.0);
            }
            if pairs.rate.is_some() && pairs.burst.is_some() {
                self.0.push("pairs has a rate and a burst; choose one".into());
            }
        }
        if let Some(fanout) = &profile.fanout {
            self.people("fanout.watchers", fanout.watchers, 1);
            self.within("fanout.conversations", fanout.conversations as f64, 1.0, 1_000.0);
            self.within("fanout.text_bytes", fanout.text_bytes as f64, 64.0, 16_384.0);
            if let Some(rate) = fanout.rate {
                self.within("fanout.rate", rate, 0.1, 100_000.0);
            }
            if let Some(slow) = &fanout.slow {
                self.people("fanout.slow.readers", slow.readers, 1);
                self.within("fanout.slow.pause", slow.pause, 0.1, 3_600.0);
            }
        }
    }

    fn crowds(&mut self, profile: &Profile) {
        if let Some(idle) = &profile.idle {
            self.people("idle.visitors", idle.visitors, 1);
        }
        if let Some(storm) = &profile.storm {
            self.people("storm.visitors", storm.visitors, 1);
            self.within("storm.rounds", storm.rounds as f64, 1.0, 1_000.0);
            self.within("storm.at_once", storm.at_once as f64, 1.0, 4_096.0);
        }
        if let Some(waits) = &profile.waits {
            self.people("waits.visitors", waits.visitors, 1);
            self.within("waits.spread", waits.spread, 0.0, 3_600.0);
            self.within("waits.late_ms", waits.late_ms as f64, 1.0, 600_000.0);
        }
        if let Some(deploy) = &profile.deploy {
            self.within("deploy.restarts", deploy.restarts as f64, 1.0, 1_000.0);
            self.within("deploy.every", deploy.every, 0.1, 3_600.0);
            let needed = deploy.restarts as f64 * deploy.every;
            if needed >= profile.seconds {
                let seconds = profile.seconds;
                self.0.push(format!("deploy.restarts, each after deploy.every, take {needed} of {seconds} seconds"));
            }
        }
    }

    fn budget(&mut self, profile: &Profile) {
        for (limit, of) in profile.budget.parts() {
            let (name, Some(value)) = (limit.name, limit.value) else { continue };
            if !(value.is_finite() && value > 0.0) {
                self.0.push(format!("budget.{name} is {value} and must be more than 0"));
            }
            if let Some(part) = of.lacking(profile) {
                self.0.push(format!("budget.{name} is measured of [{part}], which is not there"));
            }
        }
    }
}
