//! What stands beside the rows of what a question lists: the area, period or category that holds all of it. The model looks for
//! it by trying every one that there is.

use std::collections::{BTreeMap, BTreeSet};

use super::faults::contacts;
use super::model::{Fact, Label, Model};
use super::running::{Running, everything};
use super::view::views;
use super::world::{Given, Row, Said};
use crate::domain::codes::{CodeList, Source, Value};
use crate::domain::collection::Dataset;
use crate::domain::field::Field;
use crate::domain::period::Month;
use crate::domain::small_area::Edition;
use crate::engine::answer::{
    ExclusionQuestion, ImpactQuestion, Key, OutcomeQuestion, Protected, ProvisionQuestion,
};
use crate::engine::query::{AsOf, Asked, Filter, Query, TableKind, Where};

/// Whether a category lies in another, itself included.
fn lies_in(list: &CodeList, code: &str, outer: &str) -> bool {
    let of = |code: &str| list.categories.iter().find(|category| category.code == code);
    let ranges = of(code).and_then(|c| c.range).zip(of(outer).and_then(|c| c.range));
    if let Some((inner, outer)) = ranges {
        return (inner.0..=inner.1).all(|number| (outer.0..=outer.1).contains(&number));
    }
    // A small area is in no category of the list: the world has those of Leicester alone, whose district has all of them.
    let small = Edition::ALL.into_iter().find_map(|edition| list.small_areas()?.get(edition, code));
    if small.is_some() && code == outer {
        return true;
    }
    let mut at = of(small.map_or(code, |small| small.district));
    while let Some(category) = at {
        if category.code == outer {
            return true;
        }
        at = category.parent.as_ref().and_then(|parent| of(parent));
    }
    false
}

/// Every month there is whose name, as one of these periods, is this.
fn months_in(name: &str) -> BTreeSet<Month> {
    let all = (0..).map_while(Month::from_number);
    let named = |month: &Month| {
        let names = [month.quarter(), month.financial_year(), month.year().to_string()];
        names.contains(&name.to_owned()) || month.to_string() == name
    };
    all.filter(named).collect()
}

