//! The bytes of a file: plain, gzipped, or the one member of a ZIP archive. Files of other programs are refused by name.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::bufread::{DeflateDecoder, MultiGzDecoder};
use zip::{CompressionMethod, ZipArchive};

use super::IngestError;

/// The bytes of a file, unpacked.
pub(super) type Bytes = Box<dyn BufRead + Send>;

const BUFFER: usize = 64 * 1024;
const GZIP: &[u8] = &[0x1f, 0x8b];
const ZIP: &[u8] = b"PK\x03\x04";

/// First bytes of files that are not text, and what such a file is.
const OTHERS: [(&[u8], &str); 5] = [
    (b"PK\x05\x06", "an empty ZIP archive"),
    (&[0xd0, 0xcf, 0x11, 0xe0], "an Excel workbook (.xls)"),
    (b"PAR1", "a Parquet file"),
    (b"%PDF", "a PDF document"),
    (b"SQLite format 3", "an SQLite database"),
];

/// How texts begin that are no table, in small letters, and what they are.
const TEXTS: [(&[u8], &str); 8] = [
    (b"<!doctype html", "a web page (HTML)"),
    (b"<html", "a web page (HTML)"),
    (b"<?xml", "an XML document"),
    (b"[{", "a JSON document"),
    (b"[\n", "a JSON document"),
    (b"[\r", "a JSON document"),
    (b"{\"", "a JSON document"),
    (b"{\n", "a JSON document"),
];

/// Opens a file. What is packed is recognised by its first bytes, not by its name.
pub(super) fn open(path: &Path) -> Result<Bytes, IngestError> {
    let failed = |source| IngestError::Open { path: path.to_owned(), source };
    let mut file = BufReader::with_capacity(BUFFER, File::open(path).map_err(failed)?);
    let start = file.fill_buf().map_err(failed)?;
    if start.starts_with(GZIP) {
        let text = BufReader::with_capacity(BUFFER, MultiGzDecoder::new(file));
        return Ok(Box::new(text));
    }
    if start.starts_with(ZIP) {
        return member(file.into_inner(), &failed);
    }
    if let Some((_, what)) = OTHERS.iter().find(|(bytes, _)| start.starts_with(bytes)) {
        return Err(IngestError::NotCsv { what: (*what).to_owned() });
    }
    let visible = start.trim_ascii_start();
    let visible = visible[..visible.len().min(14)].to_ascii_lowercase();
    if let Some((_, what)) = TEXTS.iter().find(|(begin, _)| visible.starts_with(begin)) {
        return Err(IngestError::NotCsv { what: (*what).to_owned() });
    }
    Ok(Box::new(file))
}

/// The one file in a ZIP archive.
fn member(
    archive: File,
    failed: &dyn Fn(std::io::Error) -> IngestError,
) -> Result<Bytes, IngestError> {
    let mut file = archive.try_clone().map_err(failed)?;
    let broken = |error: zip::result::ZipError| failed(error.into());
    let mut archive = ZipArchive::new(archive).map_err(broken)?;
    let names = archive.file_names().map(|name| name.map(std::borrow::Cow::into_owned));
    let names: Vec<String> = names.collect::<Result<_, _>>().map_err(broken)?;
    if names.iter().any(|name| name == "[Content_Types].xml") {
        return Err(IngestError::NotCsv {
            what: "an Excel workbook or another Office file".into(),
        });
    }
    // A Mac adds a folder of its own to every archive.
    let is_file = |name: &String| !name.ends_with('/') && !name.starts_with("__MACOSX/");
    let files: Vec<&String> = names.iter().filter(|name| is_file(name)).collect();
    let [name] = files[..] else {
        return Err(IngestError::Archive { files: files.into_iter().cloned().collect() });
    };
    let found = archive.by_name(name).map_err(broken)?;
    let start = found.data_start().ok_or_else(|| failed(damaged()))?;
    let check = Checked { bytes: (), hasher: crc32fast::Hasher::new(), expected: found.crc32() };
    file.seek(SeekFrom::Start(start)).map_err(failed)?;
    let packed = BufReader::with_capacity(BUFFER, file.take(found.compressed_size()));
    Ok(if found.compression() == CompressionMethod::Deflated {
        Box::new(check.of(DeflateDecoder::new(packed)))
    } else {
        Box::new(check.of(packed))
    })
}

/// Bytes whose checksum is compared at their end.
struct Checked<R> {
    bytes: R,
    hasher: crc32fast::Hasher,
    expected: u32,
}

impl Checked<()> {
    fn of<R: Read>(self, bytes: R) -> BufReader<Checked<R>> {
        let Self { hasher, expected, .. } = self;
        BufReader::with_capacity(BUFFER, Checked { bytes, hasher, expected })
    }
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.bytes.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        if read == 0 && !buffer.is_empty() && self.hasher.clone().finalize() != self.expected {
            return Err(damaged());
        }
        Ok(read)
    }
}

fn damaged() -> std::io::Error {
    std::io::Error::other("the ZIP archive is damaged; pack it again")
}
