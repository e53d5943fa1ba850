//! The description of the API.
use super::Service;
use axum::extract::State;
use axum::response::Response;
use std::sync::Arc;
pub(super) async fn describe(State(_service): State<Arc<Service>>) -> Response {
    super::answer::json("{}")
}
