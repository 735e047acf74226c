//! Whether a remote consultation was followed by one in person: indicator CH-12, worked out record by record.
//!
//! Followed is a remote consultation that was attended if the same person attended one in person with the same organisation in
//! the same collection on the same day or one of the seven days after it, whatever the conditions of the question: the order
//! within a day is not known. That cannot be told where the record has no person key or no day, or where one of those days lies
//! in a month of which the organisation has not said who was seen when.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::context::{Absence, Reason};
use super::super::places::PlacesOf;
use super::super::plan::{Made, On, Plan, PlanAxis};
use super::super::threads::on_threads;
use super::{ATTENDED, MODE, MODES};
use crate::domain::codes::{Dimension, Source, Value};
use crate::domain::cube::Packed;
use crate::domain::field::Field;
use crate::domain::period::Month;
use crate::engine::cache::Scope;
use crate::engine::query::{Measure, Query};
use crate::engine::{Engine, QueryError};
use crate::store::{Reader, StoreError, Submission};

/// Days after a remote consultation in which another counts as following it.
const DAYS: u8 = 7;

/// What has to be known to read the figures.
pub(super) const NOTE: &str = "Followed: the same person attended in person with the same organisation on the same day or within \
    7 days after, also in the next month and whatever the conditions; the order within a day is not known.";

/// What has to be known where consultations in person may have followed unseen.
pub(super) const LOWER_BOUND: &str = "Followed is a lower bound: consultations in person of the same organisations without a \
    person key or a day may have followed unseen.";

/// The field whose place in the plan the answer takes: days have no dimension, so no question asks by them.
const STAND_IN: Field = Field::Day;

/// What became of a consultation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Followed {
    Yes = 0,
    No = 1,
    NotComputable = 2,
    /// Not remote, or not attended.
    NoMatter = 3,
    /// The source does not collect how people were seen, or whether they attended.
    NotCollected = 4,
}

impl Followed {
    pub(super) const ALL: [Self; 5] =
        [Self::Yes, Self::No, Self::NotComputable, Self::NoMatter, Self::NotCollected];
}

/// Why there is no share.
pub(super) fn absence(not_computable: u64, not_collected: u64) -> Absence {
    let (reason, detail) = match (not_computable, not_collected) {
        (0, 0) => (Reason::NoData, "no remote consultation is known to have been attended"),
        (0, _) => (
            Reason::NotCollected,
            "no source of these consultations collects both channel and attendance",
        ),
        (..) => (
            Reason::NotComputable,
            "no remote consultation can be followed: no person keys or days, or the next 7 days are not submitted yet",
        ),
    };
    Absence { reason, detail: detail.into() }
}

/// What was looked at besides the plan.
pub(super) struct Seen {
    pub(super) data_position: u64,
    pub(super) scope: Option<Scope>,
    /// Whether a consultation in person of an unknown person or day may have followed one that counts as not followed.
    pub(super) hidden: bool,
}

/// What the words of a column mean, by number of the word.
struct Words {
    attended: Vec<bool>,
    /// Whether in person or remote; none: neither is known.
    in_person: Vec<Option<bool>>,
    day: Vec<Option<u8>>,
}

/// What followed the consultations of a submission.
struct Found {
    column: Made,
    /// See [`Seen::hidden`].
    hidden: bool,
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
    /// Adds to a plan the axis of what followed each consultation.
    pub(super) fn follow_ups(&self, plan: &mut Plan, query: &Query) -> Result<Seen, QueryError> {
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
        let further = self.consultations(&further, Measure::Contacts, &[])?;
        let slots = further.submissions.iter().map(|s| ((s.slot.organisation, s.slot.month), s));
        let of_month: BTreeMap<_, _> = slots.collect();
        let words = self.conversion_words(&plan.reference);
        let reader = self.store().reader();
        let numbered: Vec<_> = plan.submissions.iter().cloned().enumerate().collect();
        let run = |some: &[(usize, Arc<Submission>)]| -> Result<Vec<(usize, Found)>, StoreError> {
            let wanted = some.iter().take_while(|_| !self.settings.threads.are_late());
            let made = wanted.map(|(number, submission)| {
                let month = submission.slot.month;
                let next = Month::from_number(u32::from(month.number()) + 1);
                let slot = next.map(|next| (submission.slot.organisation, next));
                let next = slot.and_then(|slot| of_month.get(&slot)).map(AsRef::as_ref);
                Ok((*number, followed(reader, &words, submission, next)?))
            });
            made.collect()
        };
        let runs = on_threads(&numbered, |(_, s)| s.records(), self.settings.threads, run);
        self.settings.threads.in_time()?;
        let mut hidden = false;
        for made in runs {
            for (number, found) in made? {
                plan.put(number, STAND_IN, &found.column);
                hidden |= found.hidden;
            }
        }
        plan.axes.push(axis());
        Ok(Seen { data_position: further.data_position, scope: further.scope, hidden })
    }

