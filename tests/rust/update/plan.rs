//! What a plan says, and that carrying it out and taking it back ends where it began.

use std::sync::Arc;

use arrow_array::*;
use arrow_schema::{DataType, Field, Schema};
use arrow_select::take::take;
use converz::decode::json_field;
use converz::encode::{KeyColumn, Limits, Nulls, UpdateFrame};
use converz::update::{Plan, PlanReader};
use proptest::prelude::*;
use serde_json::Value;

use crate::encode::frames::{Drawn, frames, written};
use crate::encode::model::Model;

const LIMITS: Limits = Limits { rows: 7, bytes: 1 << 20 };

fn planned(target: &UpdateFrame, stored: &[RecordBatch]) -> Plan {
    let mut reader = PlanReader::new(target.clone()).unwrap();
    for batch in stored {
        reader.push(batch).unwrap();
    }
    reader.finish(&stored.first().map_or_else(|| Arc::new(Schema::empty()), RecordBatch::schema)).unwrap()
}

fn apply(model: &mut Model, frame: Option<&UpdateFrame>) {
    for body in frame.iter().flat_map(|frame| written(frame, LIMITS)) {
        model.apply(&body);
    }
}

/// What is stored of the drawn cells, as far as the columns are stored at all.
fn stored_model(drawn: &Drawn, has: &[bool]) -> Model {
    let row = |cells: &Vec<Option<Value>>| {
        let cells = drawn.names.iter().zip(cells).zip(has);
        cells
            .map(|((name, cell), has)| (name.clone(), cell.clone().filter(|_| *has).unwrap_or_default()))
            .collect()
    };
    Model(drawn.keys.iter().copied().zip(drawn.cells.iter().map(row)).collect())
}

/// For each row of the target its stored row; for each column and row whose value it gets, if any.
#[derive(Debug, Clone)]
struct Edit {
    rows: Vec<usize>,
    cells: Vec<Vec<Option<usize>>>,
    /// Which columns are stored.
    has: Vec<bool>,
    cut: usize,
}

fn edited() -> impl Strategy<Value = (Drawn, Edit)> {
    frames(30).prop_flat_map(|drawn| {
        let (rows, columns) = (drawn.keys.len(), drawn.names.len());
        let cell = prop_oneof![
            3 => Just(None),
            1 => (0..rows).prop_map(|row| Some(Some(row))),
            1 => Just(Some(None)),
        ];
        (
            Just(drawn),
            Just((0..rows).collect::<Vec<_>>()).prop_shuffle(),
            1..=rows,
            proptest::collection::vec(proptest::collection::vec(cell, rows), columns),
            proptest::collection::vec(prop::bool::weighted(0.8), columns),
            0..=rows,
        )
            .prop_map(|(drawn, mut rows, keep, cells, has, cut)| {
                rows.truncate(keep);
                let cells = cells
                    .into_iter()
                    // Left as it is: the value of its own row.
                    .map(|cells| {
                        rows.iter().zip(cells).map(|(row, cell)| cell.unwrap_or(Some(*row))).collect()
                    })
                    .collect();
                let cut = cut.min(rows.len());
                (drawn, Edit { rows, cells, has, cut })
            })
    })
}

fn whole(drawn: &Drawn) -> RecordBatch {
    arrow_select::concat::concat_batches(&drawn.schema, &drawn.batches).unwrap()
}

fn indices(rows: impl Iterator<Item = Option<usize>>) -> UInt64Array {
    rows.map(|row| row.map(|row| row as u64)).collect()
}

/// The edited frame, in two batches, and its cells.
fn target(drawn: &Drawn, edit: &Edit) -> Drawn {
    let whole = whole(drawn);
    let arrays = drawn.schema.fields().iter().enumerate().map(|(index, field)| {
        let rows = match drawn.names.iter().position(|name| name == field.name()) {
            Some(column) => indices(edit.cells[column].iter().copied()),
            None => indices(edit.rows.iter().copied().map(Some)),
        };
        take(whole.column(index), &rows, None).unwrap()
    });
    let fields: Vec<Field> =
        drawn.schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays.collect()).unwrap();
    Drawn {
        schema: batch.schema(),
        batches: vec![batch.slice(0, edit.cut), batch.slice(edit.cut, batch.num_rows() - edit.cut)],
        keys: edit.rows.iter().map(|row| drawn.keys[*row]).collect(),
        names: drawn.names.clone(),
        cells: (0..edit.rows.len())
            .map(|row| {
                edit.cells
                    .iter()
                    .enumerate()
                    .map(|(column, cells)| cells[row].and_then(|from| drawn.cells[from][column].clone()))
                    .collect()
            })
            .collect(),
    }
}

