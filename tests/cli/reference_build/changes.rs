//! What files say becomes content: what begins, ends, moves or has another name.

use super::world::{AREAS, ORGANISATIONS, World, changes, mapped, practice, trust};
use crate::cli::run::Served;

#[test]
fn files_that_say_the_same_change_nothing() {
    let world = World::same();
    let ended = world.build(&[]);
    let (remarks, answer) = (ended.remarks.clone(), ended.well());
    assert!(answer.contains("Nothing changed"), "{answer}{remarks}");
    for file in ["areas.csv", "organisations.csv", "lsoa.csv", "lsoa_lookup.csv"] {
        let [was, is] = ["base", "new"]
            .map(|folder| std::fs::read_to_string(world.path(folder).join(file)).unwrap());
        assert_eq!(was, is, "{file}");
    }
    let warned: Vec<_> = remarks.lines().filter(|line| line.contains("warning")).collect();
    assert_eq!(warned.len(), 2, "only the counts are not those of England: {warned:#?}");
    assert!(!remarks.contains("no file:") && !remarks.contains("left out"), "{remarks}");
}

/// What happens in a month: the answers of a service with the new content.
#[test]
fn what_was_built_is_served() {
    let mut world = World::same();
    world.lines("mapping.csv").push(mapped(
        "C82010",
        "ST. MARY'S SURGERY",
        "U44444",
        "NEW CITY PCN",
        "04C",
    ));
    world.lines("epraccur.csv").push(practice(
        "C82010",
        "ST. MARY'S SURGERY",
        "20260315",
        "",
        "04C",
    ));
    world.build(&[]).well();
    let data = world.path("data");
    let folder = world.path("new");
    let served =
        Served::with("127.0.0.1:0", &data, &["--reference-folder", folder.to_str().unwrap()]);
    let listed =
        served.ask(&["reference", "organisations", "--area", "U44444", "--format", "csv"]).well();
    assert!(listed.contains("C82010") && listed.contains("St. Mary's Surgery"), "{listed}");
    let file = world.path("april.csv");
    let rows = "organisation,month,channel,attendance,sex,residence_lsoa\nC82010,2026-04,TELEPHONE,5,1,E01034000\nC82010,2026-04,FACE_TO_FACE,5,2,E01026957\n";
    std::fs::write(&file, rows).unwrap();
    served.ask(&["submit", file.to_str().unwrap(), "--collection", "practice-feed"]).well();
    let asked = [
        "breakdown",
        "channels",
        "--collection",
        "practice-feed",
        "--from",
        "2026-04",
        "--format",
        "csv",
    ];
    let of = |more: &[&str]| served.ask(&[&asked, more].concat()).well();
    let network = of(&["--area", "U44444"]);
    assert!(network.contains("TELEPHONE"), "{network}");
    let people = of(&["--area", "QK1", "--by", "residence_system"]);
    assert!(people.contains("QPM"), "a person of the other system: {people}");
    let early = "organisation,month,channel,attendance\nC82010,2026-02,TELEPHONE,5\n";
    std::fs::write(&file, early).unwrap();
    let refused = served.ask(&["submit", file.to_str().unwrap(), "--collection", "practice-feed"]);
    assert_eq!(refused.code, Some(1), "it opened in March: {refused:?}");
}

