//! The bodies of an update → requests in order and an accounted outcome. Knows no Python.
//!
//! An [`Update`] sends one request after the other, so that at any moment three things say everything: the requests
//! that were answered, the one on its way, and those not yet sent. While one is on its way the next is written.
//!
//! A [`Plan`] compares a frame with what is stored before anything is sent.

mod account;
mod changes;
mod defect;
mod dry_run;
mod journal;
mod journaling;
mod kinds;
mod matching;
mod nearest;
mod plan;
mod plan_update;
mod read_stored;
mod reads;
mod recheck;
mod run;
mod same;
mod sender;
mod undo;
mod whereabouts;

pub use account::UpdateProgress;
pub use changes::{Changes, Direction};
pub use dry_run::PlannedRequest;
pub use journal::{Journal, Recorded};
pub use journaling::Journaling;
pub use kinds::{JsonKind, TypeChange};
pub use matching::PlanReader;
pub use plan::{Change, ColumnPlan, Plan};
pub use plan_update::{Planned, Range, plan_update};
pub use reads::reads;
pub use recheck::{Rechecked, recheck};
pub use run::{Update, UpdateOutcome};
pub use sender::{HttpSender, Sender};
