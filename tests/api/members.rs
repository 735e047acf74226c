//! The organisations of an area in the months around April 2026, when systems changed: in live answers, releases and published tables. Each is
//! held against a recount of `organisations.csv` and `areas.csv`.

use std::collections::BTreeMap;

use equity_indicators::config::{Config, ProfileName};
use equity_indicators::domain::codes::Content;
use equity_indicators::proto::v1::publication_service_client::PublicationServiceClient;
use equity_indicators::proto::v1::{GetPublishedTableRequest, ListAreasRequest, PublishedState};
use serde_json::{Value, json};

use crate::support::{Refusal, TestServer, count, header, key, records, totals};

pub(super) const MARCH: &str = "2026-03";
pub(super) const APRIL: &str = "2026-04";
pub(super) const AREAS: [&str; 9] =
    ["QRL", "D9Y0V", "92A", "D4U1Y", "QNQ", "S9B9J", "QXU", "S0E4D", "U2G6B"];

pub(super) type Row = BTreeMap<String, String>;

pub(super) fn rows(file: &str) -> Vec<Row> {
    let content = Content::embedded();
    let mut reader = csv::Reader::from_reader(content.file(file).unwrap().as_bytes());
    reader.deserialize().map(Result::unwrap).collect()
}

/// What was submitted, and the areas of each organisation: code, and first month in it.
pub(super) struct World {
    last_months: BTreeMap<String, String>,
    pub(super) practices: BTreeMap<String, Vec<(String, String)>>,
    pub(super) counts: BTreeMap<(String, String), i64>,
}

impl World {
    /// Four practices of each way through the changes, with counts that tell each of them.
    pub(super) fn new() -> Self {
        let last_months = rows("areas.csv")
            .into_iter()
            .map(|row| (row["code"].clone(), row["last_month"].clone()));
        let mut world = Self {
            last_months: last_months.collect(),
            practices: BTreeMap::new(),
            counts: BTreeMap::new(),
        };
        let mut kinds: BTreeMap<Vec<String>, usize> = BTreeMap::new();
        for row in rows("organisations.csv") {
            if row["type"] != "practice" || !row["last_month"].is_empty() {
                continue;
            }
            let areas = row["areas"].split(';').filter(|area| !area.is_empty());
            let areas: Vec<_> = areas
                .map(|area| area.split_once('@').unwrap_or((area, "")))
                .map(|(area, since)| (area.to_owned(), since.to_owned()))
                .collect();
            let way = areas.iter().filter(|(area, _)| AREAS.contains(&&**area));
            let way: Vec<_> = way.map(|(area, since)| format!("{area}@{since}")).collect();
            let taken = kinds.entry(way.clone()).or_default();
            if way.is_empty() || *taken == 4 {
                continue;
            }
            *taken += 1;
            world.practices.insert(row["code"].clone(), areas);
        }
        for (number, code) in (1..).zip(world.practices.keys()) {
            world.counts.insert((code.clone(), MARCH.into()), 1_000 + 10 * number);
            world.counts.insert((code.clone(), APRIL.into()), 5_000 + 10 * number);
        }
        world
    }

    fn belongs(&self, code: &str, area: &str, month: &str) -> bool {
        let last = self.last_months[area].as_str();
        let since = self.practices[code].iter().find(|(of, _)| of == area).map(|(_, since)| since);
        since.is_some_and(|since| since.as_str() <= month) && (last.is_empty() || month <= last)
    }

    /// The recount of an area's consultations in a month.
    fn total(&self, area: &str, month: &str) -> i64 {
        let all = self
            .counts
            .iter()
            .filter(|((code, of), _)| of == month && self.belongs(code, area, of));
        all.map(|(_, count)| count).sum()
    }

    pub(super) async fn submit(&self, server: &TestServer) {
        for ((code, month), count) in &self.counts {
            let header = header(code, "practice-feed", month, &[]);
            let rows = json!([{"channel": "TELEPHONE", "recordCount": count}]);
            server.submit(header, records(&rows)).await.unwrap();
        }
    }
}

