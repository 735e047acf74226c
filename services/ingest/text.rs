//! The text of a file in UTF-8, whatever its encoding: UTF-8, UTF-16 or Windows-1252.
//!
//! A file has one encoding. Its first byte beyond ASCII decides between UTF-8 and Windows-1252; what contradicts this later stays
//! as it is, no UTF-8: the CSV reader refuses it and names its line. Every line ends with `\n`, whatever the file ends lines with, so
//! that lines are counted as an editor counts them.

use std::io::{BufRead, Read};

use encoding_rs::{DecoderResult, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::unpack::Bytes;

/// The mark that spreadsheets write before UTF-8.
const UTF_8_MARK: &[u8] = &[0xef, 0xbb, 0xbf];
/// A byte that is in no UTF-8.
const NO_TEXT: u8 = 0xff;
/// Longest first line that is looked at for the separator.
const LONGEST_LINE: usize = 1 << 20;

/// The text of a file, and a line end behind it.
pub(super) struct Text {
    bytes: Bytes,
    encoding: Encoding,
    /// Text that comes before the rest of the bytes, and how much of it was read.
    ready: Vec<u8>,
    at: usize,
    /// Whether the last byte so far was a `\r`: a `\n` after it ends the same line.
    returned: bool,
    /// Whether the file has ended, and a line end was added that closes a last line without one. If the last line has one, this adds an
    /// empty line, which is no row.
    closed: bool,
}

enum Encoding {
    /// Nothing but ASCII so far.
    Ascii,
    Utf8,
    Windows1252,
    Utf16(Box<encoding_rs::Decoder>),
}

impl Text {
    /// The text of bytes. UTF-16 is recognised by its mark, or by the zeros of its first letters.
    pub(super) fn new(mut bytes: Bytes) -> std::io::Result<Self> {
        let start = bytes.fill_buf()?;
        let (encoding, mark) = match start {
            [0xff, 0xfe, ..] => (Encoding::utf_16(UTF_16LE), 2),
            [0xfe, 0xff, ..] => (Encoding::utf_16(UTF_16BE), 2),
            [1..=255, 0, 1..=255, 0, ..] => (Encoding::utf_16(UTF_16LE), 0),
            [0, 1..=255, 0, 1..=255, ..] => (Encoding::utf_16(UTF_16BE), 0),
            start if start.starts_with(UTF_8_MARK) => (Encoding::Utf8, UTF_8_MARK.len()),
            _ => (Encoding::Ascii, 0),
        };
        bytes.consume(mark);
        let (ready, at) = (Vec::new(), 0);
        Ok(Self { bytes, encoding, ready, at, returned: false, closed: false })
    }

    /// The first line that is not empty, which stays to be read.
    pub(super) fn first_line(&mut self) -> std::io::Result<String> {
        let mut seen = Vec::new();
        let mut buffer = vec![0; 8 * 1024];
        let is_whole = |seen: &[u8]| seen.trim_ascii_start().contains(&b'\n');
        while !is_whole(&seen) && seen.len() < LONGEST_LINE {
            match self.read(&mut buffer)? {
                0 => break,
                read => seen.extend_from_slice(&buffer[..read]),
            }
        }
        let line = seen.trim_ascii_start().split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = String::from_utf8_lossy(line.trim_ascii_end()).into_owned();
        seen.extend_from_slice(&self.ready[self.at..]);
        (self.ready, self.at) = (seen, 0);
        Ok(line)
    }

    /// Leaves the first line out.
    pub(super) fn skip_line(&mut self) {
        let rest = &self.ready[self.at..];
        self.at += rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |end| end + 1);
    }

    /// What the text was read as, if not as UTF-8.
    pub(super) fn foreign(&self) -> Option<&'static str> {
        match &self.encoding {
            Encoding::Ascii | Encoding::Utf8 => None,
            Encoding::Windows1252 => Some("Windows-1252"),
            Encoding::Utf16(_) => Some("UTF-16"),
        }
    }

    /// Makes more text ready. False at the end.
    fn read_on(&mut self) -> std::io::Result<bool> {
        let more = self.decode_on()?;
        if self.returned || self.ready.contains(&b'\r') {
            let returned = &mut self.returned;
            self.ready.retain_mut(|byte| {
                let is_second = *returned && *byte == b'\n';
                *returned = *byte == b'\r';
                if *returned {
                    *byte = b'\n';
                }
                !is_second
            });
        }
        Ok(more)
    }

    /// Makes more text ready, with its own line ends. False at the end.
    fn decode_on(&mut self) -> std::io::Result<bool> {
        self.ready.clear();
        self.at = 0;
        let bytes = self.bytes.fill_buf()?;
        let count = bytes.len();
        if count == 0 {
            if std::mem::replace(&mut self.closed, true) {
                return Ok(false);
            }
            if let Encoding::Utf16(decoder) = &mut self.encoding {
                decode(decoder, &[], true, &mut self.ready);
            }
            self.ready.push(b'\n');
            return Ok(true);
        }
        match &mut self.encoding {
            Encoding::Utf8 => self.ready.extend_from_slice(bytes),
            Encoding::Utf16(decoder) => decode(decoder, bytes, false, &mut self.ready),
            Encoding::Windows1252 => {
                if !from_windows_1252(bytes, &mut self.ready) {
                    self.encoding = Encoding::Utf8;
                }
            }
            // Most files are nothing but ASCII, which is found out for many bytes at once.
            Encoding::Ascii if bytes.is_ascii() => self.ready.extend_from_slice(bytes),
            Encoding::Ascii => match bytes.iter().position(|byte| !byte.is_ascii()) {
                None => {}
                Some(0) => return self.decide().map(|()| true),
                Some(plain) => {
                    self.ready.extend_from_slice(&bytes[..plain]);
                    self.bytes.consume(plain);
                    return Ok(true);
                }
            },
        }
        self.bytes.consume(count);
        Ok(true)
    }

    /// Decides on the encoding by the first character beyond ASCII, and makes it ready.
    fn decide(&mut self) -> std::io::Result<()> {
        let mut character = Vec::with_capacity(4);
        // A character may be cut by the end of the buffer.
        while character.len() < 4 && str::from_utf8(&character).map_or(true, str::is_empty) {
            let Some(byte) = self.bytes.fill_buf()?.first().copied() else { break };
            character.push(byte);
            self.bytes.consume(1);
        }
        if str::from_utf8(&character).is_ok() {
            self.encoding = Encoding::Utf8;
            self.ready = character;
        } else {
            self.encoding = Encoding::Windows1252;
            from_windows_1252(&character, &mut self.ready);
        }
        Ok(())
    }
}

