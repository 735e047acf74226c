//! Age-standardised rates, against the formula of the page of statistics over the rows and people that were sent.

use equity_indicators::config::ProfileName;
use equity_indicators::proto::v1::{AbsenceReason, Breakdown, PopulationRecord};
use serde_json::{Value, json};
use tonic::Code;

use crate::support::{
    Refusal, TestServer, cell, count, header, message, parameter, records, value, why,
};

const SYNTHETIC: &str = "synthetic-llr";
const CONTROLLED: &str = "practice-feed";
const MONTHS: [&str; 2] = ["2020-04", "2020-05"];
const Z: f64 = 1.959_963_984_540_054;
/// The European Standard Population of 2013, as Eurostat gives it.
const STANDARD: [f64; 19] = [
    5000.0, 5500.0, 5500.0, 5500.0, 6000.0, 6000.0, 6500.0, 7000.0, 7000.0, 7000.0, 7000.0, 6500.0,
    6000.0, 5500.0, 5000.0, 4000.0, 2500.0, 1500.0, 1000.0,
];

fn ages() -> impl Iterator<Item = String> {
    (0..18).map(|band| format!("{}-{}", 5 * band, 5 * band + 4)).chain(["90+".to_owned()])
}

/// Consultations by telephone and by video, and people, of a sex and band, in each month: sex 1 is young, sex 2 is old.
fn sent(sex: &str, band: u32) -> ([u32; 2], u32) {
    let people = if sex == "1" { 900 - 40 * band } else { 150 + 40 * band };
    ([20 + 3 * band, if band == 3 { 0 } else { 25 - band }], people)
}

/// Both months of one organisation. Sex 9 has nobody of 90 and over.
async fn world() -> TestServer {
    let server = TestServer::start().await;
    for month in MONTHS {
        let (mut rows, mut people) = (Vec::new(), Vec::new());
        for (band, age) in (0..).zip(ages()) {
            for sex in ["1", "2"] {
                let (counts, of_band) = sent(sex, band);
                for (channel, count) in
                    ["TELEPHONE", "VIDEO"].iter().zip(counts).filter(|(_, count)| *count > 0)
                {
                    rows.push(json!({"channel": channel, "recordCount": count, "person": {"sex": sex, "ageBand": age}}));
                }
                people
                    .push(json!({"personCount": of_band, "person": {"sex": sex, "ageBand": age}}));
            }
            if age != "90+" {
                people.push(json!({"personCount": 40, "person": {"sex": "9", "ageBand": age}}));
                rows.push(json!({"channel": "VIDEO", "recordCount": 6, "person": {"sex": "9", "ageBand": age}}));
            }
        }
        let header = || header("C82001", SYNTHETIC, month, &["sex", "age_band"]);
        server.submit(header(), records(&Value::Array(rows))).await.unwrap();
        let people = people.into_iter().map(message::<PopulationRecord>).collect();
        server.submit_people(header(), people).await.unwrap();
    }
    server
}

fn question(by: &[&str]) -> Value {
    let period = json!({"first": MONTHS[0], "last": MONTHS[1]});
    json!({"query": {"collection": SYNTHETIC, "area": "QK1", "by": by, "period": period}})
}

/// Rate and Dobson's limits, per 1,000, out of consultations, people and weights of each band.
fn dobson(bands: &[(f64, f64, f64)]) -> (f64, f64, f64) {
    let weight: f64 = bands.iter().map(|(_, _, w)| w).sum();
    let rate = bands.iter().map(|(x, n, w)| w * x / n).sum::<f64>() / weight;
    let variance =
        bands.iter().map(|(x, n, w)| w * w * x / (n * n)).sum::<f64>() / (weight * weight);
    let all: f64 = bands.iter().map(|(x, _, _)| x).sum();
    let byar = |x: f64, z: f64| x * (1.0 - 1.0 / (9.0 * x) + z / (3.0 * x.sqrt())).powi(3);
    let limit = |byar: f64| rate + (variance / all).sqrt() * (byar - all);
    (1e3 * rate, 1e3 * limit(byar(all, -Z)), 1e3 * limit(byar(all + 1.0, Z)))
}

fn near(answer: &Breakdown, key: &str, id: &str, (rate, lower, upper): (f64, f64, f64)) {
    let cell = cell(answer, key, id);
    let found = [value(answer, key, id), cell.lower.unwrap(), cell.upper.unwrap()];
    let pairs = || found.into_iter().zip([rate, lower, upper]);
    assert!(
        pairs().all(|(one, other)| (one - other).abs() < 1e-9),
        "{key} {id}: {found:?} {rate} {lower} {upper}"
    );
}

