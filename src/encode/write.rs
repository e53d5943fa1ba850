//! Requests as bytes, straight from the Arrow arrays.

use super::column::Column;
use super::cut::{Form, RequestPlan};
use super::frame::{Inner, UpdateFrame};

/// Short texts are appended with what is behind them, which is then cut off.
const ROOM: usize = 64;

impl UpdateFrame {
    /// Writes the body of a request into a buffer, whose old content and size do not matter.
    pub fn write(&self, request: &RequestPlan, body: &mut Vec<u8>) {
        body.clear();
        body.reserve(request.bytes + ROOM);
        match request.form {
            Form::Columnar => self.inner.write_columns(request, body),
            Form::RowWise => self.inner.write_rows(request, body),
        }
        debug_assert_eq!(body.len(), request.bytes, "a body is as long as it was planned");
    }
}

impl Inner {
    fn columns_of(&self, request: &RequestPlan) -> impl Iterator<Item = &Column> {
        std::iter::once(&self.key_column).chain(request.columns.iter().map(|place| &self.columns[*place]))
    }

    fn write_columns(&self, request: &RequestPlan, body: &mut Vec<u8>) {
        let sent = self.sent(&request.columns);
        body.push(b'{');
        for column in self.columns_of(request) {
            body.extend_from_slice(&column.label);
            body.push(b'[');
            for (batch, rows) in self.segments(&request.range) {
                column.cells[batch].write_all(&sent.runs(batch, &rows), body);
            }
            replace_last(body, b']');
            body.push(b',');
        }
        replace_last(body, b'}');
    }

    fn write_rows(&self, request: &RequestPlan, body: &mut Vec<u8>) {
        let sent = self.sent(&request.columns);
        body.push(b'[');
        for (batch, rows) in self.segments(&request.range) {
            for row in sent.runs(batch, &rows).into_iter().flatten() {
                body.push(b'{');
                for column in self.columns_of(request) {
                    body.extend_from_slice(&column.label);
                    if column.set.contains(batch, row) {
                        column.cells[batch].write(row, body);
                    } else {
                        body.extend_from_slice(b"null");
                    }
                    body.push(b',');
                }
                replace_last(body, b'}');
                body.push(b',');
            }
        }
        replace_last(body, b']');
    }
}

/// Each item was written with a comma behind it; a request has at least one item.
fn replace_last(body: &mut [u8], byte: u8) {
    if let Some(last) = body.last_mut() {
        *last = byte;
    }
}
