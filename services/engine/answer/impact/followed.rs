//! Whether a consultation was followed by one in person: indicator CH-12, worked out record by record, by one rule for both modes.
//!
//! Followed is a consultation that was attended if the same person attended another in person with the same organisation in the
//! same collection on one of the seven days after it, whatever the conditions of the question. On the day itself it is not known
//! which of two came first, so what is seen there is counted apart, and in person and remote are followed by the same rule. It
//! cannot be told where the record has no person key or no day, or where one of those days lies in a month of which the
//! organisation has not said who was seen when.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::follow_ups::{EACH, EITHER, Followed, NO_MATTER, PLACES};
use super::modes::{MODE, MODES, REMOTE};
use crate::domain::codes::Value;
use crate::domain::cube::Packed;
use crate::domain::field::Field;
use crate::domain::measures::Response;
use crate::domain::period::Month;
use crate::engine::answer::axis_answers::{answers, of_words};
use crate::engine::answer::outcome_shares::{ATTENDANCE, MISSED, says};
use crate::engine::answer::plan::Plan;
use crate::engine::answer::provenance::{LOWER_BOUND, Provenance};
use crate::engine::query::{Measure, Query};
use crate::engine::{Engine, QueryError};
use crate::store::{Reader, StoreError, Submission};

/// Days after a consultation on which another counts as following it.
const DAYS: u8 = 7;

/// What a reader has to know.
pub(super) const NOTE: &str = "Followed: the same person attended another consultation in person with the same organisation on one of the \
    7 days after, also in the next month and whatever the conditions; the same rule for in person and remote. On the same day it is not \
    known which came first: CH-12-SAME-DAY counts these, and they do not count as followed. Consultations in the last seven days of the \
    data are excluded.";

/// What the words of a column mean, by number of the word.
struct Words {
    attended: Vec<bool>,
    /// Whether in person or remote; none: neither is known.
    in_person: Vec<Option<bool>>,
    day: Vec<Option<u8>>,
}

/// The columns of a submission that conversion is worked out from.
struct Columns<'a> {
    submission: &'a Submission,
    words: &'a Words,
    channel: Vec<u16>,
    attendance: Vec<u16>,
    day: Vec<u16>,
    /// None: the submission carries no person keys, or no days.
    persons: Option<Arc<Packed>>,
}

impl Engine {
    /// Adds to a plan the axis of what followed each consultation. The provenance is told what was looked at, and where consultations
    /// in person may have followed unseen.
    pub(super) fn follow_ups(
        &self,
        plan: &mut Plan,
        query: &Query,
        provenance: &mut Provenance,
    ) -> Result<(), QueryError> {
        // The same organisations, a month further, whatever the conditions.
        let (first, last) = query.months;
        let next = Month::from_number(u32::from(last.number()) + 1).unwrap_or(last);
        let further = Query {
            months: (first, next),
            by: Vec::new(),
            filters: Vec::new(),
            care_setting: None,
            ..query.clone()
        };
        let further = self.consultations(&further, Measure::Contacts, &[ATTENDANCE, MODE])?;
        let slots = further.submissions.iter().map(|s| ((s.slot.organisation, s.slot.month), s));
        let of_month: BTreeMap<_, _> = slots.collect();
        let words = self.words(&further);
        let hidden = AtomicBool::new(false);
        self.derive_column(plan, PLACES, |reader, submission| {
            let next = Month::from_number(u32::from(submission.slot.month.number()) + 1);
            let slot = next.map(|next| (submission.slot.organisation, next));
            let next = slot.and_then(|slot| of_month.get(&slot)).map(AsRef::as_ref);
            let (places, hides) = followed(reader, &words, submission, next)?;
            hidden.fetch_or(hides, Ordering::Relaxed);
            Ok(places)
        })?;
        provenance.looked_at(further.data_position, further.scope);
        if hidden.into_inner() {
            provenance.notes.push(format!(
                "Followed {LOWER_BOUND}: consultations in person of the same organisations without a person key or a day may have followed unseen."
            ));
        }
        Ok(())
    }

    /// What words mean, out of a plan by attendance and mode.
    fn words(&self, plan: &Plan) -> Words {
        let [attendance, mode] = [&plan.axes[0], &plan.axes[1]];
        let attended = of_words(attendance, &says(&plan.reference, MISSED, attendance, false));
        let is_remote = of_words(mode, &answers(mode, &MODES[REMOTE..], &MODES));
        let in_person = |is_remote: &Response| match is_remote {
            Response::No => Some(true),
            Response::Yes => Some(false),
            Response::Unknown | Response::NotApplicable | Response::NotCollected => None,
        };
        let day = |value: &Value| match value {
            Value::Number(day) => u8::try_from(*day).ok(),
            Value::Codes(_) | Value::State(_) => None,
        };
        Words {
            attended: attended.iter().map(|missed| *missed == Response::No).collect(),
            in_person: is_remote.iter().map(in_person).collect(),
            day: self.store().catalog().words().of(Field::Day).iter().map(day).collect(),
        }
    }
}