/// What was sent of some sexes, by band: consultations of a channel or of both, people times months, weight.
fn recount(sexes: &[&str], channel: Option<usize>) -> Vec<(f64, f64, f64)> {
    let of = |(band, weight): (u32, f64)| {
        let all = || sexes.iter().map(|sex| sent(sex, band));
        let counted =
            |counts: [u32; 2]| channel.map_or(counts[0] + counts[1], |place| counts[place]);
        let (events, people): (u32, u32) =
            all().fold((0, 0), |(x, n), (counts, of)| (x + counted(counts), n + of));
        (2.0 * f64::from(events), 2.0 * f64::from(people), weight)
    };
    (0..).zip(STANDARD).map(of).collect()
}

#[tokio::test]
async fn rates_are_standardised_by_age() {
    let server = world().await;
    let answer = server.table("standardised_rates", question(&["sex"])).await.unwrap();
    assert_eq!(parameter(&answer, "standard_population"), "European Standard Population 2013");
    for sex in ["1", "2"] {
        for (id, channel) in [("", None), ("/TELEPHONE", Some(0)), ("/VIDEO", Some(1))] {
            let bands = recount(&[sex], channel);
            near(&answer, sex, &format!("STANDARDISED{id}"), dobson(&bands));
            let (x, n) = bands.iter().fold((0.0, 0.0), |(x, n), of| (x + of.0, n + of.1));
            near(&answer, sex, &format!("CRUDE{id}"), dobson(&[(x, n, 1.0)]));
        }
    }
    // Both sexes have the same consultations; the old one has them of fewer young people.
    assert_eq!(count(&answer, "1", "CONTACTS"), count(&answer, "2", "CONTACTS"));
    assert!(value(&answer, "2", "STANDARDISED") > value(&answer, "2", "CRUDE"));
    // Without anybody of 90 and over there is no rate of that age to weight.
    assert_eq!(why(cell(&answer, "9", "STANDARDISED")), AbsenceReason::NotComputable);
    assert!(cell(&answer, "9", "CRUDE").value.is_some());
    let detail = &cell(&answer, "9", "STANDARDISED").absence.as_ref().unwrap().detail;
    assert_eq!(detail, "the population is not above 0");
}

#[tokio::test]
async fn the_total_is_standardised_by_itself() {
    let server = world().await;
    let mut asked = question(&["sex"]);
    asked["query"]["where"] = json!([{"dimension": "sex", "codes": ["1"]}]);
    let one = server.table("standardised_rates", asked).await.unwrap();
    near(&one, "", "STANDARDISED", dobson(&recount(&["1"], None)));
    let alone = server.table("standardised_rates", question(&[])).await.unwrap();
    let with_rows = server.table("standardised_rates", question(&["sex"])).await.unwrap();
    assert_eq!(alone.rows[0].cells, with_rows.rows[0].cells);
    assert!(alone.rows[0].keys.is_empty() && with_rows.rows[0].keys.is_empty());
    let mut attended = question(&[]);
    attended["measure"] = json!("MEASURE_ATTENDED_CONTACTS");
    let attended = server.table("standardised_rates", attended).await.unwrap();
    assert_eq!(count(&attended, "", "ATTENDED_CONTACTS"), 0, "no attendance was sent");
    assert_eq!(why(cell(&attended, "", "STANDARDISED")), AbsenceReason::NotCollected);
}

/// Both sexes in three practices, for a partner who may see no small count. `few`: one sex has a single consultation of 15 to 19.
async fn seen_by_a_partner(few: bool) -> TestServer {
    let before = TestServer::start().await;
    for organisation in ["C82001", "C82002", "C82009"] {
        let (mut rows, mut people) = (Vec::new(), Vec::new());
        for (band, age) in (0..).zip(ages()) {
            for sex in ["1", "2"] {
                let person = json!({"sex": sex, "ageBand": age});
                people.push(json!({"personCount": 900, "person": person}));
                let few = few && sex == "1" && band == 3;
                let count = if few { 1 } else { 60 + band };
                if !few || organisation == "C82001" {
                    rows.extend(["TELEPHONE", "VIDEO"].map(
                        |channel| json!({"channel": channel, "recordCount": count, "person": person}),
                    ));
                }
            }
        }
        let header = || header(organisation, CONTROLLED, MONTHS[0], &["sex", "age_band"]);
        before.submit(header(), records(&Value::Array(rows))).await.unwrap();
        let people = people.into_iter().map(message::<PopulationRecord>).collect();
        before.submit_people(header(), people).await.unwrap();
    }
    before.release("first").await;
    before.reopen_with(|config| config.profile_without_identity = Some(ProfileName::Partner)).await
}

