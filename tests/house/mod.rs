//! Holds the source to the rules of the house. Each rule is a function from text to problems, and each is shown an
//! offender.

mod circles;
pub(crate) mod code;
mod counted;
mod habits;
mod lines;
mod rooms;
mod tree;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use code::Code;

/// The repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A source file of `services/`.
pub(crate) struct Source {
    /// Path from `services/`: `store/keys.rs`.
    pub(crate) path: String,
    /// The code that is built into the service: nothing under `cfg(test)`.
    pub(crate) code: Code,
}

/// Every source file of `services/` that is built into the service.
pub(crate) fn sources() -> Vec<Source> {
    let read = |file: &PathBuf| {
        let text = std::fs::read_to_string(root().join(file)).unwrap();
        let path = file.strip_prefix("services").unwrap().to_str().unwrap().to_owned();
        let code = Code::parse(&text).unwrap_or_else(|why| panic!("{path}: {why}"));
        Source { path, code }
    };
    let files = tracked();
    let is_source =
        |f: &&PathBuf| f.starts_with("services") && f.extension() == Some("rs".as_ref());
    let mut all: Vec<Source> = files.iter().filter(is_source).map(read).collect();
    let tests: BTreeSet<String> = all.iter().flat_map(test_files).collect();
    all.retain(|source| !tests.iter().any(|test| source.path.starts_with(test)));
    assert!(!all.is_empty(), "no sources found");
    all
}

/// Paths that `#[cfg(test)] mod name;` of a file stands for: `rpc/status_tests.rs`, `rpc/status_tests/`.
fn test_files(source: &Source) -> Vec<String> {
    let (folder, file) = source.path.rsplit_once('/').unwrap_or(("", &source.path));
    let stem = file.trim_end_matches(".rs");
    let own = if ["mod", "lib", "main"].contains(&stem) { "" } else { stem };
    let join = |parts: &[&str]| {
        parts.iter().filter(|p| !p.is_empty()).copied().collect::<Vec<_>>().join("/")
    };
    let paths = |(name, at): &(String, Option<String>)| match at {
        Some(at) => vec![join(&[folder, at])],
        None => [format!("{name}.rs"), format!("{name}/")].map(|n| join(&[folder, own, &n])).into(),
    };
    source.code.test_modules.iter().flat_map(paths).collect()
}

/// Every file of the repository that is not ignored, by path from the root.
fn tracked() -> Vec<PathBuf> {
    let mut files = git_files().unwrap_or_else(|| {
        let mut files = Vec::new();
        walk(Path::new(""), &mut files);
        files
    });
    // A file that is removed and not yet committed is still in git's list.
    files.retain(|file| root().join(file).is_file());
    files.sort();
    files
}

fn git_files() -> Option<Vec<PathBuf>> {
    let arguments = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").args(arguments).current_dir(root()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
    Some(text.split_terminator('\0').map(PathBuf::from).collect())
}

/// Without git (an unpacked archive): everything but what builds leave behind.
fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(root().join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = folder.join(entry.file_name());
        if !entry.file_type().unwrap().is_dir() {
            files.push(path);
        } else if ![".git", "target", ".venv"].map(Path::new).contains(&path.as_path()) {
            walk(&path, files);
        }
    }
}

/// Fails with every problem at once.
#[track_caller]
fn assert_none(problems: &[String]) {
    assert!(problems.is_empty(), "{} problems:\n  {}", problems.len(), problems.join("\n  "));
}

#[test]
fn test_files_are_found() {
    let code = |text| Code::parse(text).unwrap();
    let source = |path: &str, text| Source { path: path.to_owned(), code: code(text) };
    let inner = source("rpc/status.rs", "#[cfg(test)] mod tests;");
    assert_eq!(test_files(&inner), ["rpc/status/tests.rs", "rpc/status/tests/"]);
    let room = source("rpc/mod.rs", "#[cfg(test)] pub(crate) mod support;\nmod status;");
    assert_eq!(test_files(&room), ["rpc/support.rs", "rpc/support/"]);
    let named = source("rpc/a.rs", "#[cfg(test)] #[path = \"a_tests.rs\"] mod tests;");
    assert_eq!(test_files(&named), ["rpc/a_tests.rs"]);
    assert_eq!(test_files(&source("lib.rs", "pub mod app;")), [""; 0]);
}

#[test]
fn walking_finds_what_git_lists() {
    let mut walked = Vec::new();
    walk(Path::new(""), &mut walked);
    for file in tracked() {
        assert!(walked.contains(&file), "{}", file.display());
    }
}
