//! The heads of HTTP/2 frames in a stream of bytes, however it is cut.

const HEAD_BYTES: usize = 9;
/// The kind of frames that hold messages, and the flag of the last of them.
pub(super) const DATA: u8 = 0;
pub(super) const END: u8 = 1;
/// The kind of frames that end a call.
pub(super) const RESET: u8 = 3;
/// The kind of the frame that ends the connection: the last call that is answered, and why it ends, four bytes each.
const GO_AWAY: u8 = 7;
/// The flag of frames with padding, and what it is at most: one byte of length, and so many.
pub(super) const PADDED: u8 = 8;
pub(super) const PADDING: usize = 1 + 255;

/// What the head of a frame says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) kind: u8,
    pub(super) flags: u8,
    /// Bytes of the frame behind its head.
    pub(super) length: usize,
    /// The call that it is of; 0: the connection.
    pub(super) stream: u32,
}

impl Head {
    /// Whether the frame ends the connection because of what the client did; `rest` is what follows the head. h2 writes the frame in one
    /// piece. A reason of zeros: the service stops, or the connection has lived for long enough.
    pub(super) fn sends_away(self, rest: &[u8]) -> bool {
        self.kind == GO_AWAY && rest.get(4..8).is_some_and(|why| why != [0; 4])
    }

    /// Whether the frame ends a call that was answered before its request had ended: a refusal, mostly. HTTP/2 has the service end such a
    /// call, with a reason of zeros. Bytes of the reason that are written later are taken for zeros: a client is not charged for how the service writes.
    pub(super) fn ends_an_answered_call(self, rest: &[u8]) -> bool {
        self.kind == RESET && rest.iter().take(4).all(|byte| *byte == 0)
    }
}

/// Finds the heads.
#[derive(Debug)]
pub(super) struct Heads {
    /// Bytes to be passed over.
    skip: usize,
    head: [u8; HEAD_BYTES],
    filled: usize,
}

impl Heads {
    /// The frames begin after so many bytes.
    pub(super) fn after(skip: usize) -> Self {
        Self { skip, head: [0; HEAD_BYTES], filled: 0 }
    }

    /// The next head that is complete with these bytes, which are taken up to there; none: all are taken.
    pub(super) fn next(&mut self, bytes: &mut &[u8]) -> Option<Head> {
        while !bytes.is_empty() {
            let skipped = self.skip.min(bytes.len());
            (self.skip, *bytes) = (self.skip - skipped, &bytes[skipped..]);
            let taken = (HEAD_BYTES - self.filled).min(bytes.len());
            self.head[self.filled..self.filled + taken].copy_from_slice(&bytes[..taken]);
            (self.filled, *bytes) = (self.filled + taken, &bytes[taken..]);
            if self.filled == HEAD_BYTES {
                let [a, b, c, kind, flags, stream @ ..] = self.head;
                let length = u32::from_be_bytes([0, a, b, c]) as usize;
                (self.filled, self.skip) = (0, length);
                let stream = u32::from_be_bytes(stream) & (u32::MAX >> 1);
                return Some(Head { kind, flags, length, stream });
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<'a>(parts: impl Iterator<Item = &'a [u8]>) -> Vec<Head> {
        let mut heads = Heads::after(0);
        let mut found = Vec::new();
        for mut part in parts {
            while let Some(head) = heads.next(&mut part) {
                found.push(head);
            }
        }
        found
    }

    #[test]
    fn who_is_sent_away_is_told_apart_from_who_is_let_go() {
        let sends_away = |frame: &[u8]| {
            let mut rest = frame;
            Heads::after(0).next(&mut rest).unwrap().sends_away(rest)
        };
        assert!(sends_away(b"\0\0\x08\x07\0\0\0\0\0\0\0\0\x05\0\0\0\x0b"), "enhance your calm");
        assert!(
            !sends_away(b"\0\0\x08\x07\0\0\0\0\0\x7f\xff\xff\xff\0\0\0\0"),
            "the service stops"
        );
        assert!(!sends_away(b"\0\0\x08\x07\0\0\0\0\0\0\0"), "cut");
        assert!(!sends_away(b"\0\0\x08\x06\0\0\0\0\0\0\0\0\x05\0\0\0\x0b"), "a ping");
    }

    #[test]
    fn calls_that_were_answered_are_told_apart_from_calls_that_are_reset() {
        let is_answered = |frame: &[u8]| {
            let mut rest = frame;
            Heads::after(0).next(&mut rest).unwrap().ends_an_answered_call(rest)
        };
        assert!(is_answered(b"\0\0\x04\x03\0\0\0\0\x05\0\0\0\0"));
        assert!(!is_answered(b"\0\0\x04\x03\0\0\0\0\x05\0\0\0\x07"), "refused by HTTP/2");
        assert!(is_answered(b"\0\0\x04\x03\0\0\0\0\x05\0\0"), "written in two pieces");
        assert!(!is_answered(b"\0\0\x04\x08\0\0\0\0\x05\0\0\0\0"), "a window update");
    }

    #[test]
    fn fuzz_heads_of_frames() {
        let good = [
            &b"\0\0\x02\0\x01\0\0\0\x01ab\0\0\0\x04\x01\0\0\0\0"[..],
            b"\0\0\x08\x06\0\0\0\0\0pingping",
        ];
        crate::fuzz::fuzz("heads of frames", &good.map(<[u8]>::to_vec), |bytes| {
            let whole = read(std::iter::once(bytes));
            for size in [1, 2, 9, 10] {
                assert_eq!(read(bytes.chunks(size)), whole, "in parts of {size}");
            }
            assert!(whole.len() <= bytes.len().div_ceil(HEAD_BYTES));
        });
    }
}
