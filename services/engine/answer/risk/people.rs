//! The people of an area by small area, and by what they are broken down by.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::asked::{HighRisk, RiskQuestion, characteristic};
use crate::domain::codes::{Dimension, Value};
use crate::domain::collection::{Collection, DataClass, Dataset, Openness};
use crate::domain::disclosure::TrueCount;
use crate::domain::field::Field;
use crate::domain::measures::risk::{ByArea, people_brought_back};
use crate::domain::period::Month;
use crate::domain::reference::Reference;
use crate::domain::small_area::{Edition, SmallArea};
use crate::engine::answer::crosstab::Crosstab;
use crate::engine::answer::estimates::{all_taking, standing};
use crate::engine::answer::model::Key;
use crate::engine::answer::plan::Plan;
use crate::engine::answer::provenance::{Provenance, taken_over};
use crate::engine::query::{AsOf, Query, Where};
use crate::engine::scope::Scope;
use crate::engine::{Engine, QueryError};
use crate::store::{Catalog, Look, Submission};

/// The dimension of the small areas themselves.
const SMALL_AREA: &str = "residence_lsoa";
/// Type of the organisations that publish tables.
const PUBLISHER: &str = "publisher";

/// What was found, or why there is nothing; and the last change that bears on it, with all data that does.
pub(super) type Found<T> = (Result<T, String>, (u64, Scope));

/// The people of an area.
pub(super) struct People {
    pub(super) edition: Edition,
    pub(super) total: ByArea,
    pub(super) groups: Vec<(Key, ByArea)>,
    pub(super) provenance: Provenance,
    /// How small areas were brought together, in sentences.
    pub(super) joins: Vec<String>,
}

/// A population by small area: of each organisation of a collection the last month that has one.
struct Candidate<'a> {
    collection: &'a Collection,
    /// First and last of these months.
    months: (Month, Month),
    submissions: Vec<Arc<Submission>>,
    /// Organisations whose people are in later submissions of their successors.
    merged: BTreeMap<String, String>,
    edition: Result<Edition, (String, String)>,
}

impl Candidate<'_> {
    /// Whether it tells people apart by a dimension.
    fn tells(&self, by: &Dimension) -> bool {
        let has =
            |field| self.submissions.iter().any(|submission| submission.column(field).is_some());
        characteristic(by).is_none_or(has)
    }
}

fn is_open(reference: &Reference, collection: &str) -> bool {
    reference.collection(collection).is_some_and(|found| found.openness == Openness::Open)
}

/// The populations by small area of some collections; `all`: not of open ones alone.
fn candidates<'a>(
    catalog: &Look<'_>,
    reference: &'a Reference,
    (asked, all): (&str, bool),
    position: u64,
) -> (Vec<Candidate<'a>>, (u64, Scope)) {
    let ids = all_taking(reference, Dataset::Populations);
    let ids =
        ids.filter(|id| (asked.is_empty() || asked == *id) && (all || is_open(reference, id)));
    let standing = standing(catalog, ids, Dataset::Populations, position);
    let by_area = |s: &Arc<Submission>| s.column(Field::ResidenceLsoa).is_some();
    // They come by month: the last of an organisation takes the place of those before.
    let by_area = standing.submissions.into_iter().filter(by_area);
    let last = by_area.map(|s| ((s.collection.clone(), s.organisation.clone()), s));
    let last: Vec<_> = last.collect::<BTreeMap<_, _>>().into_values().collect();
    let found = last.chunk_by(|a, b| a.collection == b.collection).filter_map(|submissions| {
        let last = submissions.iter().map(|s| (s.organisation.as_ref(), s.slot.month)).collect();
        let merged = reference.taken_over(&last);
        let submissions = submissions.iter().filter(|s| !merged.contains_key(&*s.organisation));
        let submissions: Vec<_> = submissions.cloned().collect();
        let months = || submissions.iter().map(|submission| submission.slot.month);
        Some(Candidate {
            collection: reference.collection(&submissions[0].collection)?,
            months: (months().min()?, months().max()?),
            edition: edition(catalog, reference, &submissions),
            merged,
            submissions,
        })
    });
    (found.collect(), (standing.data_position, standing.scope))
}

