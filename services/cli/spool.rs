//! Input that can be read once only, standard input or a pipe, as a file that can be read again.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::exit::Failure;

/// The name of standard input.
const STANDARD_INPUT: &str = "-";

/// Files that can be read more than once. Copies are deleted with this.
#[derive(Debug)]
pub(super) struct Spooled {
    /// In the order in which they were named.
    pub(super) files: Vec<PathBuf>,
    _copies: Vec<NamedTempFile>,
}

/// Copies what can be read once only.
///
/// # Errors
/// A file cannot be read, or its copy cannot be written.
pub(super) fn spool(named: &[PathBuf]) -> Result<Spooled, Failure> {
    let (mut files, mut copies) = (Vec::new(), Vec::new());
    if named.iter().filter(|name| is_standard_input(name)).count() > 1 {
        return Err(Failure::Usage("`-` is standard input and can be named once".to_owned()));
    }
    for name in named {
        let copy = if is_standard_input(name) {
            copy("standard-input-", io::stdin().lock())
        } else if is_pipe(name) {
            std::fs::File::open(name).and_then(|pipe| copy("pipe-", pipe))
        } else {
            files.push(name.clone());
            continue;
        };
        let copy = copy.map_err(|error| Failure::data(name, error))?;
        files.push(copy.path().to_owned());
        copies.push(copy);
    }
    Ok(Spooled { files, _copies: copies })
}

fn is_standard_input(name: &Path) -> bool {
    name.as_os_str() == STANDARD_INPUT
}

/// Whether a name is that of something that is neither a file nor a folder.
fn is_pipe(name: &Path) -> bool {
    std::fs::metadata(name).is_ok_and(|about| !about.is_file() && !about.is_dir())
}

fn copy(prefix: &str, mut from: impl io::Read) -> io::Result<NamedTempFile> {
    let mut copy = tempfile::Builder::new().prefix(prefix).tempfile()?;
    io::copy(&mut from, &mut copy)?;
    Ok(copy)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_pipe_can_be_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0)
            .unwrap();
        let to = pipe.clone();
        let writer = std::thread::spawn(move || {
            std::fs::OpenOptions::new()
                .write(true)
                .open(to)
                .unwrap()
                .write_all(b"channel\nVIDEO\n")
                .unwrap();
        });
        let plain = folder.path().join("plain.csv");
        let spooled = spool(&[plain.clone(), pipe]).unwrap();
        writer.join().unwrap();
        assert_eq!(spooled.files[0], plain, "what can be read again is not copied");
        for _ in 0..2 {
            assert_eq!(std::fs::read_to_string(&spooled.files[1]).unwrap(), "channel\nVIDEO\n");
        }
        let copy = spooled.files[1].clone();
        drop(spooled);
        assert!(!copy.try_exists().unwrap());
    }

    #[test]
    fn standard_input_is_named_once() {
        assert!(matches!(spool(&["-".into(), "-".into()]), Err(Failure::Usage(_))));
    }
}
