//! Requests as bytes, straight from the Arrow arrays.

use super::checked::Checked;
use super::column::Column;
use super::form::Form;
use super::frame::UpdateFrame;
use super::output::Output;
use super::requests::RequestPlan;

/// What a short text may want beyond what it takes.
const ROOM: usize = 64;

impl UpdateFrame {
    /// Writes the body of a request into a buffer, whose old content and size do not matter.
    pub fn write(&self, request: &RequestPlan, body: &mut Vec<u8>) {
        let mut out = Output::over(std::mem::take(body), request.bytes + ROOM);
        match request.form {
            Form::Columnar => self.checked().write_columns(request, &mut out),
            Form::RowWise => self.checked().write_rows(request, &mut out),
        }
        *body = out.finish();
        debug_assert_eq!(body.len(), request.bytes, "a body is as long as it was planned");
    }
}

impl Checked {
    fn columns_of(&self, request: &RequestPlan) -> impl Iterator<Item = &Column> {
        std::iter::once(&self.key_column).chain(request.columns.iter().map(|index| &self.columns[*index]))
    }

    fn write_columns(&self, request: &RequestPlan, body: &mut Output) {
        let sent = self.sent(&request.columns);
        let segments: Vec<_> =
            self.segments(&request.range).map(|(batch, rows)| (batch, sent.runs(batch, &rows))).collect();
        body.push(b'{');
        for column in self.columns_of(request) {
            body.extend(&column.label);
            body.push(b'[');
            for (batch, runs) in &segments {
                column.cells[*batch].write_all(runs, body);
            }
            body.replace_last(b']');
            body.push(b',');
        }
        body.replace_last(b'}');
    }

    fn write_rows(&self, request: &RequestPlan, body: &mut Output) {
        let sent = self.sent(&request.columns);
        body.push(b'[');
        for (batch, rows) in self.segments(&request.range) {
            for row in sent.runs(batch, &rows).into_iter().flatten() {
                body.push(b'{');
                for column in self.columns_of(request) {
                    body.extend(&column.label);
                    if column.set.contains(batch, row) {
                        column.cells[batch].write(row, body);
                    } else {
                        body.extend(b"null");
                    }
                    body.push(b',');
                }
                body.replace_last(b'}');
                body.push(b',');
            }
        }
        body.replace_last(b']');
    }
}
