//! Reference content out of the publishers' files: built on the content in force, read back with the service's own reader, and put into a
//! folder as a whole or not at all. A folder that is there is exchanged for the new one in one step of the file system. If the program is
//! killed, either the old folder or the new one is in its place, and a hidden folder `.NAME.….part` may remain beside it.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::folder::{followed, is_free};
use crate::domain::codes::Content;
use crate::domain::period::Month;
use crate::domain::reference::{PLACE_FILES, PlaceRows, Reference};
use crate::engine::content::of_folder;
use crate::ingest::reference_build::{Built, Files, build};

/// What to build, and where it goes.
#[derive(Debug)]
pub struct Plan {
    /// Folder with the publishers' files.
    pub files: PathBuf,
    /// Folder of the content in force; none: the built-in content.
    pub reference_folder: Option<PathBuf>,
    /// Where the new folder goes; none: nothing is written.
    pub out: Option<PathBuf>,
    /// Whether a folder that is there is replaced. Its other files stay in it.
    pub overwrite: bool,
    /// First month of what changed; none: that of the practice mapping.
    pub from: Option<Month>,
    /// Whether a system may lose most of its practices at once.
    pub allow_shrinking: bool,
}

/// Builds, checks and writes. Nothing is written if the findings have an error.
///
/// # Errors
/// A folder cannot be read or written, is there already, or the new content cannot be used.
pub fn run(plan: &Plan) -> anyhow::Result<(Files, Built)> {
    if let Some(out) = &plan.out {
        let is_free = is_free(out).with_context(|| out.display().to_string())?;
        anyhow::ensure!(
            is_free || plan.overwrite,
            "{} is there already: name a new folder or an empty one, or add --overwrite to replace the files of the content in it",
            out.display()
        );
    }
    let in_force = match &plan.reference_folder {
        Some(folder) => of_folder(folder)
            .with_context(|| format!("the reference folder {} cannot be used", folder.display()))?,
        None => Content::embedded(),
    };
    Reference::new(&in_force).context("the content in force cannot be used")?;
    let rows = PlaceRows::read(&in_force)?;
    let files = Files::read(&plan.files).with_context(|| plan.files.display().to_string())?;
    anyhow::ensure!(
        files.taken().next().is_some() || !files.findings().is_empty(),
        "{} has no file of a publisher that is read; `equity reference build --help` lists them",
        plan.files.display()
    );
    let mut built = build(&rows, &files, plan.from, plan.allow_shrinking);
    if !built.is_refused() {
        let made = built.rows.files()?;
        let carried =
            plan.reference_folder.as_deref().map(carried).transpose()?.unwrap_or_default();
        let others = carried.into_iter().filter(|(name, _)| !PLACE_FILES.contains(&name.as_str()));
        let all: Vec<_> = others.chain(made).collect();
        if let Err(error) = Reference::new(&Content::with(all.clone())) {
            built.refuse(format!("the new content cannot be used: {error}"));
        } else if let Some(out) = &plan.out {
            write(out, &all).with_context(|| out.display().to_string())?;
        }
    }
    Ok((files, built))
}

/// The other files of the folder in force: the new folder takes its place.
fn carried(folder: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for (name, text) in of_folder(folder)?.files() {
        if std::fs::exists(folder.join(name))? {
            found.push((name.to_owned(), text.to_owned()));
        }
    }
    Ok(found)
}

/// Writes the folder beside its place, reads it back with the service's own reader, and moves it there.
fn write(out: &Path, files: &[(String, String)]) -> anyhow::Result<()> {
    let is_free = is_free(out)?;
    // A link to a folder stays one.
    let out = &*followed(out);
    let name = out.file_name().context("is not the name of a folder")?;
    let parent =
        out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent)?;
    let part = format!(".{}.", name.to_string_lossy());
    let part = tempfile::Builder::new().prefix(&part).suffix(".part").tempdir_in(parent)?;
    // A folder in it: others may read it, as any folder that a person makes.
    let beside = part.path().join("content");
    put(&beside, files)?;
    if !is_free {
        keep(out, &beside)?;
        std::fs::set_permissions(&beside, std::fs::metadata(out)?.permissions())?;
    }
    let content = of_folder(&beside)?;
    Reference::new(&content)
        .context("the new content, read back from its folder, cannot be used")?;
    if !is_free {
        // What was there goes with the part.
        return renameat_with(CWD, &beside, CWD, out, RenameFlags::EXCHANGE).context(
            "this file system cannot exchange two folders, and nothing was replaced: name a new folder",
        );
    }
    match std::fs::remove_dir(out) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        Ok(()) | Err(_) => {}
    }
    Ok(std::fs::rename(&beside, out)?)
}

/// Copies what a folder has and the new one lacks: files, links, and folders with what is in them.
fn keep(from: &Path, to: &Path) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (kind, from, to) = (entry.file_type()?, entry.path(), to.join(entry.file_name()));
        let is_new = std::fs::symlink_metadata(&to).is_ok_and(|new| !new.is_dir());
        if kind.is_dir() {
            anyhow::ensure!(
                !is_new,
                "{} is a folder; the new content has a file of that name: move the folder away",
                from.display()
            );
            std::fs::create_dir_all(&to)?;
            keep(&from, &to)?;
            std::fs::set_permissions(&to, std::fs::metadata(&from)?.permissions())?;
        } else if kind.is_symlink() && !is_new {
            std::os::unix::fs::symlink(std::fs::read_link(&from)?, &to)?;
        } else if kind.is_file() && !is_new {
            std::fs::copy(&from, &to)?;
            std::fs::File::open(&to)?.sync_all()?;
        } else if !is_new {
            anyhow::bail!("{} is no file, folder or link: move it away", from.display());
        }
    }
    Ok(())
}

fn put(folder: &Path, files: &[(String, String)]) -> io::Result<()> {
    for (name, text) in files {
        let place = folder.join(name);
        std::fs::create_dir_all(place.parent().unwrap_or(folder))?;
        let file = std::fs::File::create(&place)?;
        io::Write::write_all(&mut &file, text.as_bytes())?;
        file.sync_all()?;
    }
    Ok(())
}
