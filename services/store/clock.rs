//! The log's time: what entries are dated with, and how far a question may ask by time.
//!
//! It follows the system's clock, and never runs backwards. When the clock jumps, it goes on as if the clock had not, and follows
//! only when the clock stays where it is. What was answered about a time is so for ever: no entry gets a time that was asked about.
//!
//! The witness keeps where the log's time stands against the time since the system was booted, which no setting of the clock moves. So
//! a clock that jumps while no service runs is seen by the next start, as long as the system was not booted in between.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};
use uuid::Uuid;

/// By less the clock may differ from what was expected: it is set right in small steps all the time.
const STEP_MILLIS: i64 = 1_000;
/// So long the clock has to stay where it has jumped to before the log's time follows it.
const HOLD: Duration = Duration::from_secs(600);
/// Pause between two looks at whether nobody waits any more.
const LOOK: Duration = Duration::from_millis(50);

/// The log's time when the system was booted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AtBoot {
    /// The boot: each has an id of its own.
    pub(super) boot: Uuid,
    /// Milliseconds since 1970.
    pub(super) millis: i64,
}

impl AtBoot {
    /// Whether the log's time is not where it was: by more than clocks are set right in small steps.
    pub(super) fn differs(self, now: Self) -> bool {
        self.boot != now.boot || self.millis.saturating_sub(now.millis).abs() > STEP_MILLIS
    }
}

/// The clock of one log.
pub(super) struct LogClock {
    start: Instant,
    /// This boot of the system, and when it was booted: less than the start by so many milliseconds. None: the system does not say.
    boot: Option<(Uuid, i64)>,
    dates: Mutex<Dates>,
    applied: Condvar,
}

/// Why there is no answer about a time.
#[derive(Debug, PartialEq, Eq)]
pub enum Unsettled {
    /// The time has not come. The log's time now, milliseconds since 1970.
    Future(u64),
    /// A change of that time, or of an earlier one, is not applied yet.
    UnderWay,
}

struct Dates {
    /// The clock, less the time since the start: what is believed of it, milliseconds.
    believed: i64,
    /// Where the clock has jumped to, less the time since the start, and when that was seen.
    jumped: Option<(i64, Duration)>,
    /// Greatest time that an entry has, or that was asked about.
    last: u64,
    /// Time of the changes that are being written.
    under_way: Option<u64>,
    /// Whether these are an erasure, which takes long: no question waits for it.
    is_erasure: bool,
}

/// What an operator is told of the clock.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    /// It has jumped by so many milliseconds.
    Jumped(i64),
    /// It is where it was before it jumped.
    Back,
    /// It has stayed where it has jumped to: the log's time follows.
    Followed(i64),
}

impl Dates {
    fn new(wall: i64, newest: u64) -> Self {
        Self { believed: wall, jumped: None, last: newest, under_way: None, is_erasure: false }
    }

    /// Looks at the clock, so long after the start.
    fn look(&mut self, wall: i64, since: Duration) -> Option<Told> {
        let seen = wall.saturating_sub(millis(since));
        let by = seen.saturating_sub(self.believed);
        if by.abs() <= STEP_MILLIS {
            self.believed = seen;
            return self.jumped.take().map(|_| Told::Back);
        }
        match self.jumped {
            Some((to, _)) if seen.abs_diff(to) > STEP_MILLIS.unsigned_abs() => {}
            Some((_, first)) if since.saturating_sub(first) < HOLD => return None,
            Some(_) => {
                (self.believed, self.jumped) = (seen, None);
                return Some(Told::Followed(by));
            }
            None => {}
        }
        self.jumped = Some((seen, since));
        Some(Told::Jumped(by))
    }

    fn now(&self, since: Duration) -> u64 {
        let believed = self.believed.saturating_add(millis(since));
        u64::try_from(believed).unwrap_or(0).max(self.last)
    }
}

impl LogClock {
    /// For a log whose newest entry has this time, milliseconds since 1970. `before`: what the clock of an earlier start knew.
    pub(super) fn new(newest: u64, before: Option<AtBoot>) -> Self {
        let (boot, wall) = (boot(), wall());
        let same = before.zip(boot).filter(|(before, (id, _))| before.boot == *id);
        let believed = same.map_or(wall, |(before, (_, up))| before.millis.saturating_add(up));
        let ahead = i64::try_from(newest).unwrap_or(i64::MAX).saturating_sub(believed);
        if ahead > STEP_MILLIS {
            tracing::warn!(
                seconds = ahead / 1_000,
                "the newest entry of the log is dated after the system's clock: set the clock right; until the clock is there, new \
                 entries get the same time, and as_of by time cannot tell them apart"
            );
        }
        let dates = Mutex::new(Dates::new(believed, newest));
        let this = Self { start: Instant::now(), boot, dates, applied: Condvar::new() };
        this.look();
        this
    }