/// The edition of the small areas where people were counted.
fn edition(
    catalog: &Catalog,
    reference: &Reference,
    submissions: &[Arc<Submission>],
) -> Result<Edition, (String, String)> {
    let values = catalog.words().of(Field::ResidenceLsoa);
    let columns = submissions.iter().filter_map(|s| s.column(Field::ResidenceLsoa));
    let words: BTreeSet<u32> = columns.flat_map(|column| column.words.iter().copied()).collect();
    let codes = words.iter().filter_map(|word| match values.get(*word as usize) {
        Some(Value::Codes(codes)) => codes.first().map(String::as_str),
        Some(Value::State(_) | Value::Number(_)) | None => None,
    });
    reference.small_areas().edition_of(codes, Edition::Lsoa2021)
}

fn is_deprivation(by: &Dimension) -> bool {
    by.field() == Some(Field::Deprivation)
}

/// The edition that people are told apart in. A view of deprivation is of the one whose small areas fall into its categories, rather
/// that of the population.
fn edition_by(reference: &Reference, by: Option<&Dimension>, counted: Edition) -> Edition {
    let Some(dimension) = by.filter(|by| is_deprivation(by)) else { return counted };
    let falls = |edition: &Edition| {
        reference.small_areas().of(*edition).any(|area| {
            let value = Value::Codes(vec![area.deprivation.to_owned()]);
            reference.places(dimension, &value)[0] < dimension.categories.len()
        })
    };
    let other = Edition::ALL.into_iter().find(|edition| *edition != counted);
    [Some(counted), other].into_iter().flatten().find(falls).unwrap_or(counted)
}

/// Says that nobody has something: the collection that was named, or none of all.
pub(super) fn nobody_has(named: &str, what: &str) -> String {
    match named {
        "" => format!("no collection has {what}"),
        named => format!("collection `{named}` has no {what}"),
    }
}

impl Engine {
    /// The people of the area asked about, by small area.
    pub(super) fn people_by_small_area(
        &self,
        question: &RiskQuestion,
        position: u64,
    ) -> Result<Found<People>, QueryError> {
        let reference = self.reference();
        let by = question.query.by.first().and_then(|id| reference.dimension(id));
        let named = question.query.collection.as_str();
        let all = question.query.showing.protection.is_exact();
        // Before anything is read: not even which small areas there are is told.
        if !(all || named.is_empty() || is_open(&reference, named)) {
            return Err(QueryError::Refused(format!(
                "`{named}` is controlled, and people by small area are few: name an open population"
            )));
        }
        let look = |catalog: &Look<'_>| candidates(catalog, &reference, (named, all), position);
        let (found, looked_at) = self.store().look(look)?;
        let Some(chosen) = choose(&reference, &found, by)? else {
            let what = "people by small area (`residence_lsoa`); SubmitPopulations takes them";
            return Ok((Err(nobody_has(named, what)), looked_at));
        };
        let edition = chosen.edition.clone().map_err(|(old, new)| {
            QueryError::Refused(format!(
                "`{}` mixes small areas of 2011 (`{old}`) and of 2021 (`{new}`): name another population",
                chosen.collection.id
            ))
        })?;
        let outer = by.filter(|by| characteristic(by).is_some()).map(|by| by.id.clone());
        // The people are those of whom the collection's organisations say where they live.
        let query = Query {
            collection: chosen.collection.id.clone(),
            place: Where::Organisations(
                expected(&reference, chosen, question.area()).into_iter().collect(),
            ),
            months: chosen.months,
            by: outer.into_iter().chain([SMALL_AREA.to_owned()]).collect(),
            as_of: AsOf::Position(position),
            ..question.query.clone()
        };
        let mut plan = self.plan(&query, Dataset::Populations)?;
        let kept: BTreeSet<u64> = chosen.submissions.iter().map(|s| s.position).collect();
        let kept: Vec<_> = plan.submissions().map(|s| kept.contains(&s.position)).collect();
        plan.keep(&kept);
        if plan.has_suppressed() && matches!(question.high_risk, HighRisk::TopShare(_)) {
            return Err(QueryError::Refused(format!(
                "`{}` has suppressed counts, and `high_risk_top_share` needs every count: ask with `high_risk_score`",
                chosen.collection.id
            )));
        }
        let crosstab = self.count(&plan, 1)?;
        let mut people = people(question, &plan, &crosstab, by, edition, query.months)?;
        people.provenance.notes.extend(taken_over(chosen.merged.values()));
        // Which population answers depends on all that could: another one may take its place.
        Ok((Ok(people), looked_at))
    }
}

