//! `equity targets`: the targets, and how indicators compare with them.

use clap::{Args, Subcommand};

use super::answer::indicators;
use super::client::pages;
use super::exit::Failure;
use super::inequality::show as show_answer;
use super::options::{Reach, Shape};
use super::query::QueryArgs;
use super::reference::show;
use super::show::Out;
use super::show::lists;
use crate::proto::v1;
use crate::proto::v1::breakdown_question::Table;

/// Examples for `equity targets --help`.
pub const EXAMPLES: &str = "\
Examples:
  equity targets list
  equity targets list --tag CORE20PLUS5
  equity targets status --target C20-SMI --area QK1 --from 2020-06 --collection synthetic-llr
  equity targets status --target C20-SMI --area QK1 --from 2020-06 --by sex --collection synthetic-llr --format csv";

const LIST: &str = "\
Examples:
  equity targets list
  equity targets list --tag CORE20PLUS5 --format json";

const STATUS: &str = "\
Examples:
  equity targets status --target C20-SMI --area QK1 --from 2020-06 --collection synthetic-llr
      whether 60 % of people with severe mental illness had their health check
  equity targets status --target C20-SMI --area QK1 --from 2020-06 --by sub_icb --collection synthetic-llr
      the same for each sub-ICB location
  equity targets status --target C20-SMI --area QK1 --from 2020-01 --to 2020-06 --by month --collection synthetic-llr --format csv
  equity targets status --target FSL-IMD --area QK1 --from 2020-06 --by imd2019_quintile --collection synthetic-llr
      a target without a number: the value of each group, beside the one that its document states as the start

MET: all of the interval is at the target or beyond it. ON_TRACK: the interval holds the required value, or lies beyond it. OFF_TRACK: all of the \
interval falls short of the required value. The required value lies on a straight line from the baseline to the target at its deadline.";

/// `equity targets`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct TargetsArgs {
    /// How the answer is written.
    #[command(flatten)]
    pub shape: Shape,
    /// The service that is asked.
    #[command(flatten)]
    pub reach: Reach,
    /// List, or status.
    #[command(subcommand)]
    pub what: TargetAction,
}

/// The subcommands of `equity targets`.
#[derive(Debug, Subcommand)]
pub enum TargetAction {
    /// List targets: value, deadline, population, source.
    #[command(after_help = LIST)]
    List {
        /// Only targets with this tag: the priority that they belong to.
        #[arg(long, value_name = "TAG")]
        tag: Option<String>,
    },
    /// Show how an indicator compares with its target.
    #[command(after_help = STATUS, mut_args(|option| match option.get_id().as_str() {
        // Refused by name: the value is compared with the target, and counts have no care setting.
        "compare" | "care_setting" => option.hide(true),
        _ => option,
    }))]
    Status(Box<StatusArgs>),
}

/// `equity targets status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Place, period, dimensions and conditions.
    #[command(flatten)]
    pub query: QueryArgs,
    /// Target. See `equity targets list`.
    #[arg(long, value_name = "ID")]
    pub target: String,
    /// Show notes in full.
    #[arg(long)]
    pub notes: bool,
}

/// Lists targets, or shows a status.
///
/// # Errors
/// The service cannot be reached or refuses.
pub async fn run(action: &TargetAction, reach: &Reach, out: &mut Out) -> Result<(), Failure> {
    match action {
        TargetAction::List { tag } => {
            let service = reach.connect().await?;
            let tag = tag.clone().unwrap_or_default();
            let request = v1::ListTargetsRequest { tag, ..Default::default() };
            let targets = pages!(service, targets, list_targets, request, targets, usize::MAX);
            let labels = indicators(&service, "").await?;
            let sheet = lists::targets(&targets, &labels);
            let answer = v1::ListTargetsResponse { targets, ..Default::default() };
            show(&sheet, "equity.v1.ListTargetsResponse", &answer, out)
        }
        TargetAction::Status(args) => {
            let asked = Table::TargetStatus(v1::GetTargetStatusRequest {
                query: Some(args.query.query()),
                target: args.target.clone(),
            });
            show_answer(asked, reach, args.notes, out).await
        }
    }
}
