//! Why an answer confirms nothing.

pub(super) enum No {
    Cut,
    Said(String),
}

pub(super) fn said(why: &str) -> Result<(), No> {
    Err(No::Said(why.to_owned()))
}
