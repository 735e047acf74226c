//! Questions and their answers: keys, states, sets, rates, persons.

use equity_indicators::proto::v1::{
    Breakdown, CategoryState, Cell, PopulationRecord, SubmissionHeader,
};
use serde_json::{Value, json};

use crate::support::{
    TestServer, cell, cells, counts, dimensions, header, keys, message, records, row, totals,
    unknown_and_base, value, why,
};

pub(super) const SYNTHETIC: &str = "synthetic-llr";

/// A question about April 2020 in the synthetic collection, with more.
pub(super) fn april(more: &Value) -> Value {
    let mut query = json!({
        "collection": SYNTHETIC, "area": "QK1", "period": {"first": "2020-04"}
    });
    for (name, value) in more.as_object().unwrap() {
        query[name] = value.clone();
    }
    json!({"query": query})
}

pub(super) fn with(mut question: Value, field: &str, value: Value) -> Value {
    question[field] = value;
    question
}

pub(super) async fn submit(
    server: &TestServer,
    about: (&str, &str),
    collected: &[&str],
    rows: Value,
) {
    let header = header(about.0, SYNTHETIC, about.1, collected);
    server.submit(header, records(&rows)).await.unwrap();
}

#[tokio::test]
async fn states_are_kept_apart_and_nothing_is_added_up_unasked() {
    let server = TestServer::start().await;
    let states =
        ["NOT_STATED", "ASKED_UNSURE", "NOT_KNOWN", "NOT_RECORDED", "NOT_APPLICABLE", "INVALID"];
    let mut rows: Vec<_> = states.iter().enumerate().map(|(n, state)| {
        json!({"channel": "TELEPHONE", "recordCount": 10 + n, "person": {"sex": state}})
    }).collect();
    rows.push(json!({"channel": "TELEPHONE", "recordCount": 3, "person": {"sex": "1"}}));
    rows.push(json!({"channel": "VIDEO", "recordCount": 4, "person": {"sex": "2"}}));
    rows.push(json!({"channel": "NOT_KNOWN", "recordCount": 5}));
    submit(&server, ("04C", "2020-04"), &["sex"], json!(rows)).await;
    submit(&server, ("04V", "2020-04"), &[], json!([{"channel": "REMOTE", "recordCount": 100}]))
        .await;

    let answer = server.ask(april(&json!({"by": ["sex"]}))).await.unwrap();
    let found = totals(&answer);
    let expected = [
        ("", 187),
        ("1", 3),
        ("2", 4),
        ("ASKED_UNSURE", 11),
        ("INVALID", 15),
        ("NOT_APPLICABLE", 14),
        ("NOT_COLLECTED", 100),
        ("NOT_KNOWN", 12),
        ("NOT_RECORDED", 18),
        ("NOT_STATED", 10),
    ];
    assert_eq!(found, expected.into_iter().map(|(key, n)| (key.to_owned(), n)).collect());
    for row in &answer.rows[1..] {
        let known = row.keys[0].code.len() == 1;
        assert_eq!(row.keys[0].state() == CategoryState::Known, known);
        let name = row.keys[0].state().as_str_name();
        assert!(known || name == format!("CATEGORY_STATE_{}", row.keys[0].code));
    }
    // Collected for 73 of the 173 to whom it applies, and not known of all of those but 1 and 2.
    let quality = &answer.context.as_ref().unwrap().quality;
    let sex = quality.iter().find(|quality| quality.dimension == "sex").unwrap();
    assert!((sex.coverage_ratio.unwrap() - 73.0 / 173.0).abs() < 1e-12, "{sex:?}");
    assert!((sex.unknown_ratio.unwrap() - 66.0 / 73.0).abs() < 1e-12, "{sex:?}");
    // REMOTE is known, only more coarsely; NOT_KNOWN is not.
    assert_eq!(counts(&answer, "")["COARSER"], 100);
    assert_eq!(unknown_and_base(&answer, ""), (5, 182));

    // Several codes or organisations: a row each, no union.
    let two = json!({"where": [{"dimension": "sex", "codes": ["1", "NOT_STATED"]}]});
    let answer = server.ask(april(&two)).await.unwrap();
    assert_eq!(dimensions(&answer), ["sex"]);
    assert_eq!(totals(&answer), [("1".into(), 3), ("NOT_STATED".into(), 10)].into());
    let one = json!({"where": [{"dimension": "sex", "codes": ["NOT_STATED"]}]});
    let answer = server.ask(april(&one)).await.unwrap();
    assert_eq!(totals(&answer), [(String::new(), 10)].into());
    let both = json!({"area": "", "organisations": ["04V", "04C"]});
    let answer = server.ask(april(&both)).await.unwrap();
    // The area that holds both is declared, and says so.
    let declared = [("QK1".into(), 187), ("04C".into(), 87), ("04V".into(), 100)];
    assert_eq!(totals(&answer), declared.into());
    assert_eq!(row(&answer, "QK1").keys[0].state(), CategoryState::Any);
    let channels = json!({"where": [{"dimension": "channel", "codes": ["VIDEO", "TELEPHONE"]}]});
    let answer = server.ask(april(&channels)).await.unwrap();
    assert_eq!(counts(&answer, ""), [("TELEPHONE", 78), ("VIDEO", 4)].into());
    let months = json!({"period": {"first": "2020"}, "where": [{"dimension": "month", "codes": ["2020-04", "2020-05"]}]});
    let answer = server.ask(april(&months)).await.unwrap();
    assert_eq!(totals(&answer), [("2020-04".into(), 187)].into());

    // Nothing, and why.
    for (query, reason) in [
        (json!({"period": {"first": "2019-04"}}), "ABSENCE_REASON_NO_DATA"),
        (json!({"where": [{"dimension": "sex", "codes": ["9"]}]}), "ABSENCE_REASON_NO_DATA"),
        (
            json!({"where": [{"dimension": "religion", "codes": ["A"]}]}),
            "ABSENCE_REASON_NOT_COLLECTED",
        ),
    ] {
        let empty = server.ask(april(&query)).await.unwrap().context.unwrap().empty.unwrap();
        assert_eq!(empty.reason().as_str_name(), reason, "{query}");
        let outcomes = server.table("outcomes", april(&query)).await.unwrap();
        let empty = outcomes.context.unwrap().empty.unwrap();
        assert_eq!(empty.reason().as_str_name(), reason, "outcomes {query}");
    }
    let persons = with(april(&json!({})), "measure", json!("MEASURE_PERSONS"));
    let empty = server.ask(persons).await.unwrap().context.unwrap().empty.unwrap();
    assert_eq!(empty.reason().as_str_name(), "ABSENCE_REASON_NOT_COMPUTABLE");
}

