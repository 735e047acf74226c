//! `equity breakdown`: asks a question to a table, and shows the answer once or after every change.

use std::time::Duration;

use clap::Args;

use super::answer::{self, Answer};
use super::client::{Service, pause};
use super::exit::Failure;
use super::export::lines;
use super::options::Reach;
use super::quality::MoreOfQuality;
use super::questions::More;
use super::show::breakdown::{chart, text};
use super::show::indicators::Indicators;
use super::show::{Format, Out, json, words};
use crate::proto::v1::as_of::At;
use crate::proto::v1::breakdown_question::Table as Question;
use crate::proto::v1::{BreakdownQuestion, WatchBreakdownRequest, WatchBreakdownResponse};

/// Examples for `equity breakdown --help`.
pub const EXAMPLES: &str = "\
Examples:
  equity breakdown channels --area QK1 --from 2020-04
  equity breakdown channels --area QK1 --from 2019-03 --to 2020-12 --by month --chart
  equity breakdown channels --area QK1 --from 2020-04 --by ethnic_category --where age_band=75+ --collection synthetic-llr
  equity breakdown outcomes --organisation 04C,03W --from 2020-Q2 --format csv
  equity breakdown exclusion --area QK1 --from 2020-06 --by age_band,sex --collection synthetic-llr
  equity breakdown provision --area QK1 --from 2020-06 --collection synthetic-llr --chart
  equity breakdown impact --area QK1 --from 2020-04 --chart
  equity breakdown risk --area QK1 --by ethnic_group_broad --high-risk-top 0.2 --chart
  equity breakdown indicators --indicator C20-SMI --area QK1 --from 2020-06 --by sex --collection synthetic-llr

JSON is the response of the contract. CSV has a line for each figure, with the columns of `equity export` (`equity export columns`).";

/// How an answer is shown.
#[derive(Debug, Args)]
pub struct Showing {
    /// Show the table again whenever it changes, until Ctrl-C. JSON then has one line for each table.
    #[arg(long, conflicts_with = "as_of")]
    pub watch: bool,
    /// Add a chart below the table: bars, or with --compare a forest plot, each group's difference between its limits.
    #[arg(long)]
    pub chart: bool,
    /// Show notes and sources in full, the definitions of indicators, the counts behind each share, and all rows and columns of an
    /// answer that a terminal shows in short.
    #[arg(long)]
    pub notes: bool,
}

