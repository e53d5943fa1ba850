//! The requests that an update would make.

use bytes::Bytes;

use super::run::Update;

/// One request, as it would be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedRequest {
    pub method: &'static str,
    /// Below the base URL.
    pub path: &'static str,
    pub rows: usize,
    pub cells: usize,
    /// Of its body.
    pub bytes: usize,
    /// The attributes that it writes, without the key.
    pub columns: Vec<String>,
}

impl Update {
    /// The requests that [`Update::run`] makes, in order; their bodies are at [`Update::body`].
    pub fn dry_run(&self) -> Vec<PlannedRequest> {
        self.requests
            .iter()
            .map(|request| PlannedRequest {
                method: self.operation.method(),
                path: self.operation.path(),
                rows: request.rows,
                cells: request.cells,
                bytes: request.bytes,
                columns: self.frame.request_columns(request).map(str::to_owned).collect(),
            })
            .collect()
    }

    /// The body of a request, by its index in [`Update::dry_run`].
    pub fn body(&self, index: usize) -> Option<Bytes> {
        let mut body = Vec::new();
        self.frame.write(self.requests.get(index)?, &mut body);
        Some(body.into())
    }
}