impl Encoding {
    fn utf_16(encoding: &'static encoding_rs::Encoding) -> Self {
        Self::Utf16(Box::new(encoding.new_decoder_without_bom_handling()))
    }
}

impl Read for Text {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.at == self.ready.len() {
            if !self.read_on()? {
                return Ok(0);
            }
        }
        let count = buffer.len().min(self.ready.len() - self.at);
        buffer[..count].copy_from_slice(&self.ready[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

/// Appends UTF-16 as UTF-8.
fn decode(decoder: &mut encoding_rs::Decoder, bytes: &[u8], last: bool, to: &mut Vec<u8>) {
    let mut rest = bytes;
    let mut space = [0; 4096];
    loop {
        let (result, read, written) =
            decoder.decode_to_utf8_without_replacement(rest, &mut space, last);
        rest = &rest[read..];
        to.extend_from_slice(&space[..written]);
        match result {
            DecoderResult::InputEmpty => return,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => to.push(NO_TEXT),
        }
    }
}

/// Appends Windows-1252 as UTF-8. False, with a byte that is no text, where the bytes have characters in UTF-8 instead.
fn from_windows_1252(bytes: &[u8], to: &mut Vec<u8>) -> bool {
    for part in bytes.utf8_chunks() {
        let plain = part.valid().bytes().take_while(u8::is_ascii).count();
        to.extend_from_slice(&part.valid().as_bytes()[..plain]);
        if plain < part.valid().len() {
            to.push(NO_TEXT);
            return false;
        }
        let (text, _) = WINDOWS_1252.decode_without_bom_handling(part.invalid());
        match text.chars().any(char::is_control) {
            // The five bytes that mean nothing in Windows-1252.
            true => to.push(NO_TEXT),
            false => to.extend_from_slice(text.as_bytes()),
        }
    }
    true
}
