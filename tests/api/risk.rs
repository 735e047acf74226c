//! Area risk, on an example small enough to work out by hand: an unchanged small area, one that was split, two that were merged,
//! one without a score.

use std::collections::BTreeMap;

use equity_indicators::proto::v1::{
    Breakdown, Cell, EstimateRecord, ListEstimatesRequest, ListOrganisationsRequest, Organisation,
    PopulationRecord, Submission, WithdrawSubmissionRequest,
};
use serde_json::{Value, json};
use tonic::Status;

use crate::support::{
    Refusal, TestServer, cell, header, ids, keys, message, next, parameter, value,
};

/// What the merged area has: the mean of its parts by their people of mid-2020.
const MERGED: f64 = (3.0 * 2987.0 + 5.0 * 2542.0) / (2987.0 + 2542.0);

pub(super) async fn score(server: &TestServer, collection: &str, organisation: &str) -> Submission {
    score_again(server, collection, organisation, 2.0).await
}

/// The same scores but the first: the same content once more would be no change.
async fn score_again(
    server: &TestServer,
    collection: &str,
    organisation: &str,
    first: f64,
) -> Submission {
    let row = |indicator: &str, area: &str, value: f64| -> EstimateRecord {
        message(json!({"indicator": indicator, "area": area, "period": "2022", "value": value}))
    };
    let records = vec![
        row("DX-10", "E01013600", first),
        row("DX-10-BROADBAND", "E01013600", 1.0),
        row("DX-10", "E01013607", 6.0),
        row("DX-10-BROADBAND", "E01013607", 4.0),
        row("DX-10", "E01013647", 3.0),
        row("DX-10", "E01032875", 5.0),
        // Elsewhere in the country: known to nobody here.
        row("DX-10", "E01999999", 9.0),
    ];
    submit_scores(server, collection, organisation, records).await
}

async fn submit_scores(
    server: &TestServer,
    collection: &str,
    organisation: &str,
    records: Vec<EstimateRecord>,
) -> Submission {
    let header = header(organisation, collection, "2022-12", &[]);
    let source = message(json!({
        "publisher": "Greater Manchester Combined Authority", "title": "Digital Exclusion Risk Index",
        "edition": "v1.6", "licence": "Open Government Licence v3.0", "series": "v1",
        "notForTargets": true
    }));
    server.submit_estimates(header, source, records).await.unwrap().submission.unwrap()
}

pub(super) async fn people(server: &TestServer) -> Submission {
    let row = |lsoa: &str, group: &str, count: i64| -> PopulationRecord {
        message(json!({
            "personCount": count, "residenceLsoa": lsoa, "person": {"ethnicCategory": group}
        }))
    };
    let mut header = header("ONS", "census-2021-ethnic-group", "2021-03", &["ethnic_category"]);
    header.code_systems.insert("ethnic_category".into(), "equity_ethnicity".into());
    let rows = vec![
        row("E01013600", "white", 100),
        row("E01013600", "asian", 50),
        row("E01034010", "asian", 200),
        row("E01034020", "white", 300),
        row("E01013601", "white", 40),
        row("E01999999", "white", 7),
    ];
    server.submit_people(header, rows).await.unwrap().submission.unwrap()
}

/// A question about area risk: `area`, `by`, `asOf` and `collection` are of its query.
fn question(mut asked: Value) -> Value {
    let mut query = json!({});
    for name in ["area", "by", "asOf", "collection"] {
        if let Some(value) = asked.as_object_mut().unwrap().remove(name) {
            query[name] = if name == "by" { json!([value]) } else { value };
        }
    }
    asked["query"] = query;
    asked
}

pub(super) async fn whole(server: &TestServer, asked: Value) -> Result<(Breakdown, i64), Status> {
    server.table_whole("risk", question(asked)).await
}

async fn ask(server: &TestServer, asked: Value) -> Breakdown {
    whole(server, asked).await.unwrap().0
}

/// People with a score, without one, areas, from the cells that say so.
fn people_and_areas(risk: &Breakdown, row: &str) -> (i64, i64, i64) {
    let (mean, high) = (cell(risk, row, "DX-10"), cell(risk, row, "DX-11"));
    let of = |cell: &Cell| (cell.denominator_count.unwrap(), cell.unknown_count.unwrap());
    let (scored, unmatched) = of(mean);
    assert_eq!(of(high), (scored, unmatched), "{row}");
    let all = cell(risk, row, "PEOPLE").numerator_count;
    assert_eq!(all, Some(scored + unmatched), "{row}");
    let areas = cell(risk, row, "DX-10/UNWEIGHTED").denominator_count.unwrap();
    (scored, unmatched, areas)
}

