//! The published counts of appointments by month, which the synthetic consultations follow.

use flate2::read::GzDecoder;
use serde::Deserialize;

use super::GeneratorError;
use super::draw::Weighted;
use crate::domain::period::Month;
use crate::ingest::month;

const FILE: &str = "gpad_regional_llr_2019-03_2020-12.csv.gz";
const BYTES: &[u8] = include_bytes!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/deploy/demo/gpad_regional_llr_2019-03_2020-12.csv.gz"
));

pub(super) const MODES: [&str; 5] =
    ["Face-to-Face", "Home Visit", "Telephone", "Video/Online", "Unknown"];
pub(super) const STATUSES: [&str; 3] = ["Attended", "DNA", "Unknown"];
pub(super) const STAFF: [&str; 3] = ["GP", "Other Practice staff", "Unknown"];
pub(super) const WAITS: [&str; 8] = [
    "Same Day",
    "1 Day",
    "2 to 7 Days",
    "8  to 14 Days",
    "15  to 21 Days",
    "22  to 28 Days",
    "More than 28 Days",
    "Unknown / Data Issue",
];

#[derive(Deserialize)]
struct Row {
    #[serde(rename = "Appointment_Month")]
    month: String,
    #[serde(rename = "APPT_STATUS")]
    status: String,
    #[serde(rename = "HCP_TYPE")]
    staff: String,
    #[serde(rename = "APPT_MODE")]
    mode: String,
    #[serde(rename = "TIME_BETWEEN_BOOK_AND_APPT")]
    wait: String,
    #[serde(rename = "COUNT_OF_APPOINTMENTS")]
    count: u32,
}

/// One month of appointments, all locations together.
#[derive(Debug, Clone)]
pub(super) struct Mix {
    /// Number of appointments.
    pub(super) total: u64,
    /// Appointments by mode.
    pub(super) modes: [f64; 5],
    /// For each mode, shares of attended, missed, unknown.
    pub(super) statuses: [[f64; 3]; 5],
    /// For each mode and status, combinations of staff and wait: see [`staff_and_wait`].
    details: Vec<Weighted>,
}

impl Mix {
    /// The distribution of staff and wait for a mode and a status.
    pub(super) fn detail(&self, mode: usize, status: usize) -> &Weighted {
        &self.details[mode * STATUSES.len() + status]
    }
}

/// Places in [`STAFF`] and [`WAITS`] of a drawn combination.
pub(super) fn staff_and_wait(detail: usize) -> (usize, usize) {
    (detail / WAITS.len(), detail % WAITS.len())
}

/// The months that were published, without a gap.
#[derive(Debug)]
pub(super) struct Published {
    first: u32,
    months: Vec<Mix>,
}

impl Published {
    pub(super) fn load() -> Result<Self, GeneratorError> {
        let failed = |source| GeneratorError::Table { file: FILE, source };
        let mut counts: Vec<(u32, Vec<f64>)> = Vec::new();
        for row in csv::Reader::from_reader(GzDecoder::new(BYTES)).into_deserialize() {
            let row: Row = row.map_err(failed)?;
            let place = |known: &[&str], label: &str| known.iter().position(|k| *k == label);
            let month = month::published(&row.month);
            let (mode, status) = (place(&MODES, &row.mode), place(&STATUSES, &row.status));
            let (staff, wait) = (place(&STAFF, &row.staff), place(&WAITS, &row.wait));
            let (Some(month), Some(mode), Some(status), Some(staff), Some(wait)) =
                (month, mode, status, staff, wait)
            else {
                return Err(GeneratorError::Label { file: FILE });
            };
            let month = u32::from(month.number());
            if counts.last().is_none_or(|(last, _)| *last != month) {
                counts.push((month, vec![0.0; CELLS]));
            }
            if let Some((_, cells)) = counts.last_mut() {
                let at = ((mode * STATUSES.len() + status) * STAFF.len() + staff) * WAITS.len();
                cells[at + wait] += f64::from(row.count);
            }
        }
        // The file is sorted by location and then by month.
        counts.sort_by_key(|(month, _)| *month);
        let mut months: Vec<(u32, Vec<f64>)> = Vec::new();
        for (month, cells) in counts {
            match months.last_mut() {
                Some((last, sum)) if *last == month => {
                    sum.iter_mut().zip(cells).for_each(|(sum, cell)| *sum += cell);
                }
                _ => months.push((month, cells)),
            }
        }
        let first = months.first().map_or(0, |(month, _)| *month);
        let complete = months.iter().zip(first..).all(|((month, _), expected)| *month == expected);
        match complete && months.len() >= 12 {
            true => {
                let months = months.iter().map(|(_, cells)| mix(cells)).collect();
                Ok(Published { first, months })
            }
            false => Err(GeneratorError::Label { file: FILE }),
        }
    }

    /// The published month. For a later month, the same calendar month of the last published year; for an earlier one, of the first.
    pub(super) fn of(&self, month: Month) -> &Mix {
        let (first, wanted) = (i64::from(self.first), i64::from(month.number()));
        let count = i64::try_from(self.months.len()).unwrap_or(i64::MAX);
        let place = match wanted - first {
            before if before < 0 => before.rem_euclid(12),
            after if after >= count => count - 12 + (after - count).rem_euclid(12),
            within => within,
        };
        &self.months[usize::try_from(place).unwrap_or(0)]
    }
}

const CELLS: usize = MODES.len() * STATUSES.len() * STAFF.len() * WAITS.len();

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a sum of counts")]
fn mix(cells: &[f64]) -> Mix {
    let by_status: Vec<&[f64]> = cells.chunks(STAFF.len() * WAITS.len()).collect();
    let mut mix = Mix {
        total: cells.iter().sum::<f64>() as u64,
        modes: [0.0; 5],
        statuses: [[0.0; 3]; 5],
        details: by_status.iter().map(|cells| Weighted::new(cells)).collect(),
    };
    for mode in 0..MODES.len() {
        for status in 0..STATUSES.len() {
            mix.statuses[mode][status] = by_status[mode * STATUSES.len() + status].iter().sum();
        }
        mix.modes[mode] = mix.statuses[mode].iter().sum();
        if mix.modes[mode] > 0.0 {
            mix.statuses[mode] = mix.statuses[mode].map(|count| count / mix.modes[mode]);
        }
    }
    mix
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn april_2020_is_as_published_and_other_years_repeat() {
        let published = Published::load().unwrap();
        let mix = |text: &str| published.of(text.parse().unwrap());
        let april = mix("2020-04");
        assert_eq!(april.total, 361_905);
        assert_eq!(format!("{:?}", april.modes), "[212251.0, 313.0, 130728.0, 1507.0, 17106.0]");
        assert!((april.statuses[0][0] * 212_251.0 - 173_255.0).abs() < 0.01);
        for (other, same) in [
            ("2021-01", "2020-01"),
            ("2021-12", "2020-12"),
            ("2025-04", "2020-04"),
            ("2019-02", "2020-02"),
            ("2018-03", "2019-03"),
            ("1999-12", "2019-12"),
        ] {
            assert_eq!(mix(other).total, mix(same).total, "{other}");
        }
    }
}
