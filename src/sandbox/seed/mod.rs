//! A contact centre that never was: users, their conversations, their days in the app. The same for the same
//! seed and the same day.

mod campaign;
mod conversation;
mod random;
mod staff;
mod story;
mod summary;
mod volume;

use chrono::{Days, NaiveDate};
use rusqlite::{Connection, params};

use campaign::{CAMPAIGNS, Campaign};
use random::Random;
use staff::Rep;
use story::{Story, measures_silence};
use volume::Day;

use super::cancellation::Cancellation;
use super::error::SandboxError;

/// What the data depend on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recipe {
    pub calls: u64,
    pub reps: u64,
    pub days: u32,
    pub seed: u64,
    pub today: NaiveDate,
    /// Whether anything happens besides every day.
    pub story: bool,
}

impl Recipe {
    fn story(&self) -> Option<Story> {
        self.story.then(|| Story::until(self.today))
    }
}

/// Fills the empty tables of a new database; gives the users who went to a training, each with the day.
pub(super) fn fill(
    connection: &Connection,
    recipe: &Recipe,
    wanted: &Cancellation,
) -> Result<Vec<(String, NaiveDate)>, SandboxError> {
    let stream = |number| Random::new(recipe.seed, number);
    let story = recipe.story();
    let reps = hire(recipe, story.as_ref(), &mut stream(1), wanted)?;
    insert_reps(connection, &reps, wanted)?;
    let outage = story.as_ref().map(Story::outage);
    let days = volume::spread(recipe.calls, recipe.days, recipe.today, outage, &mut stream(2));
    insert_calls(connection, &reps, &days, story.as_ref(), 1, &mut stream(3), wanted)?;
    insert_activity(connection, &reps, recipe, &mut stream(4), wanted)?;
    if let Some(story) = story {
        story.withhold(connection)?;
    }
    Ok(reps.into_iter().filter_map(|rep| Some((rep.id, rep.trained_on?))).collect())
}

fn hire(
    recipe: &Recipe,
    story: Option<&Story>,
    random: &mut Random,
    wanted: &Cancellation,
) -> Result<Vec<Rep>, SandboxError> {
    let mut reps = staff::hire(recipe.reps, recipe.days, recipe.today, random, wanted)?;
    if let Some(story) = story {
        story.train(&mut reps);
    }
    Ok(reps)
}

/// Adds conversations on a day, with keys from `first` on; gives the key that comes after them.
pub(super) fn add(
    connection: &Connection,
    recipe: &Recipe,
    date: NaiveDate,
    calls: u64,
    first: i64,
    wanted: &Cancellation,
) -> Result<i64, SandboxError> {
    let story = recipe.story();
    let reps = hire(recipe, story.as_ref(), &mut Random::new(recipe.seed, 1), wanted)?;
    let days = [Day { date, calls, incident: false }];
    // A stream of its own for each addition.
    let mut random = Random::new(recipe.seed, 4 + first.unsigned_abs());
    insert_calls(connection, &reps, &days, story.as_ref(), first, &mut random, wanted)
}

fn insert_reps(connection: &Connection, reps: &[Rep], wanted: &Cancellation) -> Result<(), SandboxError> {
    let mut insert = connection.prepare(
        "INSERT INTO reps (rep_id, name, gender, department, campaign, active, hired_on)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for rep in reps {
        wanted.check()?;
        // Indices come from the same table.
        let campaign = &CAMPAIGNS[rep.campaign];
        insert.execute(params![
            rep.id,
            rep.name,
            rep.gender,
            campaign.department,
            campaign.name,
            i64::from(rep.left_on.is_none()),
            rep.hired_on.to_string(),
        ])?;
    }
    Ok(())
}

