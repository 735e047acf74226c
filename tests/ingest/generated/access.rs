//! Snapshots of digital access: the people of the consultations, who say the same there, and rates that follow the ONS table.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use equity_indicators::domain::period::Month;
use equity_indicators::ingest::SubmissionFile;
use equity_indicators::ingest::generate::{Generator, GeneratorSettings};
use equity_indicators::proto::v1::{AccessRecord, PersonCharacteristics};

use super::{large, person, snapshots};

fn who(row: &AccessRecord) -> &PersonCharacteristics {
    row.person.as_ref().unwrap()
}

/// Everybody in the last snapshot.
fn last() -> impl Iterator<Item = (&'static SubmissionFile, &'static AccessRecord)> {
    let submissions = large().access.iter().filter(|submission| submission.month == "2020-12");
    submissions
        .flat_map(|submission| snapshots(submission).iter().map(move |row| (submission, row)))
}

/// One snapshot of a hundred thousand people: enough for rates within small groups.
fn crowd() -> &'static [SubmissionFile] {
    static CROWD: OnceLock<Vec<SubmissionFile>> = OnceLock::new();
    CROWD.get_or_init(|| {
        let settings = GeneratorSettings {
            rows: 100_000,
            first_month: Month::new(2020, 12).unwrap(),
            contacts_per_person: 1.0,
            ..GeneratorSettings::new(11).unwrap()
        };
        Generator::new(settings).unwrap().access(|_| true).collect()
    })
}

/// Share of yes among yes and no, in the crowd.
fn share(of: impl Fn(&AccessRecord) -> Option<bool>) -> f64 {
    let known: Vec<bool> = crowd().iter().flat_map(snapshots).filter_map(of).collect();
    assert!(known.len() > 100, "{}", known.len());
    known.iter().filter(|holds| **holds).count() as f64 / known.len() as f64
}

fn assessed(row: &AccessRecord) -> Option<usize> {
    ["ABLE", "WITH_HELP", "UNABLE"].iter().position(|code| *code == who(row).digital_access)
}

#[test]
fn a_snapshot_is_the_registered_population() {
    let set = large();
    let months: BTreeSet<&str> = set.access.iter().map(|submission| &*submission.month).collect();
    assert_eq!(
        months.into_iter().collect::<Vec<_>>(),
        ["2019-04", "2019-08", "2019-12", "2020-04", "2020-08", "2020-12"]
    );
    for submission in &set.access {
        let mut alike = set.populations.iter().filter(|population| {
            population.organisation == submission.organisation
                && population.month == submission.month
        });
        assert_eq!(submission.rows.total(), alike.next().unwrap().rows.total());
        assert_eq!(submission.collection, "synthetic-llr");
        assert_eq!(submission.person_key_scheme, "synthetic-v1");
        for name in ["digital_access", "interpreter_needed", "accessible_need"] {
            assert!(submission.collected.iter().any(|collected| collected == name));
        }
        let keys: BTreeSet<_> = snapshots(submission).iter().map(|row| &row.person_key).collect();
        assert_eq!(keys.len(), submission.rows.len(), "one row a person");
    }
    assert_eq!(last().count() as u64, set.people);
}

/// What a consultation says of its person is what the snapshot says; where it says nothing, the snapshot is needed.
#[test]
fn consultations_agree_with_the_snapshot() {
    let people: BTreeMap<&str, &AccessRecord> =
        last().map(|(_, row)| (&*row.person_key, row)).collect();
    let (mut said, mut left_out) = (0_u32, 0_u32);
    for (submission, row) in large().rows() {
        let access = people[&*row.person_key];
        assert_eq!(row.preferred_channel, access.preferred_channel);
        assert_eq!(row.residence_lsoa, access.residence_lsoa);
        assert_eq!(person(row).sex, who(access).sex);
        assert_eq!(person(row).ethnic_category, who(access).ethnic_category);
        let collects = |name: &str| submission.collected.iter().any(|collected| collected == name);
        if collects("interpreter_needed") {
            assert_eq!(person(row).interpreter_needed, who(access).interpreter_needed);
        }
        if collects("accessible_need") {
            assert_eq!(person(row).accessible_need, who(access).accessible_need);
        }
        if person(row).digital_access.is_empty() {
            left_out += u32::from(collects("digital_access") && assessed(access).is_some());
        } else {
            assert_eq!(person(row).digital_access, who(access).digital_access);
            said += u32::from(assessed(access).is_some());
        }
    }
    let share = f64::from(left_out) / f64::from(left_out + said);
    assert!((share - 0.35).abs() < 0.02, "{share}");
}