impl Model<'_> {
    /// Every area around an area.
    pub(super) fn around(&self, code: &str) -> BTreeSet<String> {
        let parents = &self.reference.areas().get(code).unwrap().parents;
        let further = parents.iter().flat_map(|parent| self.around(parent));
        parents.iter().cloned().chain(further).collect()
    }

    /// Several things that are listed get rows of their own, and no total. Channels that are columns are no rows.
    pub(super) fn has_total(query: &Query) -> bool {
        query.by.is_empty() || Self::listed(query).is_empty() && !Self::several_organisations(query)
    }

    fn several_organisations(query: &Query) -> bool {
        matches!(&query.place, Where::Organisations(codes) if codes.len() > 1)
    }

    fn listed(query: &Query) -> Vec<&Filter> {
        let columns = |f: &&Filter| query.table == TableKind::Channels && f.dimension == "channel";
        let several = query.filters.iter().filter(|f| f.codes.len() > 1 && !columns(f));
        let told_apart = |f: &&Filter| query.by.contains(&f.dimension);
        several.filter(told_apart).collect()
    }

    /// Nothing that a question lists is added up.
    pub(super) fn tells_apart(query: &Query) -> bool {
        let columns = |f: &&Filter| query.table == TableKind::Channels && f.dimension == "channel";
        let several = query.filters.iter().filter(|f| f.codes.len() > 1 && !columns(f));
        query.by.is_empty() || several.into_iter().all(|f| query.by.contains(&f.dimension))
    }

    /// Whether a row lies in a category that only the code list has; none where the condition is about others.
    pub(super) fn held(&self, filter: &Filter, (said, row): Fact<'_>) -> Option<bool> {
        let dimension = self.reference.dimension(&filter.dimension).unwrap();
        let (field, [code]) = (dimension.field()?, filter.codes.as_slice()) else { return None };
        if dimension.place_of(code).is_some() {
            return None;
        }
        let list = self.reference.list_of(field).unwrap();
        Some(match self.value(said, row, field) {
            Value::Codes(codes) => codes.iter().any(|inner| lies_in(list, inner, code)),
            Value::Number(number) => {
                let range = list.category(code).unwrap().range.unwrap();
                (range.0..=range.1).contains(&number)
            }
            Value::State(_) => false,
        })
    }

    /// Of each dimension that is listed and has a whole: the place of its key among those listed, its label, and the question about
    /// it by what else is listed. Its answer has the wholes of the others too.
    pub(super) fn declared_parents(&self, query: &Query) -> Vec<(usize, Label, Query)> {
        let (filters, several) = (Self::listed(query), Self::several_organisations(query));
        let is_listed = |id: &&String| {
            filters.iter().any(|filter| filter.dimension == **id)
                || several && *id == "organisation"
        };
        let listed: Vec<_> = query.by.iter().filter(is_listed).cloned().collect();
        let parent = |(number, id): (usize, &String)| {
            let mut whole = Query { by: listed.clone(), ..query.clone() };
            whole.by.remove(number);
            let code = match (&query.place, filters.iter().find(|filter| filter.dimension == *id)) {
                (place, Some(filter)) => {
                    let (code, made) = self.parent_of(query, place, filter)?;
                    let own = whole.filters.iter_mut().find(|other| other.dimension == *id);
                    *own.unwrap() = made;
                    code
                }
                (Where::Organisations(codes), None) => {
                    let everybody = self.reference.organisations().map(|o| o.code.clone());
                    let area = self.smallest(codes, &everybody.collect())?;
                    whole.place = Where::Provider(area.clone());
                    area
                }
                _ => unreachable!(),
            };
            Some((number, format!("!{code}"), whole))
        };
        listed.iter().enumerate().filter_map(parent).collect()
    }

    /// The rows of the wholes of what is listed, out of the rows of the questions about them.
    pub(super) fn with_parents<T>(
        &self,
        query: &Query,
        rows: &mut BTreeMap<Vec<Label>, T>,
        answered: &dyn Fn(Query) -> BTreeMap<Vec<Label>, T>,
    ) {
        for (number, label, whole) in self.declared_parents(query) {
            let of_whole = answered(whole).into_iter().map(|(mut key, of)| {
                key.insert(number, label.clone());
                (key, of)
            });
            rows.extend(of_whole);
        }
    }

    /// The area with the fewest organisations that has all of some, and none but some others.
    fn smallest(&self, all: &[String], within: &BTreeSet<String>) -> Option<String> {
        let first = self.reference.organisation(all.first()?)?;
        let of_first =
            self.reference.areas().iter().filter(|area| first.areas.contains(&area.code));
        let areas = of_first.map(|area| {
            (self.organisations(&Where::Provider(area.code.clone())), area.code.clone())
        });
        let whole = areas.filter(|(organisations, _)| {
            all.iter().all(|code| organisations.contains(code)) && organisations.is_subset(within)
        });
        whole.min_by_key(|(organisations, code)| (organisations.len(), code.clone())).map(|w| w.1)
    }

    fn parent_of(&self, query: &Query, place: &Where, filter: &Filter) -> Option<(String, Filter)> {
        let dimension = self.reference.dimension(&filter.dimension).unwrap();
        let of_area = |area: String| {
            let codes = self.organisations(&Where::Provider(area.clone())).into_iter().collect();
            (area, Filter { dimension: "organisation".into(), codes })
        };
        match &dimension.source {
            Source::Organisation => {
                self.smallest(&filter.codes, &self.organisations(place)).map(of_area)
            }
            Source::ProviderArea(_) => {
                let known = |code: &String| self.reference.areas().get(code).is_some();
                let within = self.organisations(place);
                let areas = self.reference.areas().iter().filter(|area| {
                    let holds =
                        |code: &String| known(code) && self.around(code).contains(&area.code);
                    if !filter.codes.iter().all(holds) {
                        return false;
                    }
                    let own = self.organisations(&Where::Provider(area.code.clone()));
                    own.is_subset(&within) && !own.is_empty()
                });
                let size = |area: &String| {
                    (self.organisations(&Where::Provider(area.clone())).len(), area.clone())
                };
                areas.map(|area| area.code.clone()).min_by_key(size).map(of_area)
            }
            Source::Month | Source::Quarter | Source::FinancialYear | Source::CalendarYear => {
                let months: BTreeSet<_> = filter.codes.iter().flat_map(|c| months_in(c)).collect();
                let asked = |month: &Month| (query.months.0..=query.months.1).contains(month);
                let first = months.first()?;
                let periods = [first.quarter(), first.financial_year(), first.year().to_string()];
                let filled = periods.into_iter().find(|name| months_in(name) == months)?;
                months.iter().all(asked).then(|| (filled, filter.clone()))
            }
            Source::Field(field) => {
                let list = self.reference.list_of(*field).unwrap();
                let listed = |code: &String| filter.codes.contains(code);
                let holds = |outer: &str| {
                    !listed(&outer.to_owned())
                        && filter.codes.iter().all(|code| lies_in(list, code, outer))
                };
                let found: Vec<_> =
                    list.categories.iter().map(|c| c.code.as_str()).filter(|c| holds(c)).collect();
                let nearest = |c: &&&str| found.iter().all(|other| lies_in(list, c, other));
                let code = (*found.iter().find(nearest)?).to_owned();
                // Everything that falls into what is listed.
                let falls = |category: &String| {
                    let value = Value::Codes(vec![category.clone()]);
                    self.labels_of(dimension, &value).iter().any(listed)
                };
                let mut inside = list.categories.iter().map(|c| &c.code).filter(|c| falls(c));
                let whole = inside.all(|category| lies_in(list, category, &code));
                let own = dimension.categories.iter().any(|(other, _)| *other == code);
                let made = Filter { codes: vec![code.clone()], ..filter.clone() };
                (whole && !own).then_some((code, made))
            }
            Source::OrganisationAttribute(_) | Source::Computed => None,
        }
    }
}

