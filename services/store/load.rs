//! Loading: the pass over all rows at the start, which also checks them, collects what has to be in memory.

use prost::Message;

use super::keys::{self, IdKind, Slot};
use super::tree::Row;
use crate::domain::codes::Content;
use crate::proto::store::{AssessmentRow, Configuration, Genesis, WithdrawalRow};

/// Rows that the pass has found, by kind.
#[derive(Default)]
pub(super) struct Load {
    /// Reference content: log position, and its rows in order.
    contents: Vec<(u64, Vec<Row>)>,
    pub(super) genesis: Option<Genesis>,
    pub(super) ids: Vec<(IdKind, String, u32)>,
    pub(super) versions: Vec<(Slot, u32, Vec<u8>)>,
    pub(super) withdrawals: Vec<(Slot, u32, WithdrawalRow)>,
    pub(super) assessments: Vec<(u64, AssessmentRow)>,
    pub(super) left_over: Vec<Row>,
}

impl Load {
    pub(super) fn row(&mut self, key: &[u8], value: &[u8]) {
        let Some((prefix, rest)) = key.split_first() else { return };
        let kept = match *prefix {
            keys::CONTENT => self.content_part(key, value),
            keys::ID => self.id(rest, value),
            keys::VERSION => self.version_part(rest, value),
            keys::WITHDRAWAL => self.withdrawal(rest, value),
            keys::ASSESSMENT => self.assessment(rest, value),
            keys::PROBLEMS => {
                keys::read_version(rest).is_some_and(|(slot, v, _)| self.stands(&slot, v))
            }
            keys::ROLLUP | keys::BLOCK => {
                keys::read_column(rest).is_some_and(|(slot, v)| self.stands(&slot, v))
            }
            _ => true,
        };
        if !kept {
            self.left_over.push((key.to_vec(), value.to_vec()));
        }
    }

    /// Whether a version is visible. The order of keys puts every version before its roll-ups and blocks.
    fn stands(&self, slot: &Slot, version: u32) -> bool {
        self.versions.binary_search_by(|(s, v, _)| (s, v).cmp(&(slot, &version))).is_ok()
    }

    fn content_part(&mut self, key: &[u8], value: &[u8]) -> bool {
        let Some((position, _)) = key[1..].split_first_chunk::<8>() else { return false };
        let position = u64::from_be_bytes(*position);
        let row = (key.to_vec(), value.to_vec());
        match self.contents.last_mut() {
            _ if position == 0 => self.genesis = Genesis::decode(value).ok(),
            Some((at, rows)) if *at == position => rows.push(row),
            _ => self.contents.push((position, vec![row])),
        }
        true
    }

    fn id(&mut self, key: &[u8], value: &[u8]) -> bool {
        let kinds = [IdKind::Collection, IdKind::Organisation];
        let Some((kind, code)) = key.split_first() else { return false };
        let kind = kinds.into_iter().find(|known| *known as u8 == *kind);
        let number = value.try_into().map(u32::from_be_bytes).ok();
        let Some((kind, number)) = kind.zip(number) else { return false };
        self.ids.push((kind, String::from_utf8_lossy(code).into_owned(), number));
        true
    }

    fn version_part(&mut self, key: &[u8], value: &[u8]) -> bool {
        let Some((slot, version, part)) = keys::read_version(key) else { return false };
        if part == 0u32.to_be_bytes() {
            self.versions.push((slot, version, value.to_vec()));
            return true;
        }
        match self.versions.last_mut() {
            Some((s, v, bytes)) if (*s, *v) == (slot, version) => {
                bytes.extend_from_slice(value);
                true
            }
            _ => false,
        }
    }

    fn withdrawal(&mut self, key: &[u8], value: &[u8]) -> bool {
        let Some((slot, version, _)) = keys::read_version(key) else { return false };
        let Ok(row) = WithdrawalRow::decode(value) else { return false };
        self.withdrawals.push((slot, version, row));
        true
    }

    fn assessment(&mut self, key: &[u8], value: &[u8]) -> bool {
        let Ok(position) = key.try_into().map(u64::from_be_bytes) else { return false };
        let Ok(row) = AssessmentRow::decode(value) else { return false };
        self.assessments.push((position, row));
        true
    }

    /// The latest reference content at or before the applied position, and its position. The embedded content and 0 if there
    /// is none. Rows of later content are left over from an entry whose application was interrupted.
    pub(super) fn content(&mut self, applied: u64) -> (u64, Content) {
        let applied = self.contents.partition_point(|(position, _)| *position <= applied);
        for (_, rows) in self.contents.split_off(applied) {
            self.left_over.extend(rows);
        }
        let Some((position, rows)) = self.contents.last() else { return (0, Content::embedded()) };
        let bytes: Vec<u8> = rows.iter().flat_map(|(_, value)| value.clone()).collect();
        match Configuration::decode(bytes.as_slice()) {
            Ok(found) if !bytes.is_empty() => {
                let files = found.files.into_iter().map(|file| (file.name, file.content));
                (*position, Content::exactly(files))
            }
            _ => (0, Content::embedded()),
        }
    }
}
