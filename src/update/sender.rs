//! What an update is sent with: the service, or what stands for it in a test.

use crate::http::{Cost, Http, Request, RetryBudget, SendError};
use crate::settings::Settings;

/// Sends one request of so many rows until it is confirmed or given up.
pub trait Sender: Sync {
    fn send(&self, request: Request, rows: usize) -> impl Future<Output = Result<Cost, SendError>> + Send;
}

/// The service. Each request has retries of its own.
#[derive(Debug, Clone, Copy)]
pub struct HttpSender<'a> {
    pub http: &'a Http,
    pub settings: &'a Settings,
}

impl Sender for HttpSender<'_> {
    async fn send(&self, request: Request, rows: usize) -> Result<Cost, SendError> {
        self.http.send(&request, rows, &RetryBudget::single(self.settings)).await
    }
}
