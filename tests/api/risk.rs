//! Area risk, on an example small enough to work out by hand: an unchanged small area, one that was split, two that were merged,
//! one without a score.

use std::collections::BTreeMap;

use equity_indicators::proto::v1::digital_exclusion_service_client::DigitalExclusionServiceClient;
use equity_indicators::proto::v1::submit_estimates_request::Part;
use equity_indicators::proto::v1::{
    AreaRisk, AreaRiskRow, EstimateBatch, EstimateRecord, EstimatesHeader, GetAreaRiskRequest,
    GetAreaRiskResponse, ListEstimatesRequest, ListOrganisationsRequest, PopulationRecord,
    Submission, SubmitEstimatesRequest, WatchAreaRiskRequest, WithdrawSubmissionRequest,
};
use serde_json::{Value, json};
use tonic::Status;

use crate::support::{Refusal, TestServer, header, message};

/// What the merged area has: the mean of its parts by their people of mid-2020.
const MERGED: f64 = (3.0 * 2987.0 + 5.0 * 2542.0) / (2987.0 + 2542.0);

async fn score(server: &TestServer, collection: &str, organisation: &str) -> Submission {
    let row = |indicator: &str, area: &str, value: f64| -> EstimateRecord {
        message(json!({"indicator": indicator, "area": area, "period": "2022", "value": value}))
    };
    let records = vec![
        row("DX-10", "E01013600", 2.0),
        row("DX-10-BROADBAND", "E01013600", 1.0),
        row("DX-10", "E01013607", 6.0),
        row("DX-10-BROADBAND", "E01013607", 4.0),
        row("DX-10", "E01013647", 3.0),
        row("DX-10", "E01032875", 5.0),
        // Elsewhere in the country: known to nobody here.
        row("DX-10", "E01000001", 9.0),
    ];
    submit_scores(server, collection, organisation, records).await
}

async fn submit_scores(
    server: &TestServer,
    collection: &str,
    organisation: &str,
    records: Vec<EstimateRecord>,
) -> Submission {
    let header = EstimatesHeader {
        submission: Some(header(organisation, collection, "2022-12", &[])),
        source: Some(message(json!({
            "publisher": "Greater Manchester Combined Authority", "title": "Digital Exclusion Risk Index",
            "edition": "v1.6", "licence": "Open Government Licence v3.0", "series": "v1",
            "notForTargets": true
        }))),
    };
    let parts = [Part::Header(header), Part::Batch(EstimateBatch { records })];
    let messages = parts.map(|part| SubmitEstimatesRequest { part: Some(part) });
    let answer = server.submissions().submit_estimates(tokio_stream::iter(messages)).await.unwrap();
    answer.into_inner().receipt.unwrap().submission.unwrap()
}

async fn people(server: &TestServer) -> Submission {
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
        row("E01000001", "white", 7),
    ];
    server.submit_people(header, rows).await.unwrap().submission.unwrap()
}

async fn whole(server: &TestServer, question: Value) -> Result<GetAreaRiskResponse, Status> {
    let request: GetAreaRiskRequest = message(question);
    let mut client = DigitalExclusionServiceClient::new(server.channel());
    Ok(client.get_area_risk(request).await?.into_inner())
}

async fn ask(server: &TestServer, question: Value) -> AreaRisk {
    whole(server, question).await.unwrap().risk.unwrap()
}

fn rows(risk: &AreaRisk) -> BTreeMap<String, &AreaRiskRow> {
    let key = |row: &AreaRiskRow| row.keys.first().map_or(String::new(), |key| key.code.clone());
    let rows: BTreeMap<_, _> = risk.rows.iter().map(|row| (key(row), row)).collect();
    assert_eq!(rows.len(), risk.rows.len());
    rows
}

/// People with a score, without one, areas; mean; people at high risk.
#[track_caller]
fn is(row: &AreaRiskRow, counts: (i64, i64, i32), mean: f64, high_risk: i64) {
    assert_eq!((row.person_count, row.unmatched_person_count, row.area_count), counts, "{row:?}");
    assert!((row.mean_score.unwrap() - mean).abs() < 1e-12, "{row:?}, not {mean}");
    assert_eq!(row.high_risk_person_count, high_risk, "{row:?}");
    let share = high_risk as f64 / row.person_count as f64;
    assert!((row.high_risk_share.unwrap() - share).abs() < 1e-12);
    assert_eq!(row.absence, None);
}

