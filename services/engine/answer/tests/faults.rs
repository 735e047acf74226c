//! Faults that were there once, or would be easy to make.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::history::told;
use super::running::{Running, everything};
use super::view::{everybody, views};
use super::world::{Given, Row, Said, of_leicester};
use crate::domain::codes::Value;
use crate::domain::collection::Dataset;
use crate::domain::cube::Cube;
use crate::domain::field::Field;
use crate::domain::small_area::Edition;
use crate::engine::QueryError;
use crate::engine::answer::{ChannelQuestion, OutcomeQuestion, Protected, Reason};
use crate::engine::cache::{EncodedAnswer, Shown};
use crate::engine::query::{AsOf, Asked, Denominator, Filter, Measure, Query};

pub(super) fn said(dataset: Dataset, organisation: &str, month: &str, rows: Vec<Row>) -> Said {
    Said {
        collection: "synthetic-llr",
        dataset,
        organisation: organisation.into(),
        month: month.parse().unwrap(),
        systems: [(Field::Disability, 1)].into(),
        collected: [Field::Sex, Field::Age, Field::Disability].into(),
        scheme: "nhs".into(),
        rows,
    }
}

pub(super) fn row(weight: u32, fields: &[(Field, &str)]) -> Row {
    let given = |field: Field, code: &str| {
        let code = code.to_owned();
        if field.is_multiple() { Given::Set(vec![code]) } else { Given::Code(code) }
    };
    let fields = fields.iter().map(|(field, code)| (*field, given(*field, code))).collect();
    Row { fields, weight: Some(weight), ..Row::default() }
}

pub(super) fn telephone(weight: u32) -> Row {
    row(weight, &[(Field::Channel, "TELEPHONE")])
}

pub(super) fn query(running: &Running, area: &str, by: &[&str]) -> Query {
    let asked = Asked {
        collection: "synthetic-llr".into(),
        area: area.into(),
        first: "2020-04".into(),
        last: "2020-06".into(),
        by: by.iter().map(|id| (*id).to_owned()).collect(),
        ..Asked::default()
    };
    Query::new(&running.reference(), &everything(), &asked, AsOf::Head).unwrap()
}

pub(super) fn contacts(query: Query) -> ChannelQuestion {
    ChannelQuestion {
        query,
        measure: Measure::Contacts,
        denominator: Denominator::All,
        rates: None,
    }
}

/// The consultations of each row.
pub(super) fn totals(answer: &Protected) -> Vec<u64> {
    views(answer).map(|row| row.count("CONTACTS")).collect()
}

#[test]
fn a_rate_has_no_people_of_months_without_consultations() {
    let mut running = Running::new();
    running.submit(said(Dataset::Consultations, "04C", "2020-04", vec![telephone(50)]));
    for month in ["2020-04", "2020-05"] {
        running.submit(said(Dataset::Populations, "04C", month, vec![row(1000, &[])]));
    }
    running.submit(said(Dataset::Populations, "04V", "2020-04", vec![row(7, &[])]));
    for by in [&[][..], &["organisation"]] {
        let rates = Some(String::new());
        let question = ChannelQuestion { rates, ..contacts(query(&running, "QK1", by)) };
        let answer = running.engine().answer(&question).unwrap();
        for row in views(&answer) {
            assert_eq!(row.tally("CH-03/TELEPHONE").denominator, 1000, "{by:?}");
        }
    }
}

#[test]
fn volume_that_belongs_to_no_place_is_part_of_what_an_answer_was_made_of() {
    let mut running = Running::new();
    for organisation in ["04C", "03W"] {
        running.submit(said(Dataset::Consultations, organisation, "2020-04", vec![telephone(50)]));
    }
    let question = contacts(query(&running, "E06000016", &[]));
    let found = running.engine().answer(&question).unwrap();
    let unattributed =
        |found: &Protected| found.provenance().unattributed.as_ref().map(|(count, _)| *count);
    assert_eq!(unattributed(&found), Some(50));
    let last = running.changes.last().unwrap().position;
    assert_eq!(found.provenance().data_position, last, "03W's submission bears on the answer");
    let answers = running.engine().answers();
    let position = found.position();
    let encoded = EncodedAnswer {
        body: "a".into(),
        position,
        data_position: last,
        released: false,
        shown: Shown::default(),
    };
    answers.keep("q".into(), encoded, found.scope().unwrap().clone());
    assert!(answers.get(b"q").is_some());
    running.submit(said(Dataset::Consultations, "03W", "2020-04", vec![telephone(80)]));
    assert!(running.engine().answers().get(b"q").is_none(), "80 cannot be attributed now");
    let outcomes = OutcomeQuestion { query: question.query, late_counts_as_missed: false };
    let found = running.engine().answer(&outcomes).unwrap();
    assert_eq!(unattributed(&found), Some(80), "outcomes say so too");
}

