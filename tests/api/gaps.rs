//! The pages of the largest gaps, and the table that each gap says its figure is of.

use equity_indicators::config::ProfileName;
use equity_indicators::ingest::generate::{Generator, GeneratorSettings};
use equity_indicators::proto::v1::inequality_service_client::InequalityServiceClient;
use equity_indicators::proto::v1::{
    AbsenceReason, ListGapsRequest, ListGapsResponse, Row, SubmissionHeader,
};
use serde_json::{Value, json};
use tonic::Status;

use crate::support::{
    Refusal, TestServer, cell, header, ids, keys, message, parameter, records, why,
};

const SYNTHETIC: &str = "synthetic-llr";
const MONTH: &str = "2020-06";

async fn world() -> TestServer {
    let server = TestServer::start().await;
    let mut settings = GeneratorSettings::new(7).unwrap();
    settings.rows = 3_000;
    (settings.first_month, settings.last_month) = (MONTH.parse().unwrap(), MONTH.parse().unwrap());
    let generator = Generator::new(settings).unwrap();
    for file in generator.consultations().chain(generator.access(|_| true).take(10)) {
        server.submit_parcel(file).await;
    }
    server
}

async fn list(server: &TestServer, more: &Value) -> Result<ListGapsResponse, Status> {
    let mut asked = json!({
        "query": {"collection": SYNTHETIC, "area": "QK1", "period": {"first": MONTH}}, "falseDiscoveryRate": 1.0
    });
    for (name, value) in more.as_object().unwrap() {
        asked[name] = value.clone();
    }
    let asked: ListGapsRequest = message(asked);
    let mut client = InequalityServiceClient::new(server.channel());
    Ok(client.list_gaps(asked).await?.into_inner())
}

/// Every page of this size, and how many there were.
async fn pages(server: &TestServer, size: i32) -> (Vec<Row>, usize) {
    let (mut rows, mut token, mut count) = (Vec::new(), String::new(), 0);
    loop {
        let page = list(server, &json!({"pageSize": size, "pageToken": token})).await.unwrap();
        let of_page = page.breakdown.unwrap().rows;
        assert!(!of_page.is_empty() && of_page.len() <= usize::try_from(size).unwrap());
        rows.extend(of_page);
        (token, count) = (page.next_page_token, count + 1);
        if token.is_empty() {
            return (rows, count);
        }
    }
}

#[tokio::test]
async fn pages_together_are_the_list_at_one_state() {
    let server = world().await;
    let whole = list(&server, &json!({"pageSize": 1000})).await.unwrap();
    assert_eq!(whole.next_page_token, "");
    let breakdown = whole.breakdown.unwrap();
    let all = breakdown.rows.clone();
    assert!(all.len() > 20, "{}", all.len());
    assert_eq!(parameter(&breakdown, "gap_count"), all.len().to_string());
    for size in [
        i32::try_from(all.len() / 3).unwrap(),
        i32::try_from(all.len()).unwrap() - 1,
        i32::try_from(all.len()).unwrap(),
    ] {
        let (rows, count) = pages(&server, size).await;
        assert!(rows == all, "pages of {size}");
        assert_eq!(count, all.len().div_ceil(usize::try_from(size).unwrap()));
    }
    // Leaves out some, and then goes on from there.
    let later = list(&server, &json!({"pageSize": 5, "skip": 3})).await.unwrap();
    assert!(later.breakdown.unwrap().rows == all[3..8]);
    let token = later.next_page_token;
    let next = list(&server, &json!({"pageSize": 5, "skip": 3, "pageToken": token})).await.unwrap();
    assert!(next.breakdown.unwrap().rows == all[8..13]);
    let none = list(&server, &json!({"skip": i32::MAX})).await.unwrap();
    assert!(none.breakdown.unwrap().rows.is_empty() && none.next_page_token.is_empty());

    // A submission between two pages changes nothing of the pages that follow.
    let first = list(&server, &json!({"pageSize": 7})).await.unwrap();
    let rows = json!([{"channel": "VIDEO", "attendance": "3", "recordCount": "900", "person": {"sex": "2"}}]);
    server.submit(header("04C", SYNTHETIC, MONTH, &["sex"]), records(&rows)).await.unwrap();
    let next = list(&server, &json!({"pageSize": 7, "pageToken": first.next_page_token})).await;
    assert!(next.unwrap().breakdown.unwrap().rows == all[7..14]);
    let changed = list(&server, &json!({"pageSize": 7})).await.unwrap();
    assert!(changed.breakdown.unwrap().rows != all[..7], "the newest state is another one");
}

