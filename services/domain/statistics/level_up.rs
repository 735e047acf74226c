//! How many it takes to level up: people who would have to change for every group to reach the value of a reference.
//!
//! Σ nₖ·max(0, how much worse the group's share is than the reference's), rounded up: a whole number of people or consultations.

/// For one group: the share `x` of `n` against the reference's share. `adverse`: a high share is worse.
#[must_use]
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)] // counts are below 2^53
pub fn to_level_up((x, n): (u64, u64), reference: f64, adverse: bool) -> u64 {
    let wanted = reference.clamp(0.0, 1.0) * n as f64;
    let short = if adverse { x as f64 - wanted } else { wanted - x as f64 };
    // What rounding leaves of a whole number is not one more.
    (short - 1e-9).max(0.0).ceil() as u64
}

#[cfg(test)]
mod tests {
    use super::to_level_up;

    #[test]
    fn people_are_whole_and_nobody_is_taken_from_the_better_off() {
        assert_eq!(to_level_up((29, 100), 0.39, false), 10);
        assert_eq!(to_level_up((29, 100), 0.385, false), 10);
        assert_eq!(to_level_up((39, 100), 0.29, false), 0);
        assert_eq!(to_level_up((39, 100), 0.29, true), 10);
        assert_eq!(to_level_up((0, 0), 0.5, false), 0);
    }
}
