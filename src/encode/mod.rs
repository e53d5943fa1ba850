//! Arrow batches → the bodies of update requests, under the null rules. Knows nothing of HTTP, tokio or Python.

/// What a null cell of an update means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Nulls {
    /// The stored value stays.
    #[default]
    Keep,
    /// The stored value is set to null.
    Clear,
}
