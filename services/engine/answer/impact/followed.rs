//! Whether a consultation was followed by one in person: indicator CH-12, worked out record by record, by one rule for both modes.
//!
//! Followed is a consultation that was attended if the same person attended another in person with the same organisation in the
//! same collection on one of the seven days after it, whatever the conditions of the question. On the day itself it is not known
//! which of two came first, so what is seen there is counted apart, and in person and remote are followed by the same rule. It
//! cannot be told where the record has no person key or no day, or where one of those days lies in a month of which the
//! organisation has not said who was seen when.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::follow_ups::{EACH, EITHER, Followed, NO_MATTER, PLACES};
use super::modes::{MODE, MODES, REMOTE};
use crate::domain::codes::Value;
use crate::domain::cube::{Codes, NOBODY};
use crate::domain::field::Field;
use crate::domain::measures::Response;
use crate::domain::period::Month;
use crate::engine::answer::axis_answers::{answers, of_words};
use crate::engine::answer::outcome_shares::{ATTENDANCE, MISSED, says};
use crate::engine::answer::plan::Plan;
use crate::engine::answer::provenance::{LOWER_BOUND, Provenance};
use crate::engine::query::{Measure, Query};
use crate::engine::slabs::{Kind, PersonNumbers, Worked};
use crate::engine::{Engine, QueryError};
use crate::store::{Standing, StoreError, Submission};

/// Days after a consultation on which another counts as following it.
const DAYS: u8 = 7;

/// What a reader has to know.
pub(super) const NOTE: &str = "Followed: the same person attended another consultation in person with the same organisation on one of the \
    7 days after, also in the next month and whatever the conditions; the same rule for in person and remote. On the same day it is not \
    known which came first: CH-12-SAME-DAY counts these, and they do not count as followed. Consultations in the last seven days of the \
    data are excluded.";

/// What the codes of columns mean.
struct Meanings {
    attended: Vec<bool>,
    /// Whether in person or remote; none: neither is known.
    in_person: Vec<Option<bool>>,
    day: Vec<Option<u8>>,
}

/// The columns of a month that conversion is worked out from.
struct Columns<'a> {
    standing: &'a Standing,
    meanings: &'a Meanings,
    channel: Arc<Codes>,
    attendance: Arc<Codes>,
    day: Arc<Codes>,
    persons: Arc<Codes>,
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
        let of_month = further.months.iter().map(|m| (m.standing.slot.month, &m.standing));
        let of_month: BTreeMap<_, _> = of_month.collect();
        let (meanings, numbers) = (self.meanings(&further), self.slabs.persons_for_more());
        let hidden = AtomicBool::new(false);
        self.derive_column(plan, PLACES, |month| {
            let standing = &month.standing;
            let next = Month::from_number(u32::from(standing.slot.month.number()) + 1);
            let next = next.and_then(|next| of_month.get(&next)).copied();
            let kind = Kind::Followed(next.map_or(0, |next| next.id));
            let worked = self.slabs.worked(standing, kind, || {
                let read = |standing| Columns::read(self, &meanings, standing, &numbers);
                let next = next.map(read).transpose();
                Ok(followed(&read(standing)?, next?.as_ref()))
            })?;
            if month.members.iter().any(|place| worked.marks.get(*place) == Some(&true)) {
                hidden.store(true, Ordering::Relaxed);
            }
            Ok(Arc::clone(&worked.codes))
        })?;
        provenance.looked_at(further.data_position, further.scope);
        if hidden.into_inner() {
            provenance.notes.push(format!(
                "Followed {LOWER_BOUND}: consultations in person of the same organisations without a person key or a day may have followed unseen."
            ));
        }
        Ok(())
    }

    /// What codes mean, out of a plan by attendance and mode. The first code is of what was not collected, and means nothing.
    fn meanings(&self, plan: &Plan) -> Meanings {
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
        let attended = attended.iter().map(|missed| *missed == Response::No);
        let catalog = self.store().catalog();
        let days = catalog.words().of(Field::Day).iter().map(day);
        Meanings {
            attended: std::iter::once(false).chain(attended).collect(),
            in_person: std::iter::once(None).chain(is_remote.iter().map(in_person)).collect(),
            day: std::iter::once(None).chain(days).collect(),
        }
    }
}

impl<'a> Columns<'a> {
    fn read(
        engine: &Engine,
        meanings: &'a Meanings,
        standing: &'a Arc<Standing>,
        numbers: &PersonNumbers,
    ) -> Result<Self, StoreError> {
        let (slabs, reader) = (&engine.slabs, engine.store().reader());
        let column = |field| slabs.field(reader, standing, field);
        Ok(Self {
            standing,
            meanings,
            channel: column(Field::Channel)?,
            attendance: column(Field::Attendance)?,
            day: column(Field::Day)?,
            persons: slabs.of_persons(reader, standing, numbers)?,
        })
    }

    fn attended(&self, record: usize) -> bool {
        meaning(&self.attendance, &self.meanings.attended, record)
    }

    /// Whether a record was in person (no: remote); none: neither is known.
    fn mode(&self, record: usize) -> Option<bool> {
        meaning(&self.channel, &self.meanings.in_person, record)
    }

