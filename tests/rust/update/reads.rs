//! Where a plan looks for the conversations of a frame.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, Date32Array, Int64Array, RecordBatch, StringArray, StringViewArray, TimestampMicrosecondArray,
};
use converz::encode::{KeyColumn, Nulls, UpdateFrame};
use converz::update::reads;

/// The queries as they would be sent.
fn shown(columns: Vec<(&str, ArrayRef)>) -> Option<Vec<String>> {
    let keys: ArrayRef = Arc::new(Int64Array::from_iter_values((0..).take(columns[0].1.len())));
    let columns = std::iter::once(("call_id", keys)).chain(columns).map(|(name, array)| (name, array, true));
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let frame = UpdateFrame::new(&batch.schema(), vec![batch], KeyColumn::CallId, Nulls::Keep).unwrap();
    let query = |pairs: &[(&str, String)]| -> String {
        pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
    };
    Some(reads(&frame)?.iter().map(|read| query(read.build().unwrap().pairs())).collect())
}

fn texts<'a>(values: impl IntoIterator<Item = &'a str>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

#[test]
fn by_days() {
    let dates: ArrayRef = Arc::new(Date32Array::from(vec![20_285, 20_284, 20_290]));
    assert_eq!(shown(vec![("date", dates)]).unwrap(), ["start_date=2025-07-15&end_date=2025-07-21"]);
    let times = texts(["2025-07-15 23:59:59", "2025-07-14T00:00"]);
    assert_eq!(shown(vec![("start_time", times)]).unwrap(), ["start_date=2025-07-14&end_date=2025-07-15"]);
    let zoned =
        TimestampMicrosecondArray::from(vec![1_752_537_600_000_000]).with_timezone("Europe/Amsterdam");
    assert_eq!(
        shown(vec![("start_time", Arc::new(zoned))]).unwrap(),
        ["start_date=2025-07-14&end_date=2025-07-16"]
    );
}

#[test]
fn by_vendor_call_ids_in_few_addresses() {
    let two: ArrayRef = Arc::new(StringViewArray::from(vec!["b", "a", "b"]));
    let dates: ArrayRef = Arc::new(Date32Array::from(vec![0, 1, 2]));
    assert_eq!(shown(vec![("date", dates), ("vendor_call_id", two)]).unwrap(), ["vendor_call_id=a,b"]);

    let uuid = |number: usize| format!("5a9fdc24-685d-42d9-9862-{number:012}");
    let ids: Vec<String> = (0..400).map(uuid).collect();
    let reads = shown(vec![("vendor_call_id", texts(ids.iter().map(String::as_str)))]).unwrap();
    assert_eq!(reads.len(), 3);
    let mut sent: Vec<&str> =
        reads.iter().flat_map(|read| read.strip_prefix("vendor_call_id=").unwrap().split(',')).collect();
    sent.sort_unstable();
    assert_eq!(sent, ids);
    assert!(reads.iter().all(|read| read.len() < 6_000));
    // What an address cannot hold as it is counts as it is sent.
    let odd: Vec<String> = (0..100).map(|number| format!("{}{number:03}", "é".repeat(10))).collect();
    assert_eq!(shown(vec![("vendor_call_id", texts(odd.iter().map(String::as_str)))]).unwrap().len(), 2);
}

#[test]
fn days_are_read_rather_than_thousands_of_addresses() {
    let ids: Vec<String> = (0..20_000).map(|number| format!("{number:036}")).collect();
    let ids = || ("vendor_call_id", texts(ids.iter().map(String::as_str)));
    let dates: ArrayRef = Arc::new(Date32Array::from(vec![20_284; 20_000]));
    assert_eq!(shown(vec![ids(), ("date", dates)]).unwrap(), ["start_date=2025-07-15&end_date=2025-07-15"]);
    assert!(shown(vec![ids()]).unwrap().len() > 100);
}

#[test]
fn columns_that_do_not_say_it_for_all() {
    let nulls: ArrayRef = Arc::new(StringArray::from(vec![Some("2025-07-15"), None]));
    assert_eq!(shown(vec![("date", nulls.clone())]), None);
    assert_eq!(shown(vec![("vendor_call_id", nulls)]), None);
    assert_eq!(shown(vec![("date", texts(["2025-07-15", "yesterday"]))]), None);
    assert_eq!(shown(vec![("vendor_call_id", texts(["a,b", "c"]))]), None);
    assert_eq!(shown(vec![("vendor_call_id", texts(["", "c"]))]), None);
    assert_eq!(shown(vec![("campaign", texts(["a", "c"]))]), None);
}
