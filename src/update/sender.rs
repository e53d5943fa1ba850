//! What an update is sent with: the service, or what stands for it in a test.

use crate::http::{Cost, Http, Request, RetryBudget, SendError};
use crate::settings::Settings;

/// Sends one request until it is answered or given up.
pub trait Sender: Sync {
    fn send(&self, request: Request) -> impl Future<Output = Result<Cost, SendError>> + Send;
}

/// The service. Each request has retries of its own.
#[derive(Debug, Clone, Copy)]
pub struct HttpSender<'a> {
    pub http: &'a Http,
    pub settings: &'a Settings,
}

impl Sender for HttpSender<'_> {
    async fn send(&self, request: Request) -> Result<Cost, SendError> {
        self.http.send(&request, &RetryBudget::single(self.settings)).await
    }
}
