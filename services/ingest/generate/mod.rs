//! Synthetic records, the same for the same seed.
