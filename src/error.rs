//! The one error of every room.

use std::any::Any;
use std::error::Error as StdError;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arrow_schema::SchemaRef;

use crate::text;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, with what a program can act on.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Settings that cannot work.
    Configuration,
    /// An argument or a frame that is refused before anything is sent.
    InvalidInput,
    /// No answer, or one whose body died half way.
    Connection,
    /// No answer in time.
    Timeout,
    /// An answer whose status is not a success.
    Status { status: u16, code: Option<String>, message: String, retry_after: Option<Duration> },
    /// A redirect, which is never followed.
    Redirect { location: String },
    /// An answer that is not what was asked for.
    Decode,
    /// Too deep, too long or too large.
    LimitExceeded,
    /// Pages that cannot be put together to one result.
    Paging,
    /// A value or column that does not fit the schema; `schema` is the widened one that would.
    SchemaDrift { column: String, schema: SchemaRef },
    /// An update that was not finished.
    Update(Box<UpdateFailure>),
    /// Memory, or the threads that it takes, that the system does not give.
    OutOfMemory,
    /// What a recording does not have, or cannot be.
    Recording,
    /// A file, or what stands for one, that cannot be written.
    Io {
        os_code: Option<i32>,
        path: Option<PathBuf>,
        /// What to do about it, where that does not follow from the rest.
        advice: Option<String>,
    },
    /// A defect of this library.
    Internal,
}

/// How far an update came. The three sets of rows are disjoint and together the whole frame.
#[derive(Debug, Clone)]
pub struct UpdateFailure {
    /// Rows of which every request was confirmed.
    pub committed: Vec<Range<usize>>,
    /// Rows of which a request may have been applied, or of which some requests were applied and others not.
    pub in_doubt: Vec<Range<usize>>,
    /// Rows of which no request was sent, or only one that the service refused; also those without a value, of which
    /// none speaks.
    pub unsent: Vec<Range<usize>>,
    /// Why it stopped.
    pub cause: Error,
}

/// An error: its kind, what to tell a person, and which request it belongs to.
#[derive(Debug, Clone)]
pub struct Error {
    inner: Box<Inner>,
}

#[derive(Debug, Clone)]
struct Inner {
    kind: ErrorKind,
    message: String,
    request: Option<Arc<str>>,
    attempt: Option<u32>,
    /// What it came from. The message says what that says, too.
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    /// What the kind carries is data, and stays as it is. The message is for a person, and is made fit to be shown.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let message = text::shown(&message.into()).into_owned();
        Self { inner: Box::new(Inner { kind, message, request: None, attempt: None, source: None }) }
    }

    pub fn configuration(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Configuration, message)
    }

    pub fn invalid_input(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidInput, message)
    }

    pub fn connection(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Connection, message)
    }

    pub fn timeout(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Timeout, message)
    }

    pub fn decode(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Decode, message)
    }

    pub fn limit_exceeded(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::LimitExceeded, message)
    }

    pub fn paging(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Paging, message)
    }

    pub fn out_of_memory(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::OutOfMemory, message)
    }

    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// Says which request the error belongs to (method, path and page; never a personal value or the key).
    #[must_use]
    pub fn with_request(mut self, request: impl AsRef<str>) -> Self {
        self.inner.request = Some(text::shown(request.as_ref()).into());
        self
    }

    /// Says at which attempt, counted from 1, the request failed for good.
    #[must_use]
    pub fn with_attempt(mut self, attempt: u32) -> Self {
        self.inner.attempt = Some(attempt);
        self
    }

    /// Says which error of another library it came from, for programs to look into; a person is told by the message alone.
    #[must_use]
    pub fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.inner.source = Some(Arc::new(source));
        self
    }

    /// Says that it came from what another error came from.
    #[must_use]
    pub fn with_source_of(mut self, other: &Self) -> Self {
        self.inner.source.clone_from(&other.inner.source);
        self
    }

    /// Adds to what a person is told.
    #[must_use]
    pub fn with_context(mut self, context: impl fmt::Display) -> Self {
        self.inner.message = text::shown(&format!("{}; {context}", self.inner.message)).into_owned();
        self
    }

    pub fn kind(&self) -> &ErrorKind {
        &self.inner.kind
    }

    pub fn message(&self) -> &str {
        &self.inner.message
    }

    pub fn request(&self) -> Option<&str> {
        self.inner.request.as_deref()
    }

    pub fn attempt(&self) -> Option<u32> {
        self.inner.attempt
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(request) = &self.inner.request {
            write!(f, "{request}: ")?;
        }
        f.write_str(&self.inner.message)?;
        if let Some(attempt) = self.inner.attempt.filter(|attempt| *attempt > 1) {
            write!(f, " (after {attempt} attempts)")?;
        }
        Ok(())
    }
}

impl StdError for Error {
    /// The cause of an update that was not finished, or the error of another library.
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match (&self.inner.source, &self.inner.kind) {
            (Some(source), _) => Some(&**source),
            (None, ErrorKind::Update(failure)) => Some(&failure.cause),
            (None, _) => None,
        }
    }
}

/// What a panic said.
pub fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message").to_owned()
}
