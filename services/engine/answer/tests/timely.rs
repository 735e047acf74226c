//! When submissions are due, as seen in a release: the calendar is looked at as it was when the release was made, however long before that something was
//! submitted.

use super::faults::{said, telephone};
use super::released::make;
use super::running::{Running, everything};
use crate::domain::collection::Dataset;
use crate::domain::measures::receipt::days_after;
use crate::engine::answer::{Due, Protected, TimelinessQuestion};
use crate::engine::query::{AsOf, Asked, Query};

const DAY: i64 = 24 * 60 * 60 * 1000;
const COLLECTION: &str = "gpad-regional";
const MONTH: &str = "2020-04";

fn count(answer: &Protected, column: &str) -> Option<u64> {
    let place = answer.columns().iter().position(|of| of.id == column).unwrap();
    answer.rows()[0].cells[place].counts.numerator
}

#[test]
fn a_release_looks_at_the_calendar_of_its_own_time() {
    let mut running = Running::new();
    let mut seen = said(Dataset::Consultations, "04C", MONTH, vec![telephone(50)]);
    seen.collection = COLLECTION;
    running.submit(seen);
    let store = running.engine().store();
    // Due ten days after today; the release is made ten days after that.
    let days = days_after(MONTH.parse().unwrap(), store.now()) + 10;
    store.pass(20 * DAY);
    let made = running.block_on(async |engine| make(engine, "first", "maker", "r").await).unwrap();
    let ask = |as_of: AsOf| {
        let asked = Asked {
            collection: COLLECTION.into(),
            area: "QK1".into(),
            first: MONTH.into(),
            last: MONTH.into(),
            ..Asked::default()
        };
        let query = Query::new(&running.reference(), &everything(), &asked, as_of).unwrap();
        let due = Due { days, now_millis: None };
        let question = TimelinessQuestion { query, dataset: Dataset::Consultations, due };
        let answer = running.engine().answer(&question).unwrap();
        ["EXPECTED", "RECEIVED", "LATE", "MISSING", "NOT_DUE"].map(|id| count(&answer, id))
    };
    let counts = |of: [u64; 5]| of.map(Some);
    assert_eq!(ask(AsOf::Release("first".into())), counts([3, 1, 0, 2, 0]));
    // The state that it shows was that of the submission: then nothing was missing.
    assert_eq!(ask(AsOf::Position(made.release.shown)), counts([3, 1, 0, 0, 2]));
    // However long ago the release was.
    store.pass(400 * DAY);
    assert_eq!(ask(AsOf::Release("first".into())), counts([3, 1, 0, 2, 0]));
}
