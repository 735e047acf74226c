//! Takes the rows of one submission, field by field.

use std::fmt::Write as _;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::problem_code::ProblemCode as Is;
use super::problems::Problems;
use super::raw::{self, RawColumn, RawValue};
use super::read_as::ReadAs;
use super::reading::Readings;
use super::{Header, Keyer, RowProblem};
use crate::domain::codes::{LEAVE_EMPTY, expected_of, names_nobody};
use crate::domain::collection::Dataset;
use crate::domain::date::Written;
use crate::domain::field::{FIELD_LIMIT, Field};
use crate::domain::record::SUPPRESSED;
use crate::domain::reference::Reference;
use crate::domain::text;

/// Most years of age, and most days from booking to appointment.
const MOST_YEARS: u32 = 130;
const MOST_DAYS: u32 = 3650;
/// Longest code, key or id.
const LONGEST: usize = 128;
/// Most bytes of the codes of a field together.
const LONGEST_LIST: usize = 2_048;

/// Takes rows and makes a [`Draft`]. A row is `begin_row`, its fields, `end_row`. A row with a problem is refused as a whole.
pub struct Builder {
    pub(super) reference: Arc<Reference>,
    pub(super) header: Header,
    pub(super) keyer: Keyer,
    pub(super) columns: [Option<RawColumn>; FIELD_LIMIT],
    pub(super) weights: Vec<u32>,
    pub(super) persons: Vec<u64>,
    pub(super) source_records: Vec<u64>,
    seen_sources: FxHashSet<u64>,
    /// Person keys seen in a snapshot, in which each person has one row.
    seen_persons: FxHashSet<u64>,
    /// Hash over the refused rows, which are in no column.
    pub(super) left_out: blake3::Hasher,
    pub(super) rows_seen: u64,
    pub(super) rejected: u64,
    pub(super) blank: u64,
    pub(super) problems: Problems,
    pub(super) readings: Readings,
    row: Row,
    most_weight: u32,
    /// The month as text, `2020-04`: most dates begin with it.
    month: String,
    /// Characteristics that no row may have, because the header does not list them as collected.
    unlisted: [bool; FIELD_LIMIT],
    /// Buffer for composing texts.
    text: String,
}

/// The row that is being taken.
#[derive(Default)]
struct Row {
    problems: usize,
    weight: Option<u32>,
    /// Of a count: how many of the weight are in the numerator.
    numerator: u32,
    person: u64,
    source: u64,
    touched: Vec<usize>,
    /// Whether any field has a value. A row without a value is no record.
    given: bool,
    /// Fields without a code list whose value was read in another form: the value, and what it was read as.
    read: Vec<(&'static str, ReadAs, String, String)>,
}

impl Builder {
    /// Starts a submission. `most_weight`: greatest `record_count` of a row.
    #[must_use]
    pub fn new(reference: Arc<Reference>, header: Header, keyer: Keyer, most_weight: u32) -> Self {
        let mut unlisted = [false; FIELD_LIMIT];
        for field in Field::all().filter(|field| field.is_characteristic()) {
            unlisted[field.index()] = !header.collected.contains(&field);
        }
        Self {
            reference,
            month: header.month.to_string(),
            unlisted,
            text: String::new(),
            header,
            keyer,
            columns: [const { None }; FIELD_LIMIT],
            weights: Vec::new(),
            persons: Vec::new(),
            source_records: Vec::new(),
            seen_sources: FxHashSet::default(),
            seen_persons: FxHashSet::default(),
            left_out: blake3::Hasher::new(),
            rows_seen: 0,
            rejected: 0,
            blank: 0,
            problems: Problems::default(),
            readings: Readings::default(),
            row: Row::default(),
            most_weight,
        }
    }

    /// Header of the submission, as given to [`Builder::new`].
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Number of rows so far: accepted, refused or without any value.
    #[must_use]
    pub fn rows_seen(&self) -> u64 {
        self.rows_seen
    }

    /// Number of rows so far that have no value.
    #[must_use]
    pub fn blank_rows(&self) -> u64 {
        self.blank
    }

    /// Starts a row. Its fields follow, then [`Builder::end_row`].
    pub fn begin_row(&mut self) {
        self.row.problems = 0;
        (self.row.weight, self.row.numerator) = (None, 0);
        (self.row.person, self.row.source) = (0, 0);
        self.row.given = false;
        self.row.touched.clear();
        self.row.read.clear();
    }

