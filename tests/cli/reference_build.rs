//! `equity reference build`: small files in the publishers' layouts become content that the service reads. Every check fails on a file with
//! that fault.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::run::{Ended, Served, run};

const AREAS: &str = "\
code,other_code,name,type,parents,published_in,former_codes,first_month,last_month,successors,breaks,former_parents
E92000001,,England,country,,,,,,,,
Y60,E40000011,Midlands (NHS region),region,E92000001,,,,,,,
E12000004,,East Midlands,region,E92000001,,,,,,,
QK1,E54000015,Leicester Test,system,Y60;E12000004,NAME:Published,,,,,,
QPM,E54000059,Northampton Test,system,Y60;E12000004,,,,,,,
E06000016,,Leicester,place,QK1,,,,,,,
E10000018,,Leicestershire,place,QK1,,,,,,,
E06000061,,North Northamptonshire,place,QPM,,,,,,,
E07000129,,Blaby,district,E10000018,,,,,,,
E10000099,,Other County,place,QPM,,,,,,,
E07000999,,Other District,district,E10000099,,,,,,,
04C,E38000097,Leicester City,sub_icb,QK1,,,,,,,
03W,E38000051,East Leicestershire,sub_icb,QK1,,,,,,,
78H,E38000242,Northampton,sub_icb,QPM,,,,,,,
U11111,,City Health PCN,pcn,04C,,,,,,,
U22222,,County PCN,pcn,03W,,,,,,,
U33333,,Nene PCN,pcn,78H,,,,,,,
QOLD,,Old System,system,Y60,,,,2020-03,QK1,,
";
const ORGANISATIONS: &str = "\
code,name,type,areas,first_month,last_month,successor,attributes
04C,Leicester City,sub_icb,04C;E06000016;QK1,,,,
03W,East Leicestershire,sub_icb,03W;E10000018;QK1,,,,
78H,Northampton,sub_icb,78H;E06000061;QPM,,,,
C82001,The Old Surgery,practice,U11111;04C;E06000016;QK1;QOLD,,,,practice_minority_quintile=q1
C82002,McHand Written's Practice,practice,U11111;04C;E06000016;QK1,,,,
C82003,County Practice,practice,U22222;03W;E10000018;QK1,,,,
C82009,Long Gone,practice,04C;E06000016;QK1,,2019-05,C82001,
K83001,Nene Practice,practice,U33333;78H;E06000061;QPM,,,,
RWE,University Hospitals of Leicester NHS Trust,trust,QK1,,,,
VS001,Our Charity,vcse,E06000016;QK1,,,,
";

/// Small areas of 2021: code, district, location, rank and decile of 2025. The first four are as they were in 2011.
const SMALL: [(&str, &str, &str, u32, u32); 6] = [
    ("E01013600", "E06000016", "04C", 1, 1),
    ("E01013601", "E06000016", "04C", 3376, 2),
    ("E01025613", "E07000129", "03W", 3375, 1),
    ("E01026957", "E06000061", "78H", 33755, 10),
    ("E01033999", "E06000016", "04C", 20000, 6),
    ("E01034000", "E06000016", "04C", 20001, 6),
];
/// The small area of 2011 that was split into the last two.
const SPLIT: &str = "E01013602";

fn small_areas() -> (String, String) {
    let mut areas =
        "lsoa,edition,district,imd_edition,imd_decile,sub_icb,population,former_sub_icb\n"
            .to_owned();
    let mut look_up = "lsoa_2011,lsoa_2021,change\n".to_owned();
    for (code, district, location, _, decile) in SMALL {
        areas += &format!("{code},lsoa_2021,{district},imd_2025,{decile},{location},,\n");
        let (old, change) = if code >= "E01033" { (SPLIT, "S") } else { (code, "U") };
        look_up += &format!("{old},{code},{change}\n");
        if change == "U" {
            areas += &format!("{code},lsoa_2011,{district},imd_2019,{decile},{location},1500,\n");
        }
    }
    areas += &format!("{SPLIT},lsoa_2011,E06000016,imd_2019,6,04C,2900,\n");
    (areas, look_up)
}

