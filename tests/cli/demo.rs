//! The first thing a new user types: its numbers are published, so they can be checked.

use super::run::{count, equity, run};

/// Appointments of the three locations by month: all, face to face, home visit, telephone, video or online, unknown.
const PUBLISHED: [(&str, [i64; 6]); 6] = [
    ("2019-03", [543_409, 449_395, 1_404, 63_417, 6_663, 22_530]),
    ("2019-10", [624_182, 521_884, 986, 58_763, 9_398, 33_151]),
    ("2020-02", [502_458, 416_811, 899, 52_640, 8_996, 23_112]),
    ("2020-04", [361_905, 212_251, 313, 130_728, 1_507, 17_106]),
    ("2020-06", [451_310, 249_774, 673, 171_904, 4_592, 24_367]),
    ("2020-12", [480_513, 293_865, 999, 151_073, 6_819, 27_757]),
];

const CHANNELS: [&str; 5] =
    ["FACE_TO_FACE", "HOME_VISIT", "TELEPHONE", "ONLINE_UNSPECIFIED", "NOT_KNOWN"];

#[test]
fn the_demo_prints_the_published_numbers_and_submits_once() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().to_str().unwrap();
    let demo = |format: &str| {
        run(&["demo", "--once", "--rows", "3000", "--data-folder", folder, "--format", format])
    };

    let first = demo("table");
    assert_eq!(first.code, Some(0), "{first:?}");
    // One screen.
    let lines: Vec<_> = first.answer.lines().collect();
    assert!(lines.len() <= 60, "{}", first.answer);
    let long: Vec<_> = lines.iter().filter(|line| line.chars().count() > 100).collect();
    let typed = |line: &&&&str| !line.contains("equity ");
    assert!(long.iter().filter(typed).count() == 0, "{long:#?}");
    let flat = first.answer.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "In April 2020, of 344,799 GP appointments whose channel is known, 61.6 % were face to face, against 86.8 % in April 2019",
        "2019-04 ####",
        "Appointments in General Practice",
        "In 2018, in the United Kingdom, 51.3 % of men and 37.6 % of women aged 75 and over",
        "Source: Office for National Statistics, Internet users",
        "What to type next",
        "equity breakdown provision",
        "equity demo --tour",
    ] {
        assert!(flat.contains(words), "{words} is missing:\n{}", first.answer);
    }
    assert!(!first.answer.contains('\u{1b}'), "no colours where there is no terminal");
    assert!(first.answer.is_ascii(), "no Unicode where the locale does not say UTF-8");
    assert!(first.remarks.contains("rows stored: "), "{}", first.remarks);

    let tour = run(&["demo", "--once", "--rows", "3000", "--data-folder", folder, "--tour"]);
    assert_eq!(tour.code, Some(0), "{tour:?}");
    for words in [
        "212,251",
        "130,728",
        "1,507",
        "313",
        "17,106",
        "361,905",
        "11,116,298",
        "SYNTHETIC",
        "2019-03",
        "2020-12",
        "ECOLOGICAL",
        "Greater Manchester Combined Authority, Digital Exclusion Risk Index",
        "Face-to-face provision, ",
    ] {
        assert!(tour.answer.contains(words), "{words} is missing:\n{}", tour.answer);
    }

    let second = demo("json");
    assert!(second.remarks.contains("nothing was submitted again"), "{}", second.remarks);
    let answers = second.json();
    assert_eq!(answers["synthetic"]["breakdown"]["context"]["data_class"], "DATA_CLASS_SYNTHETIC");
    let rows = answers["months"]["breakdown"]["rows"].as_array().unwrap().clone();
    assert_eq!(rows.len(), 1 + 22);
    let months = &answers["months"]["breakdown"];
    assert_eq!(count(months, &rows[0], "CONTACTS"), 11_116_298);
    for (month, published) in PUBLISHED {
        let row = rows.iter().find(|row| row["keys"][0]["code"] == month).unwrap();
        let mut counts = vec![count(months, row, "CONTACTS")];
        counts.extend(CHANNELS.map(|channel| count(months, row, &format!("CH-01/{channel}"))));
        assert_eq!(counts, published, "{month}");
    }

    exclusion_is_as_published(&answers);

    let csv = demo("csv").well();
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let column = reader.headers().unwrap().iter().position(|name| name == "column").unwrap();
    let found = reader.into_records().map(Result::unwrap);
    let shares = found.filter(|line| line[column].starts_with("CH-01/"));
    assert_eq!(shares.count(), 23 * CHANNELS.len());
}

/// People who used the internet in 2018, and those of LLR by ethnic group, as the two offices published them.
fn exclusion_is_as_published(answers: &serde_json::Value) {
    let estimates = answers["internet"]["breakdown"]["estimates"].as_array().unwrap();
    assert_eq!(estimates.len(), 7 * 2, "ages by sex");
    let used = |age: &str, sex: &str| {
        let is = |estimate: &&serde_json::Value| {
            let keys = estimate["record"]["keys"].as_array().unwrap();
            let has = |code: &str| keys.iter().any(|key| key["code"] == code);
            has(age) && has(sex)
        };
        estimates.iter().find(is).unwrap()["record"]["value"].as_f64().unwrap()
    };
    assert!((used("75+", "1") - 0.513).abs() < 0.000_5, "{}", used("75+", "1"));
    assert!((used("75+", "2") - 0.376).abs() < 0.000_5, "{}", used("75+", "2"));

    let risk = &answers["risk"]["breakdown"];
    assert_eq!(risk["context"]["ecological"], true);
    let people = |code: &str| {
        let rows = risk["rows"].as_array().unwrap();
        let row = rows.iter().find(|row| row["keys"][0]["code"] == code).unwrap();
        count(risk, row, "PEOPLE")
    };
    assert_eq!(
        ["white", "asian", "black", "mixed", "other"].map(people),
        [812_990, 218_684, 37_249, 30_175, 22_904]
    );

    let provision = &answers["provision"]["breakdown"];
    assert_eq!(provision["context"]["data_class"], "DATA_CLASS_SYNTHETIC");
    let contacts = |id: &str| count(provision, &provision["rows"][0], id);
    assert!(contacts("CONTACTS/ANY_NEED") > 0 && contacts("CONTACTS/NO_NEED") > 0);
    assert_eq!(contacts("CONTACTS"), 3_000, "every record of the set");
}

