//! What moves more than once, and what comes from elsewhere: the history stays, and a mapping of one system is enough for that system.

use super::world::{AREAS, ORGANISATIONS, World, changes, mapped};
use crate::cli::run::{Ended, Served};

/// The built content becomes the content in force.
fn in_force(world: &World) {
    std::fs::remove_dir_all(world.path("base")).unwrap();
    std::fs::rename(world.path("new"), world.path("base")).unwrap();
}

fn flat(ended: &Ended) -> String {
    ended.remarks.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A location that comes to two other systems, one after the other, and is divided twice.
#[test]
fn every_move_of_a_location_is_remembered() {
    /// A line of the file, and what of it becomes what.
    type Move = (usize, &'static str, &'static str);
    const STEPS: [(&str, &[Move]); 4] = [
        ("2020-04", &[(5, "E54000059,QPM,NHS Northampton Test", "E54000098,A1B2C,NHS Nene Test")]),
        ("2021-04", &[(5, "E54000098,A1B2C,NHS Nene Test", "E54000097,D3E4F,NHS Tove Test")]),
        (
            "2022-04",
            &[
                (5, "E38000242,78H", "E38000051,03W"),
                (5, "E54000097,D3E4F,NHS Tove Test", "E54000015,QK1,NHS Leicester Test"),
            ],
        ),
        ("2023-04", &[(0, "E38000051,03W", "E38000097,04C")]),
    ];
    let mut world = World::same();
    for (from, replaced) in STEPS {
        for (line, is, becomes) in replaced {
            world.replace("mapping.csv", *line, is, becomes);
            world.replace("small.csv", *line, is, becomes);
        }
        let ended = world.build(&["--from", from]);
        assert_eq!(ended.code, Some(0), "{from}: {}", ended.remarks);
        let (of, area) = (
            |code| world.row("organisations.csv", code),
            |code| world.row("areas.csv", code).split(',').map(str::to_owned).collect::<Vec<_>>(),
        );
        match from {
            "2021-04" => {
                let location = area("78H");
                assert_eq!((&*location[4], &*location[11]), ("D3E4F", "QPM;A1B2C"));
                assert_eq!(
                    of("K83001"),
                    "K83001,Nene Practice,practice,U33333;78H;E06000061;D3E4F;A1B2C;QPM,,,,"
                );
                assert_eq!(of("78H"), "78H,Northampton,sub_icb,78H;E06000061;D3E4F;A1B2C;QPM,,,,");
            }
            "2022-04" => {
                let location = area("78H");
                assert_eq!((&*location[8], &*location[11]), ("2022-03", "QPM;A1B2C"));
                assert!(world.row("lsoa.csv", "E01026957,lsoa_2021").ends_with(",78H"));
                assert_eq!(
                    of("K83001"),
                    "K83001,Nene Practice,practice,U33333;03W@2022-04;QK1@2022-04;78H;D3E4F;A1B2C;QPM,,,,"
                );
            }
            "2023-04" => {
                for (small_area, former) in [("E01026957", "03W;78H"), ("E01025613", "03W")] {
                    for edition in ["lsoa_2011", "lsoa_2021"] {
                        let row = world.row("lsoa.csv", &format!("{small_area},{edition}"));
                        assert!(row.ends_with(&format!(",{former}")), "{row}");
                    }
                }
                // It was in 04C at no time before, which existed; in QK1 since it came there.
                assert_eq!(
                    of("K83001"),
                    "K83001,Nene Practice,practice,U33333;04C@2023-04;QK1@2022-04;03W@2022-04;78H;D3E4F;A1B2C;QPM,,,,"
                );
            }
            _ => {}
        }
        in_force(&world);
    }
    // The service counts a person who lives there in the system of each month.
    let (data, folder) = (world.path("data"), world.path("base"));
    let served =
        Served::with("127.0.0.1:0", &data, &["--reference-folder", folder.to_str().unwrap()]);
    let months = [
        ("2019-12", "QPM"),
        ("2020-03", "QPM"),
        ("2020-04", "A1B2C"),
        ("2021-03", "A1B2C"),
        ("2021-04", "D3E4F"),
        ("2022-03", "D3E4F"),
        ("2022-04", "QK1"),
        ("2023-04", "QK1"),
    ];
    let mut rows = "organisation,month,channel,attendance,residence_lsoa\n".to_owned();
    for (month, _) in months {
        rows += &format!("C82001,{month},TELEPHONE,5,E01026957\n");
    }
    let file = world.path("rows.csv");
    std::fs::write(&file, rows).unwrap();
    served.ask(&["submit", file.to_str().unwrap(), "--collection", "practice-feed"]).well();
    for (month, system) in months {
        let asked = ["breakdown", "channels", "--collection", "practice-feed", "--format", "csv"];
        let months = ["--from", month, "--to", month];
        let of = ["--organisation", "C82001", "--by", "residence_system"];
        let found = served.ask(&[&asked[..], &of, &months].concat()).well();
        for other in ["QPM", "A1B2C", "D3E4F", "QK1"] {
            assert_eq!(found.contains(other), other == system, "{month} {other}: {found}");
        }
    }
}

/// Twelve practices of the other system, of which one has a network that spans both systems.
fn world_of_one_system() -> World {
    let mut world = World::same();
    let more: String = (2..=12)
        .map(|n| {
            let network = if n == 3 { "U55555" } else { "U33333" };
            format!("K830{n:02},Practice {n},practice,{network};78H;E06000061;QPM,,,,\n")
        })
        .collect();
    let organisations = ORGANISATIONS.replace(
        "McHand Written's Practice,practice,U11111",
        "McHand Written's Practice,practice,U55555",
    );
    let base = world.path("base");
    std::fs::write(base.join("organisations.csv"), format!("{organisations}{more}")).unwrap();
    let areas = format!("{AREAS}U55555,,Spanning PCN,pcn,Y60,,,,,,,\n");
    std::fs::write(base.join("areas.csv"), areas).unwrap();
    let mapping = world.lines("mapping.csv");
    mapping.pop();
    mapping[2] = mapped("C82002", "MCHAND WRITTENS PRACTICE", "U55555", "SPANNING PCN", "04C");
    world
}

#[test]
fn a_mapping_of_one_system_leaves_the_others() {
    let world = world_of_one_system();
    let ended = world.build(&["--format", "json"]);
    assert!(!ended.remarks.contains("QPM"), "{}", ended.remarks);
    assert_eq!(changes(ended), Vec::<[String; 5]>::new());
    // A network that the file does not have any more has a practice elsewhere still.
    let mut world = world_of_one_system();
    world.replace("mapping.csv", 3, "U55555,SPANNING PCN", "U11111,CITY HEALTH PCN");
    let made = changes(world.build(&["--format", "json"]));
    let moved = ["practice", "moved", "C82002"].map(str::to_owned);
    assert_eq!(made.len(), 1, "{made:#?}");
    assert_eq!(made[0][..3], moved);
}

#[test]
fn a_practice_comes_from_a_system_that_the_mapping_does_not_have() {
    let mut world = world_of_one_system();
    let came = mapped("K83002", "PRACTICE 2", "U11111", "CITY HEALTH PCN", "04C");
    world.lines("mapping.csv").push(came);
    let ended = world.build(&["--format", "json"]);
    let remarks = flat(&ended);
    let says = "QPM is not in the mapping, which has 1 of its 12 practices in other systems: it stays with the others";
    assert!(remarks.contains(says), "{remarks}");
    let expected =
        ["practice", "moved", "K83002", "U33333;78H;E06000061;QPM", "U11111;04C;E06000016;QK1"];
    assert_eq!(changes(ended), [expected.map(str::to_owned)]);
    // All practices but one of ten and more are elsewhere: the system ended, and the last one closed.
    let mut world = world_of_one_system();
    let came = (1..=11).map(|n| {
        let (code, name) = (format!("K830{n:02}"), format!("PRACTICE {n}"));
        mapped(&code, &name, "U33333", "NENE PCN", "04C")
    });
    world.lines("mapping.csv").extend(came);
    world.replace("small.csv", 5, "E38000242,78H", "E38000097,04C");
    let system = ("E54000059,QPM,NHS Northampton Test", "E54000015,QK1,NHS Leicester Test");
    world.replace("small.csv", 5, system.0, system.1);
    let made = changes(world.build(&["--format", "json"]));
    for expected in
        [["system", "gone", "QPM"], ["sub_icb", "gone", "78H"], ["practice", "gone", "K83012"]]
    {
        let is = |of: &&[String; 5]| of[..3] == expected.map(str::to_owned);
        assert_eq!(made.iter().filter(is).count(), 1, "{expected:?} in {made:#?}");
    }
}

#[test]
fn a_location_comes_from_a_system_that_the_mapping_does_not_have() {
    let mut world = World::same();
    let base = world.path("base");
    let areas = format!("{AREAS}70F,E38000246,Other Location,sub_icb,QPM,,,,,,,\n");
    std::fs::write(base.join("areas.csv"), areas).unwrap();
    let more =
        "70F,Other Location,sub_icb,70F;QPM,,,,\nK83020,Other Practice,practice,70F;QPM,,,,\n";
    std::fs::write(base.join("organisations.csv"), format!("{ORGANISATIONS}{more}")).unwrap();
    for file in ["mapping.csv", "small.csv"] {
        let system = ("E54000059,QPM,NHS Northampton Test", "E54000015,QK1,NHS Leicester Test");
        world.replace(file, 5, system.0, system.1);
    }
    let ended = world.build(&["--format", "json"]);
    let remarks = flat(&ended);
    assert!(remarks.contains("has 1 of its 2 practices in other systems"), "{remarks}");
    let made = changes(ended);
    assert!(
        made.contains(&["sub_icb", "moved", "78H", "QPM", "QK1"].map(str::to_owned)),
        "{made:#?}"
    );
    assert!(made.iter().all(|of| of[1] != "gone"), "{made:#?}");
    for code in ["QPM", "70F"] {
        assert_eq!(world.row("areas.csv", code).split(',').nth(8), Some(""), "{code} stays");
    }
}
