//! Time and chance, which tests replace so that none of them waits.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant, SystemTime};

pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where the time and the jitter of retries and timeouts come from.
pub trait Clock: Send + Sync + Debug {
    fn now(&self) -> Instant;

    /// The date, for a `Retry-After` that is one.
    fn date(&self) -> SystemTime;

    fn sleep_until(&self, instant: Instant) -> Sleep;

    /// A random part of `most`, evenly distributed.
    fn jitter(&self, most: Duration) -> Duration;
}

/// The machine's clock and random numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn date(&self) -> SystemTime {
        SystemTime::now()
    }

    fn sleep_until(&self, instant: Instant) -> Sleep {
        Box::pin(tokio::time::sleep_until(instant.into()))
    }

    fn jitter(&self, most: Duration) -> Duration {
        most.mul_f64(rand::random::<f64>())
    }
}
