//! Goes through an encoded message, and notes every text and list that is too long, and every forbidden character.

use std::fmt::Write as _;

use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

use super::table::{Field, Holds, Table};
use crate::domain::text;

/// Most problems of one request.
const MOST: usize = 20;

/// A problem: path of the field, and what is wrong.
pub(super) type Problem = (String, String);

/// One walk.
pub(super) struct Walk<'a> {
    table: &'a Table,
    /// The way to the present field, with the number of the entry in a list.
    way: Vec<(&'a str, Option<usize>)>,
    problems: Vec<Problem>,
}

/// What a message has had so far. The same field of a message may come in several parts, which are merged.
#[derive(Default)]
struct Seen {
    /// Entries by place of the field.
    entries: Vec<usize>,
    /// Messages that are no list, by number of the field.
    parts: Vec<(u32, Seen)>,
}

impl Seen {
    fn part(&mut self, number: u32) -> &mut Self {
        let place = self.parts.iter().position(|(other, _)| *other == number);
        let place = place.unwrap_or_else(|| {
            self.parts.push((number, Self::default()));
            self.parts.len() - 1
        });
        &mut self.parts[place].1
    }
}

impl<'a> Walk<'a> {
    pub(super) fn new(table: &'a Table) -> Self {
        Self { table, way: Vec::new(), problems: Vec::new() }
    }

    /// The problems of a message of this number. Bytes that are no message have those found before the fault.
    pub(super) fn problems(mut self, message: usize, bytes: &[u8]) -> Vec<Problem> {
        let _malformed = self.message(message, &mut Seen::default(), bytes);
        self.problems
    }

    /// None: the bytes are no message, or there are problems enough.
    fn message(&mut self, message: usize, seen: &mut Seen, mut bytes: &[u8]) -> Option<()> {
        let fields = self.table.fields(message);
        seen.entries.resize(fields.len(), 0);
        while !bytes.is_empty() {
            let (number, wire_type) = decode_key(&mut bytes).ok()?;
            let place = fields.iter().position(|field| field.number == number);
            let Some(place) = place.filter(|_| wire_type == WireType::LengthDelimited) else {
                skip_field(wire_type, number, &mut bytes, DecodeContext::default()).ok()?;
                continue;
            };
            let length = usize::try_from(decode_varint(&mut bytes).ok()?).ok()?;
            let (value, rest) = bytes.split_at_checked(length)?;
            bytes = rest;
            let entry = seen.entries[place];
            seen.entries[place] += 1;
            self.field(&fields[place], entry, seen, value)?;
        }
        Some(())
    }

    fn field(
        &mut self,
        field: &'a Field,
        entry: usize,
        seen: &mut Seen,
        value: &[u8],
    ) -> Option<()> {
        if let Some(most) = field.entries.filter(|most| entry >= *most) {
            if entry == most {
                self.way.push((&field.name, None));
                self.problem(format!(
                    "has more than {most} entries, and at most {most} are allowed"
                ))?;
                self.way.pop();
            }
            return Some(());
        }
        self.way.push((&field.name, field.entries.map(|_| entry)));
        match field.holds {
            Holds::Text { most, lines } => {
                if let Some(what) = wrong(value, most, lines) {
                    self.problem(what)?;
                }
            }
            Holds::Message(inner) if field.entries.is_some() => {
                self.message(inner, &mut Seen::default(), value)?;
            }
            Holds::Message(inner) => self.message(inner, seen.part(field.number), value)?,
            Holds::Other => {}
        }
        self.way.pop();
        Some(())
    }

    fn problem(&mut self, what: String) -> Option<()> {
        let mut path = String::new();
        for (name, entry) in &self.way {
            let dot = if path.is_empty() { "" } else { "." };
            // Writing to a string does not fail.
            let _ = write!(path, "{dot}{name}");
            if let Some(entry) = entry {
                let _ = write!(path, "[{entry}]");
            }
        }
        self.problems.push((path, what));
        (self.problems.len() < MOST).then_some(())
    }
}

/// What is wrong with a text.
fn wrong(value: &[u8], most: usize, lines: bool) -> Option<String> {
    if value.len() > most {
        return Some(format!("has {} bytes, and at most {most} are allowed", value.len()));
    }
    // Bytes that are no text are refused where the message is decoded.
    // Blanks at the ends are no part of a text.
    let value = std::str::from_utf8(value).ok()?;
    let value = if lines { value.trim_matches([' ', '\n', '\t']) } else { value.trim() };
    let (found, but) = if lines {
        (text::forbidden_in_lines(value)?, "; line feeds and tabs are allowed")
    } else {
        (text::forbidden(value)?, "")
    };
    Some(format!("has the character U+{:04X}; send {}{but}", u32::from(found), text::EXPECTED))
}
