//! Answers under reference content that changes: what they say, and from where on they say it.

use super::faults::{contacts, query, said, telephone};
use super::running::Running;
use super::view::views;
use crate::domain::codes::Content;
use crate::domain::collection::Dataset;
use crate::engine::answer::Protected;
use crate::engine::query::{AsOf, Query};

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
