//! The status of built-in targets on submitted counts, by group and by area: met, on track, off track, not measurable.

use equity_indicators::proto::v1::{
    Breakdown, IndicatorCountRecord, PersonCharacteristics, Verdict,
};
use serde_json::json;

use crate::support::{TestServer, cell, header, row, value, why};

/// Two practices of two sub-ICB locations.
const PRACTICES: [(&str, &str); 2] = [("C82005", "04C"), ("C82003", "04V")];
/// Ethnic categories with their broad groups, and with counts in each practice: numerator and denominator.
type OfGroup = (&'static str, &'static str, [(i64, i64); 2]);
const SMI: [OfGroup; 3] = [
    ("A", "white", [(300, 400), (400, 600)]),
    ("H", "asian", [(30, 50), (30, 50)]),
    ("N", "black", [(100, 300), (150, 300)]),
];
const CANCER: [OfGroup; 2] =
    [("A", "white", [(450, 500), (350, 500)]), ("H", "asian", [(40, 100), (40, 100)])];

fn person(ethnic: &str, deprivation: &str) -> Option<PersonCharacteristics> {
    Some(PersonCharacteristics {
        ethnic_category: ethnic.into(),
        deprivation: deprivation.into(),
        ..Default::default()
    })
}

fn record(
    indicator: &str,
    (numerator_count, denominator_count): (i64, i64),
    person: Option<PersonCharacteristics>,
) -> IndicatorCountRecord {
    IndicatorCountRecord {
        indicator: indicator.into(),
        numerator_count,
        denominator_count,
        person,
        ..Default::default()
    }
}

async fn world(server: &TestServer, month: &str) {
    for (place, (practice, _)) in PRACTICES.into_iter().enumerate() {
        let of = |indicator: &'static str, groups: &[OfGroup]| {
            let rows = groups
                .iter()
                .map(|(code, _, counts)| record(indicator, counts[place], person(code, "")));
            rows.collect::<Vec<_>>()
        };
        let rows = [of("C20-SMI", &SMI), of("C20-CAN", &CANCER)].concat();
        let about = header(practice, "practice-feed", month, &["ethnic_category"]);
        server.submit_counts(about, rows).await.unwrap();
    }
}

async fn status(server: &TestServer, target: &str, month: &str, by: &[&str]) -> Breakdown {
    let query = json!({"area": "QK1", "period": {"first": month}, "by": by});
    let asked = json!({"target": target, "query": query});
    let answer = server.table("target_status", asked).await.unwrap();
    // The head names each setting once.
    let names = answer.context.as_ref().unwrap().parameters.iter().map(|of| of.name.as_str());
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|two| two[0] != two[1]), "{names:?}");
    assert!(["indicator", "target"].iter().all(|name| names.contains(name)), "{names:?}");
    answer
}

#[allow(clippy::cast_precision_loss, reason = "counts are small")]
fn wilson((x, n): (i64, i64)) -> (f64, f64) {
    let (x, n, z) = (x as f64, n as f64, 1.959_963_984_540_054_f64);
    let root = z * (z * z + 4.0 * x * (1.0 - x / n)).sqrt();
    let limit = |sign: f64| (2.0 * x + z * z + sign * root) / (2.0 * (n + z * z));
    (limit(-1.0), limit(1.0))
}

/// The row has these counts, their Wilson limits, and the verdict that follows from them.
#[allow(clippy::cast_precision_loss, reason = "counts are small")]
fn check(
    answer: &Breakdown,
    key: &str,
    counts: (i64, i64),
    (needed, goal): (Option<f64>, f64),
) -> Verdict {
    let found = cell(answer, key, "VALUE");
    assert_eq!(
        (found.numerator_count, found.denominator_count),
        (Some(counts.0), Some(counts.1)),
        "{key}"
    );
    let (lower, upper) = wilson(counts);
    assert!(
        (found.lower.unwrap() - lower).abs() < 1e-12
            && (found.upper.unwrap() - upper).abs() < 1e-12
    );
    let expected = match needed {
        _ if lower >= goal => Verdict::Met,
        None => Verdict::NotMeasurable,
        Some(needed) if upper < needed => Verdict::OffTrack,
        Some(_) => Verdict::OnTrack,
    };
    assert_eq!(found.verdict(), expected, "{key} {counts:?}");
    assert!(
        (value(answer, key, "TO_TARGET") - (counts.0 as f64 / counts.1 as f64 - goal)).abs()
            < 1e-12
    );
    let sentence = row(answer, key).sentence();
    let word = expected.as_str_name().trim_start_matches("VERDICT_");
    assert!(sentence.contains(word), "{key}: {sentence}");
    expected
}

