//! Two worlds that differ by withheld counts alone.

use std::path::Path;

use serde_json::{Value, json};

use super::calls::{ID, header};
use super::service::Running;

/// A collection that is controlled.
pub(super) const COLLECTION: &str = "practice-feed";
/// The month of all data.
pub(super) const MONTH: &str = "2020-04";
/// Practices of one primary care network, and the only one of another.
pub(super) const PRACTICES: [&str; 5] = ["C82007", "C82012", "C82014", "C82017", "C82008"];
/// What only a withheld count can be, more than any file has rows, and apart by a multiple of 256, so that their keys add up alike: consultations of one person, and all of a practice after the release.
pub(super) const NUMBERS: [u64; 4] = [8_231, 9_767, 79_193, 60_373];
/// So few that no change makes them ten.
const FEW: usize = 4;
/// Other people of each practice.
const OTHERS: usize = 40;

/// One of the two.
#[derive(Clone, Copy)]
pub(super) struct World(usize);

impl World {
    pub(super) const FIRST: Self = Self(0);
    pub(super) const SECOND: Self = Self(1);

    /// Whether somebody is in the first of two groups: so many in the first world, and so many in the second.
    fn is_in(self, number: usize, so_many: [usize; 2]) -> bool {
        number < so_many[self.0]
    }

    /// Fills a folder: a release, and after it other data that no release shows.
    pub(super) async fn fill(self, folder: &Path) {
        let service = Running::start(folder, "INTERNAL").await;
        let mut id = 0..;
        let mut about = |practice: &str, collected: &Value| {
            let id = format!("{ID}{:04}", id.next().unwrap());
            let keys = json!({"personKeyScheme": "s", "allowShrinking": true, "collectedCharacteristics": collected});
            header(practice, &id, &keys)
        };
        let of_people = json!(["sex", "ethnic_category", "age_band"]);
        let of_contacts = json!([
            "sex",
            "ethnic_category",
            "age_band",
            "digital_access",
            "inclusion_group",
            "disability",
            "interpreter_present"
        ]);
        let of_access = json!([
            "sex",
            "ethnic_category",
            "age_band",
            "digital_access",
            "exclusion_reason",
            "app_registered"
        ]);
        for (number, practice) in PRACTICES.into_iter().enumerate() {
            for (method, collected, rows) in [
                ("SubmitConsultations", &of_contacts, self.consultations(number)),
                ("SubmitDigitalAccess", &of_access, self.access(number)),
                ("SubmitPopulations", &of_people, population()),
                ("SubmitIndicatorCounts", &of_people, counts()),
            ] {
                let rows = json!({"batch": {"records": rows}});
                let mut header = about(practice, collected);
                if method == "SubmitIndicatorCounts" {
                    header["personKeyScheme"] = json!("");
                }
                service.well(method, &[json!({"header": header}), rows]).await;
            }
        }
        let request = json!({"releaseId": "first", "requestId": format!("{ID}9000")});
        service.well("CreateRelease", &[request]).await;
        let later = [NUMBERS[2], NUMBERS[3]][self.0];
        let rows = json!({"batch": {"records": [
            {"channel": "EMAIL", "recordCount": later, "person": {"sex": (["1", "2"][self.0])}}
        ]}});
        let later = [json!({"header": about(PRACTICES[1], &of_people)}), rows];
        service.well("SubmitConsultations", &later).await;
        service.stop().await;
    }