fn said(dataset: Dataset, organisation: &str, month: &str, rows: &[(u32, &str, &str)]) -> Said {
    let row = |(weight, ethnicity, channel): &(u32, &str, &str)| {
        let mut fields = vec![(Field::EthnicCategory, Given::Code((*ethnicity).into()))];
        if dataset == Dataset::Consultations {
            fields.push((Field::Channel, Given::Code((*channel).into())));
        }
        Row { fields: fields.into_iter().collect(), weight: Some(*weight), ..Row::default() }
    };
    let reference = crate::domain::codes::Content::embedded();
    let reference = crate::domain::reference::Reference::new(&reference).unwrap();
    let own = reference.list_of(Field::EthnicCategory).unwrap().system("equity_ethnicity").unwrap();
    Said {
        collection: "synthetic-llr",
        dataset,
        organisation: organisation.into(),
        month: month.parse().unwrap(),
        systems: [(Field::EthnicCategory, own)].into(),
        collected: [Field::EthnicCategory].into(),
        scheme: String::new(),
        rows: rows.iter().map(row).collect(),
    }
}

/// Three organisations and four months; in April some are only known to be Asian.
fn world() -> Running {
    let mut running = Running::new();
    let april: &[_] = &[
        (1, "H", "FACE_TO_FACE"),
        (2, "J", "TELEPHONE"),
        (4, "K", "HOME_VISIT"),
        (8, "asian", "FACE_TO_FACE"),
        (16, "R", "VIDEO"),
        (32, "A", "FACE_TO_FACE"),
    ];
    let (visits, snapshots) = (Dataset::Consultations, Dataset::DigitalAccess);
    running.submit(said(visits, "04C", "2020-04", april));
    running.submit(said(visits, "04V", "2020-04", &[(64, "A", "TELEPHONE")]));
    running.submit(said(visits, "03W", "2020-04", &[(128, "B", "TELEPHONE")]));
    running.submit(said(visits, "04C", "2020-05", &[(256, "A", "TELEPHONE")]));
    running.submit(said(visits, "04C", "2020-06", &[(512, "A", "TELEPHONE")]));
    running.submit(said(visits, "04C", "2020-07", &[(1024, "A", "TELEPHONE")]));
    running.submit(said(snapshots, "04C", "2020-04", &[(5, "H", ""), (7, "asian", "")]));
    running.submit(said(snapshots, "04C", "2020-06", &[(11, "H", ""), (13, "J", "")]));
    running
}