    fn conversion_words(&self, reference: &crate::domain::reference::Reference) -> Words {
        let catalog = self.store().catalog();
        let places = |id: &str| {
            let dimension = reference.dimension(id)?;
            let field = dimension.field()?;
            let places = self.places.of(reference, catalog.words(), dimension, field);
            let code =
                |place: &usize| dimension.categories.get(*place).map(|(code, _)| code.clone());
            let codes = places.of_word.iter().map(|places| places.first().and_then(code));
            Some(codes.collect::<Vec<_>>())
        };
        let attendance = places("attendance_outcome").unwrap_or_default();
        let modes = places(MODE).unwrap_or_default();
        let day = catalog.words().of(Field::Day).iter().map(|value| match value {
            Value::Number(day) => u8::try_from(*day).ok(),
            Value::Codes(_) | Value::State(_) => None,
        });
        let mode = |code: &Option<String>| match code.as_deref() {
            Some(code) if code == MODES[0] => Some(true),
            Some(code) if code == MODES[1] => Some(false),
            Some(_) | None => None,
        };
        Words {
            attended: attendance.iter().map(|code| code.as_deref() == Some(ATTENDED)).collect(),
            in_person: modes.iter().map(mode).collect(),
            day: day.collect(),
        }
    }
}

/// The axis of what followed.
fn axis() -> PlanAxis {
    let dimension = Dimension {
        id: "followed".into(),
        label: String::new(),
        source: Source::Field(STAND_IN),
        categories: Vec::new(),
        ordered: false,
        direction: String::new(),
        protected: String::new(),
        map: BTreeMap::new(),
    };
    let no_matter = vec![Followed::NoMatter as usize];
    let of_word = Followed::ALL.map(|followed| vec![followed as usize]).to_vec();
    let categories =
        Followed::ALL.map(|followed| (format!("{followed:?}"), String::new())).to_vec();
    let on = On::Field(STAND_IN, Arc::new(PlacesOf { of_word, not_collected: no_matter }));
    PlanAxis { dimension, categories, on, only: None }
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

    /// Why what followed a record is no question; none: it was remote and attended.
    fn no_question(&self, record: usize) -> Option<Followed> {
        let collects = |field| self.submission.column(field).is_some();
        let (channel, attendance) = (collects(Field::Channel), collects(Field::Attendance));
        let other = channel && self.mode(record) != Some(false);
        if other || attendance && !self.attended(record) {
            return Some(Followed::NoMatter);
        }
        (!channel || !attendance).then_some(Followed::NotCollected)
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

/// What followed each record of a submission.
fn followed(
    reader: &Reader,
    words: &Words,
    submission: &Submission,
    next: Option<&Submission>,
) -> Result<Found, StoreError> {
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
    let answer = |record: usize| {
        if let Some(why) = own.no_question(record) {
            return why;
        }
        let Some((person, day)) = own.seen(record) else { return Followed::NotComputable };
        if day + DAYS > days && next.is_none() {
            return Followed::NotComputable;
        }
        let from = in_person.partition_point(|seen| *seen < (person, day));
        match in_person.get(from) {
            Some((same, then)) if *same == person && *then <= day + DAYS => Followed::Yes,
            Some(_) | None => Followed::No,
        }
    };
    let indices: Vec<u16> = (0..submission.records()).map(|record| answer(record) as u16).collect();
    let hidden = hides && indices.contains(&(Followed::No as u16));
    let words = (0u32..).take(Followed::ALL.len()).collect();
    let indices = Arc::new(Packed::indices(indices.into_iter(), Followed::ALL.len()));
    Ok(Found { column: Made { words, indices }, hidden })
}
