//! What an answer is about, what was asked, and what it was computed from.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::counted::{CountedSource, join, line};
use super::meant::Meant;
use super::model::{Absence, DataQuality, Key, Row};
use super::plan::{Plan, state_words};
use crate::domain::codes::{Dimension, Source, State};
use crate::domain::collection::{Collection, DataClass, Openness};
use crate::domain::disclosure::{Profile, Protection};
use crate::domain::estimate::EstimateSource;
use crate::domain::field::Field;
use crate::domain::period::Month;
use crate::domain::reference::{Counted, Reference};
use crate::engine::query::{Denominator, Filter, Measure, Query, Where};
use crate::engine::scope::Scope;

/// Dimension that a care setting is a condition on.
pub(super) const CARE_SETTING: &str = "care_setting";

/// A dimension of the rows and its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Legend {
    /// Dimension id.
    pub dimension: String,
    /// Words for people.
    pub label: String,
    /// Which way the order runs.
    pub direction: String,
    /// Whether a record can be in several categories.
    pub overlapping: bool,
    /// Codes that occur in rows, and their words.
    pub categories: Vec<(String, String)>,
}

/// A condition that everything in an answer meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Dimension id.
    pub dimension: String,
    /// Words for it.
    pub label: String,
    /// Codes and words of its categories or states, one of which holds.
    pub codes: Vec<(String, String)>,
}

/// What a question asks besides its query, and what it says of every figure.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QuestionSettings {
    /// What is counted.
    pub measure: Measure,
    /// Whether some figures count consultations, and others people: of an answer that is made of several.
    pub counts_both: bool,
    /// What shares of channels are shares of.
    pub denominator: Denominator,
    /// Whether figures have confidence limits.
    pub has_limits: bool,
    /// Other settings that change what figures mean: name in the contract and value.
    pub parameters: Vec<(&'static str, String)>,
    /// Sentences that must stand beside every figure.
    pub statements: Vec<&'static str>,
    /// Whether figures are about areas, and say nothing about any one person in them.
    pub ecological: bool,
}

impl QuestionSettings {
    /// Of a table that counts this: no parameters, no statements.
    pub(super) fn of(measure: Measure) -> Self {
        Self { measure, has_limits: true, ..Self::default() }
    }

    /// The same with a parameter.
    pub(super) fn with(mut self, name: &'static str, value: &(impl ToString + ?Sized)) -> Self {
        self.parameters.push((name, value.to_string()));
        self
    }
}

/// What an answer is about, what was asked, and what it was computed from.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs)] // BreakdownContext in the contract describes each
pub struct Provenance {
    pub table: &'static str,
    pub title: &'static str,
    pub settings: QuestionSettings,
    pub confidence: f64,
    pub collection: String,
    pub data_class: DataClass,
    pub openness: Openness,
    /// What the collection says of its data: where nothing is counted, that is all that can be said.
    pub provenance: String,
    /// Where the counted submissions come from.
    pub counted: Vec<CountedSource>,
    pub area: String,
    pub area_name: String,
    pub area_type: String,
    pub residence: bool,
    /// Code and name.
    pub organisations: Vec<(String, String)>,
    /// First and last month; none: no data to tell.
    pub months: Option<(Month, Month)>,
    pub conditions: Vec<Condition>,
    /// Other settings, those of the question first.
    pub parameters: Vec<(&'static str, String)>,
    pub sources: Vec<EstimateSource>,
    pub notes: Vec<String>,
    pub empty: Option<Absence>,
    /// Of each dimension that is looked at.
    pub quality: Vec<(String, DataQuality)>,
    pub unattributed: Option<(u64, String)>,
    pub dimensions: Vec<Legend>,
    pub data_position: u64,
    pub submission_count: usize,
    pub organisation_count: usize,
    pub expected_organisation_count: usize,
    pub month_count: usize,
    pub expected_month_count: usize,
    /// The data that was looked at, for the cache; none: it cannot be told by numbers.
    pub scope: Option<Scope>,
    /// Whether a publisher suppressed any count in it.
    pub suppressed: bool,
    /// The rules that its reader is held to; none: not told yet.
    pub profile: Option<Arc<Profile>>,
    /// What may be seen of its counts; none: not told yet.
    pub protection: Option<Protection>,
    /// Cells without a figure because it is withheld.
    pub withheld_count: usize,
    /// The release that it shows; empty if none was asked for.
    pub release: String,
}

impl Provenance {
    /// What can be said before any data is found: the question, the collection, the place.
    pub(super) fn asked(
        reference: &Reference,
        collection: Option<&Collection>,
        query: &Query,
    ) -> Self {
        let (area, residence, listed) = match &query.place {
            Where::Provider(area) => (area.as_str(), false, &[][..]),
            Where::Residence(area) => (area.as_str(), true, &[][..]),
            Where::Organisations(codes) => ("", false, codes.as_slice()),
        };
        let named = |code: &String| {
            let known = reference.organisation(code);
            (code.clone(), known.map_or_else(|| code.clone(), |found| found.name.clone()))
        };
        let known = reference.areas().get(area);
        Self {
            confidence: query.showing.confidence.level(),
            collection: collection.map_or(query.collection.as_str(), |found| &found.id).to_owned(),
            data_class: collection.map_or(DataClass::Real, |found| found.data_class),
            openness: collection.map_or(Openness::Open, |found| found.openness),
            provenance: collection.map_or(String::new(), |found| found.provenance.clone()),
            area: area.to_owned(),
            area_name: known.map_or(String::new(), |area| area.name.clone()),
            area_type: known.map_or(String::new(), |area| area.kind.clone()),
            residence,
            organisations: listed.iter().map(named).collect(),
            ..Self::default()
        }
    }

