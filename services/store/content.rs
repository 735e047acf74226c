//! Reference content as the log and sled have it. A long file is there once, deflated: a later configuration that has the same file names
//! the position of the one that brought it, so that a change of partners does not write England again.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::{Read as _, Write as _};
use std::sync::Arc;

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use prost::Message as _;

use super::error::{StoreError, damaged};
use super::keys;
use super::tree::Rows;
use crate::domain::codes::Content;
use crate::proto::store::{Configuration, ConfigurationFile, ConfigurationRow};

/// Files from this length on are deflated, and named by later configurations.
const LONG: usize = 64 << 10;
/// Most bytes of a file, not deflated.
const MOST_BYTES: u64 = 64 << 20;

/// Where the long files of the content in force are: name, hash of the text, and log position of the configuration that has it.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept(BTreeMap<String, (Vec<u8>, u64)>);

impl Kept {
    /// The content of a configuration at a position is in force from now on.
    pub(super) fn now(&mut self, position: u64, configuration: &Configuration) {
        let long = configuration.files.iter().filter(|file| !file.hash.is_empty());
        let place = |file: &ConfigurationFile| match file.position {
            0 => position,
            earlier => earlier,
        };
        self.0 = long.map(|file| (file.name.clone(), (file.hash.to_vec(), place(file)))).collect();
    }

    fn position_of(&self, name: &str, hash: &[u8]) -> Option<u64> {
        self.0.get(name).filter(|(known, _)| known == hash).map(|(_, position)| *position)
    }
}

/// Reference content as a configuration. What is kept is named by its position.
pub(super) fn configuration(content: &Content, kept: &Kept) -> Configuration {
    let file = |(name, text): (&str, &str)| {
        let name = name.to_owned();
        if text.len() < LONG {
            return ConfigurationFile { name, content: text.to_owned(), ..Default::default() };
        }
        let packed = content.packed(&name);
        let hash = packed.map_or_else(|| *blake3::hash(text.as_bytes()).as_bytes(), |of| of.hash);
        let hash = hash.to_vec();
        let position = kept.position_of(&name, &hash).unwrap_or_default();
        let deflated = match (position, packed) {
            (0, Some(packed)) => packed.deflated.to_vec(),
            (0, None) => deflated(text),
            _ => Vec::new(),
        };
        let (deflated, hash) = (deflated.into(), hash.into());
        ConfigurationFile { name, deflated, hash, position, content: String::new() }
    };
    Configuration { files: content.files().map(file).collect() }
}

/// The content of a configuration. `earlier` has the configuration of an earlier position.
///
/// # Errors
/// A file cannot be read, or is not the one that was written.
pub(super) fn content_of(
    configuration: Configuration,
    earlier: impl Fn(u64) -> Result<Configuration, StoreError>,
) -> Result<Content, StoreError> {
    let (mut files, mut read) = (Vec::new(), BTreeMap::new());
    for file in configuration.files {
        let text: Arc<str> = if file.hash.is_empty() {
            file.content.into()
        } else if let Some(embedded) = Content::embedded_text(&file.name, &file.hash) {
            embedded
        } else if file.position == 0 {
            inflated(&file)?
        } else {
            let from = match read.entry(file.position) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(earlier(file.position)?),
            };
            let same = |of: &&ConfigurationFile| of.name == file.name && of.hash == file.hash;
            let found = from.files.iter().find(same).filter(|of| of.position == 0);
            let missing = || damaged(format!("{} is not at position {}", file.name, file.position));
            inflated(found.ok_or_else(missing)?)?
        };
        files.push((file.name, text));
    }
    Ok(Content::exactly(files))
}

/// The configuration that came at a log position.
///
/// # Errors
/// Its rows cannot be read.
pub(super) fn configuration_at(rows: &Rows, position: u64) -> Result<Configuration, StoreError> {
    let bytes = rows.joined(&keys::contents(position))?;
    let row = ConfigurationRow::decode(bytes.as_slice()).map_err(damaged)?;
    row.configuration.ok_or_else(|| damaged(format!("the content of position {position} is gone")))
}

fn deflated(text: &str) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    let written = encoder.write_all(text.as_bytes());
    written.and_then(|()| encoder.finish()).expect("writing into memory does not fail")
}

fn inflated(file: &ConfigurationFile) -> Result<Arc<str>, StoreError> {
    let mut text = String::new();
    DeflateDecoder::new(&file.deflated[..])
        .take(MOST_BYTES)
        .read_to_string(&mut text)
        .map_err(damaged)?;
    if blake3::hash(text.as_bytes()).as_bytes()[..] != file.hash[..] {
        return Err(damaged(format!("{} has another hash than it was written with", file.name)));
    }
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing_earlier(position: u64) -> Result<Configuration, StoreError> {
        Err(damaged(position))
    }

    #[test]
    fn a_long_file_is_written_once_and_found_again() {
        let first = Content::embedded();
        let mut kept = Kept::default();
        let written = configuration(&first, &kept);
        kept.now(2, &written);
        let bytes = Configuration::encoded_len;
        assert!(bytes(&written) < 1_500_000, "{}", bytes(&written));
        assert_eq!(content_of(written.clone(), nothing_earlier).unwrap(), first);

        let second = first.clone().and("targets.toml", String::new());
        let short = configuration(&second, &kept);
        assert!(bytes(&short) + 500_000 < bytes(&written), "{}", bytes(&short));
        kept.now(7, &short);
        let third = configuration(&first, &kept);
        let at = |position| match position {
            2 => Ok(written.clone()),
            other => nothing_earlier(other),
        };
        assert_eq!(content_of(short, at).unwrap(), second);
        assert_eq!(content_of(third.clone(), at).unwrap(), first, "names 2, never 7");
        let written_by_others = |mut of: Configuration| {
            of.files.retain(|file| file.name == "organisations.csv");
            of
        };
        assert!(content_of(written_by_others(third), nothing_earlier).is_err());

        let other = first.and("lsoa.csv", "x".repeat(LONG));
        assert!(configuration(&other, &kept).files.iter().any(|file| {
            file.name == "lsoa.csv" && file.position == 0 && !file.deflated.is_empty()
        }));
    }

    #[test]
    fn a_file_that_is_not_the_one_written_is_damage() {
        let content = Content::exactly([("a.csv".to_owned(), "a,b\n".repeat(LONG))]);
        let written = configuration(&content, &Kept::default());
        let mut other = written.clone();
        other.files[0].hash = vec![7; 32].into();
        assert!(content_of(other, nothing_earlier).is_err());
        let mut cut = written;
        cut.files[0].deflated = cut.files[0].deflated.slice(..20);
        assert!(content_of(cut, nothing_earlier).is_err());
    }
}
