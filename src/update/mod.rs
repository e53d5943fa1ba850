//! The bodies of an update → requests in order and an accounted outcome. Knows no Python.
//!
//! An [`Update`] sends one request after the other, so that at any moment three things say everything: the requests
//! that were answered, the one on its way, and those not yet sent. While one is on its way the next is written.

mod account;
mod dry_run;
mod run;
mod sender;

pub use account::Progress;
pub use dry_run::PlannedRequest;
pub use run::{Update, UpdateOutcome};
pub use sender::{HttpSender, Sender};
