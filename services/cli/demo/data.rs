//! The submissions of the demo, over gRPC like those of any client.

use std::collections::BTreeSet;

use indicatif::ProgressBar;

use super::super::client::{Service, pages};
use super::super::encoded::Encoded;
use super::super::exit::Failure;
use super::super::generate::generator;
use super::super::outgoing::Outgoing;
use super::super::send_all::send_all;
use super::super::sending::Sending;
use super::super::sent::Sent;
use super::super::show::{self, Out, progress};
use crate::app::folder::TempFolder;
use crate::ingest::{self, Defaults, Month, SubmissionFile, counted};
use crate::proto::v1::ListSubmissionsRequest;

macro_rules! file {
    ($name:literal) => {
        ($name, include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/demo/", $name)))
    };
}

/// Published files, part of this program so that it works anywhere.
const FILES: [(&str, &[u8]); 10] = [
    file!("gpad_regional_llr_2019-03_2020-12.csv.gz"),
    file!("gpad_coverage_llr.csv"),
    file!("internet_users_2012_2018.csv"),
    file!("gpps_2018_2021_digital_access_by_age.csv"),
    file!("gpps_national_2026.csv"),
    file!("deri_depahri_lsoa11_llr.csv"),
    file!("ethnic_group_6b_lsoa21_llr.csv.gz"),
    file!("disability_lsoa21_llr.csv.gz"),
    file!("religion_lsoa21_llr.csv.gz"),
    file!("mid2020_population_single_year_lsoa11_llr.csv.gz"),
];

/// Collection of the synthetic records.
pub(super) const SYNTHETIC: &str = "synthetic-llr";
/// Collection of those that are controlled.
pub(super) const CONTROLLED: &str = "synthetic-feed";
/// Month of these.
pub(super) const CONTROLLED_MONTH: &str = "2020-04";
/// First month of the synthetic records.
pub(super) const SYNTHETIC_FROM: &str = "2020-01";
/// Last month of the synthetic records.
pub(super) const SYNTHETIC_TO: &str = "2020-06";

/// Submits what the service does not have yet. `controlled`: the synthetic consultations of April 2020 are controlled data too.
pub(super) async fn load(
    service: &Service,
    (rows, controlled): (u64, bool),
    out: &mut Out,
) -> Result<(), Failure> {
    let how = Sending {
        run_id: "equity demo".to_owned(),
        allow_partial: false,
        validate_only: false,
        replace: false,
    };
    let request = ListSubmissionsRequest {
        parent: "collections/-".to_owned(),
        include_past: true,
        ..Default::default()
    };
    let there = pages!(service, submissions, list_submissions, request, submissions, usize::MAX);
    let there: BTreeSet<_> = there.into_iter().map(|submission| submission.request_id).collect();

    let mut sent = Sent::default();
    let published = published()?;
    let all = published.iter().map(|parcel| parcel.rows.len() as u64).sum();
    let bar = progress::bar("published files", "rows", Some(all), &out.look);
    let missing = missing(published.into_iter(), &there, &how, &bar);
    let mut result = send_all(service, missing, &how, &bar, &mut sent).await;
    bar.finish_and_clear();
    if result.is_ok() {
        let synthetic = generator(1, rows, month(SYNTHETIC_FROM)?, month(SYNTHETIC_TO)?)?;
        let bar = progress::bar("synthetic records", "rows", None, &out.look);
        // Two snapshots tell how access has changed; the months between look at the one before them.
        let (first, last) = (month(SYNTHETIC_FROM)?, month(SYNTHETIC_TO)?);
        let snapshots = synthetic.access(move |month| month == first || month == last);
        let parcels = synthetic.consultations().chain(synthetic.populations()).chain(snapshots);
        let april = synthetic
            .consultations()
            .filter(|parcel| controlled && parcel.month == CONTROLLED_MONTH);
        let april = april.map(|parcel| SubmissionFile { collection: CONTROLLED.into(), ..parcel });
        let parcels = parcels.chain(april).chain(synthetic.indicator_counts());
        // A demo with fewer rows than the one before takes its place.
        let how = Sending { replace: true, ..how };
        let missing = self::missing(parcels, &there, &how, &bar);
        result = send_all(service, missing, &how, &bar, &mut sent).await;
        bar.finish_and_clear();
    }
    show::sent::stopped(&sent, out)?;
    result?;

    // Who may not list controlled submissions sends them again, and gets their receipts again.
    let new = || sent.receipts().filter(|receipt| !receipt.replayed);
    let submissions = new().filter_map(|receipt| receipt.submission.as_ref());
    let stored: i64 = submissions.map(|submission| submission.accepted_count).sum();
    let text = match new().count() {
        0 => "the data is there already: nothing was submitted again".to_owned(),
        count => format!("rows stored: {stored}, in {}", counted(count as u64, "submission")),
    };
    out.remark(&text)?;
    sent.verdict(false)
}

/// The parcels that the service does not have yet; the others are counted as done.
fn missing<'a>(
    parcels: impl Iterator<Item = SubmissionFile> + 'a,
    there: &'a BTreeSet<String>,
    how: &'a Sending,
    bar: &'a ProgressBar,
) -> impl Iterator<Item = Result<Outgoing, Failure>> + 'a {
    let all = parcels.map(|parcel| Encoded::of(parcel, how));
    let missing = all.filter(|encoded| {
        let known = there.contains(&encoded.request_id);
        if known {
            bar.inc(encoded.rows);
        }
        !known
    });
    missing.map(|encoded| Ok(Outgoing::Encoded(Box::new(encoded))))
}