const MAPPING: &str = "PUBLICATION,EXTRACT_DATE,PRACTICE_CODE,PRACTICE_NAME,PRACTICE_POSTCODE,PCN_CODE,PCN_NAME,ONS_SUB_ICB_LOCATION_CODE,SUB_ICB_LOCATION_CODE,SUB_ICB_LOCATION_NAME,ONS_ICB_CODE,ICB_CODE,ICB_NAME,ONS_COMM_REGION_CODE,COMM_REGION_CODE,COMM_REGION_NAME,SUPPLIER_NAME";

/// Location and system as the mapping has them.
fn location(code: &str) -> &'static str {
    match code {
        "04C" => {
            "E38000097,04C,NHS L ICB - 04C,E54000015,QK1,NHS Leicester Test Integrated Care Board"
        }
        "03W" => {
            "E38000051,03W,NHS L ICB - 03W,E54000015,QK1,NHS Leicester Test Integrated Care Board"
        }
        _ => {
            "E38000242,78H,NHS N ICB - 78H,E54000059,QPM,NHS Northampton Test Integrated Care Board"
        }
    }
}

fn mapped(code: &str, name: &str, pcn: &str, pcn_name: &str, of: &str) -> String {
    format!(
        "GP_PRAC_PAT_LIST,01Aug2026,{code},{name},LE1 1AA,{pcn},{pcn_name},{},E40000011,Y60,Midlands,TPP",
        location(of)
    )
}

fn practice(code: &str, name: &str, opened: &str, closed: &str, of: &str) -> String {
    let status = if closed.is_empty() { "ACTIVE" } else { "INACTIVE" };
    let cells = [
        code,
        name,
        "Y60",
        "QK1",
        "1 HIGH ST",
        "",
        "",
        "LEICESTER",
        "",
        "LE1 1AA",
        opened,
        closed,
        status,
        "B",
        of,
        opened,
        closed,
        "0116 1",
        "",
        "",
        "",
        "1",
        "",
        of,
        "",
        "RO76",
        "",
    ];
    cells.map(|cell| format!("\"{cell}\"")).join(",")
}

fn trust(code: &str, name: &str, system: &str, opened: &str, closed: &str) -> String {
    let cells = [
        code,
        name,
        "Y60",
        system,
        "1 HIGH ST",
        "",
        "",
        "LEICESTER",
        "",
        "LE1 1AA",
        opened,
        closed,
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "1",
        "",
        "F",
        "",
        "",
        "",
    ];
    cells.map(|cell| format!("\"{cell}\"")).join(",")
}

