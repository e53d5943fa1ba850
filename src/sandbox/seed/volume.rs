//! When people call: seasons, weekdays, office hours with a lunch dip, and the odd day of trouble.

use chrono::{Datelike, Days, NaiveDate, Weekday};

use super::random::Random;
use crate::sandbox::cancellation::Cancellation;
use crate::sandbox::error::SandboxError;

/// One day of the contact centre.
pub(super) struct Day {
    pub date: NaiveDate,
    pub calls: u64,
    /// Something large went wrong on this day.
    pub incident: bool,
}

/// January to December.
const SEASON: [f64; 12] = [1.14, 1.04, 1.0, 0.97, 0.95, 0.9, 0.78, 0.82, 1.02, 1.06, 1.16, 1.24];

/// Half hours from 8:00, on Monday to Friday.
const OFFICE_HOURS: [u32; 24] = [
    48, 82, 124, 152, 163, 158, 147, 121, 74, 58, 92, 126, 143, 148, 141, 131, 116, 98, 72, 44, 30, 24, 17,
    10,
];

const FIRST_SECOND: u32 = 8 * 3600;
const SLOT: u32 = 1800;

/// How the calls spread over the days, the last of which is `today`. Where there is a day of a large outage, there is no
/// other trouble.
pub(super) fn spread(
    calls: u64,
    days: u32,
    today: NaiveDate,
    outage: Option<NaiveDate>,
    random: &mut Random,
) -> Vec<Day> {
    let mut plan: Vec<(NaiveDate, f64, bool)> = Vec::with_capacity(days as usize);
    for back in (0..u64::from(days)).rev() {
        // The years are bounded by the options.
        let Some(date) = today.checked_sub_days(Days::new(back)) else { continue };
        // Drawn either way: but for its own things, the story is of the same days.
        let incident = !is_weekend(date) && random.chance(0.03) && outage.is_none();
        let noise = 1.0 + 0.07 * random.normal();
        let trouble = if outage == Some(date) {
            2.4
        } else if incident {
            1.55
        } else {
            1.0
        };
        let season = SEASON.get(date.month0() as usize).copied().unwrap_or(1.0);
        plan.push((
            date,
            weekday_weight(date.weekday()) * season * noise * trouble,
            incident || outage == Some(date),
        ));
    }
    let total: f64 = plan.iter().map(|(_, weight, _)| weight).sum();
    let (mut reached, mut given) = (0.0, 0);
    let last = plan.len().saturating_sub(1);
    let mut spread = Vec::with_capacity(plan.len());
    for (index, (date, weight, incident)) in plan.into_iter().enumerate() {
        reached += weight;
        let until = if index == last { calls } else { share(calls, reached / total).clamp(given, calls) };
        spread.push(Day { date, calls: until - given, incident });
        given = until;
    }
    spread
}

fn share(calls: u64, part: f64) -> u64 {
    ((calls as f64 * part) as i64).unsigned_abs()
}

pub(super) fn is_weekend(date: NaiveDate) -> bool {
    matches!(date.weekday(), Weekday::Sat | Weekday::Sun)
}

fn weekday_weight(weekday: Weekday) -> f64 {
    match weekday {
        Weekday::Mon => 1.24,
        Weekday::Tue => 1.09,
        Weekday::Wed => 1.0,
        Weekday::Thu => 1.02,
        Weekday::Fri => 0.9,
        Weekday::Sat => 0.34,
        Weekday::Sun => 0.11,
    }
}

/// The seconds of the day at which the calls of one day begin, in order.
pub(super) fn times(
    day: &Day,
    random: &mut Random,
    times: &mut Vec<u32>,
    wanted: &Cancellation,
) -> Result<(), SandboxError> {
    // Saturdays are open from nine to five, Sundays from ten to four.
    let open = match day.date.weekday() {
        Weekday::Sat => 2..18,
        Weekday::Sun => 4..16,
        _ => 0..OFFICE_HOURS.len(),
    };
    let slots = OFFICE_HOURS.get(open.clone()).unwrap_or(&OFFICE_HOURS);
    let total: u32 = slots.iter().sum();
    times.clear();
    for _ in 0..day.calls {
        wanted.check()?;
        let mut rest = random.below(total as usize) as u32;
        let mut slot = open.start as u32;
        for weight in slots {
            if rest < *weight {
                break;
            }
            rest -= weight;
            slot += 1;
        }
        times.push(FIRST_SECOND + slot * SLOT + random.below(SLOT as usize) as u32);
    }
    times.sort_unstable();
    Ok(())
}
