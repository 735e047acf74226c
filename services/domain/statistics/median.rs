//! The median: the middle of values in their order, in the unit of the values; of an even number of them the mean of the two in the middle.

/// The median of whole values, each with how many times it occurs, in any order. `None`: there are no values.
#[must_use]
pub fn median(mut values: Vec<(u32, u64)>) -> Option<f64> {
    values.sort_unstable();
    let all: u64 = values.iter().map(|(_, count)| count).sum();
    let at = |number: u64| {
        let mut before = 0;
        let mut found = values.iter().skip_while(|(_, count)| {
            before += count;
            before <= number
        });
        found.next().map(|(value, _)| f64::from(*value))
    };
    Some(f64::midpoint(at(all.checked_sub(1)? / 2)?, at(all / 2)?))
}
