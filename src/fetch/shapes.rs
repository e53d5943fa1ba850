//! What is known of the columns that rows have though nobody asked for them by name.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Mutex as AsyncMutex;

use crate::decode::Unified;
use crate::query::{Operation, Query};

/// Shapes that are remembered. Whoever asks for more than these makes up names of columns by a program.
const MOST: usize = 256;

/// The parameters that say which columns come, and not which rows.
const OF_COLUMNS: [&str; 3] = ["metric", "columns", "groupby"];

/// What the columns of a result depend on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Shape {
    pub operation: Operation,
    pub query: Query,
    pub parse_dates: bool,
}

impl Shape {
    pub fn new(operation: Operation, query: &Query, parse_dates: bool) -> Self {
        let pairs = query.pairs().iter().filter(|(name, _)| OF_COLUMNS.contains(name));
        let query = pairs.fold(Query::default(), |query, (name, value)| query.with(name, value.as_str()));
        Self { operation, query, parse_dates }
    }
}

/// Locked while the service is asked, so that nobody asks for the same at the same time.
pub(super) type Remembered = Arc<AsyncMutex<Option<Arc<Unified>>>>;

/// The columns that a service was asked for so far, without rows.
#[derive(Debug, Default)]
pub struct Shapes(Mutex<HashMap<Shape, Remembered>>);

impl Shapes {
    pub(super) fn of(&self, shape: Shape) -> Remembered {
        let mut shapes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if shapes.len() >= MOST && !shapes.contains_key(&shape) {
            shapes.clear();
        }
        Arc::clone(shapes.entry(shape).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_a_bounded_number_is_remembered() {
        let shapes = Shapes::default();
        for number in 0..3 * MOST {
            let query = Query::default().with("metric", number.to_string()).with("campaign", "sales");
            let shape = Shape::new(Operation::Calls, &query, true);
            assert_eq!(shape.query, Query::default().with("metric", number.to_string()));
            let _ = shapes.of(shape);
            assert!(shapes.0.lock().unwrap().len() <= MOST);
        }
    }
}
