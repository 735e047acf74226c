//! Iterative proportional fitting: changes an assumed table as little as possible to meet published totals of rows and columns.

const ROUNDS: usize = 50;

/// Scales `guess` until its rows and columns are in proportion to the totals. The sum of the result is 1. A row or column with the
/// total 0 becomes 0. Any other row needs a cell above 0 in a column with a total above 0, and the other way round.
pub(super) fn fit(guess: &[Vec<f64>], rows: &[f64], columns: &[f64]) -> Vec<Vec<f64>> {
    let shares = |totals: &[f64]| {
        let sum: f64 = totals.iter().sum();
        totals.iter().map(|total| if sum > 0.0 { total / sum } else { 0.0 }).collect::<Vec<_>>()
    };
    let (rows, columns) = (shares(rows), shares(columns));
    let mut table = guess.to_vec();
    for _ in 0..ROUNDS {
        for (row, share) in table.iter_mut().zip(&rows) {
            let factor = ratio(*share, row.iter().sum());
            row.iter_mut().for_each(|cell| *cell *= factor);
        }
        for (place, share) in columns.iter().enumerate() {
            let factor = ratio(*share, table.iter().map(|row| row[place]).sum());
            table.iter_mut().for_each(|row| row[place] *= factor);
        }
    }
    table
}

/// `wanted / found`; 0 if `found` is 0.
pub(super) fn ratio(wanted: f64, found: f64) -> f64 {
    if found > 0.0 { wanted / found } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_totals_are_met_and_the_odds_stay() {
        let guess = vec![vec![8.0, 1.0], vec![1.0, 4.0], vec![1.0, 1.0]];
        let table = fit(&guess, &[50.0, 50.0, 0.0], &[30.0, 70.0]);
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{table:?}");
        near(table[0][0] + table[0][1], 0.5);
        near(table[0][0] + table[1][0], 0.3);
        near(table[2][0] + table[2][1], 0.0);
        let odds = table[0][0] * table[1][1] / (table[0][1] * table[1][0]);
        assert!((odds - 32.0).abs() < 1e-6, "{odds}");
    }
}