fn high_risk(risk: &Breakdown, row: &str) -> i64 {
    cell(risk, row, "DX-11").numerator_count.unwrap()
}

/// People with a score, without one, areas; mean; people at high risk.
#[track_caller]
fn is(risk: &Breakdown, row: &str, counts: (i64, i64, i64), mean: f64, at_risk: i64) {
    assert_eq!(people_and_areas(risk, row), counts, "{row}");
    assert!((value(risk, row, "DX-10") - mean).abs() < 1e-12, "{row}, not {mean}");
    assert_eq!(high_risk(risk, row), at_risk, "{row}");
    let share = at_risk as f64 / counts.0 as f64;
    assert!((value(risk, row, "DX-11") - share).abs() < 1e-12);
}

/// How scores and people were put together, in one text.
fn notes(risk: &Breakdown) -> String {
    risk.context.as_ref().unwrap().notes.join(" ")
}

/// Why there is no value.
fn absence(cell: &Cell) -> &str {
    assert_eq!(cell.value, None);
    &cell.absence.as_ref().unwrap().detail
}

#[tokio::test]
async fn scores_of_2011_fall_on_people_of_2021() {
    let server = TestServer::start().await;
    people(&server).await;
    let scored = score(&server, "deri", "GMCA").await;
    let risk = ask(&server, json!({"area": "QK1", "by": "ethnic_group_broad"})).await;
    let all = (150.0 * 2.0 + 200.0 * 6.0 + 300.0 * MERGED) / 650.0;
    is(&risk, "", (650, 40, 3), all, 200);
    assert!((value(&risk, "", "DX-10/UNWEIGHTED") - (2.0 + 6.0 + MERGED) / 3.0).abs() < 1e-12);
    is(&risk, "white", (400, 40, 2), (200.0 + 300.0 * MERGED) / 400.0, 0);
    is(&risk, "asian", (250, 0, 2), (100.0 + 1200.0) / 250.0, 200);
    assert_eq!(keys(&risk), ["", "white", "asian"]);
    // Components that an area lacks are in no mean of theirs; those that none has have no figures.
    let broadband = value(&risk, "", "DX-10-BROADBAND");
    assert!((broadband - (150.0 + 800.0) / 350.0).abs() < 1e-12);
    let components = ids(&risk).into_iter().filter(|id| id.starts_with("DX-10-"));
    let without: Vec<_> = components.filter(|id| cell(&risk, "", id).value.is_none()).collect();
    assert_eq!(without, ["DX-10-DEMOGRAPHY", "DX-10-DEPRIVATION"]);

    let context = risk.context.as_ref().unwrap();
    assert!(context.ecological && context.statements[0].starts_with("ECOLOGICAL"));
    assert_eq!(
        (parameter(&risk, "indicator"), parameter(&risk, "high_risk_score")),
        ("DX-10", "5")
    );
    let source = &context.sources[0];
    assert_eq!((source.edition.as_str(), source.not_for_targets), ("v1.6", true));
    assert!(risk.columns.iter().all(|column| column.not_for_targets));
    let joins = notes(&risk);
    for part in [
        "DX-10, 2022, LSOA 2011: 4 of the small areas",
        "counted by LSOA 2021",
        "2 unchanged",
        "1 areas of a split take the score of the whole",
        "1 merged and 0 irregular",
        "Small areas with people but without a score, which are in no mean: 1 (E01013601",
    ] {
        assert!(joins.contains(part), "`{part}` is not in {joins}");
    }
    assert_eq!(context.collection, "census-2021-ethnic-group");
    assert_eq!((context.area.as_str(), context.first_month.as_str()), ("QK1", "2021-03"));
    assert_eq!(context.data_position, scored.position);
    // Whole populations have no limits.
    assert_eq!((context.limits_unit.as_str(), context.confidence_level), ("", 0.0));
    assert!(risk.rows.iter().flat_map(|row| &row.cells).all(|cell| cell.lower.is_none()));
    assert!(
        context.notes.iter().any(|note| note.ends_with("in the collection: 630.")),
        "{context:?}"
    );

    // By what the small areas lie in, and each by itself.
    let district = ask(&server, json!({"area": "QK1", "by": "residence_district"})).await;
    is(&district, "E06000016", (650, 40, 3), all, 200);
    let located = ask(&server, json!({"area": "E06000016", "by": "sub_icb"})).await;
    is(&located, "04C", (650, 40, 3), all, 200);
    let each = ask(&server, json!({"area": "04C", "by": "residence_lsoa"})).await;
    is(&each, "E01034020", (300, 0, 1), MERGED, 0);
    for id in ["DX-10", "DX-11", "DX-10/UNWEIGHTED"] {
        let why = absence(cell(&each, "E01013601", id));
        assert_eq!(why, "none of these people live in a small area with a score", "{id}");
    }
    let elsewhere = ask(&server, json!({"area": "03W"})).await;
    assert_eq!(keys(&elsewhere), [""]);
    assert_ne!(absence(cell(&elsewhere, "", "DX-10")), "");
}

