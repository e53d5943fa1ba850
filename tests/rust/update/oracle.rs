//! The sandbox, which reads the API's documentation on its own, as the judge of what an update did.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use arrow_schema::{Field, Schema, SchemaRef};
use converz::decode::{Options as DecodeOptions, PageDecoder, unify};
use converz::encode::{KeyColumn, Limits, Nulls, UpdateFrame};
use converz::error::{ErrorKind, Result};
use converz::fetch::known_columns;
use converz::http::{BodySink, Http, Request, RetryBudget, Unobserved};
use converz::query::{Operation, Query};
use converz::sandbox::{Fault, FaultOperation, Options, Sandbox};
use converz::settings::{ApiKey, Settings};
use converz::update::{HttpSender, Plan, PlanReader, Sender, Update};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;
use serde_json::value::RawValue;

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

    fn push(&mut self, window: bytes::Bytes) -> Result<()> {
        self.0.extend_from_slice(&window);
        Ok(())
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

    /// What is stored, in the very words; of attributes that are null or not there nothing.
    fn words(&self) -> Words {
        let rows: Vec<BTreeMap<String, Box<RawValue>>> = serde_json::from_slice(&self.read()).unwrap();
        let row = |row: BTreeMap<String, Box<RawValue>>| {
            let cells = row.into_iter().map(|(name, value)| (name, value.get().to_owned()));
            cells.filter(|(_, value)| value != "null").collect::<BTreeMap<String, String>>()
        };
        rows.into_iter().map(row).map(|row| (row["call_id"].parse().unwrap(), row)).collect()
    }

    /// Stores attributes in the very words.
    fn store(&self, rows: &Words) {
        let cell = |(name, value): (&String, &String)| format!("{name:?}:{value}");
        let rows: Vec<String> = rows
            .iter()
            .map(|(key, row)| {
                let cells: Vec<String> = row.iter().map(cell).collect();
                format!("{{\"call_id\":{key},{}}}", cells.join(","))
            })
            .collect();
        let body = format!("[{}]", rows.join(",")).into();
        let request =
            Request { operation: Operation::UpdateCalls, query: Query::default(), body: Some(body) };
        let sender = HttpSender { http: &self.http, settings: &self.settings };
        self.runtime.block_on(sender.send(request, rows.len())).map_err(|failure| failure.error).unwrap();
    }

    /// What is stored as reading gives it, or as a plan reads it.
    fn batches(&self, json: bool) -> (SchemaRef, Vec<RecordBatch>) {
        let options = Arc::new(DecodeOptions {
            parse_dates: !json,
            json,
            known: known_columns(),
            key: Some("call_id"),
            ..Default::default()
        });
        let mut decoder = PageDecoder::new(Arc::clone(&options));
        decoder.push(&self.read()).unwrap();
        let unified = unify(vec![decoder.finish().unwrap()], &options, &[], &[]).unwrap();
        (unified.schema, unified.batches)
    }

    fn plan(&self, frame: UpdateFrame) -> Plan {
        let mut reader = PlanReader::new(frame).unwrap();
        let (schema, batches) = self.batches(true);
        for batch in &batches {
            reader.push(batch).unwrap();
        }
        reader.finish(&schema).unwrap()
    }
}

/// The JSON text of values by name, by key.
type Words = BTreeMap<i64, BTreeMap<String, String>>;

/// The values of columns by the names that drawn frames have, by key.
fn named(keys: &[i64], columns: &[Vec<String>]) -> Words {
    let row = |row: usize| {
        let cells = columns.iter().enumerate();
        cells.map(|(place, column)| (format!("a{place}"), column[row].clone())).collect()
    };
    keys.iter().enumerate().map(|(place, key)| (*key, row(place))).collect()
}

/// JSON as any program may write it.
fn words() -> impl Strategy<Value = String> {
    let text = |text: String| serde_json::to_string(&text).unwrap();
    prop_oneof![
        "-?(0|[1-9][0-9]{0,4})",
        "-?[1-9][0-9]{14,30}",
        "-?(0|[1-9][0-9]{0,3})\\.[0-9]{1,4}",
        "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,25})?([eE][+-]?[0-9]{1,2})?",
        prop::sample::select(vec![
            "true", "false", "null", "-0", "1.0", "1.10", "9007199254740993", "18446744073709551615"
        ])
        .prop_map(str::to_owned),
        "20[0-9]{2}-0[1-9]-[12][0-9]".prop_map(text),
        "20[0-9]{2}-0[1-9]-[12][0-9][ T][01][0-9]:[0-5][0-9](:[0-5][0-9](\\.[0-9]{1,8})?)?(Z|[+-]0[0-9]:?30)?"
            .prop_map(text),
        "[0-9]{1,3}|true|null|\\[[0-9], [0-9]\\]".prop_map(text),
        "[ -~é漢\n\u{0}]{0,20}".prop_map(text),
        "\\[[0-9](, ?[0-9]\\.[0-9]0?){0,3}\\]",
        "\\{ ?\"a\": ?(\"\\\\u00e9\"|1\\.0|\\[\\])\\}",
    ]
}

