//! The description of the API, with the bounds that this sandbox's data have. It is served without a key, as
//! the documentation of a service is.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::answer;
use super::body::MAX_ROWS;
use super::paging::{DEFAULT_PER_PAGE, MAX_PER_PAGE};
use super::report::MAX_DAYS;
use super::service::{Service, blocking};
use super::value::MAX_DEPTH;
use crate::sandbox::store::{Dimension, Entity, Facts, IN_APP};

/// A date that exists.
const DATE: &str = "(?:[0-9]{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|\
                    (?:0[13578]|1[02])-31)|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|\
                    (?:[02468][048]|[13579][26])00)-02-29)";

/// A time of day: hours and minutes, perhaps seconds, perhaps a fraction of them.
const CLOCK: &str = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,9})?)?";

/// What an attribute may be called. By what it may not have: tools that make data from a description go through
/// the characters of a class one by one.
const NAME: &str = "^[^\\x00-/:-@\\[-\\^`{-\\xa0\u{2000}-\u{206f}]+(?:[ .:/-][^\\x00-/:-@\\[-\\^`{-\\xa0\u{2000}-\u{206f}]+)*$";

pub(super) async fn describe(State(service): State<Arc<Service>>) -> Response {
    match blocking(move || service.store.read(Facts::read)).await {
        Ok(facts) => answer::json(description(&facts).to_string()),
        Err(problem) => problem.into_response(),
    }
}

fn description(facts: &Facts) -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Converz Data API (sandbox)",
            "version": "1.0.5",
            "description": "List, export and update users (\"reps\") and conversations (\"calls\"), and retrieve \
                analytics. This is a sandbox on your own machine with made-up data. Arrays are repeated \
                (`rep_id=a&rep_id=b`) or comma separated (`rep_id=a,b`); other parameters come once, and \
                unknown ones are refused. Answers are compressed with gzip or zstd when the request says so.",
        },
        "servers": [{"url": "/api/v1"}],
        "security": [{"key": []}],
        "paths": {
            "/calls": {"get": list_calls(facts), "post": update(Entity::Calls, facts)},
            "/reps": {"get": list_reps(), "post": update(Entity::Reps, facts)},
            "/report": {"get": report(facts)},
        },
        "components": {
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-API-Key"}},
            "schemas": {
                "Call": call(),
                "Rep": rep(),
                "Group": group(),
                "Updated": {
                    "type": "object",
                    "properties": {"updated": {"type": "integer", "minimum": 1, "maximum": MAX_ROWS}},
                    "required": ["updated"],
                    "additionalProperties": false,
                },
                "Error": {
                    "type": "object",
                    "properties": {
                        "error": {"type": "string", "minLength": 1, "description": "What is wrong, and where."},
                        "code": {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"},
                    },
                    "required": ["error", "code"],
                    "additionalProperties": false,
                },
            },
        },
    })
}

fn list_calls(facts: &Facts) -> Value {
    json!({
        "operationId": "list_calls",
        "summary": "List conversations, ordered by call_id",
        "parameters": [
            n_per_page(),
            page(),
            parameter("start_date", "First date.", &date()),
            parameter("end_date", "Last date.", &date()),
            parameter("after", "Least start_time; a time without a zone.", &time()),
            parameter("before", "Greatest start_time; a time without a zone.", &time()),
            names(
                "metric",
                "Metrics to add to each row: behavioural ones, or attributes that updates attached.",
                &facts.call_metrics,
            ),
            array("rep_id", "Users."),
            array("vendor", "Vendors."),
            array("campaign", "Campaigns."),
            array("subcampaign", "Subcampaigns."),
            array("department", "Departments."),
            comma_separated("vendor_call_id", "Vendor call ids.", &filter_value()),
            names("columns", "Only these columns, in this order; metrics may be among them.", &facts.call_columns),
        ],
        "responses": responses(&list_of("Call"), false),
    })
}

fn list_reps() -> Value {
    json!({
        "operationId": "list_reps",
        "summary": "List users, ordered by rep_id",
        "parameters": [
            n_per_page(),
            page(),
            array("department", "Departments."),
            array("rep_id", "Users."),
            parameter("active", "1: only active users, 0: only inactive ones.", &json!({"type": "integer", "enum": [0, 1]})),
        ],
        "responses": responses(&list_of("Rep"), false),
    })
}