fn sum(counts: &[(i64, i64)]) -> (i64, i64) {
    counts.iter().fold((0, 0), |sum, of| (sum.0 + of.0, sum.1 + of.1))
}

/// The status of all, of each group and of each area, and of both crossed; every verdict that occurred.
async fn every_row(
    server: &TestServer,
    target: &str,
    groups: &[OfGroup],
    needed: (Option<f64>, f64),
) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    let all: Vec<_> = groups.iter().flat_map(|(.., of)| of).copied().collect();
    let by_group = status(server, target, "2026-04", &["ethnic_group_broad"]).await;
    verdicts.push(check(&by_group, "", sum(&all), needed));
    for (_, group, counts) in groups {
        verdicts.push(check(&by_group, group, sum(counts), needed));
    }
    let by_area = status(server, target, "2026-04", &["sub_icb"]).await;
    let crossed = status(server, target, "2026-04", &["sub_icb", "ethnic_group_broad"]).await;
    for (place, (_, area)) in PRACTICES.into_iter().enumerate() {
        let of_area: Vec<_> = groups.iter().map(|(.., of)| of[place]).collect();
        verdicts.push(check(&by_area, area, sum(&of_area), needed));
        for (_, group, counts) in groups {
            verdicts.push(check(&crossed, &format!("{area}|{group}"), counts[place], needed));
        }
    }
    verdicts
}

#[tokio::test]
async fn health_checks_are_met_or_not_by_group_and_by_area() {
    let server = TestServer::start().await;
    world(&server, "2026-04").await;
    let verdicts = every_row(&server, "C20-SMI", &SMI, (Some(0.6), 0.6)).await;
    for expected in [Verdict::Met, Verdict::OnTrack, Verdict::OffTrack] {
        assert!(verdicts.contains(&expected), "{verdicts:?}");
    }
    let nothing = status(&server, "C20-SMI", "2026-03", &[]).await;
    assert_eq!(cell(&nothing, "", "VALUE").verdict(), Verdict::NotMeasurable);
    assert_eq!(cell(&nothing, "", "VALUE").value, None);
}

#[tokio::test]
async fn early_cancer_is_met_or_not_measurable_without_a_baseline_and_judged_by_the_line_with_one()
{
    let server = TestServer::start().await;
    world(&server, "2026-04").await;
    let verdicts = every_row(&server, "C20-CAN", &CANCER, (None, 0.75)).await;
    assert!(
        verdicts.contains(&Verdict::Met) && verdicts.contains(&Verdict::NotMeasurable),
        "{verdicts:?}"
    );
    // The built-in targets with a baseline of this one: 55 % in January 2024, of each group and area.
    let built_in = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("services/domain/codes/data/targets.toml");
    let text = std::fs::read_to_string(built_in).unwrap();
    let deadline = "deadline = \"2028-12\"\n";
    assert_eq!(text.matches(deadline).count(), 1);
    let content = tempfile::tempdir().unwrap();
    let text =
        text.replace(deadline, &format!("{deadline}baseline = {{ period = \"2024-01\" }}\n"));
    std::fs::write(content.path().join("targets.toml"), text).unwrap();
    let folder = content.path().to_owned();
    let server = server.reopen_with(|config| config.reference_folder = Some(folder)).await;
    for (practice, _) in PRACTICES {
        let rows = CANCER.map(|(code, ..)| record("C20-CAN", (55, 100), person(code, "")));
        let about = header(practice, "practice-feed", "2024-01", &["ethnic_category"]);
        server.submit_counts(about, rows.into()).await.unwrap();
    }
    // April 2026 is 27 of the 59 months from January 2024 to December 2028.
    let needed = 0.55 + (0.75 - 0.55) * 27.0 / 59.0;
    let verdicts = every_row(&server, "C20-CAN", &CANCER, (Some(needed), 0.75)).await;
    for expected in [Verdict::Met, Verdict::OnTrack, Verdict::OffTrack] {
        assert!(verdicts.contains(&expected), "{verdicts:?}");
    }
    let answer = status(&server, "C20-CAN", "2026-04", &["sub_icb"]).await;
    assert!((value(&answer, "04C", "REQUIRED") - needed).abs() < 1e-12);
    assert!((value(&answer, "04C", "BASELINE") - 0.55).abs() < 1e-12);
}

