//! Small files in the publishers' layouts: two systems, three locations, six small areas of 2021.

use std::path::PathBuf;

use crate::cli::run::{Ended, run};

pub(super) const AREAS: &str = "\
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
pub(super) const ORGANISATIONS: &str = "\
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
pub(super) const SMALL: [(&str, &str, &str, u32, u32); 6] = [
    ("E01013600", "E06000016", "04C", 1, 1),
    ("E01013601", "E06000016", "04C", 3376, 2),
    ("E01025613", "E07000129", "03W", 3375, 1),
    ("E01026957", "E06000061", "78H", 33755, 10),
    ("E01033999", "E06000016", "04C", 20000, 6),
    ("E01034000", "E06000016", "04C", 20001, 6),
];
/// The small area of 2011 that was split into the last two.
pub(super) const SPLIT: &str = "E01013602";

pub(super) fn small_areas() -> (String, String) {
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

pub(super) const MAPPING: &str = "PUBLICATION,EXTRACT_DATE,PRACTICE_CODE,PRACTICE_NAME,PRACTICE_POSTCODE,PCN_CODE,PCN_NAME,ONS_SUB_ICB_LOCATION_CODE,SUB_ICB_LOCATION_CODE,SUB_ICB_LOCATION_NAME,ONS_ICB_CODE,ICB_CODE,ICB_NAME,ONS_COMM_REGION_CODE,COMM_REGION_CODE,COMM_REGION_NAME,SUPPLIER_NAME";

/// Location and system as the mapping has them.
pub(super) fn location(code: &str) -> &'static str {
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

pub(super) fn mapped(code: &str, name: &str, pcn: &str, pcn_name: &str, of: &str) -> String {
    format!(
        "GP_PRAC_PAT_LIST,01Aug2026,{code},{name},LE1 1AA,{pcn},{pcn_name},{},E40000011,Y60,Midlands,TPP",
        location(of)
    )
}

pub(super) fn practice(code: &str, name: &str, opened: &str, closed: &str, of: &str) -> String {
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

pub(super) fn trust(code: &str, name: &str, system: &str, opened: &str, closed: &str) -> String {
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
pub(super) struct World {
    pub(super) home: tempfile::TempDir,
    pub(super) files: Vec<(&'static str, Vec<String>)>,
}

impl World {
    /// Files that say what the content in force says.
    pub(super) fn same() -> Self {
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

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub(super) fn lines(&mut self, file: &str) -> &mut Vec<String> {
        &mut self.files.iter_mut().find(|(name, _)| *name == file).unwrap().1
    }

    /// Replaces a text in one line of a file; every such text, if the line is 0.
    pub(super) fn replace(&mut self, file: &str, line: usize, from: &str, to: &str) {
        for (number, text) in self.lines(file).iter_mut().enumerate() {
            if line == 0 || number + 1 == line {
                assert!(line == 0 || text.contains(from), "{text}");
                *text = text.replace(from, to);
            }
        }
    }

    pub(super) fn without(mut self, file: &str) -> Self {
        self.files.retain(|(name, _)| *name != file);
        self
    }

    pub(super) fn write(&self) {
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

    pub(super) fn build(&self, more: &[&str]) -> Ended {
        self.write();
        self.run(more)
    }

    /// Builds of the files that are there.
    pub(super) fn run(&self, more: &[&str]) -> Ended {
        let [files, base, out] =
            ["publishers", "base", "new"].map(|name| self.path(name).to_str().unwrap().to_owned());
        run(&[&["reference", "build", &files, "--reference-folder", &base, "--out", &out], more]
            .concat())
    }

    pub(super) fn rows(&self, file: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.path("new").join(file)).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    /// The row of a code in a file of the new folder.
    pub(super) fn row(&self, file: &str, code: &str) -> String {
        let rows = self.rows(file);
        let found = rows.iter().find(|row| row.starts_with(&format!("{code},")));
        found.unwrap_or_else(|| panic!("no {code} in {file}: {rows:#?}")).clone()
    }
}

/// Changes of an answer in JSON: kind, change, code, before, after.
pub(super) fn changes(ended: Ended) -> Vec<[String; 5]> {
    let answer = ended.json();
    let text = |of: &serde_json::Value, key: &str| of[key].as_str().unwrap().to_owned();
    let all = answer["changes"].as_array().unwrap();
    all.iter()
        .map(|of| ["kind", "change", "code", "before", "after"].map(|key| text(of, key)))
        .collect()
}