/// A folder of publishers' files, the content in force, and where the new folder goes.
struct World {
    home: tempfile::TempDir,
    files: Vec<(&'static str, Vec<String>)>,
}

impl World {
    /// Files that say what the content in force says.
    fn same() -> Self {
        let small = SMALL.map(|(code, district, of, ..)| {
            let name = match district {
                "E06000016" => "Leicester",
                "E07000129" => "Blaby",
                _ => "North Northamptonshire",
            };
            let [ons, own, _, ons_icb, icb, icb_name] = location(of).split(',').collect::<Vec<_>>().try_into().unwrap();
            format!("{code},n,{ons},{own},n,{ons_icb},{icb},{icb_name},E40000011,Y60,Midlands,{district},{name},1")
        });
        let look_up = SMALL.map(|(code, ..)| {
            let (old, change) = if code >= "E01033" { (SPLIT, "S") } else { (code, "U") };
            format!("{old},n,{code},n,{change},E06000016,Leicester,,1")
        });
        let ranks = SMALL.map(|(code, .., rank, decile)| {
            format!("{code},n,E06000016,Leicester,1.5,{rank},{decile}")
        });
        let old = [
            ("E01013600", 1, 1),
            ("E01013601", 3285, 2),
            ("E01025613", 3284, 1),
            ("E01026957", 32844, 10),
            (SPLIT, 19000, 6),
        ];
        let ranks_2019 = old.map(|(code, rank, decile)| {
            format!("{code},n,E06000016,Leicester,1.5,{rank},{decile}")
        });
        let header = |line: &str, rows: &[String]| {
            std::iter::once(line.to_owned()).chain(rows.iter().cloned()).collect::<Vec<_>>()
        };
        let deprivation = |year: &str| {
            format!(
                "LSOA code ({year}),LSOA name ({year}),Local Authority District code (2024),Local Authority District name (2024),Index of Multiple Deprivation (IMD) Score,Index of Multiple Deprivation (IMD) Rank (where 1 is most deprived),Index of Multiple Deprivation (IMD) Decile (where 1 is most deprived 10% of LSOAs)"
            )
        };
        let files = vec![
            (
                "mapping.csv",
                header(
                    MAPPING,
                    &[
                        mapped("C82001", "THE OLD SURGERY", "U11111", "CITY HEALTH PCN", "04C"),
                        mapped(
                            "C82002",
                            "MCHAND WRITTENS PRACTICE",
                            "U11111",
                            "CITY HEALTH PCN",
                            "04C",
                        ),
                        mapped("C82003", "COUNTY PRACTICE", "U22222", "COUNTY PCN", "03W"),
                        mapped("K83001", "NENE PRACTICE", "U33333", "NENE PCN", "78H"),
                    ],
                ),
            ),
            (
                "epraccur.csv",
                vec![
                    practice("C82001", "THE OLD SURGERY", "19740401", "", "04C"),
                    practice("C82002", "MCHAND WRITTENS PRACTICE", "19740401", "", "04C"),
                    practice("C82003", "COUNTY PRACTICE", "19740401", "", "03W"),
                    practice("C82009", "LONG GONE", "19740401", "20190531", "04C"),
                    practice("K83001", "NENE PRACTICE", "19740401", "", "78H"),
                ],
            ),
            (
                "etr.csv",
                vec![
                    trust(
                        "RWE",
                        "UNIVERSITY HOSPITALS OF LEICESTER NHS TRUST",
                        "QK1",
                        "20000401",
                        "",
                    ),
                    trust("RAA", "CLOSED LONG AGO NHS TRUST", "QK1", "19910401", "20100331"),
                ],
            ),
            (
                "small.csv",
                header(
                    "LSOA21CD,LSOA21NM,SICBL26CD,SICBL26CDH,SICBL26NM,ICB26CD,ICB26CDH,ICB26NM,NHSER26CD,NHSER26CDH,NHSER26NM,LAD26CD,LAD26NM,ObjectId",
                    &small,
                ),
            ),
            (
                "exact.csv",
                header(
                    "LSOA11CD,LSOA11NM,LSOA21CD,LSOA21NM,CHGIND,LAD22CD,LAD22NM,LAD22NMW,ObjectId",
                    &look_up,
                ),
            ),
            (
                "upper.csv",
                [
                    "LTLA24CD,LTLA24NM,UTLA24CD,UTLA24NM,ObjectId",
                    "E06000016,Leicester,E06000016,Leicester,1",
                    "E07000129,Blaby,E10000018,Leicestershire,2",
                    "E06000061,North Northamptonshire,E06000061,North Northamptonshire,3",
                    "W06000001,Anglesey,W06000001,Anglesey,4",
                ]
                .map(str::to_owned)
                .to_vec(),
            ),
            (
                "regions.csv",
                [
                    "LAD24CD,LAD24NM,RGN24CD,RGN24NM,ObjectId",
                    "E06000016,Leicester,E12000004,East Midlands,1",
                    "E07000129,Blaby,E12000004,East Midlands,2",
                    "E06000061,North Northamptonshire,E12000004,East Midlands,3",
                ]
                .map(str::to_owned)
                .to_vec(),
            ),
            ("file7-2019.csv", header(&deprivation("2011"), &ranks_2019)),
            ("file7-2025.csv", header(&deprivation("2021"), &ranks)),
        ];
        let home = tempfile::tempdir().unwrap();
        for folder in ["publishers", "base"] {
            std::fs::create_dir(home.path().join(folder)).unwrap();
        }
        let world = Self { home, files };
        let (small, look_up) = small_areas();
        for (name, text) in [
            ("areas.csv", AREAS),
            ("organisations.csv", ORGANISATIONS),
            ("lsoa.csv", &small),
            ("lsoa_lookup.csv", &look_up),
        ] {
            std::fs::write(world.path("base").join(name), text).unwrap();
        }
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn lines(&mut self, file: &str) -> &mut Vec<String> {
        &mut self.files.iter_mut().find(|(name, _)| *name == file).unwrap().1
    }

    /// Replaces a text in one line of a file; every such text, if the line is 0.
    fn replace(&mut self, file: &str, line: usize, from: &str, to: &str) {
        for (number, text) in self.lines(file).iter_mut().enumerate() {
            if line == 0 || number + 1 == line {
                assert!(line == 0 || text.contains(from), "{text}");
                *text = text.replace(from, to);
            }
        }
    }

    fn without(mut self, file: &str) -> Self {
        self.files.retain(|(name, _)| *name != file);
        self
    }

    fn write(&self) {
        for (name, lines) in &self.files {
            // ONS writes a mark before UTF-8, and line ends of Windows.
            let mark = if name.starts_with("small") { "\u{feff}" } else { "" };
            std::fs::write(
                self.path("publishers").join(name),
                format!("{mark}{}\r\n", lines.join("\r\n")),
            )
            .unwrap();
        }
    }

    fn build(&self, more: &[&str]) -> Ended {
        self.write();
        self.run(more)
    }

    /// Builds of the files that are there.
    fn run(&self, more: &[&str]) -> Ended {
        let [files, base, out] =
            ["publishers", "base", "new"].map(|name| self.path(name).to_str().unwrap().to_owned());
        run(&[&["reference", "build", &files, "--reference-folder", &base, "--out", &out], more]
            .concat())
    }

    fn rows(&self, file: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.path("new").join(file)).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    /// The row of a code in a file of the new folder.
    fn row(&self, file: &str, code: &str) -> String {
        let rows = self.rows(file);
        let found = rows.iter().find(|row| row.starts_with(&format!("{code},")));
        found.unwrap_or_else(|| panic!("no {code} in {file}: {rows:#?}")).clone()
    }
}

/// Changes of an answer in JSON: kind, change, code, before, after.
fn changes(ended: Ended) -> Vec<[String; 5]> {
    let answer = ended.json();
    let text = |of: &serde_json::Value, key: &str| of[key].as_str().unwrap().to_owned();
    let all = answer["changes"].as_array().unwrap();
    all.iter()
        .map(|of| ["kind", "change", "code", "before", "after"].map(|key| text(of, key)))
        .collect()
}

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
    let mut world = World::same();
    let base = world.path("base").join("organisations.csv");
    let more: String =
        (0..12).map(|n| format!("C8210{n:02},P,practice,U22222;03W;E10000018;QK1,,,,\n")).collect();
    std::fs::write(&base, format!("{ORGANISATIONS}{more}")).unwrap();
    refused(&world, &["QK1 loses 12 of its 15 practices at once", "--allow-shrinking"]);
    assert_eq!(world.build(&["--allow-shrinking"]).code, Some(0));
    world.lines("mapping.csv").clear();
}

#[test]
fn a_missing_file_keeps_its_part_and_a_file_of_one_system_is_enough() {
    let mut world = World::same();
    world.files.retain(|(name, _)| *name == "mapping.csv");
    // All of Northampton is missing, and its region is not.
    let mapping = world.lines("mapping.csv");
    mapping.pop();
    mapping[1] = mapped("C82001", "THE NEW SURGERY", "U11111", "CITY HEALTH PCN", "04C");
    let ended = world.build(&["--format", "json"]);
    let remarks = ended.remarks.clone();
    let made = changes(ended);
    assert_eq!(
        made,
        [["practice", "renamed", "C82001", "The Old Surgery", "The New Surgery"]
            .map(str::to_owned)]
    );
    assert_eq!(remarks.matches("no file:").count(), 8, "{remarks}");
    assert!(
        remarks.contains("no file: ODS etr: NHS trusts. The content in force stays: trusts"),
        "{remarks}"
    );
    let (small, _) = small_areas();
    assert_eq!(world.rows("lsoa.csv").join("\n") + "\n", small);
    // Only deciles: no month is needed.
    let mut world = World::same();
    world.files.retain(|(name, _)| *name == "file7-2025.csv");
    world.replace("file7-2025.csv", 7, "20001,6", "21000,7");
    assert_eq!(changes(world.build(&["--format", "json"])).len(), 1);
}

#[test]
fn files_are_recognised_as_publishers_pack_them_and_others_are_named() {
    let world = World::same();
    world.write();
    let folder = world.path("publishers");
    // A ZIP archive, gzip, and Windows-1252.
    let plain = std::fs::read(folder.join("mapping.csv")).unwrap();
    std::fs::remove_file(folder.join("mapping.csv")).unwrap();
    let mut zip = zip::ZipWriter::new(std::fs::File::create(folder.join("map.zip")).unwrap());
    zip.start_file("gp-reg-pat-prac-map.csv", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(&plain).unwrap();
    zip.finish().unwrap();
    let plain = std::fs::read(folder.join("etr.csv")).unwrap();
    std::fs::remove_file(folder.join("etr.csv")).unwrap();
    let gzip = std::fs::File::create(folder.join("etr.data")).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(gzip, flate2::Compression::default());
    gzip.write_all(&plain).unwrap();
    gzip.finish().unwrap();
    std::fs::write(folder.join("notes.txt"), "a,b\n1,2\n").unwrap();
    std::fs::write(folder.join("page.html"), "<!DOCTYPE html><p>x").unwrap();
    std::fs::write(folder.join("empty.csv"), "").unwrap();
    std::fs::create_dir(folder.join("older")).unwrap();
    let ended = world.run(&[]);
    let remarks = ended.remarks.clone();
    assert!(ended.well().contains("Nothing changed"), "{remarks}");
    for part in [
        "map.zip: NHS England practice mapping",
        "etr.data: ODS etr",
        "notes.txt: left out",
        "page.html: left out: this is a web page",
        "empty.csv: left out: is empty",
        "older: left out: is no file",
    ] {
        assert!(remarks.contains(part), "{part} in {remarks}");
    }
}

#[test]
fn hostile_files_are_bounded_and_refused() {
    let large = |text: Vec<u8>, name: &str| {
        let world = World::same();
        world.write();
        std::fs::write(world.path("publishers").join(name), text).unwrap();
        let ended = world.run(&[]);
        (ended, world)
    };
    // A line of 10 MB is no header of a publisher; within a file it is a wrong row.
    let (ended, _) = large(vec![b'x'; 10 << 20], "long.csv");
    assert!(ended.remarks.contains("long.csv: left out"), "{}", ended.remarks);
    assert!(ended.remarks.len() < 20_000, "the line is not repeated");
    let row = format!("{MAPPING}\n{}\n", "x".repeat(10 << 20));
    let (ended, world) = large(row.into_bytes(), "mapping.csv");
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.remarks.len() < 20_000 && !world.path("new").exists(),
        "the line is not repeated"
    );
    // Zeros in the place of text.
    let (ended, _) = large(vec![0; 1 << 20], "zeros.csv");
    assert!(ended.remarks.contains("zeros.csv: left out"), "{}", ended.remarks);
    // Many wrong rows.
    let rows = format!("{MAPPING}\n{}", "a,b\n".repeat(200_000));
    let (ended, _) = large(rows.into_bytes(), "mapping.csv");
    assert!(
        ended.remarks.contains("1000 rows are wrong: the rest was not read"),
        "{}",
        ended.remarks
    );
    // An archive that unpacks to more than any publisher's file.
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut zip = zip::ZipWriter::new(&mut bytes);
    zip.start_file("mapping.csv", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(format!("{MAPPING}\n").as_bytes()).unwrap();
    let block = vec![b'\n'; 1 << 20];
    for _ in 0..80 {
        zip.write_all(&block).unwrap();
    }
    zip.finish().unwrap();
    let (ended, _) = large(bytes.into_inner(), "mapping.csv");
    assert_eq!(ended.code, Some(1));
    assert!(ended.remarks.contains("larger than 64 MB unpacked"), "{}", ended.remarks);
}

#[test]
fn nothing_is_overwritten_without_being_told() {
    let world = World::same();
    let new = world.path("new");
    std::fs::create_dir(&new).unwrap();
    assert_eq!(world.build(&[]).code, Some(0), "an empty folder is free");
    std::fs::write(new.join("mine.txt"), "mine").unwrap();
    std::fs::write(new.join("areas.csv"), "old").unwrap();
    let ended = world.build(&[]);
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.remarks.contains("is there already") && ended.remarks.contains("--overwrite"),
        "{}",
        ended.remarks
    );
    assert_eq!(std::fs::read_to_string(new.join("areas.csv")).unwrap(), "old");
    assert_eq!(world.build(&["--overwrite"]).code, Some(0));
    assert_eq!(std::fs::read_to_string(new.join("areas.csv")).unwrap(), AREAS);
    assert_eq!(std::fs::read_to_string(new.join("mine.txt")).unwrap(), "mine");
    let names = |folder: &Path| {
        std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect::<Vec<_>>()
    };
    assert!(
        names(world.home.path()).iter().all(|name| !name.to_string_lossy().contains(".part")),
        "no part is left"
    );
    // The other files of the folder in force go with it, and a fault of theirs writes nothing.
    std::fs::write(world.path("base").join("targets.toml"), "").unwrap();
    world.build(&["--overwrite"]).well();
    assert!(new.join("targets.toml").is_file());
    std::fs::write(world.path("base").join("targets.toml"), "[[target]]").unwrap();
    assert_eq!(world.build(&["--overwrite"]).code, Some(1));
    assert_eq!(std::fs::read_to_string(new.join("targets.toml")).unwrap(), "");
}

#[test]
fn formats_and_wrong_usage() {
    let mut world = World::same();
    world.lines("mapping.csv").push(mapped(
        "C82010",
        "NEW THE SURGERY",
        "U11111",
        "CITY HEALTH PCN",
        "04C",
    ));
    let csv = world.build(&["--format", "csv"]).well();
    assert_eq!(csv.lines().next(), Some("kind,change,code,name,before,after"));
    assert!(csv.contains("practice,new,C82010,New the Surgery,,U11111;04C;E06000016;QK1"), "{csv}");
    let json = world.build(&["--format", "json", "--overwrite"]).json();
    assert_eq!(json["from"], "2026-08");
    assert_eq!(json["written"], true);
    assert_eq!(json["counts"]["practice"], 5);
    assert_eq!(json["files"].as_array().unwrap().len(), 9);
    let files = world.path("publishers");
    let files = files.to_str().unwrap();
    let base = world.path("base");
    let dry = run(&["reference", "build", files, "--reference-folder", base.to_str().unwrap()]);
    assert!(dry.remarks.contains("nothing was written: --out names the folder"), "{}", dry.remarks);
    assert!(dry.well().contains("C82010"));
    for wrong in [&["--overwrite"] as &[&str], &["--from", "August"], &["--format", "xml"]] {
        assert_eq!(
            run(&[&["reference", "build", files], wrong].concat()).code,
            Some(2),
            "{wrong:?}"
        );
    }
    let empty = world.path("empty");
    std::fs::create_dir(&empty).unwrap();
    for (folder, part) in [
        (empty.as_path(), "has no file of a publisher"),
        (Path::new("/nowhere/at/all"), "No such file"),
    ] {
        let ended = run(&["reference", "build", folder.to_str().unwrap()]);
        assert_eq!(ended.code, Some(1));
        assert!(ended.remarks.contains(part), "{}", ended.remarks);
    }
}