    /// What the next start has to know; none: the system does not say when it was booted.
    pub(super) fn at_boot(&self) -> Option<AtBoot> {
        let (boot, up) = self.boot?;
        Some(AtBoot { boot, millis: self.lock().believed.saturating_sub(up) })
    }

    /// Looks whether the clock has jumped.
    pub(super) fn look(&self) {
        drop(self.lock_now());
    }

    /// The log's time, milliseconds since 1970.
    pub(super) fn now(&self) -> u64 {
        self.lock_now().1
    }

    /// Lets so many milliseconds pass.
    #[cfg(test)]
    pub(super) fn pass(&self, millis: i64) {
        self.lock().believed += millis;
    }

    /// Time for entries that are about to be written. Until [`LogClock::done`], nothing is answered about this time or later ones.
    pub(super) fn begin(&self) -> u64 {
        let (mut dates, now) = self.lock_now();
        // Later than what was asked about, and than every entry.
        dates.last = if now > dates.last { now } else { dates.last.saturating_add(1) };
        (dates.under_way, dates.is_erasure) = (Some(dates.last), false);
        dates.last
    }

    /// Time for the entries of an erasure. A question about this time or a later one does not wait until it is done: it would hold what
    /// the erasure waits for.
    pub(super) fn begin_erasure(&self) -> u64 {
        let time = self.begin();
        self.lock().is_erasure = true;
        self.applied.notify_all();
        time
    }

    /// Everything written is applied.
    pub(super) fn done(&self) {
        self.lock().under_way = None;
        self.applied.notify_all();
    }

