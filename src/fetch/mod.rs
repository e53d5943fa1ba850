//! Pages → batches: their order, their end, how many at once, repeated keys, the receipt. Knows no Python.

mod aside;
mod compact_set;
mod held;
mod http_pages;
mod identity;
mod known_columns;
mod page_loop;
mod planner;
mod progress;
mod read;
mod reader;
mod receipt;
mod runs;
mod seen_keys;
mod spec;
mod stream;

pub use known_columns::{columns_without_rows, known_columns};
pub use page_loop::{PageFailure, PageLoop, PageSource, Rows, Settled};
pub use planner::{Absence, Ask, Bounds, Counted, End, Planner, Role, Verdict};
pub use progress::{Progress, SoFar};
pub use read::{Fetched, read_all};
pub use receipt::Receipt;
pub use seen_keys::{PageKeys, SeenKeys};
pub use spec::ReadSpec;
pub use stream::Stream;