fn insert_calls(
    connection: &Connection,
    reps: &[Rep],
    days: &[Day],
    story: Option<&Story>,
    first: i64,
    random: &mut Random,
    wanted: &Cancellation,
) -> Result<i64, SandboxError> {
    let mut insert = connection.prepare(
        "INSERT INTO calls (call_id, rep_id, vendor, vendor_call_id, department, campaign, subcampaign,
             start_time, date, duration_s, direction, language, talk_ratio, interruptions, silence_s,
             sentiment, csat, resolved, summary)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
    )?;
    let (mut call_id, mut times, mut text) = (first, Vec::new(), String::new());
    for day in days.iter().filter(|day| day.calls > 0) {
        let roster = Roster::of(reps, day.date);
        let date = day.date.to_string();
        let weight =
            |campaign: &Campaign| story.map_or(campaign.weight, |story| story.weight(campaign, day.date));
        let weights: Vec<(usize, u32)> =
            CAMPAIGNS.iter().enumerate().map(|(index, campaign)| (index, weight(campaign))).collect();
        volume::times(day, random, &mut times, wanted)?;
        for second in &times {
            wanted.check()?;
            let campaign = random.weighted(&weights);
            let Some(rep) = roster.pick(campaign, random) else { continue };
            // Indices come from the same table.
            let campaign = &CAMPAIGNS[campaign];
            let campaign = story.map_or(campaign, |story| story.campaign(campaign, day.date, random));
            let call = conversation::draw(rep, campaign, day, random, &mut text);
            let has_silence = story.is_none() || measures_silence(call.vendor);
            let start_time =
                format!("{date} {:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
            insert.execute(params![
                call_id,
                rep.id,
                call.vendor,
                call.vendor_call_id,
                call.campaign.department,
                call.campaign.name,
                call.subcampaign,
                start_time,
                date,
                call.duration,
                call.direction,
                call.language,
                call.talk_ratio,
                call.interruptions,
                has_silence.then_some(call.silence),
                call.sentiment,
                call.csat,
                if call.resolved { b"true".as_slice() } else { b"false".as_slice() },
                call.has_summary.then_some(text.as_str()),
            ])?;
            call_id += 1;
        }
    }
    Ok(call_id)
}

/// Who takes the calls of a day.
struct Roster<'a> {
    /// By campaign.
    teams: Vec<Vec<&'a Rep>>,
    everybody: Vec<&'a Rep>,
}

impl<'a> Roster<'a> {
    fn of(reps: &'a [Rep], date: NaiveDate) -> Self {
        let mut everybody: Vec<&Rep> = reps.iter().filter(|rep| rep.is_at_work(date)).collect();
        if everybody.is_empty() {
            everybody = reps.iter().filter(|rep| rep.is_employed(date)).collect();
        }
        if everybody.is_empty() {
            everybody = reps.iter().take(1).collect();
        }
        let team = |campaign| everybody.iter().copied().filter(|rep| rep.campaign == campaign).collect();
        Self { teams: (0..CAMPAIGNS.len()).map(team).collect(), everybody }
    }

    /// Mostly somebody of the campaign's own team; anybody where there is none, and now and then.
    fn pick(&self, campaign: usize, random: &mut Random) -> Option<&'a Rep> {
        let helped_out = random.chance(0.07);
        let team = self.teams.get(campaign).filter(|team| !team.is_empty() && !helped_out);
        let team = team.unwrap_or(&self.everybody);
        team.get(random.below(team.len())).copied()
    }
}

fn insert_activity(
    connection: &Connection,
    reps: &[Rep],
    recipe: &Recipe,
    random: &mut Random,
    wanted: &Cancellation,
) -> Result<(), SandboxError> {
    let mut insert = connection.prepare(
        "INSERT INTO activity (date, rep_id, logins, minutes_in_app, exercises_completed)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for back in (0..u64::from(recipe.days)).rev() {
        // The years are bounded by the options.
        let Some(date) = recipe.today.checked_sub_days(Days::new(back)) else { continue };
        let text = date.to_string();
        for rep in reps.iter().filter(|rep| rep.is_at_work(date)) {
            wanted.check()?;
            let engagement = rep.engagement_on(date);
            if !random.chance(0.25 + 0.7 * engagement) {
                continue;
            }
            let logins = 1 + random.integer(if engagement > 0.5 { 4 } else { 2 });
            let longer = if random.chance(engagement) { 15 } else { 0 };
            let minutes = 2 + random.integer(12) * logins + longer;
            let exercises = if random.chance(engagement) { random.integer(1 + minutes / 12) } else { 0 };
            insert.execute(params![text, rep.id, logins, minutes, exercises])?;
        }
    }
    Ok(())
}