#[tokio::test]
async fn deprivation_is_that_of_its_own_edition() {
    let server = TestServer::start().await;
    people(&server).await;
    score(&server, "deri", "GMCA").await;
    let new = ask(&server, json!({"area": "QK1", "by": "imd2025_quintile"})).await;
    is(&new, "imd_2025:q1", (450, 40, 2), (300.0 + 300.0 * MERGED) / 450.0, 0);
    is(&new, "imd_2025:q3", (200, 0, 1), 6.0, 200);
    // The merged area's people go back to its parts, 162 and 138 of 300; the split area is one again.
    let old = ask(&server, json!({"area": "QK1", "by": "imd2019_quintile"})).await;
    assert!(notes(&old).contains("brought back to LSOA 2011"));
    for part in [
        "Ministry of Housing, Communities and Local Government",
        "English Indices of Deprivation 2019",
        "Open Government Licence v3.0",
    ] {
        assert!(notes(&old).contains(part), "{part}: {}", notes(&old));
    }
    let all = 300.0 + 1200.0 + 3.0 * 162.0 + 5.0 * 138.0;
    is(&old, "", (650, 40, 4), all / 650.0, 200 + 138);
    is(&old, "imd_2019:q1", (150, 40, 1), 2.0, 0);
    is(&old, "imd_2019:q2", (362, 0, 2), (1200.0 + 486.0) / 362.0, 200);
    is(&old, "imd_2019:q3", (138, 0, 1), 5.0, 138);
}

/// A file of this repository as records by its header's names.
fn file(path: &str) -> Vec<BTreeMap<String, String>> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

#[tokio::test]
async fn the_published_index_comes_out_as_it_was_published() {
    let server = TestServer::start().await;
    let deri = file("deploy/demo/deri_depahri_lsoa11_llr.csv");
    let scores: BTreeMap<_, f64> = deri
        .iter()
        .map(|row| (row["lsoa11_code"].clone(), row["deri_score_national"].parse().unwrap()))
        .collect();
    let row = |(area, value): (&String, &f64)| -> EstimateRecord {
        message(
            json!({"indicator": "DX-10", "area": area, "period": "2022", "value": value, "base": "lsoa_2011"}),
        )
    };
    submit_scores(&server, "deri", "GMCA", scores.iter().map(row).collect()).await;
    let old = super::england::small_areas_of_llr();
    let people = old.iter().map(|row| -> PopulationRecord {
        let count: i64 = row["population"].parse().unwrap();
        message(json!({"personCount": count, "residenceLsoa": row["lsoa"]}))
    });
    let mut header = header("ONS", "ons-mid-2020", "2020-06", &[]);
    header.code_systems.insert("residence_lsoa".into(), "lsoa_2011".into());
    server.submit_people(header, people.collect()).await.unwrap();

    type Keep<'a> = &'a dyn Fn(&BTreeMap<String, String>) -> bool;
    let check = |risk: &Breakdown, row: &str, keep: Keep<'_>, published: f64| {
        let (mut people, mut sum, mut count) = (0.0, 0.0, 0);
        for area in old.iter().filter(|area| keep(area)) {
            let lived: f64 = area["population"].parse().unwrap();
            (people, sum, count) = (people + lived, sum + lived * scores[&area["lsoa"]], count + 1);
        }
        let (scored, _, areas) = people_and_areas(risk, row);
        assert_eq!((scored as f64, areas), (people, count));
        assert!((value(risk, row, "DX-10") - sum / people).abs() < 1e-9);
        let unweighted = value(risk, row, "DX-10/UNWEIGHTED");
        assert!((unweighted - published).abs() < 0.00005, "{row}: {unweighted}");
    };
    let risk = ask(&server, json!({"area": "QK1", "by": "imd2019_quintile"})).await;
    check(&risk, "", &|_| true, 2.9369);
    assert_eq!(people_and_areas(&risk, "").0, 1_107_597);
    for (quintile, published) in [(1, 3.7931), (2, 3.1898), (3, 2.9308), (4, 2.8020), (5, 2.5073)] {
        let inside = |area: &BTreeMap<String, String>| {
            let decile: u32 = area["imd_decile"].parse().unwrap();
            decile.div_ceil(2) == quintile
        };
        check(&risk, &format!("imd_2019:q{quintile}"), &inside, published);
    }
    for (sub_icb, published) in [("03W", 2.7705), ("04C", 3.2467), ("04V", 2.8157)] {
        let risk = ask(&server, json!({"area": sub_icb})).await;
        check(&risk, "", &|area| area["sub_icb"] == sub_icb, published);
    }
    let top = ask(&server, json!({"area": "QK1", "highRiskTopShare": 0.2})).await;
    let share = value(&top, "", "DX-11");
    assert!((0.2..0.205).contains(&share), "{share}");
    // Deprivation of 2025 is of other small areas, which nobody was counted by here.
    let refused =
        whole(&server, json!({"area": "QK1", "by": "imd2025_quintile"})).await.unwrap_err();
    assert!(refused.message().contains("name a population by LSOA 2021"), "{refused:?}");
}