#[tokio::test]
async fn inner_nodes_and_other_editions_count_as_coarser() {
    let server = TestServer::start().await;
    let header = SubmissionHeader {
        code_systems: [("ethnic_category".into(), "equity_ethnicity".into())].into(),
        ..header("04C", SYNTHETIC, "2020-04", &["ethnic_category", "age_band"])
    };
    let rows = json!([
        {"recordCount": 1, "person": {"ethnicCategory": "white"}},
        {"recordCount": 2, "person": {"ethnicCategory": "A"}},
        {"recordCount": 4, "person": {"ethnicCategory": "E13"}},
        {"recordCount": 8, "person": {"ethnicCategory": "C"}},
        {"recordCount": 16, "person": {"ethnicCategory": "E16"}},
        {"recordCount": 32, "person": {"ethnicCategory": "R"}},
    ]);
    server.submit(header, records(&rows)).await.unwrap();
    for (dimension, expected) in [
        ("ethnic_category", vec![("A", 6), ("C", 24), ("R", 32), ("COARSER", 1)]),
        ("ethnic_group_2021", vec![("E13", 6), ("E16", 16), ("E2", 32), ("COARSER", 9)]),
        ("ethnic_group_broad", vec![("white", 31), ("asian", 32)]),
        ("ethnic_group_broad_2001", vec![("white", 31), ("other", 32)]),
    ] {
        let answer = server.ask(april(&json!({"by": [dimension]}))).await.unwrap();
        let mut expected: std::collections::BTreeMap<String, i64> =
            expected.into_iter().map(|(code, n)| (code.to_owned(), n)).collect();
        expected.insert(String::new(), 63);
        assert_eq!(totals(&answer), expected, "{dimension}");
    }
}