    /// Where the counted submissions come from, in a line.
    #[must_use]
    pub fn source_line(&self) -> String {
        if self.counted.is_empty() { self.provenance.clone() } else { line(&self.counted) }
    }

    /// Level of the confidence limits and what they take as independent; none: figures have no limits.
    #[must_use]
    pub fn limits(&self) -> Option<(f64, &'static str)> {
        let whom = match (self.settings.counts_both, self.settings.measure) {
            (true, _) => "consultations and persons",
            (false, Measure::Persons) => "persons",
            (false, Measure::Contacts | Measure::AttendedContacts) => "consultations",
        };
        self.settings.has_limits.then_some((self.confidence, whom))
    }

    /// What the shares count, in the plural, for a person.
    pub(super) fn counted_as(&self) -> &'static str {
        if self.settings.measure == Measure::Persons { "people" } else { "consultations" }
    }

    /// Labels an answer by an attribute of organisations as ecological, and says so.
    pub(super) fn tells_of_organisations(&mut self, reference: &Reference, query: &Query) {
        let ids = query.by.iter().chain(query.filters.iter().map(|filter| &filter.dimension));
        let found: BTreeSet<_> = ids
            .filter_map(|id| reference.dimension(id))
            .map(|of| of.is_ecological().then_some(&of.label))
            .collect();
        for label in found.into_iter().flatten() {
            self.settings.ecological = true;
            self.notes.push(format!(
                "ECOLOGICAL: {label}. This is an attribute of organisations. The figures compare organisations, and say nothing about any one person."
            ));
        }
    }

    /// Says how counts are protected, and how many figures are withheld.
    pub(super) fn says_what_is_protected(&mut self) {
        self.notes.extend(self.protection.as_ref().and_then(Protection::note));
        let few = match self.withheld_count {
            0 => return,
            1 => "1 cell is withheld: it is".to_owned(),
            count => format!("{count} cells are withheld: they are"),
        };
        self.notes
            .push(format!("{few} of too few, or of nobody. Withheld is not 0, and not missing."));
    }

    /// Says of the areas among the rows which of them have another boundary from a month on.
    pub(super) fn says_series_breaks(
        &mut self,
        reference: &Reference,
        query: &Query,
        rows: &[Row],
    ) {
        let Some(months) = self.months.filter(|(first, last)| first < last) else { return };
        for id in &query.by {
            let Some(counted) = reference.dimension(id).and_then(areas_of) else { continue };
            let declared = counted == Counted::Organisations;
            let areas = reference.areas().iter();
            for area in areas.filter(|area| !declared || !area.breaks.is_empty()) {
                let is_of = |key: &Key| *key.dimension == **id && key.code == area.code;
                let said = reference.series_breaks(&area.code, months, counted);
                if !said.is_empty() && rows.iter().any(|row| row.keys.iter().any(is_of)) {
                    let new = said.into_iter().filter(|said| !self.notes.contains(said));
                    let new: Vec<_> = new.collect();
                    self.notes.extend(new);
                }
            }
        }
    }

    /// What else was looked at: it changes the answer too.
    pub(super) fn looked_at(&mut self, data_position: u64, scope: Option<Scope>) {
        self.data_position = self.data_position.max(data_position);
        self.scope = Scope::both(self.scope.take(), scope);
    }

    /// Another answer whose figures are in this one.
    pub(super) fn counted_too(&mut self, of: &Self) {
        self.looked_at(of.data_position, of.scope.clone());
        join(&mut self.counted, &of.counted);
    }