/// People of a practice that merged are in the populations of its successor too: there they count, once the successor has one.
#[tokio::test]
async fn people_of_organisations_that_merged_are_counted_once() {
    let content = tempfile::tempdir().unwrap();
    let (file, name) = ("organisations.csv", "services/domain/codes/data/organisations.csv");
    let built_in = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let text = std::fs::read_to_string(built_in).unwrap();
    let begin = text.find("\nC82001,").unwrap();
    let text =
        text[..begin].to_owned() + &text[begin..].replacen("QK1,,,\n", "QK1,,2026-03,C82002\n", 1);
    std::fs::write(content.path().join(file), text).unwrap();
    let folder = content.path().to_owned();
    let server = TestServer::with(|config| config.reference_folder = Some(folder)).await;
    score(&server, "deri", "GMCA").await;
    let submit = async |organisation: &str, month: &str, count: i64| {
        let mut header = header(organisation, "practice-feed", month, &[]);
        header.code_systems.insert("residence_lsoa".into(), "lsoa_2021".into());
        let row = message(json!({"personCount": count, "residenceLsoa": "E01013600"}));
        server.submit_people(header, vec![row]).await.unwrap();
    };
    let asked = json!({"area": "QK1", "collection": "practice-feed"});
    let note = "later data of the successor: C82001 (";
    for (organisation, month, count, expected, is_merged) in [
        ("C82001", "2026-03", 10, 10, false),
        ("C82003", "2026-02", 1000, 1010, false),
        ("C82002", "2026-03", 100, 1110, false),
        ("C82002", "2026-04", 112, 1112, true),
    ] {
        submit(organisation, month, count).await;
        let risk = ask(&server, asked.clone()).await;
        assert_eq!(people_and_areas(&risk, ""), (expected, 0, 1), "{organisation} {month}");
        let notes = notes(&risk);
        assert_eq!(notes.contains(note), is_merged, "{notes}");
        // It is not awaited any more, either.
        assert_eq!(notes.contains(" of 126 expected"), is_merged, "{notes}");
    }
}

