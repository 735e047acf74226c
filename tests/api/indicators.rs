//! Submitted indicators through the public interface. The worked case of the framework: uptake of a glucose sensor among people with type
//! 1 diabetes was 29 % in the most deprived fifth and 39 % in the least, and 14 % in the practices with the most patients of ethnic minorities and
//! 38 % in those with the fewest. The framework gives no counts; these are chosen to give its rates.

use std::path::PathBuf;

use equity_indicators::proto::v1::{
    Breakdown, Cell, Dataset, IndicatorCountRecord, ListIndicatorsRequest, PersonCharacteristics,
    Row,
};
use serde_json::json;
use tonic::Code;

use crate::support::{TestServer, header};

/// People with type 1 diabetes in each of 25 combinations of fifths.
const EACH: i64 = 200;
/// People with a sensor by fifth of practices, highest share of ethnic minorities first, and by fifth of deprivation, most deprived first.
const OF_PRACTICES: [i64; 5] = [140, 400, 400, 380, 380];
const OF_DEPRIVATION: [i64; 5] = [290, 320, 340, 360, 390];

/// People with a sensor in each combination: whole numbers with these sums.
fn cells() -> [[i64; 5]; 5] {
    let all: i64 = OF_PRACTICES.iter().sum();
    assert_eq!(all, OF_DEPRIVATION.iter().sum::<i64>());
    let mut cells = OF_PRACTICES.map(|row| OF_DEPRIVATION.map(|column| row * column / all));
    for practice in 0..5 {
        for fifth in 0..5 {
            let row = OF_PRACTICES[practice] - cells[practice].iter().sum::<i64>();
            let column = OF_DEPRIVATION[fifth] - cells.iter().map(|row| row[fifth]).sum::<i64>();
            cells[practice][fifth] += row.min(column);
        }
    }
    cells
}

/// A reference folder in which the first ten practices have a fifth each, two of each.
fn folder(of: &tempfile::TempDir) -> (PathBuf, Vec<String>) {
    let built_in = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("services/domain/codes/data/organisations.csv");
    let text = std::fs::read_to_string(built_in).unwrap();
    let mut practices = Vec::new();
    let mut lines = text.lines();
    let mut made = format!("{},attributes\n", lines.next().unwrap());
    for line in lines {
        let is_practice = line.contains(",practice,") && line.contains("QK1");
        let attribute = if is_practice && practices.len() < 10 {
            practices.push(line.split(',').next().unwrap().to_owned());
            format!("practice_minority_quintile=q{}", practices.len().div_ceil(2))
        } else {
            String::new()
        };
        made += &format!("{line},{attribute}\n");
    }
    std::fs::write(of.path().join("organisations.csv"), made).unwrap();
    (of.path().to_owned(), practices)
}

fn row<'a>(answer: &'a Breakdown, code: &str) -> &'a Row {
    let found = answer.rows.iter().find(|row| row.keys.first().map_or("", |key| &key.code) == code);
    found.unwrap_or_else(|| panic!("no row {code}: {answer:?}"))
}

fn cell<'a>(answer: &'a Breakdown, code: &str, column: &str) -> &'a Cell {
    let place = answer.columns.iter().position(|of| of.id == column);
    &row(answer, code).cells[place.unwrap_or_else(|| panic!("no column {column}"))]
}

fn near(found: Option<f64>, expected: f64) {
    assert!((found.unwrap() - expected).abs() < 5e-4, "{found:?}, not {expected}");
}