fn report(facts: &Facts) -> Value {
    let metrics: Vec<&str> = facts.call_metrics.iter().map(String::as_str).chain(IN_APP).collect();
    // The ISO year of a week is not the year of its months.
    let without = |excluded: &[Dimension]| -> Vec<&str> {
        Dimension::ALL.into_iter().filter(|one| !excluded.contains(one)).map(Dimension::name).collect()
    };
    let with_weeks = without(&[Dimension::Month, Dimension::Quarter]);
    let with_months = without(&[Dimension::Week]);
    json!({
        "operationId": "report",
        "summary": "Analytics: metrics aggregated over conversations and in-app activity",
        "description": "One row a group: the columns of `groupby`, `conversations` (their number), and the metrics \
            in the order in which they were asked for. Metrics of conversations are averaged over those that have \
            one (booleans count as 1 and 0; null where none has), in-app activity is summed. In-app activity \
            belongs to a user: it has the user's campaign and department, and neither vendor nor subcampaign, so \
            that none of it is left where those are filtered by, and all of it is in the group where they are \
            null. Groups that have in-app activity only appear when such a metric is asked for.",
        "parameters": [
            parameter("start_date", "Oldest date to include; by default 30 days ago.", &date()),
            parameter("end_date", "Newest date to include; by default today.", &date()),
            parameter(
                "days",
                "Length of the range in days, instead of one of the dates: counts from the other one, or back from \
                 today. With both dates, the range is cut to so many days from the first.",
                &json!({"type": "integer", "minimum": 1, "maximum": MAX_DAYS}),
            ),
            array("vendor", "Vendors."),
            array("rep_id", "Users."),
            array("campaign", "Campaigns."),
            array("department", "Departments."),
            array("subcampaign", "Subcampaigns."),
            names("metric", "Metrics to include; may also be repeated.", &metrics),
            comma_separated_array(
                "groupby",
                "How to group. `week`, `month` and `quarter` come with the column `year` (for `week` that of ISO 8601, \
                 which is why it does not go together with the other two); `half` is 1 for the earlier half of the \
                 range and 2 for the later.",
                &json!({
                    "type": "array",
                    "minItems": 1,
                    "uniqueItems": true,
                    "anyOf": [{"items": {"enum": with_weeks}}, {"items": {"enum": with_months}}],
                }),
            ),
        ],
        "responses": responses(&list_of("Group"), false),
    })
}

fn update(entity: Entity, facts: &Facts) -> Value {
    let (name, what, example) = match entity {
        Entity::Calls => ("update_calls", "conversations", json!([1, 2])),
        Entity::Reps => {
            ("update_reps", "users", json!(facts.reps.get(..2).unwrap_or(&["mila".into(), "liam".into()])))
        }
    };
    let key = entity.key();
    let description = format!(
        "Sets any attributes, new ones included, of the {what} with these {key}. All rows are applied or, if anything \
         is wrong with one of them, none.\n\nColumnar bodies: all columns have as many values, and a null leaves the \
         stored value as it was. Row-wise bodies: a null sets null, and so does leaving out an attribute that \
         another row has. No {key} may come twice, and each must exist.\n\nAttributes are called by letters, digits \
         and underscores, with single blanks, dots, colons, slashes or hyphens in between. Values are nested {MAX_DEPTH} \
         levels deep at most. `date` and `start_time` of conversations hold dates and times.",
    );
    json!({
        "operationId": name,
        "summary": format!("Update {what} by {key}"),
        "description": description,
        "requestBody": {
            "required": true,
            "content": {"application/json": {
                "schema": {"anyOf": [
                    columnar(entity, facts, Rows::One),
                    row_wise(entity, facts, Rows::One),
                    columnar(entity, facts, Rows::Several),
                    row_wise(entity, facts, Rows::Several),
                ]},
                "examples": {
                    "columnar": {"value": columnar_example(key, &example)},
                    "row-wise": {"value": row_wise_example(key, &example)},
                },
            }},
        },
        "responses": responses(&reference("Updated"), true),
    })
}

fn columnar_example(key: &str, keys: &Value) -> Value {
    json!({key: [keys[0]], "campaign": ["sales"], "reviewed": [true]})
}

fn row_wise_example(key: &str, keys: &Value) -> Value {
    json!([{key: keys[0], "campaign": "sales", "reviewed": true}])
}