#[test]
fn a_month_of_practices_and_trusts() {
    let mut world = World::same();
    let mapping = world.lines("mapping.csv");
    mapping[1] = mapped("C82001", "THE NEW SURGERY", "U22222", "COUNTY PCN", "03W");
    mapping.remove(2);
    mapping.push(mapped("C82010", "DR O'BRIEN & PARTNERS", "U", "Unallocated", "04C"));
    world.replace(
        "epraccur.csv",
        2,
        "\"19740401\",\"\",\"ACTIVE\"",
        "\"19740401\",\"20260630\",\"INACTIVE\"",
    );
    world.lines("epraccur.csv").push(practice(
        "C82010",
        "DR O'BRIEN & PARTNERS",
        "20260701",
        "",
        "04C",
    ));
    world.replace("etr.csv", 1, "\"20000401\",\"\"", "\"20000401\",\"20260430\"");
    world.lines("etr.csv").push(trust("RZZ", "NEW NHS TRUST", "QPM", "20260501", ""));
    let ended = world.build(&["--format", "json"]);
    let remarks = ended.remarks.clone();
    let made = changes(ended);
    let has = |expected: [&str; 5]| {
        assert!(made.iter().any(|one| *one == expected), "{expected:?} in {made:#?}")
    };
    has(["practice", "renamed", "C82001", "The Old Surgery", "The New Surgery"]);
    has([
        "practice",
        "moved",
        "C82001",
        "U11111;04C;E06000016;QK1;QOLD",
        "U22222@2026-08;03W;E10000018;QK1;U11111;QOLD",
    ]);
    has(["practice", "gone", "C82002", "", "2026-06"]);
    has(["practice", "new", "C82010", "", "04C;E06000016;QK1"]);
    has(["trust", "gone", "RWE", "", "2026-04"]);
    has(["trust", "new", "RZZ", "", "QPM"]);
    has(["pcn", "gone", "U11111", "", "2026-07"]);
    assert_eq!(made.len(), 7, "{made:#?}");
    assert!(remarks.contains("U11111") && remarks.contains("name its successors"), "{remarks}");
    assert_eq!(
        world.row("organisations.csv", "C82010"),
        "C82010,Dr O'Brien & Partners,practice,04C;E06000016;QK1,2026-07,,,"
    );
    let kept = "practice_minority_quintile=q1";
    assert!(world.row("organisations.csv", "C82001").ends_with(kept), "attributes stay");
    for code in ["C82009", "VS001"] {
        assert!(ORGANISATIONS.contains(&world.row("organisations.csv", code)), "{code} stays");
    }
    assert!(AREAS.contains(&world.row("areas.csv", "QOLD")), "an area that ended stays");
    assert_eq!(world.row("areas.csv", "U11111").split(',').nth(8), Some("2026-07"));
    // Without a close date a practice ends in the month of the extract.
    let mut world = World::same();
    world.lines("mapping.csv").remove(2);
    let made = changes(world.build(&["--format", "json"]));
    assert!(
        made.contains(&["practice", "gone", "C82002", "", "2026-08"].map(str::to_owned)),
        "{made:?}"
    );
}