/// What is stored: without some columns, and in the batches in which it was drawn.
fn stored(drawn: &Drawn, has: &[bool]) -> Vec<RecordBatch> {
    let keep: Vec<usize> = (0..drawn.schema.fields().len())
        .filter(|index| {
            let name = drawn.schema.field(*index).name();
            drawn.names.iter().position(|other| other == name).is_none_or(|column| has[column])
        })
        .collect();
    drawn.batches.iter().map(|batch| batch.project(&keep).unwrap()).collect()
}

proptest! {
    #[test]
    fn apply_does_what_the_update_does_and_undo_takes_it_back(
        (drawn, edit) in edited(),
        nulls in prop_oneof![Just(Nulls::Keep), Just(Nulls::Clear)],
    ) {
        let target = target(&drawn, &edit);
        let frame = target.frame(nulls);
        let plan = planned(&frame, &stored(&drawn, &edit.has));
        prop_assert!(plan.not_found().is_empty());
        prop_assert_eq!(plan.rows_read(), drawn.keys.len());

        let before = stored_model(&drawn, &edit.has);
        let mut updated = before.clone();
        updated.expect(&target, 0..target.keys.len(), nulls);
        let mut model = before.clone();
        let deed = plan.apply().unwrap();
        apply(&mut model, deed.as_ref());
        prop_assert_eq!(&model, &updated);

        let differing = before
            .0
            .values()
            .flat_map(std::collections::BTreeMap::values)
            .zip(updated.0.values().flat_map(std::collections::BTreeMap::values))
            .filter(|(one, two)| one != two)
            .count();
        prop_assert_eq!(plan.changes().count(), differing);
        prop_assert_eq!(plan.changes().count(), differing);
        prop_assert_eq!(plan.changes_batch(usize::MAX).unwrap().num_rows(), differing);
        prop_assert_eq!(plan.changes_batch(2).unwrap().num_rows(), differing.min(2));
        let sent = |frame: &Option<UpdateFrame>| -> usize {
            let requests = frame.iter().flat_map(|frame| frame.requests(LIMITS).unwrap());
            requests.map(|request| request.cells).sum()
        };
        prop_assert_eq!(sent(&deed), differing);
        for change in plan.changes() {
            let key: i64 = change.key.parse().unwrap();
            let value = |json: Option<&String>| json.map_or(Value::Null, |json| serde_json::from_str(json).unwrap());
            prop_assert_eq!(&before.0[&key][&change.column], &value(change.old.as_ref()));
            prop_assert_eq!(&updated.0[&key][&change.column], &value(change.new.as_ref()));
        }

        let undo = plan.undo().unwrap();
        prop_assert_eq!(sent(&undo), differing);
        apply(&mut model, undo.as_ref());
        prop_assert_eq!(model, before);
    }

    #[test]
    fn counts_are_of_every_cell_that_would_be_sent((drawn, edit) in edited()) {
        let target = target(&drawn, &edit);
        let stored = stored(&drawn, &edit.has);
        let keep = planned(&target.frame(Nulls::Keep), &stored);
        let clear = planned(&target.frame(Nulls::Clear), &stored);
        for (place, column) in keep.columns().iter().enumerate() {
            let set = target.cells.iter().filter(|row| row[place].is_some()).count();
            prop_assert_eq!(column.changed + column.same, set);
            prop_assert_eq!(column.cleared, 0);
            prop_assert_eq!(column.seen, edit.has[place]);
        }
        for column in clear.columns() {
            prop_assert_eq!(column.changed + column.cleared + column.same, target.keys.len());
        }
    }
}

fn array(values: impl Array + 'static) -> ArrayRef {
    Arc::new(values)
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)))
        .unwrap()
}

fn frame(batch: &RecordBatch, nulls: Nulls) -> UpdateFrame {
    UpdateFrame::new(&batch.schema(), vec![batch.clone()], KeyColumn::CallId, nulls).unwrap()
}

