//! Counts the frames of a connection that ask for nothing: pings, settings, window updates, resets, frames that are empty or may be
//! padding alone, heads of calls that have one, and calls that the service has to reset: more than may be open at once. h2 takes them
//! without a limit, and a client could keep a thread busy with them. Calls and bytes sent earn some of them: well-behaved clients send
//! them along with their calls and with what they read.
//!
//! Frames of data are no flood: somebody may send one row in each. But each costs about as much as a large one, so a connection that sends
//! more of them in a second than [`A_DATA_FRAME`] lets through is read later. The data of a call that is all in one frame costs nothing.
//! Calls that come to nothing make it wait too: a client may cancel many at once, or go on calling when its quota is used up.
//!
//! Only the nine bytes at the head of each frame are read.

use std::time::Duration;

use tokio::time::Instant;

use super::heads::{DATA, END, Head, Heads, PADDED, PADDING, RESET};
use super::opening::PREFACE;

/// Frames that a new connection may send at once; that each second adds; that may be saved up.
const FIRST: u64 = 200;
const A_SECOND: u64 = 1_000;
const MOST: u64 = 1_000;
/// Frames that a call earns, and bytes sent that earn one.
const A_CALL: u64 = 4;
const BYTES_A_FRAME: u64 = 1 << 10;
/// How long a frame of data keeps what comes next waiting, and what is forgiven of it: 20,000 a second, and 2,000 at once.
const A_DATA_FRAME: Duration = Duration::from_micros(50);
/// The same of a call that is reset: 500 a second, and 50 at once; and of one that is refused because its caller has used up a quota: 200
/// a second, and 20 at once.
const A_CANCELLED_CALL: Duration = Duration::from_millis(2);
const A_REFUSED_CALL: Duration = Duration::from_millis(5);
const FORGIVEN: Duration = Duration::from_millis(100);
/// What a reset costs: a call was begun for it. As many as streams may be open can always be paid for.
const A_RESET: u64 = A_CALL + 1;

/// What a client has left to send.
#[derive(Debug)]
pub(super) struct Frames {
    heads: Heads,
    left: u64,
    /// More was sent than there was left to pay with.
    is_flood: bool,
    most: u64,
    /// The newest call: calls have rising numbers; and how many began since that was last asked.
    newest: u32,
    begun: usize,
    /// Parts of a frame that time and sent bytes have earned.
    part: (Duration, u64),
    looked: Instant,
    /// When all that has come would have come at the rate that it may.
    due: Instant,
}

impl Frames {
    /// A new connection on which so many calls may run at once.
    pub(super) fn new(streams: u32) -> Self {
        let now = Instant::now();
        Self {
            heads: Heads::after(PREFACE.len()),
            left: FIRST,
            is_flood: false,
            most: MOST + A_RESET * u64::from(streams),
            newest: 0,
            begun: 0,
            part: (Duration::ZERO, 0),
            looked: now,
            due: now,
        }
    }

    /// Until when no more is to be read; none: the next bytes may come.
    pub(super) fn rests_until(&self, now: Instant) -> Option<Instant> {
        self.due.checked_sub(FORGIVEN).filter(|until| *until > now)
    }

    /// Bytes were sent to the client.
    pub(super) fn sent(&mut self, bytes: usize) {
        self.part.1 += bytes as u64;
        self.earn(self.part.1 / BYTES_A_FRAME);
        self.part.1 %= BYTES_A_FRAME;
    }

    /// How many calls have begun since this was last asked.
    pub(super) fn take_begun(&mut self) -> usize {
        std::mem::take(&mut self.begun)
    }

    /// The service has reset a call. One that was answered costs its client time alone: a refused client is not flooding.
    pub(super) fn reset(&mut self, was_answered: bool) {
        self.due += A_CANCELLED_CALL;
        if !was_answered {
            self.pay(A_CALL + A_RESET);
        }
    }

    /// So many calls were refused because a quota is used up.
    pub(super) fn refused(&mut self, calls: u32, now: Instant) {
        self.due = self.due.max(now) + calls * A_REFUSED_CALL;
    }

    /// Bytes have come. False: it is a flood.
    pub(super) fn came(&mut self, mut bytes: &[u8], now: Instant) -> bool {
        self.earn_by_time(now);
        self.due = self.due.max(now);
        while let Some(head) = self.heads.next(&mut bytes) {
            self.frame(head);
            if self.is_flood {
                break;
            }
        }
        !self.is_flood
    }

