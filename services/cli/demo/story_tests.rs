use super::*;
use crate::cli::show::{sample, sample_exclusion};
use crate::proto::v1::{
    CategoryKey, CategoryState, GetAreaRiskResponse, GetChannelBreakdownResponse,
    GetDigitalExclusionBreakdownResponse, GetFaceToFaceProvisionResponse, PublishedEstimate,
};

fn months() -> ChannelBreakdown {
    let mut months = sample::april();
    months.dimensions = vec!["month".into()];
    let total = months.rows[0].clone();
    for month in [YEAR_BEFORE, BEFORE, AFTER] {
        let key = CategoryKey {
            dimension: "month".into(),
            code: month.into(),
            state: CategoryState::Known.into(),
        };
        months.rows.push(ChannelRow { keys: vec![key], ..total.clone() });
    }
    months
}

#[test]
fn the_sentence_compares_three_months() {
    assert_eq!(
        sentence(&months()),
        "In April 2020 58.6 % of 361,905 GP appointments were face to face, against 58.6 % in April 2019 and 58.6 % in \
         February 2020;\n36.1 % were by telephone, against 36.1 % and 36.1 %."
    );
}

#[test]
fn without_figures_the_sentence_says_so() {
    let mut missing = months();
    missing.rows.pop();
    assert_eq!(sentence(&missing), "The service has no figures for April 2020.");
    assert_eq!(
        sentence(&ChannelBreakdown::default()),
        "The service has no figures for April 2020."
    );
}

/// As the Office for National Statistics published 2018.
fn oldest_of_2018() -> Vec<PublishedEstimate> {
    let mut all = vec![
        sample_exclusion::estimate("65-74", "1", 0.84),
        sample_exclusion::estimate("75+", "1", 0.513),
        sample_exclusion::estimate("75+", "2", 0.376),
    ];
    for estimate in &mut all {
        estimate.record.as_mut().unwrap().indicator = "DX-12-USED".into();
    }
    all
}

#[test]
fn the_oldest_are_told_apart_or_not_at_all() {
    let mut found = DigitalExclusionBreakdown { estimates: oldest_of_2018(), ..Default::default() };
    assert_eq!(
        oldest(&found).unwrap(),
        "In 2018, in the United Kingdom, 51.3 % of men and 37.6 % of women aged 75 and over had used the internet in the last three months."
    );
    found.estimates.pop();
    assert_eq!(oldest(&found), None);
    let answers = Answers::default();
    assert!(internet(&answers, &Look::PLAIN).contains("no published figures"));
    assert!(exposure(&answers, &Look::PLAIN).contains("ECOLOGICAL"));
}

#[test]
fn the_page_has_counts_shares_chart_warning_and_next_lines() {
    let answer =
        |breakdown| GetChannelBreakdownResponse { breakdown: Some(breakdown), position: 71 };
    let answers = Answers {
        months: answer(months()),
        after: answer(sample::april()),
        synthetic: answer(sample::by_ethnic_category()),
        internet: GetDigitalExclusionBreakdownResponse {
            breakdown: Some(DigitalExclusionBreakdown {
                estimates: oldest_of_2018(),
                ..sample_exclusion::exclusion_by_sex()
            }),
            position: 71,
        },
        risk: GetAreaRiskResponse { risk: Some(sample_exclusion::risk()), position: 71 },
        provision: GetFaceToFaceProvisionResponse {
            provision: Some(sample_exclusion::provision()),
            position: 71,
        },
        words: sample_exclusion::indicators(),
    };
    let (address, folder) = ("http://127.0.0.1:9", Path::new("./d"));
    let place = Place { address, serving_on: true, folder, program: "target/release/equity" };
    let page = tell(&answers, &place, &Look::PLAIN);
    for expected in [
        "212,251",
        "2020-04",
        "58.6 %",
        "####",
        "SYNTHETIC",
        "51.3 % of men and 37.6 % of women",
        "source    Office for National Statistics, Internet users, edition 2018",
        "ECOLOGICAL: This does not say",
        "score     Greater Manchester Combined Authority",
        "Face-to-face provision, ",
        "  target/release/equity breakdown provision --area QK1",
        "--service http://127.0.0.1:9",
        "grpcurl",
    ] {
        assert!(page.contains(expected), "{expected} is missing:\n{page}");
    }
    assert!(page.is_ascii());
    let once = tell(&answers, &Place { serving_on: false, ..place }, &Look::PLAIN);
    assert!(once.contains("equity serve --data-folder ./d"));
    assert!(!once.contains("127.0.0.1:9"), "a service that is gone is not named");
}
