//! Slabs out of the store. What an earlier state of the month has of the same submissions is copied, not read again.

use std::sync::Arc;

use super::cache::{Kind, Slab, Slabs};
use super::persons::PersonNumbers;
use crate::domain::cube::{Codes, NOBODY, RollupRow, RollupRows};
use crate::domain::field::{Field, number};
use crate::store::{NOT_COLLECTED_CODE, Reader, Standing, StoreError, Submission, code_of};

/// Where the slab of an earlier state of a month has the same submission.
fn same(earlier: &Standing, submission: &Submission) -> Option<usize> {
    let organisation = |of: &Arc<Submission>| of.slot.organisation;
    let place = earlier
        .submissions
        .binary_search_by_key(&submission.slot.organisation, organisation)
        .ok()?;
    (earlier.submissions[place].position == submission.position).then_some(place)
}

/// The codes of a column's words; those of a submission that does not collect the field.
fn codes_of(submission: &Submission, field: Field) -> Vec<u32> {
    submission.column(field).map_or_else(
        || vec![NOT_COLLECTED_CODE],
        |column| column.words.iter().map(|word| code_of(*word)).collect(),
    )
}

impl Slabs {
    fn codes(
        &self,
        standing: &Arc<Standing>,
        kind: Kind,
        empty: impl FnOnce() -> Codes,
        push: impl Fn(&mut Codes, &Submission) -> Result<(), StoreError>,
    ) -> Result<Arc<Codes>, StoreError> {
        let slab = self.get(standing, kind, |earlier| {
            let mut codes = empty();
            if matches!(codes, Codes::Same(_)) {
                return Ok(Slab::Codes(Arc::new(codes)));
            }
            for submission in &standing.submissions {
                let copied = earlier.is_some_and(|(earlier, slab)| {
                    let (Some(place), Slab::Codes(of)) = (same(earlier, submission), slab) else {
                        return false;
                    };
                    codes.copy(of, earlier.starts[place]..earlier.starts[place + 1])
                });
                if !copied {
                    push(&mut codes, submission)?;
                }
            }
            Ok(Slab::Codes(Arc::new(codes)))
        })?;
        match slab {
            Slab::Codes(codes) => Ok(codes),
            Slab::Rollup(_) | Slab::Worked(_) => Ok(Arc::new(Codes::Same(NOT_COLLECTED_CODE))),
        }
    }

    /// The codes of a field.
    pub(in crate::engine) fn field(
        &self,
        reader: &Reader,
        standing: &Arc<Standing>,
        field: Field,
    ) -> Result<Arc<Codes>, StoreError> {
        let empty = || match standing.occurring(field).as_ref() {
            [] => Codes::Same(NOT_COLLECTED_CODE),
            [only] => Codes::Same(*only),
            [.., greatest] => Codes::for_codes(*greatest, standing.records()),
        };
        self.codes(standing, Kind::Field(field), empty, |codes, submission| {
            let packed = reader.column(submission, field)?;
            codes.push(&packed, submission.records(), &codes_of(submission, field));
            Ok(())
        })
    }

    /// What each record stands for.
    pub(in crate::engine) fn weights(
        &self,
        reader: &Reader,
        standing: &Arc<Standing>,
    ) -> Result<Arc<Codes>, StoreError> {
        let width = standing.submissions.iter().map(|submission| submission.weight_width).max();
        let empty = || match width.unwrap_or(0) {
            0 => Codes::Same(1),
            width => Codes::for_codes(u32::MAX >> (32 - width.min(32)), standing.records()),
        };
        self.codes(standing, Kind::Weights, empty, |codes, submission| {
            let weights = reader.weights(submission)?;
            let numbers = (0..submission.records()).map(|record| weights.number(record));
            codes.extend(numbers.map(|weight| u32::try_from(weight).unwrap_or(u32::MAX)));
            Ok(())
        })
    }

    /// The records whose count its publisher suppressed: 1 for each of them, 0 for each other.
    pub(in crate::engine) fn suppressed(
        &self,
        reader: &Reader,
        standing: &Arc<Standing>,
    ) -> Result<Arc<Codes>, StoreError> {
        let any = standing.submissions.iter().any(|submission| submission.suppressed_count > 0);
        let empty = || if any { Codes::for_codes(1, standing.records()) } else { Codes::Same(0) };
        self.codes(standing, Kind::Suppressed, empty, |codes, submission| {
            // The words are sorted, and that of a record that says nothing of it comes first.
            let (field, mut of_word) = (Field::Suppressed, vec![0]);
            if let Some(column) = submission.column(field) {
                of_word.resize(column.words.len(), 0);
                of_word[column.words.len() - 1] = 1;
            }
            codes.push(&reader.column(submission, field)?, submission.records(), &of_word);
            Ok(())
        })
    }