fn query(
    running: &Running,
    table: TableKind,
    area: &str,
    last: &str,
    filter: (&str, &[&str]),
) -> Query {
    let codes = filter.1.iter().map(|code| (*code).to_owned()).collect();
    let asked = Asked {
        table,
        collection: "synthetic-llr".into(),
        area: area.into(),
        first: "2020-04".into(),
        last: last.into(),
        filters: vec![Filter { dimension: filter.0.into(), codes }],
        ..Asked::default()
    };
    Query::new(&running.reference(), &everything(), &asked, AsOf::Head).unwrap()
}

fn name(keys: &[Key]) -> String {
    let name = |key: &Key| match key.state {
        Some(state) => format!("{}={}:{}", key.dimension, key.code, state.name()),
        None => key.code.clone(),
    };
    keys.iter().map(name).collect::<Vec<_>>().join("|")
}

fn names(answer: &Protected) -> Vec<String> {
    answer.rows().iter().map(|row| name(&row.keys)).collect()
}

/// Rows and a count of each.
fn counts(answer: &Protected, id: &str) -> Vec<(String, u64)> {
    names(answer).into_iter().zip(views(answer).map(|row| row.count(id))).collect()
}

/// Rows and their totals of every table that counts consultations, which have to agree.
fn consultations(
    running: &Running,
    area: &str,
    last: &str,
    filter: (&str, &[&str]),
) -> Vec<(String, u64)> {
    let engine = running.engine();
    let of = |table| query(running, table, area, last, filter);
    let provision = ProvisionQuestion {
        query: of(TableKind::Consultations),
        access_collection: String::new(),
        request_met_days: 14,
    };
    let found = counts(&engine.answer(&provision).unwrap(), "CONTACTS");
    let impact =
        ImpactQuestion { query: of(TableKind::Consultations), late_counts_as_missed: false };
    let impact = engine.answer(&impact).unwrap();
    assert!(names(&impact).iter().eq(found.iter().map(|(key, _)| key)));
    if filter.0 != "channel" {
        let channels = engine.answer(&contacts(of(TableKind::Channels))).unwrap();
        assert_eq!(counts(&channels, "CONTACTS"), found);
        let outcomes =
            OutcomeQuestion { query: of(TableKind::Channels), late_counts_as_missed: false };
        let outcomes = engine.answer(&outcomes).unwrap();
        assert_eq!(counts(&outcomes, "CONTACTS"), found);
        let told = outcomes.provenance().notes.iter().any(|note| note.starts_with("The row "));
        assert_eq!(told, found.iter().any(|(key, _)| key.contains(":ANY")), "{found:?}");
    }
    found
}

#[test]
fn what_is_listed_stands_beside_what_is_declared_to_hold_it() {
    let running = world();
    let rows = |area: &str, last: &str, dimension: &str, codes: &[&str]| {
        let found = consultations(&running, area, last, (dimension, codes));
        found.iter().map(|(key, total)| format!("{key} {total}")).collect::<Vec<_>>().join(", ")
    };
    // K is not listed, and 8 are only known to be Asian; Chinese is in no broad group of the list.
    let asian = "ethnic_category=asian:ANY 15, H 1, J 2";
    assert_eq!(rows("QK1", "2020-04", "ethnic_category", &["H", "J"]), asian);
    assert_eq!(rows("QK1", "2020-04", "ethnic_category", &["H", "R"]), "H 1, R 16");
    assert_eq!(rows("QK1", "2020-04", "ethnic_category", &["H", "NOT_STATED"]), "H 1");
    let quarter = "month=2020-Q2:ANY 1023, 2020-04 255, 2020-05 256, 2020-06 512";
    let months = ["2020-05", "2020-04", "2020-06"];
    assert_eq!(rows("QK1", "2020-07", "month", &months), quarter);
    assert_eq!(rows("QK1", "2020-07", "month", &months[..2]), "2020-04 255, 2020-05 256");
    // June is not asked for: the quarter would not be whole.
    assert_eq!(rows("QK1", "2020-05", "month", &months), "2020-04 255, 2020-05 256");
    let system = "organisation=QK1:ANY 255, 04C 63, 04V 64";
    assert_eq!(rows("QK1", "2020-04", "organisation", &["04C", "04V"]), system);
    let places = "place=QK1:ANY 255, E06000016 63, E10000018 64";
    assert_eq!(rows("QK1", "2020-04", "place", &["E06000016", "E10000018"]), places);
    // What is asked for is smaller than the area that holds both.
    assert_eq!(rows("E06000016", "2020-04", "organisation", &["04C", "04V"]), "04C 63");
}