    /// Puts a declared parent beside what is listed. If the parent has figures, the answer is not empty, whatever those listed have.
    pub(super) fn stands_beside(&mut self, parent: &Self, has_figures: bool) {
        self.counted_too(parent);
        let (submitted, expected) = (parent.organisation_count, parent.expected_organisation_count);
        let late = format!(
            "For that row {submitted} of {expected} expected organisations have submitted."
        );
        if submitted < expected && !self.notes.contains(&late) {
            self.notes.push(late);
        }
        let new = parent.notes.iter().filter(|note| !self.notes.contains(note));
        let bounds: Vec<_> = new.filter(|note| note.contains(LOWER_BOUND)).cloned().collect();
        self.notes.extend(bounds);
        if let Some(empty) = self.empty.take_if(|_| has_figures) {
            self.notes.push(format!("For those listed there are no figures: {}.", empty.detail));
        }
    }
}

/// Who is counted in the areas that the rows of a dimension are about; none: they are about no areas.
fn areas_of(dimension: &Dimension) -> Option<Counted> {
    match dimension.source {
        Source::ProviderArea(_) | Source::Organisation => Some(Counted::Organisations),
        Source::Field(Field::ResidenceLsoa) => Some(Counted::Residents),
        Source::Field(_)
        | Source::OrganisationAttribute(_)
        | Source::Month
        | Source::Quarter
        | Source::FinancialYear
        | Source::CalendarYear
        | Source::Computed => None,
    }
}

/// Words of a note that concerns a declared parent's row as well.
pub(super) const LOWER_BOUND: &str = "is a lower bound";

impl Plan {
    /// The provenance of an answer over this plan, without what needs figures.
    pub(super) fn provenance(&self, query: &Query) -> Provenance {
        let submitted = self.submitted();
        let mut notes = Vec::new();
        if self.collection.data_class == DataClass::Synthetic {
            notes.push("SYNTHETIC: made by a program; says nothing about real people.".into());
        }
        let has = |number: &Option<u32>| number.is_some_and(|number| submitted.has(number));
        let missing = self.expected.iter().filter(|(number, _)| !has(number));
        let missing: Vec<_> = missing.map(|(_, of)| &of.code).collect();
        if !missing.is_empty() && !self.months.is_empty() {
            let (count, all, some) = (missing.len(), self.expected.len(), some_of(&missing, 5));
            notes.push(format!(
                "{count} of {all} expected organisations have submitted nothing for these months: {some}."
            ));
        }
        if !self.ended.is_empty() {
            let some = some_of(&self.ended, 5);
            notes.push(format!("Organisations that have no data any more: {some}."));
        }
        self.tell_of_areas(query, &mut notes);
        // A total over months that nobody has submitted anything for is not whole.
        let months = self.months(query);
        let without: Vec<_> =
            months.iter().filter(|(_, has)| !has).map(|(month, _)| month).collect();
        let with = months.len() - without.len();
        if with > 0 && !without.is_empty() {
            let (missing, all, some) = (without.len(), months.len(), some_of(&without, 6));
            notes.push(format!("Months without a submission: {missing} of {all} ({some})."));
        }
        for axis in self.axes.iter().filter(|axis| axis.dimension.overlapping()) {
            notes.push(format!(
                "{}: a record can be in several categories, so rows add to more than the total.",
                axis.dimension.id
            ));
        }
        let empty = self.months.is_empty().then(|| {
            if !self.erased.is_empty() {
                let (count, some) = (self.erased.len(), some_of(&self.erased, 5));
                return Absence::erased(format!(
                    "data that stood then was erased ({count} organisations and months: {some}); ask about a later state, or leave \
                     these out"
                ));
            }
            Absence::no_data(format!(
                "collection `{}` has no submission for {} to {} here; `equity reference availability` (ReferenceService.ListAvailability) lists what there is",
                self.collection.id, query.months.0, query.months.1
            ))
        });
        Provenance {
            months: Some(query.months),
            counted: self.counted(),
            conditions: self.conditions(query),
            notes,
            empty,
            data_position: self.data_position,
            submission_count: self.months.iter().map(|month| month.places().count()).sum(),
            organisation_count: submitted.count(),
            expected_organisation_count: self.expected.len(),
            month_count: with,
            expected_month_count: months.len(),
            scope: self.scope.clone(),
            suppressed: self.has_suppressed(),
            ..Provenance::asked(&self.reference, Some(&self.collection), query)
        }
    }

    /// The conditions of a question in one order, however they were asked: by dimension, codes as it orders them. The care setting is
    /// one where records were chosen by it.
    fn conditions(&self, query: &Query) -> Vec<Condition> {
        let by_setting = self.filters.iter().any(|filter| filter.field == Field::CareSetting);
        let setting = query.care_setting.iter().filter(|_| by_setting);
        let setting = setting.map(|setting| Filter::only(CARE_SETTING, setting));
        let condition = |filter: Filter| {
            let dimension = self.reference.dimension(&filter.dimension)?;
            let words = |code: String| {
                let words = self.words(dimension, &code);
                (code, words)
            };
            let mut codes: Vec<_> = filter.codes.into_iter().map(words).collect();
            codes.sort_by_cached_key(|(code, _)| (dimension.place_of(code), code.clone()));
            let label = dimension.label.clone();
            Some(Condition { dimension: filter.dimension, label, codes })
        };
        let asked = query.filters.iter().cloned().chain(setting);
        let mut conditions: Vec<_> = asked.filter_map(condition).collect();
        conditions.sort_by(|a, b| (&a.dimension, &a.codes).cmp(&(&b.dimension, &b.codes)));
        conditions.dedup();
        conditions
    }

