//! `equity submissions`: lists, shows and withdraws submissions.

use clap::{Args, Subcommand};

use super::client::{call, pages};
use super::exit::Failure;
use super::options::Reach;
use super::reference::show;
use super::sending::fresh_run_id;
use super::show::{Out, receipts};
use crate::proto::v1;

/// Examples for `equity submissions --help`.
pub const EXAMPLES: &str = "\
Examples:
  equity submissions list --collection gpad-regional --month 2020-04
  equity submissions get collections/gpad-regional/organisations/04C/datasets/consultations/months/2020-04/versions/1
  equity submissions withdraw NAME

NAME is the last column of `equity submissions list`.";

const GET: &str = "\
Examples:
  equity submissions get collections/practice-feed/organisations/C82001/datasets/consultations/months/2020-04/versions/1
  equity submissions get NAME --format json";

const PROBLEMS: &str = "\
Examples:
  equity submissions problems collections/practice-feed/organisations/C82001/datasets/consultations/months/2020-04/versions/1
  equity submissions problems NAME --format csv

`row_index` is the index of the row in the submission, from 0. `equity submit` shows the line of the file beside it.";

const WITHDRAW: &str = "\
Examples:
  equity submissions withdraw collections/practice-feed/organisations/C82001/datasets/consultations/months/2020-04/versions/1
  equity submissions withdraw NAME --request-id 6f9619ff-8b86-4d01-b42d-00cf4fc964ff

The month then has no data. Earlier states can still be read with `--as-of`.";

/// The subcommands of `equity submissions`.
#[derive(Debug, Subcommand)]
pub enum SubmissionAction {
    /// List submissions, newest first.
    #[command(after_help = "Examples:\n  equity submissions list\n  \
                            equity submissions list --organisation 04C --past --format csv")]
    List(SubmissionListArgs),
    /// Show one submission, with its state.
    #[command(after_help = GET)]
    Get {
        /// Name of the submission.
        name: String,
    },
    /// List the rows that a submission left out, with the reasons.
    #[command(after_help = PROBLEMS)]
    Problems {
        /// Name of the submission.
        name: String,
    },
    /// Withdraw the current version of a month.
    #[command(after_help = WITHDRAW)]
    Withdraw {
        /// Name of the submission. It must be the current version.
        name: String,
        /// UUID of this change. A second call with the same UUID changes nothing (default: a new UUID).
        #[arg(long, value_name = "UUID")]
        request_id: Option<String>,
    },
}

/// `equity submissions list`.
#[derive(Debug, Args)]
pub struct SubmissionListArgs {
    /// Only this collection.
    #[arg(long, value_name = "ID")]
    pub collection: Option<String>,
    /// Only this organisation.
    #[arg(long, value_name = "CODE")]
    pub organisation: Option<String>,
    /// Only this month, `2020-04`.
    #[arg(long, value_name = "MONTH")]
    pub month: Option<String>,
    /// Also list replaced and withdrawn submissions.
    #[arg(long)]
    pub past: bool,
    /// Most submissions in the list.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub limit: usize,
}

/// Runs the subcommand and shows the result.
///
/// # Errors
/// The service cannot be reached or refuses.
pub async fn run(action: SubmissionAction, reach: &Reach, out: &mut Out) -> Result<(), Failure> {
    let service = match &action {
        SubmissionAction::Withdraw { .. } => reach.connect_to_write(out).await?,
        SubmissionAction::List(_)
        | SubmissionAction::Get { .. }
        | SubmissionAction::Problems { .. } => reach.connect().await?,
    };
    match action {
        SubmissionAction::List(args) => {
            let request = v1::ListSubmissionsRequest {
                parent: format!("collections/{}", args.collection.as_deref().unwrap_or("-")),
                organisation: args.organisation.unwrap_or_default(),
                month: args.month.unwrap_or_default(),
                include_past: args.past,
                ..Default::default()
            };
            let limit = args.limit;
            let submissions =
                pages!(service, submissions, list_submissions, request, submissions, limit);
            if submissions.len() == limit {
                out.remark(&format!("the newest {limit}; --limit shows more"))?;
            }
            let sheet = receipts::submissions(&submissions);
            let answer = v1::ListSubmissionsResponse { submissions, ..Default::default() };
            show(&sheet, "equity.v1.ListSubmissionsResponse", &answer, out)
        }
        SubmissionAction::Get { name } => {
            let request = v1::GetSubmissionRequest { name };
            let answer = call!(service, submissions, get_submission, request);
            let sheet = receipts::submissions(&answer.submission);
            show(&sheet, "equity.v1.GetSubmissionResponse", &answer, out)
        }
        SubmissionAction::Problems { name } => {
            let request = v1::ListRowProblemsRequest { parent: name, ..Default::default() };
            let problems =
                pages!(service, submissions, list_row_problems, request, problems, usize::MAX);
            let sheet = receipts::problems(&problems, None);
            let answer = v1::ListRowProblemsResponse { problems, ..Default::default() };
            show(&sheet, "equity.v1.ListRowProblemsResponse", &answer, out)
        }
        SubmissionAction::Withdraw { name, request_id } => {
            let request_id = request_id.unwrap_or_else(fresh_run_id);
            let request = v1::WithdrawSubmissionRequest { name, request_id };
            let answer = call!(service, submissions, withdraw_submission, request);
            out.remark(&format!("withdrawn at position {}", answer.withdraw_position))?;
            let sheet = receipts::submissions(&answer.submission);
            show(&sheet, "equity.v1.WithdrawSubmissionResponse", &answer, out)
        }
    }
}