#[tokio::test]
async fn uptake_of_a_technology_by_deprivation_and_by_practice() {
    let content = tempfile::tempdir().unwrap();
    let (folder, practices) = folder(&content);
    let server = TestServer::with(|config| config.reference_folder = Some(folder)).await;
    let cells = cells();
    for (number, practice) in practices.iter().enumerate() {
        let mut header = header(practice, "practice-feed", "2021-03", &["deprivation"]);
        header.code_systems.insert("deprivation".into(), "imd_2019".into());
        let record = |(fifth, with): (usize, &i64)| IndicatorCountRecord {
            indicator: "FSL".into(),
            numerator_count: (with + i64::try_from(number % 2).unwrap()) / 2,
            denominator_count: EACH / 2,
            person: Some(PersonCharacteristics {
                deprivation: (2 * fifth + 1 + number % 2).to_string(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let rows = cells[number / 2].iter().enumerate().map(record).collect();
        let receipt = server.submit_counts(header, rows).await.unwrap();
        let stored = receipt.submission.unwrap();
        assert_eq!((stored.accepted_count, stored.total_count), (5, 5 * EACH / 2));
        assert_eq!(stored.dataset(), Dataset::IndicatorCounts);
    }
    let query = |by: &str| {
        json!({"area": "QK1", "period": {"first": "2021-03"}, "by": [by],
        "comparison": {"reference": "COMPARISON_REFERENCE_NAMED", "code": null}})
    };
    let asked = |by: &str, code: &str| {
        let mut query = query(by);
        query["comparison"]["code"] = json!(code);
        json!({"query": query, "indicator": "FSL"})
    };
    let by_deprivation =
        server.table("indicators", asked("imd2019_quintile", "imd_2019:q5")).await.unwrap();
    let by_practice =
        server.table("indicators", asked("practice_minority_quintile", "q5")).await.unwrap();
    for (answer, worst, best, rates, difference, ratio) in [
        (&by_deprivation, "imd_2019:q1", "imd_2019:q5", (0.29, 0.39), -0.10, 0.744),
        (&by_practice, "q1", "q5", (0.14, 0.38), -0.24, 0.368),
    ] {
        near(cell(answer, worst, "FSL").value, rates.0);
        near(cell(answer, best, "FSL").value, rates.1);
        near(cell(answer, worst, "FSL/DIFFERENCE").value, difference);
        near(cell(answer, worst, "FSL/RATIO").value, ratio);
        let limits = cell(answer, worst, "FSL");
        assert!(limits.lower.unwrap() < rates.0 && rates.0 < limits.upper.unwrap());
        assert_eq!(cell(answer, worst, "FSL").denominator_count, Some(1_000));
        near(cell(answer, "", "FSL").value, 0.34);
        assert_eq!(cell(answer, "", "DENOMINATOR").value, Some(5_000.0));
    }
    // A figure by an attribute of practices is about practices.
    let context = by_practice.context.unwrap();
    assert!(context.ecological && context.notes.iter().any(|note| note.contains("ECOLOGICAL")));
    assert!(!by_deprivation.context.unwrap().ecological);
    // The same engine measures how unequal the groups are.
    let question = json!({"indicators": {"indicator": "FSL", "query":
        {"area": "QK1", "period": {"first": "2021-03"}, "by": ["imd2019_quintile"]}}});
    let measured = server.table("inequality", json!({"question": question})).await.unwrap();
    near(cell(&measured, "FSL", "D").value, 0.10);
    let gaps = server
        .table(
            "gaps",
            json!({"indicators": ["FSL"], "dimensions": ["imd2019_quintile"],
                "query": {"area": "QK1", "period": {"first": "2021-03"}}}),
        )
        .await
        .unwrap();
    let most_deprived =
        gaps.rows.iter().find(|row| row.keys.iter().any(|key| key.code == "imd_2019:q1"));
    assert!(most_deprived.unwrap().sentence().contains("29.0 %"), "{gaps:?}");
    // All of it again out of the log.
    let data = server.data_folder();
    let folder = server.stop().await;
    std::fs::remove_dir_all(data.join("sled")).unwrap();
    let server = TestServer::on(folder, &data).await;
    let question =
        json!({"query": {"area": "QK1", "period": {"first": "2021-03"}}, "indicator": "FSL"});
    let again = server.table("indicators", question).await.unwrap();
    near(cell(&again, "", "FSL").value, 0.34);
}

#[tokio::test]
async fn what_cannot_be_asked_or_submitted_is_refused_by_name() {
    let server = TestServer::start().await;
    let asked = |indicator: &str, by: &str, setting: &str| {
        json!({"indicator": indicator, "query":
            {"area": "QK1", "period": {"first": "2021-03"}, "by": [by], "careSetting": setting}})
    };
    for (indicator, by, setting, code, why) in [
        ("C20-SMJ", "sex", "", Code::NotFound, "the nearest is `C20-SMI`"),
        ("", "sex", "", Code::InvalidArgument, "is required"),
        ("DX-06", "sex", "", Code::FailedPrecondition, "is not submitted as counts"),
        ("FSL", "channel", "", Code::InvalidArgument, "have no `channel`"),
        ("FSL", "sex", "PRIMARY_CARE", Code::InvalidArgument, "must be empty"),
        ("FSL", "practice_minority_quintil", "", Code::NotFound, "practice_minority_quintile"),
    ] {
        let refused = server.table("indicators", asked(indicator, by, setting)).await.unwrap_err();
        assert_eq!(refused.code(), code, "{refused:?}");
        assert!(format!("{refused:?}").contains(why), "{indicator} {by}: {refused:?}");
    }
    let mut named = header("C82001", "practice-feed", "2021-03", &[]);
    named.person_key_scheme = "nhs".into();
    let refused = server.submit_counts(named, vec![]).await.unwrap_err();
    assert!(format!("{refused:?}").contains("person_key_scheme"), "{refused:?}");
    let count = |indicator: &str, numerator, denominator| IndicatorCountRecord {
        indicator: indicator.into(),
        numerator_count: numerator,
        denominator_count: denominator,
        ..Default::default()
    };
    let rows = vec![count("FSL", 3, 2), count("FSLL", 1, 2), count("", 1, 2)];
    let of = header("C82001", "practice-feed", "2021-03", &[]);
    let refused = format!("{:?}", server.submit_counts(of, rows).await.unwrap_err());
    for why in
        ["records[0].numerator_count", "records[1].indicator", "`FSL`", "records[2].indicator"]
    {
        assert!(refused.contains(why), "{why}: {refused}");
    }
    // Replaced and withdrawn as all other submissions.
    let of = || header("C82001", "practice-feed", "2021-03", &[]);
    server.submit_counts(of(), vec![count("FSL", 3, 10)]).await.unwrap();
    let receipt = server.submit_counts(of(), vec![count("FSL", 4, 10)]).await.unwrap();
    let question =
        || json!({"query": {"area": "QK1", "period": {"first": "2021-03"}}, "indicator": "FSL"});
    let answer = server.table("indicators", question()).await.unwrap();
    near(cell(&answer, "", "FSL").value, 0.4);
    let withdraw = equity_indicators::proto::v1::WithdrawSubmissionRequest {
        name: receipt.submission.unwrap().name,
        request_id: uuid::Uuid::new_v4().to_string(),
    };
    server.submissions().withdraw_submission(withdraw).await.unwrap();
    let answer = server.table("indicators", question()).await.unwrap();
    assert!(answer.context.unwrap().empty.is_some());
}

#[tokio::test]
async fn every_indicator_says_what_it_is_about_and_who_defined_it() {
    let server = TestServer::start().await;
    let request = ListIndicatorsRequest { page_size: 1_000, ..Default::default() };
    let all = server.reference().list_indicators(request).await.unwrap().into_inner().indicators;
    assert!(all.len() > 100);
    for of in &all {
        let kinds = ["ACCESS", "EXPERIENCE", "OUTCOME", "CONTEXT", "PROCESS"];
        assert!(kinds.contains(&of.kind.as_str()), "{}: kind {}", of.id, of.kind);
        let texts = [&of.theme, &of.source, &of.numerator, &of.denominator, &of.polarity];
        assert!(texts.iter().all(|text| !text.is_empty()), "{of:?}");
        // What is submitted as counts belongs to a priority.
        assert!(of.submitted.is_empty() || !of.tags.is_empty(), "{} has no tag", of.id);
    }
    let of = |id: &str| all.iter().find(|of| of.id == id).unwrap_or_else(|| panic!("no {id}"));
    assert_eq!(of("FSL").tags, ["NHS-2122-P4"]);
    assert_eq!(
        (of("DQ-01").kind.as_str(), of("DQ-01").theme.as_str()),
        ("PROCESS", "DATA_QUALITY")
    );
    assert_eq!((of("IMD").kind.as_str(), of("DX-10").kind.as_str()), ("CONTEXT", "CONTEXT"));
    assert_eq!(of("C20-RESP-ADM").polarity, "LOWER_IS_BETTER");
    assert!(!of("WF-REP").unavailable.is_empty() && of("WF-REP").submitted.is_empty());
}

#[tokio::test]
async fn a_tag_lists_the_indicators_of_a_priority() {
    let server = TestServer::start().await;
    let list = async |tag: &str| {
        let request =
            ListIndicatorsRequest { tag: tag.into(), page_size: 1_000, ..Default::default() };
        server.reference().list_indicators(request).await.map(tonic::Response::into_inner)
    };
    let all = list("").await.unwrap();
    for tag in &all.tags {
        let found = list(&tag.id).await.unwrap().indicators;
        let expected = all.indicators.iter().filter(|of| of.tags.contains(&tag.id));
        assert_eq!(found, expected.cloned().collect::<Vec<_>>(), "{}", tag.id);
        assert!(!found.is_empty() && found.len() < all.indicators.len(), "{}", tag.id);
    }
    assert!((1..=5).all(|n| all.tags.iter().any(|tag| tag.id == format!("NHS-2122-P{n}"))));
    let refused = list("CORE20PLUS5-MATERNTY").await.unwrap_err();
    assert!(
        format!("{refused:?}").contains("the nearest is `CORE20PLUS5-MATERNITY`"),
        "{refused:?}"
    );
}
