//! The requests that write a frame: it is cut into ranges of rows, and each range into one request a mask, none of which
//! exceeds a limit.

use std::ops::Range;

use super::checked::Checked;
use super::form::Form;
use super::frame::UpdateFrame;
use super::group::Group;
use super::limits::{Limits, MAX_ROWS};
use super::mask::Mask;
use super::refuse::shown;
use super::runs::push_run;
use crate::error::{Error, Result};

/// One request of an update, not yet written.
#[derive(Debug, Clone)]
pub struct RequestPlan {
    /// The rows of the frame to which it belongs; all requests of a range come one after the other.
    pub range: Range<usize>,
    pub form: Form,
    /// Rows that it touches, at most those of the range.
    pub rows: usize,
    pub cells: usize,
    /// The exact length of its body.
    pub bytes: usize,
    pub(super) columns: Vec<usize>,
}

impl UpdateFrame {
    /// The requests that write the frame, in order. All their requests answered, a range is committed.
    ///
    /// # Errors
    /// Rows that alone are larger than the limit, by key.
    pub fn requests(&self, limits: Limits) -> Result<Vec<RequestPlan>> {
        let rows = self.checked();
        let max_rows = limits.rows.clamp(1, MAX_ROWS);
        let total = self.num_rows();
        let mut requests = Vec::new();
        let mut too_large = Vec::new();
        let mut sizes = Vec::new();
        // Follows the last range, so that rows behind a short one are not measured over and over.
        let mut window = max_rows;
        let mut start = 0;
        while start < total {
            let mut end = total.min(start + window);
            let measured: Vec<(usize, usize)> = self
                .groups()
                .iter()
                .map(|group| {
                    let bytes;
                    (end, bytes) = rows.fit(group, start..end, limits.bytes, &mut sizes);
                    (end, bytes)
                })
                .collect();
            if end == start {
                too_large.push(start);
                start += 1;
                continue;
            }
            let range = start..end;
            let first = requests.len();
            for (group, (measured_to, bytes)) in self.groups().iter().zip(measured) {
                let bytes = if measured_to == end {
                    bytes
                } else {
                    rows.fit(group, range.clone(), usize::MAX, &mut sizes).1
                };
                rows.add_request(group, &range, bytes, limits.bytes, &mut requests, first);
            }
            window = max_rows.min((end - start).saturating_mul(2));
            start = end;
        }
        if too_large.is_empty() {
            return Ok(requests);
        }
        Err(Error::invalid_input(format!(
            "more than max_update_bytes={} for {} {}: raise max_update_bytes or shorten the values",
            limits.bytes,
            rows.key.name(),
            shown(too_large.iter().map(|row| rows.key_text(*row)))
        )))
    }

    /// The attributes that a request writes.
    pub fn request_columns(&self, request: &RequestPlan) -> impl Iterator<Item = &str> {
        request.columns.iter().map(|index| self.checked().columns[*index].name.as_str())
    }

    /// The rows that a request touches.
    pub fn touched(&self, request: &RequestPlan) -> Vec<Range<usize>> {
        let checked = self.checked();
        let mut touched = Vec::new();
        for (batch, rows) in checked.segments(&request.range) {
            for run in checked.sent(&request.columns).runs(batch, &rows) {
                push_run(&mut touched, checked.starts[batch] + run.start..checked.starts[batch] + run.end);
            }
        }
        touched
    }
}

impl Checked {
    /// How far a group's body comes from the start of the range within the limit, and how long it is then.
    fn fit(
        &self,
        group: &Group,
        range: Range<usize>,
        limit: usize,
        sizes: &mut Vec<usize>,
    ) -> (usize, usize) {
        sizes.clear();
        sizes.resize(range.len(), 0);
        let key = &self.key_column;
        let columns = || std::iter::once(key).chain(group.columns.iter().map(|index| &self.columns[*index]));
        let mut rest = &mut sizes[..];
        for (batch, rows) in self.segments(&range) {
            let (own, behind) = rest.split_at_mut(rows.len());
            rest = behind;
            let runs = self.sent(&group.columns).runs(batch, &rows);
            if group.form == Form::Columnar {
                for column in columns() {
                    column.cells[batch].add_sizes(&runs, rows.start, own);
                }
                continue;
            }
            // `{` and `,`, then of each column its label, the cell and the comma or brace behind it.
            let fixed = 2 + columns().map(|column| column.label.len()).sum::<usize>();
            for row in runs.iter().flat_map(Clone::clone) {
                own[row - rows.start] += fixed;
            }
            for column in columns() {
                for run in &runs {
                    column.cells[batch].add_sizes(&column.set.runs(batch, run), rows.start, own);
                }
                for row in runs.iter().flat_map(Clone::clone) {
                    if !column.set.contains(batch, row) {
                        own[row - rows.start] += "null,".len();
                    }
                }
            }
        }
        let mut bytes = match group.form {
            Form::RowWise => 1,
            // `{`, then of each column its label, both brackets and the comma or brace behind it; each cell has a
            // comma but the last.
            Form::Columnar => 1 + columns().map(|column| column.label.len() + 2).sum::<usize>(),
        };
        for (row, size) in range.clone().zip(sizes.iter()) {
            if bytes + size > limit {
                return (row, bytes);
            }
            bytes += size;
        }
        (range.end, bytes)
    }

    /// Adds a group's request for a range, within that of another group if in this range they are the same.
    fn add_request(
        &self,
        group: &Group,
        range: &Range<usize>,
        bytes: usize,
        limit: usize,
        requests: &mut Vec<RequestPlan>,
        first: usize,
    ) {
        let sent = self.sent(&group.columns);
        let rows: usize = self.segments(range).map(|(batch, rows)| sent.count(batch, &rows)).sum();
        if rows == 0 {
            return;
        }
        let same = requests[first..].iter_mut().find(|request| {
            request.form == Form::Columnar
                && group.form == Form::Columnar
                && request.rows == rows
                && self
                    .segments(range)
                    .all(|(batch, rows)| sent.agrees(self.sent(&request.columns), batch, &rows))
        });
        let cells = rows * group.columns.len();
        if let Some(request) = same {
            let joint = request.bytes + bytes - self.key_bytes(sent, range);
            if joint <= limit {
                request.bytes = joint;
                request.cells += cells;
                request.columns.extend(&group.columns);
                return;
            }
        }
        let columns = group.columns.clone();
        requests.push(RequestPlan { range: range.clone(), form: group.form, rows, cells, bytes, columns });
    }

    /// What the key takes of a columnar body, with the body's first brace.
    fn key_bytes(&self, sent: &Mask, range: &Range<usize>) -> usize {
        let mut bytes = 1 + self.key_column.label.len() + 2;
        for (batch, rows) in self.segments(range) {
            for row in sent.runs(batch, &rows).into_iter().flatten() {
                bytes += self.key_column.cells[batch].size(row) + 1;
            }
        }
        bytes
    }
}