/// How many rows a schema is for.
///
/// No schema can say that the keys of several rows are distinct and their columns equally long, so most bodies
/// of several rows that are made at random from one would be refused. Tools that do so leave patterns alone
/// that they cannot draw from: the names in several rows have a lookahead that changes nothing but this.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rows {
    One,
    Several,
}

impl Rows {
    fn list(self, items: &Value) -> Value {
        let (least, most) = match self {
            Self::One => (1, 1),
            Self::Several => (2, MAX_ROWS),
        };
        json!({"type": "array", "minItems": least, "maxItems": most, "items": items})
    }

    fn pattern(self, pattern: &str) -> String {
        match self {
            Self::One => pattern.to_owned(),
            Self::Several => pattern.replacen('^', r"^(?!\p{White_Space})", 1),
        }
    }

    /// An object of a key and attributes, whose values have these schemas.
    fn object(self, key: (&str, &Value), times: Vec<(&str, Value)>, others: &Value) -> Value {
        let times = times.into_iter().map(|(name, schema)| (self.pattern(&format!("^{name}$")), schema));
        let times: Map<String, Value> = times.collect();
        json!({
            "type": "object",
            "properties": {key.0: key.1},
            "required": [key.0],
            "patternProperties": times,
            "propertyNames": {"maxLength": 128, "pattern": self.pattern(NAME)},
            "additionalProperties": others,
        })
    }
}

fn columnar(entity: Entity, facts: &Facts, rows: Rows) -> Value {
    let mut keys = rows.list(&key(entity, facts));
    keys["uniqueItems"] = true.into();
    let times = times(entity).into_iter().map(|(name, schema)| (name, rows.list(&schema))).collect();
    let mut columns = rows.object((entity.key(), &keys), times, &rows.list(&json!({})));
    columns["minProperties"] = 2.into();
    columns
}

fn row_wise(entity: Entity, facts: &Facts, rows: Rows) -> Value {
    let row = rows.object((entity.key(), &key(entity, facts)), times(entity), &json!({}));
    let mut list = rows.list(&row);
    list["uniqueItems"] = true.into();
    list["contains"] = json!({"minProperties": 2});
    list
}

fn key(entity: Entity, facts: &Facts) -> Value {
    match entity {
        Entity::Calls => json!({"type": "integer", "minimum": 1, "maximum": facts.calls}),
        Entity::Reps if facts.reps.is_empty() => json!({"type": "string"}),
        Entity::Reps => json!({"enum": facts.reps}),
    }
}

/// The attributes that not every value will do for.
fn times(entity: Entity) -> Vec<(&'static str, Value)> {
    let or_null = |mut schema: Value| {
        schema["type"] = json!(["string", "null"]);
        schema
    };
    match entity {
        Entity::Calls => vec![("date", or_null(date())), ("start_time", or_null(time()))],
        Entity::Reps => Vec::new(),
    }
}

fn call() -> Value {
    let whole = |text: &str| json!({"description": text});
    json!({
        "type": "object",
        "description": "A conversation. Attributes that updates set have whatever JSON value was set.",
        "minProperties": 1,
        "properties": {
            "call_id": {"type": "integer", "minimum": 1},
            "start_time": {"type": ["string", "null"], "pattern": stored_time()},
            "date": {"type": ["string", "null"], "pattern": format!("^{DATE}$")},
            "rep_id": whole("The user who had the conversation; a string."),
            "vendor": whole("A string."),
            "vendor_call_id": whole("A UUID as a string."),
            "department": whole("A string."),
            "campaign": whole("A string."),
            "subcampaign": whole("A string, sometimes null."),
            "duration_s": whole("Length in seconds; an integer."),
            "direction": whole("\"inbound\" or \"outbound\"."),
            "language": whole("ISO 639-1 code."),
            "summary": whole("A paragraph, sometimes null."),
            "talk_ratio": whole("Metric: the agent's share of the talking, 0 to 1."),
            "interruptions": whole("Metric: how often somebody was interrupted; an integer."),
            "silence_s": whole("Metric: seconds of silence; an integer."),
            "sentiment": whole("Metric: -1 to 1."),
            "csat": whole("Metric: the customer's score from 1 to 5, often null."),
            "resolved": whole("Metric: whether the question was answered; a boolean."),
        },
    })
}

