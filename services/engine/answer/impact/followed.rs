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

use super::follow_ups::{EACH, EITHER, Followed, NEITHER, PLACES};
use super::modes::{IN_PERSON, MODE, MODES, REMOTE, mode_of};
use crate::domain::codes::Value;
use crate::domain::cube::{Codes, NOBODY};
use crate::domain::field::Field;
use crate::domain::measures::Response;
use crate::domain::period::Month;
use crate::engine::answer::axis_answers::answers;
use crate::engine::answer::derived_column::{Meanings, Said};
use crate::engine::answer::outcome_shares::ATTENDANCE;
use crate::engine::answer::plan::{Derived, On, Plan, PlanAxis, PlanMonth};
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

/// What the words of the fields mean that it is worked out from.
struct MeaningsOf {
    attended: Meanings<Response>,
    /// The number of the mode, or the place of consultations of neither.
    mode: Meanings<Result<usize, usize>>,
    day: Meanings<Option<u8>>,
}

/// What the records of a month say.
struct Columns<'a> {
    standing: &'a Standing,
    attended: Said<Response>,
    mode: Said<Result<usize, usize>>,
    day: Said<Option<u8>>,
    persons: Arc<Codes>,
}

/// The records of one submission.
struct Records<'a> {
    columns: &'a Columns<'a>,
    submission: &'a Submission,
    of: Range<usize>,
    /// Whether it carries person keys and days.
    followable: bool,
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
        let column = |month: &PlanMonth| {
            let standing = &month.standing;
            let next = Month::from_number(u32::from(standing.slot.month.number()) + 1);
            let next = next.and_then(|next| of_month.get(&next)).copied();
            let kind = Kind::Followed(next.map_or(0, |next| next.id));
            let worked = self.slabs.worked(standing, kind, || {
                let read = |standing| Columns::read(self, &meanings, standing, &numbers);
                Ok(followed(&read(standing)?, next.map(read).transpose()?.as_ref()))
            })?;
            let is_marked = |place: usize| worked.marks.get(place) == Some(&true);
            hidden.fetch_or(month.places().any(is_marked), Ordering::Relaxed);
            let column = Derived { codes: Arc::clone(&worked.codes), places: None };
            Ok((standing.slot.month, column))
        };
        let (threads, of_month) =
            (&self.settings.threads, plan.months.iter().map(PlanMonth::records));
        let (records, largest) = (of_month.clone().sum(), of_month.max().unwrap_or(0));
        // A code of each record; and of the months at hand six columns, with those of the next month.
        let each = size_of::<u32>();
        threads.room(each * (records + threads.over(records) * largest * 12))?;
        let columns = threads.each(&plan.months, PlanMonth::records, column)?;
        threads.keep(each * records)?;
        let on = On::Derived(Arc::new(columns.into_iter().collect()));
        plan.axes.push(PlanAxis::computed(on, PLACES));
        provenance.looked_at(further.data_position, further.scope);
        if hidden.into_inner() || plan.tells_all() {
            provenance.notes.push(format!(
                "Followed {LOWER_BOUND}: consultations in person of the same organisations without a person key or a day may have followed unseen."
            ));
        }
        Ok(())
    }

    /// What words mean, out of a plan by attendance and mode.
    fn meanings(&self, plan: &Plan) -> MeaningsOf {
        let [attendance, mode] = [&plan.axes[0], &plan.axes[1]];
        let is_remote = Meanings::of_places(mode, &answers(mode, &MODES[REMOTE..], &MODES));
        let mode = |is_remote| mode_of(is_remote).ok_or(NEITHER);
        let day = |value: &Value| match value {
            Value::Number(day) => u8::try_from(*day).ok(),
            Value::Codes(_) | Value::State(_) => None,
        };
        let of_word = self.store().catalog().words().of(Field::Day).iter().map(day).collect();
        MeaningsOf {
            attended: Meanings::is(attendance, "ATTENDED"),
            mode: Meanings { not_collected: Err(EITHER), ..is_remote.map(mode) },
            day: Meanings { field: Some(Field::Day), of_word, not_collected: None },
        }
    }
}

