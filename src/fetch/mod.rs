//! Pages → batches: their order, their end, how many at once, repeated keys, the receipt. Knows no Python.

mod aside;
mod compact_set;
mod http_pages;
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
pub use page_loop::{PageLoop, PageSource, Rows, Settled};
pub use planner::{Ask, Bounds, Counted, Planner, Verdict};
pub use progress::{Progress, SoFar};
pub use read::{Fetched, read_all};
pub use receipt::Receipt;
pub use seen_keys::{PageKeys, SeenKeys};
pub use spec::ReadSpec;
pub use stream::Stream;