pub(super) fn question(area: &str, (first, last): (&str, &str), more: Value) -> Value {
    let mut query = json!({
        "area": area, "collection": "practice-feed", "period": {"first": first, "last": last},
    });
    let Value::Object(more) = more else { panic!("no object") };
    more.into_iter().for_each(|(key, of)| query[key] = of);
    json!({"query": query})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_has_the_members_of_each_month_as_live_answers_have() {
    let server = TestServer::start().await;
    let world = World::new();
    assert!(world.practices.len() >= 20, "{}", world.practices.len());
    world.submit(&server).await;
    server.release("around-april").await;
    // What comes later is in live answers alone.
    let mut later = world.counts.keys().filter(|(_, month)| month == APRIL).cloned();
    let (code, month) = later.next().unwrap();
    let rows = json!([{"channel": "TELEPHONE", "recordCount": 9_000}]);
    server.submit(header(&code, "practice-feed", &month, &[]), records(&rows)).await.unwrap();
    let more = |area: &str, month: &str| {
        let belongs = month == APRIL && world.belongs(&code, area, month);
        if belongs { 9_000 - world.counts[&(code.clone(), month.to_owned())] } else { 0 }
    };
    let mut differ = 0;
    for area in AREAS {
        let asked =
            |as_of: Value| question(area, (MARCH, APRIL), json!({"by": ["month"], "asOf": as_of}));
        let released =
            totals(&server.ask(asked(json!({"release": "around-april"}))).await.unwrap());
        let live = totals(&server.ask(asked(json!(null))).await.unwrap());
        for month in [MARCH, APRIL] {
            let total = world.total(area, month);
            let of = |found: &BTreeMap<String, i64>| found.get(month).copied().unwrap_or(0);
            assert_eq!(of(&released), total, "{area} {month}");
            assert_eq!(of(&live), total + more(area, month), "{area} {month}");
            let all = world.counts.keys().filter(|(of, m)| {
                m == month && world.practices[of].iter().any(|(known, _)| known == area)
            });
            let all: i64 = all.map(|key| world.counts[key]).sum();
            differ += usize::from(all != total);
        }
    }
    assert!(differ >= 5, "members of all months are others: {differ}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_shows_an_area_by_its_members_in_the_months_of_the_data() {
    let server = TestServer::start().await;
    let world = World::new();
    // Practices that were in Frimley, and are in Surrey Heartlands since April.
    let moved =
        |code: &&String| world.belongs(code, "D4U1Y", MARCH) && world.belongs(code, "92A", APRIL);
    let moved: Vec<_> = world.practices.keys().filter(moved).collect();
    assert_eq!(moved.len(), 4);
    for code in &moved {
        let rows = json!([{"channel": "TELEPHONE", "recordCount": 500}]);
        server.submit(header(code, "practice-feed", MARCH, &[]), records(&rows)).await.unwrap();
    }
    server.release("march").await;
    let partner =
        |config: &mut Config| config.profile_without_identity = Some(ProfileName::Partner);
    let server = server.reopen_with(partner).await;
    let ask = async |area: &str, month: &str| {
        server.ask(question(area, (month, month), json!({}))).await.map(|answer| totals(&answer))
    };
    let found = ask("D4U1Y", MARCH).await.unwrap();
    assert!((1_900..=2_100).contains(&found[""]), "{found:?}");
    for month in [MARCH, APRIL] {
        let refused = ask("92A", month).await.unwrap_err();
        let refusal = Refusal::of(&refused);
        assert_eq!(refusal.reason, "QUERY_REFUSED", "{month}");
        assert!(refused.message().contains("does not show `92A`"), "{refused:?}");
    }
}

const TABLES: &str = r#"
version = "3"
[[table]]
id = "hampshire"
title = "Channels by location, Hampshire and Isle of Wight"
collection = "practice-feed"
area = "QRL"
dimensions = ["channel", "sub_icb"]
period = "MONTH"
periods = 2
[[table]]
id = "thames"
title = "Channels by location, Thames Valley"
collection = "practice-feed"
area = "S0E4D"
dimensions = ["channel", "sub_icb"]
period = "MONTH"
periods = 2
"#;

#[tokio::test(flavor = "multi_thread")]
async fn published_tables_have_the_members_of_each_month() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("published.toml"), TABLES).unwrap();
    let with = |config: &mut Config| config.reference_folder = Some(folder.path().to_owned());
    let server = TestServer::with(with).await;
    let world = World::new();
    world.submit(&server).await;
    server.release("around-april").await;
    // All counts are multiples of 5, which published counts are rounded to.
    for (table, area, says, locations) in [
        (
            "hampshire",
            "QRL",
            &["SERIES BREAK: QRL (", "SERIES BREAK: D9Y0V ("][..],
            [(MARCH, &["D9Y0V"][..]), (APRIL, &["D9Y0V"])],
        ),
        (
            "thames",
            "S0E4D",
            &["S0E4D (Thames Valley) began in 2026-04"],
            [(MARCH, &["10Q", "14Y", "15A", "D4U1Y"]), (APRIL, &["10Q", "14Y", "15A", "U2G6B"])],
        ),
    ] {
        let request = GetPublishedTableRequest { release: String::new(), table_id: table.into() };
        let mut client = PublicationServiceClient::new(server.channel());
        let answer = client.get_published_table(request).await.unwrap().into_inner();
        let (notes, found) = (answer.table.unwrap().notes.join(" "), answer.rows);
        for said in says {
            assert!(notes.contains(said), "{table}: {said}: {notes}");
        }
        for (month, locations) in locations {
            let of_month: Vec<_> = found.iter().filter(|row| row.period == month).collect();
            let total = of_month.iter().find(|row| row.keys.is_empty()).unwrap();
            assert_eq!(total.count, Some(world.total(area, month)), "{table} {month}");
            let live = server.ask(question(area, (month, month), json!({}))).await.unwrap();
            assert_eq!(total.count, Some(totals(&live)[""]), "{table} {month}");
            let parts: BTreeMap<_, _> = of_month
                .iter()
                .filter(|row| row.keys.len() == 1 && row.keys[0].dimension == "sub_icb")
                .map(|row| (row.keys[0].code.as_str(), row))
                .collect();
            assert!(
                locations.iter().all(|code| parts.contains_key(code)),
                "{table} {month}: {:?}",
                parts.keys()
            );
            for ended in ["D4U1Y", "U2G6B"] {
                assert_eq!(
                    parts.contains_key(ended),
                    locations.contains(&ended),
                    "{table} {month} {ended}"
                );
            }
            let mut shown = 0;
            for (code, row) in parts {
                let all = world.counts.iter().filter(|((of, m), _)| {
                    m == month && world.belongs(of, area, month) && world.belongs(of, code, month)
                });
                let recount: i64 = all.map(|(_, count)| count).sum();
                match row.state() {
                    PublishedState::Shown => {
                        assert_eq!(row.count, Some(recount), "{table} {month} {code}");
                        shown += 1;
                    }
                    _ => assert!(row.count.is_none(), "{row:?}"),
                }
            }
            assert!(shown > 0, "{table} {month}: every location is withheld");
        }
    }
}