/// People whom providers submit: of each the last month that it has, and those who are late are told.
#[tokio::test]
async fn each_organisation_has_its_last_month() {
    let server = TestServer::start().await;
    score(&server, "deri", "GMCA").await;
    for (organisation, month, count) in
        [("C82001", "2026-03", 1), ("C82001", "2026-04", 900), ("C82003", "2026-06", 100)]
    {
        let row: PopulationRecord =
            message(json!({"personCount": count, "residenceLsoa": "E01013600"}));
        let header = header(organisation, "practice-feed", month, &[]);
        server.submit_people(header, vec![row]).await.unwrap();
    }
    let asked = json!({"area": "QK1", "collection": "practice-feed"});
    let risk = ask(&server, asked).await;
    is(&risk, "", (1000, 0, 1), 2.0, 0);
    let context = risk.context.as_ref().unwrap();
    assert_eq!((context.first_month.as_str(), context.last_month.as_str()), ("2026-04", "2026-06"));
    assert_eq!((context.submission_count, context.organisation_count), (2, 2));
    let all =
        ListOrganisationsRequest { area: "QK1".into(), page_size: 1_000, ..Default::default() };
    let all = server.reference().list_organisations(all).await.unwrap().into_inner();
    let is_there = |o: &&Organisation| o.r#type == "practice" && o.last_month.is_empty();
    let practices = all.organisations.iter().filter(is_there).count();
    assert!(practices > 100);
    assert_eq!(context.expected_organisation_count, i32::try_from(practices).unwrap());
    let notes = context.notes.join(" ");
    assert!(notes.contains("Each organisation counts with its last month"), "{notes}");
    assert!(notes.contains(&format!("{} of {practices} expected", practices - 2)), "{notes}");
    assert!(!notes.contains("Months without a submission"), "{notes}");
    assert!(notes.contains("2026-04 to 2026-06"), "{notes}");
}

/// The flag is the indicator's, whether or not whoever submitted the scores has set it.
#[tokio::test]
async fn a_score_that_is_not_for_targets_says_so_whoever_submits_it() {
    let server = TestServer::start().await;
    people(&server).await;
    let source =
        json!({"publisher": "P", "title": "T", "edition": "E", "licence": "L", "series": "s"});
    let row = json!({"indicator": "DX-10", "area": "E01013600", "period": "2022", "value": 2.0});
    let header = header("GMCA", "deri", "2022-12", &[]);
    server.submit_estimates(header, message(source), vec![message(row)]).await.unwrap();
    let risk = ask(&server, json!({"area": "QK1"})).await;
    assert!(risk.context.unwrap().sources[0].not_for_targets);
    let mut client = server.exclusion();
    let listed = client.list_estimates(ListEstimatesRequest::default()).await.unwrap().into_inner();
    assert!(listed.estimates[0].source.as_ref().unwrap().not_for_targets);
}

#[tokio::test]
async fn a_followed_table_comes_again_when_people_or_scores_change() {
    let server = TestServer::start().await;
    let scored = score(&server, "deri", "GMCA").await;
    let asked = || question(json!({"area": "QK1"}));
    let mut stream = server.watch(json!({"question": {"risk": asked()}})).await.unwrap();
    let first = next(&mut stream).await;
    assert!(first.position >= scored.position);
    let first = first.breakdown.unwrap();
    assert!(first.context.as_ref().unwrap().empty.is_some(), "nobody lives anywhere yet");
    assert!(first.rows.iter().flat_map(|row| &row.cells).all(|cell| cell.value.is_none()));
    let lived = people(&server).await;
    let second = next(&mut stream).await;
    assert!(second.position >= lived.position);
    let unwatched = whole(&server, json!({"area": "QK1"})).await.unwrap();
    assert_eq!(second.breakdown.unwrap(), unwatched.0);
    score_again(&server, "deri", "GMCA", 2.5).await;
    let third = next(&mut stream).await;
    assert!(third.position > second.position);
    let past = question(json!({"area": "QK1", "asOf": {"position": "1"}}));
    for (request, field) in [
        (json!({}), "question"),
        (json!({"question": {"risk": {}}}), "question.risk.query"),
        (json!({"question": {"risk": {"query": {}}}}), "question.risk.query.area"),
        (json!({"question": {"risk": past}}), "question.risk.query.as_of"),
        (json!({"question": {"risk": asked()}, "afterPosition": "-1"}), "after_position"),
    ] {
        let status = server.watch(request).await;
        assert_eq!(Refusal::of(&status.unwrap_err()).short(), ("FIELD_INVALID", field));
    }
}

