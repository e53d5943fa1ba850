//! What the description of the API says about the data that are there.

use rusqlite::Connection;

use super::columns::{Catalogue, Entity};
use crate::sandbox::problem::Problem;

/// The keys of so many users at most are listed.
const LISTED: u16 = 1_000;

pub(in crate::sandbox) struct Facts {
    /// The greatest `call_id`; each from 1 on exists.
    pub calls: i64,
    /// All of them, or none if they are too many to be listed.
    pub reps: Vec<String>,
    pub call_columns: Vec<String>,
    pub call_metrics: Vec<String>,
}

impl Facts {
    pub fn read(connection: &Connection) -> Result<Self, Problem> {
        let calls: Option<i64> =
            connection.query_row("SELECT max(call_id) FROM calls", [], |row| row.get(0))?;
        let mut statement = connection.prepare("SELECT rep_id FROM reps ORDER BY rep_id LIMIT ?")?;
        let reps = statement.query_map([i64::from(LISTED) + 1], |row| row.get(0))?;
        let reps = reps.collect::<Result<Vec<String>, _>>()?;
        let catalogue = Catalogue::read(connection, Entity::Calls)?;
        Ok(Self {
            calls: calls.unwrap_or_default(),
            reps: if reps.len() > usize::from(LISTED) { Vec::new() } else { reps },
            call_columns: catalogue.fields().iter().map(|field| field.name.clone()).collect(),
            call_metrics: catalogue.measures().map(|field| field.name.clone()).collect(),
        })
    }
}