/// The population that answers: with the dimension, of the edition that the dimension is of, real before synthetic, published before
/// submitted by providers, newest.
fn choose<'a, 'b>(
    reference: &Reference,
    found: &'b [Candidate<'a>],
    by: Option<&Dimension>,
) -> Result<Option<&'b Candidate<'a>>, QueryError> {
    let fits = |candidate: &&Candidate<'_>| by.is_none_or(|by| candidate.tells(by));
    let fitting: Vec<_> = found.iter().filter(fits).collect();
    if let (false, [], Some(Dimension { id, .. })) = (found.is_empty(), fitting.as_slice(), by) {
        return Err(QueryError::Refused(format!(
            "no population by small area tells people apart by `{id}`, and what is published for larger areas alone is not spread over small ones; there is one by {}",
            told_apart(reference, found).join(", ")
        )));
    }
    let rank = |candidate: &&&Candidate<'_>| {
        let counted = candidate.edition.as_ref().copied().unwrap_or(Edition::Lsoa2021);
        let of_edition = edition_by(reference, by, counted) == counted;
        let collection = candidate.collection;
        (
            of_edition,
            candidate.edition.is_ok(),
            collection.data_class == DataClass::Real,
            collection.expected_organisation_type == PUBLISHER,
            candidate.months.1,
            std::cmp::Reverse(collection.id.clone()),
        )
    };
    Ok(fitting.iter().max_by_key(rank).copied())
}

/// Organisations whose people make the population: those that have submitted, and all around the area that are expected to. Publishers have the
/// people of everybody, each in tables of its own.
fn expected(reference: &Reference, candidate: &Candidate<'_>, area: &str) -> BTreeSet<String> {
    let kind = candidate.collection.expected_organisation_type.as_str();
    let fed = !kind.is_empty() && kind != PUBLISHER;
    let caring = reference.caring_for(area, (Month::FIRST, Month::LAST));
    let expected = caring.values().filter(|o| fed && o.kind == kind);
    let expected = expected.filter(|o| !candidate.merged.contains_key(&o.code));
    let found = candidate.submissions.iter().map(|submission| submission.organisation.to_string());
    expected.map(|organisation| organisation.code.clone()).chain(found).collect()
}