    /// Takes a code; empty or blank means that the row has none.
    pub fn code(&mut self, field: Field, code: &str) {
        if is_blank(code) {
            return;
        }
        if code.starts_with('#') {
            // Numbers are kept as `#77`: a code that looks like one must not be taken for it, nor it for the code.
            return self.value(field, field.path(), &format!("#{code}"), RawValue::Code(code));
        }
        self.value(field, field.path(), code, RawValue::Code(code));
    }

    /// Takes the codes of a multi-valued field; an empty list means that the row has none.
    pub fn codes(&mut self, field: Field, codes: &[impl AsRef<str>]) {
        let mut texts = codes.iter().map(AsRef::as_ref);
        if texts.clone().all(is_blank) {
            return;
        }
        if let Some(code) = texts.find(|code| code.contains(raw::SEPARATOR)) {
            self.problem(field.path(), code, text::EXPECTED, Is::Malformed);
            return;
        }
        match codes {
            [] => {}
            [code] => {
                self.value(field, field.path(), code.as_ref(), RawValue::Codes(code.as_ref()));
            }
            codes => {
                let mut joined = std::mem::take(&mut self.text);
                joined.clear();
                for (place, code) in codes.iter().enumerate() {
                    if place > 0 {
                        joined.push(raw::SEPARATOR);
                    }
                    joined.push_str(code.as_ref());
                }
                self.value(field, field.path(), &joined, RawValue::Codes(&joined));
                self.text = joined;
            }
        }
    }

    /// Takes age in completed years, or a band.
    pub fn age(&mut self, years: Option<i32>, band: &str) {
        self.number_or_code(Field::Age, years, band, MOST_YEARS, "person.age_years");
    }

    /// Takes days from booking to appointment, or a band.
    pub fn lead_time(&mut self, days: Option<i32>, band: &str) {
        self.number_or_code(Field::LeadTime, days, band, MOST_DAYS, "lead_time_days");
    }

    fn number_or_code(
        &mut self,
        field: Field,
        number: Option<i32>,
        code: &str,
        most: u32,
        path: &str,
    ) {
        match number {
            Some(_) if !code.is_empty() => {
                self.problem(path, code, "either a number or a band, not both", Is::Contradictory);
            }
            Some(number) => self.number(field, path, number, most),
            None => self.code(field, code),
        }
    }

    fn number(&mut self, field: Field, path: &str, number: i32, most: u32) {
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        // Writing to a string does not fail.
        let _ = write!(text, "#{number}");
        self.value(field, path, &text, RawValue::Number(i64::from(number), most));
        self.text = text;
    }

    /// Takes the day or month of the record; empty means the submission's month.
    pub fn date(&mut self, date: &str) {
        if is_blank(date) {
            return;
        }
        self.row.given = true;
        let month = self.header.month;
        if let Some(day) = day_in(&self.month, date).filter(|day| (1..=month.days()).contains(day))
        {
            return self.number(Field::Day, "date", i32::from(day), u32::from(month.days()));
        }
        match Written::read(date.trim()).filter(|written| written.month == month) {
            Some(written) => self.written(date, written),
            None => {
                let time = if date.contains(':') { " without a time" } else { "" };
                let expected = format!("a day of {month}{time} (`{month}-01`), or nothing");
                self.problem("date", date, &expected_of(date, expected), Is::OutOfRange);
            }
        }
    }

    /// Takes a date of the submission's month that may not be written as in the contract.
    fn written(&mut self, date: &str, written: Written) {
        let days = u32::from(self.header.month.days());
        let mut read_as = self.month.clone();
        if let Some(day) = written.day {
            self.number(Field::Day, "date", i32::from(day), days);
            let _ = write!(read_as, "-{day:02}");
        }
        for (how, is_so) in [
            (ReadAs::WithoutBlanks, date.trim().len() != date.len()),
            (ReadAs::DayFirst, written.day_first),
            (ReadAs::Midnight, written.midnight),
        ] {
            if is_so {
                self.row.read.push(("date", how, date.to_owned(), read_as.clone()));
            }
        }
    }

    /// Takes the `record_count`; absent means 1.
    pub fn weight(&mut self, path: &str, weight: Option<i64>, least: u32) {
        let Some(weight) = weight else { return };
        self.row.given |= weight != 0;
        match u32::try_from(weight).ok().filter(|w| (least..=self.most_weight).contains(w)) {
            Some(weight) => self.row.weight = Some(weight),
            None => {
                let expected = format!("a whole number from {least} to {}", self.most_weight);
                self.problem(path, &weight.to_string(), &expected, Is::OutOfRange);
            }
        }
    }