#[tokio::test]
async fn sets_overlap_and_say_so() {
    let server = TestServer::start().await;
    let set = |count: i64, codes: Value| json!({"channel": "VIDEO", "recordCount": count, "person": {"disability": codes, "sex": "1"}});
    let rows = json!([
        set(1, json!(["01"])),
        set(2, json!(["01", "02"])),
        set(4, json!(["02", "01", "09"])),
        set(8, json!(["NN"])),
        set(16, json!(["ZZ"])),
        set(32, json!([])),
    ]);
    submit(&server, ("04C", "2020-04"), &["disability", "sex"], rows).await;
    let expected = [
        ("", 63),
        ("01", 7),
        ("02", 6),
        ("09", 4),
        ("ANY", 7),
        ("NONE", 8),
        ("NOT_STATED", 16),
        ("NOT_RECORDED", 32),
    ];
    let answer = server.ask(april(&json!({"by": ["disability"]}))).await.unwrap();
    assert_eq!(totals(&answer), expected.iter().map(|(key, n)| ((*key).to_owned(), *n)).collect());
    let legend = &answer.dimensions[0];
    assert_eq!(legend.dimension, "disability");
    let context = answer.context.as_ref().unwrap();
    assert!(legend.overlapping && context.notes.iter().any(|note| note.contains("disability")));
    let quality = context.quality.iter().find(|q| q.dimension == "disability").unwrap();
    assert!((quality.unknown_ratio.unwrap() - 48.0 / 63.0).abs() < 1e-12, "{quality:?}");
    // Crossed with a field of one value, and as a condition.
    let crossed = server.ask(april(&json!({"by": ["sex", "disability"]}))).await.unwrap();
    assert_eq!(totals(&crossed)["1|02"], 6);
    assert_eq!(totals(&crossed)[""], 63);
    for (code, count) in [("01", 7), ("ANY", 7), ("NONE", 8), ("NOT_RECORDED", 32)] {
        let only = json!({"where": [{"dimension": "disability", "codes": [code]}]});
        assert_eq!(totals(&server.ask(april(&only)).await.unwrap())[""], count, "{code}");
    }
}

#[tokio::test]
async fn by_residence_people_count_where_they_live() {
    let server = TestServer::start().await;
    let header = |organisation: &str| SubmissionHeader {
        code_systems: [("residence_lsoa".into(), "lsoa_2011".into())].into(),
        ..header(organisation, SYNTHETIC, "2020-04", &[])
    };
    // E01013600 lies in Leicester.
    let rows = json!([
        {"channel": "VIDEO", "recordCount": 1, "residenceLsoa": "E01013600"},
        {"channel": "VIDEO", "recordCount": 2, "residenceLsoa": "E01999999"},
        {"channel": "TELEPHONE", "recordCount": 4},
    ]);
    server.submit(header("04C"), records(&rows)).await.unwrap();
    server.submit(header("03W"), records(&rows)).await.unwrap();
    for (area, basis, total, unattributed) in [
        ("E06000016", "RESIDENCE", 2, 8),
        ("QK1", "RESIDENCE", 2, 8),
        ("E06000017", "RESIDENCE", 0, 8),
        ("E06000016", "PROVIDER", 7, 7),
        ("QK1", "PROVIDER", 14, 0),
    ] {
        let basis = format!("AREA_BASIS_{basis}");
        let answer = server.ask(april(&json!({"area": area, "areaBasis": basis}))).await.unwrap();
        assert_eq!(totals(&answer)[""], total, "{area} {basis}");
        let context = answer.context.unwrap();
        assert_eq!(context.area_basis().as_str_name(), basis);
        assert_eq!(
            context.unattributed.map_or(0, |volume| volume.count),
            unattributed,
            "{area} {basis}"
        );
    }
    let districts = server.ask(april(&json!({"by": ["residence_district"]}))).await.unwrap();
    let found = totals(&districts);
    assert_eq!((found["E06000016"], found["OUTSIDE"], found["NOT_RECORDED"]), (2, 4, 8));
    // Deprivation follows from the home: decile 1.
    let deciles = server.ask(april(&json!({"by": ["imd2019_decile"]}))).await.unwrap();
    assert_eq!(totals(&deciles)["imd_2019:1"], 2, "{:?}", totals(&deciles));
}