/// The whole of each dimension stands beside what is listed of the other, and beside its whole.
#[test]
fn of_two_dimensions_that_are_listed_both_wholes_stand() {
    let running = world();
    let rows = |last: &str, second: (&str, &[&str])| {
        let codes = second.1.iter().map(|code| (*code).to_owned()).collect();
        let mut query =
            query(&running, TableKind::Channels, "QK1", last, ("ethnic_category", &["H", "J"]));
        query.by.push(second.0.into());
        query.filters.push(Filter { dimension: second.0.into(), codes });
        let answer = running.engine().answer(&contacts(query)).unwrap();
        let notes = answer.provenance().notes.iter();
        let of_rows = notes.filter(|note| note.starts_with("The row ")).count();
        let found = counts(&answer, "CONTACTS").into_iter();
        let found = found.map(|(key, total)| format!("{key} {total}")).collect::<Vec<_>>();
        (found.join(", "), of_rows)
    };
    let (found, notes) = rows("2020-06", ("month", &["2020-04", "2020-05", "2020-06"]));
    assert_eq!(
        found,
        "ethnic_category=asian:ANY|month=2020-Q2:ANY 15, ethnic_category=asian:ANY|2020-04 15, \
         H|month=2020-Q2:ANY 1, J|month=2020-Q2:ANY 2, H|2020-04 1, J|2020-04 2"
    );
    assert_eq!(notes, 2);
    // Two months are no quarter.
    let (found, notes) = rows("2020-06", ("month", &["2020-04", "2020-05"]));
    assert_eq!(found, "ethnic_category=asian:ANY|2020-04 15, H|2020-04 1, J|2020-04 2");
    assert_eq!(notes, 1);
}

#[test]
fn several_channels_are_rows_where_they_are_no_columns() {
    let running = world();
    let rows =
        consultations(&running, "QK1", "2020-04", ("channel", &["FACE_TO_FACE", "TELEPHONE"]));
    let expected = [("FACE_TO_FACE".to_owned(), 41), ("TELEPHONE".to_owned(), 194)];
    assert_eq!(rows, expected);
}

#[test]
fn of_snapshots_the_last_of_the_period_stands_beside_the_months() {
    let running = world();
    let rows = |filter| {
        let query = query(&running, TableKind::Access, "QK1", "2020-06", filter);
        let question =
            ExclusionQuestion { query, indicators: Vec::new(), reasons: true, estimates: None };
        counts(&running.engine().answer(&question).unwrap(), "PEOPLE")
    };
    let expected = [("month=2020-Q2:ANY", 24), ("2020-04", 12), ("2020-06", 24)];
    let expected: Vec<_> = expected.map(|(key, people)| (key.to_owned(), people)).into();
    assert_eq!(rows(("month", &["2020-04", "2020-05", "2020-06"])), expected);
    let expected = [("ethnic_category=asian:ANY", 24), ("H", 11), ("J", 13)];
    let expected: Vec<_> = expected.map(|(key, people)| (key.to_owned(), people)).into();
    assert_eq!(rows(("ethnic_category", &["H", "J"])), expected);
}