/// The published files as parcels.
pub(super) fn published() -> Result<Vec<SubmissionFile>, Failure> {
    let folder = TempFolder::make("demo").map_err(|error| Failure::Other(error.into()))?;
    let mut parcels = Vec::new();
    for (name, bytes) in FILES {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).map_err(|error| Failure::data(&path, error))?;
        let read = ingest::read_all(&path, &Defaults::default());
        parcels.extend(read.map_err(|error| Failure::data(&path, error))?);
    }
    Ok(parcels)
}

fn month(text: &str) -> Result<Month, Failure> {
    text.parse().map_err(|_| Failure::Other(anyhow::anyhow!("{text} is no month")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_files_are_complete() {
        let parcels = published().unwrap();
        let of =
            |collection: &'static str| parcels.iter().filter(move |p| p.collection == collection);
        assert_eq!(of("gpad-regional").count(), 3 * 22);
        assert_eq!(of("gpad-regional").map(|p| p.rows.len()).sum::<usize>(), 11_756);
        assert_eq!(of("gpad-regional").map(|p| p.rows.total()).sum::<i64>(), 11_116_298);
        assert_eq!(of("gpad-coverage").count(), 3 * 41);
        let rows = |collection| of(collection).map(|p| p.rows.len()).collect::<Vec<_>>();
        assert_eq!(rows("ons-internet-users").iter().sum::<usize>(), 435);
        assert_eq!(rows("gpps").iter().sum::<usize>(), 71 + 298);
        assert_eq!(rows("deri"), [611 * 6]);
        assert_eq!(rows("census-2021-ethnic-group"), [3_170]);
        assert_eq!(rows("census-2021-disability"), [1_268]);
        assert_eq!(rows("census-2021-religion"), [5_706]);
        assert_eq!(rows("ons-mid-2020"), [611 * 91]);
    }

    #[test]
    fn request_ids_are_the_same_every_time_and_different_from_each_other() {
        let how = Sending {
            run_id: "x".into(),
            allow_partial: false,
            validate_only: false,
            replace: false,
        };
        let ids = || -> Vec<_> {
            published().unwrap().into_iter().map(|one| Encoded::of(one, &how).request_id).collect()
        };
        let first = ids();
        assert_eq!(first, ids());
        assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), first.len());
    }
}