impl<'a> Columns<'a> {
    fn read(
        engine: &Engine,
        meanings: &MeaningsOf,
        standing: &'a Arc<Standing>,
        numbers: &PersonNumbers,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            standing,
            attended: meanings.attended.said(engine, standing)?,
            mode: meanings.mode.said(engine, standing)?,
            day: meanings.day.said(engine, standing)?,
            persons: engine.slabs.of_persons(engine.store().reader(), standing, numbers)?,
        })
    }

    /// The records of the submission at a place.
    fn at(&self, place: usize) -> Records<'_> {
        let submission = &self.standing.submissions[place];
        let of = self.standing.starts[place]..self.standing.starts[place + 1];
        let followable = submission.has_persons && submission.column(Field::Day).is_some();
        Records { columns: self, submission, of, followable }
    }

    /// The records of the submission of an organisation.
    fn of(&self, organisation: u32) -> Option<Records<'_>> {
        let number = |submission: &Arc<Submission>| submission.slot.organisation;
        let place = self.standing.submissions.binary_search_by_key(&organisation, number);
        place.ok().map(|place| self.at(place))
    }
}

impl Records<'_> {
    /// The records that were attended in person.
    fn attended_in_person(&self) -> impl Iterator<Item = usize> + '_ {
        let attended = |record: &usize| self.columns.attended.by(*record) == Response::Yes;
        let in_person = |record: &usize| self.columns.mode.by(*record) == Ok(IN_PERSON);
        self.of.clone().filter(attended).filter(in_person)
    }

    /// The mode of a record of which it is a question what followed it; otherwise its place.
    fn asked(&self, record: usize) -> Result<usize, usize> {
        let attended = self.columns.attended.by(record);
        let is_outside = matches!(attended, Response::No | Response::NotApplicable);
        let mode = self.columns.mode.by(record);
        let mode = mode.map_err(|place| if is_outside { NEITHER } else { place })?;
        let place = |became: Followed| Err(mode * EACH + became as usize);
        match attended {
            Response::Yes => Ok(mode),
            Response::No | Response::NotApplicable => place(Followed::Outside),
            Response::Unknown => place(Followed::NotComputable),
            Response::NotCollected => place(Followed::NotCollected),
        }
    }

    /// Person and day of a record, where both are known.
    fn seen(&self, record: usize) -> Option<(u32, u8)> {
        let person = self.columns.persons.at(record);
        let known = self.followable && person != NOBODY;
        known.then_some(person).zip(self.columns.day.by(record))
    }

    /// Who attended in person on which day, in order. `after`: days before the month.
    fn in_person(&self, after: u8) -> Vec<(u32, u8)> {
        let seen = self.attended_in_person().filter_map(|record| self.seen(record));
        seen.map(|(person, day)| (person, day + after)).collect()
    }

    /// Whether somebody may have attended in person by a day of whom it is not known who it was, or when.
    fn hides(&self, by: u8) -> bool {
        let is_by = |record| self.columns.day.by(record).is_none_or(|day| day <= by);
        self.attended_in_person().any(|record| self.seen(record).is_none() && is_by(record))
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
fn of_submission(own: &Records<'_>, next: Option<Records<'_>>) -> (Vec<u32>, bool) {
    let days = own.submission.slot.month.days();
    let (mut in_person, mut hides) = (own.in_person(0), own.hides(days));
    // Keys of another scheme are other keys, and who was seen when has to be told of the whole month.
    let tells = |next: &Records<'_>| {
        let collected = [Field::Day, Field::Channel, Field::Attendance];
        next.submission.has_persons
            && next.submission.person_key_scheme == own.submission.person_key_scheme
            && collected.into_iter().all(|field| next.submission.column(field).is_some())
    };
    let next = next.filter(tells);
    if let Some(next) = next.as_ref().filter(|_| own.followable) {
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
        let itself = usize::from(mode == IN_PERSON);
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
    let places = own.of.clone().map(|record| u32::try_from(place(record)).unwrap_or(u32::MAX));
    let places: Vec<_> = places.collect();
    (places, hides && unseen)
}
