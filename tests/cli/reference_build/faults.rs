//! What is wrong in files and between them is found where it is, and nothing is written.

use super::world::{ORGANISATIONS, World, trust};

/// What is wrong with each file, and what is said. File, line, what is replaced by what, words.
const FAULTS: &[(&str, usize, &str, &str, &[&str])] = &[
    ("mapping.csv", 3, "C82002", "C82001", &["mapping.csv, line 3: C82001 is in line 2 already"]),
    (
        "mapping.csv",
        3,
        "QK1",
        "QPM",
        &["mapping.csv, line 3: 04C lies in QPM here, and in QK1 in line 2"],
    ),
    (
        "mapping.csv",
        3,
        "E38000097",
        "E38000098",
        &["mapping.csv, line 3: 04C has the ONS code E38000098 here"],
    ),
    ("mapping.csv", 3, "C82002", "c82 002", &["mapping.csv, line 3: c82 002", "is no code"]),
    (
        "mapping.csv",
        3,
        "01Aug2026",
        "August",
        &["mapping.csv, line 3: C82002", "EXTRACT_DATE `August`"],
    ),
    ("mapping.csv", 1, "ICB_NAME", "NAME", &["mapping.csv, line 1", "lacks the columns ICB_NAME"]),
    ("mapping.csv", 3, "MCHAND", "MC\0HAND", &["mapping.csv, line 3", "U+0000"]),
    ("mapping.csv", 3, "MCHAND", "\"MCHAND", &["mapping.csv, line", "quotation mark opens"]),
    (
        "mapping.csv",
        3,
        "U11111",
        "QPM",
        &["mapping.csv, line 3: QPM is a system in the content in force, and a pcn in the file"],
    ),
    (
        "epraccur.csv",
        2,
        "19740401\",\"\",\"ACTIVE",
        "1974-04-01\",\"\",\"ACTIVE",
        &["epraccur.csv, line 2: C82002 `1974-04-01` is no day"],
    ),
    (
        "epraccur.csv",
        2,
        ",\"RO76\",\"\"",
        ",\"RO76\"",
        &["epraccur.csv, line 2: C82002 the row has 26 cells, and the file has 27"],
    ),
    (
        "epraccur.csv",
        2,
        "\"C82002\"",
        "\"C82001\"",
        &["epraccur.csv, line 2: C82001 is in line 1 already"],
    ),
    (
        "small.csv",
        3,
        "E01013601",
        "E01013600",
        &["small.csv, line 3: E01013600 is in line 2 already"],
    ),
    ("small.csv", 3, "E06000016", "E07000998", &["small.csv, line 3: E07000998", "upper-tier"]),
    (
        "small.csv",
        3,
        "E01013601",
        "E0101360",
        &["small.csv, line 3: E0101360", "is no code of a small area"],
    ),
    (
        "exact.csv",
        3,
        "E01013601,n,",
        "E01099999,n,",
        &["exact.csv, line 3: E01099999 is no small area of 2011"],
    ),
    (
        "exact.csv",
        3,
        "n,E01013601,n",
        "n,E01099999,n",
        &["exact.csv, line 3: E01099999 is no small area of 2021"],
    ),
    (
        "exact.csv",
        3,
        ",U,",
        ",S,",
        &["exact.csv, line 3: E01013601 keeps its code if it is unchanged"],
    ),
    ("exact.csv", 3, ",U,", ",Q,", &["exact.csv, line 3: E01013601 `Q` is no change"]),
    ("exact.csv", 1, "CHGIND", "OTHER", &["exact.csv, line 1", "lacks the columns CHGIND"]),
    (
        "upper.csv",
        3,
        "E07000129,Blaby,E10000018",
        "E06000016,Blaby,E10000018",
        &["upper.csv, line 3: E06000016 lies in E10000018 here, and in E06000016 in line 2"],
    ),
    (
        "file7-2025.csv",
        3,
        "3376,2",
        "3376,1",
        &["file7-2025.csv, line 3: E01013601 decile 1 does not follow from rank 3376"],
    ),
    (
        "file7-2025.csv",
        3,
        "3376,2",
        "33756,10",
        &["file7-2025.csv, line 3: E01013601 rank 33756 is not from 1 to 33755"],
    ),
    ("file7-2025.csv", 3, "3376,2", "many,2", &["file7-2025.csv, line 3: E01013601 rank `many`"]),
    (
        "file7-2025.csv",
        3,
        "E01013601",
        "E01013699",
        &["file7-2025.csv, line 3: E01013699 is no small area"],
    ),
    (
        "file7-2019.csv",
        3,
        "E01013601",
        "E01013600",
        &["file7-2019.csv, line 3: E01013600 is in line 2 already"],
    ),
];

#[test]
fn every_fault_is_found_where_it_is() {
    for (file, line, from, to, expected) in FAULTS {
        let mut world = World::same();
        world.replace(file, *line, from, to);
        let ended = world.build(&[]);
        let flat = ended.remarks.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in *expected {
            assert!(flat.contains(part), "{file} {line} {from} {to}: {part} in {}", ended.remarks);
        }
        assert_eq!(ended.code, Some(1), "{file} {line} {from} {to}: {ended:?}");
        assert!(!world.path("new").exists(), "nothing is written");
    }
}

