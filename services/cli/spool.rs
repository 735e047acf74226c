//! Input that can be read once only, standard input or a pipe, as a file that can be read again.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::exit::Failure;
use crate::ingest;

/// The name of standard input.
const STANDARD_INPUT: &str = "-";

/// A file to read.
#[derive(Debug, Clone)]
pub(super) struct Input {
    /// What messages call it.
    pub(super) name: PathBuf,
    /// Where it can be read more than once.
    pub(super) path: PathBuf,
}

/// Files that can be read more than once. Copies are deleted with this.
#[derive(Debug)]
pub(super) struct Spooled {
    /// In the order in which they were named.
    pub(super) files: Vec<Input>,
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
        let (name, copy) = if is_standard_input(name) {
            (Path::new("standard input"), copy(io::stdin().lock()))
        } else if is_pipe(name) {
            (name.as_path(), std::fs::File::open(name).and_then(copy))
        } else {
            files.push(Input { name: name.clone(), path: name.clone() });
            continue;
        };
        let copy = copy.map_err(|error| Failure::data(name, error))?;
        files.push(Input { name: name.to_owned(), path: copy.path().to_owned() });
        copies.push(copy);
    }
    join_parts(&mut files, &mut copies)?;
    Ok(Spooled { files, _copies: copies })
}

/// Puts the files that have to be read as one into a copy, in the place of the first of them.
fn join_parts(files: &mut Vec<Input>, copies: &mut Vec<NamedTempFile>) -> Result<(), Failure> {
    let is_part: Vec<bool> = files.iter().map(|file| ingest::is_part(&file.path)).collect();
    let Some(first) = is_part.iter().position(|part| *part) else { return Ok(()) };
    let parts: Vec<_> = files.iter().zip(&is_part).filter(|(_, part)| **part).collect();
    if parts.len() < 2 {
        return Ok(());
    }
    let names: Vec<_> = parts.iter().map(|(file, _)| file.name.display().to_string()).collect();
    let name = PathBuf::from(names.join(" and "));
    let paths: Vec<&Path> = parts.iter().map(|(file, _)| file.path.as_path()).collect();
    let copy =
        NamedTempFile::with_prefix("equity-").map_err(|error| Failure::data(&name, error))?;
    ingest::join(&paths, copy.as_file()).map_err(|error| Failure::data(&name, error))?;
    let joined = Input { name, path: copy.path().to_owned() };
    copies.push(copy);
    let mut numbers = 0..;
    files.retain(|_| numbers.next().is_some_and(|n: usize| n <= first || !is_part[n]));
    files[first] = joined;
    Ok(())
}

fn is_standard_input(name: &Path) -> bool {
    name.as_os_str() == STANDARD_INPUT
}

/// Whether a name is that of something that is neither a file nor a folder.
fn is_pipe(name: &Path) -> bool {
    std::fs::metadata(name).is_ok_and(|about| !about.is_file() && !about.is_dir())
}

fn copy(mut from: impl io::Read) -> io::Result<NamedTempFile> {
    let mut copy = NamedTempFile::with_prefix("equity-")?;
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
        let spooled = spool(&[plain.clone(), pipe.clone()]).unwrap();
        writer.join().unwrap();
        assert_eq!(spooled.files[0].path, plain, "what can be read again is not copied");
        let copy = spooled.files[1].path.clone();
        assert_eq!(spooled.files[1].name, pipe);
        for _ in 0..2 {
            assert_eq!(std::fs::read_to_string(&copy).unwrap(), "channel\nVIDEO\n");
        }
        drop(spooled);
        assert!(!copy.try_exists().unwrap());
    }

    #[test]
    fn standard_input_is_named_once() {
        assert!(matches!(spool(&["-".into(), "-".into()]), Err(Failure::Usage(_))));
    }
}
