//! The description of the API.

use serde_json::Value;

use super::client::{post, request};
use super::start;

fn description(sandbox: &converz::sandbox::Sandbox) -> Value {
    let answer = request(sandbox, "GET", "/openapi.json", &["x-api-key:"], b"");
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    answer.json()
}

fn parameter<'a>(operation: &'a Value, name: &str) -> &'a Value {
    operation["parameters"].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap()
}

#[test]
fn it_names_every_operation_and_parameter() {
    let sandbox = start(7, 3);
    let description = description(&sandbox);
    assert_eq!(description["openapi"], "3.1.0");
    let names = |path: &str| -> String {
        let parameters = description["paths"][path]["get"]["parameters"].as_array().unwrap();
        parameters.iter().map(|one| one["name"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        names("/calls"),
        "n_per_page page start_date end_date after before metric rep_id vendor campaign subcampaign department vendor_call_id columns"
    );
    assert_eq!(names("/reps"), "n_per_page page department rep_id active");
    assert_eq!(
        names("/report"),
        "start_date end_date days vendor rep_id campaign department subcampaign metric groupby"
    );
    for path in ["/calls", "/reps"] {
        assert!(description["paths"][path]["post"]["requestBody"].is_object());
    }
}

#[test]
fn references_lead_somewhere() {
    fn check(root: &Value, value: &Value) {
        match value {
            Value::Object(object) => {
                if let Some(target) = object.get("$ref") {
                    let target = target.as_str().unwrap().strip_prefix('#').unwrap();
                    assert!(root.pointer(target).is_some(), "{target}");
                }
                object.values().for_each(|inner| check(root, inner));
            }
            Value::Array(list) => list.iter().for_each(|inner| check(root, inner)),
            _ => {}
        }
    }
    let description = description(&start(7, 3));
    check(&description, &description);
}

#[test]
fn it_knows_the_attributes_that_were_added() {
    let sandbox = start(7, 3);
    let columns = |description: &Value| {
        parameter(&description["paths"]["/calls"]["get"], "columns")["schema"]["items"]["enum"].clone()
    };
    assert!(!columns(&description(&sandbox)).as_array().unwrap().contains(&"brand".into()));
    assert_eq!(post(&sandbox, "calls", r#"[{"call_id":1,"brand":"x"}]"#).status, 200);
    assert!(columns(&description(&sandbox)).as_array().unwrap().contains(&"brand".into()));
}
