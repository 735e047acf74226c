//! Where an export goes: standard output, a file, or a folder of files.

use super::args::{FileFormat, Taking};
use super::columns;
use super::file::Target;
use super::folder::Folder;

/// Where an export goes.
pub(super) enum Place {
    Output,
    File(Target),
    Folder(Folder),
}

impl Place {
    pub(super) fn begin(taking: &Taking, format: FileFormat) -> std::io::Result<Self> {
        if taking.to_output() {
            return Ok(Self::Output);
        }
        if taking.partition_by.is_empty() {
            return Target::begin(&taking.output).map(Self::File);
        }
        let by = columns::named(&taking.partition_by);
        let file = format!("data.{}", format.name());
        Folder::begin(&taking.output, by, &file).map(Self::Folder)
    }

    /// Whether bytes go where they stay.
    pub(super) fn is_direct(&self) -> bool {
        match self {
            Self::Output => true,
            Self::File(target) => target.is_direct(),
            Self::Folder(_) => false,
        }
    }
}
