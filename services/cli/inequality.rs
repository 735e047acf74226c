//! `equity inequality` and `equity gaps`: how unequal groups are, how a gap moves, and the largest gaps.

use clap::Args;

use super::answer::{self, Answer};
use super::exit::Failure;
use super::export::lines;
use super::options::{Reach, Shape};
use super::query::QueryArgs;
use super::questions::{AskedTable, More};
use super::show::breakdown::{chart, text};
use super::show::{Format, Out, json, words};
use crate::proto::v1;
use crate::proto::v1::breakdown_question::Table;
use crate::proto::v1::share_question::Table as Shares;

/// Examples for `equity inequality --help`.
pub const EXAMPLES: &str = "\
Examples:
  equity inequality outcomes --area QK1 --from 2020-04 --by imd2025_quintile --collection synthetic-llr
  equity inequality exclusion --area QK1 --from 2020-06 --by age_band --column DX-21 --collection synthetic-llr
  equity inequality outcomes --area QK1 --from 2020-01 --to 2020-06 --by month,sex --column CH-09 --collection synthetic-llr
  equity inequality exclusion --area QK1 --from 2020-01 --to 2020-06 --by month,age_band --column DX-21 --group 75+ --collection synthetic-llr
  equity inequality indicators --indicator C20-SMI --area QK1 --from 2020-06 --by imd2025_quintile --collection synthetic-llr
  equity inequality outcomes --area QK1 --from 2020-01 --to 2020-06 --by quarter,imd2025_quintile --every-measure --collection synthetic-llr
  equity inequality provision --area QK1 --from 2020-06 --by disability --collection synthetic-llr --format csv

--by with one dimension gives every measure of inequality; with a period and a dimension it gives the gap in each period, and how it moves: \
between the two groups that are furthest apart, between --group and all people, or between --group and --reference. --every-measure gives every measure in each period. `equity breakdown … --compare whole --chart` draws each group with its limits.";

/// Examples for `equity gaps --help`.
pub const GAPS: &str = "\
Examples:
  equity gaps --area QK1 --from 2020-06 --collection synthetic-llr
  equity gaps --area QK1 --from 2020-06 --collection synthetic-llr --dimension sex,age_band --count 5
  equity gaps --area QK1 --from 2020-06 --indicator C20-SMI,FSL --collection synthetic-llr
  equity gaps --area QK1 --from 2020-06 --collection synthetic-llr --format csv

Every characteristic is scanned for groups that are significantly worse than all people of the area. The largest gap comes first.";

/// What is asked of the shares of a table.
#[derive(Debug, Args)]
pub struct Measuring {
    /// Column of shares: `CH-09` (default: every share; with a period the first). Repeat the option, or separate ids with commas.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub column: Vec<String>,
    /// Code of the group whose gap is followed, with a period in --by (default: the two groups that are furthest apart).
    #[arg(long, value_name = "CODE")]
    pub group: Option<String>,
    /// Code of the reference group: for the measures that have one, or the group that --group is compared with (default: all people).
    #[arg(long, value_name = "CODE")]
    pub reference: Option<String>,
    /// Every measure in each period, where --by has one (default: the gap in each period, and how it moves).
    #[arg(long)]
    pub every_measure: bool,
    /// Show notes in full.
    #[arg(long)]
    pub notes: bool,
}

impl More for Measuring {
    const CHANNELS: &'static str = EXAMPLES;
    const OUTCOMES: &'static str = EXAMPLES;
    const EXCLUSION: &'static str = EXAMPLES;
    const PROVISION: &'static str = EXAMPLES;
    const IMPACT: &'static str = EXAMPLES;
    const RISK: &'static str = EXAMPLES;
    const INDICATORS: &'static str = EXAMPLES;
    const RESTORATION: &'static str = EXAMPLES;
    const STANDARDISED: &'static str = EXAMPLES;
}

/// `equity inequality`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, mut_subcommand("risk", |refused| refused.hide(true)), mut_subcommand("restoration", |refused| refused.hide(true)), mut_subcommand("exclusion", |of| of.mut_arg("estimates", |option| option.hide(true))), mut_subcommand("standardised", |refused| refused.hide(true)))]
pub struct InequalityArgs {
    /// How the answer is written.
    #[command(flatten)]
    pub shape: Shape,
    /// The service that is asked.
    #[command(flatten)]
    pub reach: Reach,
    /// The table with the shares.
    #[command(subcommand)]
    pub what: AskedTable<Measuring>,
}

