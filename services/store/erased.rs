//! Applying erasures to the rows: versions without data, and what is known of the erasures.

use prost::Message as _;

use super::erasure::Erasure;
use super::error::{StoreError, damaged};
use super::keys;
use super::log::Entry;
use super::state::{Applied, State, parts};
use super::tree::{Row, VALUE_BYTES};
use crate::domain::cube::Directory;
use crate::proto::store::{Erase, ErasureRow, RequestRow, SubmissionMeta, VersionRow};

impl State {
    /// What is left of a commit whose payload was erased: a version without data.
    pub(super) fn erased(&mut self, entry: &Entry) -> Result<Applied, StoreError> {
        let meta = SubmissionMeta::decode(entry.payload.as_slice()).map_err(damaged)?;
        let mut new_ids = Vec::new();
        let slot = self.slot(&meta, &mut new_ids)?;
        let version = self.lock().versions(&slot).last().map_or(0, |last| last.version) + 1;
        let version_key = keys::version(&slot, version);
        let request = RequestRow {
            content_hash: meta.content_hash.clone(),
            position: entry.place.position,
            version_key: version_key.clone().into(),
        };
        let request_key = keys::request(&meta.caller, &meta.request_id);
        let row = VersionRow {
            position: entry.place.position,
            time_millis: entry.time_millis,
            meta: Some(meta),
            directory: Directory::default().encode(&[]).into(),
            first_value: self.next_value,
            erased: true,
        };
        let mut rows = parts(keys::VERSION, &version_key, &row.encode_to_vec());
        rows.push((request_key, request.encode_to_vec()));
        for (kind, code, number) in &new_ids {
            rows.push((keys::id(*kind, code), number.to_be_bytes().to_vec()));
        }
        self.tree.commit(&rows, entry.place)?;
        let mut catalog = self.lock();
        for (kind, code, number) in new_ids {
            catalog.set_number(kind, &code, number);
        }
        Ok(Applied::Submitted(catalog.add(slot, version, &row)?))
    }

    /// An erasure. The payloads are gone before it is applied: rows that were made out of them are of a state that must not go on.
    pub(super) fn erase(&mut self, entry: &Entry) -> Result<Applied, StoreError> {
        let payload = Erase::decode(entry.payload.as_slice()).map_err(damaged)?;
        let request = RequestRow {
            content_hash: payload.content_hash.clone(),
            position: entry.place.position,
            version_key: Vec::new().into(),
        };
        let request_key = keys::request(&payload.caller, &payload.request_id);
        let row = ErasureRow { time_millis: entry.time_millis, erase: Some(payload) };
        let erasure = Erasure::of_row(entry.place.position, &row, &self.lock())?;
        let bytes = row.encode_to_vec();
        let parts = bytes.chunks(VALUE_BYTES).zip(0u32..);
        let parts: Vec<Row> = parts
            .map(|(part, n)| (keys::erasure(entry.place.position, n), part.to_vec()))
            .collect();
        self.tree.write(&parts)?;
        self.tree.commit(&[(request_key, request.encode_to_vec())], entry.place)?;
        self.lock().erased(erasure);
        Ok(Applied::Erased)
    }
}
