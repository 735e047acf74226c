//! How long to wait before the next attempt.

use std::time::Duration;

/// The first wait, doubled with every failure up to the longest.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(5 * 60);
/// What an endpoint may ask for at least and at most: it cannot make the service hurry, nor wait for ever.
const LEAST_ASKED: Duration = Duration::from_millis(100);
const MOST_ASKED: Duration = Duration::from_secs(10 * 60);
/// Between two attempts while something is wrong with the connection that the operator or the partner has to mend.
pub const PAUSED: Duration = Duration::from_secs(15 * 60);

/// The wait after so many failures in a row. `chance` is from 0 to 1, a new one each time, so that partners who failed together are not
/// tried again together. `asked` is what the endpoint asked for: it is kept to, within bounds.
#[must_use]
pub fn wait(failures: u32, asked: Option<Duration>, chance: f64) -> Duration {
    if let Some(asked) = asked {
        return asked.clamp(LEAST_ASKED, MOST_ASKED);
    }
    let doublings = failures.saturating_sub(1).min(20);
    let whole = FIRST.saturating_mul(1 << doublings).min(LONGEST);
    // Half of it at least: never at once, and never for nothing.
    whole.mul_f64(0.5 + 0.5 * chance.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_five_minutes() {
        assert_eq!(wait(1, None, 1.0), FIRST);
        assert_eq!(wait(1, None, 0.0), FIRST / 2);
        assert_eq!(wait(4, None, 1.0), Duration::from_secs(8));
        assert_eq!(wait(9, None, 1.0), Duration::from_secs(256));
        for failures in [10, 30, u32::MAX] {
            assert_eq!(wait(failures, None, 1.0), LONGEST);
            assert_eq!(wait(failures, None, 0.0), LONGEST / 2);
        }
        assert_eq!(wait(0, None, 7.0), FIRST);
    }

    #[test]
    fn what_an_endpoint_asks_for_is_kept_within_bounds() {
        let asks = |asked| wait(3, Some(asked), 0.3);
        assert_eq!(asks(Duration::from_secs(7)), Duration::from_secs(7));
        assert_eq!(asks(Duration::ZERO), LEAST_ASKED);
        assert_eq!(asks(Duration::from_secs(315_360_000)), MOST_ASKED);
    }
}
