//! A column of codes as submitted; each distinct code is looked up once.

use std::borrow::Cow;

use rustc_hash::FxHashMap;

use super::read_as::ReadAs;
use crate::domain::codes::{CodeList, Mapped, State, Value, expected_of};
use crate::domain::collection::Collection;
use crate::domain::field::Field;
use crate::domain::text;

/// Separates the codes of a set.
pub(super) const SEPARATOR: char = '\u{1f}';

/// A code as submitted, and its value. Invalid codes have no entry.
pub(super) struct RawCode {
    pub(super) raw: String,
    pub(super) meaning: Value,
    /// How it was read, if it is no code of the code system as it was submitted.
    pub(super) read: Option<ReadAs>,
}

/// A value, and how it was read if it is no code as submitted.
pub(super) type Meant = (Value, Option<ReadAs>);

/// Why a value is refused; empty if no message is needed.
#[derive(Debug, Default)]
pub(super) struct BadValue {
    pub(super) value: String,
    pub(super) expected: String,
    pub(super) nearest: Option<String>,
}

/// A field's value as a row has it.
#[derive(Clone, Copy)]
pub(super) enum RawValue<'a> {
    /// A code of the field's code system.
    Code(&'a str),
    /// Codes, joined by [`SEPARATOR`].
    Codes(&'a str),
    /// A number, and the greatest valid number.
    Number(i64, u32),
}

/// The value of what a row has, by the field's code list. Finding the nearest valid code is slow, so it is done only if `told`.
pub(super) fn look_up(
    field: Field,
    list: Option<&CodeList>,
    system: usize,
    given: RawValue<'_>,
    told: bool,
) -> Result<Meant, BadValue> {
    match (given, list) {
        (RawValue::Number(value, most), _) => Ok((number(value, most)?, None)),
        (RawValue::Code(code), Some(list)) => meaning(field, list, system, code, told),
        (RawValue::Codes(codes), Some(list)) => meaning_of_set(field, list, system, codes, told),
        (RawValue::Code(raw) | RawValue::Codes(raw), None) => {
            let expected = expected_of(raw, "nothing".into());
            Err(BadValue { value: shown(raw), expected, nearest: None })
        }
    }
}

/// Refuses a care setting that the collection does not cover.
pub(super) fn covered(collection: &Collection, meant: Meant) -> Result<Meant, BadValue> {
    let settings = &collection.care_settings;
    match &meant.0 {
        Value::Codes(codes) if !codes.iter().all(|code| collection.covers(code)) => Err(BadValue {
            value: shown(&codes.join(";")),
            expected: format!(
                "one of {}: the settings of collection `{}`",
                settings.join(", "),
                collection.id
            ),
            nearest: None,
        }),
        Value::Codes(_) | Value::State(_) | Value::Number(_) => Ok(meant),
    }
}

/// Indices of a column: bytes until an index needs two.
pub(super) enum Indices {
    Narrow(Vec<u8>),
    Wide(Vec<u16>),
}

impl Indices {
    fn push(&mut self, index: u16) {
        match self {
            Self::Narrow(narrow) => match u8::try_from(index) {
                Ok(byte) => narrow.push(byte),
                Err(_) => {
                    let mut wide: Vec<u16> = narrow.iter().map(|byte| u16::from(*byte)).collect();
                    wide.push(index);
                    *self = Self::Wide(wide);
                }
            },
            Self::Wide(wide) => wide.push(index),
        }
    }

    /// Appends index 0, or cuts, to this length.
    pub(super) fn resize(&mut self, length: usize) {
        match self {
            Self::Narrow(narrow) => narrow.resize(length, 0),
            Self::Wide(wide) => wide.resize(length, 0),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Narrow(narrow) => narrow.len(),
            Self::Wide(wide) => wide.len(),
        }
    }

    /// How often each of `count` indices occurs.
    pub(super) fn counts(&self, count: usize) -> Vec<u64> {
        let mut counts = vec![0; count];
        let mut add = |index: usize| counts[index] += 1;
        match self {
            Self::Narrow(narrow) => narrow.iter().for_each(|index| add(usize::from(*index))),
            Self::Wide(wide) => wide.iter().for_each(|index| add(usize::from(*index))),
        }
        counts
    }

    /// All indices, as 16 bits each.
    pub(super) fn to_vec(&self) -> Vec<u16> {
        match self {
            Self::Narrow(narrow) => narrow.iter().map(|index| u16::from(*index)).collect(),
            Self::Wide(wide) => wide.clone(),
        }
    }

    /// The bytes of the indices, for the content hash.
    pub(super) fn bytes(&self) -> Cow<'_, [u8]> {
        match self {
            Self::Narrow(narrow) => Cow::Borrowed(narrow),
            Self::Wide(wide) => wide.iter().flat_map(|index| index.to_le_bytes()).collect(),
        }
    }

    fn is_all_zero(&self) -> bool {
        match self {
            Self::Narrow(narrow) => narrow.iter().all(|index| *index == 0),
            Self::Wide(wide) => wide.iter().all(|index| *index == 0),
        }
    }
}

