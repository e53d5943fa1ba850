//! One conversation: its columns hang together, as they do where people talk.

use super::campaign::Campaign;
use super::random::Random;
use super::staff::Rep;
use super::summary::{self, Story};
use super::volume::Day;

/// The columns of a conversation that are neither its key nor its time.
pub(super) struct Conversation {
    pub vendor: &'static str,
    pub vendor_call_id: String,
    pub campaign: &'static Campaign,
    pub subcampaign: Option<&'static str>,
    pub duration: i64,
    pub direction: &'static str,
    pub language: &'static str,
    pub has_summary: bool,
    pub talk_ratio: f64,
    pub interruptions: i64,
    pub silence: i64,
    pub sentiment: f64,
    pub csat: Option<i64>,
    pub resolved: bool,
}

const VENDORS: &[(&str, u32)] = &[("pbx-north", 46), ("pbx-south", 31), ("cloudline", 23)];
const LANGUAGES: &[(&str, u32)] = &[("nl", 58), ("en", 22), ("de", 12), ("fr", 8)];

/// Draws a conversation of a user on a day; its summary goes to `text`.
pub(super) fn draw(
    rep: &Rep,
    campaign: &'static Campaign,
    day: &Day,
    random: &mut Random,
    text: &mut String,
) -> Conversation {
    let topic = random.weighted(campaign.subcampaigns);
    let skill = rep.skill_on(day.date);
    let trouble = if day.incident { 0.45 } else { 0.0 };

    let mood = campaign.mood + 1.5 * (skill - 0.5) - trouble + 0.5 * random.normal();
    let sentiment = round3(mood / (1.0 + mood * mood).sqrt());
    let resolved = random.chance((0.56 + 0.3 * sentiment + 0.4 * (skill - 0.5)).clamp(0.04, 0.98));

    let (first, second, tail) = (random.unit(), random.unit(), random.unit());
    let length = 0.2 + 0.75 * (first + second) / 1.4 + 1.9 * tail * tail * tail * tail;
    let effort = 1.0 - 0.22 * sentiment + 0.4 * trouble;
    let duration = whole((campaign.duration * rep.pace * length * effort).clamp(11.0, 7_200.0));

    let talk = 0.5 + campaign.talk + 0.35 * (0.55 - skill) + 0.075 * random.normal();
    let talk_ratio = round3(talk.clamp(0.06, 0.95));
    let rate = (0.4 + 1.6 * (talk_ratio - 0.35) - 0.7 * sentiment).max(0.05);
    let interruptions = whole((duration as f64 / 180.0 * rate * (0.4 + 1.2 * random.unit())).floor());
    let quiet = (campaign.silence + 0.12 * (0.6 - skill) + 0.045 * random.normal()).clamp(0.005, 0.6);
    let silence = whole(duration as f64 * quiet);

    let answered = random.chance((0.3 + 0.12 * sentiment.abs()).min(0.9));
    let score = 3.35 + 1.7 * sentiment + if resolved { 0.45 } else { -0.65 } + 0.55 * random.normal();
    let csat = answered.then(|| whole(score.round().clamp(1.0, 5.0)));

    let outbound = random.chance(campaign.outbound);
    let story = Story { topic, outbound, resolved, sentiment, duration, incident: day.incident };
    summary::write(text, &story, random);

    Conversation {
        vendor: random.weighted(VENDORS),
        vendor_call_id: uuid(random.next(), random.next()),
        campaign,
        subcampaign: (!random.chance(0.06)).then_some(topic.name),
        duration,
        direction: if outbound { "outbound" } else { "inbound" },
        language: random.weighted(LANGUAGES),
        has_summary: !random.chance(0.04),
        talk_ratio,
        interruptions,
        silence,
        sentiment,
        csat,
        resolved,
    }
}

fn round3(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

fn whole(value: f64) -> i64 {
    value as i64
}

/// A random UUID (version 4, variant 1) in its usual spelling.
fn uuid(high: u64, low: u64) -> String {
    let high = high & 0xFFFF_FFFF_FFFF_0FFF | 0x4000;
    let low = low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000;
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xFFFF,
        high & 0xFFFF,
        low >> 48,
        low & 0xFFFF_FFFF_FFFF
    )
}
