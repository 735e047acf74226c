//! Answers under reference content that changes: what they say, and from where on they say it.

use super::faults::{contacts, query, row, said, telephone};
use super::running::{Running, everything};
use super::view::views;
use crate::domain::codes::Content;
use crate::domain::collection::Dataset;
use crate::domain::field::Field;
use crate::engine::answer::{ExclusionQuestion, Protected};
use crate::engine::query::{AsOf, Asked, Query, TableKind};

fn ask(running: &Running, query: Query) -> Protected {
    running.engine().answer(&contacts(query)).unwrap()
}

/// Content in which Leicester City's location is in no place.
fn without_place() -> Content {
    let file = "organisations.csv";
    let embedded = Content::embedded();
    let text = embedded.file(file).unwrap();
    let (is, becomes) = ("04C;E06000016;QK1", "04C;QK1");
    assert!(text.contains(is));
    Content::with([(file.to_owned(), text.replace(is, becomes))])
}

#[test]
fn content_that_changes_an_answer_moves_its_position() {
    let mut running = Running::new();
    running.submit(said(Dataset::Consultations, "04C", "2020-04", vec![telephone(7)]));
    let submitted = running.changes[0].position;
    let told = |answer: Protected| {
        let total = views(&answer).next().unwrap();
        (total.count("CONTACTS"), answer.provenance().data_position)
    };
    for area in ["QK1", "E06000016"] {
        let answer = ask(&running, query(&running, area, &[]));
        assert_eq!(told(answer), (7, submitted), "{area}");
    }
    running.reopen_with(without_place());
    let configured = running.engine().store().catalog().position;
    assert!(configured > submitted);
    // Once when its entry was applied, once when it was read back.
    for _ in 0..2 {
        for (area, total) in [("QK1", 7), ("E06000016", 0)] {
            let answer = ask(&running, query(&running, area, &[]));
            assert_eq!(told(answer), (total, configured), "{area}");
        }
        // What was before is shown as it was then.
        for area in ["QK1", "E06000016"] {
            let as_of = AsOf::Position(submitted);
            let engine = running.engine().at(&as_of).unwrap();
            let then = Query { as_of, ..query(&running, area, &[]) };
            let answer = engine.answer(&contacts(then)).unwrap();
            assert_eq!(told(answer), (7, submitted), "{area}");
        }
        running.reopen_with(without_place());
        assert_eq!(running.engine().store().catalog().position, configured);
    }
    // Still other content takes nothing away from what is before it.
    let now = told(ask(&running, query(&running, "QK1", &[])));
    running.reopen_with(Content::embedded());
    for _ in 0..2 {
        let as_of = AsOf::Position(configured);
        let engine = running.engine().at(&as_of).unwrap();
        let then = Query { as_of, ..query(&running, "QK1", &[]) };
        assert_eq!(told(engine.answer(&contacts(then)).unwrap()), now);
        drop(engine);
        running.reopen_with(Content::embedded());
    }
}

/// Content in which two locations have merged.
fn merged() -> Content {
    let file = "organisations.csv";
    let text =
        Content::embedded().file(file).unwrap().replacen("QK1,,,\n", "QK1,,2020-04,04C\n", 1);
    Content::with([(file.to_owned(), text)])
}

#[test]
fn people_of_organisations_that_merged_are_counted_once() {
    let mut running = Running::new();
    running.reopen_with(merged());
    let people = |count| vec![row(count, &[(Field::Sex, "1")])];
    for (organisation, month, count) in
        [("03W", "2020-04", 4), ("04C", "2020-04", 10), ("04V", "2020-04", 100)]
    {
        running.submit(said(Dataset::DigitalAccess, organisation, month, people(count)));
    }
    let ask = |running: &Running, (first, last): (&str, &str), by: &[&str]| {
        let asked = Asked {
            table: TableKind::Access,
            collection: "synthetic-llr".into(),
            area: "QK1".into(),
            first: first.into(),
            last: last.into(),
            by: by.iter().map(|id| (*id).to_owned()).collect(),
            ..Asked::default()
        };
        let query = Query::new(&running.reference(), &everything(), &asked, AsOf::Head).unwrap();
        let indicators = Vec::new();
        let question = ExclusionQuestion { query, indicators, reasons: false, estimates: None };
        let answer = running.engine().answer(&question).unwrap();
        let rows: Vec<_> =
            views(&answer).map(|row| (row.labels().join(" "), row.count("PEOPLE"))).collect();
        let counted: Vec<_> = rows.iter().map(|(key, count)| (key.as_str(), *count)).collect();
        let notes = answer.provenance().notes.join(" ");
        let note = "organisations that merged are counted once, in later data of the successor: 03W (East Leicestershire and Rutland) in 04C (Leicester City).";
        (format!("{counted:?}"), notes.contains(note))
    };
    let all = ("2020-04", "2020-06");
    // Before the successor has a snapshot of its own time, each has its own people.
    assert_eq!(ask(&running, all, &[]), (r#"[("", 114)]"#.into(), false));
    running.submit(said(Dataset::DigitalAccess, "04C", "2020-05", people(15)));
    assert_eq!(ask(&running, all, &[]), (r#"[("", 115)]"#.into(), true));
    assert_eq!(ask(&running, ("2020-04", "2020-04"), &[]), (r#"[("", 114)]"#.into(), false));
    let by_month = r#"[("", 115), ("2020-04", 114), ("2020-05", 15)]"#;
    assert_eq!(ask(&running, all, &["month"]).0, by_month);
    let by_quarter = r#"[("", 115), ("2020-Q2", 115)]"#;
    assert_eq!(ask(&running, all, &["quarter"]), (by_quarter.into(), true));
    let by_organisation = r#"[("", 115), ("04C", 15), ("04V", 100)]"#;
    assert_eq!(ask(&running, all, &["organisation"]), (by_organisation.into(), true));
}
