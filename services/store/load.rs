//! Loading: the pass over all rows at the start, which also checks them, collects what has to be in memory.

use prost::Message;

use super::content::{Kept, content_of};
use super::error::{StoreError, damaged};
use super::keys::{self, IdKind, Slot};
use super::pack::value_count;
use super::persons::{self, PersonKeys};
use super::stored::Submission;
use super::tree::Row;
use super::words::{self, Words};
use crate::domain::codes::Content;
use crate::domain::field::Field;
use crate::proto::store::{
    AssessmentRow, Configuration, ConfigurationRow, Genesis, ReleaseRow, WithdrawalRow,
};

/// All reference content of the log.
pub(super) struct Contents {
    /// Position and time of each.
    pub(super) times: Vec<(u64, u64)>,
    /// The last of them; the embedded content if there is none.
    pub(super) newest: Content,
    /// Where its long files are.
    pub(super) kept: Kept,
}

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
    pub(super) releases: Vec<(u64, ReleaseRow)>,
    /// Position and bytes.
    pub(super) erasures: Vec<(u64, Vec<u8>)>,
    /// Field, number and text of words, in order.
    words: Vec<(u8, u32, Vec<u8>)>,
    /// Scheme, number of the first, and person keys, in order.
    persons: Vec<(u16, u32, Vec<u64>)>,
    /// Number and length of the values of packs, in order.
    values: Vec<(u64, usize)>,
    pub(super) left_over: Vec<Row>,
}

impl Load {
    /// Takes a row. `applied`: position of the last entry whose application was finished.
    pub(super) fn row(&mut self, applied: u64, key: &[u8], value: &[u8]) {
        let Some((prefix, rest)) = key.split_first() else { return };
        let kept = match *prefix {
            keys::CONTENT => self.content_part(key, value),
            keys::ID => self.id(rest, value),
            keys::VERSION => self.version_part(rest, value),
            keys::WITHDRAWAL => self.withdrawal(rest, value),
            keys::ASSESSMENT => at_position(&mut self.assessments, rest, value),
            keys::ERASURE => self.erasure_part(applied, rest, value),
            keys::RELEASE => at_position(&mut self.releases, rest, value),
            keys::PROBLEMS => {
                keys::read_version(rest).is_some_and(|(slot, v, _)| self.stands(&slot, v))
            }
            keys::WORD => self.word_part(applied, rest, value),
            keys::PERSONS => self.persons(applied, rest, value),
            keys::PACK => self.pack_value(key, value),
            _ => true,
        };
        if !kept {
            self.left_over.push((key.to_vec(), value.to_vec()));
        }
    }

    fn word_part(&mut self, applied: u64, key: &[u8], value: &[u8]) -> bool {
        let Some((field, number, part)) = keys::read_word(key) else { return false };
        let Some((position, bytes)) = words::read_row(value) else { return false };
        if position > applied {
            return false;
        }
        match self.words.last_mut() {
            Some((f, n, text)) if part > 0 && (*f, *n) == (field, number) => {
                text.extend_from_slice(bytes);
            }
            _ => self.words.push((field, number, bytes.to_vec())),
        }
        true
    }

    fn persons(&mut self, applied: u64, key: &[u8], value: &[u8]) -> bool {
        let Some((scheme, first)) = keys::read_persons(key) else { return false };
        let Some((position, keys)) = persons::read_row(value) else { return false };
        if position <= applied {
            self.persons.push((scheme, first, keys));
        }
        position <= applied
    }

    fn erasure_part(&mut self, applied: u64, key: &[u8], value: &[u8]) -> bool {
        let Some((position, _)) = key.split_first_chunk::<8>() else { return false };
        let position = u64::from_be_bytes(*position);
        if position > applied {
            return false;
        }
        match self.erasures.last_mut() {
            Some((at, bytes)) if *at == position => bytes.extend_from_slice(value),
            _ => self.erasures.push((position, value.to_vec())),
        }
        true
    }