/// A column as submitted. Index 0: the row has no value.
pub(super) struct RawColumn {
    pub(super) field: Field,
    pub(super) indices: Indices,
    pub(super) entries: Vec<RawCode>,
    /// Index of codes of less than 16 bytes, which are most, by their bytes as a number.
    short: FxHashMap<u128, u16>,
    /// The last of them: often the next row has the same.
    last: Option<(u128, u16)>,
    long: FxHashMap<String, u16>,
}

impl RawColumn {
    pub(super) fn new(field: Field) -> Self {
        let meaning = Value::State(State::NotRecorded);
        let absent = RawCode { raw: String::new(), meaning, read: None };
        Self {
            field,
            indices: Indices::Narrow(Vec::new()),
            entries: vec![absent],
            short: FxHashMap::default(),
            last: None,
            long: FxHashMap::default(),
        }
    }

    /// Sets the index of `row`; rows before it that have none get index 0.
    pub(super) fn push(&mut self, row: usize, index: u16) {
        if self.indices.len() < row {
            self.indices.resize(row);
        }
        self.indices.push(index);
    }

    /// Gives the row after `row` the index of `row`.
    pub(super) fn repeat(&mut self, row: usize) {
        let index = match &self.indices {
            Indices::Narrow(narrow) => narrow.get(row).copied().map(u16::from),
            Indices::Wide(wide) => wide.get(row).copied(),
        };
        self.push(row + 1, index.unwrap_or(0));
    }

    /// Whether an accepted row has the field. Refused rows do not count.
    pub(super) fn is_given(&self) -> bool {
        !self.indices.is_all_zero()
    }

    /// Index of a code, found or added. An invalid code gets no index and is looked up every time, so that it takes no room.
    pub(super) fn index_of(
        &mut self,
        raw: &str,
        look_up: impl FnOnce() -> Result<Meant, BadValue>,
    ) -> Result<u16, BadValue> {
        let bytes = raw.as_bytes();
        if bytes.len() < 16 {
            let mut key = [0u8; 16];
            key[..bytes.len()].copy_from_slice(bytes);
            // No two codes have one number: the length tells a code from the same with zeros behind it.
            key[15] = u8::try_from(bytes.len()).unwrap_or(u8::MAX);
            let key = u128::from_le_bytes(key);
            if let Some((_, index)) = self.last.filter(|(last, _)| *last == key) {
                return Ok(index);
            }
            let index = match self.short.get(&key) {
                Some(index) => *index,
                None => {
                    let index = self.add(raw, look_up()?)?;
                    self.short.insert(key, index);
                    index
                }
            };
            self.last = Some((key, index));
            return Ok(index);
        }
        if let Some(index) = self.long.get(raw) {
            return Ok(*index);
        }
        let index = self.add(raw, look_up()?)?;
        self.long.insert(raw.to_owned(), index);
        Ok(index)
    }