#[tokio::test]
async fn the_whole_beside_listed_organisations_has_the_members_of_the_months_asked() {
    let server = TestServer::start().await;
    let world = World::new();
    world.submit(&server).await;
    let way = |march: &str, april: &str| -> Vec<&String> {
        let all = world.practices.keys();
        all.filter(|code| world.belongs(code, march, MARCH) && world.belongs(code, april, APRIL))
            .collect()
    };
    let (moved, stayed) = (way("D4U1Y", "92A"), way("QXU", "92A"));
    let ask = async |codes: &[&String], months: (&str, &str), area: Option<&str>| {
        let mut query = json!({
            "collection": "practice-feed", "period": {"first": months.0, "last": months.1},
        });
        match area {
            None => query["organisations"] = json!(codes),
            Some(area) => {
                query["area"] = json!(area);
                query["where"] = json!([{"dimension": "organisation", "codes": codes}]);
            }
        }
        let answer = server.ask(json!({"query": query})).await.unwrap();
        let mut found = totals(&answer);
        for code in codes {
            assert!(found.remove(*code).is_some(), "{code}");
        }
        let expected = answer.context.unwrap().notes.join(" ");
        (found, expected)
    };
    let whole = |area: &str, months: &[&str]| {
        let total = months.iter().map(|month| world.total(area, month)).sum::<i64>();
        BTreeMap::from([(area.to_owned(), total)])
    };
    // Two that were in Frimley; one of them and one that was in Surrey Heartlands already, both in Surrey; two of these.
    for (codes, months, area, of) in [
        ([moved[0], moved[1]], (MARCH, MARCH), None, ("D4U1Y", &[MARCH][..])),
        ([moved[0], moved[1]], (APRIL, APRIL), None, ("92A", &[APRIL])),
        ([moved[0], stayed[0]], (MARCH, MARCH), None, ("E10000030", &[MARCH])),
        ([moved[0], stayed[0]], (APRIL, APRIL), None, ("92A", &[APRIL])),
        // Surrey Heartlands had other practices in March: it is no whole of both months.
        ([stayed[0], stayed[1]], (MARCH, APRIL), None, ("E10000030", &[MARCH, APRIL])),
        ([stayed[0], stayed[1]], (MARCH, APRIL), Some("S9B9J"), ("E10000030", &[MARCH, APRIL])),
        ([stayed[0], stayed[1]], (MARCH, MARCH), Some("S9B9J"), ("92A", &[MARCH])),
    ] {
        let (found, notes) = ask(&codes, months, area).await;
        assert_eq!(found, whole(of.0, of.1), "{codes:?} {months:?} {area:?}");
        let members = rows("organisations.csv").into_iter().filter(|row| {
            let last = row["last_month"].as_str();
            let is_of = row["areas"].split(';').any(|area| {
                let (area, since) = area.split_once('@').unwrap_or((area, ""));
                area == of.0 && since <= months.1
            });
            row["type"] == "practice"
                && is_of
                && (last.is_empty() || months.0 <= last)
                && (row["first_month"].is_empty() || row["first_month"].as_str() <= months.1)
        });
        let says = format!("of {} expected organisations have submitted", members.count());
        assert!(notes.contains(&says), "{of:?}: {says}: {notes}");
    }
}