/// Which rows of a column change.
fn changing(stored: ArrayRef, new: ArrayRef) -> Vec<usize> {
    changing_in("v", stored, new)
}

fn changing_in(name: &str, stored: ArrayRef, new: ArrayRef) -> Vec<usize> {
    let rows = new.len();
    let keys = || array(Int64Array::from_iter_values((0..).take(rows)));
    let plan = planned(
        &frame(&batch(vec![("call_id", keys()), (name, new)]), Nulls::Keep),
        &[batch(vec![("call_id", keys()), (name, stored)])],
    );
    plan.changes().map(|change| change.row).collect()
}

#[test]
fn numbers_are_the_same_by_value() {
    let floats = || array(Float64Array::from(vec![1.0, 0.1, 1e21, -0.0, 9_007_199_254_740_992.0]));
    assert!(changing(floats(), floats()).is_empty());
    let integers = || array(Int64Array::from(vec![1, 2, 3, 0, 9_007_199_254_740_992]));
    assert_eq!(changing(floats(), integers()), [1, 2]);
    assert_eq!(changing(integers(), floats()), [1, 2]);
    let narrow = array(Float32Array::from(vec![1.0, 0.1, 1e21, 0.0, 1.0]));
    assert_eq!(changing(floats(), narrow), [4]);
    let decimals = Decimal128Array::from(vec![100, 10, 200]).with_precision_and_scale(10, 2).unwrap();
    assert_eq!(changing(array(Float64Array::from(vec![1.0, 0.1, 2.5])), array(decimals)), [2]);
    // Both are the same float, but not the same number.
    assert_eq!(
        changing(
            array(Int64Array::from(vec![9_007_199_254_740_993])),
            array(Int64Array::from(vec![9_007_199_254_740_992]))
        ),
        [0]
    );
    assert_eq!(
        changing(
            array(Float64Array::from(vec![1e16])),
            array(UInt64Array::from(vec![10_000_000_000_000_000]))
        ),
        [0_usize; 0]
    );
}

#[test]
fn a_number_is_no_string_and_no_boolean() {
    assert_eq!(changing(array(StringArray::from(vec!["1"])), array(Int64Array::from(vec![1]))), [0]);
    assert_eq!(changing(array(BooleanArray::from(vec![true])), array(Int64Array::from(vec![1]))), [0]);
}

#[test]
fn dates_and_times_are_the_same_by_moment() {
    let dates = || array(Date32Array::from(vec![20_284, 20_285]));
    let texts = |texts: [&str; 2]| array(StringArray::from(texts.to_vec()));
    let midnight = 1_752_537_600;
    assert!(changing(dates(), texts(["2025-07-15", "2025-07-16"])).is_empty());
    assert!(changing(texts(["2025-07-15", "2025-07-16"]), dates()).is_empty());
    assert_eq!(changing(dates(), texts(["2025-07-15", "2025-07-17"])), [1]);
    // A column of the one in which the other is found reads as text, but where it is known what it is.
    let midnights = || array(TimestampSecondArray::from(vec![midnight, midnight]));
    assert_eq!(changing(dates(), midnights()), [0, 1]);
    assert_eq!(changing(midnights(), dates()), [0, 1]);
    for known in ["date", "start_time"] {
        assert_eq!(changing_in(known, dates(), midnights()), [1]);
        assert_eq!(changing_in(known, midnights(), dates()), [1]);
    }
    let times =
        || array(TimestampMicrosecondArray::from(vec![midnight * 1_000_000, midnight * 1_000_000 + 500_000]));
    assert!(changing(times(), texts(["2025-07-15T00:00", "2025-07-15 00:00:00.5"])).is_empty());
    assert_eq!(changing(times(), texts(["2025-07-15 00:00:01", "no time"])), [0, 1]);
    let zoned = array(TimestampSecondArray::from(vec![midnight, midnight]).with_timezone("Europe/Amsterdam"));
    assert_eq!(
        changing(zoned.clone(), texts(["2025-07-15T02:00:00+02:00", "2025-07-15 00:00Z"])),
        [0_usize; 0]
    );
    assert_eq!(changing(times(), zoned), [0, 1], "one has a zone and the other has none");
    // Nobody said that these are dates.
    assert_eq!(changing(texts(["2025-07-15T00:00", "a"]), texts(["2025-07-15 00:00", "a"])), [0]);
}

