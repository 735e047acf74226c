use tonic_types::StatusExt as _;

use super::*;
use crate::domain::codes::Content;

fn channels(area: &str, first: &str, last: &str) -> Table {
    Table::Channels(v1::GetChannelBreakdownRequest {
        query: Some(v1::BreakdownQuery {
            area: area.into(),
            period: Some(v1::PeriodRange { first: first.into(), last: last.into() }),
            ..Default::default()
        }),
        ..Default::default()
    })
}

fn steps(first: &str, last: &str, step: v1::PeriodStep) -> Vec<String> {
    let found = periods(&channels("QK1", first, last), step.into()).unwrap();
    found.into_iter().map(Option::unwrap_or_default).collect()
}

fn field(refused: Result<Vec<Option<String>>, Status>) -> String {
    refused.unwrap_err().get_error_details().bad_request().unwrap().field_violations[0]
        .field
        .clone()
}

#[test]
fn periods_are_those_that_lie_wholly_in_what_was_asked() {
    use v1::PeriodStep as Step;
    assert_eq!(
        steps("2020-11", "2021-02", Step::Month),
        ["2020-11", "2020-12", "2021-01", "2021-02"]
    );
    assert_eq!(steps("2020-02", "2020-10", Step::Quarter), ["2020-Q2", "2020-Q3"]);
    assert_eq!(steps("2019-03", "2021-03", Step::FinancialYear), ["2019/20", "2020/21"]);
    assert_eq!(steps("2019", "2020/21", Step::CalendarYear), ["2019", "2020"]);
    assert_eq!(steps("2020-Q2", "", Step::Month), ["2020-04", "2020-05", "2020-06"]);
    assert_eq!(steps("2020-02", "2020-10", Step::Whole), [""]);
    let short = periods(&channels("QK1", "2020-02", "2020-05"), Step::CalendarYear.into());
    assert_eq!(field(short), "period_step");
    assert_eq!(field(periods(&channels("QK1", "2020-02", ""), 99)), "period_step");
    let risk = Table::Risk(v1::GetAreaRiskRequest::default());
    assert_eq!(periods(&risk, 0).unwrap(), [None]);
    assert_eq!(field(periods(&risk, Step::Month.into())), "period_step");
}

#[test]
fn areas_are_those_of_the_types_that_lie_in_the_one_asked() {
    let reference = Reference::new(&Content::embedded()).unwrap();
    let found = |area: &str, types: &[&str]| {
        let types: Vec<_> = types.iter().map(|kind| (*kind).to_owned()).collect();
        areas(&reference, &channels(area, "2020", ""), &types)
    };
    let codes = |area: &str, types: &[&str]| -> Vec<String> {
        found(area, types).unwrap().into_iter().flatten().collect()
    };
    assert_eq!(found("QK1", &[]).unwrap(), [None]);
    assert_eq!(codes("QK1", &["system"]), ["QK1"]);
    assert_eq!(codes("QK1", &["sub_icb"]), ["03W", "04C", "04V"]);
    // In the order of the types, each area once.
    assert_eq!(codes("QK1", &["sub_icb", "system", "sub_icb"]), ["03W", "04C", "04V", "QK1"]);
    assert!(codes("QK1", &["place"]).contains(&"E06000016".to_owned()));
    for (area, types, wrong) in [
        ("QK1", &["sub_icb", "county"][..], "area_types[1]"),
        ("", &["place"][..], "area_types"),
        ("E06000016", &["system"][..], "area_types"),
    ] {
        assert_eq!(field(found(area, types)), wrong);
    }
    let unknown = found("XXX", &["place"]).unwrap_err();
    assert_eq!(unknown.get_error_details().error_info().unwrap().reason, "AREA_NOT_FOUND");
}

#[test]
fn one_table_is_asked_in_words_at_one_position() {
    let Table::Channels(one) = one(
        &channels("QK1", "2020", ""),
        Some("04C"),
        Some("2020-04"),
        Some(v1::as_of::At::Position(71)),
    ) else {
        unreachable!("it stays what it was")
    };
    let query = one.query.unwrap();
    assert_eq!(query.area, "04C");
    assert_eq!(query.period.unwrap().first, "2020-04");
    assert_eq!(query.as_of.unwrap().at, Some(v1::as_of::At::Position(71)));
    assert_eq!(query.view, i32::from(v1::BreakdownView::Full));
}