    /// Consultations of a practice. Two people of the first come very often, by two channels; of a few more some are of a kind, and in one of
    /// the worlds none of one kind.
    fn consultations(self, practice: usize) -> Vec<Value> {
        let other = |number: usize| {
            json!({
                "channel": (["FACE_TO_FACE", "TELEPHONE"][number % 2]), "attendance": "5", "date": "2020-04-02",
                "leadTimeDays": number % 9, "personKey": format!("{practice}-{number}"), "person": {
                    "sex": (["1", "2"][number / 2 % 2]), "ethnicCategory": "A", "ageYears": 40, "digitalAccess": "ABLE",
                    "inclusionGroup": ["NONE"],
                },
            })
        };
        let mut rows: Vec<_> = (0..OTHERS).map(other).collect();
        if practice > 0 {
            return rows;
        }
        let often = [[NUMBERS[0], NUMBERS[1]], [NUMBERS[1], NUMBERS[0]]][self.0];
        for (person, (times, channel)) in
            often.into_iter().zip(["VIDEO", "ONLINE_TRIAGE"]).enumerate()
        {
            let mut row = other(0);
            row["channel"] = json!(channel);
            row["personKey"] = json!(format!("often-{person}"));
            rows.extend((0..times).map(|_| row.clone()));
        }
        for number in 0..FEW {
            let is_in = |so_many| usize::from(!self.is_in(number, so_many));
            let mut row = other(1);
            row["personKey"] = json!(format!("few-{number}"));
            row["person"]["ethnicCategory"] = json!(["F", "G"][is_in([3, 4])]);
            row["person"]["inclusionGroup"] =
                json!([(["HOMELESSNESS", "SEX_WORKERS"][is_in([3, 2])])]);
            row["person"]["digitalAccess"] = json!(["UNABLE", "WITH_HELP"][number % 2]);
            row["person"]["disability"] = json!([(["01", "02"][is_in([1, 4])])]);
            row["interpreterPresent"] = json!(["Y", "N"][number % 2]);
            rows.push(row.clone());
            // Seen again soon, or later.
            row["channel"] = json!("FACE_TO_FACE");
            row["date"] = json!(["2020-04-04", "2020-04-28"][number % 2]);
            rows.push(row);
        }
        rows
    }

    /// Access snapshots of the same people.
    fn access(self, practice: usize) -> Vec<Value> {
        let person = |key: String, access: &str, reasons: &str, ethnicity: &str| {
            json!({
                "personKey": key, "appRegistered": "Y", "exclusionReason": [reasons],
                "person": {"sex": "2", "ethnicCategory": ethnicity, "ageYears": 40, "digitalAccess": access},
            })
        };
        let other = |number| person(format!("{practice}-{number}"), "ABLE", "NONE", "A");
        let mut rows: Vec<_> = (0..OTHERS).map(other).collect();
        for number in (0..FEW).filter(|_| practice == 0) {
            let is_in = |so_many| usize::from(!self.is_in(number, so_many));
            // The same in both worlds: those of whom it does not hold are many, and shown.
            let access = ["UNABLE", "WITH_HELP"][number % 2];
            let reason = ["NO_DEVICE", "SKILLS"][number % 2];
            let ethnicity = ["F", "G"][is_in([3, 4])];
            rows.push(person(format!("few-{number}"), access, reason, ethnicity));
        }
        rows
    }
}

/// Counts of an indicator, some of few people: the same in both worlds, as populations are.
fn counts() -> Vec<Value> {
    let count = |numerator: u32, denominator: u32, sex: &str, ethnicity: &str| {
        let person = json!({"sex": sex, "ethnicCategory": ethnicity, "ageYears": 40});
        let counts = json!({"indicator": "C20-SMI", "numeratorCount": numerator, "denominatorCount": denominator});
        let mut row = counts;
        row["person"] = person;
        row
    };
    vec![
        count(300, 400, "1", "A"),
        count(200, 500, "2", "A"),
        count(2, 5, "2", "F"),
        count(4, 5, "2", "G"),
    ]
}

/// Registered people: the same in both worlds, since people without a key cannot be exchanged for others.
fn population() -> Vec<Value> {
    vec![
        json!({"personCount": 400, "person": {"sex": "1", "ethnicCategory": "A", "ageYears": 40}}),
        json!({"personCount": 500, "person": {"sex": "2", "ethnicCategory": "A", "ageYears": 40}}),
        json!({"personCount": 5, "person": {"sex": "2", "ethnicCategory": "F", "ageYears": 40}}),
        json!({"personCount": 5, "person": {"sex": "2", "ethnicCategory": "G", "ageYears": 40}}),
    ]
}