#[tokio::test]
async fn a_whole_within_an_area_that_ended_has_its_months_alone() {
    let server = TestServer::start().await;
    let world = World::new();
    world.submit(&server).await;
    // Both are in one network, which counts in April too.
    let codes = ["H81027", "H81088"];
    let listed = json!({"where": [{"dimension": "organisation", "codes": codes}]});
    let answer = server.ask(question("QNQ", (MARCH, APRIL), listed)).await.unwrap();
    let found = totals(&answer);
    assert!(found.contains_key("U17969"), "their network: {found:?}");
    assert!(found.values().all(|count| *count <= world.total("QNQ", MARCH)), "{found:?}");
}

#[tokio::test]
async fn the_wholes_of_two_dimensions_do_not_depend_on_their_order() {
    let server = TestServer::start().await;
    let world = World::new();
    world.submit(&server).await;
    let network = |row: &Row| {
        let mut areas = row["areas"].split(';').map(|area| area.split('@').next().unwrap());
        areas.find(|area| area.len() == 6 && area.starts_with('U')).map(str::to_owned)
    };
    let of_92a = rows("organisations.csv").into_iter().filter(|row| {
        world.practices.contains_key(&row["code"]) && world.belongs(&row["code"], "92A", APRIL)
    });
    let mut networks = BTreeMap::new();
    for row in of_92a {
        networks.entry(network(&row).unwrap()).or_insert_with(|| row["code"].clone());
    }
    let (networks, practices): (Vec<_>, Vec<_>) = networks.into_iter().take(2).unzip();
    let ask = async |by: [&str; 2]| {
        let filters = json!([
            {"dimension": "organisation", "codes": practices}, {"dimension": "pcn", "codes": networks},
        ]);
        let answer = server
            .ask(question("92A", (APRIL, APRIL), json!({"by": by, "where": filters})))
            .await
            .unwrap();
        let found = answer.rows.iter().map(|row| {
            let mut keys: Vec<_> = row.keys.iter().map(|key| (&key.dimension, &key.code)).collect();
            keys.sort();
            (format!("{keys:?}"), count(&answer, &key(row), "CONTACTS"))
        });
        found.collect::<BTreeMap<_, _>>()
    };
    let one = ask(["organisation", "pcn"]).await;
    assert_eq!(one, ask(["pcn", "organisation"]).await);
    // Nothing beside two networks is of more than these two practices or of these networks alone.
    let whole = world.total("92A", APRIL);
    let both = one.iter().filter(|(_, count)| **count == whole);
    assert!(both.count() <= 1, "{one:?}");
}