    fn pack_value(&mut self, key: &[u8], value: &[u8]) -> bool {
        let number = keys::read_pack(key);
        self.values.extend(number.map(|number| (number, value.len())));
        number.is_some()
    }

    /// Gives words and person keys their numbers. The rows have to have them without a gap.
    pub(super) fn number(
        &self,
        persons: &mut PersonKeys,
        words: &mut Words,
    ) -> Result<(), StoreError> {
        for (field, number, text) in &self.words {
            let known = Field::from_number((*field).into());
            let word = std::str::from_utf8(text).ok();
            let next = known.zip(word).is_some_and(|(field, word)| words.set(field, *number, word));
            next.then_some(()).ok_or_else(|| damaged(format!("word {number} of field {field}")))?;
        }
        for (scheme, first, keys) in &self.persons {
            if u32::try_from(persons.count(*scheme) + 1) != Ok(*first) {
                return Err(damaged(format!("the person keys of scheme {scheme} before {first}")));
            }
            persons.add(*scheme, keys);
        }
        Ok(())
    }

    /// Refuses a version without its whole pack.
    pub(super) fn has_pack(&self, submission: &Submission) -> Result<(), StoreError> {
        let (first, bytes) = (submission.first_value, submission.directory.bytes());
        let numbers = first..first.saturating_add(value_count(bytes));
        let found = self.values.partition_point(|(number, _)| *number < first);
        let found = self.values[found..].iter().take_while(|(number, _)| numbers.contains(number));
        let (count, sum) = found.fold((0, 0), |(count, sum), (_, len)| (count + 1, sum + len));
        let whole = numbers.end - numbers.start == count && sum == bytes;
        whole.then_some(()).ok_or_else(|| {
            let position = submission.position;
            damaged(format!("the version at log position {position} has not all rows of its pack"))
        })
    }

    /// Keys of the values behind this number: they are of an entry that was not applied to its end.
    pub(super) fn values_from(&self, next: u64) -> Vec<Vec<u8>> {
        let first = self.values.partition_point(|(number, _)| *number < next);
        self.values[first..].iter().map(|(number, _)| keys::pack(*number)).collect()
    }

    /// Whether a version is visible. The order of keys puts every version before the problems of its rows.
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
        let kinds = [IdKind::Collection, IdKind::Organisation, IdKind::Scheme];
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

    /// The reference content up to the applied position. Rows of later content are left over from an entry whose application was
    /// interrupted.
    pub(super) fn contents(&mut self, applied: u64) -> Result<Contents, StoreError> {
        let applied = self.contents.partition_point(|(position, _)| *position <= applied);
        for (_, rows) in self.contents.split_off(applied) {
            self.left_over.extend(rows);
        }
        let read = |(_, rows): &(u64, Vec<Row>)| -> Result<_, StoreError> {
            let bytes: Vec<u8> = rows.iter().flat_map(|(_, value)| value.clone()).collect();
            ConfigurationRow::decode(bytes.as_slice()).map_err(damaged)
        };
        let of = |rows: &_| Ok(read(rows)?.configuration.unwrap_or_default());
        let at = |position: u64| -> Result<Configuration, StoreError> {
            let found = self.contents.iter().find(|(known, _)| *known == position);
            found.map(of).transpose().map(Option::unwrap_or_default)
        };
        let (mut times, mut kept) = (Vec::new(), Kept::default());
        for rows in &self.contents {
            times.push((rows.0, read(rows)?.time_millis));
        }
        let Some(last) = self.contents.last() else {
            return Ok(Contents { times, newest: Content::embedded(), kept });
        };
        let newest = of(last)?;
        kept.now(last.0, &newest);
        Ok(Contents { times, newest: content_of(newest, at)?, kept })
    }
}

/// Adds a row whose key is a position, and says whether it could be read.
fn at_position<R: Message + Default>(rows: &mut Vec<(u64, R)>, key: &[u8], value: &[u8]) -> bool {
    let Ok(position) = key.try_into().map(u64::from_be_bytes) else { return false };
    let Ok(row) = R::decode(value) else { return false };
    rows.push((position, row));
    true
}
