//! Comparisons of groups through the public interface: every reference, by table, measure and confidence level, held against shares that
//! are counted again out of the records that were sent, and against the formulas of Wilson, Newcombe and Katz as they are written here.

use std::collections::{BTreeMap, BTreeSet};

use equity_indicators::proto::v1::{
    AbsenceReason, AccessRecord, Breakdown, Cell, IndicatorCountRecord, PersonCharacteristics,
    Verdict,
};
use serde_json::{Value, json};
use tonic::Code;

use crate::support::{Refusal, TestServer, cell, header, key, message, records, why};

const SYNTHETIC: &str = "synthetic-llr";
const MONTH: &str = "2026-04";
const QUINTILE: &str = "imd2025_quintile";
/// Groups from most to least deprived, with the share of each (in percent) that the records are drawn with; and people whose deprivation
/// is not recorded, who are compared with the reference and never are the reference.
const GROUPS: [(&str, &str, usize); 6] = [
    ("1", "imd_2025:q1", 20),
    ("4", "imd_2025:q2", 45),
    ("5", "imd_2025:q3", 46),
    ("8", "imd_2025:q4", 60),
    ("9", "imd_2025:q5", 52),
    ("", "NOT_RECORDED", 30),
];
const SEXES: [&str; 2] = ["1", "2"];
/// People of each group and sex: the largest group is not the least deprived one, and neither is the best one.
const PEOPLE: [usize; 6] = [60, 75, 140, 40, 90, 20];
/// Both levels, with the quantile of the standard normal distribution at full precision.
const LEVELS: [(f64, f64); 2] = [(0.95, 1.959_963_984_540_054), (0.998, 3.090_232_306_167_813_5)];

/// What one record says. Each field answers one indicator with yes or no; none: the record is in no denominator of it.
struct Sent {
    sex: &'static str,
    group: &'static str,
    person: String,
    answers: BTreeMap<&'static str, Option<bool>>,
}

/// A whole number below another, the same in every run.
fn random() -> impl FnMut(usize) -> usize {
    let mut seed = 11_u64;
    move |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below
    }
}

fn about(collected: &[&str]) -> equity_indicators::proto::v1::SubmissionHeader {
    let mut about = header("C82001", SYNTHETIC, MONTH, collected);
    about.code_systems.insert("deprivation".into(), "imd_2025".into());
    about
}

/// One to three consultations of each person, one snapshot of their digital access, and counts of two indicators.
async fn world(server: &TestServer) -> Vec<Sent> {
    let (mut all, mut next) = (Vec::new(), random());
    let (mut consultations, mut access, mut counts) = (Vec::new(), Vec::new(), Vec::new());
    for (place, (decile, group, percent)) in GROUPS.into_iter().enumerate() {
        for sex in SEXES {
            let mut of_indicators = [(0, 0); 2];
            for number in 0..PEOPLE[place] {
                let person = format!("{group} {sex} {number}");
                let mut yes = |more: usize| next(100) < percent + more;
                for _ in 0..=usize::from(yes(0)) + usize::from(yes(10)) {
                    let channel = if yes(0) { "TELEPHONE" } else { "FACE_TO_FACE" };
                    let attendance = if yes(5) { "3" } else { "5" };
                    let days = if yes(0) { 0 } else { 20 };
                    consultations.push(json!({"channel": channel, "attendance": attendance,
                        "leadTimeDays": days, "personKey": person, "person": {"sex": sex, "deprivation": decile}}));
                    let missed = attendance == "3";
                    let answers = [
                        ("CH-01/TELEPHONE", Some(channel == "TELEPHONE")),
                        ("CH-02/TELEPHONE", Some(channel == "TELEPHONE")),
                        ("ATTENDED", (!missed).then_some(channel == "TELEPHONE")),
                        ("CH-09", Some(missed)),
                        ("CH-11-SAME-DAY", Some(days == 0)),
                        ("CH-11-OVER-14", Some(days == 20)),
                    ];
                    let (person, answers) = (person.clone(), answers.into());
                    all.push(Sent { sex, group, person, answers });
                }
                let booking = if yes(0) { "Y" } else { "N" };
                let able = if yes(10) { "UNABLE" } else { "ABLE" };
                access.push(json!({"onlineAppointments": booking, "onlinePrescriptions": "N", "onlineRecord": "N",
                    "person": {"ageYears": 40, "sex": sex, "deprivation": decile, "digitalAccess": able}}));
                let (treated, waits) = (yes(20), yes(0));
                for (of, yes) in of_indicators.iter_mut().zip([treated, waits]) {
                    *of = (of.0 + i64::from(yes), of.1 + 1);
                }
                let answers = [
                    ("DX-02", Some(booking == "Y")),
                    ("DX-20", Some(able == "UNABLE")),
                    ("FSL", Some(treated)),
                    ("RTT-LW-52", Some(waits)),
                ];
                all.push(Sent { sex, group, person, answers: answers.into() });
            }
            for (indicator, (numerator_count, denominator_count)) in
                ["FSL", "RTT-LW-52"].into_iter().zip(of_indicators)
            {
                counts.push(IndicatorCountRecord {
                    indicator: indicator.into(),
                    numerator_count,
                    denominator_count,
                    person: Some(PersonCharacteristics {
                        sex: sex.into(),
                        deprivation: decile.into(),
                        ..Default::default()
                    }),
                    ..Default::default()
                });
            }
        }
    }
    let mut keyed = about(&["sex", "deprivation"]);
    keyed.person_key_scheme = "local".into();
    server.submit(keyed, records(&Value::Array(consultations))).await.unwrap();
    let access: Vec<AccessRecord> = access.into_iter().map(message).collect();
    let collected = ["age_band", "sex", "deprivation", "digital_access"];
    server.submit_access(about(&collected), access).await.unwrap();
    server.submit_counts(about(&["sex", "deprivation"]), counts).await.unwrap();
    all
}

