//! How a command can end, and the exit code of each end.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::ingest::Lines;

/// The exit codes, for `equity --help`.
pub const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  the service refused, or the data is invalid (the message names the field and the reason)
  2  wrong usage
  3  the service could not be reached, is stopping, or is at its limit
  4  verify found differences
  5  status: the service accepts no changes
  6  status: the newest data is older than --max-age allows";

/// Why a command failed.
#[derive(Debug)]
pub enum Failure {
    /// The service answered with an error.
    Refused(Box<tonic::Status>),
    /// The service refused the rows of a file.
    RowsRefused(Box<tonic::Status>, Lines),
    /// Some of several submissions were refused; each has been shown already.
    SomeRefused {
        /// Number of refused submissions.
        refused: usize,
        /// Number of submissions sent.
        of: usize,
        /// Whether they were only checked.
        only_checked: bool,
    },
    /// A file or folder has wrong content.
    Data {
        /// The file or folder.
        place: PathBuf,
        /// The error in it.
        cause: anyhow::Error,
    },
    /// The arguments contradict each other.
    Usage(String),
    /// No service answers at the address.
    Unreachable {
        /// The address that was tried.
        address: String,
        /// The error of the network.
        cause: String,
    },
    /// The rebuilt state differs from the stored one; each difference has been shown already.
    Differences(usize),
    /// The service answers its health check, and does not serve.
    NotServing,
    /// The service answers questions, and accepts no changes.
    NoChanges,
    /// The newest data of collections is older than was allowed, one line for each.
    TooOld(Vec<String>),
    /// The answer could not be written.
    Output(io::Error),
    /// Something else that stopped the command: starting the service, reading settings.
    Other(anyhow::Error),
}

impl Failure {
    /// The exit code, as [`EXIT_CODES`] lists them. A reader that ends early (`equity … | head`) is not a failure.
    pub fn code(&self) -> u8 {
        match self {
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
            // The service may be there again in a while.
            Self::Refused(status) if status.code() == tonic::Code::Unavailable => 3,
            Self::Refused(_)
            | Self::RowsRefused(..)
            | Self::SomeRefused { .. }
            | Self::Data { .. }
            | Self::Output(_)
            | Self::Other(_) => 1,
            Self::Usage(_) => 2,
            Self::Unreachable { .. } | Self::NotServing => 3,
            Self::Differences(_) => 4,
            Self::NoChanges => 5,
            Self::TooOld(_) => 6,
        }
    }

    /// Whether the failure needs no message.
    pub fn silent(&self) -> bool {
        self.code() == 0
    }

    /// The exit code for the operating system.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code())
    }

    /// A failure of something in a file or folder.
    pub fn data(place: impl Into<PathBuf>, cause: impl Into<anyhow::Error>) -> Self {
        Self::Data { place: place.into(), cause: cause.into() }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}
