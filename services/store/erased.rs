//! Applying erasures to the rows: versions without data, and what is known of the erasures.

use prost::Message as _;

use super::catalog::Catalog;
use super::erasure::{Erased, Erasure, ErasureKind};
use super::error::{StoreError, damaged};
use super::keys;
use super::log::Entry;
use super::state::{Applied, State, parts};
use super::tree::{Row, VALUE_BYTES};
use crate::domain::collection::Dataset;
use crate::domain::cube::Directory;
use crate::domain::period::Month;
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

impl Erasure {
    /// The erasure of its rows. Every version that it names has to be without data.
    pub(super) fn of_row(
        position: u64,
        row: &ErasureRow,
        catalog: &Catalog,
    ) -> Result<Self, StoreError> {
        let empty = Erase::default();
        let made = row.erase.as_ref().unwrap_or(&empty);
        let wrong = || damaged(format!("the erasure at {position} cannot be read"));
        let kind = ErasureKind::of(made.kind).ok_or_else(wrong)?;
        let versions = made.versions.iter().map(|of| {
            let left = of.left.as_ref().ok_or_else(wrong)?;
            let dataset = Dataset::from_number(left.dataset).ok_or_else(wrong)?;
            let month = Month::from_number(left.month).ok_or_else(wrong)?;
            let slot = catalog.slot(&left.collection, &left.organisation, dataset, month);
            let slot = slot.ok_or_else(wrong)?;
            let versions = catalog.versions(&slot);
            let found = versions.iter().find(|found| found.position == of.position);
            if !found.is_some_and(|found| found.is_erased) {
                return Err(damaged(format!("the rows have what was erased at {position}")));
            }
            let next = versions.iter().find(|found| found.position == of.replaced_by);
            Ok(Erased {
                slot,
                version: of.version,
                collection: left.collection.as_str().into(),
                organisation: left.organisation.as_str().into(),
                replaced_by: next.map(|next| next.version),
            })
        });
        Ok(Self {
            position,
            time_millis: row.time_millis,
            kind,
            reason: made.reason.clone(),
            request_id: made.request_id.clone(),
            record_count: made.record_count,
            versions: versions.collect::<Result<_, _>>()?,
        })
    }
}
