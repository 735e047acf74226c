//! Cells turned into figures.