/// Nobody loses what they had, and nothing but age changes of who they are.
#[test]
fn people_do_not_flicker() {
    let mut before: BTreeMap<&str, &AccessRecord> = BTreeMap::new();
    let mut submissions: Vec<&SubmissionFile> = large().access.iter().collect();
    submissions.sort_by_key(|submission| &submission.month);
    let mut joined = 0;
    for row in submissions.into_iter().flat_map(snapshots) {
        if let Some(earlier) = before.insert(&row.person_key, row) {
            let had = earlier.app_registered == "Y";
            assert!(!had || row.app_registered == "Y", "{}", row.person_key);
            joined += usize::from(!had && row.app_registered == "Y");
            assert_eq!(earlier.email_recorded, row.email_recorded);
            assert_eq!(who(earlier).digital_access, who(row).digital_access);
            assert_eq!(who(earlier).ethnic_category, who(row).ethnic_category);
        }
    }
    assert!(joined > 100, "{joined}");
}

/// Help is needed by more people than cannot at all, and most where most are offline.
#[test]
fn help_is_needed_where_people_are_offline() {
    let help = |from: i32, to: i32| {
        share(|row| {
            let like = who(row).age_years.is_some_and(|age| (from..=to).contains(&age));
            Some(assessed(row)? == 1).filter(|_| like)
        })
    };
    assert!(help(75, 130) > help(16, 44) + 0.02, "{} {}", help(75, 130), help(16, 44));
}

#[test]
fn what_is_recorded_hangs_together() {
    let yes = |cell: &str| match cell {
        "Y" => Some(true),
        "N" => Some(false),
        _ => None,
    };
    let by_access = |access: usize, of: fn(&AccessRecord) -> &str| {
        share(|row| yes(of(row)).filter(|_| assessed(row) == Some(access)))
    };
    for of in [
        (|row: &AccessRecord| &*row.app_registered) as fn(&AccessRecord) -> &str,
        |row| &row.online_prescriptions,
        |row| &row.email_recorded,
        |row| &row.mobile_recorded,
    ] {
        assert!(by_access(0, of) > by_access(1, of) && by_access(1, of) > by_access(2, of));
    }
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for row in crowd().iter().flat_map(snapshots) {
        assert!(row.app_active != "Y" || row.app_registered == "Y");
        assert!(row.support_accepted.is_empty() || row.support_offered == "Y");
        let adult = who(row).age_years.is_none_or(|age| age >= 13);
        assert!(adult || matches!(&*row.app_registered, "NOT_APPLICABLE" | ""));
        for reason in &row.exclusion_reason {
            *reasons.entry(reason).or_default() += 1;
            match assessed(row) {
                Some(0) => assert_eq!(reason, "NONE"),
                Some(_) => assert_ne!(reason, "NONE"),
                None => panic!("a reason without an assessment: {}", row.person_key),
            }
        }
    }
    assert_eq!(reasons.len(), 8, "{reasons:?}");
    let language = |needs: &str| {
        share(|row| {
            let said = row.exclusion_reason.iter().any(|reason| reason == "LANGUAGE");
            let counts = matches!(assessed(row)?, 1 | 2) && !row.exclusion_reason.is_empty();
            Some(said).filter(|_| counts && who(row).interpreter_needed == needs)
        })
    };
    assert!(language("Y") > 0.6 && language("N") < 0.1, "{} {}", language("Y"), language("N"));
}

/// People who cannot use remote care are seen in person more, offered it more, and prefer it, whoever's record says so.
#[test]
fn channels_follow_the_status_of_the_snapshot() {
    let people: BTreeMap<&str, usize> =
        last().filter_map(|(_, row)| Some((&*row.person_key, assessed(row)?))).collect();
    let of =
        |status: usize,
         holds: fn(&equity_indicators::proto::v1::ConsultationRecord) -> Option<bool>| {
            let rows =
                large().rows().filter(|(_, row)| people.get(&*row.person_key) == Some(&status));
            let known: Vec<bool> = rows.filter_map(|(_, row)| holds(row)).collect();
            known.iter().filter(|holds| **holds).count() as f64 / known.len() as f64
        };
    for holds in [
        (|row| match &*row.channel {
            "" | "NOT_KNOWN" => None,
            code => Some(matches!(code, "FACE_TO_FACE" | "HOME_VISIT" | "01")),
        }) as fn(&equity_indicators::proto::v1::ConsultationRecord) -> Option<bool>,
        |row| {
            Some(row.face_to_face_offered == "Y").filter(|_| !row.face_to_face_offered.is_empty())
        },
        |row| {
            Some(row.preferred_channel == "FACE_TO_FACE")
                .filter(|_| !row.preferred_channel.is_empty())
        },
    ] {
        assert!(of(2, holds) > of(0, holds) + 0.03, "{} {}", of(2, holds), of(0, holds));
    }
}
