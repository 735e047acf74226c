//! What a source says that it collects: what it has in any month it lists in every month, blank or not.

use std::collections::{BTreeMap, BTreeSet};

use equity_indicators::domain::collection::Dataset;
use equity_indicators::domain::field::Field;
use equity_indicators::ingest::generate::Generator;
use equity_indicators::ingest::{SubmissionFile, equity_csv};

use super::small;

/// The coded fields that each submission has a value of.
fn filled(
    dataset: Dataset,
    submissions: &[SubmissionFile],
) -> BTreeMap<(String, String), BTreeSet<String>> {
    let mut file = Vec::new();
    equity_csv::write(&mut file, submissions).unwrap();
    let mut rows = csv::Reader::from_reader(&*file);
    let names = rows.headers().unwrap().clone();
    let mut filled = BTreeMap::<_, BTreeSet<String>>::new();
    for row in rows.records().map(Result::unwrap) {
        let fields = filled.entry((row[0].to_owned(), row[1].to_owned())).or_default();
        for (name, _) in names.iter().zip(&row).filter(|(_, cell)| !cell.is_empty()) {
            let coded = Field::of_record(dataset, name);
            fields.extend(coded.map(|field| field.name().to_owned()));
        }
    }
    filled
}

fn listed(submission: &SubmissionFile) -> BTreeSet<String> {
    submission.collected.iter().cloned().collect()
}

#[test]
fn what_a_source_has_in_one_month_it_lists_in_every_month() {
    let generator = Generator::new(small(1)).unwrap();
    let sets = [
        (Dataset::Consultations, generator.consultations().collect::<Vec<_>>()),
        (Dataset::DigitalAccess, generator.access(|_| true).collect()),
    ];
    for (dataset, submissions) in sets {
        let filled = filled(dataset, &submissions);
        let mut blank = 0;
        for submission in &submissions {
            let listed = listed(submission);
            assert_eq!(listed.len(), submission.collected.len(), "twice");
            for ((organisation, month), fields) in &filled {
                let missing: Vec<_> = fields.difference(&listed).collect();
                assert!(
                    *organisation != submission.organisation || missing.is_empty(),
                    "{missing:?}"
                );
                if (organisation, month) == (&submission.organisation, &submission.month) {
                    blank += listed.difference(fields).count();
                }
            }
        }
        assert!(blank > 0, "{dataset:?}: a field that a month leaves blank");
    }
}

/// Practices differ in what their snapshots hold, and all record the same of a consultation.
#[test]
fn what_nobody_records_is_not_listed() {
    let generator = Generator::new(small(1)).unwrap();
    let lists =
        |submissions: &mut dyn Iterator<Item = SubmissionFile>, name: &str| -> BTreeSet<bool> {
            submissions.map(|submission| listed(&submission).contains(name)).collect()
        };
    for name in ["channel", "interpreter_present", "accessible_need_met", "preferred_channel"] {
        let found = lists(&mut generator.consultations(), name);
        assert_eq!(found.into_iter().collect::<Vec<_>>(), [true], "{name}");
    }
    let all = Generator::new(super::GeneratorSettings::new(7).unwrap()).unwrap();
    let last = |month: super::Month| month.to_string() == "2020-12";
    for name in
        ["online_record", "app_active", "proxy_access", "exclusion_reason", "support_accepted"]
    {
        assert_eq!(lists(&mut all.access(last), name).len(), 2, "{name}");
    }
}