/// Two systems become one with a new code, as on 1 April 2026; a location gets another boundary.
#[test]
fn systems_that_merge_leave_their_history() {
    let mut world = World::same();
    for file in ["mapping.csv", "small.csv"] {
        world.replace(
            file,
            0,
            "E54000015,QK1,NHS Leicester Test",
            "E54000099,A1B2C,NHS Soar and Nene",
        );
        world.replace(
            file,
            0,
            "E54000059,QPM,NHS Northampton Test",
            "E54000099,A1B2C,NHS Soar and Nene",
        );
        world.replace(file, 0, "E38000242,78H", "E38000299,78H");
    }
    world.replace("etr.csv", 1, "QK1", "A1B2C");
    // Published tables of the built-in content name QK1: an area that ended can still be named.
    let ended = world.build(&["--from", "2026-04", "--format", "json"]);
    let made = changes(ended);
    let has = |expected: [&str; 5]| {
        assert!(made.iter().any(|one| *one == expected), "{expected:?} in {made:#?}")
    };
    has(["system", "new", "A1B2C", "", "Y60;E12000004"]);
    has(["system", "gone", "QK1", "", "2026-03"]);
    has(["sub_icb", "moved", "78H", "QPM", "A1B2C"]);
    has(["sub_icb", "boundary", "78H", "E38000242", "E38000299"]);
    has(["place", "moved", "E06000016", "QK1", "A1B2C"]);
    has(["trust", "moved", "RWE", "QK1", "A1B2C;QK1"]);
    let row = |code| world.row("areas.csv", code);
    assert_eq!(row("A1B2C"), "A1B2C,E54000099,Soar and Nene,system,Y60;E12000004,,,2026-04,,,,");
    assert_eq!(row("QPM"), "QPM,E54000059,Northampton Test,system,Y60;E12000004,,,,2026-03,,,");
    assert_eq!(row("78H"), "78H,E38000299,Northampton,sub_icb,A1B2C,,E38000242,,,,2026-04,QPM");
    let of = |code| world.row("organisations.csv", code);
    assert_eq!(of("K83001"), "K83001,Nene Practice,practice,U33333;78H;E06000061;A1B2C;QPM,,,,");
    assert_eq!(of("78H"), "78H,Northampton,sub_icb,78H;E06000061;A1B2C;QPM,,,,");
    // The new folder is content in force like any other: the same files change nothing more.
    std::fs::remove_dir_all(world.path("base")).unwrap();
    std::fs::rename(world.path("new"), world.path("base")).unwrap();
    let again = world.build(&["--from", "2026-04", "--format", "json"]);
    assert_eq!(changes(again), Vec::<[String; 5]>::new());
    // Files of before are refused: they would bring back what ended.
    let older = World { home: world.home, ..World::same() };
    let ended = older.build(&["--overwrite"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.remarks.contains("ended in 2026-03"), "{}", ended.remarks);
}

/// A location that is divided: its practices and small areas keep where they were.
#[test]
fn a_location_that_is_divided_is_remembered() {
    let mut world = World::same();
    world.replace("mapping.csv", 5, "E38000242,78H", "E38000051,03W");
    world.replace(
        "mapping.csv",
        5,
        "E54000059,QPM,NHS Northampton Test",
        "E54000015,QK1,NHS Leicester Test",
    );
    world.replace("small.csv", 5, "E38000242,78H", "E38000051,03W");
    world.replace(
        "small.csv",
        5,
        "E54000059,QPM,NHS Northampton Test",
        "E54000015,QK1,NHS Leicester Test",
    );
    let ended = world.build(&["--format", "json"]);
    let made = changes(ended);
    assert!(
        made.contains(
            &["small_area_2021", "moved", "E01026957", "E06000061/78H", "E06000061/03W"]
                .map(str::to_owned)
        ),
        "{made:#?}"
    );
    assert_eq!(
        world.row("lsoa.csv", "E01026957,lsoa_2011"),
        "E01026957,lsoa_2011,E06000061,imd_2019,10,03W,1500,78H"
    );
    // 03W lies in two places now: its practices are in none.
    assert_eq!(
        world.row("organisations.csv", "K83001"),
        "K83001,Nene Practice,practice,U33333;03W@2026-08;QK1@2026-08;78H;QPM,,,,"
    );
    assert_eq!(
        world.row("organisations.csv", "C82003"),
        "C82003,County Practice,practice,U22222;03W;QK1,,,,"
    );
    assert_eq!(world.row("areas.csv", "U33333").split(',').nth(4), Some("03W"));
}

#[test]
fn a_decile_and_a_line_of_the_look_up_change() {
    let mut world = World::same();
    world.replace("file7-2025.csv", 7, "20001,6", "21000,7");
    world.replace("exact.csv", 6, ",S,", ",X,");
    let made = changes(world.build(&["--format", "json"]));
    let expected = [
        ["look_up", "changed", "E01033999", "E01013602:S", "E01013602:X"],
        ["decile_2025", "changed", "E01034000", "6", "7"],
    ];
    assert_eq!(made, expected.map(|one| one.map(str::to_owned)));
    assert!(world.row("lsoa.csv", "E01034000").contains("imd_2025,7"));
}

/// A county's reorganisation, an authority with another code, and files with the code of before.
#[test]
fn authorities_get_other_codes() {
    let mut world = World::same();
    let areas = AREAS.replace("E06000061,,North", "E06000061,E07000150,North");
    std::fs::write(world.path("base").join("areas.csv"), &areas).unwrap();
    for file in ["small.csv", "upper.csv", "regions.csv"] {
        world.replace(file, 0, "E06000061", "E07000150");
    }
    assert!(
        world.build(&[]).well().contains("Nothing changed"),
        "the code of before is the same authority"
    );
    // Blaby and its county become a unitary authority.
    let mut world = World::same();
    for file in ["small.csv", "upper.csv", "regions.csv"] {
        world.replace(file, 0, "E07000129,Blaby", "E06000077,Leicestershire");
        world.replace(file, 0, "E10000018", "E06000077");
    }
    let ended = world.build(&["--format", "json"]);
    let remarks = ended.remarks.clone();
    let made = changes(ended);
    for expected in [
        ["place", "new", "E06000077", "", "QK1"],
        ["district", "gone", "E07000129", "", "2026-07"],
        ["place", "gone", "E10000018", "", "2026-07"],
        ["small_area_2021", "moved", "E01025613", "E07000129/03W", "E06000077/03W"],
        ["small_area_2011", "moved", "E01025613", "E07000129/03W", "E06000077/03W"],
    ] {
        assert!(made.contains(&expected.map(str::to_owned)), "{expected:?} in {made:#?}");
    }
    assert_eq!(
        world.row("organisations.csv", "03W"),
        "03W,East Leicestershire,sub_icb,03W;E06000077;QK1;E10000018,,,,"
    );
    assert!(remarks.contains("E10000018 Leicestershire is in no file any more"), "{remarks}");
    assert!(remarks.contains("E06000077 has the name of E10000018, which is gone"), "{remarks}");
}