#[tokio::test]
async fn continuity_of_carer_is_of_every_ethnic_minority_and_of_the_most_deprived() {
    let server = TestServer::start().await;
    let women = [
        ("A", "1", (10, 100)),
        ("D", "3", (20, 40)),
        ("H", "2", (30, 50)),
        ("N", "9", (45, 60)),
        ("S", "5", (7, 10)),
        ("R", "6", (4, 5)),
        ("Z", "1", (50, 90)),
        ("", "10", (1, 9)),
    ];
    let rows =
        women.map(|(ethnic, decile, counts)| record("C20-MAT", counts, person(ethnic, decile)));
    let mut about =
        header("C82005", "practice-feed", "2026-04", &["ethnic_category", "deprivation"]);
    about.code_systems.insert("deprivation".into(), "imd_2019".into());
    server.submit_counts(about, rows.into()).await.unwrap();
    let of = |codes: &[&str]| -> (i64, i64) {
        let of =
            women.iter().filter(|(ethnic, ..)| codes.contains(ethnic)).map(|(.., counts)| *counts);
        sum(&of.collect::<Vec<_>>())
    };
    for (target, expected) in [
        ("C20-MAT-MINORITY", of(&["D", "H", "N", "S", "R"])),
        ("C20-MAT-MIXED", of(&["D"])),
        ("C20-MAT-ASIAN", of(&["H", "R"])),
        ("C20-MAT-BLACK", of(&["N"])),
        ("C20-MAT-OTHER", of(&["S"])),
        ("C20-MAT-CORE20", of(&["A", "H", "Z"])),
    ] {
        let answer = status(&server, target, "2026-04", &[]).await;
        let found = cell(&answer, "", "VALUE");
        let counts = (found.numerator_count.unwrap(), found.denominator_count.unwrap());
        assert_eq!(counts, expected, "{target}");
    }
}

#[tokio::test]
async fn a_stated_start_is_beside_the_group_that_it_is_of() {
    let server = TestServer::start().await;
    let fifths: [(&str, (i64, i64)); 3] =
        [("1", (310, 1_000)), ("5", (350, 1_000)), ("10", (420, 1_000))];
    let rows = fifths.map(|(decile, counts)| record("FSL", counts, person("", decile)));
    let mut about = header("C82005", "practice-feed", "2026-04", &["deprivation"]);
    about.code_systems.insert("deprivation".into(), "imd_2019".into());
    server.submit_counts(about, rows.into()).await.unwrap();
    let answer = status(&server, "FSL-IMD", "2026-04", &["imd2019_quintile"]).await;
    for (key, now, stated) in [
        ("imd_2019:q1", 0.31, Some(0.29)),
        ("imd_2019:q3", 0.35, None),
        ("imd_2019:q5", 0.42, Some(0.39)),
        ("", 0.36, None),
    ] {
        assert!((value(&answer, key, "VALUE") - now).abs() < 1e-12, "{key}");
        assert_eq!(cell(&answer, key, "BASELINE_STATED").value, stated, "{key}");
        assert_eq!(cell(&answer, key, "VALUE").verdict(), Verdict::NotMeasurable, "{key}");
        let _ = why(cell(&answer, key, "TARGET"));
        assert!(row(&answer, key).sentence().contains("sets no number to reach"), "{key}");
    }
    let notes: &Vec<String> = &answer.context.as_ref().unwrap().notes;
    for words in ["29.0 % (IMD 2019 quintile 1", "39.0 % (IMD 2019 quintile 5"] {
        assert!(notes.iter().any(|note| note.contains(words)), "{words}: {notes:?}");
    }
    // A month makes no other group.
    let crossed = status(&server, "FSL-IMD", "2026-04", &["imd2019_quintile", "month"]).await;
    assert_eq!(cell(&crossed, "imd_2019:q1|2026-04", "BASELINE_STATED").value, Some(0.29));
}
