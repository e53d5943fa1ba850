//! How long to wait before a retry: exponential backoff with full jitter
//! (<https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>).

use std::time::Duration;

use super::clock::Clock;

const FIRST: Duration = Duration::from_millis(500);
const MOST: Duration = Duration::from_secs(30);

/// The wait after the attempt of that number, counted from 1.
pub(super) fn backoff(attempt: u32, clock: &dyn Clock) -> Duration {
    let doublings = attempt.saturating_sub(1).min(16);
    clock.jitter(FIRST.saturating_mul(1 << doublings).min(MOST))
}

#[cfg(test)]
mod tests {
    use std::time::{Instant, SystemTime};

    use super::super::clock::{Sleep, SystemClock};
    use super::*;

    #[derive(Debug)]
    struct Most;

    impl Clock for Most {
        fn now(&self) -> Instant {
            Instant::now()
        }
        fn date(&self) -> SystemTime {
            SystemTime::UNIX_EPOCH
        }
        fn sleep_until(&self, _instant: Instant) -> Sleep {
            Box::pin(std::future::ready(()))
        }
        fn jitter(&self, most: Duration) -> Duration {
            most
        }
    }

    #[test]
    fn it_doubles_up_to_a_bound() {
        let seconds: Vec<f64> = (1..=9).map(|attempt| backoff(attempt, &Most).as_secs_f64()).collect();
        assert_eq!(seconds, [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]);
        assert_eq!(backoff(u32::MAX, &Most), MOST);
    }

    #[test]
    fn jitter_covers_the_whole_wait() {
        let waits: Vec<f64> = (0..1000).map(|_| backoff(2, &SystemClock).as_secs_f64()).collect();
        assert!(waits.iter().all(|wait| (0.0..=1.0).contains(wait)));
        assert!(waits.iter().any(|wait| *wait < 0.1) && waits.iter().any(|wait| *wait > 0.9));
    }
}