/// Numerator and denominator by row: of records, or of distinct people, for whom one yes is a yes. The row of everybody has no key.
fn recount(
    all: &[Sent],
    answer: &str,
    persons: bool,
    by_sex: bool,
) -> BTreeMap<String, (u64, u64)> {
    let mut rows: BTreeMap<String, (Vec<&str>, Vec<&str>)> = BTreeMap::new();
    for sent in all {
        let Some(yes) = sent.answers.get(answer).copied().flatten() else { continue };
        let of_row =
            if by_sex { format!("{}|{}", sent.sex, sent.group) } else { sent.group.into() };
        for key in [String::new(), of_row] {
            let (numerator, denominator) = rows.entry(key).or_default();
            numerator.extend(yes.then_some(sent.person.as_str()));
            denominator.push(&sent.person);
        }
    }
    let size = |of: Vec<&str>| {
        let distinct = || of.iter().collect::<BTreeSet<_>>().len();
        u64::try_from(if persons { distinct() } else { of.len() }).unwrap()
    };
    rows.into_iter().map(|(key, (part, whole))| (key, (size(part), size(whole)))).collect()
}

/// A value with its limits.
type Three = (f64, f64, f64);

#[allow(clippy::cast_precision_loss, reason = "counts are small")]
fn wilson((x, n): (u64, u64), z: f64) -> Three {
    let (x, n) = (x as f64, n as f64);
    let root = z * (z * z + 4.0 * x * (1.0 - x / n)).sqrt();
    let limit = |sign: f64| (2.0 * x + z * z + sign * root) / (2.0 * (n + z * z));
    (x / n, limit(-1.0), limit(1.0))
}

fn newcombe(first: (u64, u64), second: (u64, u64), z: f64) -> Three {
    let ((p, l, u), (q, m, v)) = (wilson(first, z), wilson(second, z));
    let reach = |one: f64, other: f64| (one * one + other * other).sqrt();
    (p - q, p - q - reach(p - l, v - q), p - q + reach(u - p, q - m))
}

#[allow(clippy::cast_precision_loss, reason = "counts are small")]
fn katz((x, n): (u64, u64), (y, m): (u64, u64), z: f64) -> Three {
    let [x, n, y, m] = [x, n, y, m].map(|count| count as f64);
    let (ratio, error) = ((x / n) / (y / m), (1.0 / x - 1.0 / n + 1.0 / y - 1.0 / m).sqrt());
    (ratio, (ratio.ln() - z * error).exp(), (ratio.ln() + z * error).exp())
}