impl More for Showing {
    const CHANNELS: &'static str = "\
Examples:
  equity breakdown channels --area QK1 --from 2020-04
      how people in Leicester, Leicestershire and Rutland were seen in April 2020
  equity breakdown channels --area QK1 --from 2020-08 --to 2020-12 --by month --rates
      per 1,000 registered people a month
  equity breakdown channels --area QK1 --collection synthetic-llr --from 2020-04 --by sex,age_band --format csv
      a crossing, for a spreadsheet
  equity breakdown channels --area QK1 --collection synthetic-llr --from 2020-04 --where imd2025_quintile=imd_2025:q1
      people of the most deprived fifth of small areas
  equity breakdown channels --area QK1 --from 2020-04 --watch
      the table again whenever a submission changes it, until Ctrl-C";
    const OUTCOMES: &'static str = "\
Examples:
  equity breakdown outcomes --area QK1 --from 2020-04
      did-not-attend rate and days from booking to appointment, by channel
  equity breakdown outcomes --area QK1 --from 2019-03 --to 2020-12 --by month --chart
      did-not-attend rate month by month, with bars
  equity breakdown outcomes --area QK1 --from 2020-04 --by imd2025_quintile --compare least-deprived --collection synthetic-llr --chart
      a forest plot: how each group differs from the least deprived one, with its limits
  equity breakdown outcomes --area QK1 --from 2020-04 --watch
      the table again whenever a submission changes it, until Ctrl-C
  equity breakdown outcomes --organisation 04C --from 2019-03 --to 2020-12 --by month --late-counts-as-missed --format csv";
    const EXCLUSION: &'static str = "\
Examples:
  equity breakdown exclusion --area QK1 --from 2020-06 --collection synthetic-llr
      every indicator that access records give, the reasons, and beside them what others published
  equity breakdown exclusion --area QK1 --from 2020-06 --by age_band,sex --indicator DX-21 --collection synthetic-llr --chart
      people who cannot use remote care, or only with help, by age and sex
  equity breakdown exclusion --area QK1 --from 2020-12 --by age_band,sex --estimates ons-internet-users
      what the Office for National Statistics published by age and sex, whether or not anybody submitted access records
  equity breakdown exclusion --area QK1 --from 2020-06 --by sex --collection synthetic-llr --estimates none --format csv
      counts alone, for a spreadsheet

A period of several months answers from each organisation's last snapshot in it. Counts and published estimates are about other people \
and other questions, so they are shown apart and never merged; `equity reference estimates` lists all published figures.";
    const PROVISION: &'static str = "\
Examples:
  equity breakdown provision --area QK1 --from 2020-01 --to 2020-06 --collection synthetic-llr --chart
      people who cannot use remote care, need an interpreter or accessible information, people without a need, and people whose
      need is not known
  equity breakdown provision --area QK1 --from 2020-06 --by ethnic_category --collection synthetic-llr --request-met-days 7
  equity breakdown provision --area E06000016 --from 2020-06 --by sex --collection synthetic-llr --format csv

What a person needs is in the consultation's record or, failing that, in the person's latest access snapshot at or before its month. \
People who were never asked are not counted as having no need.";
    const IMPACT: &'static str = "\
Examples:
  equity breakdown impact --area QK1 --from 2020-04 --chart
      did not attend, waits, and whether another consultation in person followed: remote against in person
  equity breakdown impact --area QK1 --from 2020-01 --to 2020-06 --by age_band --collection synthetic-llr --chart
  equity breakdown impact --organisation 04C --from 2020-04 --late-counts-as-missed --format csv

Each difference is made within its row, so that who uses a channel is not taken for what the channel does. `equity assessments list` shows \
what providers say of their channels themselves.";
    const RISK: &'static str = "\
Examples:
  equity breakdown risk --area QK1 --by ethnic_group_broad --high-risk-top 0.2 --chart
      how the Digital Exclusion Risk Index falls on ethnic groups, by where they live
  equity breakdown risk --area E06000016 --by imd2019_quintile --high-risk 4
      high risk from a score of 4
  equity breakdown risk --area QK1 --by disability --high-risk-top 0.2 --format csv
      high risk: the most exposed fifth of the people
  equity breakdown risk --area QK1 --by religion --watch
      the table again whenever a population or a score changes it, until Ctrl-C

These figures are about areas and say nothing about any one person in them (ECOLOGICAL).";
    const INDICATORS: &'static str = "\
Examples:
  equity breakdown indicators --indicator C20-SMI --area QK1 --from 2020-06 --by imd2025_quintile --collection synthetic-llr --chart
      physical health checks of people with severe mental illness, by deprivation
  equity breakdown indicators --indicator FSL --area QK1 --from 2020-06 --by ethnic_group_broad --collection synthetic-llr
      people with type 1 diabetes who were given a glucose sensor
  equity breakdown indicators --indicator FSL --area QK1 --from 2020-01 --to 2020-06 --by month --collection synthetic-llr --format csv
  equity breakdown indicators --indicator FSL --area QK1 --from 2020-06 --collection synthetic-llr --watch
      the table again whenever a submission changes it, until Ctrl-C

`equity submit` sends counts: one line for an indicator and a group of people, with numerator_count and denominator_count. `equity generate \
--dataset indicators` makes some. `equity reference indicators --tag NHS-2122-P4` lists the indicators of a priority.";
    const STANDARDISED: &'static str = "\
Examples:
  equity breakdown standardised --area QK1 --from 2020-04 --to 2020-06 --by imd2025_quintile --collection synthetic-llr
      consultations per 1,000 people a month, crude and age-standardised, for each fifth of deprivation
  equity breakdown standardised --area QK1 --from 2020-04 --by ethnic_group_broad --measure attended --collection synthetic-llr --format csv

The standard is the European Standard Population of 2013. The population of the collection must be known by ages of five years.";
    const RESTORATION: &'static str = "\
Examples:
  equity breakdown restoration --area QK1 --from 2020-04 --to 2020-06 --by organisation --collection gpad-regional
      consultations attended beside those of April to June 2019, for each organisation
  equity breakdown restoration --area QK1 --from 2020-04 --to 2020-06 --baseline-from 2020-Q1 --by ethnic_group_broad --collection synthetic-llr --chart
  equity breakdown restoration --area QK1 --from 2020-05 --baseline-from 2020-02 --by imd2025_quintile --collection synthetic-llr --format csv

1: as many consultations a month as in the baseline. `to others` below 1: the activity of the group came back more slowly than that of all others.";
}

