//! The inner axes of a plan as one column: what each record adds to its cell within a row.
//!
//! The column depends neither on the dimension of the rows nor on conditions. It is worked out once a month and kept as columns are. Questions by
//! other dimensions read it in place of the columns that it is made of. Only combinations that occur get a place in the table. A month numbers
//! those that occur in it, so that its column has few bytes, and is read with what each of its numbers means.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::crosstab::Coded;
use super::plan::{Derived, On, Plan, PlanAxis, PlanMonth};
use crate::domain::cube::{Adds, Codes, Cube, Records, Stretch, Term};
use crate::domain::field::Field;
use crate::engine::slabs::{Kind, Worked};
use crate::engine::{Engine, QueryError};
use crate::store::StoreError;

/// A plan whose inner axes are one column.
pub(super) struct InnerColumn {
    /// The plan, with the column as its last axis.
    pub(super) plan: Plan,
    /// The combination of each place of this axis: the number of a cell of the inner axes.
    pub(super) cells: Vec<u32>,
    /// Bytes in memory of the column, with the combinations.
    pub(super) bytes: usize,
}

/// What the column is made of: fields, what their codes add, and what their sum is looked up in if they say something together only.
struct Part<'a> {
    fields: Vec<(Field, &'a Adds)>,
    together: Option<&'a Adds>,
}

/// All that the column is made of.
struct Parts<'a> {
    of: Vec<Part<'a>>,
    /// Number of combinations.
    size: u32,
    /// Everything that decides the column, besides the records.
    hash: [u8; 32],
}

impl<'a> Parts<'a> {
    /// The parts of some axes; none: they were made for this question alone.
    fn new(axes: &'a [PlanAxis], adds: &'a [Adds], size: u32) -> Option<Self> {
        let part = |(axis, adds): (&'a PlanAxis, &'a Adds)| match &axis.on {
            On::Field(field, _) => Some(Part { fields: vec![(*field, adds)], together: None }),
            On::Together(of) => {
                let fields = of.fields.iter().map(|(field, adds)| (*field, adds)).collect();
                Some(Part { fields, together: Some(adds) })
            }
            On::Submission(_) | On::Derived(_) => None,
        };
        let of = axes.iter().zip(adds).map(part).collect::<Option<Vec<_>>>()?;
        let mut bytes = size.to_le_bytes().to_vec();
        for part in &of {
            let adds = part.fields.iter().map(|(_, adds)| *adds).chain(part.together);
            let fields = part.fields.iter().map(|(field, _)| field.number());
            bytes.extend((part.fields.len() as u64).to_le_bytes());
            bytes.push(u8::from(part.together.is_some()));
            bytes.extend(fields);
            for adds in adds {
                bytes.extend((adds.numbers().len() as u64).to_le_bytes());
                bytes.extend(adds.numbers().iter().flat_map(|number| number.to_le_bytes()));
            }
        }
        Some(Self { of, size, hash: *blake3::hash(&bytes).as_bytes() })
    }

    /// The number of the column of a month: the same only if it is made of the same.
    fn number(&self, plan: &Plan, month: &PlanMonth) -> u128 {
        let mut hasher = blake3::Hasher::new_keyed(&self.hash);
        for (field, _) in self.of.iter().flat_map(|part| &part.fields) {
            let made = plan.made.get(&(month.standing.slot.month, *field));
            hasher.update(&made.map_or(0, |made| made.number).to_le_bytes());
            hasher.update(&[u8::from(made.is_some())]);
        }
        hasher.finalize().as_bytes()[..16].try_into().map_or(0, u128::from_le_bytes)
    }

    /// The column of all records of a month.
    fn work(&self, engine: &Engine, plan: &Plan, month: &PlanMonth) -> Result<Worked, StoreError> {
        let column = |(field, _): &(Field, &Adds)| engine.codes(plan, month, *field);
        let columns = |part: &Part<'_>| part.fields.iter().map(column).collect();
        let columns: Vec<Vec<Arc<Codes>>> =
            self.of.iter().map(columns).collect::<Result<_, StoreError>>()?;
        let terms = self.of.iter().zip(&columns).flat_map(|(part, columns)| {
            let of = columns.iter().map(AsRef::as_ref);
            let of: Vec<_> = of.zip(part.fields.iter().map(|(_, adds)| *adds)).collect();
            match part.together {
                Some(adds) => vec![Term::Together(of, adds)],
                None => of.into_iter().map(|(codes, adds)| Term::Alone(codes, adds)).collect(),
            }
        });
        let records = month.standing.records();
        // The combinations that occur, in this order, and the place of each among them.
        let (mut occurring, mut places) = (Vec::new(), FxHashMap::default());
        let mut found = Vec::with_capacity(records);
        let stretches = vec![Stretch { records: 0..records, base: 0 }];
        Records { terms: terms.collect(), weights: &Codes::Same(1), stretches }.chunks(
            |_, cells| {
                found.extend(cells.iter().map(|cell| {
                    if *cell >= self.size {
                        return u32::MAX;
                    }
                    *places.entry(*cell).or_insert_with(|| {
                        occurring.push(*cell);
                        u32::try_from(occurring.len() - 1).unwrap_or(u32::MAX)
                    })
                }));
            },
        );
        // A record that is not counted has the code behind the last one.
        let behind = u32::try_from(occurring.len()).unwrap_or(u32::MAX);
        let mut codes = Codes::for_codes(behind, records);
        codes.extend(found.into_iter().map(|code| code.min(behind)));
        Ok(Worked { codes: Arc::new(codes), occurring: occurring.into(), marks: Vec::new() })
    }
}