/// A column as `plan` reads it: JSON, with the type that its values have if they are read as usual.
fn json(name: &str, as_read: &DataType, values: &[Option<&str>]) -> (Field, ArrayRef) {
    (json_field(name, as_read), array(LargeStringArray::from(values.to_vec())))
}

#[test]
fn times_at_midnight_among_dates_are_told() {
    let midnights = || array(TimestampSecondArray::from(vec![0, 86_400]));
    let stored = |values: [Option<&str>; 2]| json("v", &DataType::Utf8, &values);
    let warnings = |values| plan_of(stored(values), midnights()).warnings().to_vec();
    let dates = plan_of(stored([Some("\"1970-01-01\""), Some("\"1970-01-02\"")]), midnights());
    assert_eq!(changed_rows(&dates), [0, 1]);
    let [warning] = dates.warnings() else { panic!("{:?}", dates.warnings()) };
    assert!(
        warning.contains("frame[\"v\"]") && warning.contains("what is stored there are dates"),
        "{warning}"
    );
    let change = dates.changes().next().unwrap();
    assert_eq!(
        (change.old.unwrap(), change.new.unwrap()),
        ("\"1970-01-01\"".into(), "\"1970-01-01 00:00:00\"".into())
    );
    // One date is enough to go by; without any nothing is known; and times beside times are in order.
    assert!(warnings([Some("\"1970-01-01\""), None])[0].contains("what is stored there are dates"));
    assert!(warnings([None, None])[0].contains("if dates are stored there"));
    assert!(warnings([Some("\"1970-01-01\""), Some("\"1970-01-01 00:00:00\"")]).is_empty());
    assert!(warnings([Some("\"1970-01-01 00:00\""), None]).is_empty());
    assert!(warnings([Some("1"), None]).is_empty());
    // Such as are not all midnight can be nothing but times.
    let times = array(TimestampSecondArray::from(vec![0, 1]));
    assert!(plan_of(stored([Some("\"1970-01-01\""), None]), times).warnings().is_empty());
}

/// The plan of an attribute `v` for the rows 0, 1, 2 and so on.
fn plan_of((field, stored): (Field, ArrayRef), new: ArrayRef) -> Plan {
    let keys = || array(Int64Array::from_iter_values((0..).take(new.len())));
    let schema = Schema::new(vec![Field::new("call_id", DataType::Int64, true), field]);
    let stored = RecordBatch::try_new(Arc::new(schema), vec![keys(), stored]).unwrap();
    planned(&frame(&batch(vec![("call_id", keys()), ("v", new)]), Nulls::Keep), &[stored])
}

fn changed_rows(plan: &Plan) -> Vec<usize> {
    plan.changes().map(|change| change.row).collect()
}