#[tokio::test]
async fn tokens_and_numbers_that_cannot_be_used_are_refused() {
    let server = world().await;
    let token = list(&server, &json!({"pageSize": 3})).await.unwrap().next_page_token;
    assert!(!token.is_empty());
    for (more, reason, field) in [
        (json!({"pageSize": 3, "pageToken": "x"}), "PAGE_TOKEN_INVALID", "page_token"),
        (
            json!({"pageSize": 3, "pageToken": token, "dimensions": ["sex"]}),
            "PAGE_TOKEN_INVALID",
            "page_token",
        ),
        (json!({"pageSize": 3, "pageToken": token, "skip": 1}), "PAGE_TOKEN_INVALID", "page_token"),
        (json!({"pageSize": -1}), "FIELD_INVALID", "page_size"),
        (json!({"skip": -1}), "FIELD_INVALID", "skip"),
    ] {
        let refused = list(&server, &more).await.unwrap_err();
        let told = Refusal::of(&refused);
        assert_eq!(
            (told.reason.as_str(), refused.message().contains(field)),
            (reason, true),
            "{refused:?}"
        );
    }
    // Doors that send the whole table have no pages.
    let query = json!({"collection": SYNTHETIC, "area": "QK1", "period": {"first": MONTH}});
    let question = json!({"question": {"gaps": {"query": query, "pageToken": token}}});
    let refused = server.watch(question).await.unwrap_err();
    assert_eq!(Refusal::of(&refused).short(), ("FIELD_INVALID", "question.gaps.page_token"));
}

#[tokio::test]
async fn a_gap_says_the_table_that_has_its_figure() {
    let server = world().await;
    let all = list(&server, &json!({"pageSize": 1000})).await.unwrap().breakdown.unwrap();
    let mut asked = std::collections::BTreeMap::new();
    for row in &all.rows {
        let [characteristic, group, figure] = &row.keys[..] else { panic!("{row:?}") };
        let name = row.source_table().to_lowercase();
        let query = json!({"collection": SYNTHETIC, "area": "QK1", "period": {"first": MONTH}, "by": [characteristic.code]});
        let question = (name, characteristic.code.clone());
        if !asked.contains_key(&question) {
            let table = server.table(&question.0, json!({"query": query})).await.unwrap();
            asked.insert(question.clone(), table);
        }
        let table = &asked[&question];
        let place = ids(table).iter().position(|id| *id == figure.code);
        let place = place.unwrap_or_else(|| panic!("{} is no column of {question:?}", figure.code));
        let own = table.rows.iter().find(|of| of.keys.len() == 1 && of.keys[0].code == group.code);
        let whole = table.rows.iter().find(|of| of.keys.is_empty());
        for (found, single) in row.cells.iter().zip([own, whole]) {
            assert_eq!(*found, single.unwrap().cells[place], "{row:?}");
        }
    }
    let tables: std::collections::BTreeSet<_> =
        asked.keys().map(|(table, _)| table.as_str()).collect();
    assert!(tables.len() > 1, "gaps of one table alone tell nothing: {tables:?}");
}