#[tokio::test]
async fn a_kept_answer_that_names_its_collections_goes_when_either_changes() {
    let server = TestServer::start().await;
    let named = json!({
        "area": "QK1", "collection": "census-2021-ethnic-group", "scoreCollection": "deri"
    });
    // Twice: the second answer comes from the cache.
    let ask = async || {
        let first = ask(&server, named.clone()).await;
        assert_eq!(ask(&server, named.clone()).await, first);
        first.context.unwrap()
    };
    // Neither collection has submitted, so neither has a number yet.
    assert!(ask().await.empty.is_some());
    let scored = score(&server, "deri", "GMCA").await;
    assert_eq!(ask().await.data_position, scored.position);
    let lived = people(&server).await;
    let found = ask().await;
    assert_eq!((found.data_position, found.empty), (lived.position, None));
    let scored = score_again(&server, "deri", "GMCA", 2.5).await;
    assert_eq!(ask().await.data_position, scored.position);
}

#[tokio::test]
async fn high_risk_is_a_score_or_a_share_of_the_people() {
    let server = TestServer::start().await;
    people(&server).await;
    score(&server, "deri", "GMCA").await;
    for (asked, threshold, at_risk) in [
        (json!({"area": "QK1", "highRiskScore": 2}), 2.0, 650),
        (json!({"area": "QK1", "highRiskScore": 0}), 0.0, 650),
        (json!({"area": "QK1", "highRiskTopShare": 0.3}), 6.0, 200),
        (json!({"area": "QK1", "highRiskTopShare": 0.4}), MERGED, 500),
        (json!({"area": "QK1", "highRiskTopShare": 0.99}), 2.0, 650),
    ] {
        let risk = ask(&server, asked.clone()).await;
        let told: f64 = parameter(&risk, "high_risk_score").parse().unwrap();
        assert!((told - threshold).abs() < 1e-12, "{asked}");
        assert_eq!(high_risk(&risk, ""), at_risk, "{asked}");
        let top = asked.get("highRiskTopShare").map(ToString::to_string);
        let parameters = &risk.context.as_ref().unwrap().parameters;
        let said = parameters.iter().find(|of| of.name == "high_risk_top_share");
        assert_eq!(said.map(|of| of.value.clone()), top, "{asked}");
    }
    let none = ask(&server, json!({"area": "QK1", "highRiskScore": 7})).await;
    assert_eq!(cell(&none, "", "DX-11").value, Some(0.0));
    let notes = &none.context.as_ref().unwrap().notes;
    assert!(notes.iter().any(|note| note.contains("the highest is 6.00")), "{notes:?}");
}

#[tokio::test]
async fn what_is_missing_is_said_and_the_past_stays() {
    let server = TestServer::start().await;
    let question = || json!({"area": "QK1"});
    let empty = |risk: &Breakdown| risk.context.as_ref().unwrap().empty.clone().unwrap().detail;
    let neither = ask(&server, question()).await;
    assert!(empty(&neither).contains("no collection has people by small area"));
    assert!(neither.rows.iter().flat_map(|row| &row.cells).all(|cell| cell.value.is_none()));
    let context = neither.context.as_ref().unwrap();
    let is_told = context.parameters.iter().any(|of| of.name == "high_risk_score");
    assert!(context.ecological && !is_told, "{context:?}");
    people(&server).await;
    let without = ask(&server, question()).await;
    assert!(empty(&without).contains("no collection has scores of DX-10"), "{}", empty(&without));
    let scored = score(&server, "deri", "GMCA").await;
    let first = whole(&server, question()).await.unwrap();
    assert_eq!(first.0.rows.len(), 1);
    assert_eq!(whole(&server, question()).await.unwrap(), first);

    // Two collections with the same score: one has to be named.
    score(&server, "gpps", "IPSOS").await;
    let refusal = Refusal::of(&whole(&server, question()).await.unwrap_err());
    assert_eq!(refusal.reason, "QUERY_REFUSED");
    assert!(refusal.message.contains("`deri` and `gpps`"), "{}", refusal.message);
    let named = ask(&server, json!({"area": "QK1", "scoreCollection": "deri"})).await;
    assert_eq!(named.rows, first.0.rows);

    let request_id = uuid::Uuid::new_v4().to_string();
    let withdraw = WithdrawSubmissionRequest { name: scored.name, request_id };
    server.submissions().withdraw_submission(withdraw).await.unwrap();
    let gone = ask(&server, json!({"area": "QK1", "scoreCollection": "deri"})).await;
    assert!(empty(&gone).contains("collection `deri` has no scores"), "{}", empty(&gone));
    let before = json!({"area": "QK1", "asOf": {"position": first.1.to_string()}});
    assert_eq!(whole(&server, before).await.unwrap(), first);
}
