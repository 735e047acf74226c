//! Targets: the list, and how indicators stand to them, with a baseline that later submissions do not move.

use equity_indicators::proto::v1::{
    Breakdown, Cell, IndicatorCountRecord, ListTargetsRequest, PersonCharacteristics,
    StatedBaseline, Verdict,
};
use serde_json::{Value, json};

use crate::support::{TestServer, header};

const PRACTICE: &str = "C82001";

/// Every target of section J of the requirements: indicator, value, deadline and population.
type Stated = (&'static str, &'static str, Option<f64>, &'static str, &'static str);
const STATED: [Stated; 20] = [
    ("C20-MAT-CORE20", "C20-MAT", Some(0.75), "", "core20=core20"),
    ("C20-MAT-MINORITY", "C20-MAT", Some(0.75), "", "ethnic_minority=minority"),
    ("C20-MAT-ASIAN", "C20-MAT", Some(0.75), "", "ethnic_group_broad=asian"),
    ("C20-MAT-BLACK", "C20-MAT", Some(0.75), "", "ethnic_group_broad=black"),
    ("C20-MAT-MIXED", "C20-MAT", Some(0.75), "", "ethnic_group_broad=mixed"),
    ("C20-MAT-OTHER", "C20-MAT", Some(0.75), "", "ethnic_group_broad=other"),
    ("C20-SMI", "C20-SMI", Some(0.60), "", ""),
    ("C20-CAN", "C20-CAN", Some(0.75), "2028-12", ""),
    ("C20-RESP-COV", "C20-RESP-COV", None, "", ""),
    ("C20-RESP-FLU", "C20-RESP-FLU", None, "", ""),
    ("C20-RESP-PNEU", "C20-RESP-PNEU", None, "", ""),
    ("C20-RESP-ADM", "C20-RESP-ADM", None, "", ""),
    ("C20-HYP", "C20-HYP-FIND", None, "", ""),
    ("LLR-LE", "", None, "", ""),
    ("FSL-IMD", "FSL", None, "", ""),
    ("FSL-ETH", "FSL", None, "", ""),
    ("HEA-ADOPT", "HEA-ADOPT", Some(1.0), "2021-10", ""),
    ("DASH-PLACE", "DASH-PLACE", Some(1.0), "2021-10", ""),
    ("CODE-PLAN", "CODE-PLAN", Some(1.0), "2021-07", ""),
    ("TRAIN-EXEC", "TRAIN-EXEC", Some(1.0), "2021-11", ""),
];

/// Counts of men and of women.
async fn submit(server: &TestServer, month: &str, men: (i64, i64), women: (i64, i64)) -> i64 {
    let record = |sex: &str, (numerator_count, denominator_count)| IndicatorCountRecord {
        indicator: "FSL".into(),
        numerator_count,
        denominator_count,
        person: Some(PersonCharacteristics { sex: sex.into(), ..Default::default() }),
        ..Default::default()
    };
    let rows = vec![record("1", men), record("2", women)];
    let header = header(PRACTICE, "practice-feed", month, &["sex"]);
    server.submit_counts(header, rows).await.unwrap().submission.unwrap().position
}

fn asked(target: &str, first: &str, by: &[&str]) -> Value {
    json!({"target": target, "query": {"area": "QK1", "period": {"first": first}, "by": by}})
}

fn cell<'a>(answer: &'a Breakdown, code: &str, column: &str) -> &'a Cell {
    let place = answer.columns.iter().position(|of| of.id == column).unwrap();
    let row = answer.rows.iter().find(|row| row.keys.first().map_or("", |key| &key.code) == code);
    &row.unwrap_or_else(|| panic!("no row {code}: {answer:?}")).cells[place]
}

fn near(found: Option<f64>, expected: f64) {
    assert!((found.unwrap() - expected).abs() < 1e-9, "{found:?}, not {expected}");
}

