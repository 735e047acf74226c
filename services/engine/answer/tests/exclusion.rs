//! Who is digitally excluded, held against a count of the last snapshots row by row.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Fact, Label, Model, weight};
use super::random::{Random, cases};
use super::running::{Running, everything};
use super::view::{View, everybody, views};
use super::world::{Given, Row, Said, Setting};
use crate::domain::codes::Source;
use crate::domain::collection::Dataset;
use crate::domain::field::Field;
use crate::domain::indicator::Count;
use crate::domain::measures::Tally;
use crate::engine::QueryError;
use crate::engine::answer::{ExclusionQuestion, Protected, Reason, counted_indicators};
use crate::engine::query::{AsOf, Asked, Basis, Filter, Query, TableKind, Where};

const UNKNOWN: [&str; 6] =
    ["!NOT_STATED", "!ASKED_UNSURE", "!NOT_KNOWN", "!NOT_RECORDED", "!INVALID", "!COARSER"];

/// What a row has to be.
#[derive(Debug, Default, PartialEq)]
struct Expected {
    people: u64,
    tallies: BTreeMap<String, Tally<u64>>,
    reasons: BTreeMap<Label, u64>,
    /// Those asked for reasons: known, unknown, not collected; and everybody else.
    reason_base: [u64; 4],
    /// Difference and whether it has limits, of those that have one.
    gaps: BTreeMap<String, (String, bool)>,
}

fn is(label: &Label, code: &str) -> bool {
    label.strip_prefix('!').unwrap_or(label) == code
}