/// Remote consultations at the end of April, some of them followed in May, and so many in person in April; a service for partners.
async fn followed(in_person: usize) -> TestServer {
    let server = TestServer::start().await;
    for practice in ["C82001", "C82002", "C82009"] {
        let seen = |who: String, date: &str, channel: &str, sex: &str| {
            json!({"personKey": format!("{practice}-{who}"), "date": date, "channel": channel,
                "attendance": "5", "person": {"sex": sex}})
        };
        let (mut april, mut may) = (Vec::new(), Vec::new());
        for number in 0..60 {
            for (sex, followed) in [("1", 40), ("2", 20)] {
                let who = format!("{sex}-{number}");
                april.push(seen(who.clone(), "2020-04-28", "TELEPHONE", sex));
                if number < followed {
                    may.push(seen(who, "2020-05-02", "FACE_TO_FACE", sex));
                }
            }
        }
        for number in 0..in_person {
            let who = format!("seen-{number}");
            april.push(seen(who, "2020-04-10", "FACE_TO_FACE", ["1", "2"][number % 2]));
        }
        for (month, rows) in [("2020-04", april), ("2020-05", may)] {
            let about = SubmissionHeader {
                person_key_scheme: "nhs".into(),
                ..header(practice, "practice-feed", month, &["sex"])
            };
            server.submit(about, records(&json!(rows))).await.unwrap();
        }
    }
    server.release("first").await;
    server.reopen_with(|config| config.profile_without_identity = Some(ProfileName::Partner)).await
}

/// How many consultations there were in all is known elsewhere: if all but a few were remote, the remote ones would tell of the few. The search for gaps
/// counts CH-12 on its own, and withholds it where the table of channel impact does.
#[tokio::test]
async fn what_followed_is_withheld_among_the_gaps_where_its_table_withholds_it() {
    let figure = "CH-12/REMOTE";
    let key = format!("sex|1|{figure}");
    for (in_person, is_shown) in [(1, false), (25, true)] {
        let server = followed(in_person).await;
        let query =
            json!({"collection": "practice-feed", "area": "QK1", "period": {"first": "2020-04"}});
        let mut by_sex = query.clone();
        by_sex["by"] = json!(["sex"]);
        let impact = server.table("impact", json!({"query": by_sex})).await.unwrap();
        let asked = json!({"query": query, "dimensions": ["sex"], "falseDiscoveryRate": 1.0});
        let gaps = server.table("gaps", asked).await.unwrap();
        assert_eq!(keys(&gaps).contains(&key), is_shown, "{in_person}: {:?}", keys(&gaps));
        if is_shown {
            for (place, row) in ["1", ""].into_iter().enumerate() {
                let of_gap = &gaps.rows[keys(&gaps).iter().position(|of| *of == key).unwrap()];
                assert_eq!(of_gap.cells[place], *cell(&impact, row, figure), "`{row}`");
            }
        } else {
            assert_eq!(why(cell(&impact, "", figure)), AbsenceReason::Withheld);
            assert!(keys(&gaps).iter().all(|key| !key.contains("CH-12")), "{:?}", keys(&gaps));
        }
    }
}

/// Shares of consultations and of people are beside each other: the head says both.
#[tokio::test]
async fn the_head_says_what_the_limits_take_as_independent() {
    let server = world().await;
    let unit = async |more: Value| {
        let answer = list(&server, &more).await.unwrap().breakdown.unwrap();
        answer.context.unwrap().limits_unit
    };
    assert_eq!(unit(json!({})).await, "consultations and persons");
    // Without access snapshots no share is of people.
    let server = TestServer::start().await;
    let mut settings = GeneratorSettings::new(7).unwrap();
    settings.rows = 3_000;
    (settings.first_month, settings.last_month) = (MONTH.parse().unwrap(), MONTH.parse().unwrap());
    for file in Generator::new(settings).unwrap().consultations() {
        server.submit_parcel(file).await;
    }
    let answer = list(&server, &json!({})).await.unwrap().breakdown.unwrap();
    assert_eq!(answer.context.unwrap().limits_unit, "consultations");
}