    fn day(&self, record: usize) -> Option<u8> {
        meaning(&self.day, &self.meanings.day, record)
    }

    /// The records of the submission of an organisation.
    fn of(&self, organisation: u32) -> Option<OfSubmission<'_>> {
        let number = |submission: &Arc<Submission>| submission.slot.organisation;
        let place = self.standing.submissions.binary_search_by_key(&organisation, number).ok()?;
        Some(self.at(place))
    }

    /// The records of the submission at a place.
    fn at(&self, place: usize) -> OfSubmission<'_> {
        let records = self.standing.starts[place]..self.standing.starts[place + 1];
        OfSubmission { columns: self, submission: &self.standing.submissions[place], records }
    }
}

/// What the code of a record means; nothing where it means none.
fn meaning<T: Copy + Default>(codes: &Codes, meanings: &[T], record: usize) -> T {
    meanings.get(codes.at(record) as usize).copied().unwrap_or_default()
}

/// The records of one submission.
struct OfSubmission<'a> {
    columns: &'a Columns<'a>,
    submission: &'a Submission,
    records: Range<usize>,
}

impl OfSubmission<'_> {
    /// Whether it carries person keys and days.
    fn is_followable(&self) -> bool {
        self.submission.has_persons && self.submission.column(Field::Day).is_some()
    }

    /// The records that were attended in person.
    fn attended_in_person(&self) -> impl Iterator<Item = usize> + '_ {
        let columns = self.columns;
        self.records.clone().filter(|r| columns.attended(*r) && columns.mode(*r) == Some(true))
    }

    /// The mode of a record of which it is a question what followed it; otherwise its place.
    fn asked(&self, record: usize) -> Result<usize, usize> {
        let collects = |field| self.submission.column(field).is_some();
        let (channel, attendance) = (collects(Field::Channel), collects(Field::Attendance));
        if attendance && !self.columns.attended(record) {
            return Err(NO_MATTER);
        }
        match self.columns.mode(record) {
            None if channel => Err(NO_MATTER),
            None => Err(EITHER),
            Some(in_person) if attendance => Ok(usize::from(!in_person)),
            Some(in_person) => {
                Err(usize::from(!in_person) * EACH + Followed::NotCollected as usize)
            }
        }
    }

    /// Person and day of a record, where both are known.
    fn seen(&self, record: usize) -> Option<(u32, u8)> {
        let person = self.columns.persons.at(record);
        let day = self.columns.day(record).filter(|_| self.is_followable())?;
        (person != NOBODY).then_some((person, day))
    }

    /// Who attended in person on which day, in order. `after`: days before the month.
    fn in_person(&self, after: u8) -> Vec<(u32, u8)> {
        let seen = self.attended_in_person().filter_map(|record| self.seen(record));
        seen.map(|(person, day)| (person, day + after)).collect()
    }

    /// Whether somebody may have attended in person by a day of whom it is not known who it was, or when.
    fn hides(&self, by: u8) -> bool {
        let by_then = |record| self.columns.day(record).is_none_or(|day| day <= by);
        let unseen = |record| self.seen(record).is_none() && by_then(record);
        self.attended_in_person().any(unseen)
    }
}

/// The place of each record of a month, and a mark of each submission of which some may have been followed unseen.
fn followed(own: &Columns<'_>, next: Option<&Columns<'_>>) -> Worked {
    let greatest = u32::try_from(PLACES).unwrap_or(u32::MAX);
    let mut codes = Codes::for_codes(greatest, own.standing.records());
    let mut marks = Vec::with_capacity(own.standing.submissions.len());
    for place in 0..own.standing.submissions.len() {
        let own = own.at(place);
        let next = next.and_then(|next| next.of(own.submission.slot.organisation));
        let (places, hides) = of_submission(&own, next);
        codes.extend(places.into_iter());
        marks.push(hides);
    }
    Worked { codes: Arc::new(codes), occurring: Arc::default(), marks }
}

/// The place of each record of a submission, and whether some may have been followed unseen.
fn of_submission(own: &OfSubmission<'_>, next: Option<OfSubmission<'_>>) -> (Vec<u32>, bool) {
    let days = own.submission.slot.month.days();
    let (mut in_person, mut hides) = (own.in_person(0), own.hides(days));
    // Keys of another scheme are other keys, and who was seen when has to be told of the whole month.
    let tells = |next: &OfSubmission<'_>| {
        let collected = [Field::Day, Field::Channel, Field::Attendance];
        next.submission.has_persons
            && next.submission.person_key_scheme == own.submission.person_key_scheme
            && collected.into_iter().all(|field| next.submission.column(field).is_some())
    };
    let next = next.filter(tells);
    if let Some(next) = next.as_ref().filter(|_| own.is_followable()) {
        in_person.extend(next.in_person(days).into_iter().filter(|(_, day)| *day <= days + DAYS));
        hides |= next.hides(DAYS);
    }
    in_person.sort_unstable();
    let on = |person: u32, first: u8, last: u8| {
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
    let places = own.records.clone().map(|record| u32::try_from(place(record)).unwrap_or(u32::MAX));
    let places: Vec<_> = places.collect();
    (places, hides && unseen)
}
