//! `equity releases`, as people and scripts use it.

use super::examples::fill_with_demo;
use super::run::Served;

const ASK: [&str; 6] = ["breakdown", "channels", "--area", "QK1", "--from", "2020-04"];

#[test]
fn releases_are_made_listed_shown_and_read() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fill_with_demo(&data);
    let served = Served::start(&data);
    let list = |format: &str| served.ask(&["releases", "list", "--format", format]);
    assert_eq!(list("table").well().trim(), "nothing to list");

    let checked = served.ask(&["releases", "create", "2026-11", "--check"]);
    assert!(checked.remarks.contains("could be made now"), "{checked:?}");
    assert_eq!(list("table").well().trim(), "nothing to list");
    let id = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff";
    for said in ["made: readers of releases see it", "made before"] {
        let made = served.ask(&["releases", "create", "2026-11", "--request-id", id]);
        assert!(made.remarks.contains(said), "{made:?}");
        assert!(made.well().contains("OPERATOR"));
    }
    let refused = served.ask(&["releases", "create", "2026-11"]);
    assert_eq!(refused.code, Some(1));
    for part in ["releases/2026-11 was made before", "RELEASE_EXISTS", "equity releases list"] {
        assert!(refused.remarks.contains(part), "{part}: {}", refused.remarks);
    }
    let table = list("table").well();
    assert!(table.contains("2026-11") && !table.contains("PERIOD_CLOSED"), "{table}");
    let csv = list("csv").well();
    let header = "release,create_time,reason,closed_month,shown_position,position,least_changed_organisation_count,name";
    assert!(csv.starts_with(header), "{csv}");
    assert!(csv.contains("2026-11,") && csv.contains(",3,releases/2026-11"), "{csv}");
    let shown = served.ask(&["releases", "show", "2026-11", "--format", "json"]).json();
    assert_eq!(list("json").json()["releases"][0], shown["release"]);

    let of_release = [&ASK[..], &["--as-of", "release:2026-11"]].concat();
    let table = served.ask(&of_release).well();
    assert!(table.contains("release") && table.contains("2026-11"), "{table}");
    let json = served.ask(&[&of_release[..], &["--format", "json"]].concat()).json();
    assert_eq!(json["breakdown"]["context"]["release"], "2026-11");
    let shown_position = shown["release"]["shown_position"].clone();
    assert_eq!(json["position"], shown_position, "{shown}");
    let csv = served.ask(&[&of_release[..], &["--format", "csv"]].concat()).well();
    let mut lines = csv.lines();
    let place = lines.next().unwrap().split(',').position(|name| name == "release").unwrap();
    assert!(place > 0 && lines.all(|line| line.contains("2026-11")), "{csv}");

    let unknown = served.ask(&[&ASK[..], &["--as-of", "release:2026-12"]].concat());
    assert_eq!(unknown.code, Some(1));
    for part in ["no release `2026-12`", "equity releases list"] {
        assert!(unknown.remarks.contains(part), "{part}: {}", unknown.remarks);
    }
    let nobody = served.ask(&["releases", "show", "none"]);
    assert!(nobody.remarks.contains("RELEASE_NOT_FOUND"), "{nobody:?}");
}
