//! What all requests of a client have in common.

use std::sync::Arc;

use super::client::Client;
use super::clock::Clock;
use super::observer::Observer;
use super::proxies::Proxies;
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
}
