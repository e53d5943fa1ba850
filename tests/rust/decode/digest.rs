//! The digest of a page: the same for the same rows, however they arrived.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use converz::decode::{Cutting, Options, ParallelDecoder};
use proptest::prelude::*;

use super::helpers::page;

fn digest(body: &str) -> u64 {
    page(body.as_bytes(), &Options::default()).unwrap().digest()
}

#[test]
fn pages_that_differ_in_one_thing_have_different_digests() {
    let bodies = [
        "[]",
        "[{}]",
        "[{},{}]",
        r#"[{"a":1}]"#,
        r#"[{"b":1}]"#,
        r#"[{"a":1},{}]"#,
        r#"[{"a":2}]"#,
        r#"[{"a":1.5}]"#,
        r#"[{"a":true}]"#,
        r#"[{"a":""}]"#,
        r#"[{"a":"x"}]"#,
        r#"[{"a":"2024-05-01"}]"#,
        r#"[{"a":"x","b":"y"}]"#,
        r#"[{"a":"y","b":"x"}]"#,
        r#"[{"a":"xy","b":""}]"#,
        r#"[{"a":"x"},{"a":"y"}]"#,
        r#"[{"a":"x"},{"a":"x"}]"#,
        r#"[{"a":"x"},{"b":"y"}]"#,
        r#"[{"a":[1]}]"#,
    ];
    let mut seen = HashMap::new();
    for body in bodies {
        assert_eq!(digest(body), digest(body));
        assert_eq!(seen.insert(digest(body), body), None, "{body}");
    }
    let rows = r#"[{"a":1,"b":"x"},{"a":2}]"#;
    for same in [
        r#" [ { "a" : 1 , "b" : "\u0078" } , {"a":2} ] "#,
        r#"[{"a":2},{"a":1,"b":"x"}]"#,
        r#"[{"b":"x","a":1},{"a":2,"b":null}]"#,
    ] {
        assert_eq!(digest(same), digest(rows), "{same}");
    }
}

proptest! {
    #[test]
    fn batches_and_threads_make_no_difference(values in prop::collection::vec(0..3_u8, 1..400), cut in 1..64_usize) {
        let rows: Vec<String> = values
            .iter()
            .map(|value| match value {
                0 => r#"{"a":1}"#.to_string(),
                1 => r#"{"a":"text","b":2.5}"#.to_string(),
                _ => r#"{"b":null}"#.to_string(),
            })
            .collect();
        let body = format!("[{}]", rows.join(","));
        let cutting = Cutting { threads: 2, alone: 0, stretch: cut, lag: 0 };
        let mut decoder = ParallelDecoder::new(&Arc::new(Options::default()), cutting);
        for window in body.as_bytes().chunks(cut) {
            decoder.push(&Bytes::copy_from_slice(window)).unwrap();
        }
        prop_assert_eq!(decoder.finish().unwrap().digest(), digest(&body));
    }
}
