//! The line of each record of a submission, as an editor shows it.

/// The file that records were read from, and the line of each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lines {
    /// Name of the file; empty if the records come from no file.
    pub file: String,
    /// Index and line of the first record of each run. The records of a run are on lines that follow one another.
    runs: Vec<(u64, u64)>,
    count: u64,
}

impl Lines {
    /// No lines yet, of this file.
    pub fn of_file(file: &str) -> Self {
        Self { file: file.to_owned(), ..Self::default() }
    }

    /// Notes that the records up to `count` are from this line.
    pub fn fill(&mut self, count: usize, line: u64) {
        while self.count < count as u64 {
            let follows = self.runs.last().is_some_and(|run| run.1 + (self.count - run.0) == line);
            if !follows {
                self.runs.push((self.count, line));
            }
            self.count += 1;
        }
    }

    /// The line of a record, by its index from 0.
    pub fn line(&self, index: u64) -> Option<u64> {
        let run = self.runs.partition_point(|run| run.0 <= index).checked_sub(1);
        let (first, line) = self.runs.get(run?).filter(|_| index < self.count)?;
        Some(line + (index - first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_has_the_line_that_it_came_from() {
        let mut lines = Lines::of_file("april.csv");
        // Empty lines in between, and two records of one line.
        for (count, line) in [(1, 2), (2, 3), (2, 4), (3, 7), (5, 8), (6, 9)] {
            lines.fill(count, line);
        }
        let found: Vec<_> = (0..7).map(|index| lines.line(index)).collect();
        assert_eq!(found, [Some(2), Some(3), Some(7), Some(8), Some(8), Some(9), None]);
        assert_eq!(Lines::default().line(0), None);
        let mut sorted = Lines::default();
        (0..1_000).for_each(|row| sorted.fill(row + 1, row as u64 + 2));
        assert_eq!(sorted.runs.len(), 1, "rows in order need little memory");
    }
}