/// Faults that are between files.
#[test]
fn files_that_do_not_go_together_are_refused() {
    let refused = |world: &World, parts: &[&str]| {
        let ended = world.build(&[]);
        let flat = ended.remarks.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(ended.code, Some(1), "{flat}");
        for part in parts {
            assert!(flat.contains(part), "{part} in {}", ended.remarks);
        }
        assert!(!world.path("new").exists());
    };
    // Two files of a kind.
    let mut world = World::same();
    let twice = world.lines("etr.csv").clone();
    world.files.push(("other.csv", twice));
    refused(&world, &["other.csv: etr.csv is of this kind too"]);
    // A new small area without a decile, and with one.
    let mut world = World::same();
    let new = world.lines("small.csv")[1].replace("E01013600", "E01035001");
    world.lines("small.csv").push(new);
    refused(&world, &["E01035001 is new and has no decile"]);
    world.lines("file7-2025.csv").push("E01035001,n,n,n,1,5,1".into());
    assert_eq!(world.build(&[]).code, Some(0));
    // A look-up with a location that no mapping has.
    let mut world = World::same();
    let new = world.lines("small.csv")[1].replace("E01013600", "E01035001").replace("04C", "99Z");
    world.lines("small.csv").push(new);
    refused(
        &world,
        &["small.csv, line 8: E01035001 lies in the sub-ICB location 99Z, which does not exist"],
    );
    // Small areas stay in a location that is gone.
    let mut world = World::same().without("small.csv");
    world.replace("mapping.csv", 5, "E38000242,78H", "E38000051,03W");
    world.replace(
        "mapping.csv",
        5,
        "E54000059,QPM,NHS Northampton Test",
        "E54000015,QK1,NHS Leicester Test",
    );
    refused(&world, &["78H ended, and 2 small areas lie in it"]);
    // A trust in a system that is not there.
    let mut world = World::same();
    world.lines("etr.csv").push(trust("RZZ", "NEW NHS TRUST", "QQQ", "20260501", ""));
    refused(&world, &["etr.csv, line 3: RZZ lies in the system `QQQ`, which does not exist"]);
    // Nothing says which month it is.
    let world = World::same().without("mapping.csv");
    refused(&world, &["no file says from which month", "--from 2026-04"]);
    assert_eq!(world.build(&["--from", "2026-08"]).code, Some(0));
    // A file that was cut off.
    let world = World::same();
    let base = world.path("base").join("organisations.csv");
    let more: String =
        (0..12).map(|n| format!("C8210{n:02},P,practice,U22222;03W;E10000018;QK1,,,,\n")).collect();
    std::fs::write(&base, format!("{ORGANISATIONS}{more}")).unwrap();
    refused(&world, &["QK1 loses 12 of its 15 practices at once", "--allow-shrinking"]);
    assert_eq!(world.build(&["--allow-shrinking"]).code, Some(0));
}

/// A new area gets its name from any row or file that has it. Without one it is refused.
#[test]
fn a_new_area_has_a_name() {
    let new_place = |name: &str| {
        let mut world = World::same();
        world.replace("small.csv", 3, "E06000016,Leicester", &format!("E06000088,{name}"));
        world.lines("regions.csv").push("E06000088,,E12000004,East Midlands,4".into());
        world
    };
    let refused = |world: World, more: &[&str], says: &str| {
        let ended = world.build(more);
        let flat = ended.remarks.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(ended.code, Some(1), "{flat}");
        assert!(flat.contains(says), "{says} in {flat}");
        assert!(!world.path("new").exists());
    };
    let named = |world: &World, code: &str| {
        let row = world.row("areas.csv", code);
        row.split(',').nth(2).unwrap().to_owned()
    };
    let instead = "has no name in the files: fill in its name in this file, and build again";
    let says = format!("small.csv, line 3: E06000088 is a new place and {instead}");
    refused(new_place(""), &[], &says);
    let world = new_place("Newtown");
    world.build(&[]).well();
    assert_eq!(named(&world, "E06000088"), "Newtown");
    // The other look-up has it.
    let mut world = new_place("");
    world.lines("upper.csv").push("E06000088,,E06000088,Newtown,5".into());
    world.build(&[]).well();
    assert_eq!(named(&world, "E06000088"), "Newtown");
    // A later row has it.
    let mut world = new_place("");
    world.replace("small.csv", 6, "E06000016,Leicester", "E06000088,Newtown");
    world.build(&[]).well();
    assert_eq!(named(&world, "E06000088"), "Newtown");
    // A county.
    let mut world = World::same();
    world.replace("upper.csv", 3, "E10000018,Leicestershire", "E10000077,");
    refused(world, &[], &format!("upper.csv, line 3: E10000077 is a new place and {instead}"));
    // A region, and a system of the look-up of small areas.
    let mut world = World::same();
    world.replace("mapping.csv", 0, "E40000011,Y60,Midlands", "E40000099,Y99,");
    refused(world, &[], &format!("mapping.csv, line 2: Y99 is a new region and {instead}"));
    let mut world = World::same().without("mapping.csv");
    let system = "E54000059,QPM,NHS Northampton Test Integrated Care Board";
    world.replace("small.csv", 5, system, "E54000098,A1B2C,");
    let says = format!("small.csv, line 5: A1B2C is a new system and {instead}");
    refused(world, &["--from", "2026-04"], &says);
}
