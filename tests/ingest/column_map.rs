//! An extract with columns and words of its own: a map makes a submission of it, and a first map is sketched from the file.

use std::path::PathBuf;

use equity_indicators::ingest::{ColumnMap, Defaults, IngestError, Records, read_with_map, sketch};

const EXTRACT: &str = "\
Practice code,Contact date,Contact type,Attendance status,Age,Gender,Ethnicity,Disabilities,Slot name
C82001,2026-04-01,Surgery,Attended,77,Female,White British,02; Sight,Dr A am
C82001,2026-04-01,Telephone,Attended,34,Female,Indian,,Duty
C82001,2026-04-02,Telephone,DNA,8,Male,Not stated,none known,Dr B pm
,,,,,,,,
C82001,2026-04-07,Surgery,Unknown,,Male,Chinese,,Dr C pm
";

struct Files {
    folder: tempfile::TempDir,
    extract: PathBuf,
}

impl Files {
    fn new(extract: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("extract.csv");
        std::fs::write(&path, extract).unwrap();
        Self { folder, extract: path }
    }

    fn map(&self, text: &str) -> Result<ColumnMap, IngestError> {
        let path = self.folder.path().join("columns.toml");
        std::fs::write(&path, text).unwrap();
        ColumnMap::read(&path)
    }
}

const MAP: &str = r#"
[columns]
"Practice code" = "organisation"
"Contact date" = "date"
"Contact type" = "channel"
"Attendance status" = "attendance"
"Age" = "age_years"
"Gender" = "sex"
"Ethnicity" = "ethnic_category"
"Disabilities" = "disability"
"Slot name" = ""

[codes.channel]
"Surgery" = "FACE_TO_FACE"

[codes.ethnic_category]
"Indian" = "H"
"Chinese" = "R"

[codes.disability]
"Sight" = "11"
"none known" = ""

[constants]
month = "2026-04"
collection = "practice-feed"
code_systems = "attendance=gpad"
"#;

#[test]
fn a_map_gives_the_columns_and_codes_of_the_service() {
    let files = Files::new(EXTRACT);
    let map = files.map(MAP).unwrap();
    let read = read_with_map(&files.extract, &Defaults::default(), &map).unwrap();
    let all: Vec<_> = read.collect::<Result<_, _>>().unwrap();
    let [submission] = all.as_slice() else { panic!("{all:?}") };
    let about = (&*submission.organisation, &*submission.month, &*submission.collection);
    assert_eq!(about, ("C82001", "2026-04", "practice-feed"));
    assert_eq!(submission.code_systems["attendance"], "gpad");
    let collected = ["age_band", "attendance", "channel", "disability", "ethnic_category", "sex"];
    assert_eq!(submission.collected, collected);
    let Records::Consultations(rows) = &submission.rows else { panic!("{:?}", submission.rows) };
    assert_eq!(rows.len(), 4, "a row without any value is none, whatever the constants are");
    let person = |row: usize| rows[row].person.clone().unwrap();
    assert_eq!((&*rows[0].channel, &*rows[0].date), ("FACE_TO_FACE", "2026-04-01"));
    assert_eq!((person(0).age_years, &*person(0).ethnic_category), (Some(77), "White British"));
    assert_eq!(person(0).disability, ["02", "11"]);
    assert_eq!((&*rows[1].channel, &*person(1).ethnic_category), ("Telephone", "H"));
    assert!(person(2).disability.is_empty());
}

#[test]
fn everything_that_does_not_fit_is_said_at_once() {
    let files = Files::new(EXTRACT);
    let map = MAP
        .replace("\"Gender\" = \"sex\"", "\"Gendr\" = \"sexx\"")
        .replace("\"Age\" = \"age_years\"", "\"Age\" = \"channel\"")
        .replace("[codes.disability]", "[codes.religion]")
        .replace("month = ", "date = ");
    let error = read_with_map(&files.extract, &Defaults::default(), &files.map(&map).unwrap());
    let error = error.unwrap_err().to_string();
    for said in [
        "the file has no column \"Gendr\"; did you mean \"Gender\"?",
        "\"sexx\" is not a column of the service; did you mean \"sex\"?",
        "column \"Gender\" of the file is not under [columns]",
        "two columns of the file are \"channel\"",
        "[codes.religion]: no column of the file is \"religion\"",
        "\"date\" is under [constants], and a column of the file has it too",
    ] {
        assert!(error.contains(said), "{said} is not in {error}");
    }
    for bad in ["[colums]\n", "[columns]\n\"a\" = 1\n", "no map"] {
        let error = files.map(bad).unwrap_err();
        assert!(matches!(error, IngestError::ColumnMap { .. }), "{error}");
    }
}

#[test]
fn a_sketch_guesses_by_name_and_label_and_leaves_the_rest_to_people() {
    let files = Files::new(EXTRACT);
    let text = sketch(&files.extract).unwrap();
    for line in [
        "\"Practice code\" = \"organisation\"",
        "\"Contact date\" = \"date\"",
        "\"Contact type\" = \"channel\"",
        "\"Attendance status\" = \"attendance\"",
        "\"Age\" = \"age_years\"",
        "\"Gender\" = \"sex\"",
        "\"Ethnicity\" = \"ethnic_category\"",
        "# \"Slot name\" = \"\"  # no guess",
        "# \"Surgery\" = \"\"  # no guess; 2 rows",
        "# \"Telephone\" is taken as it is; 2 rows",
        "\"Indian\" = \"H\"  # a guess: Asian or Asian British - Indian; 1 row",
        "# \"Unknown\" is taken as it is; 1 row",
        "# month = \"2026-04\"",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("Dr A am"), "what may tell of a person is not repeated:\n{text}");
    // What was not guessed is refused until somebody has decided, and all of it at once.
    let map = files.map(&text).unwrap();
    let error = read_with_map(&files.extract, &Defaults::default(), &map).unwrap_err().to_string();
    assert!(error.contains("column \"Slot name\" of the file is not under [columns]"), "{error}");
}

#[test]
fn a_sketch_knows_the_names_of_the_field() {
    let text = "\
ApptDate,OrgCode,Mode,Gender,Sex,EthnicityDesc,AgeGroup,PatientID,LSOA11CD,NHSNumber\n\
2026-04-01,C82001,F2F,F,F,Indian,85+,a1,E01013649,123\n\
2026-04-01,C82001,Phone,M,M,Chinese,18-24,a2,E01013649,124\n";
    let files = Files::new(text);
    let text = sketch(&files.extract).unwrap();
    for line in [
        "\"ApptDate\" = \"date\"",
        "\"OrgCode\" = \"organisation\"",
        "\"Mode\" = \"channel\"",
        "# \"Gender\" = \"\"  # no guess",
        "\"Sex\" = \"sex\"",
        "\"EthnicityDesc\" = \"ethnic_category\"",
        "\"AgeGroup\" = \"age_band\"",
        "\"PatientID\" = \"person_key\"",
        "\"LSOA11CD\" = \"residence_lsoa\"",
        "# \"NHSNumber\" = \"\"  # no guess",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("1 rows"), "{text}");
}

#[test]
fn a_sketch_of_any_names_and_words_is_a_map() {
    let text = "\"a \"\"quoted\"\" name\",back\\slash,channel\nx,y,\"say \"\"no\"\"\"\n";
    let files = Files::new(text);
    files.map(&sketch(&files.extract).unwrap()).unwrap();
}