#[tokio::test]
async fn rates_are_over_the_matching_people() {
    let server = TestServer::start().await;
    for month in ["2020-04", "2020-05", "2020-06"] {
        submit(&server, ("04C", month), &["sex"], json!([
            {"channel": "VIDEO", "recordCount": 30, "staffType": "GP", "person": {"sex": "1"}},
            {"channel": "TELEPHONE", "recordCount": 10, "staffType": "GP", "person": {"sex": "2"}},
            {"channel": "TELEPHONE", "recordCount": 5, "person": {"sex": "X"}},
        ])).await;
    }
    for month in ["2020-04", "2020-05"] {
        let rows: Vec<PopulationRecord> = [
            json!({"personCount": 1000, "person": {"sex": "1"}}),
            json!({"personCount": 500, "person": {"sex": "2"}}),
        ]
        .into_iter()
        .map(message)
        .collect();
        server.submit_people(header("04C", SYNTHETIC, month, &["sex"]), rows).await.unwrap();
    }
    let ask = |query: Value| server.ask(with(april(&query), "includeRates", json!(true)));
    let near = |table: &Breakdown, row: &str, channel: &str, expected: f64| {
        let found = value(table, row, &format!("CH-03/{channel}"));
        assert!((found - expected).abs() < 1e-9, "{found:?} {expected}")
    };
    let people = |table: &Breakdown, row: &str| -> Option<i64> {
        ["CH-03/VIDEO", "CH-03/TELEPHONE"]
            .map(|id| cell(table, row, id).denominator_count)
            .into_iter()
            .reduce(|one, other| if one == other { one } else { panic!("{one:?} {other:?}") })
            .unwrap()
    };
    let answer = ask(json!({"period": {"first": "2020-04", "last": "2020-05"}, "by": ["sex"]}))
        .await
        .unwrap();
    assert_eq!(people(&answer, ""), Some(3_000));
    near(&answer, "", "TELEPHONE", 30.0 * 1000.0 / 3000.0);
    near(&answer, "1", "VIDEO", 60.0 * 1000.0 / 2000.0);
    near(&answer, "2", "TELEPHONE", 20.0 * 1000.0 / 1000.0);
    assert_eq!(people(&answer, "NOT_KNOWN"), None);
    let unknown = why(cell(&answer, "NOT_KNOWN", "CH-03/TELEPHONE"));
    assert_eq!(unknown.as_str_name(), "ABSENCE_REASON_NOT_COMPUTABLE");
    // A field that people do not have narrows the consultations, not the people.
    let answer = ask(json!({"where": [{"dimension": "staff_type", "codes": ["GP"]}, {"dimension": "sex", "codes": ["1"]}]})).await.unwrap();
    near(&answer, "", "VIDEO", 30.0);
    // A month without people.
    let answer = ask(json!({"period": {"first": "2020-04", "last": "2020-06"}, "by": ["month"]}))
        .await
        .unwrap();
    for (key, has) in [("", false), ("2020-04", true), ("2020-05", true), ("2020-06", false)] {
        let rate = cell(&answer, key, "CH-03/VIDEO");
        let found = (people(&answer, key).is_some(), rate.absence.is_none(), rate.value.is_some());
        assert_eq!(found, (has, has, has), "{key}");
    }
}

#[tokio::test]
async fn persons_are_counted_once() {
    let server = TestServer::start().await;
    let scheme = |organisation: &str, month: &str, scheme: &str| SubmissionHeader {
        person_key_scheme: scheme.into(),
        ..header(organisation, SYNTHETIC, month, &["sex"])
    };
    let seen = |key: &str, channel: &str, sex: &str| json!({"personKey": key, "channel": channel, "person": {"sex": sex}});
    for (header, rows) in [
        (
            scheme("04C", "2020-04", "a"),
            json!([seen("p", "VIDEO", "1"), seen("p", "VIDEO", "1"), seen("p", "TELEPHONE", "1"), seen("q", "VIDEO", "2"), {"channel": "VIDEO", "recordCount": 50}]),
        ),
        (
            scheme("04C", "2020-05", "a"),
            json!([seen("p", "VIDEO", "1"), seen("r", "NOT_KNOWN", "2")]),
        ),
        (
            scheme("04V", "2020-05", "a"),
            json!([seen("q", "TELEPHONE", "2"), seen("p", "TELEPHONE", "1")]),
        ),
        (scheme("03W", "2020-05", "b"), json!([seen("p", "VIDEO", "1")])),
    ] {
        server.submit(header, records(&rows)).await.unwrap();
    }
    let ask = |query: Value| server.ask(with(april(&query), "measure", json!("MEASURE_PERSONS")));
    let both = json!({"period": {"first": "2020-04", "last": "2020-05"}});
    let answer = ask(both.clone()).await.unwrap();
    // p, q, r of scheme a, and p of scheme b.
    assert_eq!((totals(&answer)[""], unknown_and_base(&answer, "")), (4, (1, 3)));
    assert_eq!(counts(&answer, ""), [("VIDEO", 3), ("TELEPHONE", 2), ("NOT_KNOWN", 1)].into());
    let notes = answer.context.unwrap().notes.join(" ");
    assert!(notes.contains("Persons per scheme, summed"), "{notes}");
    let by = |dimension: &str| {
        let mut query = both.clone();
        query["by"] = json!([dimension]);
        ask(query)
    };
    let months = by("month").await.unwrap();
    assert_eq!(
        totals(&months),
        [(String::new(), 4), ("2020-04".into(), 2), ("2020-05".into(), 4)].into()
    );
    let organisations = by("organisation").await.unwrap();
    assert_eq!(
        totals(&organisations),
        [(String::new(), 4), ("04C".into(), 3), ("04V".into(), 2), ("03W".into(), 1)].into()
    );
    assert_eq!(cells(&by("sex").await.unwrap())[&("1".into(), "VIDEO".into())], 2);
}