#[tokio::test]
async fn scores_of_2011_fall_on_people_of_2021() {
    let server = TestServer::start().await;
    people(&server).await;
    let scored = score(&server, "deri", "GMCA").await;
    let risk = ask(&server, json!({"area": "QK1", "by": "ethnic_group_broad"})).await;
    let found = rows(&risk);
    let all = (150.0 * 2.0 + 200.0 * 6.0 + 300.0 * MERGED) / 650.0;
    is(found[""], (650, 40, 3), all, 200);
    let unweighted = found[""].unweighted_mean_score.unwrap();
    assert!((unweighted - (2.0 + 6.0 + MERGED) / 3.0).abs() < 1e-12);
    is(found["white"], (400, 40, 2), (200.0 + 300.0 * MERGED) / 400.0, 0);
    is(found["asian"], (250, 0, 2), (100.0 + 1200.0) / 250.0, 200);
    assert_eq!(found.len(), 3);
    // Components that an area lacks are in no mean of theirs; those that none has are not there.
    let components = &found[""].components;
    assert_eq!(components.len(), 1);
    assert_eq!(components[0].indicator, "DX-10-BROADBAND");
    assert!((components[0].mean_score - (150.0 + 800.0) / 350.0).abs() < 1e-12);

    assert!(risk.ecological && risk.ecological_statement.starts_with("ECOLOGICAL"));
    assert_eq!((risk.indicator.as_str(), risk.high_risk_score), ("DX-10", Some(5.0)));
    let source = risk.score_source.as_ref().unwrap();
    assert_eq!((source.edition.as_str(), source.not_for_targets), ("v1.6", true));
    let joins = risk.joins.join(" ");
    for part in [
        "DX-10, 2022, LSOA 2011: 4 of the small areas",
        "counted by LSOA 2021",
        "2 unchanged",
        "1 that came of a split",
        "1 merged and 0 irregular",
        "1 small areas where somebody lives have no score and are in no mean: E01013601",
    ] {
        assert!(joins.contains(part), "`{part}` is not in {joins}");
    }
    let context = risk.context.as_ref().unwrap();
    assert_eq!(context.collection, "census-2021-ethnic-group");
    assert_eq!((context.area.as_str(), context.first_month.as_str()), ("QK1", "2021-03"));
    assert_eq!((context.data_position, context.limits_unit.as_str()), (scored.position, "persons"));
    assert!(context.notes.iter().any(|note| note.starts_with("630 small areas")), "{context:?}");

    // By what the small areas lie in, and each by itself.
    let district = ask(&server, json!({"area": "QK1", "by": "residence_district"})).await;
    is(rows(&district)["E06000016"], (650, 40, 3), all, 200);
    let located = ask(&server, json!({"area": "E06000016", "by": "sub_icb"})).await;
    is(rows(&located)["04C"], (650, 40, 3), all, 200);
    let each = ask(&server, json!({"area": "04C", "by": "residence_lsoa"})).await;
    let each = rows(&each);
    is(each["E01034020"], (300, 0, 1), MERGED, 0);
    assert_eq!(
        each["E01013601"].absence.as_ref().unwrap().detail,
        "nobody of the row lives in a small area with a score"
    );
    assert_eq!((each["E01013601"].mean_score, each["E01013601"].high_risk_share), (None, None));
    let elsewhere = ask(&server, json!({"area": "03W"})).await;
    assert_eq!(elsewhere.rows.len(), 1);
    assert!(elsewhere.rows[0].absence.is_some());
}