#[tokio::test]
async fn a_partner_is_told_no_whole_that_it_may_not_ask_about() {
    let server = TestServer::start().await;
    let world = World::new();
    world.submit(&server).await;
    server.release("around-april").await;
    let server = server
        .reopen_with(|config| config.profile_without_identity = Some(ProfileName::Partner))
        .await;
    let find = |march: &str| {
        let mut all = world.practices.keys();
        all.find(|code| world.belongs(code, march, MARCH) && world.belongs(code, "92A", APRIL))
            .unwrap()
    };
    let codes = [find("D4U1Y"), find("QXU")];
    let ask = async |month: &str| {
        let query = json!({
            "collection": "practice-feed", "period": {"first": month}, "organisations": codes, "by": ["organisation"],
        });
        let answer = server.ask(json!({"query": query})).await.unwrap();
        answer.rows.iter().map(key).collect::<Vec<_>>()
    };
    // In March only Surrey, a place, and what began in April held both.
    let told = ask(MARCH).await;
    assert!(told.iter().all(|key| key.is_empty() || codes.contains(&key)), "{told:?}");
    assert!(ask(APRIL).await.contains(&"92A".to_owned()));
}

#[tokio::test]
async fn organisations_expected_are_members_of_the_months_asked() {
    let server = TestServer::start().await;
    let world = World::new();
    let organisations = rows("organisations.csv");
    let expected = |area: &str, (first, last): (&str, &str)| {
        let is_expected = |row: &&Row| {
            let is_there = (row["first_month"].is_empty() || row["first_month"].as_str() <= last)
                && (row["last_month"].is_empty() || first <= row["last_month"].as_str());
            let ends = world.last_months[area].as_str();
            let is_member = row["areas"].split(';').any(|of| {
                let (of, since) = of.split_once('@').unwrap_or((of, ""));
                of == area && since <= last && (ends.is_empty() || first <= ends)
            });
            row["type"] == "practice" && is_there && is_member
        };
        organisations.iter().filter(is_expected).count()
    };
    let mut counts = Vec::new();
    for months in [(MARCH, MARCH), (APRIL, APRIL), (MARCH, APRIL)] {
        for basis in ["AREA_BASIS_PROVIDER", "AREA_BASIS_RESIDENCE"] {
            for area in ["QRL", "S9B9J", "QU9"] {
                let question = question(area, months, json!({"areaBasis": basis}));
                let context = server.ask(question).await.unwrap().context.unwrap();
                let found = usize::try_from(context.expected_organisation_count).unwrap();
                assert_eq!(found, expected(area, months), "{area} {basis} {months:?}");
                counts.push(found);
            }
        }
    }
    assert_ne!(counts[0], counts[6], "QRL has more practices since April");
}

#[tokio::test]
async fn each_successor_of_a_divided_area_is_told_with_its_share() {
    let server = TestServer::start().await;
    let areas = async |search: &str| {
        let request = ListAreasRequest { search: search.into(), ..Default::default() };
        server.reference().list_areas(request).await.unwrap().into_inner().areas
    };
    let found = areas("qnq").await;
    let shares: Vec<_> = found[0]
        .successor_shares
        .iter()
        .map(|of| (of.area.as_str(), of.small_area_count, (of.share * 455.0).round()))
        .collect();
    assert_eq!(shares, [("QRL", 105, 105.0), ("S0E4D", 255, 255.0), ("S9B9J", 95, 95.0)]);
    assert!(areas("qk1").await[0].successor_shares.is_empty());
    assert_eq!(areas("qu9").await[0].successor_shares.len(), 1);
}
