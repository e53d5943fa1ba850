//! The sandbox, which reads the API's documentation on its own, as the judge of what an update did.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use converz::decode::{Options as DecodeOptions, PageDecoder, unify};
use converz::encode::{KeyColumn, Limits, Nulls, UpdateFrame};
use converz::error::{ErrorKind, Result};
use converz::http::{BodySink, Http, Request, RetryBudget, Unobserved};
use converz::query::{Operation, Query};
use converz::sandbox::{Fault, FaultOperation, Options, Sandbox};
use converz::settings::{ApiKey, Settings};
use converz::update::{HttpSender, PlanReader, Update};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;

use crate::encode::frames::{Drawn, frames, limits};
use crate::encode::model::Model;

/// A sandbox, a connection to it, and a runtime for both.
struct Bench {
    _sandbox: Sandbox,
    runtime: tokio::runtime::Runtime,
    settings: Settings,
    http: Http,
}

#[derive(Default)]
struct Collect(Vec<u8>);

impl BodySink for Collect {
    type Output = Vec<u8>;

    fn push(&mut self, window: Vec<u8>) -> Result<Vec<u8>> {
        self.0.extend_from_slice(&window);
        Ok(window)
    }

    fn finish(self) -> Result<Vec<u8>> {
        Ok(self.0)
    }
}

impl Bench {
    fn new(faults: Vec<Fault>) -> Self {
        let today = chrono::NaiveDate::from_ymd_opt(2025, 7, 15);
        let options = Options { calls: 40, reps: 5, days: 10, today, faults, ..Options::default() };
        let sandbox = Sandbox::start(options).unwrap();
        let key = ApiKey::new(sandbox.api_key()).unwrap();
        let mut settings = Settings::new(sandbox.url(), key, false).unwrap();
        settings.max_retries = 0;
        let http = Http::new(Arc::new(settings.clone()), Arc::new(Unobserved)).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { _sandbox: sandbox, runtime, settings, http }
    }

    fn read(&self) -> Vec<u8> {
        let query = Query::default().with("n_per_page", "1000");
        let request = Request { operation: Operation::Calls, query, body: None };
        let budget = RetryBudget::single(&self.settings);
        let answer = self.runtime.block_on(self.http.read(&request, &budget, Collect::default));
        answer.unwrap().output
    }

    /// Everything but nulls, which an attribute may also have by not being there.
    fn stored(&self) -> Model {
        let rows: Vec<BTreeMap<String, Value>> = serde_json::from_slice(&self.read()).unwrap();
        Model(rows.into_iter().map(|row| (row["call_id"].as_i64().unwrap(), row)).collect()).without_nulls()
    }

    fn update(&self, frame: UpdateFrame, limits: Limits) -> Result<()> {
        let update = Update::new(Operation::UpdateCalls, frame, limits)?;
        let sender = HttpSender { http: &self.http, settings: &self.settings };
        self.runtime.block_on(update.run(&sender)).map(|_| ())
    }

    /// What is stored, as reading gives it.
    fn batches(&self) -> Vec<RecordBatch> {
        let known = Arc::new(Schema::new(vec![Field::new("call_id", DataType::Int64, true)]));
        let options = DecodeOptions { parse_dates: false, known, key: Some("call_id"), ..Default::default() };
        let options = Arc::new(options);
        let mut decoder = PageDecoder::new(Arc::clone(&options));
        decoder.push(&self.read()).unwrap();
        unify(vec![decoder.finish().unwrap()], &options, &[], &[]).unwrap().batches
    }
}

impl Model {
    fn without_nulls(mut self) -> Self {
        for row in self.0.values_mut() {
            row.retain(|_, value| !value.is_null());
        }
        self
    }
}

/// The drawn frame with conversations that exist, and attributes that are called as the sandbox allows, after their
/// types: a column that has both text and numbers is read as text, and could not be put back as it was.
fn settled(drawn: &Drawn, stored: &Model) -> Drawn {
    let mut ids = stored.0.keys().copied();
    let keys: Vec<i64> = drawn.keys.iter().map(|_| ids.next().unwrap()).collect();
    let attribute = |name: &str| {
        let place: String = name.chars().filter(char::is_ascii_digit).collect();
        let field = drawn.schema.field_with_name(name).unwrap();
        let kind: String =
            field.data_type().to_string().chars().filter(char::is_ascii_alphanumeric).collect();
        format!("{kind}_{place}")
    };
    let fields: Vec<Field> = drawn
        .schema
        .fields()
        .iter()
        .map(|field| match field.name().as_str() {
            "call_id" => field.as_ref().clone(),
            name => Field::new(attribute(name), field.data_type().clone(), true),
        })
        .collect();
    let schema = Arc::new(Schema::new(fields));
    let mut rest = &keys[..];
    let batches = drawn.batches.iter().map(|batch| {
        let (own, behind) = rest.split_at(batch.num_rows());
        rest = behind;
        let own: ArrayRef = Arc::new(Int64Array::from(own.to_vec()));
        let mut columns = batch.columns().to_vec();
        columns[schema.index_of("call_id").unwrap()] = own;
        RecordBatch::try_new(Arc::clone(&schema), columns).unwrap()
    });
    let batches = batches.collect();
    let names = drawn.names.iter().map(|name| attribute(name)).collect();
    Drawn { batches, schema, keys, names, cells: drawn.cells.clone() }
}