impl<'a> Columns<'a> {
    fn read(
        reader: &Reader,
        words: &'a Words,
        submission: &'a Submission,
    ) -> Result<Self, StoreError> {
        let records = submission.records();
        let column =
            |field| Ok::<_, StoreError>(reader.column(submission, field)?.unpacked(records));
        let followable = submission.has_persons && submission.column(Field::Day).is_some();
        let persons = if followable { Some(reader.persons(submission)?) } else { None };
        Ok(Self {
            submission,
            words,
            channel: column(Field::Channel)?,
            attendance: column(Field::Attendance)?,
            day: column(Field::Day)?,
            persons,
        })
    }

    /// What the word of a record in a column means; nothing where the field was not collected.
    fn meaning<T: Copy + Default>(
        &self,
        field: Field,
        indices: &[u16],
        meanings: &[T],
        record: usize,
    ) -> T {
        let column = self.submission.column(field);
        let word = column.and_then(|column| column.words.get(usize::from(indices[record])));
        word.and_then(|word| meanings.get(*word as usize)).copied().unwrap_or_default()
    }

    fn attended(&self, record: usize) -> bool {
        self.meaning(Field::Attendance, &self.attendance, &self.words.attended, record)
    }

    /// Whether a record was in person (no: remote); none: neither is known.
    fn mode(&self, record: usize) -> Option<bool> {
        self.meaning(Field::Channel, &self.channel, &self.words.in_person, record)
    }

    /// The records that were attended in person.
    fn attended_in_person(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.submission.records()).filter(|r| self.attended(*r) && self.mode(*r) == Some(true))
    }

    /// The mode of a record of which it is a question what followed it; otherwise its place.
    fn asked(&self, record: usize) -> Result<usize, usize> {
        let collects = |field| self.submission.column(field).is_some();
        let (channel, attendance) = (collects(Field::Channel), collects(Field::Attendance));
        if attendance && !self.attended(record) {
            return Err(NO_MATTER);
        }
        match self.mode(record) {
            None if channel => Err(NO_MATTER),
            None => Err(EITHER),
            Some(in_person) if attendance => Ok(usize::from(!in_person)),
            Some(in_person) => {
                Err(usize::from(!in_person) * EACH + Followed::NotCollected as usize)
            }
        }
    }

    /// Person and day of a record, where both are known.
    fn seen(&self, record: usize) -> Option<(u64, u8)> {
        let person = self.persons.as_ref()?.number(record);
        let day = self.meaning(Field::Day, &self.day, &self.words.day, record)?;
        (person != 0).then_some((person, day))
    }

    /// Who attended in person on which day, in order. `after`: days before the month.
    fn in_person(&self, after: u8) -> Vec<(u64, u8)> {
        let seen = self.attended_in_person().filter_map(|record| self.seen(record));
        seen.map(|(person, day)| (person, day + after)).collect()
    }

    /// Whether somebody may have attended in person by a day of whom it is not known who it was, or when.
    fn hides(&self, by: u8) -> bool {
        let day = |record| self.meaning(Field::Day, &self.day, &self.words.day, record);
        let unseen = |record| self.seen(record).is_none() && day(record).is_none_or(|d| d <= by);
        self.attended_in_person().any(unseen)
    }
}

/// The place of each record of a submission, and whether some may have been followed unseen.
fn followed(
    reader: &Reader,
    words: &Words,
    submission: &Submission,
    next: Option<&Submission>,
) -> Result<(Vec<u16>, bool), StoreError> {
    let own = Columns::read(reader, words, submission)?;
    let days = submission.slot.month.days();
    let (mut in_person, mut hides) = (own.in_person(0), own.hides(days));
    // Keys of another scheme are other keys, and who was seen when has to be told of the whole month.
    let tells = |next: &&Submission| {
        let collected = [Field::Day, Field::Channel, Field::Attendance];
        next.has_persons
            && next.person_key_scheme == submission.person_key_scheme
            && collected.into_iter().all(|field| next.column(field).is_some())
    };
    let next = next.filter(tells);
    if let Some(next) = next.filter(|_| own.persons.is_some()) {
        let next = Columns::read(reader, words, next)?;
        in_person.extend(next.in_person(days).into_iter().filter(|(_, day)| *day <= days + DAYS));
        hides |= next.hides(DAYS);
    }
    in_person.sort_unstable();
    let on = |person: u64, first: u8, last: u8| {
        let from = in_person.partition_point(|seen| *seen < (person, first));
        let to = in_person.partition_point(|seen| *seen <= (person, last));
        to - from
    };
    let became = |record: usize, mode: usize| {
        let Some((person, day)) = own.seen(record) else { return Followed::NotComputable };
        if day + DAYS > days && next.is_none() {
            return Followed::NotComputable;
        }
        // In person, a consultation is itself one of those of its day.
        let itself = usize::from(mode == 0);
        match (on(person, day + 1, day + DAYS), on(person, day, day)) {
            (0, same) if same > itself => Followed::SameDay,
            (0, _) => Followed::No,
            (..) => Followed::Yes,
        }
    };
    let mut unseen = false;
    let mut place = |record: usize| match own.asked(record) {
        Err(place) => place,
        Ok(mode) => {
            let became = became(record, mode);
            unseen |= matches!(became, Followed::No | Followed::SameDay);
            mode * EACH + became as usize
        }
    };
    let places: Vec<_> = (0..submission.records())
        .map(|record| u16::try_from(place(record)).unwrap_or(u16::MAX))
        .collect();
    Ok((places, hides && unseen))
}
