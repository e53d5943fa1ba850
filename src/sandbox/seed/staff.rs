//! The users: who they are, since when they work here, on which days, and how good they are.

use chrono::{Datelike, Days, NaiveDate};

use super::campaign::CAMPAIGNS;
use super::random::Random;
use super::volume;
use crate::sandbox::cancellation::Cancellation;
use crate::sandbox::error::SandboxError;

/// How much better the trained are, from 0 to 1, and how much more they use the app.
const GAIN: f64 = 0.25;

pub(super) struct Rep {
    pub id: String,
    pub name: &'static str,
    pub gender: &'static str,
    /// Index into the campaigns.
    pub campaign: usize,
    pub hired_on: NaiveDate,
    /// The last day of those who are no longer active.
    pub left_on: Option<NaiveDate>,
    /// From 0 to 1, once this one is no longer new.
    pub skill: f64,
    /// The first day after the training of the story, for those who were there.
    pub trained_on: Option<NaiveDate>,
    /// How long this one's conversations take, relative to others.
    pub pace: f64,
    /// How much this one uses the app, from 0 to 1.
    engagement: f64,
    /// Works on Monday, Tuesday and so on.
    weekdays: [bool; 5],
    /// In which week of four this one works at the weekend.
    weekend: u32,
}

pub(super) fn hire(
    reps: u64,
    days: u32,
    today: NaiveDate,
    random: &mut Random,
    wanted: &Cancellation,
) -> Result<Vec<Rep>, SandboxError> {
    let weights: Vec<(usize, u32)> =
        CAMPAIGNS.iter().enumerate().map(|(index, campaign)| (index, campaign.weight)).collect();
    let back = |days: usize| today.checked_sub_days(Days::new(days as u64)).unwrap_or(today);
    (0..reps)
        .map(|index| {
            wanted.check()?;
            let (name, gender) = random.pick(NAMES);
            // A few have been hired within the range of the data, most before.
            let hired_on = if index > 0 && random.chance(0.2) {
                back(random.below(days as usize))
            } else {
                back(days as usize + random.below(2_200))
            };
            let worked = (today - hired_on).num_days().unsigned_abs() as usize;
            let left_on = (index > 0 && worked > 14 && random.chance(0.1))
                .then(|| back(1 + random.below(worked.min(days as usize))));
            let part_time = random.chance(0.35);
            let mut weekdays = [true; 5];
            if part_time {
                for _ in 0..=random.below(2) {
                    let off = random.below(5);
                    if let Some(day) = weekdays.get_mut(off) {
                        *day = false;
                    }
                }
            }
            Ok(Rep {
                id: format!("{}{}", name.to_lowercase(), 500 + index),
                name,
                gender,
                campaign: random.weighted(&weights),
                hired_on,
                left_on,
                trained_on: None,
                skill: (0.58 + 0.17 * random.normal()).clamp(0.08, 0.98),
                pace: (1.0 + 0.14 * random.normal()).clamp(0.6, 1.6),
                engagement: (0.5 + 0.24 * random.normal()).clamp(0.03, 0.97),
                weekdays,
                weekend: random.below(4) as u32,
            })
        })
        .collect()
}

impl Rep {
    pub fn is_employed(&self, date: NaiveDate) -> bool {
        self.hired_on <= date && self.left_on.is_none_or(|left| date <= left)
    }

    pub fn is_at_work(&self, date: NaiveDate) -> bool {
        if !self.is_employed(date) {
            return false;
        }
        if volume::is_weekend(date) {
            return date.iso_week().week() % 4 == self.weekend;
        }
        self.weekdays.get(date.weekday().num_days_from_monday() as usize).copied().unwrap_or(true)
    }

    /// What is left of the skill while somebody is new: two thirds at first, all of it after eight months.
    pub fn skill_on(&self, date: NaiveDate) -> f64 {
        let months = (date - self.hired_on).num_days() as f64 / 30.0;
        let learned = if self.is_trained(date) { GAIN } else { 0.0 };
        self.skill * (0.66 + 0.34 * (months / 8.0).clamp(0.0, 1.0)) + learned
    }

    /// How much this one uses the app on a day.
    pub fn engagement_on(&self, date: NaiveDate) -> f64 {
        if self.is_trained(date) { (self.engagement + GAIN).min(0.97) } else { self.engagement }
    }

    fn is_trained(&self, date: NaiveDate) -> bool {
        self.trained_on.is_some_and(|trained| trained <= date)
    }
}

/// Given names, with the gender that goes with each.
const NAMES: &[(&str, &str)] = &[
    ("Kees", "m"),
    ("Cas", "m"),
    ("Mila", "f"),
    ("Liam", "m"),
    ("Anna", "f"),
    ("Bram", "m"),
    ("Sara", "f"),
    ("Daan", "m"),
    ("Eva", "f"),
    ("Finn", "m"),
    ("Lotte", "f"),
    ("Hugo", "m"),
    ("Iris", "f"),
    ("Jan", "m"),
    ("Julia", "f"),
    ("Lars", "m"),
    ("Lieke", "f"),
    ("Luuk", "m"),
    ("Maud", "f"),
    ("Milan", "m"),
    ("Nina", "f"),
    ("Noah", "m"),
    ("Noor", "f"),
    ("Olaf", "m"),
    ("Roos", "f"),
    ("Pim", "m"),
    ("Sofie", "f"),
    ("Ruben", "m"),
    ("Tess", "f"),
    ("Sem", "m"),
    ("Vera", "f"),
    ("Sven", "m"),
    ("Yara", "f"),
    ("Teun", "m"),
    ("Zoe", "f"),
    ("Thijs", "m"),
    ("Fleur", "f"),
    ("Tim", "m"),
    ("Isa", "f"),
    ("Tom", "m"),
    ("Lena", "f"),
    ("Wout", "m"),
    ("Amira", "f"),
    ("Omar", "m"),
    ("Leyla", "f"),
    ("Emir", "m"),
    ("Aylin", "f"),
    ("Karim", "m"),
    ("Salma", "f"),
    ("Youssef", "m"),
    ("Elif", "f"),
    ("Mehmet", "m"),
    ("Clara", "f"),
    ("Jonas", "m"),
    ("Greta", "f"),
    ("Felix", "m"),
    ("Hanna", "f"),
    ("Emil", "m"),
    ("Marie", "f"),
    ("Louis", "m"),
    ("Chloe", "f"),
    ("Jules", "m"),
    ("Manon", "f"),
    ("Hector", "m"),
    ("Lucia", "f"),
    ("Diego", "m"),
    ("Ines", "f"),
    ("Marco", "m"),
    ("Giulia", "f"),
    ("Paolo", "m"),
    ("Chiara", "f"),
    ("Piotr", "m"),
    ("Zofia", "f"),
    ("Jakub", "m"),
    ("Maja", "f"),
    ("Ivan", "m"),
    ("Petra", "f"),
    ("Ravi", "m"),
    ("Priya", "f"),
    ("Arjun", "m"),
    ("Mei", "f"),
    ("Kenji", "m"),
    ("Yuki", "f"),
    ("Kofi", "m"),
    ("Abena", "f"),
    ("Femi", "m"),
    ("Zuri", "f"),
    ("Niels", "m"),
    ("Freya", "f"),
    ("Erik", "m"),
    ("Astrid", "f"),
    ("Ewan", "m"),
    ("Isla", "f"),
    ("Owen", "m"),
    ("Ella", "f"),
    ("Joost", "m"),
    ("Femke", "f"),
];
