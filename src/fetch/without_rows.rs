//! A result without rows. It has the columns and types that rows would have had: where those are not all known, some rows
//! that match no filter in particular show them.

use std::sync::Arc;

use arrow_schema::{DataType, Schema, SchemaRef};

use super::answer::Absence;
use super::aside::aside;
use super::ask::Ask;
use super::http_pages::{HttpPages, PageSink};
use super::known_columns::known_columns;
use super::receipt::Receipt;
use super::shapes::Shape;
use super::source::{PageFailure, PageSource};
use super::spec::ReadSpec;
use crate::decode::{ColumnWarning, Options, Page, Unified, unify};
use crate::error::Result;
use crate::http::{Answer, Http, Request, RetryBudget};
use crate::settings::Settings;

/// Rows of the page that shows columns. A report has no pages.
const ROWS: u64 = 1_000;

/// A result without rows.
#[derive(Debug)]
pub(super) struct WithoutRows {
    pub schema: SchemaRef,
    /// What it took to ask for the columns.
    pub spent: Receipt,
    /// What the user should know of that, a sentence each.
    pub warnings: Vec<String>,
    pub column_warnings: Vec<ColumnWarning>,
}

/// The columns of a read that had no row; `drop` are those that only the client asked for.
///
/// # Errors
/// Those of types that cannot be pinned, and defects. A service that does not show its columns is no error but a warning:
/// that there is no row is known.
pub(super) async fn without_rows(
    http: &Http,
    settings: &Settings,
    spec: &ReadSpec,
    options: &Options,
    drop: &[String],
) -> Result<WithoutRows> {
    let shown = columns(http, settings, spec).await?;
    let (ensure, column_warnings) = match &shown.columns {
        None => (spec.columns_without_rows(), Vec::new()),
        Some(columns) => {
            let arrived = columns.schema.fields().iter().map(|field| field.name().clone());
            let mut names: Vec<String> = arrived.collect();
            for name in spec.columns_by_name() {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            (names, columns.warnings.clone())
        }
    };
    let schema = unify(Vec::new(), options, &ensure, drop)?.schema;
    let fields = schema.fields().iter().map(|field| {
        let is_pinned = spec.pinned.field_with_name(field.name()).is_ok();
        let columns = shown.columns.as_ref().filter(|_| !is_pinned);
        let arrived = columns.and_then(|columns| columns.schema.fields().find(field.name()));
        Arc::clone(arrived.map_or(field, |(_, arrived)| arrived))
    });
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    Ok(WithoutRows { schema, spent: shown.spent, warnings: shown.warnings, column_warnings })
}

/// What rows have shown of their columns.
#[derive(Debug, Default)]
struct Shown {
    columns: Option<Arc<Unified>>,
    spent: Receipt,
    warnings: Vec<String>,
}

/// The columns of rows that match no filter in particular. They are asked for once.
async fn columns(http: &Http, settings: &Settings, spec: &ReadSpec) -> Result<Shown> {
    let shape = Shape::new(spec.operation, &spec.query, spec.parse_dates);
    let mut shown = Shown::default();
    let Some(shapes) = &spec.shapes else { return Ok(shown) };
    // Without filters, the read itself has shown that there is no row at all.
    if spec.limit == Some(0) || shape.query == spec.query || is_settled(spec) {
        return Ok(shown);
    }
    let asked = ReadSpec {
        query: shape.query.clone(),
        // What a filtered read pins may be something else in other rows.
        pinned: Arc::new(Schema::empty()),
        progress: None,
        ..spec.clone()
    };
    let remembered = shapes.of(shape);
    let mut remembered = remembered.lock().await;
    if remembered.is_some() {
        shown.columns.clone_from(&remembered);
        return Ok(shown);
    }
    match ask(http, settings, &asked).await {
        Ok(Answer { output: page, cost }) => {
            shown.spent.answered(cost);
            if page.num_rows() > 0 {
                let options = asked.options(settings);
                let unified = aside(page.num_rows(), move || unify(vec![page], &options, &[], &[])).await??;
                *remembered = Some(Arc::new(Unified { batches: Vec::new(), ..unified }));
                shown.columns.clone_from(&remembered);
            }
        }
        Err(PageFailure { error, absence }) => {
            shown.spent.failed(&error);
            if !matches!(absence, Some(Absence::Empty | Absence::Missing)) {
                shown.warnings.push(format!(
                    "a result without rows has only the columns that are documented or were asked for by name, since \
                     asking for rows that show the others failed: {}",
                    http.redact(error.message())
                ));
            }
        }
    }
    Ok(shown)
}

/// Whether every column that can come is known by its name and type.
fn is_settled(spec: &ReadSpec) -> bool {
    if spec.select.is_some() {
        return true;
    }
    let Some(named) = spec.named() else { return false };
    let known = known_columns();
    named.iter().all(|name| {
        let is_known = known.field_with_name(name).is_ok_and(|field| !may_have_zone(field.data_type()));
        is_known || spec.pinned.field_with_name(name).is_ok()
    })
}

/// Whether the service decides about a part of the type.
fn may_have_zone(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Timestamp(..))
}

async fn ask(http: &Http, settings: &Settings, spec: &ReadSpec) -> Result<Answer<Page>, PageFailure> {
    let (budget, options) = (RetryBudget::single(settings), Arc::new(spec.options(settings)));
    let (operation, query) = (spec.operation, spec.query.clone());
    let Some(key) = operation.key() else {
        let request = Request { operation, query, body: None };
        return http.read(&request, &budget, || PageSink::new(&options)).await.map_err(PageFailure::from);
    };
    let source = HttpPages { http: http.clone(), budget, operation, query, key, options };
    let answer = source.page(Ask { page: 1, n_per_page: ROWS.min(settings.page_size.into()) }).await?;
    Ok(Answer { output: answer.output.page, cost: answer.cost })
}
