//! The numbers of a publication as they are shown: each alone, some as one, some not at all.

use super::{Draft, Merged, Settled, Shown};
use crate::domain::disclosure::attack::{MOST, Sum};
use crate::domain::disclosure::{Protection, TrueCount, public};

/// One number, or several that are shown as one.
pub(super) struct Part {
    numbers: Vec<usize>,
    pub(super) cells: Vec<usize>,
    pub(super) shown: Shown,
    /// True count: what is lost if it is withheld.
    pub(super) volume: u64,
}

impl Part {
    fn new(draft: &Draft, numbers: Vec<usize>) -> Self {
        let mut cells: Vec<usize> =
            numbers.iter().flat_map(|number| &draft.numbers[*number].cells).copied().collect();
        cells.sort_unstable();
        let count: TrueCount = cells.iter().map(|cell| draft.cells[*cell]).sum();
        let shown = Protection::Rounded.see(count).map_or(Shown::Few, Shown::Count);
        Self { numbers, cells, shown, volume: count.count() }
    }

    /// What a reader learns of the sum of its cells; none: nothing.
    pub(super) fn tells(&self) -> Option<Sum> {
        let (low, high) = match self.shown {
            Shown::Coarsened | Shown::Merged(_) => return None,
            Shown::Count(count) => public::reveals(Some(count)),
            Shown::Few => match public::reveals(None) {
                // Many consultations of few persons.
                (low, high) if self.volume > high => (low, MOST),
                both => both,
            },
        };
        Some(Sum { cells: self.cells.clone(), low, high })
    }
}

/// All of them.
pub(super) struct Parts<'a> {
    draft: &'a Draft,
    pub(super) all: Vec<Part>,
}

impl<'a> Parts<'a> {
    pub(super) fn new(draft: &'a Draft) -> Self {
        let all = (0..draft.numbers.len()).map(|number| Part::new(draft, vec![number])).collect();
        Self { draft, all }
    }

    /// Makes the cheapest number coarser that tells something of some cells, and gives its cells. A shown number becomes one with a shown
    /// sibling, once; everything else tells nothing any more. None: nothing is told of these cells.
    pub(super) fn coarsen(&mut self, cells: &[usize]) -> Option<Vec<usize>> {
        let tells = |part: &Part| {
            part.shown != Shown::Coarsened
                && part.cells.iter().any(|cell| cells.binary_search(cell).is_ok())
        };
        let places = (0..self.all.len()).filter(|place| tells(&self.all[*place]));
        let place = places.min_by_key(|place| self.all[*place].volume)?;
        let Some(sibling) = self.sibling(place) else {
            self.all[place].shown = Shown::Coarsened;
            return Some(self.all[place].cells.clone());
        };
        let mut numbers = self.all[place].numbers.clone();
        numbers.extend_from_slice(&self.all[sibling].numbers);
        numbers.sort_unstable();
        let one = Part::new(self.draft, numbers);
        let cells = one.cells.clone();
        self.all[place] = one;
        self.all.remove(sibling);
        Some(cells)
    }

    /// Where the part is that this one may become one with: both are shown numbers of their own.
    fn sibling(&self, place: usize) -> Option<usize> {
        let alone = |part: &Part| match part.numbers[..] {
            [number] if matches!(part.shown, Shown::Count(_)) => Some(number),
            _ => None,
        };
        let siblings = &self.draft.numbers[alone(&self.all[place])?].siblings;
        siblings
            .iter()
            .find_map(|wanted| self.all.iter().position(|part| alone(part) == Some(*wanted)))
    }

    /// What is published.
    pub(super) fn settled(self) -> Settled {
        let (mut shown, mut merged) = (vec![Shown::Few; self.draft.numbers.len()], Vec::new());
        for part in self.all {
            if let [number] = part.numbers[..] {
                shown[number] = part.shown;
                continue;
            }
            part.numbers.iter().for_each(|number| shown[*number] = Shown::Merged(merged.len()));
            merged.push(Merged { numbers: part.numbers, shown: part.shown });
        }
        Settled { shown, merged }
    }
}
