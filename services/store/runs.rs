//! The data of a submission as the log has it: one run of bytes for each field, cut into the payloads of chunk entries.
//!
//! Columns and weights are runs of numbers, as in a pack; person keys are 64 bits each, which cannot be made smaller.

use std::collections::BTreeMap;

use prost::Message;

use super::error::{StoreError, damaged};
use super::estimates;
use crate::domain::cube::encode_column;
use crate::domain::field::number;
use crate::domain::submission::Draft;
use crate::proto::store::{Block, Chunk};

/// Most bytes of runs in one chunk entry. The log's limit is 256 KiB, framing included.
const CHUNK_BYTES: usize = 240 << 10;

/// The bytes of each field, by number.
pub(super) type Runs = BTreeMap<u32, Vec<u8>>;

/// The runs of a draft.
pub(super) fn of_draft(draft: &Draft) -> Runs {
    let records = usize::try_from(draft.accepted_count).unwrap_or(usize::MAX);
    let mut runs: Runs = draft
        .columns
        .iter()
        .map(|column| {
            // Who reads must not wait for all of this at once.
            std::thread::yield_now();
            (column.field.number().into(), encode_column(&column.packed, records))
        })
        .collect();
    runs.insert(number::WEIGHT.into(), encode_column(&draft.weights, records));
    runs.extend(draft.persons.iter().map(|keys| (number::PERSON.into(), keys.data.clone())));
    runs.extend(draft.estimates.iter().map(|e| (number::ESTIMATES.into(), estimates::bytes(e))));
    runs.retain(|_, run| !run.is_empty());
    runs
}

/// The payloads of the chunk entries of these runs.
pub(super) fn chunks(runs: &Runs) -> Vec<Vec<u8>> {
    let (mut chunks, mut open, mut room) = (Vec::new(), Chunk::default(), CHUNK_BYTES);
    for (field, run) in runs {
        let mut rest = run.as_slice();
        while !rest.is_empty() {
            if room == 0 {
                chunks.push(std::mem::take(&mut open).encode_to_vec());
                room = CHUNK_BYTES;
            }
            let (data, behind) = rest.split_at(rest.len().min(room));
            open.blocks.push(Block { field: *field, data: data.to_vec().into() });
            room -= data.len();
            rest = behind;
        }
    }
    if !open.blocks.is_empty() {
        chunks.push(open.encode_to_vec());
    }
    chunks
}

/// The runs out of the payloads of their chunk entries.
pub(super) fn joined<'a>(payloads: impl Iterator<Item = &'a [u8]>) -> Result<Runs, StoreError> {
    let mut runs = Runs::new();
    for payload in payloads {
        for block in Chunk::decode(payload).map_err(damaged)?.blocks {
            runs.entry(block.field).or_default().extend_from_slice(&block.data);
        }
    }
    Ok(runs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::log::EntryKind;

    #[test]
    fn runs_come_back_from_chunks_of_bounded_size() {
        for lengths in [vec![], vec![1], vec![CHUNK_BYTES], vec![3, CHUNK_BYTES * 3 + 1, 5, 70_000]]
        {
            let runs: Runs = (1..)
                .zip(&lengths)
                .map(|(field, length)| (field, (0..=250).cycle().take(*length).collect()))
                .collect();
            let chunks = chunks(&runs);
            let limit = EntryKind::Chunk.payload_limit();
            assert!(chunks.iter().all(|chunk| chunk.len() <= limit));
            let bytes: usize = lengths.iter().sum();
            assert_eq!(chunks.len(), bytes.div_ceil(CHUNK_BYTES));
            assert_eq!(joined(chunks.iter().map(Vec::as_slice)).unwrap(), runs);
        }
    }
}