/// Difference and ratio of a group against a whole that is taken as fixed: only the group varies.
fn of_fixed(group: (u64, u64), whole: (u64, u64), z: f64) -> [Three; 2] {
    let ((p, lower, upper), (q, ..)) = (wilson(group, z), wilson(whole, z));
    [(p - q, lower - q, upper - q), (p / q, lower / q, upper / q)]
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Better {
    High,
    Low,
    Neither,
}

fn verdict((_, lower, upper): Three, better: Better) -> Verdict {
    match (lower <= 0.0 && upper >= 0.0, lower > 0.0, better) {
        (true, ..) => Verdict::Similar,
        (_, true, Better::High) | (_, false, Better::Low) => Verdict::Better,
        (_, true, Better::Low) | (_, false, Better::High) => Verdict::Worse,
        (_, true, Better::Neither) => Verdict::Higher,
        (_, false, Better::Neither) => Verdict::Lower,
    }
}

fn same(found: &Cell, expected: Three, what: &str) {
    let of_cell = [found.value, found.lower, found.upper];
    for (found, expected) in of_cell.into_iter().zip([expected.0, expected.1, expected.2]) {
        let found = found.unwrap_or_else(|| panic!("{what}: {of_cell:?}"));
        assert!((found - expected).abs() < 1e-10, "{what}: {of_cell:?}, not {expected}");
    }
}

const REFERENCES: [&str; 6] = ["NAMED", "LARGEST", "LEAST_DEPRIVED", "BEST", "WHOLE", "COMPLEMENT"];

/// The code of the group that the others of a slice are compared with; none: there is no such group.
fn reference_of(
    kind: &str,
    slice: &BTreeMap<String, (u64, u64)>,
    better: Better,
) -> Option<String> {
    let code = |key: &String| key.rsplit('|').next().unwrap().to_owned();
    let groups = slice.iter().filter(|(key, _)| !key.ends_with("NOT_RECORDED"));
    let share = |of: &(u64, u64)| wilson(*of, 0.0).0;
    match (kind, better) {
        ("NAMED", _) => Some("imd_2025:q2".into()),
        ("LEAST_DEPRIVED", _) => Some("imd_2025:q5".into()),
        ("LARGEST", _) => groups.max_by_key(|(_, of)| of.1).map(|(key, _)| code(key)),
        ("BEST", Better::Neither) => None,
        ("BEST", _) => {
            let sign = if better == Better::High { 1.0 } else { -1.0 };
            let best = groups.max_by(|a, b| (sign * share(a.1)).total_cmp(&(sign * share(b.1))));
            best.map(|(key, _)| code(key))
        }
        _ => panic!("{kind} is no group"),
    }
}

/// Holds every comparison of a column against the formulas; the verdicts that occurred.
fn check(
    answer: &Breakdown,
    column: &str,
    rows: &BTreeMap<String, (u64, u64)>,
    (kind, better, z): (&str, Better, f64),
) -> BTreeSet<i32> {
    let mut verdicts = BTreeSet::new();
    let whole = rows[""];
    let slice_of = |key: &str| key.rsplit_once('|').map_or("", |(sex, _)| sex).to_owned();
    let found: BTreeSet<String> = answer.rows.iter().map(key).collect();
    for (row, group) in rows {
        let what = format!("{kind} {column} `{row}` {better:?} {z}");
        assert!(found.contains(row), "{what}: {found:?}");
        let own = cell(answer, row, column);
        let counts = [own.numerator_count, own.denominator_count].map(Option::unwrap);
        assert_eq!(counts.map(|of| u64::try_from(of).unwrap()), [group.0, group.1], "{what}");
        same(own, wilson(*group, z), &what);
        let [difference, ratio] =
            ["DIFFERENCE", "RATIO"].map(|of| cell(answer, row, &format!("{column}/{of}")));
        let slice = slice_of(row);
        let of_slice: BTreeMap<_, _> = rows
            .iter()
            .filter(|(key, _)| !key.is_empty() && slice_of(key) == slice)
            .map(|(key, of)| (key.clone(), *of))
            .collect();
        let expected = match kind {
            _ if row.is_empty() => None,
            "WHOLE" => Some(of_fixed(*group, whole, z)),
            "COMPLEMENT" => {
                let rest = (whole.0 - group.0, whole.1 - group.1);
                Some([newcombe(*group, rest, z), katz(*group, rest, z)])
            }
            _ => reference_of(kind, &of_slice, better).and_then(|code| {
                let (name, other) = of_slice.iter().find(|(key, _)| key.ends_with(&code)).unwrap();
                let pair = || [newcombe(*group, *other, z), katz(*group, *other, z)];
                (name != row).then(pair)
            }),
        };
        let Some([of_difference, of_ratio]) = expected else {
            assert_eq!(why(difference), AbsenceReason::NotComputable, "{what}");
            assert_eq!(why(ratio), AbsenceReason::NotComputable, "{what}");
            assert_eq!(difference.verdict(), Verdict::Unspecified, "{what}");
            continue;
        };
        same(difference, of_difference, &what);
        same(ratio, of_ratio, &what);
        assert_eq!(difference.verdict(), verdict(of_difference, better), "{what}");
        assert_eq!(ratio.verdict(), Verdict::Unspecified, "{what}: the difference has the verdict");
        verdicts.insert(difference.verdict() as i32);
    }
    verdicts
}

fn asked(by: &[&str], kind: &str, level: f64) -> Value {
    let mut comparison =
        json!({"reference": format!("COMPARISON_REFERENCE_{kind}"), "dimension": QUINTILE});
    if kind == "NAMED" {
        comparison["code"] = json!("imd_2025:q2");
    }
    json!({"collection": SYNTHETIC, "area": "QK1", "period": {"first": MONTH}, "by": by,
        "comparison": comparison, "confidenceLevel": level})
}

/// Tables with what they ask besides the query, the column, what it is recounted from, whether persons are counted, and what is better.
fn tables() -> Vec<(&'static str, Value, &'static str, &'static str, bool, Better)> {
    use Better::{High, Low, Neither};
    let measure = |name: &str| json!({"measure": format!("MEASURE_{name}")});
    let indicator = |id: &str| json!({"indicator": id});
    let (none, phone) = (|| json!({}), "CH-01/TELEPHONE");
    vec![
        ("channels", measure("CONTACTS"), phone, phone, false, Neither),
        ("channels", measure("ATTENDED_CONTACTS"), phone, "ATTENDED", false, Neither),
        ("channels", measure("PERSONS"), "CH-02/TELEPHONE", "CH-02/TELEPHONE", true, Neither),
        ("outcomes", none(), "CH-09", "CH-09", false, Low),
        ("outcomes", none(), "CH-11-SAME-DAY", "CH-11-SAME-DAY", false, High),
        ("outcomes", none(), "CH-11-OVER-14", "CH-11-OVER-14", false, Low),
        ("exclusion", none(), "DX-02", "DX-02", false, High),
        ("exclusion", none(), "DX-20", "DX-20", false, Low),
        ("indicators", indicator("FSL"), "FSL", "FSL", false, High),
        ("indicators", indicator("RTT-LW-52"), "RTT-LW-52", "RTT-LW-52", false, Low),
    ]
}

#[tokio::test]
async fn every_reference_is_recomputed_for_every_table_measure_and_level() {
    let server = TestServer::start().await;
    let sent = world(&server).await;
    let mut seen: BTreeMap<&str, BTreeSet<i32>> = BTreeMap::new();
    for (table, more, column, answer, persons, better) in tables() {
        for kind in REFERENCES {
            for (level, z) in LEVELS {
                // Each sex has its own reference. A whole has one dimension.
                let both: &[&[&str]] = &[&[QUINTILE], &["sex", QUINTILE]];
                let is_group = !["WHOLE", "COMPLEMENT"].contains(&kind);
                for by in both.iter().filter(|by| is_group || by.len() == 1) {
                    let mut question = more.clone();
                    question["query"] = asked(by, kind, level);
                    let found = server.table(table, question).await.unwrap();
                    let rows = recount(&sent, answer, persons, by.len() == 2);
                    assert!(rows.len() >= 7, "{rows:?}");
                    let verdicts = check(&found, column, &rows, (kind, better, z));
                    seen.entry(column).or_default().extend(verdicts);
                }
            }
        }
    }
    // Both ways of each polarity occurred, and groups that are alike.
    let all = |verdicts: [Verdict; 3]| verdicts.map(|of| of as i32).into();
    for (column, verdicts) in seen {
        let expected: BTreeSet<i32> = if column.starts_with("CH-0") && column.contains('/') {
            all([Verdict::Higher, Verdict::Similar, Verdict::Lower])
        } else {
            all([Verdict::Better, Verdict::Similar, Verdict::Worse])
        };
        assert_eq!(verdicts, expected, "{column}");
    }
}

/// Measures of inequality over persons are of distinct people, over contacts of their consultations.
#[tokio::test]
async fn a_summary_of_persons_counts_each_person_once() {
    let server = TestServer::start().await;
    let sent = world(&server).await;
    let mut found = Vec::new();
    for (measure, column, persons) in
        [("PERSONS", "CH-02/TELEPHONE", true), ("CONTACTS", "CH-01/TELEPHONE", false)]
    {
        let query = json!({"collection": SYNTHETIC, "area": "QK1", "period": {"first": MONTH}, "by": [QUINTILE]});
        let channels = json!({"measure": format!("MEASURE_{measure}"), "query": query});
        let asked = json!({"question": {"channels": channels}, "columns": [column]});
        let answer = server.table("inequality", asked).await.unwrap();
        let rows = recount(&sent, column, persons, false);
        let groups = rows.iter().filter(|(key, _)| key.starts_with("imd_2025"));
        let groups: Vec<_> = groups.map(|(_, of)| *of).collect();
        let share = |of: (u64, u64)| wilson(of, 0.0).0;
        // More is neither better nor worse: the most deprived less the least deprived.
        let difference = share(groups[0]) - share(groups[4]);
        let z = LEVELS[0].1;
        #[allow(clippy::cast_precision_loss, reason = "counts are small")]
        let error = |of: (u64, u64)| (share(of) * (1.0 - share(of)) / of.1 as f64).sqrt();
        let reach = z * error(groups[0]).hypot(error(groups[4]));
        let of_cell = cell(&answer, column, "D");
        same(of_cell, (difference, difference - reach, difference + reach), measure);
        let unit = &answer.context.as_ref().unwrap().limits_unit;
        assert_eq!(unit, if persons { "persons" } else { "consultations" });
        found.push(of_cell.value.unwrap());
    }
    assert!((found[0] - found[1]).abs() > 1e-6, "the two count something else: {found:?}");
}

#[tokio::test]
async fn a_comparison_that_has_no_meaning_is_refused_by_field() {
    let server = TestServer::start().await;
    for (by, kind, code, field) in [
        (&[QUINTILE][..], "NAMED", "", "query.comparison.code"),
        (&[QUINTILE], "NAMED", "imd_2025:q9", "query.comparison.code"),
        (&["sex"], "LEAST_DEPRIVED", "", "query.comparison.dimension"),
        (&["sex", QUINTILE], "WHOLE", "", "query.comparison.reference"),
        (&["sex", QUINTILE], "COMPLEMENT", "", "query.comparison.reference"),
        (&[QUINTILE], "UNSPECIFIED", "", "query.comparison.reference"),
    ] {
        let mut query = asked(by, kind, 0.95);
        query["comparison"]["code"] = json!(code);
        for (table, more) in [("outcomes", json!({})), ("indicators", json!({"indicator": "FSL"}))]
        {
            let mut question = more;
            question["query"] = query.clone();
            let refused = server.table(table, question).await.unwrap_err();
            assert_eq!(refused.code(), Code::InvalidArgument, "{table} {kind}: {refused:?}");
            assert_eq!(Refusal::of(&refused).short(), ("FIELD_INVALID", field), "{table} {kind}");
        }
    }
    let mut question = json!({"query": asked(&["sex"], "LEAST_DEPRIVED", 0.95)});
    question["query"]["comparison"]["dimension"] = json!("sex");
    let refused = server.table("outcomes", question).await.unwrap_err();
    assert_eq!(Refusal::of(&refused).short(), ("FIELD_INVALID", "query.comparison.reference"));
}