fn nulls() -> impl Strategy<Value = Nulls> {
    prop_oneof![Just(Nulls::Keep), Just(Nulls::Clear)]
}

/// A few cases are enough here: the same property is tested at length against the model.
fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(cases) })
}

#[test]
fn what_is_read_back_is_what_was_meant() {
    let bench = Bench::new(Vec::new());
    let cases = (frames(40), limits(), nulls());
    let outcome = runner(40).run(&cases, |(drawn, limits, nulls)| {
        let mut expected = bench.stored();
        let drawn = settled(&drawn, &expected);
        bench.update(drawn.frame(nulls), limits).unwrap();
        expected.expect(&drawn, 0..drawn.keys.len(), nulls);
        prop_assert_eq!(bench.stored(), expected.without_nulls());
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn a_plan_carried_out_and_taken_back_ends_where_it_began() {
    let bench = Bench::new(Vec::new());
    let cases = (frames(40), limits(), nulls());
    let outcome = runner(40).run(&cases, |(drawn, limits, nulls)| {
        let before = bench.stored();
        let drawn = settled(&drawn, &before);
        let mut updated = before.clone();
        updated.expect(&drawn, 0..drawn.keys.len(), nulls);

        let mut reader = PlanReader::new(drawn.frame(nulls)).unwrap();
        let batches = bench.batches();
        for batch in &batches {
            reader.push(batch).unwrap();
        }
        let plan = reader.finish(&batches[0].schema()).unwrap();
        prop_assert!(plan.not_found().is_empty());
        if let Some(frame) = plan.apply().unwrap() {
            bench.update(frame, limits).unwrap();
        }
        prop_assert_eq!(bench.stored(), updated.without_nulls());
        // Every other time what was done is left, so that the next case finds something stored.
        if drawn.keys.len().is_multiple_of(2) {
            if let Some(frame) = plan.undo().unwrap() {
                bench.update(frame, limits).unwrap();
            }
            prop_assert_eq!(bench.stored(), before);
        }
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn what_remains_after_the_failing_request_finishes_the_job() {
    // Which requests fail must be said beforehand. Now and then enough succeed for a range of many masks.
    let gaps = [2, 3, 5, 12].into_iter().cycle();
    let requests = gaps.scan(0, |request, gap| {
        *request += gap;
        Some(*request)
    });
    let now_and_then =
        || Some(requests.clone().take_while(|request| *request < 20_000).collect::<Vec<u64>>());
    let operation = Some(FaultOperation::UpdateCalls);
    let refused = Fault { operation, requests: now_and_then(), status: Some(400), ..Fault::default() };
    let cut = Fault { operation, requests: now_and_then(), cut: Some(0), ..Fault::default() };
    let doubted = Cell::new(false);
    for fault in [refused, cut] {
        let bench = Bench::new(vec![fault]);
        let outcome = runner(15).run(&(frames(40), limits(), nulls()), |(drawn, limits, nulls)| {
            let before = bench.stored();
            let drawn = settled(&drawn, &before);
            let mut expected = before.clone();
            expected.expect(&drawn, 0..drawn.keys.len(), nulls);
            let mut frame = drawn.frame(nulls);
            for _ in 0..1_000 {
                let Err(error) = bench.update(frame.clone(), limits) else { break };
                let ErrorKind::Update(failure) = error.kind() else { panic!("{error}") };
                let all = [&failure.committed, &failure.in_doubt, &failure.unsent]
                    .map(|runs| runs.iter().map(ExactSizeIterator::len).sum::<usize>());
                prop_assert_eq!(all.iter().sum::<usize>(), frame.num_rows());
                doubted.set(doubted.get() || all[1] > 0);
                let remaining = frame.remaining(failure);
                frame = UpdateFrame::new(&drawn.schema, remaining, KeyColumn::CallId, nulls).unwrap();
            }
            prop_assert_eq!(bench.stored(), expected.without_nulls());
            Ok(())
        });
        outcome.unwrap();
    }
    assert!(doubted.get(), "a cut answer leaves doubt");
}