/// The dimensions of people that there are populations for.
fn told_apart(reference: &Reference, found: &[Candidate<'_>]) -> Vec<String> {
    let of_fields = reference.dimensions().iter().filter(|by| by.field().is_some());
    let told = of_fields.filter(|by| found.iter().any(|candidate| candidate.tells(by)));
    told.map(|dimension| format!("`{}`", dimension.id)).collect()
}

/// People as they were counted, in the edition of what they are broken down by.
fn people(
    question: &RiskQuestion,
    plan: &Plan,
    crosstab: &Crosstab,
    by: Option<&Dimension>,
    counted: Edition,
    (first, last): (Month, Month),
) -> Result<People, QueryError> {
    let (reference, collection) = (&plan.reference, &plan.collection.id);
    let view = by.map_or("", |by| by.id.as_str());
    let edition = edition_by(reference, by, counted);
    if (counted, edition) == (Edition::Lsoa2011, Edition::Lsoa2021) {
        return Err(QueryError::Refused(format!(
            "`{view}` is of LSOA 2021 and `{collection}` counts people by LSOA 2011: name a population by LSOA 2021"
        )));
    }
    let areas = reference.small_areas();
    let mut inside: Vec<bool> = reference.lie_in(edition, question.area());
    let codes = &plan.axes[plan.axes.len() - 1].categories;
    let numbers: Vec<_> = codes.iter().map(|(code, _)| areas.number(counted, code)).collect();
    // What has no code, or lies elsewhere, is left out.
    let see = |count| plan.protection.see(count).unwrap_or_default();
    let bring_all = |counts: &[TrueCount]| -> ByArea {
        let found = numbers.iter().zip(counts).filter(|(_, count)| !count.is_zero());
        found.filter_map(|(number, n)| Some(((*number)?, see(*n)))).collect()
    };
    let bring = |counts: &[TrueCount]| {
        let mut people = bring_all(counts);
        if counted != edition {
            people = people_brought_back(&people, areas.parents());
        }
        people.retain(|(number, _)| inside[*number]);
        people
    };
    let total = bring(&crosstab.all.inner);
    // Each organisation has one of the months: none is missing in between.
    let query = Query { months: (last, last), ..question.query.clone() };
    let mut provenance = plan.provenance(&query);
    provenance.months = Some((first, last));
    let groups = match by {
        Some(by) if characteristic(by).is_some() => {
            let rows = crosstab.rows.iter().map(|(row, counts)| (row[0], bring(&counts.inner)));
            let rows: Vec<_> = rows.filter(|(_, people)| !people.is_empty()).collect();
            let mut sums = vec![TrueCount::default(); plan.axes[0].places()];
            for (place, people) in &rows {
                sums[*place] = TrueCount::open(people.iter().map(|(_, count)| count).sum());
            }
            provenance.quality = plan.quality(&BTreeMap::from([(0, sums)]));
            rows.into_iter().map(|(place, people)| (plan.axes[0].key(place), people)).collect()
        }
        // A suppressed number of a merged area may be of people of any of its parts.
        Some(by) if plan.suppressed && counted != edition => {
            let merged = bring_all(&crosstab.all.inner).into_iter();
            let parts = merged.flat_map(|(new, n)| areas.parents().of(new).map(move |p| (p.0, n)));
            let parts = parts.filter(|(number, _)| inside[*number]);
            by_area(
                reference,
                &parts.collect::<BTreeMap<_, _>>().into_iter().collect(),
                edition,
                by,
            )
        }
        Some(by) => by_area(reference, &total, edition, by),
        None => Vec::new(),
    };
    total.iter().for_each(|(number, _)| inside[*number] = false);
    let (all, label) = (see(crosstab.all.sum()), edition.label());
    let placed = see(crosstab.all.inner[..codes.len()].iter().copied().sum());
    let to = if first < last { format!(" to {last}") } else { String::new() };
    let of = counted.label();
    let mut joins = vec![format!("People of `{collection}`, {first}{to}, are counted by {of}.")];
    if counted != edition {
        joins.push(format!(
            "They were brought back to {label}, the edition of `{view}`: people of a merged area are shared out as its parts had people in mid-2020."
        ));
    }
    if by.is_some_and(is_deprivation) {
        let list = reference.list_of(Field::Deprivation);
        let source = list.map_or("", |list| list.source.as_str());
        joins.push(format!(
            "Deprivation is the small area's own, in the edition that goes with {label}: {source}."
        ));
    }
    if first < last {
        provenance.notes.push(
            "Each organisation counts with its last month that has people by small area: months are never added up."
                .into(),
        );
    }
    if let unplaced @ 1.. = all.saturating_sub(placed) {
        provenance.notes.push(format!(
            "People of the collection without a small area on record, who are in no row: {unplaced} of {all}."
        ));
    }
    // A small area whose counts are all suppressed is not one without people.
    let empty = inside.iter().filter(|without| **without).count();
    if empty > 0 && !plan.has_suppressed() {
        provenance.notes.push(format!(
            "Small areas ({label}) of the area asked about without people in the collection: {empty}."
        ));
    }
    Ok(People { edition, total, groups, provenance, joins })
}

/// The people of each category that small areas as a whole fall into.
fn by_area<'a>(
    reference: &'a Reference,
    total: &ByArea,
    edition: Edition,
    by: &'a Dimension,
) -> Vec<(Key, ByArea)> {
    let category = |area: SmallArea<'a>| -> Option<(usize, &str, &str)> {
        let code = match by.field() {
            None => {
                let sub_icb = area.sub_icb;
                return Some((0, sub_icb, &reference.areas().get(sub_icb)?.name));
            }
            Some(Field::Deprivation) => area.deprivation,
            Some(_) => area.code,
        };
        let value = Value::Codes(vec![code.to_owned()]);
        let place = *reference.places(by, &value).first()?;
        let (code, label) = by.categories.get(place)?;
        Some((place, code, label))
    };
    let (mut groups, mut nowhere) = (BTreeMap::<_, ByArea>::new(), ByArea::new());
    let areas = reference.small_areas();
    for (number, count) in total {
        let category = category(areas.at(edition, *number));
        let group = category.map(|category| groups.entry(category).or_default());
        group.unwrap_or(&mut nowhere).push((*number, *count));
    }
    let groups = groups.into_iter();
    let groups = groups.map(|((_, code, label), of)| (Key::named(&by.id, code, label), of));
    let nowhere = (!nowhere.is_empty()).then(|| (Key::not_known(&by.id), nowhere));
    groups.chain(nowhere).collect()
}
