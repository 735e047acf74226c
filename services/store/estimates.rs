//! Estimates as they are on disk: one run of encoded rows. Estimates have no columns and no roll-ups.

use prost::Message;

use super::error::StoreError;
use crate::domain::estimate::{Estimate, EstimateKey, EstimateSource, Estimates};
use crate::proto::store;

/// The run of a submission's estimates.
pub(super) fn bytes(estimates: &Estimates) -> Vec<u8> {
    store::EstimateRun { rows: estimates.rows.iter().map(stored).collect() }.encode_to_vec()
}

/// The estimates of a run.
pub(super) fn rows(run: &[u8]) -> Result<Vec<Estimate>, StoreError> {
    let damaged = |error: prost::DecodeError| StoreError::Damaged(error.to_string());
    let run = store::EstimateRun::decode(run).map_err(damaged)?;
    Ok(run.rows.into_iter().map(read).collect())
}

fn stored(row: &Estimate) -> store::EstimateRow {
    let key = |key: &EstimateKey| store::EstimateKey {
        dimension: key.dimension.clone(),
        code: key.code.clone(),
    };
    store::EstimateRow {
        indicator: row.indicator.clone(),
        area: row.area.clone(),
        period: row.period.clone(),
        keys: row.keys.iter().map(key).collect(),
        value: row.value.unwrap_or_default(),
        lower: row.lower,
        upper: row.upper,
        base_count: row.base_count,
        weight: row.weight,
        base: row.base.clone(),
        suppressed: row.value.is_none(),
    }
}

fn read(row: store::EstimateRow) -> Estimate {
    let key = |key: store::EstimateKey| EstimateKey { dimension: key.dimension, code: key.code };
    Estimate {
        indicator: row.indicator,
        area: row.area,
        period: row.period,
        keys: row.keys.into_iter().map(key).collect(),
        value: (!row.suppressed).then_some(row.value),
        lower: row.lower,
        upper: row.upper,
        base_count: row.base_count,
        weight: row.weight,
        base: row.base,
    }
}

/// The source as a submission's row stores it.
pub(super) fn stored_source(source: &EstimateSource) -> store::EstimateSource {
    let EstimateSource { publisher, title, edition, licence, uri, series, not_for_targets } =
        source.clone();
    store::EstimateSource { publisher, title, edition, licence, uri, series, not_for_targets }
}

/// The source that a submission's row stores.
pub(super) fn source(stored: &store::EstimateSource) -> EstimateSource {
    let store::EstimateSource { publisher, title, edition, licence, uri, series, not_for_targets } =
        stored.clone();
    EstimateSource { publisher, title, edition, licence, uri, series, not_for_targets }
}

/// Approximate bytes of an estimate in memory.
pub(super) fn cost(row: &Estimate) -> u64 {
    let keys: usize = row.keys.iter().map(|key| key.dimension.len() + key.code.len() + 64).sum();
    let texts = row.indicator.len() + row.area.len() + row.period.len() + row.base.len();
    (std::mem::size_of::<Estimate>() + keys + texts + 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: u32, base_bytes: usize) -> Estimate {
        let key = |dimension: &str| EstimateKey { dimension: dimension.into(), code: "x".into() };
        Estimate {
            indicator: "DX-12".into(),
            area: format!("E{number:08}"),
            period: "2018".into(),
            keys: vec![key("sex"), key("age_band")],
            value: (!number.is_multiple_of(3)).then_some(f64::from(number) / 1e6),
            lower: Some(0.0),
            upper: None,
            base_count: number.is_multiple_of(2).then_some(0),
            weight: Some(1.5),
            base: "b".repeat(base_bytes),
        }
    }

    #[test]
    fn rows_come_back() {
        for (count, base_bytes) in [(0, 0), (1, 1000), (1000, 3), (50, 1000)] {
            let rows: Vec<_> = (0..count).map(|n| row(n, base_bytes)).collect();
            let estimates = Estimates { source: EstimateSource::default(), rows };
            assert_eq!(super::rows(&bytes(&estimates)).unwrap(), estimates.rows);
        }
        assert!(super::rows(&[0xff; 7]).is_err());
    }
}
