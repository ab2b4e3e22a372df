//! How long people waited and were answered after, by the day their conversation began (UTC).

use axum::{extract::State, response::Response};
use jiff::{ToSpan, civil::Date, tz::TimeZone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Problem, Rooms, ask::Asked, bearer::Bearer, list::private};
use crate::{
    chat::event::MissedReason,
    ids::Millis,
    store::{Milestones, StatsQuery},
};

/// Days at most, and days when the request does not say.
const MAX_DAYS: i32 = 31;
const USUAL_DAYS: i32 = 7;
/// Conversations looked at for one answer at most.
const MAX_CONVERSATIONS: usize = 20_000;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// The query.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    from: Option<String>,
    to: Option<String>,
}

/// The answer.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Stats {
    /// Every day of the range, oldest first.
    stats: Vec<Day>,
    /// Always null: they come all at once.
    next: Option<String>,
    /// False when there were more conversations than are looked at; then the oldest are left out.
    complete: bool,
}

/// Conversations that began on one day, those the agent may see.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct Day {
    /// `YYYY-MM-DD`, UTC.
    day: String,
    /// How many began.
    conversations: u32,
    /// How many of them began to wait for an agent.
    waits: u32,
    /// How many became somebody's, sooner or later.
    assigned: u32,
    /// How many were missed, by the reason.
    missed: Missed,
    /// How long those waited who were taken before their wait was over.
    wait_ms: Spread,
    /// How late waits that expired ended, after their deadline.
    late_ms: Spread,
    /// How long after they became somebody's an agent first wrote.
    response_ms: Spread,
}

/// Missed conversations.
#[derive(Debug, Default, Serialize, JsonSchema)]
struct Missed {
    /// No agent was available when the Live Chat card was reached.
    nobody_online: u32,
    /// The deadline passed.
    wait_expired: u32,
    /// The last available agent left.
    everyone_left: u32,
    /// The playbook was not installed or not active.
    not_installed: u32,
}

/// How times are spread, in milliseconds; all but `count` are null where nothing was measured.
#[derive(Debug, Default, Serialize, JsonSchema)]
struct Spread {
    /// How many were measured.
    count: usize,
    /// Half of them took no longer.
    p50: Option<i64>,
    /// Nine of ten.
    p90: Option<i64>,
    /// All but a hundredth.
    p99: Option<i64>,
    /// None took longer.
    max: Option<i64>,
}

/// A day that is being measured.
#[derive(Debug, Default)]
struct Measured {
    day: Day,
    waits: Vec<i64>,
    late: Vec<i64>,
    responses: Vec<i64>,
}

/// `GET /v1/stats?from=&to=`, both days included; the last seven when none is named.
pub(super) async fn read(
    State(rooms): State<Rooms>,
    bearer: Bearer,
    Asked(wanted): Asked<Wanted>,
) -> Result<Response, Problem> {
    let (first, days) = range(&wanted, rooms.hub.store().now())?;
    let from = midnight(first)?;
    let query = StatsQuery {
        workspace: bearer.workspace().clone(),
        viewer: rooms.hub.viewer(&bearer.who),
        from,
        to: from.plus(i64::from(days) * DAY_MS),
        limit: MAX_CONVERSATIONS + 1,
    };
    let found = rooms.hub.store().milestones(&query).await?;
    let mut measured: Vec<Measured> = Vec::new();
    for nth in 0..days {
        let day = first.checked_add(nth.days()).map_err(|_| Problem::invalid("no such day").of("to"))?;
        measured.push(Measured { day: Day { day: day.to_string(), ..Day::default() }, ..Measured::default() });
    }
    for one in found.iter().take(MAX_CONVERSATIONS) {
        let nth = one.created_at.since(from) / DAY_MS;
        if let Some(day) = usize::try_from(nth).ok().and_then(|nth| measured.get_mut(nth)) {
            day.take(one);
        }
    }
    let stats = measured.into_iter().map(Measured::told).collect();
    Ok(private(&Stats { stats, next: None, complete: found.len() <= MAX_CONVERSATIONS }))
}

