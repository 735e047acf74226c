//! A service that is for one area: of published files of all England, the rows of its organisations are taken.

use super::run::{Served, equity};

fn case(name: &str) -> String {
    format!("{}/tests/cases/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn served(area: &str, folder: &std::path::Path) -> Served {
    let mut command = equity();
    command.arg("serve").env("EQUITY_HOME_AREA", area).stderr(std::process::Stdio::null());
    Served::by(command, "127.0.0.1:0", folder)
}

/// Organisations that have submitted, in order.
fn organisations(served: &Served) -> Vec<String> {
    let listed = served.ask(&["submissions", "list", "--format", "csv"]).well();
    let mut rows = csv::Reader::from_reader(listed.as_bytes());
    let place = rows.headers().unwrap().iter().position(|name| name == "organisation").unwrap();
    let mut all: Vec<_> = rows.records().map(|row| row.unwrap()[place].to_owned()).collect();
    all.sort();
    all
}

#[test]
fn files_of_all_england_are_taken_for_the_area_of_the_service() {
    let folder = tempfile::tempdir().unwrap();
    let served = served("Leicester, Leicestershire and Rutland", &folder.path().join("data"));
    let info = served.ask(&["info", "--format", "json"]).json();
    assert_eq!(info["info"]["home_area"], "QK1", "a name is its code");
    let file = case("coverage_england.csv");
    let ended = served.ask(&["submit", &file]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let lines: Vec<_> = ended.remarks.lines().filter(|line| line.contains("left out")).collect();
    assert_eq!(lines.len(), 1, "{ended:?}");
    assert!(
        lines[0]
            .ends_with("rows of 3 other organisations than those of QK1, which were left out: 3")
    );
    assert_eq!(organisations(&served), ["03W", "04C"]);
    // A file of which nothing is for the area of the service is an error of the user.
    let others = folder.path().join("others.csv");
    let text = std::fs::read_to_string(&file).unwrap();
    let kept = |line: &&str| !line.starts_with("03W") && !line.starts_with("04C");
    std::fs::write(&others, text.lines().filter(kept).collect::<Vec<_>>().join("\n")).unwrap();
    for more in [&[][..], &["--validate-only"]] {
        let ended = served.ask(&[&["submit", others.to_str().unwrap()], more].concat());
        assert_eq!(ended.code, Some(1), "{ended:?}");
        let words = ["no row is of an organisation of QK1", "--area CODE", "--area ALL"];
        assert!(words.iter().all(|word| ended.remarks.contains(word)), "{ended:?}");
    }
    assert_eq!(organisations(&served), ["03W", "04C"]);
    // Another area, one organisation, and every row, of which the service does not know one.
    served.ask(&["submit", &file, "--area", "QPM"]).well();
    assert_eq!(organisations(&served), ["03W", "04C", "78H"]);
    served.ask(&["submit", &file, "--organisation", "15E"]).well();
    assert_eq!(organisations(&served), ["03W", "04C", "15E", "78H"]);
    let all = served.ask(&["submit", &file, "--area", "ALL"]);
    assert!(all.code != Some(0) && all.remarks.contains("Z8Z8Z"), "{all:?}");
    let both = served.ask(&["submit", &file, "--area", "QPM", "--organisation", "15E"]);
    assert!(both.remarks.contains("cannot be used with"), "{both:?}");
    // The practices of the area, of the two files of a month.
    let [male, female] =
        ["male", "female"].map(|sex| case(&format!("registered_single_{sex}.csv")));
    let ended = served.ask(&["submit", &female, &male]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(
        ended
            .remarks
            .contains("rows of 1 other organisation than those of QK1, which were left out: 194")
    );
    let found = organisations(&served);
    assert_eq!(found, ["03W", "04C", "15E", "78H", "C82001", "C82002"]);
    // What is not of many organisations is taken as it is.
    let own = folder.path().join("own.csv");
    std::fs::write(&own, "organisation,month,channel\nK81002,2026-04,TELEPHONE\n").unwrap();
    served.ask(&["submit", own.to_str().unwrap(), "--collection", "practice-feed"]).well();
    assert!(organisations(&served).contains(&"K81002".to_owned()));
}

#[test]
fn an_area_that_is_not_there_stops_the_start() {
    for (area, words) in [("QK2", "reference areas"), ("Lincolnshire", "`QJM` (system)")] {
        let folder = tempfile::tempdir().unwrap();
        let mut command = equity();
        command.args(["serve", "--address", "127.0.0.1:0", "--data-folder"]);
        command.arg(folder.path().join("data")).env("EQUITY_HOME_AREA", area);
        let ended = super::run::Ended::of(command.output().unwrap());
        assert!(ended.code != Some(0), "{ended:?}");
        assert!(ended.remarks.contains("home_area") && ended.remarks.contains(words), "{ended:?}");
    }
}

/// Rows of a packed file of the publisher.
fn published(name: &str) -> Vec<String> {
    let path = format!("{}/tests/data/published/{name}", env!("CARGO_MANIFEST_DIR"));
    let mut text = String::new();
    let mut file = flate2::read::MultiGzDecoder::new(std::fs::File::open(path).unwrap());
    std::io::Read::read_to_string(&mut file, &mut text).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn regional_and_daily_files_of_several_systems_are_taken_for_the_area_of_the_service() {
    let folder = tempfile::tempdir().unwrap();
    let served = served("QPM", &folder.path().join("data"));
    let submit = |name: &str, lines: &[String]| {
        let file = folder.path().join(name);
        std::fs::write(&file, lines.join("\n") + "\n").unwrap();
        let ended = served.ask(&["submit", file.to_str().unwrap()]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let left_out = ended.remarks.lines().filter(|line| line.contains("left out"));
        left_out.map(str::to_owned).collect::<Vec<_>>()
    };
    // The regional edition, of which three files of the publisher are put together.
    let mut lines = published("gpad_northamptonshire.csv.gz");
    let ours = lines.len() - 1;
    for name in ["gpad_frimley.csv.gz", "gpad_bucks_oxon_berks.csv.gz"] {
        lines.extend(published(name).into_iter().skip(1));
    }
    let others = lines.len() - 1 - ours;
    let left_out = submit("regional.csv", &lines);
    assert_eq!(left_out.len(), 1, "{left_out:?}");
    let says =
        format!("rows of 4 other organisations than those of QPM, which were left out: {others}");
    assert!(left_out[0].ends_with(&says), "{left_out:?}");
    assert_eq!(organisations(&served), ["78H", "78H"], "two months");
    // The daily edition.
    let text = std::fs::read_to_string(case("daily.csv")).unwrap();
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    let day = lines[1].clone();
    let row = |code: &str, day_of: &str, count: &str| {
        let row = day.replacen("04C", code, 1).replace("01JUN2022", day_of);
        format!("{},{count}", row.rsplit_once(',').unwrap().0)
    };
    for (code, day_of, count) in [
        ("78H", "01JUN2022", "3"),
        ("15E", "01JUN2022", "100"),
        ("78H", "02JUN2022", "4"),
        ("78H", "01JUL2022", "50"),
    ] {
        lines.push(row(code, day_of, count));
    }
    let left_out = submit("daily.csv", &lines);
    assert_eq!(left_out.len(), 1, "{left_out:?}");
    let says = "rows of 2 other organisations than those of QPM, which were left out: 3";
    assert!(left_out[0].ends_with(says), "{left_out:?}");
    assert_eq!(organisations(&served), ["78H", "78H", "78H", "78H"]);
    let total = |month: &str| {
        let question = ["breakdown", "channels", "--area", "QPM", "--collection", "gpad-regional"];
        let more = ["--from", month, "--format", "json"];
        let answer = served.ask(&[&question[..], &more].concat()).json()["breakdown"].clone();
        super::run::count(&answer, &answer["rows"][0], "CONTACTS")
    };
    let found = ["2020-04", "2021-04", "2022-06", "2022-07"].map(total);
    assert_eq!(found, [226_662, 314_013, 7, 50]);
}