    /// A head is complete.
    fn frame(&mut self, head: Head) {
        let cost = match head.kind {
            DATA if head.flags & PADDED != 0 && head.length <= PADDING => 1,
            DATA if head.flags & END != 0 => 0,
            DATA if head.length > 0 => {
                self.due += A_DATA_FRAME;
                0
            }
            1 if head.stream > self.newest => {
                self.newest = head.stream;
                self.begun += 1;
                self.earn(A_CALL);
                self.due = self.due.checked_sub(A_DATA_FRAME).unwrap_or(self.due);
                0
            }
            RESET => {
                self.due += A_CANCELLED_CALL;
                A_RESET
            }
            _ => 1,
        };
        self.pay(cost);
    }

    fn pay(&mut self, cost: u64) {
        match self.left.checked_sub(cost) {
            Some(left) => self.left = left,
            None => self.is_flood = true,
        }
    }

    fn earn(&mut self, frames: u64) {
        self.left = (self.left + frames).min(self.most);
    }

    fn earn_by_time(&mut self, now: Instant) {
        self.part.0 += now.saturating_duration_since(self.looked).min(Duration::from_secs(60));
        self.looked = now;
        let frames = u64::try_from(self.part.0.as_micros()).unwrap_or(0) * A_SECOND / 1_000_000;
        if frames > 0 {
            self.part.0 -= Duration::from_micros(frames * 1_000_000 / A_SECOND);
            self.left = self.left.max((self.left + frames).min(MOST));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, length: usize) -> Vec<u8> {
        frame_of(1, kind, flags, length)
    }

    fn frame_of(call: u32, kind: u8, flags: u8, length: usize) -> Vec<u8> {
        let mut bytes = u32::try_from(length).unwrap().to_be_bytes()[1..].to_vec();
        bytes.extend([kind, flags]);
        bytes.extend(call.to_be_bytes());
        bytes.extend(vec![0xff; length]);
        bytes
    }

    fn open() -> (Frames, Instant) {
        let (mut frames, now) = (Frames::new(64), Instant::now());
        assert!(frames.came(&[b'P'; PREFACE.len()], now));
        (frames, now)
    }

    const PING: u8 = 6;

    #[test]
    fn floods_are_seen_however_their_bytes_are_cut() {
        for size in [1, 7, 9, 17, 100, 4_096] {
            for (kind, flags, length) in [
                (PING, 0, 8),
                (PING, 1, 8),
                (4, 0, 0),
                (8, 0, 4),
                (3, 0, 4),
                (0, 0, 0),
                (0, 8, 1),
                (0, 8, 256),
                (1, 4, 20),
                (9, 0, 0),
                (77, 0, 3),
            ] {
                let flood = frame(kind, flags, length).repeat(210);
                let (mut frames, now) = open();
                let taken = flood.chunks(size).take_while(|part| frames.came(part, now)).count();
                assert!(taken < flood.len().div_ceil(size), "{kind} in parts of {size}");
            }
        }
    }

    #[test]
    fn calls_that_are_reset_are_a_flood() {
        let (mut frames, now) = open();
        let cut = (0..1_000).find(|call| {
            frames.reset(false);
            !frames.came(&frame_of(2 * call + 1, 1, 4, 60), now)
        });
        assert!(cut.is_some_and(|call| call > 30), "{cut:?}");
        // A refused submission is reset while its rows are on their way; ten a second are no flood.
        let (mut frames, mut now) = open();
        for call in 0..1_000 {
            now += Duration::from_millis(100);
            frames.reset(false);
            assert!(frames.came(&frame_of(2 * call + 1, 1, 4, 60), now));
        }
        // A client that is refused again and again is read later, and not cut, whatever it makes of its own calls.
        let (mut frames, now) = open();
        for call in 0..1_000 {
            let parts = [frame_of(2 * call + 1, 1, 4, 60), frame_of(2 * call + 1, 0, 0, 90)];
            frames.reset(true);
            assert!(frames.came(&parts.concat(), now), "{call}");
        }
        assert!(frames.rests_until(now).is_some());
    }

    #[test]
    fn calls_and_their_data_may_go_on_for_ever() {
        let (mut frames, now) = open();
        // A ping and a window update come with each call.
        let call = |number: u32| {
            let parts = [(1, 4, 60), (0, 1, 100), (PING, 0, 8), (8, 0, 4)];
            parts.map(|(kind, flags, length)| frame_of(number, kind, flags, length)).concat()
        };
        assert!((0..10_000).all(|number| frames.came(&call(2 * number + 1), now)));
        let large = [frame(0, 0, 16 << 10), frame(8, 0, 4), frame(8, 0, 4)].concat();
        for _ in 0..10_000 {
            frames.sent(16 << 10);
            assert!(frames.came(&large, now));
        }
        assert!(frames.came(&frame(3, 0, 4).repeat(64), now), "all streams cancelled at once");
    }

    #[test]
    fn frames_of_data_wait_when_there_are_very_many() {
        for length in [1, 16 << 10] {
            let (mut frames, now) = open();
            let data = frame(0, 0, length).repeat(2_000);
            assert!(frames.came(&data, now) && frames.rests_until(now).is_none(), "{length}");
            assert!(frames.came(&data, now));
            let until = frames.rests_until(now).expect("they come too fast");
            assert_eq!(until - now, 2_000 * A_DATA_FRAME, "{length}");
            assert_eq!(frames.rests_until(until), None);
            // As fast as it may be, for as long as they like.
            let (mut frames, mut now) = open();
            for _ in 0..100 {
                now += 500 * A_DATA_FRAME;
                assert!(frames.came(&frame(0, 0, length).repeat(500), now));
                assert_eq!(frames.rests_until(now), None, "{length}");
            }
        }
        // Calls of one message each never wait, whether it ends the call or an empty frame does.
        for parts in [&[(0, 1, 100)][..], &[(0, 0, 100), (0, 1, 0)]] {
            let (mut frames, now) = open();
            for call in 0..20_000 {
                let head = frame_of(2 * call + 1, 1, 4, 60);
                let data = parts.iter().map(|(kind, flags, length)| frame(*kind, *flags, *length));
                assert!(
                    frames.came(&[head].into_iter().chain(data).collect::<Vec<_>>().concat(), now)
                );
                assert_eq!(frames.rests_until(now), None, "{call} {parts:?}");
            }
        }
    }

    #[test]
    fn calls_that_come_to_nothing_make_what_follows_wait() {
        let cancelled = |number: u32| {
            [frame_of(2 * number + 1, 1, 4, 60), frame_of(2 * number + 1, RESET, 0, 4)].concat()
        };
        let (mut frames, now) = open();
        assert!((0..50).all(|call| frames.came(&cancelled(call), now)));
        assert_eq!(frames.rests_until(now), None, "a client gives up its calls");
        assert!((50..60).all(|call| frames.came(&cancelled(call), now)));
        let waits = frames.rests_until(now).map(|until| until - now);
        assert!(waits > Some(8 * A_CANCELLED_CALL), "{waits:?}");
        let (mut frames, now) = open();
        (0..60).for_each(|_| frames.reset(false));
        assert!(frames.rests_until(now).is_some(), "more at once than it may have");
        let (mut frames, now) = open();
        frames.refused(20, now);
        assert_eq!(frames.rests_until(now), None);
        frames.refused(3, now);
        assert_eq!(frames.rests_until(now), Some(now + 3 * A_REFUSED_CALL));
        assert_eq!(frames.rests_until(now + 3 * A_REFUSED_CALL), None);
    }

    #[test]
    fn time_earns_a_thousand_a_second_and_no_more() {
        let (mut frames, mut now) = open();
        for _ in 0..100 {
            now += Duration::from_millis(100);
            assert!(frames.came(&frame(PING, 0, 8).repeat(100), now));
        }
        // Also where it is looked at every 1.9 ms, with 190 frames in each 190 ms: no part of a millisecond is lost.
        for _ in 0..100 {
            for _ in 0..100 {
                now += Duration::from_micros(1_900);
                assert!(frames.came(&frame(PING, 0, 8)[..0], now));
            }
            assert!(frames.came(&frame(PING, 0, 8).repeat(190), now));
        }
        now += Duration::from_secs(3_600);
        assert!(frames.came(&frame(PING, 0, 8).repeat(1_000), now));
        assert!(!frames.came(&frame(PING, 0, 8).repeat(10), now));
    }
}