#[tokio::test]
async fn a_partner_is_told_no_more_than_by_the_rates_of_each_age() {
    let [server, of_few] = [seen_by_a_partner(false).await, seen_by_a_partner(true).await];
    let about = |by: &[&str]| json!({"query": {"collection": CONTROLLED, "area": "QK1", "by": by, "period": {"first": MONTHS[0]}}});
    let answer = server.table("standardised_rates", about(&["sex"])).await.unwrap();
    let mut by_age = about(&["sex", "age_5y"]);
    by_age["includeRates"] = json!(true);
    // The band that is withheld withholds the rate of all ages.
    let withheld = of_few.ask(by_age.clone()).await.unwrap();
    assert_eq!(why(cell(&withheld, "1|15-19", "CONTACTS")), AbsenceReason::Withheld);
    let withheld = of_few.table("standardised_rates", about(&["sex"])).await.unwrap();
    assert_eq!(why(cell(&withheld, "1", "STANDARDISED")), AbsenceReason::Withheld);
    let by_age = server.ask(by_age).await.unwrap();
    let bands = ages().zip(STANDARD).map(|(age, weight)| {
        let key = format!("2|{age}");
        // Either channel's rate tells the people, unless it is withheld.
        let told =
            ["CH-03/VIDEO", "CH-03/TELEPHONE"].map(|id| cell(&by_age, &key, id).denominator_count);
        let people =
            told.into_iter().flatten().next().unwrap_or_else(|| panic!("{key}: no people"));
        let exact = |count: i64| f64::from(u32::try_from(count).unwrap());
        (exact(count(&by_age, &key, "CONTACTS")), exact(people), weight)
    });
    let (rate, lower, upper) = dobson(&bands.collect::<Vec<_>>());
    let told = cell(&answer, "2", "STANDARDISED");
    assert!((value(&answer, "2", "STANDARDISED") - rate).abs() < 1e-9, "{told:?} {rate}");
    assert!(told.lower.unwrap() < lower && upper < told.upper.unwrap(), "limits hold the changes");
    assert!(told.numerator_count.is_none() && told.denominator_count.is_none());
}

#[tokio::test]
async fn wrong_questions_are_refused_by_field() {
    let server = world().await;
    for (field, name, wrong) in [
        ("query.by", "by", json!(["age_band"])),
        ("query.by", "by", json!(["sex", "age_5y"])),
        ("query.where", "where", json!([{"dimension": "age_75", "codes": ["75+"]}])),
        ("query.comparison", "comparison", json!({"reference": "COMPARISON_REFERENCE_LARGEST"})),
        ("query.period.first", "period", json!({"first": "x"})),
    ] {
        let mut asked = question(&[]);
        asked["query"][name] = wrong;
        let refused = server.table("standardised_rates", asked).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert_eq!(Refusal::of(&refused).short(), ("FIELD_INVALID", field));
    }
    for (field, wrong) in
        [("measure", json!("MEASURE_PERSONS")), ("population_collection", json!("gpad-regional"))]
    {
        let mut asked = question(&["sex"]);
        let name = if field == "measure" { field } else { "populationCollection" };
        asked[name] = wrong;
        let refused = server.table("standardised_rates", asked).await.unwrap_err();
        assert_eq!(Refusal::of(&refused).short(), ("FIELD_INVALID", field));
    }
    // Ages known only in broad bands make no standardised rate.
    let rows = json!([{"channel": "VIDEO", "recordCount": 60, "person": {"ageBand": "18-64"}}]);
    let header = || header("04C", SYNTHETIC, "2020-04", &["age_band"]);
    server.submit(header(), records(&rows)).await.unwrap();
    let people = json!({"personCount": 900, "person": {"ageBand": "18-64"}});
    server.submit_people(header(), vec![message(people)]).await.unwrap();
    let mut asked = question(&[]);
    asked["query"]["organisations"] = json!(["04C"]);
    asked["query"]["area"] = json!("");
    let answer = server.table("standardised_rates", asked).await.unwrap();
    assert_eq!(why(cell(&answer, "", "STANDARDISED")), AbsenceReason::NotComputable);
}
