//! How good the data of each figure is.

use super::model::{CellCounts, CellQuality, Column, Key};
use super::provenance::DimensionQuality;

/// The quality of a cell: of its row's dimensions; where the answer has none of these, of what the column measures.
pub(super) fn quality(
    lines: &[DimensionQuality],
    keys: &[Key],
    column: &Column,
    counts: &CellCounts,
) -> CellQuality {
    let worst = |of: &dyn Fn(&str) -> bool| {
        let lines = || lines.iter().filter(|line| of(&line.dimension));
        let coverage = lines().filter_map(|line| line.coverage).reduce(f64::min);
        let unknown = lines().filter_map(|line| line.unknown).reduce(f64::max);
        coverage.or(unknown).map(|_| CellQuality { coverage, unknown })
    };
    worst(&|dimension| keys.iter().any(|key| *key.dimension == *dimension))
        .or_else(|| worst(&|dimension| dimension == column.measures))
        .unwrap_or_else(|| if keys.is_empty() { of_counts(counts) } else { CellQuality::default() })
}

/// What the counts of a cell say of their own quality.
fn of_counts(counts: &CellCounts) -> CellQuality {
    let (Some(known), Some(unknown)) = (counts.denominator, counts.unknown) else {
        return CellQuality::default();
    };
    #[allow(clippy::cast_precision_loss)] // counts are below 2^53
    let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
    let covered = known + unknown;
    CellQuality {
        coverage: counts.not_collected.and_then(|none| share(covered, covered + none)),
        unknown: share(unknown, covered),
    }
}