impl Model<'_> {
    /// The facts of each organisation's last snapshot, within each of these periods.
    fn last<'f>(&self, facts: &[Fact<'f>], said: &[&Said], times: &[String]) -> Vec<Fact<'f>> {
        let period = |said: &Said| -> Vec<Label> {
            let labels = times.iter().map(|id| self.labels(id, (said, &said.rows[0])).remove(0));
            std::iter::once(said.organisation.clone()).chain(labels).collect()
        };
        let last = |of: &Said| {
            let same = said.iter().filter(|other| period(other) == period(of));
            same.map(|other| other.month).max() == Some(of.month)
        };
        facts.iter().filter(|fact| last(fact.0)).copied().collect()
    }

    fn indicator(&self, id: &str, facts: &[Fact<'_>]) -> Tally<u64> {
        let of = |answers: &[char]| {
            let meant = facts.iter().filter(|fact| answers.contains(&self.says(id, **fact)));
            meant.map(|fact| weight(fact.1)).sum()
        };
        Tally {
            numerator: of(&['y']),
            denominator: of(&['y', 'n']),
            unknown: of(&['?']),
            not_collected: of(&['!']),
            outside: of(&['-']),
        }
    }

    /// Yes, no, or why neither: `?` not known, or not whether it applies; `!` the one or the other is not collected; `-` does not
    /// apply.
    fn says(&self, id: &str, fact: Fact<'_>) -> char {
        let Some(Count::Share { dimension, numerator, denominator, conditions, .. }) =
            &self.reference.indicator(id).unwrap().count
        else {
            unreachable!()
        };
        let among = |label: &Label, codes: &[String]| codes.iter().any(|code| is(label, code));
        let missing = |label: &Label| match label.as_str() {
            "!NOT_COLLECTED" => '!',
            label if UNKNOWN.contains(&label) => '?',
            _ => '-',
        };
        let unmet: Vec<_> = conditions
            .iter()
            .map(|condition| (self.labels(&condition.dimension, fact).remove(0), condition))
            .filter(|(label, condition)| !among(label, &condition.codes))
            .map(|(label, _)| missing(&label))
            .collect();
        let says = match self.labels(dimension, fact).remove(0) {
            label if among(&label, numerator) => 'y',
            label if among(&label, denominator) => 'n',
            label => missing(&label),
        };
        // What does not apply goes before what is not collected, and that before what is not known.
        let of = [&unmet[..], &[says]].concat();
        let why = ['-', '!', '?'].into_iter().find(|why| of.contains(why));
        why.unwrap_or(says)
    }

    fn row(&self, asked: &[String], facts: &[Fact<'_>]) -> Expected {
        let mut expected = Expected {
            people: facts.iter().map(|fact| weight(fact.1)).sum(),
            ..Expected::default()
        };
        for id in asked {
            match self.reference.indicator(id).unwrap().count.as_ref().unwrap() {
                Count::Share { .. } => {
                    expected.tallies.insert(id.clone(), self.indicator(id, facts));
                }
                Count::Difference { difference: (first, second) } => {
                    let (one, two) = (self.indicator(first, facts), self.indicator(second, facts));
                    if one.denominator == 0 || two.denominator == 0 {
                        continue;
                    }
                    let of = |tally: Tally<u64>| tally.numerator as f64 / tally.denominator as f64;
                    let known = |id: &str, fact: Fact<'_>| matches!(self.says(id, fact), 'y' | 'n');
                    let same = facts
                        .iter()
                        .filter(|f| weight(f.1) > 0)
                        .all(|fact| known(first, *fact) == known(second, *fact));
                    let value = format!("{:.12}", of(one) - of(two));
                    expected.gaps.insert(id.clone(), (value, same));
                }
            }
        }
        for fact in facts {
            let access = self.labels("digital_access", *fact).remove(0);
            let reasons: BTreeSet<_> = self.labels("exclusion_reason", *fact).into_iter().collect();
            let has = |state: &str| reasons.contains(state);
            let excluded = ["WITH_HELP", "UNABLE"].contains(&access.as_str());
            let place = match access.as_str() {
                _ if has("!NOT_APPLICABLE") => 3,
                "!NOT_APPLICABLE" => 3,
                _ if !excluded && !access.starts_with('!') => 3,
                "!NOT_COLLECTED" => 2,
                _ if has("!NOT_COLLECTED") => 2,
                _ if excluded && (has("!ANY") || has("!NONE")) => 0,
                _ => 1,
            };
            expected.reason_base[place] += weight(fact.1);
            if !excluded {
                continue;
            }
            for reason in reasons.into_iter().filter(|r| r != "!ANY" && r != "!COARSER") {
                *expected.reasons.entry(reason).or_default() += weight(fact.1);
            }
        }
        let asked = expected.reason_base[..3].iter().sum::<u64>();
        expected.reason_base[3] = expected.people - asked;
        expected.reasons.retain(|_, count| *count > 0);
        expected
    }

    fn rows_of_exclusion(&self, question: &ExclusionQuestion) -> BTreeMap<Vec<Label>, Expected> {
        let query = &question.query;
        let said = self.submissions(query, Dataset::DigitalAccess);
        let all = self.facts(query, &query.filters, Dataset::DigitalAccess);
        let time = |id: &&String| {
            let source = &self.reference.dimension(id).unwrap().source;
            matches!(
                source,
                Source::Month | Source::Quarter | Source::FinancialYear | Source::CalendarYear
            )
        };
        let times: Vec<_> = query.by.iter().filter(time).cloned().collect();
        let mut rows = BTreeMap::new();
        if Self::has_total(query) {
            let facts = self.last(&all, &said, &[]);
            rows.insert(Vec::new(), self.row(&question.indicators, &facts));
        }
        let facts = self.last(&all, &said, &times);
        for (key, facts) in self.table(&query.by, &facts) {
            let counts = facts.iter().any(|fact| weight(fact.1) > 0);
            if !key.is_empty() && counts && self.wanted(query, &query.filters, &key) {
                rows.insert(key, self.row(&question.indicators, &facts));
            }
        }
        self.with_parents(query, &mut rows, &|whole| {
            self.rows_of_exclusion(&ExclusionQuestion { query: whole, ..question.clone() })
        });
        rows
    }

    /// Where no reason occurs in any row, there is no column that tells who is asked for one.
    fn exclusion(&self, question: &ExclusionQuestion) -> BTreeMap<Vec<Label>, Expected> {
        let mut rows = self.rows_of_exclusion(question);
        if rows.values().all(|row| row.reasons.is_empty()) {
            rows.values_mut().for_each(|row| row.reason_base = [0, 0, 0, row.people]);
        }
        rows
    }
}

fn found(question: &ExclusionQuestion, row: &View<'_>) -> Expected {
    let is_gap = |id: &&String| *id == "DX-19";
    let people = row.count("PEOPLE");
    let mut found = Expected { people, ..Expected::default() };
    for id in question.indicators.iter().filter(|id| !is_gap(id)) {
        let tally = row.tally(id);
        assert_eq!(row.value(id).is_some(), tally.denominator > 0);
        let nobody = tally.unknown + tally.not_collected == 0;
        match row.why(id) {
            None => assert!(row.cell(id).figure.as_ref().unwrap().limits.is_some()),
            Some(Reason::NoData) => assert!(nobody, "{id}: {tally:?}"),
            Some(Reason::NotCollected) => assert!(!nobody && tally.unknown == 0, "{id}: {tally:?}"),
            Some(Reason::NotComputable) => assert!(tally.unknown > 0, "{id}: {tally:?}"),
            Some(why @ (Reason::Suppressed | Reason::Withheld | Reason::Erased)) => {
                panic!("{id}: {why:?}")
            }
        }
        found.tallies.insert(id.clone(), tally);
    }
    for id in question.indicators.iter().filter(is_gap) {
        if let Ok(figure) = &row.cell(id).figure {
            let gap = (format!("{:.12}", figure.value), figure.limits.is_some());
            found.gaps.insert(id.clone(), gap);
        }
    }
    let reasons = row.of("DX-21-REASON");
    let others = |tally: &Tally<u64>| [tally.unknown, tally.not_collected, tally.outside];
    found.reason_base = [0, 0, 0, people];
    for (number, (reason, cell)) in reasons.iter().enumerate() {
        let tally = row.tally_of(cell);
        assert!(number == 0 || found.reason_base[1..] == others(&tally), "{reason}");
        let known = !reason.starts_with('!') || reason == "!NONE";
        assert_eq!(cell.figure.is_ok(), known && tally.denominator > 0);
        if known {
            assert_eq!(everybody(tally), people, "{reason}");
        }
        found.reason_base[0] = found.reason_base[0].max(tally.denominator);
        found.reason_base[1..].copy_from_slice(&others(&tally));
        if tally.numerator > 0 {
            found.reasons.insert(reason.clone(), tally.numerator);
        }
    }
    found
}

pub(super) fn asked(
    random: &mut Random,
    running: &Running,
    setting: &Setting,
    as_of: AsOf,
) -> Option<ExclusionQuestion> {
    let reference = running.reference();
    let by = [
        "month",
        "quarter",
        "financial_year",
        "calendar_year",
        "organisation",
        "place",
        "sex",
        "age_band",
        "disability",
        "exclusion_reason",
        "digital_access",
        "online_any",
        "ethnic_group_broad",
    ];
    let table = TableKind::Access;
    let mut asked = Asked { table, collection: "synthetic-llr".into(), ..Asked::default() };
    if random.chance(60) {
        asked.area = (*random.pick(&["QK1", "QK1", "E10000018", "03W"])).into();
        let at_home = asked.area == "QK1" && random.chance(15);
        asked.basis = at_home.then_some(Basis::Residence);
    } else {
        asked.organisations.clone_from(&setting.organisations);
        asked.organisations.truncate(1 + random.below(3));
    }
    (asked.first, asked.last) = ("2019".into(), "2020/21".into());
    for _ in 0..random.below(3) {
        asked.by.push((*random.pick(&by)).into());
    }
    if random.chance(40) {
        let (dimension, codes) = *random.pick(&[
            ("sex", &["1"] as &[&str]),
            ("sex", &["1", "NOT_RECORDED"]),
            ("age_13", &["13+"]),
            ("digital_access", &["UNABLE"]),
            ("digital_access", &["UNABLE", "NOT_COLLECTED"]),
            ("calendar_year", &["2020"]),
        ]);
        let codes = codes.iter().map(|code| (*code).to_owned()).collect();
        asked.filters.push(Filter { dimension: dimension.into(), codes });
    }
    let query = Query::new(&reference, &everything(), &asked, as_of).ok()?;
    let (mut indicators, reasons) = counted_indicators(&reference, &[]).unwrap();
    if random.chance(30) {
        random.shuffle(&mut indicators);
        indicators.truncate(3);
        indicators.sort();
    }
    Some(ExclusionQuestion { query, indicators, reasons, estimates: None })
}

#[test]
fn the_last_snapshots_are_counted_person_by_person() {
    let (mut filled, mut limits, mut gaps, mut over_time) = (0, 0, 0, 0);
    for seed in 0..cases(8) {
        let mut random = Random::new(seed + 7_000);
        let mut running = Running::new();
        let reference = running.reference();
        let setting = Setting::random(&mut random, &reference);
        for _ in 0..4 + random.below(8) {
            let mut said = setting.said_in(&mut random, &reference, Dataset::DigitalAccess);
            said.collection = "synthetic-llr";
            if random.chance(60) {
                // Where everything is said, the two shares of a gap are of the same people.
                said.make_adults();
            }
            running.submit(said);
        }
        for _ in 0..40 {
            let head = running.engine().store().catalog().position;
            let position =
                if random.chance(70) { head } else { random.below(head as usize + 1) as u64 };
            let as_of = AsOf::Position(position);
            let Some(question) = asked(&mut random, &running, &setting, as_of) else { continue };
            let answer = match running.engine().answer(&question) {
                Ok(answer) => answer,
                Err(QueryError::TooLarge { .. }) => continue,
                Err(error) => panic!("{error}"),
            };
            let model = Model { reference: &reference, standing: running.standing(position) };
            let expected = model.exclusion(&question);
            let rows: BTreeMap<_, _> =
                views(&answer).map(|row| (row.labels(), found(&question, &row))).collect();
            assert_eq!(rows, expected, "world {seed}: {question:?}");
            assert!(Model::tells_apart(&question.query), "added up silently: {question:?}");
            filled += usize::from(rows.values().any(|row| row.people > 0));
            let of_gaps = || rows.values().flat_map(|row| row.gaps.values());
            limits += of_gaps().filter(|(_, limits)| *limits).count();
            gaps += of_gaps().filter(|(_, limits)| !limits).count();
            over_time += usize::from(question.query.by.iter().any(|id| id == "month"));
            if matches!(question.query.place, Where::Provider(_))
                && rows.values().all(|r| r.people == 0)
            {
                assert!(answer.provenance().empty.is_some());
            }
        }
    }
    assert!(
        filled > 60 && limits > 20 && gaps > 20 && over_time > 10,
        "{filled} {limits} {gaps} {over_time}"
    );
}

fn snapshot(organisation: &str, collected: &[Field], rows: Vec<Row>) -> Said {
    Said {
        collection: "synthetic-llr",
        dataset: Dataset::DigitalAccess,
        organisation: organisation.into(),
        month: "2020-04".parse().unwrap(),
        systems: BTreeMap::new(),
        collected: collected.iter().copied().collect(),
        scheme: String::new(),
        rows,
    }
}

fn people(count: u32, fields: &[(Field, Given)]) -> Row {
    Row { fields: fields.iter().cloned().collect(), weight: Some(count), ..Row::default() }
}

/// The answer of an organisation, or of all of the area.
fn told(running: &Running, organisation: Option<&str>) -> Protected {
    let reference = running.reference();
    let asked = Asked {
        table: TableKind::Access,
        collection: "synthetic-llr".into(),
        organisations: organisation.into_iter().map(Into::into).collect(),
        area: if organisation.is_none() { "QK1".into() } else { String::new() },
        first: "2020-04".into(),
        ..Asked::default()
    };
    let query = Query::new(&reference, &everything(), &asked, AsOf::Head).unwrap();
    let (indicators, reasons) = counted_indicators(&reference, &[]).unwrap();
    let question = ExclusionQuestion { query, indicators, reasons, estimates: None };
    running.engine().answer(&question).unwrap()
}

#[test]
fn of_whom_it_is_not_known_whether_it_applies_is_counted_apart() {
    let mut running = Running::new();
    let code = |code: &str| Given::Code(code.into());
    let registered = || (Field::AppRegistered, code("Y"));
    let known = [
        people(2, &[(Field::Age, Given::Number(30)), registered()]),
        // Not known; known, but not on which side of 13.
        people(4, &[registered()]),
        people(1, &[(Field::Age, code("10-14")), registered()]),
        // Too young: in no count.
        people(3, &[(Field::Age, Given::Number(12)), registered()]),
    ];
    running.submit(snapshot("04C", &[Field::Age], known.to_vec()));
    running.submit(snapshot("04V", &[], vec![people(7, &[registered()])]));
    let counts = |answer: &Protected, id: &str| {
        let tally = views(answer).next().unwrap().tally(id);
        [tally.numerator, tally.denominator, tally.unknown, tally.not_collected, tally.outside]
    };
    let why = |answer: &Protected, id: &str| views(answer).next().unwrap().why(id);
    let (first, second) = (told(&running, Some("04C")), told(&running, Some("04V")));
    assert_eq!(counts(&first, "DX-06"), [2, 2, 5, 0, 3]);
    assert_eq!(why(&first, "DX-06"), None);
    assert_eq!(counts(&second, "DX-06"), [0, 0, 0, 7, 0]);
    assert_eq!(why(&second, "DX-06"), Some(Reason::NotCollected));
    // Nobody says who cannot use remote care, nor whether support was offered.
    for id in ["DX-09", "DX-18-OFFERED", "DX-18-ACCEPTED"] {
        assert_eq!(
            (counts(&first, id), why(&first, id)),
            ([0, 0, 0, 10, 0], Some(Reason::NotCollected))
        );
    }
    // All of them together.
    let both = told(&running, None);
    assert_eq!(counts(&both, "DX-06"), [2, 2, 5, 7, 3]);
    // Only children: nobody to whom it applies. Only unknown ages: not known.
    let child = people(3, &[(Field::Age, Given::Number(5)), registered()]);
    running.submit(snapshot("04C", &[Field::Age], vec![child]));
    assert_eq!(why(&told(&running, Some("04C")), "DX-06"), Some(Reason::NoData));
    running.submit(snapshot("04C", &[Field::Age], vec![people(3, &[registered()])]));
    assert_eq!(why(&told(&running, Some("04C")), "DX-06"), Some(Reason::NotComputable));
}