impl Engine {
    /// The axes of a plan behind the first `outer` ones, with these codes, as one column. None: the plan is of a small part of the records, or an axis
    /// was made for this question alone, or says something else in other months. `kept`: bytes that the question needs besides.
    pub(super) fn inner_column(
        &self,
        plan: &Plan,
        outer: usize,
        coded: &[Coded],
        kept: usize,
    ) -> Result<Option<InnerColumn>, QueryError> {
        let axes = &plan.axes[outer..];
        // The column is of codes as the store has them.
        if axes.iter().filter_map(PlanAxis::field).any(|field| plan.spans.tell_apart(field)) {
            return Ok(None);
        }
        let own: usize = plan.months.iter().map(PlanMonth::records).sum();
        let records: usize = plan.months.iter().map(|month| month.standing.records()).sum();
        if own < records / 2 {
            return Ok(None);
        }
        let cube = Cube::new(coded.iter().map(|axis| axis.spread.len()).collect());
        let adds = |(axis, coded): (usize, &Coded)| {
            let stride = cube.stride(axis);
            Adds::new(coded.of_value.iter().map(|code| stride * code).collect())
        };
        let adds: Vec<_> = coded.iter().enumerate().map(adds).collect();
        let size = cube.size().and_then(|size| u32::try_from(size).ok());
        let Some(parts) = size.and_then(|size| Parts::new(axes, &adds, size)) else {
            return Ok(None);
        };
        let threads = &self.settings.threads;
        // Of each record: its code, its combination and the place of that, if all were different; and the columns that it is made of, which may have
        // to be made too.
        threads.room(kept + 4 * records * size_of::<u32>())?;
        let columns = threads.each(&plan.months, PlanMonth::records, |month| {
            let kind = Kind::Inner(parts.number(plan, month));
            self.slabs.worked(&month.standing, kind, || parts.work(self, plan, month))
        })?;
        let occurring = Occurring::new(&columns, parts.size);
        let months = plan.months.iter().map(|month| month.standing.slot.month);
        let derived = columns.iter().map(|column| Derived {
            codes: Arc::clone(&column.codes),
            places: Some(column.occurring.iter().map(|cell| occurring.place(*cell)).collect()),
        });
        let on = On::Derived(Arc::new(months.zip(derived).collect()));
        let cells = occurring.cells;
        let mut plan = plan.clone();
        plan.axes.truncate(outer);
        plan.axes.push(PlanAxis::computed(on, cells.len()));
        // Each combination of a month, and the place of it.
        let of_month = |column: &Arc<Worked>| column.codes.bytes() + column.occurring.len() * 8;
        let bytes = columns.iter().map(of_month).sum::<usize>() + cells.len() * size_of::<u32>();
        Ok(Some(InnerColumn { plan, cells, bytes }))
    }
}

/// The combinations that occur in any month, in the order in which they occur: often ones come early, so that their cells lie together.
struct Occurring {
    cells: Vec<u32>,
    /// One bit for each combination that there may be.
    bits: Vec<u64>,
    /// How many that occur have a bit before each of these words.
    before: Vec<u32>,
    /// The place of each that occurs, in the order of the bits.
    places: Vec<u32>,
}

impl Occurring {
    fn new(columns: &[Arc<Worked>], size: u32) -> Self {
        let mut bits = vec![0u64; size as usize / 64 + 1];
        let mut cells = Vec::new();
        for cell in columns.iter().flat_map(|column| column.occurring.iter().copied()) {
            let (word, bit) = (&mut bits[cell as usize / 64], 1 << (cell % 64));
            if *word & bit == 0 {
                *word |= bit;
                cells.push(cell);
            }
        }
        let (mut before, mut sum) = (Vec::with_capacity(bits.len()), 0);
        for word in &bits {
            before.push(sum);
            sum += word.count_ones();
        }
        let mut found = Self { places: vec![0; cells.len()], cells, bits, before };
        for (place, cell) in (0..).zip(&found.cells) {
            let rank = found.rank(*cell);
            found.places[rank] = place;
        }
        found
    }

    /// How many that occur have a smaller number.
    fn rank(&self, cell: u32) -> usize {
        let (word, below) = (cell as usize / 64, (1u64 << (cell % 64)) - 1);
        (self.before[word] + (self.bits[word] & below).count_ones()) as usize
    }

    /// The place of a combination that occurs.
    fn place(&self, cell: u32) -> u32 {
        self.places[self.rank(cell)]
    }
}
