//! With which code commands end, and what they say then.

use super::run::{Served, run};

#[test]
fn wrong_usage_ends_with_two_before_anything_is_asked() {
    for bad in [
        &["fly"] as &[&str],
        &[],
        &["breakdown", "channels", "--from", "2020-04"],
        &["breakdown", "channels", "--area", "QK1", "--from", "2020-04", "--where", "age_band"],
        &["breakdown", "channels", "--area", "QK1", "--from", "2020-04", "--as-of", "yesterday"],
        &["generate", "--rows", "5", "--from", "2020-02", "--to", "2020-01", "--out", "-"],
        &["submissions", "list", "--service", "https://127.0.0.1:1"],
    ] {
        let ended = run(bad);
        assert_eq!(ended.code, Some(2), "{bad:?}: {ended:?}");
        assert_eq!(ended.answer, "", "{bad:?}");
    }
    assert_eq!(run(&["--help"]).code, Some(0));
    assert!(run(&["--help"]).answer.contains("3  the service could not be reached"));
}

#[test]
fn nobody_there_ends_with_three_and_says_how_to_start_a_service() {
    let free =
        std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let ended = run(&["reference", "areas", "--service", &free]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.remarks.contains("equity serve"), "{}", ended.remarks);
}

#[test]
fn what_the_service_or_the_data_refuses_ends_with_one_and_names_the_place() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(&folder.path().join("data"));
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let submit = |file: &str| {
        let about =
            ["--collection", "practice-feed", "--organisation", "C82001", "--month", "2020-04"];
        served.ask(&[&["submit", file] as &[&str], &about].concat())
    };

    let ended = submit(&file("codes.csv", "channel\nTELEPHONE\nCARRIER_PIGEON\n"));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.remarks.contains("records[1].channel"), "{}", ended.remarks);
    let ended = submit(&file("columns.csv", "attendance,chanel\n5,TELEPHONE\n"));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.remarks.contains("\"channel\""), "{}", ended.remarks);
    assert_eq!(submit("nowhere.csv").code, Some(1));

    let ask = |area: &str, by: &str| {
        served.ask(&["breakdown", "channels", "--area", area, "--from", "2020-04", "--by", by])
    };
    let ended = ask("QK1", "ethnic_categroy");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.remarks.contains("equity reference dimensions"), "{}", ended.remarks);
    assert_eq!(ask("NOWHERE", "sex").code, Some(1));
    let nothing = ask("QK1", "sex");
    assert_eq!(nothing.code, Some(0), "an answer without data is no error: {nothing:?}");
    assert!(nothing.answer.contains("no figures"), "{}", nothing.answer);
}

#[test]
fn a_stopped_service_verifies_clean() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let served = Served::start(&data);
    let about = ["--from", "2020-04", "--to", "2020-04", "--submit-to", &served.address];
    run(&[&["generate", "--rows", "200"] as &[&str], &about].concat()).well();
    assert_eq!(served.terminate().0, Some(0));
    let data = data.to_str().unwrap();
    let report = run(&["verify", "--data-folder", data, "--format", "json"]).json();
    assert_eq!(report["differences"].as_array().unwrap().len(), 0, "{report}");
    let submissions = report["submissions"].as_i64().unwrap();
    assert!(submissions >= 2, "records and their population: {report}");
    assert!(report["entries"].as_i64().unwrap() > submissions, "{report}");
    let rebuilt = run(&["rebuild", "--data-folder", data, "--format", "json"]).json();
    assert_eq!(rebuilt["entries"], report["entries"]);
    assert_eq!(run(&["verify", "--data-folder", "/nonexistent/equity"]).code, Some(1));
}
