//! Every refusal as the documented JSON object.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::sandbox::problem::Problem;

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::json!({"error": self.message, "code": self.code});
        (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
    }
}