impl MoreOfQuality for Showing {
    const RECORDING: &'static str = "\
Examples:
  equity quality recording --area QK1 --from 2020-04 --collection synthetic-llr
      how completely each characteristic is recorded in April 2020
  equity quality recording --area QK1 --from 2020-04 --by organisation --characteristic ethnic_category --collection synthetic-llr
      each organisation; `--by care_setting`: each care setting
  equity quality recording --area QK1 --from 2020-01 --to 2020-06 --by month --indicator DQ-01 --collection synthetic-llr --chart
      month by month, with bars
  equity quality recording --area QK1 --from 2020-04 --characteristic disability,religion --collection synthetic-llr --format csv

Shares are of the records whose source collects the characteristic and to which it applies. `equity reference indicators --tag NHS-2122-P3` \
has every definition.";
    const TIMELINESS: &'static str = "\
Examples:
  equity quality timeliness --area QK1 --from 2020-01 --to 2020-06 --collection synthetic-llr
      how many submissions were expected, received, late, missing and not due yet
  equity quality timeliness --area QK1 --from 2020-01 --to 2020-06 --by organisation --collection synthetic-llr
      each organisation; `--by month`: each month
  equity quality timeliness --area QK1 --from 2020-01 --to 2020-06 --by organisation,month --due-days 14 --collection synthetic-llr --format csv

A submission is expected for each month and organisation that the collection expects, and is missing once its deadline has passed. Its first version says when it was received.";
    const MATRIX: &'static str = "\
Examples:
  equity quality matrix --area QK1 --from 2020-04 --collection synthetic-llr
      a line for each organisation, a column for each characteristic
  equity quality matrix --area QK1 --from 2020-01 --to 2020-06 --characteristic ethnic_category,disability --collection synthetic-llr
  equity quality matrix --area QK1 --from 2020-04 --collection synthetic-llr --format csv

100 %: the organisation collects the characteristic for all its records. 0 %: for none. Between: for some of them, for example in some months.";
    const REPRESENTATIVENESS: &'static str = "\
Examples:
  equity quality representativeness --area QK1 --from 2020-04 --by ethnic_group_broad --collection synthetic-llr
      each ethnic group's share of the consultations and of the population; 1: as in the population
  equity quality representativeness --area QK1 --from 2020-04 --by sex --measure persons --collection synthetic-llr --chart
      people with a consultation in place of consultations
  equity quality representativeness --area QK1 --from 2020-04 --by organisation,age_band --collection synthetic-llr --format csv

`--by` needs one characteristic that populations have. The limits are those of the records' share: the population's share is taken as fixed.";
    const CONSISTENCY: &'static str = "\
Examples:
  equity quality consistency --area QK1 --from 2020-01 --to 2020-06 --collection synthetic-llr
      of the people with an ethnic category (a sex, a disability, …), how many have more than one in their records
  equity quality consistency --area QK1 --from 2020-01 --to 2020-06 --by organisation --characteristic ethnic_category --collection synthetic-llr
  equity quality consistency --area QK1 --from 2020-01 --to 2020-06 --by care_setting --characteristic sex,main_language --collection synthetic-llr --format csv

Only people with a person key count. A missing value is no value.";
}

