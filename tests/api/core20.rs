//! Core20, the most deprived fifth of England, by the edition that each record carries: figures, and the edition that the answer states.

use equity_indicators::config::ProfileName;
use equity_indicators::proto::v1::{Breakdown, IndicatorCountRecord, PersonCharacteristics};
use serde_json::{Value, json};

use crate::support::{TestServer, count, header, records};

const SYNTHETIC: &str = "synthetic-llr";
/// Consultations by decile.
const DECILES: [(&str, i64); 4] = [("1", 10), ("2", 20), ("3", 40), ("10", 80)];

async fn submit(server: &TestServer, organisation: &str, edition: &str) {
    let row = |(decile, many): (&str, i64)| json!({"channel": "TELEPHONE", "recordCount": many.to_string(), "person": {"deprivation": decile}});
    let mut about = header(organisation, SYNTHETIC, "2026-04", &["deprivation"]);
    about.code_systems.insert("deprivation".into(), edition.into());
    let rows: Vec<_> = DECILES.map(row).into();
    server.submit(about, records(&Value::Array(rows))).await.unwrap();
}

fn asked(by: &[&str], only: Option<&str>) -> Value {
    let mut query =
        json!({"collection": SYNTHETIC, "area": "QK1", "period": {"first": "2026-04"}, "by": by});
    if let Some(code) = only {
        query["where"] = json!([{"dimension": "core20", "codes": [code]}]);
    }
    json!({"query": query})
}

/// What the answer says about editions.
fn editions(answer: &Breakdown) -> Vec<&str> {
    let notes = &answer.context.as_ref().unwrap().notes;
    let about = notes.iter().filter(|note| note.contains("edition")).map(String::as_str);
    about.collect()
}

#[tokio::test]
async fn the_answer_states_the_editions_that_its_records_carry() {
    let server = TestServer::start().await;
    submit(&server, "C82005", "imd_2019").await;
    submit(&server, "C82003", "imd_2025").await;
    let both = Some("the editions IMD 2019 and IMD 2025");
    let of = |organisation: &str| {
        let mut question = asked(&["core20"], None);
        question["query"]["area"] = json!("");
        question["query"]["organisations"] = json!([organisation]);
        question
    };
    for (question, row, contacts, expected) in [
        (asked(&["core20"], None), "core20", 60, both),
        (of("C82005"), "core20", 30, Some("the edition IMD 2019.")),
        (of("C82003"), "core20", 30, Some("the edition IMD 2025.")),
        (asked(&[], Some("core20")), "", 60, both),
        // A view of one edition says it in its label; a question without deprivation says nothing.
        (asked(&["imd2025_quintile"], None), "imd_2025:q1", 30, None),
        (asked(&["sex"], None), "", 300, None),
    ] {
        let answer = server.ask(question.clone()).await.unwrap();
        let said = editions(&answer);
        assert_eq!(said.len(), usize::from(expected.is_some()), "{question}: {said:?}");
        assert!(expected.is_none_or(|words| said[0].contains(words)), "{question}: {said:?}");
        assert_eq!(count(&answer, row, "CONTACTS"), contacts, "{question}");
    }
    // A condition that only one edition meets.
    let mut question = asked(&["core20"], None);
    question["query"]["where"] =
        json!([{"dimension": "imd2019_quintile", "codes": ["imd_2019:q1"]}]);
    let answer = server.ask(question).await.unwrap();
    assert!(editions(&answer)[0].contains("the edition IMD 2019."), "{:?}", editions(&answer));
    // Two dimensions that put editions together are both named.
    let server = with_another(server).await;
    let mut question = asked(&["core20"], None);
    question["query"]["where"] = json!([{"dimension": "core10", "codes": ["core10"]}]);
    let answer = server.ask(question).await.unwrap();
    let said = editions(&answer);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].starts_with("Core10 and Core20: most deprived fifth of England: "), "{said:?}");
}

/// The same data with another dimension that puts editions together: the most deprived tenth.
async fn with_another(server: TestServer) -> TestServer {
    let built_in = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("services/domain/codes/data/dimensions.toml");
    let text = std::fs::read_to_string(built_in).unwrap();
    let (_, core20) = text.split_once("[[dimension]]\nid = \"core20\"\n").unwrap();
    let core20 = core20.split("[[dimension]]").next().unwrap();
    let core10 = core20
        .replace("Core20: most deprived fifth of England", "Core10")
        .replace("core20", "core10");
    let folder = server.data_folder().with_file_name("reference");
    std::fs::create_dir_all(&folder).unwrap();
    let text = format!("{text}\n[[dimension]]\nid = \"core10\"\n{core10}");
    std::fs::write(folder.join("dimensions.toml"), text).unwrap();
    server.reopen_with(|config| config.reference_folder = Some(folder)).await
}

#[tokio::test]
async fn a_target_for_core20_states_the_editions_too() {
    let server = TestServer::start().await;
    for (practice, edition, numerator_count) in
        [("C82005", "imd_2019", 80), ("C82003", "imd_2025", 60)]
    {
        let record = |decile: &str| IndicatorCountRecord {
            indicator: "C20-MAT".into(),
            numerator_count,
            denominator_count: 100,
            person: Some(PersonCharacteristics {
                deprivation: decile.into(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let mut about = header(practice, "practice-feed", "2026-04", &["deprivation"]);
        about.code_systems.insert("deprivation".into(), edition.into());
        server.submit_counts(about, ["1", "9"].map(record).into()).await.unwrap();
    }
    let query = json!({"area": "QK1", "period": {"first": "2026-04"}});
    let asked = json!({"target": "C20-MAT-CORE20", "query": query});
    let answer = server.table("target_status", asked).await.unwrap();
    let of_all = &answer.rows[0].cells[0];
    assert_eq!((of_all.numerator_count, of_all.denominator_count), (Some(140), Some(200)));
    assert!(
        editions(&answer).iter().any(|said| said.contains("IMD 2019 and IMD 2025")),
        "{:?}",
        editions(&answer)
    );
}

/// Which editions occur among few people tells who is there, so a reader of protected counts is not told.
#[tokio::test]
async fn a_reader_of_protected_counts_is_told_no_edition() {
    let server = TestServer::start().await;
    for (practice, edition) in
        [("C82001", "imd_2019"), ("C82002", "imd_2025"), ("C82009", "imd_2025")]
    {
        let row = |(decile, many): (&str, i64)| json!({"channel": "TELEPHONE", "recordCount": (10 * many).to_string(), "person": {"deprivation": decile}});
        let mut about = header(practice, "practice-feed", "2020-04", &["deprivation"]);
        about.code_systems.insert("deprivation".into(), edition.into());
        let rows: Vec<_> = DECILES.map(row).into();
        server.submit(about, records(&Value::Array(rows))).await.unwrap();
    }
    server.release("first").await;
    let mut question = asked(&["core20"], None);
    question["query"]["collection"] = json!("practice-feed");
    question["query"]["period"] = json!({"first": "2020-04"});
    let exact = server.ask(question.clone()).await.unwrap();
    assert!(editions(&exact)[0].contains("the editions IMD 2019 and IMD 2025"));
    let server = server
        .reopen_with(|config| config.profile_without_identity = Some(ProfileName::Partner))
        .await;
    let protected = server.ask(question).await.unwrap();
    assert!(count(&protected, "core20", "CONTACTS") > 800, "the figures are there");
    assert!(editions(&protected).is_empty(), "{:?}", editions(&protected));
}
