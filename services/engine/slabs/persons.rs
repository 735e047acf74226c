//! Numbers of persons: 32 bits in place of a key of 64, so that sets of persons are bits.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use rustc_hash::FxHashMap;

use crate::domain::cube::NOBODY;

/// Numbers of person keys, given as they are met, from 1. A key tells its scheme too, so persons of different schemes have
/// different numbers.
#[derive(Debug)]
pub(in crate::engine) struct PersonNumbers {
    /// Tells these numbers from others.
    pub(in crate::engine) id: u64,
    of: RwLock<FxHashMap<u64, u32>>,
}

impl Default for PersonNumbers {
    fn default() -> Self {
        static IDS: AtomicU64 = AtomicU64::new(0);
        Self { id: IDS.fetch_add(1, Ordering::Relaxed), of: RwLock::default() }
    }
}

impl PersonNumbers {
    /// The numbers of some keys; a key of 0 is nobody's.
    pub(in crate::engine) fn number(&self, keys: impl Iterator<Item = u64>) -> Vec<u32> {
        let mut of = self.of.write().unwrap_or_else(PoisonError::into_inner);
        let number = |key| {
            if key == 0 {
                return NOBODY;
            }
            let next = u32::try_from(of.len() + 1).unwrap_or(u32::MAX);
            *of.entry(key).or_insert(next)
        };
        keys.map(number).collect()
    }

    /// One more than the greatest number given.
    pub(in crate::engine) fn end(&self) -> u32 {
        let of = self.of.read().unwrap_or_else(PoisonError::into_inner);
        u32::try_from(of.len() + 1).unwrap_or(u32::MAX)
    }

    /// Bytes in memory, about.
    pub(in crate::engine) fn bytes(&self) -> u64 {
        let of = self.of.read().unwrap_or_else(PoisonError::into_inner);
        of.capacity() as u64 * 17
    }
}