/// Asks, and shows the answer.
///
/// # Errors
/// The service cannot be reached or refuses the question.
pub async fn run(
    (question, showing): (Question, &Showing),
    reach: &Reach,
    out: &mut Out,
) -> Result<(), Failure> {
    let Showing { watch, chart, notes } = showing;
    if (*chart || *notes) && out.format != Format::Table {
        let what = "--chart and --notes belong to tables: leave them out, or leave out --format";
        return Err(Failure::Usage(what.into()));
    }
    let service = &reach.connect().await?;
    let words = match out.format {
        Format::Table => answer::words(service).await?,
        Format::Json | Format::Csv => Indicators::default(),
    };
    let shown = Shown { service, question: question.clone(), words, chart: *chart, notes: *notes };
    if *watch {
        return shown.follow(out).await;
    }
    if out.format == Format::Csv {
        return lines(service, question, None, true, out).await;
    }
    shown.show(&answer::answer(service, question).await?, false, out)
}

/// Wait before a watch goes on.
const AGAIN: Duration = Duration::from_millis(500);

/// How answers to a question are shown.
struct Shown<'a> {
    service: &'a Service,
    question: Question,
    words: Indicators,
    chart: bool,
    notes: bool,
}

impl Shown<'_> {
    fn show(&self, answer: &Answer, one_line: bool, out: &mut Out) -> Result<(), Failure> {
        let Answer { breakdown, position, message } = answer;
        let shown = if out.format == Format::Json {
            let response =
                WatchBreakdownResponse { breakdown: Some(breakdown.clone()), position: *position };
            json::text(&json::of(message, &response)?, one_line)
        } else {
            let below =
                if self.chart { chart(breakdown, &self.words, &out.look) } else { String::new() };
            let table = text(breakdown, *position, &self.words, self.notes, &out.look);
            words::joined([table, below], "\n\n")
        };
        Ok(out.answer(&shown)?)
    }

    /// Shows the answer as often as it changes, until Ctrl-C. If the service stops or the connection breaks, waits for it and goes on
    /// after the position shown last.
    async fn follow(&self, out: &mut Out) -> Result<(), Failure> {
        let mut after_position = 0;
        loop {
            tokio::select! {
                broken = self.follow_on(&mut after_position, out) => broken?,
                _ = tokio::signal::ctrl_c() => return Ok(()),
            }
            out.remark("the service ended the watch; it goes on when the service is there again")?;
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Shows answers until the stream breaks in a way that may pass.
    async fn follow_on(&self, after_position: &mut i64, out: &mut Out) -> Result<(), Failure> {
        let table = Some(self.question.clone());
        let request = WatchBreakdownRequest {
            question: Some(BreakdownQuestion { table }),
            after_position: *after_position,
        };
        let call = || {
            let (mut client, request) = (self.service.breakdowns(), request.clone());
            async move { client.watch_breakdown(request).await }
        };
        let mut stream = self.service.patiently(call).await?.into_inner();
        loop {
            let WatchBreakdownResponse { breakdown, position } = match stream.message().await {
                Ok(Some(next)) => next,
                Ok(None) => return Ok(()),
                Err(status) => {
                    let failure = self.service.failure(status);
                    let passes =
                        pause(&failure).is_some_and(|wait| wait <= self.service.patience());
                    return if passes { Ok(()) } else { Err(failure) };
                }
            };
            let first = *after_position == 0;
            if out.format == Format::Csv {
                // Who reads releases may ask for no position.
                let release = breakdown.and_then(|of| of.context).map(|of| of.release);
                let release = release.filter(|name| !name.is_empty()).map(At::Release);
                let at = release.unwrap_or(At::Position(position));
                lines(self.service, self.question.clone(), Some(at), first, out).await?;
            } else {
                let breakdown = breakdown.unwrap_or_default();
                let message = "equity.v1.WatchBreakdownResponse";
                self.show(&Answer { breakdown, position, message }, true, out)?;
            }
            *after_position = position;
        }
    }
}
