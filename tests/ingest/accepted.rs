//! Every bundled file and every synthetic dataset goes into a running service as the command line sends it.

use equity_indicators::domain::period::Month;
use equity_indicators::ingest::equity_csv;
use equity_indicators::ingest::generate::{Generator, GeneratorSettings, Organisation};
use equity_indicators::proto::v1::ListSubmissionsRequest;

use super::demo;
use crate::support::TestServer;

/// Files, and what becomes of each: submissions and rows.
const FILES: [(&str, (usize, usize)); 8] = [
    ("internet_users_2012_2018.csv", (7, 435)),
    ("gpps_2018_2021_digital_access_by_age.csv", (4, 71)),
    ("gpps_national_2026.csv", (1, 298)),
    ("deri_depahri_lsoa11_llr.csv", (1, 611 * 6)),
    ("ethnic_group_6b_lsoa21_llr.csv.gz", (1, 3_170)),
    ("disability_lsoa21_llr.csv.gz", (1, 1_268)),
    ("religion_lsoa21_llr.csv.gz", (1, 5_706)),
    ("mid2020_population_single_year_lsoa11_llr.csv.gz", (1, 611 * 91)),
];

#[tokio::test]
async fn every_bundled_file() {
    let server = TestServer::start().await;
    for (name, expected) in FILES {
        assert_eq!(server.submit_file(&demo(name)).await, expected, "{name}");
    }
    let request = ListSubmissionsRequest {
        parent: "collections/-".to_owned(),
        page_size: 1_000,
        ..Default::default()
    };
    let answer = server.submissions().list_submissions(request).await.unwrap().into_inner();
    let all: usize = FILES.iter().map(|(_, (submissions, _))| submissions).sum();
    assert_eq!(answer.submissions.len(), all, "none replaces another");
    assert!(answer.submissions.iter().all(|submission| submission.rejected_count == 0));
}

#[tokio::test]
async fn every_synthetic_dataset_by_way_of_our_own_csv() {
    let settings = GeneratorSettings {
        rows: 500,
        first_month: Month::new(2020, 4).unwrap(),
        last_month: Month::new(2020, 5).unwrap(),
        organisations: vec![Organisation { code: "C82001".to_owned(), weight: 1 }],
        ..GeneratorSettings::new(1).unwrap()
    };
    let generator = Generator::new(settings).unwrap();
    let server = TestServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let datasets: [(&str, Vec<_>); 3] = [
        ("consultations", generator.consultations().collect()),
        ("populations", generator.populations().collect()),
        ("access", generator.access(|_| true).collect()),
    ];
    for (name, submissions) in datasets {
        let path = folder.path().join(name);
        equity_csv::write(std::fs::File::create(&path).unwrap(), &submissions).unwrap();
        let rows = submissions.iter().map(|submission| submission.rows.len()).sum();
        assert_eq!(server.submit_file(&path).await, (2, rows), "{name}");
    }
}
