//! What the types of a result follow from, gathered from its pages one after the other, so that none need be held.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_schema::{DataType, Schema, SchemaRef};

use super::chunk::Chunk;
use super::convert;
use super::describe::{At, describe};
use super::evidence::{self, ColumnWarning, Evidence};
use super::infer_type::{self, Census};
use super::kept_json::Marks;
use super::near_dates::{self, NearDates, Seen};
use super::page::Page;
use super::{Options, extent};
use crate::error::Result;
use crate::types::JsonMark;

/// What the pages of a result that were looked at say of its types: the same as [`unify`](super::unify()) finds in them.
#[derive(Debug, Clone)]
pub struct Survey {
    options: Arc<Options>,
    /// Columns that are left out.
    drop: Vec<String>,
    columns: Vec<Surveyed>,
    known: HashMap<Arc<str>, usize>,
    rows: usize,
    bytes: u64,
}

/// The schema of a whole result, and what there is to say of its columns.
#[derive(Debug, Clone)]
pub struct Surveying {
    pub schema: SchemaRef,
    pub warnings: Vec<ColumnWarning>,
}

#[derive(Debug, Clone)]
struct Surveyed {
    name: Arc<str>,
    census: Census,
    marks: Marks,
    /// Types that it may get, each with the first value that does not fit.
    tried: Vec<(DataType, Option<String>)>,
    /// Of a column that may be one of strings that are nearly all dates.
    near_dates: Option<Seen<Place>>,
    values: usize,
}

/// The row of a value, and how a message names it.
type Place = (usize, String);

impl Survey {
    /// # Errors
    /// A pinned type that no JSON value converts to.
    pub fn new(options: &Arc<Options>, drop: &[String]) -> Result<Self> {
        convert::check_pinned(&options.pinned)?;
        Ok(Self {
            options: Arc::clone(options),
            drop: drop.to_vec(),
            columns: Vec::new(),
            known: HashMap::new(),
            rows: 0,
            bytes: 0,
        })
    }

    /// Looks at the next page. One without rows is no part of a result.
    pub fn add(&mut self, page: &Page) {
        for (position, name) in page.names.iter().enumerate() {
            let Some(index) = self.index(name) else { continue };
            let Some(column) = self.columns.get_mut(index) else { continue };
            let mut before = self.rows;
            for (batch, raw) in page.batches.iter().enumerate() {
                if let Some(chunk) = raw.chunks.get(position) {
                    let described = |row| {
                        let at = At { batch, row };
                        describe(name, page, Some(position), at, self.rows, &self.options)
                    };
                    column.add(chunk, before, described);
                }
                before += raw.rows;
            }
        }
        self.rows += page.num_rows();
        self.bytes += page.bytes;
    }

    /// Rows that were looked at.
    pub fn num_rows(&self) -> usize {
        self.rows
    }

    /// The types of all pages together; `ensure` names columns that must be there even if no row had them.
    ///
    /// # Errors
    /// Those of [`unify`](super::unify()).
    pub fn settle(mut self, ensure: &[String]) -> Result<Surveying> {
        for name in ensure {
            self.index(&name.as_str().into());
        }
        extent::check(self.rows as u64, self.columns.len() as u64, self.bytes)?;
        let (fields, warnings) = evidence::settle(&self.columns, &self.options)?;
        Ok(Surveying { schema: Arc::new(Schema::new(fields)), warnings })
    }

    /// Which column it is, a new one if there is none; none if it does not belong to the result.
    fn index(&mut self, name: &Arc<str>) -> Option<usize> {
        if let Some(index) = self.known.get(name) {
            return Some(*index);
        }
        if !self.options.selects(name) || self.drop.iter().any(|dropped| **dropped == **name) {
            return None;
        }
        self.columns.push(Surveyed::new(name, &self.options));
        let index = self.columns.len() - 1;
        self.known.insert(Arc::clone(name), index);
        Some(index)
    }
}

impl Surveyed {
    fn new(name: &Arc<str>, options: &Options) -> Self {
        let near_dates = evidence::may_be_near_dates(name, options);
        let tried = if let Some(pinned) = infer_type::pinned(name, options) {
            vec![pinned.clone()]
        } else if let Some(known) = infer_type::known(name, options) {
            vec![known.clone(), infer_type::timestamp_utc()]
        } else if near_dates {
            near_dates::all_candidates()
        } else {
            Vec::new()
        };
        Self {
            name: Arc::clone(name),
            census: Census::default(),
            marks: Marks::default(),
            tried: tried.into_iter().map(|data_type| (data_type, None)).collect(),
            near_dates: near_dates.then(Seen::default),
            values: 0,
        }
    }

    /// Takes in the values that follow so many rows.
    fn add(&mut self, chunk: &Chunk, rows_before: usize, described: impl Fn(usize) -> String) {
        self.census.add(chunk);
        self.marks.add(chunk);
        for (data_type, misfit) in self.tried.iter_mut().filter(|(_, misfit)| misfit.is_none()) {
            *misfit = convert::misfit(chunk, data_type).map(&described);
        }
        if let Some(seen) = &mut self.near_dates {
            seen.chunk(chunk, usize::MAX, |row| (rows_before + row, described(row)));
        }
        self.values += chunk.num_valid();
    }
}

impl Evidence for Surveyed {
    fn name(&self) -> &Arc<str> {
        &self.name
    }

    fn census(&self) -> Census {
        self.census
    }

    fn misfit(&self, to: &DataType) -> Option<String> {
        let tried = self.tried.iter().find(|(data_type, _)| data_type == to);
        debug_assert!(tried.is_some(), "{to} was not tried");
        tried.and_then(|(_, misfit)| misfit.clone())
    }

    fn mark(&self) -> Option<JsonMark> {
        self.marks.mark()
    }

    fn near_dates(&self) -> Option<NearDates<String>> {
        let found = self.near_dates.clone()?.near_dates(self.values)?;
        Some(found.map(|(_, described)| described))
    }
}
