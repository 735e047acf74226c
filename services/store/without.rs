//! A submission without the records of one person.

use prost::Message as _;

use super::error::{StoreError, damaged};
use super::pack::{packed, person_keys, words};
use super::runs::Runs;
use crate::domain::cube::{Packed, encode_column, encode_words};
use crate::domain::field::{Field, number};
use crate::proto::store::{ColumnMeta, SubmissionMeta};

/// A description and its runs without the records of a person; none: no record is left. With them, how many records the person has.
/// What a receipt says of single rows goes too: nobody knows of whom it was.
pub(super) fn without(
    meta: &SubmissionMeta,
    runs: &Runs,
    key: u64,
) -> Result<(Option<(SubmissionMeta, Runs)>, u64), StoreError> {
    let records = usize::try_from(meta.accepted_count).map_err(damaged)?;
    let persons = person_keys(runs, records)?;
    let stays: Vec<bool> = persons.iter().map(|of| *of != key).collect();
    let left = stays.iter().filter(|stays| **stays).count();
    let gone = (records - left) as u64;
    if left == 0 {
        return Ok((None, gone));
    }
    let kept = |at: &usize| stays[*at];
    let mut new =
        SubmissionMeta { columns: Vec::new(), accepted_count: left as u64, ..meta.clone() };
    (new.problems, new.readings) = (Vec::new(), Vec::new());
    (new.total_count, new.suppressed_count) = (left as u64, 0);
    let mut new_runs = Runs::new();
    for column in &meta.columns {
        let (of, packed_column) = match u8::try_from(column.field) {
            Ok(number::PERSON) => {
                let keys: Vec<u64> = persons.iter().copied().filter(|of| *of != key).collect();
                let keys = Packed::keys(&keys);
                new_runs.insert(column.field, keys.data);
                (ColumnMeta { width: keys.width.into(), ..column.clone() }, None)
            }
            Ok(number::WEIGHT) => {
                let weights = packed(column, runs, records)?;
                let weights = (0..records).filter(kept).map(|at| u32::try_from(weights.number(at)));
                let weights: Vec<u32> = weights.collect::<Result<_, _>>().map_err(damaged)?;
                new.total_count = weights.iter().copied().map(u64::from).sum();
                let weights = Packed::weights(&weights);
                if weights.width == 0 {
                    continue;
                }
                (ColumnMeta { width: weights.width.into(), ..column.clone() }, Some(weights))
            }
            _ => {
                let all = words(column)?;
                let indices = packed(column, runs, records)?.unpacked(records);
                let indices: Vec<u16> = (0..records).filter(kept).map(|at| indices[at]).collect();
                let (all, indices) = only_those_that_occur(&all, &indices);
                if column.field == u32::from(Field::Suppressed.number()) {
                    let is_one = |index: &&u16| !all[usize::from(**index)].starts_with('!');
                    new.suppressed_count = indices.iter().filter(is_one).count() as u64;
                }
                let packed = Packed::indices(indices.iter().copied(), all.len());
                let of = ColumnMeta {
                    field: column.field,
                    width: packed.width.into(),
                    value_count: u32::try_from(all.len()).map_err(damaged)?,
                    values: encode_words(&all).into(),
                };
                (of, Some(packed))
            }
        };
        if let Some(packed) = packed_column {
            new_runs.insert(column.field, encode_column(&packed, left));
        }
        new.columns.push(of);
    }
    new_runs.retain(|_, run| !run.is_empty());
    Ok((Some((new, new_runs)), gone))
}

/// The words that some index names, and the indices into these: a word of the person alone must not stay.
fn only_those_that_occur(words: &[String], indices: &[u16]) -> (Vec<String>, Vec<u16>) {
    let mut place = vec![None; words.len()];
    indices.iter().for_each(|index| place[usize::from(*index)] = Some(0u16));
    let mut kept = Vec::new();
    for (word, place) in words.iter().zip(&mut place) {
        if let Some(place) = place {
            *place = u16::try_from(kept.len()).unwrap_or(u16::MAX);
            kept.push(word.clone());
        }
    }
    let indices = indices.iter().map(|index| place[usize::from(*index)].unwrap_or(0)).collect();
    (kept, indices)
}

/// Whether a submission has records of a person.
pub(super) fn has(meta: &SubmissionMeta, runs: &Runs, key: u64) -> Result<bool, StoreError> {
    let records = usize::try_from(meta.accepted_count).map_err(damaged)?;
    Ok(person_keys(runs, records)?.contains(&key))
}

/// Whether runs that are no submission, because some of them may be missing, have a person.
pub(super) fn is_in(runs: &Runs, key: u64) -> bool {
    let persons = runs.get(&u32::from(number::PERSON)).map_or(&[][..], Vec::as_slice);
    persons.windows(8).any(|window| window == key.to_le_bytes())
}

/// Gives what is left of a submission an id and a hash of its own, out of those of the erasure.
pub(super) fn renamed(meta: &mut SubmissionMeta, caller: &str, request_id: &str) {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"without a person").update(request_id.as_bytes());
    let hash = *hasher.update(&meta.encode_to_vec()).finalize().as_bytes();
    let mut id = [0; 16];
    id.copy_from_slice(&hash[16..]);
    meta.request_id = uuid::Builder::from_random_bytes(id).into_uuid().to_string();
    caller.clone_into(&mut meta.caller);
    meta.content_hash = hash.to_vec().into();
}