#[test]
fn unicode_and_colours_follow_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = equity();
    demo.args(["demo", "--once", "--rows", "500", "--data-folder"]).arg(folder.path());
    let output = demo.env("LC_ALL", "C.UTF-8").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains('█') && !text.contains('\u{1b}'), "{text}");
}

/// To a partner the demo tells the same story, since its data is open, and shows controlled data with what is withheld and perturbed.
#[test]
fn the_demo_tells_its_story_to_partners() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().to_str().unwrap();
    let demo = |more: &[&str]| {
        let all = ["demo", "--once", "--rows", "20000", "--data-folder", folder];
        run(&[&all[..], &["--profile", "partner"], more].concat())
    };
    let screen = demo(&[]);
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let told = flat(&screen.answer);
    for words in [
        "In April 2020, of 344,799 GP appointments whose channel is known, 61.6 % were face to face, against 86.8 % in April 2019",
        "In 2018, in the United Kingdom, 51.3 % of men and 37.6 % of women aged 75 and over",
        "What partner organisations see",
        "Of `synthetic-feed`, a controlled collection,",
        "are withheld, because they are of few people. All others are perturbed.",
    ] {
        assert!(told.contains(words), "{words} is missing:\n{screen:?}");
    }
    assert!(screen.answer.lines().count() <= 60, "{}", screen.answer);
    // Whoever may not list what was submitted submits nothing twice all the same.
    let tour = demo(&["--tour"]);
    assert!(tour.remarks.contains("nothing was submitted again"), "{}", tour.remarks);
    let told = flat(&tour.answer);
    for words in [
        "as partner organisations see it",
        "counts are perturbed",
        "withheld",
        "profile PARTNER",
        "212,251",
        "11,116,298",
        "Greater Manchester Combined Authority, Digital Exclusion Risk Index",
    ] {
        assert!(told.contains(words), "{words} is missing:\n{}", tour.answer);
    }
    let all = demo(&["--format", "json"]).json();
    let controlled = &all["controlled"]["breakdown"];
    let said = &controlled["context"]["disclosure"];
    assert_eq!(said["method"], "PROTECTION_METHOD_PERTURBED", "{said}");
    let withheld = said["withheld_cell_count"].as_i64().unwrap();
    let rows = controlled["rows"].as_array().unwrap();
    let cells = rows.iter().flat_map(|row| row["cells"].as_array().unwrap()).count();
    assert!(withheld > 10 && usize::try_from(withheld).unwrap() < cells, "{withheld} of {cells}");
    let exact = &all["months"]["breakdown"]["context"]["disclosure"];
    assert_eq!(exact["method"], "PROTECTION_METHOD_EXACT");
    let whole = ["demo", "--once", "--rows", "20000", "--data-folder", folder, "--format", "json"];
    let internal = run(&whole).json();
    assert!(internal.get("controlled").is_none());
    assert_eq!(internal["months"]["breakdown"]["rows"], all["months"]["breakdown"]["rows"]);
}

#[test]
fn the_demo_names_its_largest_gap_with_limits_and_says_how_it_moved() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().to_str().unwrap();
    let demo = |more: &[&str]| {
        let demo = ["demo", "--once", "--rows", "60000", "--data-folder", folder];
        let shown = run(&[&demo, more].concat());
        assert_eq!(shown.code, Some(0), "{shown:?}");
        shown
    };
    let screen = demo(&[]);
    assert!(screen.answer.lines().count() <= 60, "{}", screen.answer);
    let flat = screen.answer.split_whitespace().collect::<Vec<_>>().join(" ");
    let from = flat.find("The largest gap, in synthetic data").unwrap_or_else(|| panic!("{flat}"));
    for words in [
        "with 95 % confidence. To level up takes ",
        " of them. From 2020-01 to 2020-06: The gap ",
        " points in the first period, ",
        "equity gaps --area Leicester --collection synthetic-llr",
    ] {
        assert!(flat[from..].contains(words), "{words} is missing:\n{flat}");
    }
    // The gap of the last month is the same figure in both answers.
    let answers = demo(&["--format", "json"]).json();
    let [gap, trend] = ["gap", "trend"].map(|name| answers[name]["breakdown"].clone());
    let difference = |of: &serde_json::Value, row: &serde_json::Value| {
        let columns = of["columns"].as_array().unwrap();
        let place = columns.iter().position(|column| column["id"] == "D").unwrap();
        let cell = &row["cells"][place];
        [&cell["value"], &cell["lower"], &cell["upper"]].map(|of| of.as_f64().unwrap())
    };
    let rows = trend["rows"].as_array().unwrap();
    let last = rows.iter().find(|row| row["keys"][0]["code"] == "2020-06").unwrap();
    let pairs = difference(&trend, last).into_iter().zip(difference(&gap, &gap["rows"][0]));
    assert!(pairs.into_iter().all(|(one, other)| (one - other).abs() < 1e-12), "{last}");
}
