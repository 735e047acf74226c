//! What an organisation learns of the others of its area: nothing where they are few, or have few.

use std::collections::BTreeSet;

use super::faults::{contacts, row, said};
use super::protected::controlled;
use super::running::Running;
use crate::domain::collection::Dataset;
use crate::domain::disclosure::ProfileName;
use crate::domain::field::Field;
use crate::engine::answer::{Cell, Protected, Reason};
use crate::engine::query::{AsOf, Asked, Query, Reader};

/// Submits telephone and video consultations of an organisation of 03W.
pub(super) fn submit(running: &mut Running, organisation: &str, telephone: u32, video: u32) {
    let counts = [("TELEPHONE", telephone), ("VIDEO", video)];
    let rows = counts.iter().filter(|(_, count)| *count > 0);
    let rows = rows.map(|(channel, count)| row(*count, &[(Field::Channel, channel)])).collect();
    let mut said = said(Dataset::Consultations, organisation, "2020-04", rows);
    (said.systems, said.collected, said.scheme) = Default::default();
    running.submit(said);
}

/// The area's answer to a reader of an organisation, or of none.
pub(super) fn answer(running: &Running, organisation: Option<&str>, by: &[&str]) -> Protected {
    let reader = Reader {
        profile: ProfileName::Partner,
        organisation: organisation.map(str::to_owned),
        ..Reader::of(ProfileName::Partner)
    };
    let asked = Asked {
        collection: "synthetic-llr".into(),
        area: "03W".into(),
        first: "2020-04".into(),
        by: by.iter().map(|id| (*id).to_owned()).collect(),
        ..Asked::default()
    };
    let query = Query::new(&running.reference(), &reader, &asked, AsOf::Head).unwrap();
    running.engine().answer(&contacts(query)).unwrap()
}

pub(super) fn cell<'a>(answer: &'a Protected, key: &str, column: &str) -> &'a Cell {
    let of_key = |key: &str| {
        let row = answer.rows().iter().find(|row| match row.keys.first() {
            Some(first) => first.code == key,
            None => key.is_empty(),
        });
        row.unwrap_or_else(|| panic!("{key}: {:?}", answer.rows()))
    };
    let place = answer.columns().iter().position(|of| of.id == column).unwrap();
    &of_key(key).cells[place]
}

/// Whether a count is shown, and about right.
pub(super) fn shows(cell: &Cell, count: u64) -> bool {
    match (&cell.figure, cell.counts.numerator) {
        (Ok(_), Some(found)) => found.abs_diff(count) <= 5,
        (Err(why), None) => {
            assert_eq!(why.reason, Reason::Withheld);
            false
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_area_of_two_tells_neither_of_them_about_the_other() {
    let mut running = Running::new();
    running.reopen_with(controlled());
    submit(&mut running, "C82001", 300, 0);
    submit(&mut running, "C82002", 200, 0);
    let sees = |running: &Running, who| {
        let answer = answer(running, who, &[]);
        let shown = shows(cell(&answer, "", "CONTACTS"), 500);
        let withheld = answer.rows().iter().flat_map(|row| &row.cells);
        let withheld = withheld.filter(|cell| cell.is_withheld()).count();
        assert_eq!(answer.provenance().withheld_count, withheld);
        shown
    };
    for own in ["C82001", "C82002"] {
        assert!(!sees(&running, Some(own)), "{own}");
    }
    // Who has no part in it knows nothing of it.
    assert!(sees(&running, None) && sees(&running, Some("C82010")));
    submit(&mut running, "C82009", 1, 0);
    assert!(shows(cell(&answer(&running, Some("C82001"), &[]), "", "CONTACTS"), 501));
}

#[test]
fn a_figure_that_others_have_few_of_is_withheld_from_who_has_the_most() {
    let mut running = Running::new();
    running.reopen_with(controlled());
    submit(&mut running, "C82001", 300, 90);
    submit(&mut running, "C82002", 200, 2);
    submit(&mut running, "C82009", 100, 2);
    let video = |who| shows(cell(&answer(&running, who, &[]), "", "CH-01/VIDEO"), 94);
    assert!(!video(Some("C82001")), "the others have 4");
    assert!(video(Some("C82002")) && video(None));
    let telephone = cell(&answer(&running, Some("C82001"), &[]), "", "CH-01/TELEPHONE").clone();
    assert!(shows(&telephone, 600));
}

#[test]
fn rows_of_organisations_are_no_areas_and_rows_of_areas_are() {
    let mut running = Running::new();
    running.reopen_with(controlled());
    for organisation in ["C82001", "C82002", "C82009", "C82010"] {
        submit(&mut running, organisation, 400, 0);
    }
    let by = answer(&running, Some("C82001"), &["organisation"]);
    for organisation in ["C82001", "C82002", "C82009"] {
        assert!(shows(cell(&by, organisation, "CONTACTS"), 400), "{organisation}");
    }
    let reference = running.reference();
    let pcn = |code: &str| reference.area_of(code, "pcn").unwrap().code.clone();
    let submitted = ["C82001", "C82002", "C82009", "C82010"];
    let by = answer(&running, Some("C82001"), &["pcn"]);
    let all: BTreeSet<_> = submitted.iter().map(|code| pcn(code)).collect();
    for area in &all {
        let inside = submitted.iter().filter(|code| pcn(code) == *area);
        let inside: Vec<_> = inside.collect();
        let expected = inside.len() >= 3 || !inside.contains(&&"C82001");
        let count = 400 * inside.len() as u64;
        assert_eq!(shows(cell(&by, area, "CONTACTS"), count), expected, "{area} {inside:?}");
    }
}