fn rep() -> Value {
    json!({
        "type": "object",
        "description": "A user. Attributes that updates set have whatever JSON value was set.",
        "properties": {
            "rep_id": {"type": "string", "minLength": 1},
            "name": {"description": "Given name; a string."},
            "gender": {"description": "\"f\" or \"m\"."},
            "department": {"description": "A string."},
            "campaign": {"description": "A string."},
            "active": {"description": "1 or 0."},
            "hired_on": {"description": "A date."},
        },
        "required": Entity::Reps.columns(),
    })
}

fn group() -> Value {
    let count = json!({"type": "integer", "minimum": 0});
    let from_to = |least: i64, most: i64| json!({"type": "integer", "minimum": least, "maximum": most});
    let mut properties = Map::from_iter([
        ("conversations".to_owned(), count.clone()),
        ("date".to_owned(), date()),
        ("year".to_owned(), from_to(-1, 10_000)),
        ("week".to_owned(), from_to(1, 53)),
        ("month".to_owned(), from_to(1, 12)),
        ("quarter".to_owned(), from_to(1, 4)),
        ("half".to_owned(), from_to(1, 2)),
    ]);
    for name in ["rep_id", "vendor", "campaign", "subcampaign", "department"] {
        properties
            .insert(name.to_owned(), json!({"description": "As the conversations have it; may be null."}));
    }
    properties.extend(IN_APP.map(|name| (name.to_owned(), count.clone())));
    json!({
        "type": "object",
        "description": "One group of a report.",
        "properties": properties,
        "required": ["conversations"],
        "additionalProperties": {"type": ["number", "null"], "description": "The average of a metric."},
    })
}

fn responses(success: &Value, is_update: bool) -> Value {
    let error = |text: &str| json!({"description": text, "content": json_of(&reference("Error"))});
    let mut responses = json!({
        "200": {"description": "Success", "content": json_of(success)},
        "400": error("The request cannot work; nothing of it was applied."),
        "401": error("The key is missing, or not the right one."),
        "403": error("The Host header names another host than this one."),
    });
    if is_update {
        responses["413"] = error("The body is too large.");
        responses["415"] = error("The body is not plain application/json.");
    }
    responses
}

fn json_of(schema: &Value) -> Value {
    json!({"application/json": {"schema": schema}})
}

fn list_of(name: &str) -> Value {
    json!({"type": "array", "items": reference(name)})
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn parameter(name: &str, description: &str, schema: &Value) -> Value {
    json!({"name": name, "in": "query", "description": description, "schema": schema})
}

fn n_per_page() -> Value {
    let schema =
        json!({"type": "integer", "minimum": 1, "maximum": MAX_PER_PAGE, "default": DEFAULT_PER_PAGE});
    parameter("n_per_page", "Rows a page.", &schema)
}

fn page() -> Value {
    parameter("page", "Page number, counted from 1.", &json!({"type": "integer", "minimum": 1, "default": 1}))
}

fn date() -> Value {
    json!({"type": "string", "pattern": format!("^{DATE}$"), "examples": ["2025-07-15"]})
}

fn time() -> Value {
    json!({"type": "string", "pattern": format!("^{DATE}[ T]{CLOCK}$"), "examples": ["2025-07-15 12:00"]})
}

/// A time as rows have it: with a blank and with seconds.
fn stored_time() -> String {
    format!("^{DATE} (?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{{1,9}})?$")
}

/// One of several values: not empty, and without the comma that separates them.
fn filter_value() -> Value {
    json!({"type": "string", "pattern": "^[^,]+$"})
}

fn array(name: &str, description: &str) -> Value {
    parameter(name, description, &json!({"type": "array", "minItems": 1, "items": filter_value()}))
}

fn comma_separated(name: &str, description: &str, items: &Value) -> Value {
    comma_separated_array(name, description, &json!({"type": "array", "minItems": 1, "items": items}))
}

fn names(name: &str, description: &str, known: &[impl AsRef<str>]) -> Value {
    let known: Vec<&str> = known.iter().map(AsRef::as_ref).collect();
    let schema = json!({"type": "array", "minItems": 1, "uniqueItems": true, "items": {"enum": known}});
    comma_separated_array(name, description, &schema)
}

fn comma_separated_array(name: &str, description: &str, schema: &Value) -> Value {
    let mut parameter = parameter(name, description, schema);
    parameter["style"] = "form".into();
    parameter["explode"] = false.into();
    parameter
}
