//! Published figures as a list, one line each. Full sources are only in CSV and JSON, because they would make the table too wide.

use super::sheet::Sheet;
use crate::proto::v1::PublishedEstimate;

/// One line for each figure.
pub fn sheet(all: &[PublishedEstimate]) -> Sheet {
    let mut sheet = Sheet::new([
        "indicator",
        "area",
        "area_name",
        "period",
        "keys",
        "value",
        "base",
        "publisher",
        "edition",
        "series_break",
        "lower",
        "upper",
        "base_count",
        "weight",
        "title",
        "series",
        "licence",
        "uri",
        "not_for_targets",
        "submission",
        "position",
    ]);
    sheet.for_programs = 12;
    for one in all {
        let record = one.record.clone().unwrap_or_default();
        let source = one.source.clone().unwrap_or_default();
        let keys = record.keys.iter().map(|key| format!("{}={}", key.dimension, key.code));
        sheet.push(vec![
            record.indicator.into(),
            record.area.into(),
            (&one.area_name).into(),
            record.period.into(),
            keys.collect::<Vec<_>>().join(";").into(),
            record.value.into(),
            record.base.into(),
            source.publisher.into(),
            source.edition.into(),
            one.series_break.into(),
            record.lower.into(),
            record.upper.into(),
            record.base_count.into(),
            record.weight.into(),
            source.title.into(),
            source.series.into(),
            source.licence.into(),
            source.uri.into(),
            source.not_for_targets.into(),
            (&one.submission).into(),
            one.position.into(),
        ]);
    }
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::v1::{EstimateKey, EstimateRecord, EstimateSource};

    #[test]
    fn a_figure_has_its_source_beside_it() {
        let key =
            EstimateKey { dimension: "publisher:employment_status".into(), code: "Retired".into() };
        let record = EstimateRecord {
            indicator: "DX-12-USED".into(),
            keys: vec![key],
            value: Some(0.643),
            ..Default::default()
        };
        let source = EstimateSource { uri: "https://x".into(), ..Default::default() };
        let one = PublishedEstimate {
            record: Some(record),
            source: Some(source),
            series_break: true,
            ..Default::default()
        };
        let sheet = sheet(&[one]);
        let of = |column: &str| {
            let place = sheet.columns.iter().position(|name| name == column).unwrap();
            sheet.lines[0][place].raw()
        };
        assert_eq!(of("keys"), "publisher:employment_status=Retired");
        assert_eq!((of("value"), of("lower")), ("0.643".to_owned(), String::new()));
        assert_eq!((of("uri"), of("series_break")), ("https://x".to_owned(), "yes".to_owned()));
    }
}