/// `equity gaps`.
#[derive(Debug, Args)]
#[command(after_help = GAPS, mut_args(|option| match option.get_id().as_str() {
    // Refused by name: every characteristic is scanned.
    "by" | "compare" => option.hide(true),
    _ => option,
}))]
pub struct GapsArgs {
    /// How the answer is written.
    #[command(flatten)]
    pub shape: Shape,
    /// The service that is asked.
    #[command(flatten)]
    pub reach: Reach,
    /// Place, period and conditions.
    #[command(flatten)]
    pub query: QueryArgs,
    /// Dimension that is scanned (default: every characteristic of people). Repeat the option, or separate ids with commas.
    #[arg(long, value_name = "DIM", value_delimiter = ',')]
    pub dimension: Vec<String>,
    /// Submitted indicator that is scanned alone (default: access outcomes, digital exclusion, face-to-face provision, follow-ups in person after
    /// remote consultations, and every submitted indicator of the collection). Repeat the option, or separate ids with commas.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub indicator: Vec<String>,
    /// Highest false discovery rate, above 0 and at most 1.
    #[arg(long, value_name = "RATE", default_value_t = 0.05)]
    pub rate: f64,
    /// Most gaps that are listed.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(i32).range(1..=1000))]
    pub count: i32,
    /// Show notes in full.
    #[arg(long)]
    pub notes: bool,
}

/// Measures how unequal groups are, or follows a gap.
///
/// # Errors
/// The service cannot be reached or refuses the question.
pub async fn run(args: &InequalityArgs, out: &mut Out) -> Result<(), Failure> {
    let (table, Measuring { column, group, reference, every_measure, notes }) =
        args.what.question()?;
    let by = table.query().map_or(0, |query| query.by.len());
    let shares = match table {
        Table::Channels(asked) => Shares::Channels(asked),
        Table::Outcomes(asked) => Shares::Outcomes(asked),
        Table::Exclusion(asked) => Shares::Exclusion(asked),
        Table::Provision(asked) => Shares::Provision(asked),
        Table::Impact(asked) => Shares::Impact(asked),
        Table::Indicators(asked) => Shares::Indicators(asked),
        Table::Risk(_)
        | Table::Inequality(_)
        | Table::GapTrend(_)
        | Table::Gaps(_)
        | Table::TargetStatus(_)
        | Table::Recording(_)
        | Table::Timeliness(_)
        | Table::Representativeness(_)
        | Table::Consistency(_)
        | Table::Restoration(_)
        | Table::StandardisedRates(_) => {
            let why = "inequality is measured between shares that have limits: ask for channels, outcomes, exclusion, provision, impact or indicators";
            return Err(Failure::Usage(why.into()));
        }
    };
    let question = Some(v1::ShareQuestion { table: Some(shares) });
    let [group_code, reference_code] =
        [group, reference].map(|code| code.clone().unwrap_or_default());
    let asked = match column.as_slice() {
        _ if (by < 2 || *every_measure) && group.is_some() => {
            let why = "--group belongs to a gap over time: it needs a period and a dimension in --by, for example `--by month,sex`, and no --every-measure";
            return Err(Failure::Usage(why.into()));
        }
        columns if by < 2 || *every_measure => {
            let columns = columns.to_vec();
            Table::Inequality(v1::GetInequalitySummaryRequest { question, columns, reference_code })
        }
        _ if group.is_none() && reference.is_some() => {
            let why = "--reference needs --group where --by has a period: name both groups, or leave it out";
            return Err(Failure::Usage(why.into()));
        }
        [] | [_] => Table::GapTrend(v1::GetGapTrendRequest {
            question,
            column: column.first().cloned().unwrap_or_default(),
            group_code,
            reference_code,
        }),
        _ => return Err(Failure::Usage("a gap over time has one --column".into())),
    };
    show(asked, &args.reach, *notes, out).await
}

/// Lists the largest gaps.
///
/// # Errors
/// The service cannot be reached or refuses the question.
pub async fn gaps(args: &GapsArgs, out: &mut Out) -> Result<(), Failure> {
    let asked = Table::Gaps(v1::ListGapsRequest {
        query: Some(args.query.query()),
        dimensions: args.dimension.clone(),
        false_discovery_rate: Some(args.rate),
        indicators: args.indicator.clone(),
        page_size: args.count,
        ..Default::default()
    });
    show(asked, &args.reach, args.notes, out).await
}

/// Asks, and shows the answer.
///
/// # Errors
/// The service cannot be reached or refuses the question.
pub(super) async fn show(
    asked: Table,
    reach: &Reach,
    notes: bool,
    out: &mut Out,
) -> Result<(), Failure> {
    let service = &reach.connect().await?;
    if out.format == Format::Csv {
        return lines(service, asked, None, true, out).await;
    }
    let Answer { breakdown, position, message } = answer::answer(service, asked).await?;
    let shown = if out.format == Format::Json {
        let response = v1::WatchBreakdownResponse { breakdown: Some(breakdown), position };
        json::text(&json::of(message, &response)?, false)
    } else {
        let known = answer::words(service).await?;
        let table = text(&breakdown, position, &known, notes, &out.look);
        words::joined([table, chart(&breakdown, &known, &out.look)], "\n\n")
    };
    Ok(out.answer(&shown)?)
}