#[test]
fn lists_and_objects_are_compared_and_put_back() {
    use arrow_array::types::Int64Type;
    let lists = array(ListArray::from_iter_primitive::<Int64Type, _, _>([
        Some(vec![Some(1), None]),
        Some(vec![Some(2)]),
        Some(vec![]),
        Some(vec![Some(4)]),
    ]));
    let stored = [Some("[1.0, null]"), Some("[3 ]"), Some("\"plain\""), Some("\"[4]\"")];
    let plan = plan_of(json("v", &DataType::Utf8, &stored), lists);
    assert_eq!(changed_rows(&plan), [1, 2, 3], "the text [4] is no list");
    let undo = plan.undo().unwrap().unwrap();
    assert_eq!(written(&undo, LIMITS), [br#"{"call_id":[1,2,3],"v":[[3 ],"plain","[4]"]}"#]);
}

#[test]
fn what_was_read_as_json_is_put_back_as_it_was() {
    let stored = ["1.50", "-0", "1E5", "5", "\"5\"", "true", "\"2025-07-15T12:00\"", "18446744073709551616"];
    let stored: Vec<Option<&str>> = stored.into_iter().map(Some).chain([None]).collect();
    let new = array(StringArray::from(vec!["new"; stored.len()]));
    let plan = plan_of(json("v", &DataType::Utf8, &stored), new);
    let old: Vec<Option<String>> = plan.changes().map(|change| change.old).collect();
    assert_eq!(old.iter().map(Option::as_deref).collect::<Vec<_>>(), stored);
    let undo = plan.undo().unwrap().unwrap();
    assert_eq!(
        String::from_utf8(written(&undo, LIMITS).concat()).unwrap(),
        "[{\"call_id\":0,\"v\":1.50},{\"call_id\":1,\"v\":-0},{\"call_id\":2,\"v\":1E5},{\"call_id\":3,\"v\":5},\
         {\"call_id\":4,\"v\":\"5\"},{\"call_id\":5,\"v\":true},{\"call_id\":6,\"v\":\"2025-07-15T12:00\"}]\
         [{\"call_id\":7,\"v\":18446744073709551616},{\"call_id\":8,\"v\":null}]"
    );
}

#[test]
fn text_that_reading_made_is_no_change() {
    let stored =
        [Some("1.50"), Some("true"), Some("[1, 2]"), Some("\"a\""), Some("5"), Some("1e21"), Some("-0")];
    let as_read = || array(StringArray::from(vec!["1.5", "true", "[1, 2]", "a", "5", "1e+21", "0"]));
    let changes = |as_type: &DataType, new| changed_rows(&plan_of(json("v", as_type, &stored), new));
    assert!(changes(&DataType::Utf8, as_read()).is_empty());
    assert_eq!(
        changes(
            &DataType::Utf8,
            array(StringArray::from(vec!["1.50", "True", "[1,2]", "A", "5.0", "1e21", "-0"]))
        ),
        [0, 1, 2, 3, 4, 5, 6]
    );
    // A column that is read as numbers gives nobody text.
    assert_eq!(
        changed_rows(&plan_of(
            json("v", &DataType::Int64, &[Some("5")]),
            array(StringArray::from(vec!["5"]))
        )),
        [0]
    );
    // Nor does JSON that says so mean anything but itself.
    let (field, new) = json("v", &DataType::Utf8, &[Some("\"5\"")]);
    let schema = Schema::new(vec![Field::new("call_id", DataType::Int64, true), field]);
    let keys = array(Int64Array::from(vec![0]));
    let new = RecordBatch::try_new(Arc::new(schema.clone()), vec![keys.clone(), new]).unwrap();
    let five = array(LargeStringArray::from(vec!["5"]));
    let stored = RecordBatch::try_new(Arc::new(schema), vec![keys, five]).unwrap();
    assert_eq!(changed_rows(&planned(&frame(&new, Nulls::Keep), &[stored])), [0]);
}

#[test]
fn json_is_compared_by_what_it_means() {
    let changes = |as_type: &DataType, stored: &[Option<&str>], new: ArrayRef| {
        changed_rows(&plan_of(json("v", as_type, stored), new))
    };
    let decimals =
        [Some("0.1000000000000000055511151231257827"), Some("1.00"), Some("2"), Some("0.30000000001")];
    let floats = array(Float64Array::from(vec![0.1, 1.0, 2.0, 0.3]));
    assert_eq!(changes(&DataType::Float64, &decimals, floats), [3]);
    let big = [Some("9007199254740993")];
    assert_eq!(
        changes(&DataType::Int64, &big, array(Float64Array::from(vec![9_007_199_254_740_992.0]))),
        [0]
    );
    // What reading makes times of is compared as such, even with text.
    let times = [Some("\"2025-07-15T12:00\""), Some("\"2025-07-15 12:00:01\""), Some("\"\\u0061\"")];
    let texts = || array(StringArray::from(vec!["2025-07-15 12:00:00", "2025-07-15 12:00", "a"]));
    let timestamp = DataType::Timestamp(arrow_schema::TimeUnit::Microsecond, None);
    assert_eq!(changes(&timestamp, &times, texts()), [1]);
    assert_eq!(changes(&DataType::Utf8, &times, texts()), [0, 1]);
}

#[test]
fn what_was_not_there_is_named() {
    let new = batch(vec![
        ("call_id", array(Int64Array::from(vec![4, 1, 5, 6, 2]))),
        ("campain", array(StringArray::from(vec!["A"; 5]))),
        ("mood", array(StringArray::from(vec!["x"; 5]))),
        ("csat", array(Int64Array::from(vec![None, None, None, None, Some(3)]))),
    ]);
    let stored = batch(vec![
        ("call_id", array(Int64Array::from(vec![1, 2, 3]))),
        ("campaign", array(StringArray::from(vec!["A", "B", "C"]))),
        ("csat", array(Int64Array::from(vec![Some(5), None, Some(1)]))),
    ]);
    let plan = planned(&frame(&new, Nulls::Clear), &[stored]);
    assert_eq!(plan.not_found(), [0..1, 2..4]);
    let columns = plan.columns();
    assert_eq!((columns[0].seen, columns[0].nearest.as_deref()), (false, Some("campaign")));
    assert_eq!((columns[1].seen, columns[1].nearest.as_deref()), (false, None));
    assert_eq!((columns[2].seen, columns[2].changed, columns[2].cleared), (true, 1, 1));
    let bodies = written(&plan.apply().unwrap().unwrap(), LIMITS);
    let bodies: Vec<&str> = bodies.iter().map(|body| std::str::from_utf8(body).unwrap()).collect();
    assert_eq!(
        bodies,
        [
            r#"{"call_id":[1,2],"campain":["A","A"],"mood":["x","x"]}"#,
            r#"[{"call_id":1,"csat":null},{"call_id":2,"csat":3}]"#
        ]
    );
}

#[test]
fn nothing_stored_and_nothing_to_change() {
    let new =
        batch(vec![("call_id", array(Int64Array::from(vec![1]))), ("a", array(Int64Array::from(vec![1])))]);
    let plan = planned(&frame(&new, Nulls::Keep), &[]);
    assert_eq!(plan.not_found().iter().map(ExactSizeIterator::len).sum::<usize>(), 1);
    assert!(plan.apply().unwrap().is_none() && plan.undo().unwrap().is_none());
    let plan = planned(&frame(&new, Nulls::Keep), &[new.clone(), new.clone()]);
    assert_eq!((plan.changes().count(), plan.columns()[0].same), (0, 1));
    assert!(plan.apply().unwrap().is_none() && plan.undo().unwrap().is_none());
}

#[test]
fn of_repeated_keys_the_first_one_counts_and_null_ones_are_passed_over() {
    let new =
        batch(vec![("call_id", array(Int64Array::from(vec![1]))), ("a", array(Int64Array::from(vec![1])))]);
    let stored = batch(vec![
        ("call_id", array(Int64Array::from(vec![None, Some(1), Some(1)]))),
        ("a", array(Int64Array::from(vec![7, 8, 9]))),
    ]);
    let plan = planned(&frame(&new, Nulls::Keep), &[stored.clone(), stored]);
    assert_eq!(plan.changes().next().unwrap().old.as_deref(), Some("8"));
}

#[test]
fn keys_that_were_read_as_text() {
    let new = batch(vec![
        ("call_id", array(Int64Array::from(vec![1, 2]))),
        ("a", array(Int64Array::from(vec![1, 1]))),
    ]);
    let stored = batch(vec![
        ("call_id", array(StringArray::from(vec!["x", "2"]))),
        ("a", array(Int64Array::from(vec![7, 8]))),
    ]);
    let plan = planned(&frame(&new, Nulls::Keep), &[stored]);
    assert_eq!(plan.not_found().iter().cloned().flatten().collect::<Vec<_>>(), [0]);
    assert_eq!(plan.changes().count(), 1);
}

#[test]
fn batches_of_one_plan_have_one_schema_and_the_key() {
    let new =
        batch(vec![("call_id", array(Int64Array::from(vec![1]))), ("a", array(Int64Array::from(vec![1])))]);
    let mut reader = PlanReader::new(frame(&new, Nulls::Keep)).unwrap();
    assert!(reader.push(&batch(vec![("a", array(Int64Array::from(vec![1])))])).is_err());
    let mut reader = PlanReader::new(frame(&new, Nulls::Keep)).unwrap();
    reader.push(&new).unwrap();
    let other = Schema::new(vec![
        Field::new("call_id", DataType::Int64, true),
        Field::new("a", DataType::Utf8, true),
    ]);
    assert!(reader.push(&RecordBatch::new_empty(Arc::new(other))).is_err());
}
