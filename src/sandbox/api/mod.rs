//! The routes: what is answered where, and what every request passes on its way.

mod answer;
mod body;
mod calls;
mod cut;
mod fault_script;
mod guard;
mod openapi;
mod paging;
mod problem;
mod query_string;
mod report;
mod reps;
mod service;
mod update;
mod value;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, Uri};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;

use super::fault::FaultOperation;
use super::log::RequestRecord;
use super::problem::{Problem, excerpt};
use super::store::Entity;
use fault_script::Effects;
use service::blocking;

pub(super) use body::parse;
pub(super) use fault_script::Script;
pub(super) use service::Service;

pub(super) fn router(service: Arc<Service>) -> Router {
    let api = Router::new()
        .route("/api/v1/calls", get(list_calls).post(update_calls))
        .route("/api/v1/reps", get(list_reps).post(update_reps))
        .route("/api/v1/report", get(report))
        .method_not_allowed_fallback(no_such_method)
        .layer(from_fn_with_state(Arc::clone(&service), guard::key));
    Router::new()
        .route("/openapi.json", get(openapi::describe))
        .method_not_allowed_fallback(no_such_method)
        .merge(api)
        .fallback(no_such_path)
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
        .layer(from_fn(cut::cut))
        .layer(from_fn(guard::host))
        .layer(from_fn_with_state(Arc::clone(&service), record))
        .with_state(service)
}

async fn record(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    let method = request.method().to_string();
    let (path, query) = (request.uri().path().to_owned(), query(request.uri()).to_owned());
    let response = next.run(request).await;
    service.log.push(RequestRecord { method, path, query, status: response.status().as_u16() });
    response
}

async fn no_such_path(uri: Uri) -> Problem {
    let message = format!(
        "there is no path {}: the API is /api/v1/calls, /api/v1/reps and /api/v1/report, described at /openapi.json",
        excerpt(uri.path()),
    );
    Problem::new(404, "not_found", message)
}

async fn no_such_method(method: Method, uri: Uri) -> Problem {
    let message = format!("{} does not take {method}", excerpt(uri.path()));
    Problem::new(405, "method_not_allowed", message)
}

fn query(uri: &Uri) -> &str {
    uri.query().unwrap_or_default()
}

async fn list_calls(State(service): State<Arc<Service>>, uri: Uri) -> Response {
    list(service, uri, FaultOperation::Calls).await
}

async fn list_reps(State(service): State<Arc<Service>>, uri: Uri) -> Response {
    list(service, uri, FaultOperation::Reps).await
}

async fn list(service: Arc<Service>, uri: Uri, operation: FaultOperation) -> Response {
    let effects = service.script.next(operation);
    let parse = if operation == FaultOperation::Calls { calls::parse } else { reps::parse };
    let response = match effects.refusal().map_or_else(|| parse(query(&uri), effects.cap), Err) {
        Ok(page) => answer::page(service, page).await,
        Err(problem) => problem.into_response(),
    };
    effects.spoil(response).await
}

async fn report(State(service): State<Arc<Service>>, uri: Uri) -> Response {
    let effects = service.script.next(FaultOperation::Report);
    let response = refuse_or(&effects, async || {
        let report = report::parse(query(&uri), service.store.today())?;
        let rows = blocking(move || {
            let mut rows = Vec::new();
            service.store.read(|connection| report.write(connection, &mut rows))?;
            Ok(rows)
        });
        Ok(answer::json(rows.await?))
    });
    let response = response.await;
    effects.spoil(response).await
}

async fn update_calls(State(service): State<Arc<Service>>, request: Request) -> Response {
    update(service, request, Entity::Calls, FaultOperation::UpdateCalls).await
}

async fn update_reps(State(service): State<Arc<Service>>, request: Request) -> Response {
    update(service, request, Entity::Reps, FaultOperation::UpdateReps).await
}

async fn update(
    service: Arc<Service>,
    request: Request,
    entity: Entity,
    operation: FaultOperation,
) -> Response {
    let effects = service.script.next(operation);
    let response = refuse_or(&effects, async || {
        let body = update::receive(request).await?;
        let rows = blocking(move || service.store.update(&body::parse(&body, entity)?));
        Ok(answer::json(format!("{{\"updated\":{}}}", rows.await?)))
    });
    let response = response.await;
    effects.spoil(response).await
}

async fn refuse_or(effects: &Effects, answer: impl AsyncFnOnce() -> Result<Response, Problem>) -> Response {
    match effects.refusal() {
        Some(problem) => problem.into_response(),
        None => answer().await.unwrap_or_else(IntoResponse::into_response),
    }
}
