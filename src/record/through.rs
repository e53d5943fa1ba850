//! The body of an answer on its way through: renamed, handed on to whoever asked, and kept.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::mpsc::Sender;

use super::names::Answered;
use super::reply::Cut;
use super::rewriter::{Rewriter, Stopped};
use super::tape::{Body, Packer};
use crate::error::{Error, Result};
use crate::http::BodySink;

/// In place of a body that is no JSON, of which nobody knows what it tells.
const UNKNOWN: &[u8] = b"(not recorded, since it is no JSON)";

/// What of a body has been kept so far.
#[derive(Debug, Default, Clone)]
pub struct Kept(Arc<Mutex<Option<Packer>>>);

impl Kept {
    fn lock(&self) -> MutexGuard<'_, Option<Packer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What has been kept; nothing is from then on.
    ///
    /// # Errors
    /// More than a recording may have.
    pub fn take(&self) -> Result<Body> {
        match self.lock().take() {
            Some(packer) => packer.finish(),
            None => Body::of(b""),
        }
    }
}

/// Takes in the answer. Whether it came as a whole is its output.
#[derive(Debug)]
pub struct Through {
    rewriter: Option<Rewriter<Answered>>,
    kept: Kept,
    out: Sender<Result<Bytes, Cut>>,
    begun: bool,
    is_unknown: bool,
}

impl Through {
    /// Without a rewriter everything stays as it is.
    ///
    pub fn new(rewriter: Option<Rewriter<Answered>>, kept: Kept, out: Sender<Result<Bytes, Cut>>) -> Self {
        Self { rewriter, kept, out, begun: false, is_unknown: false }
    }

    fn pass(&mut self, bytes: Vec<u8>) -> Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.begun = true;
        {
            let mut kept = self.kept.lock();
            if kept.is_none() {
                *kept = Some(Packer::new()?);
            }
            if let Some(packer) = kept.as_mut() {
                packer.push(&bytes)?;
            }
        }
        // Whoever asked may have gone; what was asked is recorded all the same.
        let _ = self.out.blocking_send(Ok(bytes.into()));
        Ok(())
    }

    /// Stops rewriting: what follows must not pass.
    fn stopped(&mut self, why: Stopped) -> Result<()> {
        match why {
            Stopped::Refused(error) => Err(error),
            Stopped::NotJson if self.begun => {
                Err(Error::connection("the answer stops being JSON in the middle"))
            }
            Stopped::NotJson => {
                self.is_unknown = true;
                self.pass(UNKNOWN.to_vec())
            }
        }
    }
}

impl BodySink for Through {
    type Output = ();

    fn push(&mut self, window: Bytes) -> Result<()> {
        if self.is_unknown {
            return Ok(());
        }
        let Some(rewriter) = &mut self.rewriter else { return self.pass(window.to_vec()) };
        let mut bytes = Vec::with_capacity(window.len() + window.len() / 8);
        let pushed = rewriter.push(&window, &mut bytes);
        drop(window);
        // Blanks before something else are nothing yet.
        if pushed.is_err() && !self.begun && !bytes.iter().any(|byte| matches!(byte, b'{' | b'[')) {
            bytes.clear();
        }
        self.pass(bytes)?;
        pushed.or_else(|why| self.stopped(why))
    }

    fn finish(mut self) -> Result<()> {
        let Some(rewriter) = self.rewriter.take().filter(|_| !self.is_unknown) else { return Ok(()) };
        let mut bytes = Vec::new();
        let is_fresh = rewriter.is_fresh();
        let finished = rewriter.finish(&mut bytes);
        self.pass(bytes)?;
        match finished {
            // No body at all.
            Err(Stopped::NotJson) if is_fresh => Ok(()),
            Err(why) => self.stopped(why),
            Ok(()) => Ok(()),
        }
    }
}
