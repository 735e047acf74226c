//! What a number would tell of those whom it leaves out.

use super::contributors::{answer, cell, shows, submit};
use super::faults::{contacts, query, row, said};
use super::protected::{controlled, perturbed};
use super::running::Running;
use crate::domain::collection::Dataset;
use crate::domain::field::Field;
use crate::engine::answer::Reason;

/// Which rows by sex are shown of an organisation with so many records of men and of women, and whether the total is.
fn shown(men: u32, women: u32, conditions: &[&str]) -> (Vec<bool>, bool) {
    let mut running = Running::new();
    running.reopen_with(controlled());
    let rows = [("1", men), ("2", women)].into_iter().filter(|(_, count)| *count > 0);
    let rows = rows.map(|(sex, count)| row(count, &[(Field::Channel, "VIDEO"), (Field::Sex, sex)]));
    let mut said = said(Dataset::Consultations, "C82001", "2020-04", rows.collect());
    said.scheme = String::new();
    running.submit(said);
    let mut query = query(&running, "QK1", &["organisation", "sex"]);
    query.showing.protection = perturbed();
    query.by.retain(|id| !conditions.contains(&id.as_str()));
    let answer = running.engine().answer(&contacts(query)).unwrap();
    let row = |code: &str| {
        let of_code =
            |row: &&crate::engine::answer::Row| row.keys.iter().any(|key| key.code == code);
        let row = answer.rows().iter().find(of_code).unwrap();
        row.cells[0].figure.is_ok()
    };
    let total = answer.rows()[0].cells[0].figure.is_ok();
    let sexes = if conditions.is_empty() { vec!["1", "2"] } else { vec!["C82001"] };
    (sexes.into_iter().map(row).collect(), total)
}

/// 300 of 303 shown as 305 would leave three women none to three: whoever knows the total would know it.
#[test]
fn a_part_that_leaves_few_of_its_place_and_period_is_withheld_as_they_are() {
    assert_eq!(shown(300, 3, &[]), (vec![false, false], true));
    assert_eq!(shown(300, 40, &[]), (vec![true, true], true));
    // Nobody is not told from few.
    assert_eq!(shown(300, 0, &[]), (vec![false, false], true));
    assert_eq!(shown(300, 3, &["sex"]), (vec![true], true));
}

/// Of three organisations of an area two know what they sent, and so the count of the third as well as the area's. Where that is few, what is
/// changed by nearly as much as can be is withheld; everything else is shown.
#[test]
fn two_organisations_do_not_find_out_the_few_of_a_third() {
    let (mut told, mut withheld) = (0, 0);
    for more in 0..60 {
        let mut running = Running::new();
        running.reopen_with(controlled());
        submit(&mut running, "C82001", 200, 40 + more);
        submit(&mut running, "C82002", 200, 50);
        submit(&mut running, "C82009", 200, 2);
        let all = u64::from(92 + more);
        let answer = answer(&running, None, &[]);
        let cell = cell(&answer, "", "CH-01/VIDEO");
        let Some(found) = cell.counts.numerator else {
            assert_eq!(cell.figure.as_ref().unwrap_err().reason, Reason::Withheld);
            withheld += 1;
            continue;
        };
        assert!(
            shows(cell, all) && found + 2 >= all,
            "{found} of {all} leaves the third few values"
        );
        told += 1;
    }
    assert!(withheld > 0 && told > 40, "{withheld} and {told}");
}