#[tokio::test]
async fn a_status_follows_from_the_interval_and_the_line_from_a_frozen_baseline() {
    let server = TestServer::start().await;
    let position = submit(&server, "2024-01", (150, 500), (150, 500)).await;
    let content = tempfile::tempdir().unwrap();
    let target = |id: &str, more: &str| {
        format!(
            "[[target]]\nid = \"{id}\"\nlabel = \"Sensors\"\nindicator = \"FSL\"\nvalue = 0.7\npolarity = \"HIGHER_IS_BETTER\"\nsource = \"A test\"\n{more}\n"
        )
    };
    let frozen = format!(
        "deadline = \"2024-11\"\nowner_role = \"Director of care\"\nbaseline = {{ period = \"2024-01\", position = {position} }}"
    );
    let text = [
        target("LINE", &frozen),
        target("NO-BASELINE", "deadline = \"2024-11\""),
        target("WOMEN", "population = [{ dimension = \"sex\", codes = [\"2\"] }]"),
        target("NONE", "not_measurable = \"the source sets no number\"")
            .replace("value = 0.7\n", ""),
    ];
    std::fs::write(content.path().join("targets.toml"), text.concat()).unwrap();
    let folder = content.path().to_owned();
    let server = server.reopen_with(|config| config.reference_folder = Some(folder)).await;
    // What is said of the baseline's month later does not move it.
    submit(&server, "2024-01", (450, 500), (450, 500)).await;
    submit(&server, "2024-06", (480, 1_000), (300, 1_000)).await;
    submit(&server, "2024-12", (800, 1_000), (690, 1_000)).await;

    let june = server.table("target_status", asked("LINE", "2024-06", &["sex"])).await.unwrap();
    for (code, value, status) in [
        ("1", 0.48, Verdict::OnTrack),
        ("2", 0.30, Verdict::OffTrack),
        ("", 0.39, Verdict::OffTrack),
    ] {
        near(cell(&june, code, "VALUE").value, value);
        near(cell(&june, code, "BASELINE").value, 0.3);
        near(cell(&june, code, "REQUIRED").value, 0.5);
        near(cell(&june, code, "TARGET").value, 0.7);
        near(cell(&june, code, "TO_TARGET").value, value - 0.7);
        assert_eq!(cell(&june, code, "VALUE").verdict(), status, "{code}");
    }
    assert!(
        june.rows[0].sentence().contains("required 50.0 %, target 70.0 %: OFF_TRACK"),
        "{june:?}"
    );
    // By month each row has the value of the line there.
    let mut year = asked("LINE", "2024", &["month"]);
    let by_month = server.table("target_status", year.clone()).await.unwrap();
    near(cell(&by_month, "2024-01", "VALUE").value, 0.9);
    assert_eq!(cell(&by_month, "2024-01", "VALUE").verdict(), Verdict::Met);
    near(cell(&by_month, "2024-06", "REQUIRED").value, 0.5);
    near(cell(&by_month, "2024-12", "REQUIRED").value, 0.7);
    assert_eq!(cell(&by_month, "2024-12", "VALUE").verdict(), Verdict::Met);

    let december = server.table("target_status", asked("LINE", "2024-12", &["sex"])).await.unwrap();
    assert_eq!(cell(&december, "1", "VALUE").verdict(), Verdict::Met);
    assert_eq!(cell(&december, "2", "VALUE").verdict(), Verdict::OnTrack);

    let ahead = server.table("target_status", asked("NO-BASELINE", "2024-06", &[])).await.unwrap();
    assert_eq!(cell(&ahead, "", "VALUE").verdict(), Verdict::NotMeasurable);
    assert!(ahead.rows[0].sentence().contains("without a baseline"), "{ahead:?}");
    let women = server.table("target_status", asked("WOMEN", "2024-06", &[])).await.unwrap();
    near(cell(&women, "", "VALUE").value, 0.3);
    let none = server.table("target_status", asked("NONE", "2024-06", &[])).await.unwrap();
    assert_eq!(cell(&none, "", "VALUE").verdict(), Verdict::NotMeasurable);
    // Without a number to reach the value is told all the same.
    near(cell(&none, "", "VALUE").value, 0.39);
    assert!(
        cell(&none, "", "TARGET").absence.is_some()
            && cell(&none, "", "TO_TARGET").absence.is_some()
    );
    assert!(none.rows[0].sentence().contains("the source sets no number"), "{none:?}");

    for (question, why) in [
        (asked("LIME", "2024-06", &[]), "the nearest is `LINE`"),
        (asked("", "2024-06", &[]), "ListTargets"),
        (
            json!({"target": "WOMEN", "query": {"area": "QK1", "period": {"first": "2024-06"},
                "where": [{"dimension": "sex", "codes": ["1"]}]}}),
            "is the population of the target",
        ),
        (asked("LINE", "2024-06", &["sexx"]), "no dimension `sexx`"),
    ] {
        let refused = server.table("target_status", question).await.unwrap_err();
        assert!(format!("{refused:?}").contains(why), "{why}: {refused:?}");
    }
    year["query"]["comparison"] = json!({"reference": "COMPARISON_REFERENCE_BEST"});
    let refused = server.table("target_status", year).await.unwrap_err();
    assert!(format!("{refused:?}").contains("query.comparison"), "{refused:?}");
    let list = server.targets().list_targets(ListTargetsRequest::default()).await.unwrap();
    let list = list.into_inner().targets;
    let line = list.iter().find(|of| of.id == "LINE").unwrap();
    assert_eq!(line.baseline.as_ref().unwrap().position, position);
    assert_eq!((line.deadline.as_str(), line.owner_role.as_str()), ("2024-11", "Director of care"));
}

