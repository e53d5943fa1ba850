//! Requests in order, the failing one, and what is left to do.

use std::ops::Range;
use std::sync::Mutex;

use converz::encode::{KeyColumn, Limits, Nulls, UpdateFrame};
use converz::error::{Error, ErrorKind, UpdateFailure};
use converz::http::{Cost, Request, SendError};
use converz::query::Operation;
use converz::update::{Sender, Update};
use proptest::prelude::*;

use crate::encode::frames::{Drawn, frames, limits};
use crate::encode::model::Model;

/// A service that applies what it gets to a model, and fails one request.
struct Service {
    state: Mutex<State>,
    failing: usize,
    how: Failing,
}

struct State {
    model: Model,
    seen: usize,
    most_at_once: usize,
    on_its_way: usize,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Failing {
    /// Nothing of the request was applied, and the client knows.
    Refused,
    /// The client cannot know whether it was applied.
    InDoubt { applied: bool },
}

impl Service {
    fn new(model: Model, failing: usize, how: Failing) -> Self {
        let state = Mutex::new(State { model, seen: 0, most_at_once: 0, on_its_way: 0 });
        Self { state, failing, how }
    }

    fn sound(model: Model) -> Self {
        Self::new(model, usize::MAX, Failing::Refused)
    }

    fn model(self) -> Model {
        self.state.into_inner().unwrap().model
    }
}

impl Sender for Service {
    async fn send(&self, request: Request, rows: usize) -> Result<Cost, SendError> {
        assert_eq!(request.operation, Operation::UpdateCalls);
        assert!(request.query.pairs().is_empty());
        assert_eq!(rows, rows_of(request.body.as_deref().unwrap()));
        let place = {
            let mut state = self.state.lock().unwrap();
            state.on_its_way += 1;
            state.most_at_once = state.most_at_once.max(state.on_its_way);
            state.seen += 1;
            state.seen - 1
        };
        tokio::task::yield_now().await;
        let mut state = self.state.lock().unwrap();
        state.on_its_way -= 1;
        let fails = place == self.failing;
        if !fails || self.how == (Failing::InDoubt { applied: true }) {
            state.model.apply(&request.body.unwrap());
        }
        if fails {
            let in_doubt = self.how != Failing::Refused;
            return Err(SendError { error: Error::connection("the line went dead"), in_doubt });
        }
        Ok(Cost { attempts: 2, ..Cost::default() })
    }
}

/// The rows of a body, of either form.
fn rows_of(body: &[u8]) -> usize {
    match serde_json::from_slice(body).unwrap() {
        serde_json::Value::Array(rows) => rows.len(),
        serde_json::Value::Object(columns) => columns["call_id"].as_array().unwrap().len(),
        other => panic!("{other}"),
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

fn run(
    frame: UpdateFrame,
    limits: Limits,
    service: &Service,
) -> Result<Update, (Update, Box<UpdateFailure>)> {
    let update = Update::new(Operation::UpdateCalls, frame, limits).unwrap();
    match block_on(update.run(service)) {
        Ok(_) => Ok(update),
        Err(error) => match error.kind() {
            ErrorKind::Update(failure) => Err((update, failure.clone())),
            other => panic!("{other:?}"),
        },
    }
}

fn rows(runs: &[Range<usize>]) -> Vec<usize> {
    runs.iter().flat_map(Clone::clone).collect()
}

fn nulls() -> impl Strategy<Value = Nulls> {
    prop_oneof![Just(Nulls::Keep), Just(Nulls::Clear)]
}

fn failing() -> impl Strategy<Value = Failing> {
    prop_oneof![Just(Failing::Refused), any::<bool>().prop_map(|applied| Failing::InDoubt { applied })]
}

fn stored(model: &Model, drawn: &Drawn, row: usize) -> std::collections::BTreeMap<String, serde_json::Value> {
    model.0[&drawn.keys[row]].clone()
}

proptest! {
    #[test]
    fn a_failure_accounts_for_every_row_and_what_remains_finishes_the_job(
        drawn in frames(60),
        limits in limits(),
        nulls in nulls(),
        place in any::<prop::sample::Index>(),
        how in failing(),
    ) {
        let frame = drawn.frame(nulls);
        let before = Model::before(&drawn);
        let mut after = before.clone();
        after.expect(&drawn, 0..drawn.keys.len(), nulls);
        let requests = frame.requests(limits).unwrap().len();
        if requests == 0 {
            prop_assert!(run(frame, limits, &Service::sound(before)).is_ok());
            return Ok(());
        }
        let service = Service::new(before.clone(), place.index(requests), how);
        let (update, failure) = run(frame.clone(), limits, &service).unwrap_err();
        prop_assert_eq!(update.progress().requests, place.index(requests));
        let stopped = service.model();

        let (committed, in_doubt, unsent) = (rows(&failure.committed), rows(&failure.in_doubt), rows(&failure.unsent));
        let mut all: Vec<usize> = [&committed[..], &in_doubt, &unsent].concat();
        all.sort_unstable();
        prop_assert_eq!(all, (0..drawn.keys.len()).collect::<Vec<_>>());
        prop_assert_eq!(failure.cause.message(), "the line went dead");
        for runs in [&failure.committed, &failure.in_doubt, &failure.unsent] {
            prop_assert!(runs.windows(2).all(|pair| pair[0].end < pair[1].start), "{runs:?}");
        }
        for row in committed {
            prop_assert!(nulls == Nulls::Clear || drawn.cells[row].iter().any(Option::is_some), "nothing was sent of {row}");
            prop_assert_eq!(stored(&stopped, &drawn, row), stored(&after, &drawn, row));
        }
        for row in unsent {
            prop_assert_eq!(stored(&stopped, &drawn, row), stored(&before, &drawn, row));
        }
        if how == Failing::Refused {
            for row in in_doubt {
                prop_assert!(stored(&stopped, &drawn, row) != stored(&before, &drawn, row));
            }
        }

        let remaining = frame.remaining(&failure);
        let service = Service::sound(stopped);
        if !remaining.is_empty() {
            let rest = UpdateFrame::new(&drawn.schema, remaining, KeyColumn::CallId, nulls).unwrap();
            prop_assert!(run(rest, limits, &service).is_ok());
        }
        prop_assert_eq!(service.model(), after);
    }

    #[test]
    fn one_request_at_a_time_and_all_are_counted(drawn in frames(60), limits in limits(), nulls in nulls()) {
        let frame = drawn.frame(nulls);
        let update = Update::new(Operation::UpdateCalls, frame, limits).unwrap();
        let planned = update.dry_run();
        let service = Service::sound(Model::before(&drawn));
        let outcome = block_on(update.run(&service)).unwrap();
        let state = service.state.into_inner().unwrap();
        prop_assert_eq!(state.seen, planned.len());
        prop_assert!(state.most_at_once <= 1);
        prop_assert_eq!(outcome.requests, planned.len());
        prop_assert_eq!(outcome.retries, planned.len() as u64);
        prop_assert_eq!(outcome.cells, planned.iter().map(|request| request.cells).sum::<usize>());
        prop_assert_eq!(outcome.bytes, planned.iter().map(|request| request.bytes as u64).sum::<u64>());
        let touched = match nulls {
            Nulls::Keep => drawn.cells.iter().filter(|row| row.iter().any(Option::is_some)).count(),
            Nulls::Clear => drawn.keys.len(),
        };
        prop_assert_eq!(outcome.rows, touched);
        for (place, request) in planned.iter().enumerate() {
            prop_assert_eq!(update.body(place).unwrap().len(), request.bytes);
            prop_assert_eq!((request.method, request.path), ("POST", "/calls"));
        }
        prop_assert_eq!(update.body(planned.len()), None);
        let progress = update.progress();
        prop_assert_eq!((progress.rows, progress.total_rows), (drawn.keys.len(), drawn.keys.len()));
        prop_assert_eq!((progress.cells, progress.requests), (progress.total_cells, progress.total_requests));
    }
}

/// Hangs at one request.
struct Hanging {
    at: usize,
    seen: Mutex<usize>,
    reached: tokio::sync::Notify,
}

impl Sender for Hanging {
    async fn send(&self, _request: Request, _rows: usize) -> Result<Cost, SendError> {
        let place = {
            let mut seen = self.seen.lock().unwrap();
            *seen += 1;
            *seen - 1
        };
        if place == self.at {
            self.reached.notify_one();
            std::future::pending::<()>().await;
        }
        Ok(Cost { attempts: 1, ..Cost::default() })
    }
}

fn ten_rows() -> UpdateFrame {
    use arrow_array::{ArrayRef, Int64Array, RecordBatch};
    let column = || -> ArrayRef { std::sync::Arc::new(Int64Array::from_iter_values(0..10)) };
    let batch = RecordBatch::try_from_iter([("call_id", column()), ("a", column())]).unwrap();
    UpdateFrame::new(&batch.schema(), vec![batch], KeyColumn::CallId, Nulls::Keep).unwrap()
}

#[test]
fn a_cancelled_update_knows_how_far_it_came() {
    let update = Update::new(Operation::UpdateCalls, ten_rows(), Limits { rows: 3, bytes: 1 << 20 }).unwrap();
    let sender = Hanging { at: 2, seen: Mutex::new(0), reached: tokio::sync::Notify::new() };
    block_on(async {
        tokio::select! {
            outcome = update.run(&sender) => panic!("{outcome:?}"),
            () = sender.reached.notified() => {}
        }
    });
    let error = update.cancelled(Error::timeout("interrupted"));
    let ErrorKind::Update(failure) = error.kind() else { panic!("{error:?}") };
    assert_eq!(rows(&failure.committed), [0, 1, 2, 3, 4, 5]);
    assert_eq!(rows(&failure.in_doubt), [6, 7, 8]);
    assert_eq!(rows(&failure.unsent), [9]);
    assert_eq!(error.message(), "interrupted; of 10 rows 6 are committed, 3 in doubt and 1 not written");
    assert_eq!(update.progress().rows, 6);
}

#[test]
fn an_update_that_was_not_begun_has_sent_nothing() {
    let update = Update::new(Operation::UpdateCalls, ten_rows(), Limits { rows: 3, bytes: 1 << 20 }).unwrap();
    let error = update.cancelled(Error::timeout("interrupted"));
    let ErrorKind::Update(failure) = error.kind() else { panic!("{error:?}") };
    assert_eq!(rows(&failure.unsent).len(), 10);
    assert!(failure.committed.is_empty() && failure.in_doubt.is_empty());
}

#[test]
fn a_frame_goes_to_the_operation_of_its_key() {
    let limits = Limits { rows: 3, bytes: 1 << 20 };
    for operation in [Operation::Calls, Operation::UpdateReps, Operation::Report] {
        assert!(Update::new(operation, ten_rows(), limits).is_err(), "{operation:?}");
    }
}

#[test]
fn an_update_runs_once() {
    let update = Update::new(Operation::UpdateCalls, ten_rows(), Limits { rows: 3, bytes: 1 << 20 }).unwrap();
    let sender = Hanging { at: usize::MAX, seen: Mutex::new(0), reached: tokio::sync::Notify::new() };
    assert!(block_on(update.run(&sender)).is_ok());
    assert!(matches!(block_on(update.run(&sender)).unwrap_err().kind(), ErrorKind::Internal));
}