    /// Takes the people in the numerator of an indicator, and those in its denominator, who include them.
    pub fn counts(&mut self, numerator: i64, denominator: i64) {
        self.weight("denominator_count", Some(denominator), 0);
        let Some(all) = self.row.weight else { return };
        self.row.given |= numerator != 0;
        match u32::try_from(numerator).ok().filter(|part| *part <= all) {
            Some(part) => self.row.numerator = part,
            None => {
                let expected = format!("a whole number from 0 to the `denominator_count`, {all}");
                let given = numerator.to_string();
                self.problem("numerator_count", &given, &expected, Is::Contradictory);
            }
        }
    }

    /// Takes that the publisher does not give the `record_count`, so that it is not known. Call it after [`Builder::weight`].
    pub fn suppressed(&mut self) {
        if self.row.weight.is_some_and(|weight| weight > 0) {
            let expected = "no count beside it: a suppressed count is not known";
            return self.problem(SUPPRESSED, "", expected, Is::Contradictory);
        }
        // Nothing is added up of what is not known.
        self.row.weight = Some(0);
        self.number(Field::Suppressed, SUPPRESSED, 1, 1);
    }

    /// Takes the person key; empty means none. Call it after [`Builder::weight`].
    pub fn person(&mut self, key: &str) {
        let Some(key) = self.key("person_key", key) else { return };
        if self.header.person_key_scheme.is_empty() {
            let expected = "a `person_key_scheme` in the header, or no key";
            self.problem("person_key", "", expected, Is::Contradictory);
        } else if self.row.weight.is_some_and(|weight| weight != 1) {
            let expected =
                "no key where `record_count` is over 1 or suppressed: N alike are not one person";
            self.problem("person_key", "", expected, Is::Contradictory);
        } else {
            let hash = self.keyer.hash(&self.header.person_key_scheme, key);
            if self.seen_persons.contains(&hash) {
                let expected = "a key that no earlier row of the snapshot has: one row a person";
                self.problem("person_key", "", expected, Is::Repeated);
            } else {
                self.row.person = hash;
            }
        }
    }

    /// Takes the source's own record id; empty means none.
    pub fn source_record(&mut self, id: &str) {
        let Some(id) = self.key("source_record_id", id) else { return };
        let hash = self.keyer.hash(&self.header.collection, id);
        if self.seen_sources.contains(&hash) {
            let expected = "an id that no earlier row of the submission has";
            self.problem("source_record_id", "", expected, Is::Repeated);
        } else {
            self.row.source = hash;
        }
    }

    /// A key or an id without the blanks at its ends. None if the row has none, or a word for nothing: people who share such a word
    /// would become one person.
    fn key<'a>(&mut self, field: &'static str, given: &'a str) -> Option<&'a str> {
        let key = given.trim();
        if key.is_empty() {
            return None;
        }
        self.row.given = true;
        if key.len() > LONGEST {
            self.problem(field, "", "at most 128 bytes", Is::Malformed);
        } else if text::forbidden(key).is_some() {
            self.problem(field, "", text::EXPECTED, Is::Malformed);
        } else if names_nobody(key) {
            // The word is no key, so the message may repeat it.
            let expected = format!("a key, or nothing; {LEAVE_EMPTY}");
            self.problem(field, key, &expected, Is::Malformed);
        } else {
            if key.len() != given.len() {
                self.row.read.push((field, ReadAs::WithoutBlanks, String::new(), String::new()));
            }
            return Some(key);
        }
        None
    }

    /// Ends the row. `left_out` gives the row's bytes if it has a problem, for the content hash.
    pub fn end_row(&mut self, left_out: impl FnOnce() -> Vec<u8>) {
        let is_count = self.header.dataset == Dataset::IndicatorCounts;
        let has_indicator = self.row.touched.contains(&Field::Indicator.index());
        if is_count && self.row.given && !has_indicator && self.row.problems == 0 {
            let expected = "the id of an indicator; `equity reference code-lists --list indicator` lists those whose counts are submitted";
            self.problem(Field::Indicator.path(), "", expected, Is::Missing);
        }
        self.rows_seen += 1;
        let row = self.weights.len();
        if !self.row.given && self.row.problems == 0 {
            self.blank += 1;
            return;
        }
        if self.row.problems > 0 {
            for place in std::mem::take(&mut self.row.touched) {
                if let Some(column) = &mut self.columns[place] {
                    column.indices.resize(row.min(column.indices.len()));
                }
            }
            let bytes = left_out();
            self.left_out.update(&self.rows_seen.to_le_bytes());
            self.left_out.update(&(bytes.len() as u64).to_le_bytes());
            self.left_out.update(&bytes);
            self.rejected += 1;
            return;
        }
        for (field, how, value, read_as) in self.row.read.drain(..) {
            self.readings.add(field, how, (&value, &read_as), 1);
        }
        if is_count {
            self.in_two(row);
        }
        self.weights.push(self.row.weight.unwrap_or(1) - self.row.numerator);
        if !self.header.person_key_scheme.is_empty() {
            self.persons.push(self.row.person);
        }
        if self.header.dataset == Dataset::DigitalAccess && self.row.person != 0 {
            self.seen_persons.insert(self.row.person);
        }
        if self.row.source != 0 {
            self.seen_sources.insert(self.row.source);
            self.source_records.resize(row, 0);
            self.source_records.push(self.row.source);
        }
    }

