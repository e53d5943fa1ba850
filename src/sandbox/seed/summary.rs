//! The summary of a conversation: a short paragraph that agrees with its other columns.

use super::campaign::Topic;
use super::random::Random;

/// What a summary has to agree with.
pub(super) struct Story<'a> {
    pub topic: &'a Topic,
    pub outbound: bool,
    pub resolved: bool,
    pub sentiment: f64,
    pub duration: i64,
    /// A day on which everything went wrong.
    pub incident: bool,
}

/// Replaces `text` by a summary.
pub(super) fn write(text: &mut String, story: &Story, random: &mut Random) {
    text.clear();
    if story.outbound {
        text.push_str(random.pick(OUTBOUND));
        text.push(' ');
        text.push_str(random.pick(story.topic.actions));
        text.push_str(". ");
    } else {
        text.push_str(random.pick(INBOUND));
        text.push(' ');
        text.push_str(random.pick(story.topic.reasons));
        text.push_str(". ");
        if story.incident || story.duration > 900 {
            text.push_str(random.pick(WAITED));
            text.push(' ');
        }
        text.push_str(random.pick(AGENT));
        text.push(' ');
        text.push_str(random.pick(story.topic.actions));
        text.push_str(". ");
    }
    if story.duration > 420 {
        text.push_str(random.pick(LONGER));
        text.push(' ');
    }
    text.push_str(random.pick(if story.resolved { story.topic.solved } else { story.topic.open }));
    text.push(' ');
    let feeling = match story.sentiment {
        mood if mood > 0.35 => PLEASED,
        mood if mood > -0.25 => NEUTRAL,
        _ => UPSET,
    };
    text.push_str(random.pick(feeling));
    if !story.resolved && random.chance(0.6) {
        text.push(' ');
        text.push_str(random.pick(FOLLOW_UP));
    }
}

const INBOUND: &[&str] = &[
    "Customer called",
    "The customer got in touch",
    "Caller contacted us",
    "A customer of several years called",
    "The caller rang",
    "Customer phoned again",
];

const OUTBOUND: &[&str] = &[
    "The agent called the customer as agreed and",
    "Outbound call: after a short introduction the agent",
    "The agent reached the customer at the second attempt and",
    "In a follow-up to an earlier conversation the agent",
];

const WAITED: &[&str] = &[
    "The waiting time was mentioned right at the start.",
    "The customer had been transferred before and had to explain everything again.",
    "It was the second call about this today.",
];

const AGENT: &[&str] = &[
    "The agent listened, summed up the question and",
    "The agent",
    "After checking the account the agent",
    "The agent apologised and",
    "The agent put the call on hold briefly and",
];

const LONGER: &[&str] = &[
    "Several alternatives were discussed before a choice was made.",
    "The customer had further questions about the conditions, which were answered.",
    "A colleague was consulted during the call.",
    "The notes of the previous contact were reviewed together.",
];

const PLEASED: &[&str] = &[
    "The customer was relieved and thanked the agent.",
    "The conversation was friendly and ended with a compliment.",
    "The customer was pleased with the quick help.",
    "Both laughed about the misunderstanding at the end.",
];

const NEUTRAL: &[&str] = &[
    "The customer took note of this.",
    "The conversation was businesslike.",
    "The customer had no further questions.",
    "The next steps were clear to both sides.",
];

const UPSET: &[&str] = &[
    "The customer was annoyed and interrupted several times.",
    "The customer was not satisfied with the answer.",
    "The conversation ended in frustration.",
    "The customer announced a complaint.",
];

const FOLLOW_UP: &[&str] = &[
    "A task was created for the back office.",
    "A call back is planned within two working days.",
    "The ticket stays open.",
    "The customer will be informed by email.",
];