    /// The key of each record.
    pub(in crate::engine) fn keys(
        &self,
        reader: &Reader,
        standing: &Arc<Standing>,
    ) -> Result<Arc<Codes>, StoreError> {
        let empty = || Codes::for_codes(u8::MAX.into(), standing.records());
        self.codes(standing, Kind::Keys, empty, |codes, submission| {
            let keys = reader.record_keys(submission)?;
            codes.extend(keys.data.iter().map(|key| u32::from(*key)));
            Ok(())
        })
    }

    /// The person of each record.
    pub(in crate::engine) fn of_persons(
        &self,
        reader: &Reader,
        standing: &Arc<Standing>,
        numbers: &PersonNumbers,
    ) -> Result<Arc<Codes>, StoreError> {
        let empty = || match standing.submissions.iter().any(|submission| submission.has_persons) {
            true => Codes::for_codes(u32::MAX, standing.records()),
            false => Codes::Same(NOBODY),
        };
        self.codes(standing, Kind::Persons(numbers.id), empty, |codes, submission| {
            let records = submission.records();
            if submission.has_persons {
                let keys = reader.persons(submission)?;
                let keys: Vec<_> = (0..records).map(|record| keys.number(record)).collect();
                codes.extend(numbers.number(&keys).into_iter());
            } else {
                codes.extend(std::iter::repeat_n(NOBODY, records));
            }
            Ok(())
        })
    }

    /// The roll-up of a field, or of none ([`number::TOTAL`]).
    pub(in crate::engine) fn rollup(
        &self,
        reader: &Reader,
        standing: &Arc<Standing>,
        field: Option<Field>,
    ) -> Result<Arc<RollupRows>, StoreError> {
        let of_field = field.map_or(number::TOTAL, Field::number);
        let slab = self.get(standing, Kind::Rollup(of_field), |earlier| {
            let earlier = earlier.and_then(|(standing, slab)| match slab {
                Slab::Rollup(rows) => Some((standing, rows.as_ref())),
                Slab::Codes(_) | Slab::Worked(_) => None,
            });
            let of = standing.submissions.iter().map(|submission| {
                let known =
                    earlier.and_then(|(earlier, of)| Some((same(earlier, submission)?, of)));
                match known {
                    Some((place, of)) => Ok((Arc::clone(of.of(place)), Some(place))),
                    None => Ok((rollup_rows(reader, submission, field)?, None)),
                }
            });
            let of = of.collect::<Result<Vec<_>, StoreError>>()?;
            Ok(Slab::Rollup(Arc::new(RollupRows::new(of, earlier.map(|(_, rows)| rows)))))
        })?;
        match slab {
            Slab::Rollup(rows) => Ok(rows),
            Slab::Codes(_) | Slab::Worked(_) => Ok(Arc::default()),
        }
    }
}

/// The roll-up of a submission, in codes. Where it does not collect the field, or has one word for it, that is its total.
fn rollup_rows(
    reader: &Reader,
    submission: &Submission,
    field: Option<Field>,
) -> Result<Arc<[RollupRow]>, StoreError> {
    let several = |field: &Field| submission.column(*field).is_some_and(|of| of.words.len() > 1);
    let of_field = field.filter(several).map_or(number::TOTAL, Field::number);
    let cells = reader.rollup(submission, of_field)?;
    let values = field.map_or_else(|| vec![NOT_COLLECTED_CODE], |f| codes_of(submission, f));
    let [channels, attendances] =
        [Field::Channel, Field::Attendance].map(|field| codes_of(submission, field));
    let decoded = cells.into_iter().filter_map(|(cell, count)| {
        let cell = cell as usize;
        let (attendance, rest) = (cell % attendances.len(), cell / attendances.len());
        let (channel, value) = (rest % channels.len(), rest / channels.len());
        Some(([*values.get(value)?, channels[channel], attendances[attendance]], count))
    });
    Ok(decoded.collect())
}
