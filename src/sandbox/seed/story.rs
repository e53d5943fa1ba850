//! What happens besides every day, so that there is something to find: an outage, a campaign that starts, a training,
//! summaries that are late, a metric that one vendor does not deliver. `docs/data.md` tells it to those who look.

use chrono::{Datelike, Days, NaiveDate};
use rusqlite::{Connection, params};

use super::campaign::{Campaign, FIBRE};
use super::random::Random;
use super::staff::Rep;
use crate::sandbox::error::SandboxError;

/// The vendor that has no silence.
const WITHOUT_SILENCE: &str = "cloudline";
/// Of those who could be trained, each so many-th is.
const TRAINED: usize = 5;
/// Who has worked here for so many days can be trained.
const SETTLED_IN: i64 = 60;

/// When what happens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Story {
    outage: NaiveDate,
    launch: NaiveDate,
    training: NaiveDate,
    today: NaiveDate,
}

impl Story {
    pub fn until(today: NaiveDate) -> Self {
        // Of the four whole weeks before that of today: the Monday of the first, that of the second, and the Tuesday of
        // the third.
        let monday = before(today, u64::from(today.weekday().num_days_from_monday()));
        Self { training: before(monday, 28), launch: before(monday, 21), outage: before(monday, 13), today }
    }

    pub fn outage(&self) -> NaiveDate {
        self.outage
    }

    /// Sends some of the users to the training.
    pub fn train(&self, reps: &mut [Rep]) {
        let settled =
            |rep: &&mut Rep| rep.left_on.is_none() && (self.training - rep.hired_on).num_days() >= SETTLED_IN;
        for rep in reps.iter_mut().filter(settled).step_by(TRAINED) {
            rep.trained_on = Some(self.training);
        }
    }

    /// How often a call of a day is of each campaign.
    pub fn weight(&self, campaign: &Campaign, date: NaiveDate) -> u32 {
        if date == self.outage && campaign.name == "support" { campaign.weight * 4 } else { campaign.weight }
    }

    /// The campaign that a call is of after all: half of those of sales are of the new one, once it has started.
    pub fn campaign(
        &self,
        drawn: &'static Campaign,
        date: NaiveDate,
        random: &mut Random,
    ) -> &'static Campaign {
        let moves = drawn.name == "sales" && date >= self.launch && random.chance(0.5);
        if moves { &FIBRE } else { drawn }
    }

    /// Keeps back the summaries that have not come yet: of today and yesterday most, and of one day all.
    pub fn withhold(&self, connection: &Connection) -> Result<(), SandboxError> {
        let late = "summary IS NOT NULL AND (date = ?1 OR date >= ?2 AND call_id % 5 <> 0)";
        let days = params![before(self.today, 5).to_string(), before(self.today, 1).to_string()];
        let keep = format!("INSERT INTO withheld SELECT call_id, summary FROM calls WHERE {late}");
        connection.execute(&keep, days)?;
        connection.execute(&format!("UPDATE calls SET summary = NULL WHERE {late}"), days)?;
        Ok(())
    }
}

/// Whether a vendor says for how long nobody spoke.
pub fn measures_silence(vendor: &str) -> bool {
    vendor != WITHOUT_SILENCE
}

fn before(date: NaiveDate, days: u64) -> NaiveDate {
    // The years are bounded by the options.
    date.checked_sub_days(Days::new(days)).unwrap_or(date)
}