    /// Makes the first of the two records of a count: people in the numerator. The second is of those in the denominator alone.
    fn in_two(&mut self, row: usize) {
        self.code(Field::InNumerator, "Y");
        for place in std::mem::take(&mut self.row.touched) {
            // A suppressed count is one.
            if let Some(column) = &mut self.columns[place]
                && ![Field::InNumerator, Field::Suppressed].contains(&column.field)
            {
                column.repeat(row);
            }
        }
        self.weights.push(self.row.numerator);
        self.code(Field::InNumerator, "N");
    }

    fn value(&mut self, field: Field, path: &str, text: &str, given: RawValue<'_>) {
        self.row.given = true;
        if let Some(expected) = too_long(given) {
            self.problem(path, text, expected, Is::Malformed);
            return;
        }
        let row = self.weights.len();
        let place = field.index();
        let column = self.columns[place].get_or_insert_with(|| RawColumn::new(field));
        let (reference, header, problems) = (&self.reference, &self.header, &self.problems);
        let index = column.index_of(text, || {
            let told = problems.keeps(path);
            let system = header.code_systems.get(&field).copied().unwrap_or(0);
            let value = raw::look_up(field, reference.list_of(field), system, given, told)?;
            match reference.collection(&header.collection) {
                Some(collection) if field == Field::CareSetting => raw::covered(collection, value),
                _ => Ok(value),
            }
        });
        match index {
            Ok(index) => {
                column.push(row, index);
                self.row.touched.push(place);
            }
            Err(wrong) => {
                let is_number = matches!(given, RawValue::Number(..));
                let code = if is_number { Is::OutOfRange } else { Is::Unknown };
                self.near(path, (&wrong.value, &wrong.expected), wrong.nearest, code);
            }
        }
        if self.unlisted[place] {
            let expected =
                format!("`{}` listed in `collected_characteristics`, or nothing", field.name());
            self.problem(path, "", &expected, Is::Contradictory);
        }
    }

    fn problem(&mut self, path: &str, value: &str, expected: &str, code: Is) {
        self.near(path, (value, expected), None, code);
    }

    fn near(
        &mut self,
        path: &str,
        (value, expected): (&str, &str),
        nearest: Option<String>,
        code: Is,
    ) {
        self.row.problems += 1;
        self.problems.count(path, code);
        if self.problems.keeps(path) {
            self.problems.add(RowProblem {
                row_index: self.rows_seen,
                field: path.to_owned(),
                value: raw::shown(value),
                expected: expected.to_owned(),
                nearest: nearest.unwrap_or_default(),
            });
        }
    }
}

/// What was expected in the place of a text that is too long. Blanks at the ends of a code are no part of it.
fn too_long(given: RawValue<'_>) -> Option<&'static str> {
    let (RawValue::Code(codes) | RawValue::Codes(codes)) = given else { return None };
    if codes.len() <= LONGEST {
        return None;
    }
    if codes.split(raw::SEPARATOR).any(|code| code.trim().len() > LONGEST) {
        return Some("a code of at most 128 bytes");
    }
    let expected = match given {
        RawValue::Codes(_) => "codes of at most 2,048 bytes together",
        RawValue::Code(_) | RawValue::Number(..) => "a code of at most 128 bytes",
    };
    (codes.len() > LONGEST_LIST).then_some(expected)
}

/// Whether a text has no value: it is empty, or has blanks only.
fn is_blank(text: &str) -> bool {
    text.bytes().next().is_none_or(|first| !first.is_ascii_graphic() && text.trim().is_empty())
}

/// The two digits of the day in a date `2020-04-01` of this month.
fn day_in(month: &str, date: &str) -> Option<u8> {
    let digits = date.strip_prefix(month)?.strip_prefix('-').filter(|digits| digits.len() == 2)?;
    digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}
