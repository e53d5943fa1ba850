//! What takes in the body of an answer.

use bytes::Bytes;

use crate::error::Result;

/// Takes the decompressed bytes of one answer, in windows of any size, on a thread that may block.
/// A sink is made anew for each attempt, so what a failed one took in is gone with it.
pub trait BodySink: Send + 'static {
    type Output: Send + 'static;

    /// Takes a window of bytes. It should be dropped when it is read, since its memory may be filled again then.
    ///
    /// # Errors
    /// Bytes that are not what was asked for.
    fn push(&mut self, window: Bytes) -> Result<()>;

    /// The body has ended. An error of kind [`crate::error::ErrorKind::Connection`] says that it was cut.
    ///
    /// # Errors
    /// A body that is not complete.
    fn finish(self) -> Result<Self::Output>;

    /// What a body that comes slowly and begins so becomes, if the rest would only be waited for to be shown. It is
    /// asked of a sink that nothing else is asked of.
    fn foresee(self, _beginning: Bytes) -> Option<Result<Self::Output>>
    where
        Self: Sized,
    {
        None
    }
}