    fn add(&mut self, raw: &str, (meaning, read): Meant) -> Result<u16, BadValue> {
        let index = u16::try_from(self.entries.len()).map_err(|_| BadValue {
            value: shown(raw),
            expected: "at most 65,535 different values in a submission".into(),
            nearest: None,
        })?;
        self.entries.push(RawCode { raw: raw.to_owned(), meaning, read });
        Ok(index)
    }
}

/// Value of a code of a single-valued field. Blanks at its ends are no part of it.
fn meaning(
    field: Field,
    list: &CodeList,
    system: usize,
    raw: &str,
    told: bool,
) -> Result<Meant, BadValue> {
    let code = raw.trim();
    if text::forbidden(code).is_some() {
        return Err(BadValue { value: shown(raw), expected: text::EXPECTED.into(), nearest: None });
    }
    let blanks = (code.len() != raw.len()).then_some(ReadAs::WithoutBlanks);
    // Before the list looks for the nearest code: a feed may name every small area of the country.
    if field == Field::ResidenceLsoa && is_small_area(code) && !list.has(code) {
        return Ok((Value::Codes(vec!["OUTSIDE".into()]), blanks));
    }
    if let Some(value) = list.code(system, code) {
        return Ok((value, blanks));
    }
    if !told {
        let value = list.value(system, code).ok_or_else(BadValue::default)?;
        return Ok((value, Some(ReadAs::Word)));
    }
    match list.map(system, code) {
        Mapped::Value(value) => Ok((value, Some(ReadAs::Word))),
        Mapped::Unknown { expected, nearest } => {
            Err(BadValue { value: shown(raw), expected, nearest })
        }
    }
}

/// Whether the code has the form of a small area of England or Wales. If the files lack it, the person lives elsewhere.
fn is_small_area(raw: &str) -> bool {
    let digits = raw.strip_prefix("E01").or_else(|| raw.strip_prefix("W01"));
    digits.is_some_and(|digits| digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// Value of several codes together: a set, or a single state.
fn meaning_of_set(
    field: Field,
    list: &CodeList,
    system: usize,
    raw: &str,
    told: bool,
) -> Result<Meant, BadValue> {
    let mut codes = Vec::new();
    let mut states = Vec::new();
    let mut read = None;
    for code in raw.split(SEPARATOR) {
        let (value, how) = meaning(field, list, system, code, told)?;
        read = read.max(how);
        match value {
            Value::Codes(found) => codes.extend(found),
            Value::State(state) => states.push(state),
            Value::Number(_) => {}
        }
    }
    states.dedup();
    match (codes.is_empty(), states.as_slice()) {
        (false, []) => {
            codes.sort_unstable();
            codes.dedup();
            Ok((Value::Codes(codes), read))
        }
        (true, [state]) => Ok((Value::State(*state), read)),
        _ => Err(BadValue {
            value: shown(&raw.replace(SEPARATOR, ";")),
            expected: "either categories, or one code that says none or why it is missing".into(),
            nearest: None,
        }),
    }
}

/// Value of a number, if it is in range.
fn number(raw: i64, most: u32) -> Result<Value, BadValue> {
    u32::try_from(raw).ok().filter(|number| *number <= most).map(Value::Number).ok_or_else(|| {
        BadValue {
            value: raw.to_string(),
            expected: format!("a whole number from 0 to {most}"),
            nearest: None,
        }
    })
}

/// A refused value as the message repeats it.
pub(super) fn shown(raw: &str) -> String {
    let mut kept: String = raw.chars().filter(|c| !text::is_forbidden(*c)).take(64).collect();
    if raw.chars().count() > 64 {
        kept.push('…');
    }
    kept
}