#[test]
fn quality_counts_a_set_that_is_known_coarsely_once() {
    let mut running = Running::new();
    // `Y` of DISABILITY INDICATOR: disabled, kind not given. It is both COARSER and ANY.
    let disabled = (Field::Disability, "Y");
    let rows = vec![
        row(1, &[(Field::Channel, "TELEPHONE"), disabled, (Field::Sex, "1")]),
        row(1, &[(Field::Channel, "TELEPHONE"), (Field::Disability, "N")]),
    ];
    running.submit(said(Dataset::Consultations, "04C", "2020-04", rows));
    let question = contacts(query(&running, "QK1", &["sex", "disability"]));
    let answer = running.engine().answer(&question).unwrap();
    let (_, sex) = answer.provenance().quality.iter().find(|(of, _)| of == "sex").unwrap();
    assert_eq!((sex.coverage, sex.unknown), (Some(1.0), Some(0.5)));
}

#[test]
fn a_condition_on_organisations_does_not_make_the_others_late() {
    let mut running = Running::new();
    for organisation in ["C82001", "C82010"] {
        running.submit(said(Dataset::Consultations, organisation, "2020-04", vec![telephone(50)]));
    }
    let mut query = query(&running, "QK1", &[]);
    query.filters.push(Filter { dimension: "organisation".into(), codes: vec!["C82001".into()] });
    let answer = running.engine().answer(&contacts(query)).unwrap();
    let context = answer.provenance();
    assert_eq!((context.organisation_count, context.expected_organisation_count), (1, 1));
    let late: Vec<_> =
        context.notes.iter().filter(|note| note.contains("submitted nothing")).collect();
    assert!(late.is_empty(), "{late:?}");
}