    /// Waits until every change up to a time is applied, and sees to it that no change will get this time. `waits`: whether the answer is
    /// still wanted.
    pub(super) fn settle(&self, time: u64, waits: impl Fn() -> bool) -> Result<(), Unsettled> {
        let (mut dates, now) = self.lock_now();
        if time > now {
            return Err(Unsettled::Future(now));
        }
        dates.last = dates.last.max(time);
        while dates.under_way.is_some_and(|under_way| under_way <= time) {
            if dates.is_erasure || !waits() {
                return Err(Unsettled::UnderWay);
            }
            let waited = self.applied.wait_timeout(dates, LOOK);
            dates = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Dates> {
        self.dates.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The log's time now, after a look at the clock.
    fn lock_now(&self) -> (MutexGuard<'_, Dates>, u64) {
        let mut dates = self.lock();
        let since = self.start.elapsed();
        match dates.look(wall(), since) {
            Some(Told::Jumped(by)) => tracing::warn!(
                seconds = by / 1_000,
                "the system's clock has jumped: the log's time goes on as if it had not, and follows in {} minutes if the clock stays \
                 there; look at the clock",
                HOLD.as_secs() / 60
            ),
            Some(Told::Back) => tracing::info!("the system's clock is back where it was"),
            Some(Told::Followed(by)) => tracing::warn!(
                seconds = by / 1_000,
                "the system's clock has stayed where it has jumped to: the log's time follows it; as_of by time may mean another time \
                 for changes since the jump"
            ),
            None => {}
        }
        let now = dates.now(since);
        (dates, now)
    }
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// The id of the system's boot, and the milliseconds since then.
fn boot() -> Option<(Uuid, i64)> {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let up = clock_gettime(ClockId::Boottime);
    let millis = up.tv_sec.saturating_mul(1_000).saturating_add(up.tv_nsec / 1_000_000);
    Some((id.trim().parse().ok()?, millis))
}

/// The system's clock, milliseconds since 1970.
fn wall() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 1_700_000_000_000;

    fn after(seconds: i64) -> Duration {
        Duration::from_secs(seconds.unsigned_abs())
    }

    /// What is told of a clock that is off by so many seconds, so many seconds after the start, and the log's time then.
    fn told(dates: &mut Dates, off: i64, seconds: i64) -> (Option<Told>, i64) {
        let told = dates.look(NOON + (off + seconds) * 1_000, after(seconds));
        (told, (i64::try_from(dates.now(after(seconds))).unwrap() - NOON) / 1_000)
    }

    #[test]
    fn a_jump_and_back_moves_nothing() {
        for jump in [3_600, -3_600, 100_000_000] {
            let mut dates = Dates::new(NOON, 0);
            assert_eq!(told(&mut dates, 0, 10), (None, 10));
            assert_eq!(told(&mut dates, jump, 20), (Some(Told::Jumped(jump * 1_000)), 20));
            assert_eq!(told(&mut dates, jump, 300), (None, 300), "told once");
            assert_eq!(told(&mut dates, 0, 500), (Some(Told::Back), 500));
            assert_eq!(told(&mut dates, 0, 600), (None, 600));
        }
    }

    #[test]
    fn a_clock_that_stays_is_followed_and_never_backwards() {
        let mut dates = Dates::new(NOON, 0);
        assert_eq!(told(&mut dates, 50, 1).1, 1);
        assert_eq!(told(&mut dates, 50, 602), (Some(Told::Followed(50_000)), 652));
        dates.last = dates.now(after(602));
        assert_eq!(told(&mut dates, 0, 603), (Some(Told::Jumped(-50_000)), 653));
        assert_eq!(told(&mut dates, 0, 1_204), (Some(Told::Followed(-50_000)), 1_204));
        // Slow changes are the clock's own affair.
        assert_eq!(told(&mut dates, 1, 1_300), (None, 1_301));
        // One that jumps about is held for as long.
        for (off, seconds) in [(90, 1_400), (190, 1_900), (90, 2_400), (190, 2_900)] {
            assert!(matches!(told(&mut dates, off, seconds).0, Some(Told::Jumped(_))));
        }
        assert_eq!(told(&mut dates, 190, 3_000), (None, 3_001));
    }

    #[test]
    fn what_was_asked_about_gets_no_more_entries() {
        let clock = LogClock::new(0, None);
        let first = clock.begin();
        assert_eq!(clock.settle(first - 1, || false), Ok(()));
        assert_eq!(clock.settle(first, || false), Err(Unsettled::UnderWay));
        clock.done();
        let now = first + 5;
        while clock.settle(now, || false) != Ok(()) {}
        assert!(clock.begin() > now);
        clock.done();
        let far = first + 3_600_000;
        assert!(matches!(clock.settle(far, || true), Err(Unsettled::Future(now)) if now < far));
    }

    #[test]
    fn a_question_waits_for_what_is_being_written() {
        let clock = LogClock::new(0, None);
        let time = clock.begin();
        std::thread::scope(|scope| {
            let asker = scope.spawn(|| clock.settle(time, || true));
            std::thread::sleep(Duration::from_millis(120));
            assert!(!asker.is_finished());
            clock.done();
            assert_eq!(asker.join().unwrap(), Ok(()));
        });
    }

    #[test]
    fn a_question_does_not_wait_for_an_erasure() {
        let clock = LogClock::new(0, None);
        let time = clock.begin_erasure();
        assert_eq!(clock.settle(time, || true), Err(Unsettled::UnderWay));
        clock.done();
        let time = clock.begin();
        assert_eq!(clock.settle(time - 1, || true), Ok(()));
        std::thread::scope(|scope| {
            let asker = scope.spawn(|| clock.settle(time, || true));
            std::thread::sleep(Duration::from_millis(120));
            assert!(!asker.is_finished(), "other changes are waited for");
            clock.done();
            assert_eq!(asker.join().unwrap(), Ok(()));
        });
    }

    #[test]
    fn a_clock_that_jumps_between_two_starts_is_not_believed() {
        let before = LogClock::new(0, None).at_boot().unwrap();
        let time = |before| i64::try_from(LogClock::new(0, Some(before)).now()).unwrap() - wall();
        for jump in [0, 3_600_000, -3_600_000] {
            let other = AtBoot { millis: before.millis + jump, ..before };
            assert!((time(other) - jump).abs() < 1_000, "{jump}: the same boot");
            let other = AtBoot { boot: Uuid::nil(), ..other };
            assert!(time(other).abs() < 1_000, "{jump}: another boot, of which nobody knows");
        }
    }

    #[test]
    fn a_log_from_the_future_stays_in_order() {
        let newest = u64::try_from(wall()).unwrap() + 86_400_000;
        let clock = LogClock::new(newest, None);
        assert_eq!(clock.settle(newest, || false), Ok(()), "it is dated so: it can be asked for");
        assert_eq!((clock.begin(), clock.begin()), (newest + 1, newest + 2));
    }
}