#[tokio::test]
async fn deprivation_is_that_of_its_own_edition() {
    let server = TestServer::start().await;
    people(&server).await;
    score(&server, "deri", "GMCA").await;
    let new = ask(&server, json!({"area": "QK1", "by": "imd2025_quintile"})).await;
    let new = rows(&new);
    is(new["imd_2025:q1"], (450, 40, 2), (300.0 + 300.0 * MERGED) / 450.0, 0);
    is(new["imd_2025:q3"], (200, 0, 1), 6.0, 200);
    // The merged area's people go back to its parts, 162 and 138 of 300; the split area is one again.
    let old = ask(&server, json!({"area": "QK1", "by": "imd2019_quintile"})).await;
    assert!(old.joins.iter().any(|join| join.contains("brought back to LSOA 2011")));
    for part in [
        "Ministry of Housing, Communities and Local Government",
        "English Indices of Deprivation 2019",
        "Open Government Licence v3.0",
    ] {
        assert!(old.joins.iter().any(|join| join.contains(part)), "{part}: {:?}", old.joins);
    }
    let old = rows(&old);
    let all = 300.0 + 1200.0 + 3.0 * 162.0 + 5.0 * 138.0;
    is(old[""], (650, 40, 4), all / 650.0, 200 + 138);
    is(old["imd_2019:q1"], (150, 40, 1), 2.0, 0);
    is(old["imd_2019:q2"], (362, 0, 2), (1200.0 + 486.0) / 362.0, 200);
    is(old["imd_2019:q3"], (138, 0, 1), 5.0, 138);
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
    let areas = file("services/domain/codes/data/lsoa.csv");
    let old: Vec<_> = areas.iter().filter(|row| row["edition"] == "lsoa_2011").collect();
    let people = old.iter().map(|row| -> PopulationRecord {
        let count: i64 = row["population"].parse().unwrap();
        message(json!({"personCount": count, "residenceLsoa": row["lsoa"]}))
    });
    let mut header = header("ONS", "ons-mid-2020", "2020-06", &[]);
    header.code_systems.insert("residence_lsoa".into(), "lsoa_2011".into());
    server.submit_people(header, people.collect()).await.unwrap();

    let check = |row: &AreaRiskRow,
                 keep: &dyn Fn(&BTreeMap<String, String>) -> bool,
                 published: f64| {
        let (mut people, mut sum, mut count) = (0.0, 0.0, 0);
        for area in old.iter().filter(|area| keep(area)) {
            let lived: f64 = area["population"].parse().unwrap();
            (people, sum, count) = (people + lived, sum + lived * scores[&area["lsoa"]], count + 1);
        }
        assert_eq!((row.person_count as f64, row.area_count), (people, count));
        assert!((row.mean_score.unwrap() - sum / people).abs() < 1e-9);
        assert!((row.unweighted_mean_score.unwrap() - published).abs() < 0.00005, "{row:?}");
    };
    let risk = ask(&server, json!({"area": "QK1", "by": "imd2019_quintile"})).await;
    let found = rows(&risk);
    check(found[""], &|_| true, 2.9369);
    assert_eq!(found[""].person_count, 1_107_597);
    for (quintile, published) in [(1, 3.7931), (2, 3.1898), (3, 2.9308), (4, 2.8020), (5, 2.5073)] {
        let inside = |area: &BTreeMap<String, String>| {
            let decile: u32 = area["imd_decile"].parse().unwrap();
            decile.div_ceil(2) == quintile
        };
        check(found[&format!("imd_2019:q{quintile}")], &inside, published);
    }
    for (sub_icb, published) in [("03W", 2.7705), ("04C", 3.2467), ("04V", 2.8157)] {
        let risk = ask(&server, json!({"area": sub_icb})).await;
        check(&risk.rows[0], &|area| area["sub_icb"] == sub_icb, published);
    }
    let top = ask(&server, json!({"area": "QK1", "highRiskTopShare": 0.2})).await;
    let share = top.rows[0].high_risk_share.unwrap();
    assert!((0.2..0.205).contains(&share), "{share}");
    // Deprivation of 2025 is of other small areas, which nobody was counted by here.
    let refused =
        whole(&server, json!({"area": "QK1", "by": "imd2025_quintile"})).await.unwrap_err();
    assert!(refused.message().contains("name a population by LSOA 2021"), "{refused:?}");
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
    let question = json!({"area": "QK1", "populationCollection": "practice-feed"});
    let risk = ask(&server, question).await;
    is(&risk.rows[0], (1000, 0, 1), 2.0, 0);
    let context = risk.context.as_ref().unwrap();
    assert_eq!((context.first_month.as_str(), context.last_month.as_str()), ("2026-04", "2026-06"));
    assert_eq!((context.submission_count, context.organisation_count), (2, 2));
    let request = ListOrganisationsRequest { page_size: 1_000, ..Default::default() };
    let all = server.reference().list_organisations(request).await.unwrap().into_inner();
    let practices = all.organisations.iter().filter(|o| o.r#type == "practice").count();
    assert!(practices > 100);
    assert_eq!(context.expected_organisation_count, i32::try_from(practices).unwrap());
    let notes = context.notes.join(" ");
    assert!(notes.contains("Of each organisation its last month"), "{notes}");
    assert!(notes.contains(&format!("{} of {practices} expected", practices - 2)), "{notes}");
    assert!(!notes.contains("months have no submission"), "{notes}");
    assert!(risk.joins[1].contains("2026-04 to 2026-06"), "{:?}", risk.joins);
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
    assert!(risk.score_source.unwrap().not_for_targets);
    let mut client = DigitalExclusionServiceClient::new(server.channel());
    let listed = client.list_estimates(ListEstimatesRequest::default()).await.unwrap().into_inner();
    assert!(listed.estimates[0].source.as_ref().unwrap().not_for_targets);
}

#[tokio::test]
async fn a_followed_table_comes_again_when_people_or_scores_change() {
    let server = TestServer::start().await;
    let scored = score(&server, "deri", "GMCA").await;
    let request: WatchAreaRiskRequest = message(json!({"request": {"area": "QK1"}}));
    let mut client = DigitalExclusionServiceClient::new(server.channel());
    let mut stream = client.watch_area_risk(request).await.unwrap().into_inner();
    let mut next = async || {
        let next = tokio::time::timeout(std::time::Duration::from_secs(10), stream.message()).await;
        next.unwrap().unwrap().unwrap()
    };
    let first = next().await;
    assert!(first.position >= scored.position);
    assert!(first.risk.unwrap().rows.is_empty(), "nobody lives anywhere yet");
    let lived = people(&server).await;
    let second = next().await;
    assert!(second.position >= lived.position);
    let unwatched = whole(&server, json!({"area": "QK1"})).await.unwrap();
    assert_eq!(second.risk, unwatched.risk);
    score(&server, "deri", "GMCA").await;
    let third = next().await;
    assert!(third.position > second.position);
    for (request, field) in [
        (json!({}), "request"),
        (json!({"request": {}}), "request.area"),
        (json!({"request": {"area": "QK1", "asOf": {"position": "1"}}}), "request.as_of"),
        (json!({"request": {"area": "QK1"}, "afterPosition": "-1"}), "after_position"),
    ] {
        let status = client.watch_area_risk(message::<WatchAreaRiskRequest>(request)).await;
        assert_eq!(Refusal::of(&status.unwrap_err()).short(), ("FIELD_INVALID", field));
    }
}

#[tokio::test]
async fn high_risk_is_a_score_or_a_share_of_the_people() {
    let server = TestServer::start().await;
    people(&server).await;
    score(&server, "deri", "GMCA").await;
    for (asked, threshold, high_risk) in [
        (json!({"area": "QK1", "highRiskScore": 2}), 2.0, 650),
        (json!({"area": "QK1", "highRiskScore": 0}), 0.0, 650),
        (json!({"area": "QK1", "highRiskTopShare": 0.3}), 6.0, 200),
        (json!({"area": "QK1", "highRiskTopShare": 0.4}), MERGED, 500),
        (json!({"area": "QK1", "highRiskTopShare": 0.99}), 2.0, 650),
    ] {
        let risk = ask(&server, asked.clone()).await;
        assert!((risk.high_risk_score.unwrap() - threshold).abs() < 1e-12, "{asked}");
        assert_eq!(risk.rows[0].high_risk_person_count, high_risk, "{asked}");
    }
    let none = ask(&server, json!({"area": "QK1", "highRiskScore": 7})).await;
    assert_eq!(none.rows[0].high_risk_share, Some(0.0));
    let notes = &none.context.as_ref().unwrap().notes;
    assert!(notes.iter().any(|note| note.contains("the highest is 6.00")), "{notes:?}");
}

#[tokio::test]
async fn what_is_missing_is_said_and_the_past_stays() {
    let server = TestServer::start().await;
    let question = || json!({"area": "QK1"});
    let empty = |risk: &AreaRisk| risk.context.as_ref().unwrap().empty.clone().unwrap().detail;
    let neither = ask(&server, question()).await;
    assert!(empty(&neither).contains("no collection has people by small area"));
    assert!(neither.rows.is_empty() && neither.ecological && neither.high_risk_score.is_none());
    people(&server).await;
    let without = ask(&server, question()).await;
    assert!(empty(&without).contains("no collection has scores of DX-10"), "{}", empty(&without));
    let scored = score(&server, "deri", "GMCA").await;
    let first = whole(&server, question()).await.unwrap();
    assert_eq!(first.risk.as_ref().unwrap().rows.len(), 1);
    assert_eq!(whole(&server, question()).await.unwrap(), first);

    // Two collections with the same score: one has to be named.
    score(&server, "gpps", "IPSOS").await;
    let refusal = Refusal::of(&whole(&server, question()).await.unwrap_err());
    assert_eq!(refusal.reason, "QUERY_REFUSED");
    assert!(refusal.message.contains("`deri` and `gpps`"), "{}", refusal.message);
    let named = ask(&server, json!({"area": "QK1", "scoreCollection": "deri"})).await;
    assert_eq!(named.rows, first.risk.as_ref().unwrap().rows);

    let request_id = uuid::Uuid::new_v4().to_string();
    let withdraw = WithdrawSubmissionRequest { name: scored.name, request_id };
    server.submissions().withdraw_submission(withdraw).await.unwrap();
    let gone = ask(&server, json!({"area": "QK1", "scoreCollection": "deri"})).await;
    assert!(empty(&gone).contains("collection `deri` has no scores"), "{}", empty(&gone));
    let before = json!({"area": "QK1", "asOf": {"position": first.position.to_string()}});
    assert_eq!(whole(&server, before).await.unwrap(), first);
}

#[tokio::test]
async fn questions_that_cannot_be_answered_say_what_can() {
    let server = TestServer::start().await;
    people(&server).await;
    score(&server, "deri", "GMCA").await;
    let cases = [
        (json!({}), "FIELD_INVALID", "area", "sub-ICB"),
        (json!({"area": "QK2"}), "AREA_NOT_FOUND", "", "`QK1`"),
        (json!({"area": "U00147"}), "QUERY_REFUSED", "", "`04C`"),
        (json!({"area": "U63948"}), "QUERY_REFUSED", "", "`QK1`"),
        (json!({"area": "E12000004"}), "QUERY_REFUSED", "", "`QK1`"),
        (json!({"area": "QK1", "indicator": "DX-1O"}), "INDICATOR_NOT_FOUND", "", "`DX-1"),
        (
            json!({"area": "QK1", "indicator": "DX-12"}),
            "QUERY_REFUSED",
            "",
            "DX-10, DX-10-BROADBAND",
        ),
        (json!({"area": "QK1", "by": "sexx"}), "DIMENSION_NOT_FOUND", "", "`sex`"),
        (json!({"area": "QK1", "by": "month"}), "QUERY_REFUSED", "", "residence_district"),
        (json!({"area": "QK1", "by": "religion"}), "QUERY_REFUSED", "", "`ethnic_group_broad`"),
        (
            json!({"area": "QK1", "by": "sexual_orientation"}),
            "QUERY_REFUSED",
            "",
            "larger areas alone is not spread over small ones",
        ),
        (
            json!({"area": "QK1", "highRiskScore": 11}),
            "FIELD_INVALID",
            "high_risk_score",
            "0 to 10",
        ),
        (json!({"area": "QK1", "highRiskScore": "NaN"}), "FIELD_INVALID", "high_risk_score", ""),
        (json!({"area": "QK1", "highRiskTopShare": 0}), "FIELD_INVALID", "high_risk_top_share", ""),
        (json!({"area": "QK1", "highRiskTopShare": 1}), "FIELD_INVALID", "high_risk_top_share", ""),
        (
            json!({"area": "QK1", "highRiskTopShare": "NaN"}),
            "FIELD_INVALID",
            "high_risk_top_share",
            "",
        ),
        (
            json!({"area": "QK1", "scoreCollection": "gpad-regional"}),
            "FIELD_INVALID",
            "score_collection",
            "takes no estimates",
        ),
        (json!({"area": "QK1", "scoreCollection": "x"}), "COLLECTION_NOT_FOUND", "", "deri"),
        (
            json!({"area": "QK1", "populationCollection": "deri"}),
            "FIELD_INVALID",
            "population_collection",
            "takes no populations",
        ),
        (json!({"area": "QK1", "asOf": {"position": "-1"}}), "FIELD_INVALID", "as_of.position", ""),
        (json!({"area": "QK1", "asOf": {"position": "99"}}), "POSITION_NOT_REACHED", "", ""),
    ];
    for (question, reason, field, words) in cases {
        let status = whole(&server, question.clone()).await.expect_err(&question.to_string());
        let refusal = Refusal::of(&status);
        assert_eq!(refusal.short(), (reason, field), "{question}");
        assert!(refusal.message.contains(words), "{question}: {}", refusal.message);
    }
}
