//! Counts and keys to changes.

/// Number of keys: a key is one byte.
pub const KEYS: usize = 256;
/// Counts from 1 to this have a row of their own. Greater counts use the last [`REUSED`] rows again, as the ONS does.
pub const ROWS: usize = 750;
/// Number of rows that counts above [`ROWS`] use again: rows 501 to 750.
const REUSED: u64 = 250;

/// Turns a count and a cell key into a small change.
#[derive(Clone, PartialEq)]
pub struct PTable {
    /// The changes of count 0, then of count 1, and so on: one for each key.
    changes: Box<[i8]>,
    bound: u8,
    variance: f64,
    version: String,
}

impl PTable {
    /// A table of [`KEYS`] changes for each count from 0 to [`ROWS`].
    pub(super) fn of(changes: Vec<i8>) -> Self {
        let bound = changes.iter().map(|change| change.unsigned_abs()).max().unwrap_or_default();
        let (changes, version) = (changes.into(), String::new());
        let mut table = Self { changes, bound, variance: 0.0, version };
        let squares = table.row(ROWS).iter().map(|change| f64::from(*change).powi(2)).sum::<f64>();
        table.variance = squares / KEYS as f64;
        let variance = (table.variance * 100.0).round() / 100.0;
        let bytes: Vec<u8> = table.changes.iter().map(|change| change.cast_unsigned()).collect();
        let hash = blake3::hash(&bytes).to_hex();
        table.version = format!("d{}v{variance}-{}", table.bound(), &hash[..8]);
        table
    }

    /// A table that changes nothing: an attack has to succeed against it.
    #[must_use]
    pub fn without_changes() -> Self {
        Self::of(vec![0; (ROWS + 1) * KEYS])
    }

    /// The change of a count whose cell has this key: one look-up.
    #[must_use]
    pub fn change(&self, count: u64, key: u8) -> i64 {
        let row = self.row(row_of(count));
        i64::from(row[usize::from(key)])
    }

    /// The count after its change. It is never negative.
    #[must_use]
    pub fn perturbed(&self, count: u64, key: u8) -> u64 {
        count.saturating_add_signed(self.change(count, key))
    }

    /// The name of the table, made of its content: `d5v4-` and eight digits of a hash for bound 5 and variance 4. Two different
    /// tables have the same name in one of four billion cases.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The variance of the changes of large counts.
    #[must_use]
    pub fn variance(&self) -> f64 {
        self.variance
    }

    /// The largest change of any count and key, up or down.
    #[must_use]
    pub fn bound(&self) -> u64 {
        u64::from(self.bound)
    }

    /// The changes of one row, one for each key.
    pub(super) fn row(&self, row: usize) -> &[i8] {
        &self.changes[row * KEYS..(row + 1) * KEYS]
    }
}

impl std::fmt::Debug for PTable {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(to, "PTable({})", self.version)
    }
}

/// The row of a count.
pub(super) fn row_of(count: u64) -> usize {
    let last = ROWS as u64;
    let row = if count > last { last - REUSED + 1 + (count - 1) % REUSED } else { count };
    usize::try_from(row).unwrap_or(ROWS)
}
