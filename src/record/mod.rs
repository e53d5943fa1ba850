//! Exchanges with the service → a file → the same exchanges, with pseudonyms in place of what names somebody.
//!
//! A small service on 127.0.0.1 stands between a client and the real one, so that whatever asks is recorded alike: it
//! forwards what it is asked and keeps what comes, or answers from what was kept. It rewrites texts of JSON as they pass
//! and never decodes rows.

mod dates;
mod file;
mod headers;
mod names;
mod nearest;
mod pseudonym;
mod question;
mod recorder;
mod reply;
mod rewriter;
mod rules;
mod server;
mod tape;
mod through;

pub use file::{bodies_path, read, write};
pub use names::{Answered, Names};
pub use pseudonym::Pseudonyms;
pub use recorder::{Options, Record, Recorder};
pub use rewriter::{Replace, Rewriter, Stopped};
pub use rules::{Rules, Treatment};
pub use server::serve;
pub use tape::{Asking, Body, Exchange, Tape};
