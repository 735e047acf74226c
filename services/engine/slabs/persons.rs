//! Numbers of persons: 32 bits in place of a key of 64, so that sets of persons are bits.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use rustc_hash::FxHashMap;

use crate::domain::cube::NOBODY;

/// Keys that are numbered at once.
const AT_ONCE: usize = 4096;

/// Numbers of person keys, given as they are met, from 1. A key tells its scheme too, so persons of different schemes have
/// different numbers.
#[derive(Debug)]
pub(in crate::engine) struct PersonNumbers {
    /// Tells these numbers from others.
    pub(in crate::engine) id: u64,
    of: RwLock<FxHashMap<u64, u32>>,
    /// Room for so many.
    capacity: AtomicU64,
}

impl Default for PersonNumbers {
    fn default() -> Self {
        static IDS: AtomicU64 = AtomicU64::new(0);
        Self {
            id: IDS.fetch_add(1, Ordering::Relaxed),
            of: RwLock::default(),
            capacity: AtomicU64::new(0),
        }
    }
}

impl PersonNumbers {
    /// The numbers of some keys; a key of 0 is nobody's. Others wait only while keys are added that nobody has met.
    pub(in crate::engine) fn number(&self, keys: &[u64]) -> Vec<u32> {
        let mut numbers = Vec::with_capacity(keys.len());
        for some in keys.chunks(AT_ONCE) {
            let known = self.of.read().unwrap_or_else(PoisonError::into_inner);
            let number = |key: &u64| if *key == 0 { Some(NOBODY) } else { known.get(key).copied() };
            let found: Vec<_> = some.iter().map(number).collect();
            drop(known);
            if found.contains(&None) {
                let mut of = self.of.write().unwrap_or_else(PoisonError::into_inner);
                numbers.extend(some.iter().zip(found).map(|(key, found)| {
                    let next = u32::try_from(of.len() + 1).unwrap_or(u32::MAX);
                    found.unwrap_or_else(|| *of.entry(*key).or_insert(next))
                }));
                self.capacity.store(of.capacity() as u64, Ordering::Relaxed);
            } else {
                numbers.extend(found.into_iter().flatten());
            }
        }
        numbers
    }

    /// One more than the greatest number given.
    pub(in crate::engine) fn end(&self) -> u32 {
        let of = self.of.read().unwrap_or_else(PoisonError::into_inner);
        u32::try_from(of.len() + 1).unwrap_or(u32::MAX)
    }

    /// Bytes in memory, about.
    pub(in crate::engine) fn bytes(&self) -> u64 {
        self.capacity.load(Ordering::Relaxed) * 20
    }
}