#[tokio::test]
async fn the_targets_of_the_source_documents_are_there() {
    let server = TestServer::start().await;
    let list = async |tag: &str| {
        let request = ListTargetsRequest { tag: tag.into(), ..Default::default() };
        server.targets().list_targets(request).await.map(|found| found.into_inner().targets)
    };
    let all = list("").await.unwrap();
    assert_eq!(all.len(), STATED.len(), "every target is checked here");
    for (id, indicator, value, deadline, population) in STATED {
        let target = all.iter().find(|of| of.id == id).unwrap_or_else(|| panic!("no {id}"));
        let found = (target.indicator.as_str(), target.value, target.deadline.as_str());
        assert_eq!(found, (indicator, value, deadline), "{id}");
        let conditions =
            target.population.iter().map(|of| format!("{}={}", of.dimension, of.codes.join(";")));
        assert_eq!(conditions.collect::<Vec<_>>().join(" "), population, "{id}");
        let is_lower = ["C20-RESP-ADM", "LLR-LE"].contains(&id);
        let polarity = if is_lower { "LOWER_IS_BETTER" } else { "HIGHER_IS_BETTER" };
        assert_eq!(target.polarity, polarity, "{id}");
        assert!(
            !target.source.is_empty() && target.owner_role.is_empty(),
            "no source names an owner"
        );
        assert_eq!(target.value.is_none(), !target.not_measurable.is_empty(), "{id}");
        // Each answers, with no data too.
        let answer = server.table("target_status", asked(id, "2021-06", &[])).await.unwrap();
        assert_eq!(cell(&answer, "", "VALUE").verdict(), Verdict::NotMeasurable, "{id}");
    }
    // What the documents state as the start.
    let stated = |id: &str| {
        let target = all.iter().find(|of| of.id == id).unwrap();
        let of = |of: &StatedBaseline| {
            assert!(of.source.contains("Framework, 2021") && of.period.is_empty(), "{of:?}");
            let group: Vec<_> = of.group.iter().map(|of| of.codes.join(";")).collect();
            format!("{} {} {}", group.join(" "), of.value, of.unit)
        };
        target.baseline_values.iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(stated("LLR-LE"), [" 8.7 YEARS"]);
    assert_eq!(stated("FSL-IMD"), ["imd_2019:q1 0.29 RATIO", "imd_2019:q5 0.39 RATIO"]);
    assert_eq!(stated("FSL-ETH"), ["q1 0.14 RATIO", "q5 0.38 RATIO"]);
    let elsewhere = all.iter().filter(|of| !of.baseline_values.is_empty());
    assert_eq!(elsewhere.count(), 3);
    let gap = server.table("target_status", asked("LLR-LE", "2021-06", &[])).await.unwrap();
    assert!(
        cell(&gap, "", "BASELINE_STATED").absence.as_ref().unwrap().detail.contains("8.7 years")
    );
    let notes = &gap.context.as_ref().unwrap().notes;
    assert!(
        notes.iter().any(|note| note.starts_with("Stated as the start: 8.7 years")),
        "{notes:?}"
    );
    let tagged = list("CORE20PLUS5").await.unwrap();
    assert!(!tagged.is_empty() && tagged.len() < all.len());
    let refused = list("CORE20PLUS6").await.unwrap_err();
    assert!(format!("{refused:?}").contains("CORE20PLUS5"), "{refused:?}");
}
