//! `equity erase`: erases a submission or a person for ever, and lists what was erased.

use clap::{Args, Subcommand};
use tonic::Request;

use super::client::{call, pages};
use super::exit::Failure;
use super::options::Reach;
use super::reference::show;
use super::replacing;
use super::sending::fresh_run_id;
use super::show::{Out, erasures};
use crate::proto::v1;

/// Examples for `equity erase --help`.
pub const EXAMPLES: &str = "\
Examples:
  equity erase submission NAME --reason 'sent to the wrong service'
  equity erase person 7f3a91 --scheme llr-pseudo-v2 --reason 'request of 3 November'
  equity erase list

NAME is the last column of `equity submissions list --past`. Erased data is gone from every file of the service; a backup has it still, see \
deploy/runbook.md.";

const SUBMISSION: &str = "\
Examples:
  equity erase submission collections/practice-feed/organisations/C82001/datasets/consultations/months/2020-04/versions/1 --reason 'sent in error'
  equity erase submission NAME --all-versions --reason 'sent in error' --yes

Without --yes the command shows what would be erased, and asks.";

const PERSON: &str = "\
Examples:
  equity erase person 7f3a91 --scheme llr-pseudo-v2 --reason 'request of 3 November'
  equity erase person - --scheme llr-pseudo-v2 --reason 'request of 3 November' --yes < key.txt

The key is the one that the partner sends in `person_key`. With `-` it is read from standard input, so that no list of processes shows it.";

const LIST: &str = "\
Examples:
  equity erase list
  equity erase list --limit 1 --format json";

/// The subcommands of `equity erase`.
#[derive(Debug, Subcommand)]
pub enum EraseAction {
    /// Erase a submission: one version, or all versions of its month.
    #[command(after_help = SUBMISSION)]
    Submission {
        /// Name of the submission.
        name: String,
        /// Also erase all other versions of the same organisation, dataset and month.
        #[arg(long)]
        all_versions: bool,
        /// How the erasure is ordered.
        #[command(flatten)]
        order: Order,
    },
    /// Erase all records of one person, in every submission.
    #[command(after_help = PERSON)]
    Person {
        /// Key of the person, or `-` for standard input.
        #[arg(value_name = "KEY")]
        person: String,
        /// Scheme of the key.
        #[arg(long, value_name = "NAME")]
        scheme: String,
        /// How the erasure is ordered.
        #[command(flatten)]
        order: Order,
    },
    /// List what was erased, newest first.
    #[command(after_help = LIST)]
    List {
        /// Most erasures in the list.
        #[arg(long, value_name = "N", default_value_t = 1_000)]
        limit: usize,
    },
}

/// How an erasure is ordered.
#[derive(Debug, Args)]
pub struct Order {
    /// Why, in a sentence. It is kept for ever: name no person.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Do not ask.
    #[arg(long)]
    pub yes: bool,
    /// UUID of this change. A second call with the same UUID erases nothing more (default: a new UUID).
    #[arg(long, value_name = "UUID")]
    pub request_id: Option<String>,
}

impl Order {
    /// Whether to go on: somebody has said so, here or in the arguments.
    async fn holds(&self, what: &str, out: &mut Out) -> Result<(), Failure> {
        if self.yes {
            return Ok(());
        }
        let question = format!(
            "Erase {what}? Nothing brings it back. Type yes to erase it, anything else to keep it."
        );
        let yes = replacing::is_interactive() && replacing::is_yes(&question, out).await?;
        let kept = "nothing was erased; --yes erases without asking";
        yes.then_some(()).ok_or_else(|| Failure::Usage(kept.to_owned()))
    }

    fn id(&self) -> String {
        self.request_id.clone().unwrap_or_else(fresh_run_id)
    }
}

/// Runs the subcommand and shows the result.
///
/// # Errors
/// The service cannot be reached or refuses, or nobody says yes.
pub async fn run(action: EraseAction, reach: &Reach, out: &mut Out) -> Result<(), Failure> {
    match action {
        EraseAction::Submission { name, all_versions, order } => {
            let service = reach.connect_to_write(out).await?;
            let request = v1::GetSubmissionRequest { name: name.clone() };
            let found = call!(service, submissions, get_submission, request);
            let found = found.submission.unwrap_or_default();
            let rows = match found.accepted_count {
                1 => "1 row".to_owned(),
                count => format!("{count} rows"),
            };
            let all = if all_versions { ", and all other versions of its month" } else { "" };
            order.holds(&format!("{} ({rows}){all}", found.name), out).await?;
            let (reason, request_id) = (order.reason.clone(), order.id());
            let request = v1::EraseSubmissionRequest { name, all_versions, reason, request_id };
            let answer = call!(service, erasures, erase_submission, request, Request::new);
            out.remark(told(answer.replayed))?;
            let sheet = erasures::sheet(&answer.erasure);
            show(&sheet, "equity.v1.EraseSubmissionResponse", &answer, out)
        }
        EraseAction::Person { person, scheme, order } => {
            let service = reach.connect_to_write(out).await?;
            let from_input = person == "-";
            let key = if from_input { std::io::read_to_string(std::io::stdin())? } else { person };
            let what = format!("all records of this person of the scheme {scheme}");
            order.holds(&what, out).await?;
            let request = v1::ErasePersonRequest {
                person_key: key.trim().to_owned(),
                person_key_scheme: scheme,
                reason: order.reason.clone(),
                request_id: order.id(),
            };
            let answer = call!(service, erasures, erase_person, request, Request::new);
            out.remark(told(answer.replayed))?;
            let sheet = erasures::sheet(&answer.erasure);
            show(&sheet, "equity.v1.ErasePersonResponse", &answer, out)
        }
        EraseAction::List { limit } => {
            let service = reach.connect().await?;
            let request = v1::ListErasuresRequest::default();
            let found = pages!(service, erasures, list_erasures, request, erasures, limit);
            if found.len() == limit {
                out.remark(&format!("the newest {limit}; --limit shows more"))?;
            }
            let sheet = erasures::sheet(&found);
            let answer = v1::ListErasuresResponse { erasures: found, ..Default::default() };
            show(&sheet, "equity.v1.ListErasuresResponse", &answer, out)
        }
    }
}

fn told(replayed: bool) -> &'static str {
    if replayed { "erased before" } else { "erased: nobody can read it any more" }
}