#[tokio::test]
async fn settings_views_and_confidence() {
    let server = TestServer::start().await;
    submit(
        &server,
        ("04C", "2020-04"),
        &[],
        json!([
            {"channel": "VIDEO", "careSetting": "COMMUNITY", "recordCount": 2},
            {"channel": "VIDEO", "careSetting": "MENTAL_HEALTH", "recordCount": 4},
            {"channel": "TELEPHONE", "recordCount": 8},
        ]),
    )
    .await;
    for (setting, total) in [("COMMUNITY", 2), ("MENTAL_HEALTH", 4), ("OUTPATIENTS", 0), ("", 14)] {
        let answer = server.ask(april(&json!({"careSetting": setting}))).await.unwrap();
        assert_eq!(totals(&answer)[""], total, "{setting}");
    }
    // The only setting of a collection is that of its records, and the default collection of a setting is found.
    let header = header("RT5", "csds", "2020-04", &[]);
    server.submit(header, records(&json!([{"channel": "VIDEO"}]))).await.unwrap();
    let query = json!({"careSetting": "COMMUNITY", "organisations": ["RT5"], "period": {"first": "2020-04"}, "by": ["care_setting"]});
    let answer = server.ask(json!({"query": query})).await.unwrap();
    assert_eq!(answer.context.as_ref().unwrap().collection, "csds");
    assert_eq!(totals(&answer)["COMMUNITY"], 1);

    let share = |answer: &Breakdown| -> Cell { cell(answer, "", "CH-01/TELEPHONE").clone() };
    let full = server.ask(april(&json!({}))).await.unwrap();
    let wide = server.ask(april(&json!({"confidenceLevel": 0.998}))).await.unwrap();
    let basic = server.ask(april(&json!({"view": "BREAKDOWN_VIEW_BASIC"}))).await.unwrap();
    let (usual, wide_share, plain) = (share(&full), share(&wide), share(&basic));
    assert!(wide_share.lower.unwrap() < usual.lower.unwrap());
    assert!(wide_share.upper.unwrap() > usual.upper.unwrap());
    assert!(
        (plain.value.unwrap() - usual.value.unwrap()).abs() < 1e-12
            && plain.lower.is_none()
            && plain.upper.is_none()
    );
    // Words alone are left out.
    for (view, has_words) in [("BASIC", false), ("FULL", true)] {
        let view = format!("BREAKDOWN_VIEW_{view}");
        let answer = server.ask(april(&json!({"by": ["month"], "view": view}))).await.unwrap();
        assert_eq!(keys(&answer), ["", "2020-04"]);
        let (by, column) = (&answer.dimensions[0], answer.columns.last().unwrap());
        assert_eq!((by.dimension.as_str(), column.group.len()), ("month", 1));
        let words = [&by.label, &column.label].map(|words| !words.is_empty());
        assert_eq!(words, [has_words; 2]);
        let lists = [by.categories.is_empty(), column.group_labels.is_empty()];
        assert_eq!(lists, [!has_words; 2]);
    }
    assert!((wide.context.unwrap().confidence_level - 0.998).abs() < 1e-9);
    let all = with(april(&json!({})), "denominator", json!("DENOMINATOR_ALL"));
    assert_eq!(unknown_and_base(&server.ask(all).await.unwrap(), ""), (0, 14));
}