/// An answer is made of several tables. While others submit, all of them have to be of one position.
#[test]
fn an_answer_is_of_one_position() {
    let mut running = Running::new();
    running.submit(said(Dataset::Consultations, "04C", "2020-06", vec![telephone(3)]));
    let question =
        OutcomeQuestion { query: query(&running, "QK1", &["month"]), late_counts_as_missed: false };
    let (done, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    let engine = running.engine_handle();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let answer = engine.answer(&question).unwrap();
                for row in views(&answer) {
                    let (totals, waits) = (row.of("CONTACTS"), row.of("CH-11-SAME-DAY"));
                    assert!(totals.keys().eq(waits.keys()));
                    for (channel, total) in totals {
                        let waits = everybody(row.tally_of(waits[&channel]));
                        assert_eq!(waits, row.tally_of(total).numerator, "{:?}", told(&answer));
                    }
                }
                asked.fetch_add(1, Ordering::Relaxed);
            }
        });
        // A busy machine may ask slowly: go on until enough was asked while this submits, within a bound.
        for round in 0..2000 {
            if round >= 40 && asked.load(Ordering::Relaxed) > 40 {
                break;
            }
            let month = ["2020-04", "2020-05"][round % 2];
            let weight = 10 + u32::try_from(round).unwrap();
            running.submit(said(Dataset::Consultations, "04C", month, vec![telephone(weight)]));
            if round % 4 > 1 {
                let about = running.changes.last().unwrap().about.clone();
                running.withdraw(&about);
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    assert!(asked.into_inner() > 0);
}

#[test]
fn what_is_too_large_is_refused_and_what_is_large_is_counted() {
    let mut running = Running::new();
    let reference = running.reference();
    let home = |place| of_leicester(&reference, Edition::Lsoa2021, place);
    let homes: Vec<_> = (0..600).map(home).collect();
    let channels = ["FACE_TO_FACE", "TELEPHONE", "VIDEO", "EMAIL"];
    let languages = &reference.list_of(Field::MainLanguage).unwrap().systems[0].codes;
    let mut rows = Vec::new();
    for place in 0..600 {
        let mut one = row(
            2,
            &[
                (Field::ResidenceLsoa, &homes[place]),
                (Field::Channel, channels[place % 4]),
                (Field::MainLanguage, &languages[place % 150].0),
            ],
        );
        one.fields.insert(Field::Age, Given::Number(place as i32 % 100));
        rows.push(one);
    }
    let mut large = said(Dataset::Consultations, "04C", "2020-04", rows);
    large.collected.insert(Field::MainLanguage);
    running.submit(large);
    let ask_where = |by: &[&str], filters: Vec<Filter>| {
        let query = Query { filters, ..query(&running, "QK1", by) };
        running.engine().answer(&contacts(query)).map(|answer| totals(&answer))
    };
    let ask = |by: &[&str]| ask_where(by, Vec::new());
    let found = ask(&["residence_lsoa", "age_band", "month"]).unwrap();
    assert_eq!((found[0], found.len()), (1200, 601));
    let by = ["residence_lsoa", "age_years", "main_language"];
    let Err(QueryError::TooLarge { cells, nearest: Some(nearest), .. }) = ask(&by) else {
        panic!("{:?}", ask(&by))
    };
    assert!(cells > Cube::LIMIT as u64);
    // The nearest question that is named is answered, and the next finer one is not.
    let (coarser, of) = nearest.split_once(" in the place of ").unwrap();
    assert_eq!(of, "`residence_lsoa`");
    let found = ask(&[coarser.trim_matches('`'), "age_years", "main_language"]).unwrap();
    assert_eq!(found[0], 1200);
    // Of the small areas of a condition the table is as large as it must be.
    let dimension = reference.dimension("residence_place").unwrap();
    let rutland = dimension.place_of("E06000017").unwrap();
    let lives_there = |home: &&String| {
        reference.places(dimension, &Value::Codes(vec![(*home).clone()])) == [rutland]
    };
    let in_it = homes.iter().filter(lives_there).count();
    let of = |dimension: &str, code: &str| {
        vec![Filter { dimension: dimension.to_owned(), codes: vec![code.to_owned()] }]
    };
    let by = ["residence_lsoa", "age_5y", "main_language"];
    assert!(matches!(ask(&by), Err(QueryError::TooLarge { .. })));
    let found = ask_where(&by, of("residence_place", "E06000017")).unwrap();
    assert!(in_it > 1 && in_it < 60, "{in_it}");
    assert_eq!((found[0], found.len()), (2 * in_it as u64, 1 + in_it));
    let nobody = ask_where(&by, of("residence_lsoa", &home(601))).unwrap();
    assert_eq!(nobody.first().copied().unwrap_or(0), 0);
    let found = ask(&["residence_lsoa", "age_broad", "sex"]).unwrap();
    assert_eq!(found[1..].iter().sum::<u64>(), 1200);
}

#[test]
fn nothing_to_count_is_an_answer_too() {
    let running = Running::new();
    for by in [&["organisation", "month", "place"][..], &["disability"], &[]] {
        for measure in [Measure::Contacts, Measure::AttendedContacts, Measure::Persons] {
            let question = ChannelQuestion { measure, ..contacts(query(&running, "QK1", by)) };
            let answer = running.engine().answer(&question).unwrap();
            let empty = answer.provenance().empty.as_ref();
            assert!(empty.is_some() && answer.rows().len() == 1);
            let cells = answer.rows().iter().flat_map(|row| &row.cells);
            assert!(
                cells.clone().count() == 1
                    && cells.into_iter().all(|cell| cell.figure.as_ref().err() == empty)
            );
        }
    }
}

#[test]
fn what_is_not_collected_is_in_no_denominator() {
    let mut running = Running::new();
    let video = |weight, fields: &[(Field, &str)]| {
        row(weight, &[&[(Field::Channel, "VIDEO")], fields].concat())
    };
    let rows = vec![
        video(6, &[(Field::Attendance, "5"), (Field::LeadTime, "Same Day")]),
        video(4, &[(Field::Attendance, "3")]),
        row(10, &[(Field::Channel, "NOT_KNOWN")]),
    ];
    running.submit(said(Dataset::Consultations, "04C", "2020-04", rows));
    running.submit(said(Dataset::Consultations, "04V", "2020-04", vec![row(80, &[])]));
    let all = contacts(query(&running, "QK1", &["organisation"]));
    for (denominator, base) in [(Denominator::All, 20), (Denominator::KnownOnly, 10)] {
        let question = ChannelQuestion { denominator, ..all.clone() };
        let answer = running.engine().answer(&question).unwrap();
        let total = views(&answer).next().unwrap();
        let known = denominator == Denominator::KnownOnly;
        let video = total.tally("CH-01/VIDEO");
        assert_eq!((total.count("CONTACTS"), video.denominator), (100, base));
        assert_eq!((video.unknown, video.not_collected), (if known { 10 } else { 0 }, 80));
        assert_eq!(total.count("CH-01/NOT_KNOWN"), 10);
        assert_eq!(total.count("CH-01/NOT_COLLECTED"), 80);
        assert_eq!(total.why("CH-01/NOT_COLLECTED"), Some(Reason::NotCollected));
        assert_eq!(total.why("CH-01/NOT_KNOWN"), known.then_some(Reason::NotComputable));
        let shares = total.of("CH-01").into_values().filter_map(|cell| cell.figure.as_ref().ok());
        assert!((shares.map(|share| share.value).sum::<f64>() - 1.0).abs() < 1e-12);
    }
    let question = OutcomeQuestion { query: all.query, late_counts_as_missed: false };
    let answer = running.engine().answer(&question).unwrap();
    let total = views(&answer).next().unwrap();
    let (missed, waits) = (total.tally("CH-09"), total.tally("CH-11-SAME-DAY"));
    assert_eq!((total.count("OTHER_ATTENDANCE"), missed.not_collected), (10, 80));
    assert_eq!((missed.unknown, missed.outside), (10, 0));
    assert_eq!((waits.unknown, waits.not_collected), (14, 80));
    let ids = ["CH-09", "CH-11-SAME-DAY", "CH-11-OVER-14", "CH-11/SAME_DAY"];
    assert!(ids.iter().all(|id| total.why(id).is_none()));
    let none = views(&answer).find(|row| row.labels() == ["04V"]).unwrap();
    assert!(ids.iter().all(|id| none.why(id) == Some(Reason::NotCollected)));
}

#[test]
fn what_nobody_waits_for_any_more_is_given_up_on_every_path() {
    let mut running = Running::new();
    for month in ["2020-04", "2020-05"] {
        let rows = vec![Row { person: Some("p".into()), ..telephone(1) }];
        running.submit(said(Dataset::Consultations, "04C", month, rows));
    }
    let ways = [
        (&["sex"][..], Measure::Contacts),
        (&["sex", "age_band"], Measure::Contacts),
        (&["sex"], Measure::Persons),
    ];
    for (by, measure) in ways {
        let question = ChannelQuestion { measure, ..contacts(query(&running, "QK1", by)) };
        let now = std::time::Instant::now();
        let late = running.engine().until(now).answer(&question);
        assert!(matches!(late, Err(QueryError::Late)), "{by:?} {measure:?}: {late:?}");
        let in_time = running.engine().until(now + std::time::Duration::from_secs(600));
        // A call that is cancelled drops whoever waits, and the work ends.
        let given_up = running.engine().until(now + std::time::Duration::from_secs(600));
        drop(given_up.waiting());
        let cancelled = given_up.answer(&question);
        assert!(matches!(cancelled, Err(QueryError::Late)), "{by:?} {measure:?}: {cancelled:?}");
        let answer = in_time.answer(&question).unwrap();
        assert_eq!(told(&answer), told(&running.engine().answer(&question).unwrap()));
        let total = views(&answer).next().unwrap();
        let id = if measure == Measure::Persons { "PERSONS" } else { "CONTACTS" };
        assert!(total.count(id) > 0, "{by:?} {measure:?}");
    }
}