/// Columns of stored values, most of them of one kind or two.
fn stored_columns(rows: usize) -> impl Strategy<Value = Vec<Vec<String>>> {
    let column = prop::collection::vec(words(), 1..4).prop_flat_map(move |few| {
        prop::collection::vec(prop_oneof![3 => prop::sample::select(few), 1 => words()], rows)
    });
    prop::collection::vec(prop_oneof![column, prop::collection::vec(words(), rows)], 5)
}

impl Model {
    fn without_nulls(mut self) -> Self {
        for row in self.0.values_mut() {
            row.retain(|_, value| !value.is_null());
        }
        self
    }
}

/// The drawn frame with conversations that exist, and attributes that are called as the sandbox allows.
fn settled(drawn: &Drawn, stored: &Model) -> Drawn {
    let mut ids = stored.0.keys().copied();
    let keys: Vec<i64> = drawn.keys.iter().map(|_| ids.next().unwrap()).collect();
    let attribute = |name: &str| {
        let place: String = name.chars().filter(char::is_ascii_digit).collect();
        format!("a{place}")
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
    let keys: Vec<i64> = bench.words().into_keys().collect();
    let cases = (frames(40), limits(), nulls(), stored_columns(keys.len()));
    let outcome = runner(60).run(&cases, |(drawn, limits, nulls, columns)| {
        bench.store(&named(&keys, &columns));
        let (before, drawn) = (bench.words(), settled(&drawn, &bench.stored()));

        let plan = bench.plan(drawn.frame(nulls));
        prop_assert!(plan.not_found().is_empty());
        let mut expected = before.clone();
        for change in plan.changes() {
            let row = expected.get_mut(&change.key.parse().unwrap()).unwrap();
            // What is shown is what is stored.
            prop_assert_eq!(row.get(&change.column), change.old.as_ref());
            match change.new {
                Some(new) => row.insert(change.column, new),
                None => row.remove(&change.column),
            };
        }
        if let Some(frame) = plan.apply().unwrap() {
            bench.update(frame, limits).unwrap();
        }
        let after = bench.words();
        prop_assert_eq!(&after, &expected);
        for (key, cells) in drawn.keys.iter().zip(&drawn.cells) {
            for (name, cell) in drawn.names.iter().zip(cells) {
                if let Some(cell) = cell.as_ref().or((nulls == Nulls::Clear).then_some(&Value::Null)) {
                    let stored = after[key].get(name).map(|text| serde_json::from_str(text).unwrap());
                    prop_assert!(is_meant(&stored.unwrap_or_default(), cell), "{name} of {key}");
                }
            }
        }
        prop_assert_eq!(bench.plan(drawn.frame(nulls)).changes().count(), 0, "what is so is not sent again");
        if let Some(frame) = plan.undo().unwrap() {
            bench.update(frame, limits).unwrap();
        }
        prop_assert_eq!(bench.words(), before);
        Ok(())
    });
    outcome.unwrap();
}

/// Whether a stored value is what a cell says, as far as anybody can tell who reads it.
fn is_meant(stored: &Value, cell: &Value) -> bool {
    match (stored, cell) {
        (Value::Number(stored), Value::Number(cell)) => stored.as_f64() == cell.as_f64(),
        (Value::Array(stored), Value::Array(cell)) => {
            stored.len() == cell.len() && stored.iter().zip(cell).all(|(stored, cell)| is_meant(stored, cell))
        }
        // The same moment.
        (Value::String(stored), Value::String(cell)) if stored.get(..10) == cell.get(..10) => true,
        // Text that reading made of something else.
        (Value::Number(_) | Value::Bool(_) | Value::Array(_) | Value::Object(_), Value::String(_)) => true,
        _ => stored == cell,
    }
}

#[test]
fn what_was_read_is_no_change() {
    let bench = Bench::new(Vec::new());
    let keys: Vec<i64> = bench.words().into_keys().collect();
    let outcome = runner(60).run(&stored_columns(keys.len()), |columns| {
        bench.store(&named(&keys, &columns));
        let (schema, batches) = bench.batches(false);
        let frame = UpdateFrame::new(&schema, batches, KeyColumn::CallId, Nulls::Clear).unwrap();
        let plan = bench.plan(frame);
        prop_assert_eq!(plan.changes().next(), None);
        prop_assert_eq!(plan.rows_read(), keys.len());
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
