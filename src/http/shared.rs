//! What all requests of a client have in common.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::client::Client;
use super::clock::Clock;
use super::observer::Observer;
use super::proxies::Proxies;
use super::rate::Rate;
use super::redact::Secrets;
use crate::settings::Settings;

/// The parts of an [`Http`](super::Http), which all its requests share.
pub(super) struct Shared {
    pub client: Client,
    pub secrets: Secrets,
    pub proxies: Arc<Proxies>,
    pub settings: Arc<Settings>,
    pub observer: Arc<dyn Observer>,
    pub clock: Arc<dyn Clock>,
    /// As many permits as requests of reads may be in flight, however many reads there are.
    pub reading: Arc<Semaphore>,
    /// Of requests of any kind: each has a connection, or HTTP/2 has one for them.
    pub places: Arc<Semaphore>,
    pub rate: Rate,
}