/// The first day and how many there are.
fn range(wanted: &Wanted, now: Millis) -> Result<(Date, i32), Problem> {
    let day = |text: &Option<String>, field: &str| {
        let read = |text: &String| {
            let day = text.parse::<Date>().ok().filter(|_| text.len() == 10);
            day.ok_or_else(|| Problem::invalid("must be a day, YYYY-MM-DD").of(field))
        };
        text.as_ref().map(read).transpose()
    };
    let (from, to) = (day(&wanted.from, "from")?, day(&wanted.to, "to")?);
    let far = |_| Problem::invalid("no such day").of("from");
    let to = match (to, from) {
        (Some(to), _) => to,
        (None, Some(from)) => from.checked_add((USUAL_DAYS - 1).days()).map_err(far)?,
        (None, None) => {
            let now = jiff::Timestamp::from_millisecond(now.0).map_err(|_| Problem::internal())?;
            now.to_zoned(TimeZone::UTC).date()
        }
    };
    let from = match from {
        Some(from) => from,
        None => to.checked_sub((USUAL_DAYS - 1).days()).map_err(far)?,
    };
    let days = (to - from).get_days() + 1;
    match days {
        ..1 => Err(Problem::invalid("the range ends before it begins").of("to")),
        1..=MAX_DAYS => Ok((from, days)),
        _ => Err(Problem::invalid(format!("at most {MAX_DAYS} days")).of("from")),
    }
}

fn midnight(day: Date) -> Result<Millis, Problem> {
    let moment = day.to_zoned(TimeZone::UTC).map_err(|_| Problem::invalid("no such day").of("from"))?;
    Ok(Millis(moment.timestamp().as_millisecond()))
}

// === impl Measured ===

impl Measured {
    fn take(&mut self, one: &Milestones) {
        let timing = &one.timing;
        self.day.conversations += 1;
        self.day.waits += u32::from(timing.waiting_at.is_some());
        self.day.assigned += u32::from(timing.assigned_at.is_some());
        let missed = one.missed.map(|reason| match reason {
            MissedReason::NobodyOnline => &mut self.day.missed.nobody_online,
            MissedReason::WaitExpired => &mut self.day.missed.wait_expired,
            MissedReason::EveryoneLeft => &mut self.day.missed.everyone_left,
            MissedReason::NotInstalled => &mut self.day.missed.not_installed,
        });
        if let Some(missed) = missed {
            *missed += 1;
        }
        if let (Some(began), Some(taken), None) = (timing.waiting_at, timing.assigned_at, timing.missed_at) {
            self.waits.push(taken.since(began));
        }
        if let (Some(MissedReason::WaitExpired), Some(at), Some(deadline)) =
            (one.missed, timing.missed_at, timing.deadline)
        {
            self.late.push(at.since(deadline));
        }
        if let (Some(taken), Some(answered)) = (timing.assigned_at, timing.answered_at) {
            self.responses.push(answered.since(taken));
        }
    }

    fn told(self) -> Day {
        Day {
            wait_ms: Spread::of(self.waits),
            late_ms: Spread::of(self.late),
            response_ms: Spread::of(self.responses),
            ..self.day
        }
    }
}

// === impl Spread ===

impl Spread {
    fn of(mut times: Vec<i64>) -> Self {
        times.sort_unstable();
        // By nearest rank: a time that was measured, never one between two.
        let rank = |hundredths: usize| times.get((times.len() * hundredths).div_ceil(100).saturating_sub(1)).copied();
        Self { count: times.len(), p50: rank(50), p90: rank(90), p99: rank(99), max: times.last().copied() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b_times_are_spread_by_nearest_rank() {
        let spread = Spread::of((1..=200).rev().collect());
        assert_eq!((spread.count, spread.p50, spread.p90), (200, Some(100), Some(180)));
        assert_eq!((spread.p99, spread.max), (Some(198), Some(200)));
        let one = Spread::of(vec![7]);
        assert_eq!((one.p50, one.p99, one.max), (Some(7), Some(7), Some(7)));
        assert_eq!(Spread::of(Vec::new()).p50, None);
    }

    #[test]
    fn b_a_range_of_days_is_short_and_goes_forward() {
        let now = Millis(1_763_800_000_000);
        let range = |from: Option<&str>, to: Option<&str>| {
            let wanted = Wanted { from: from.map(Into::into), to: to.map(Into::into) };
            range(&wanted, now).map(|(first, days)| (first.to_string(), days)).map_err(|problem| format!("{problem:?}"))
        };
        assert_eq!(range(None, None), Ok(("2025-11-16".into(), 7)));
        assert_eq!(range(Some("2025-11-01"), None), Ok(("2025-11-01".into(), 7)));
        assert_eq!(range(None, Some("2025-11-30")), Ok(("2025-11-24".into(), 7)));
        assert_eq!(range(Some("2024-02-01"), Some("2024-03-02")), Ok(("2024-02-01".into(), 31)));
        for (from, to) in [
            (Some("2025-11-02"), Some("2025-11-01")),
            (Some("2025-11-01"), Some("2025-12-02")),
            (Some("yesterday"), None),
            (Some("2025-02-30"), None),
            (Some("2025-11-01T00:00"), None),
            (Some("-009999-01-01"), None),
            (None, Some("")),
        ] {
            assert!(range(from, to).is_err(), "{from:?} {to:?}");
        }
    }
}
