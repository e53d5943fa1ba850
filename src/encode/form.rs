//! The two forms that the body of an update may have.

/// The two forms of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `{"call_id":[1,2],"campaign":["A","B"]}`.
    Columnar,
    /// `[{"call_id":1,"campaign":"A"},{"call_id":2,"campaign":null}]`.
    RowWise,
}
