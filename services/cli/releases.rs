//! `equity releases`: lists, shows and makes releases.

use clap::{Args, Subcommand};

use super::client::{call, pages};
use super::exit::Failure;
use super::options::Reach;
use super::reference::show;
use super::sending::fresh_run_id;
use super::show::{Out, releases};
use crate::proto::v1;

/// Examples for `equity releases --help`.
pub const EXAMPLES: &str = "\
Examples:
  equity releases list
  equity releases create 2026-11
  equity breakdown channels --area QK1 --from 2020-04 --as-of release:2026-11
      the answer as readers of this release get it, before anything is protected

Partners and the public read releases, never the newest state: the same table before and after the submission of one organisation would be \
the data of that organisation.";

const LIST: &str = "\
Examples:
  equity releases list
  equity releases list --limit 1 --format json
      the newest release";

const SHOW: &str = "\
Examples:
  equity releases show 2026-11
  equity releases show 2026-11 --format json";

const CREATE: &str = "\
Examples:
  equity releases create 2026-11 --check
      whether it could be made now; nothing is stored
  equity releases create 2026-11

A release is made only if at least 3 organisations have changed in every area that shows a change. A refusal names the areas. The service also \
makes releases by itself, see `releases.automatic` in deploy/equity.example.toml.";

/// The subcommands of `equity releases`.
#[derive(Debug, Subcommand)]
pub enum ReleaseAction {
    /// List releases, newest first.
    #[command(after_help = LIST)]
    List(ReleaseListArgs),
    /// Show one release.
    #[command(after_help = SHOW)]
    Show {
        /// Name of the release.
        name: String,
    },
    /// Release the newest state.
    #[command(after_help = CREATE)]
    Create(ReleaseCreateArgs),
}

/// `equity releases list`.
#[derive(Debug, Args)]
pub struct ReleaseListArgs {
    /// Most releases in the list.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub limit: usize,
}

/// `equity releases create`.
#[derive(Debug, Args)]
pub struct ReleaseCreateArgs {
    /// Name of the release, unique for ever: small letters, digits, `.` and `-`.
    pub name: String,
    /// Only check whether the release could be made now.
    #[arg(long)]
    pub check: bool,
    /// UUID of this change. A second call with the same UUID makes no second release (default: a new UUID).
    #[arg(long, value_name = "UUID")]
    pub request_id: Option<String>,
}

/// Runs the subcommand and shows the result.
///
/// # Errors
/// The service cannot be reached or refuses.
pub async fn run(action: ReleaseAction, reach: &Reach, out: &mut Out) -> Result<(), Failure> {
    let service = match &action {
        ReleaseAction::Create(args) if !args.check => reach.connect_to_write(out).await?,
        ReleaseAction::Create(_) | ReleaseAction::List(_) | ReleaseAction::Show { .. } => {
            reach.connect().await?
        }
    };
    match action {
        ReleaseAction::List(ReleaseListArgs { limit }) => {
            let request = v1::ListReleasesRequest::default();
            let found = pages!(service, releases, list_releases, request, releases, limit);
            if found.len() == limit {
                out.remark(&format!("the newest {limit}; --limit shows more"))?;
            }
            let sheet = releases::sheet(&found);
            let answer = v1::ListReleasesResponse { releases: found, ..Default::default() };
            show(&sheet, "equity.v1.ListReleasesResponse", &answer, out)
        }
        ReleaseAction::Show { name } => {
            let request = v1::GetReleaseRequest { name: format!("releases/{}", name.trim()) };
            let answer = call!(service, releases, get_release, request);
            let sheet = releases::sheet(&answer.release);
            show(&sheet, "equity.v1.GetReleaseResponse", &answer, out)
        }
        ReleaseAction::Create(ReleaseCreateArgs { name, check, request_id }) => {
            let request = v1::CreateReleaseRequest {
                release_id: name,
                request_id: request_id.unwrap_or_else(fresh_run_id),
                validate_only: check,
            };
            let answer = call!(service, releases, create_release, request);
            out.remark(match (check, answer.replayed) {
                (true, _) => "checked only: this release could be made now",
                (false, true) => "made before",
                (false, false) => "made: readers of releases see it from now on",
            })?;
            let sheet = releases::sheet(&answer.release);
            show(&sheet, "equity.v1.CreateReleaseResponse", &answer, out)
        }
    }
}