    /// Words for a code of a dimension; the code where it has none.
    fn words(&self, dimension: &Dimension, code: &str) -> String {
        let known = if dimension.source == Source::Organisation {
            self.reference.organisation(code).map(|found| &found.name)
        } else if matches!(dimension.source, Source::ProviderArea(_)) {
            self.reference.areas().get(code).map(|area| &area.name)
        } else {
            let mut categories = dimension.categories.iter();
            categories.find(|(category, _)| category == code).map(|(_, words)| words)
        };
        let state = || State::from_name(code).map(|_| state_words(code));
        known.cloned().or_else(state).unwrap_or_else(|| code.to_owned())
    }

    /// The months asked for that conditions on time leave, and whether anybody has submitted anything for each. Months are left out in which
    /// nothing can be: the area had ended, or no organisation of it existed.
    fn months(&self, query: &Query) -> Vec<(Month, bool)> {
        let has: BTreeSet<_> = self.months.iter().map(|m| m.standing.slot.month).collect();
        let months = self.months_of(query).into_iter();
        let months = months.filter(|month| self.collection.expects(*month));
        let months = months.map(|month| (month, has.contains(&month)));
        let organisations = query.place.organisations(&self.reference);
        let can_be = |month: Month| match &query.place {
            Where::Residence(area) => {
                let last = self.reference.areas().get(area).and_then(|area| area.last_month);
                last.is_none_or(|last| month <= last)
            }
            Where::Provider(_) | Where::Organisations(_) => {
                let meant = Meant::new(&self.reference, query, month);
                organisations.values().any(|of| meant.expects(of))
            }
        };
        months.filter(|(month, has)| *has || can_be(*month)).collect()
    }

    /// The months asked for that conditions on time leave.
    pub(super) fn months_of(&self, query: &Query) -> Vec<Month> {
        let (first, last) = query.months;
        let meant = |month: &Month| {
            query.filters.iter().all(|filter| {
                let dimension = self.reference.dimension(&filter.dimension);
                let period = dimension.and_then(|dimension| dimension.source.period(*month));
                period.is_none_or(|code| filter.codes.contains(&code))
            })
        };
        let asked = (first.number()..=last.number()).filter_map(|n| Month::from_number(n.into()));
        asked.filter(meant).collect()
    }
}

/// The dimensions of the rows, with the words of what occurs in them.
pub(super) fn legends(reference: &Reference, query: &Query, rows: &[Row]) -> Vec<Legend> {
    let legend = |dimension: &Dimension| {
        let keys = rows.iter().flat_map(|row| &row.keys);
        let keys = keys.filter(|key| *key.dimension == *dimension.id);
        // States have no words of their own; a declared parent, which is no category either, has.
        let worded = keys.filter(|key| key.state.is_none_or(|state| key.code != state.name()));
        let found: BTreeSet<_> =
            worded.map(|key| (key.state.is_some(), &key.code, &key.label)).collect();
        let place = |code: &str| dimension.categories.iter().position(|(known, _)| known == code);
        let mut found: Vec<_> = found.into_iter().collect();
        found.sort_by_cached_key(|(parent, code, _)| (*parent, place(code), *code));
        let found = found.into_iter();
        Legend {
            dimension: dimension.id.clone(),
            label: dimension.label.clone(),
            direction: dimension.direction.clone(),
            overlapping: dimension.overlapping(),
            categories: found.map(|(_, code, label)| (code.clone(), label.clone())).collect(),
        }
    };
    query.by.iter().filter_map(|id| reference.dimension(id)).map(legend).collect()
}

/// Says which organisations' people are counted in later data of another one.
pub(super) fn taken_over<'a>(merged: impl Iterator<Item = &'a String>) -> Option<String> {
    let merged: Vec<_> = merged.collect::<BTreeSet<_>>().into_iter().collect();
    let note =
        "People of organisations that merged are counted once, in later data of the successor";
    (!merged.is_empty()).then(|| format!("{note}: {}.", some_of(&merged, 5)))
}

/// A few of some codes, at most so many.
pub(super) fn some_of(codes: &[impl ToString], most: usize) -> String {
    let some: Vec<_> = codes.iter().take(most).map(ToString::to_string).collect();
    let more = if codes.len() > most { ", …" } else { "" };
    format!("{}{more}", some.join(", "))
}
