//! `equity reference`: the ids that questions and submissions use, and content made of publishers' files.

use clap::{Args, Subcommand};
use prost::Message;

use super::answer::indicators;
use super::client::{Service, pages};
use super::exit::Failure;
use super::options::Reach;
use super::reference_build;
use super::show::sheet::Sheet;
use super::show::{Format, Out, estimates_sheet, json, lists};
use crate::proto::v1;

/// Examples for `equity reference --help`.
pub const EXAMPLES: &str = "\
Examples:
  equity reference dimensions
  equity reference dimensions --dimension ethnic_category
  equity reference areas --type place
  equity reference indicators --tag NHS-2122-P2
  equity reference tables --table CHANNELS
  equity reference availability --collection gpad-regional --format csv
  equity reference estimates --indicator DX-12-USED --period 2018
  equity reference build ./publishers --out ./equity-reference";

/// Lists of a running service, or content for one.
#[derive(Debug, Subcommand)]
pub enum ReferenceAction {
    /// A list.
    #[command(flatten)]
    List(List),
    /// Make areas, organisations and small areas out of the files of ODS, NHS England, ONS and MHCLG.
    Build(reference_build::BuildArgs),
}

/// One subcommand for each list.
#[derive(Debug, Subcommand)]
pub enum List {
    /// Code lists: the values of each field, and the code systems in which partners may send them.
    #[command(
        after_help = "Examples:\n  equity reference code-lists\n  equity reference code-lists --list channel\n  \
                            equity reference code-lists --list ethnicity --format json"
    )]
    CodeLists {
        /// Only this list, with its categories and every code of its code systems.
        #[arg(long, value_name = "ID")]
        list: Option<String>,
    },
    /// Dimensions that a question can break down by, or set a condition on.
    #[command(
        after_help = "Examples:\n  equity reference dimensions\n  equity reference dimensions --dimension age_band"
    )]
    Dimensions {
        /// Only this dimension, with its categories.
        #[arg(long, value_name = "ID")]
        dimension: Option<String>,
    },
    /// Indicators: numerator, denominator and unit.
    #[command(
        after_help = "Examples:\n  equity reference indicators\n  equity reference indicators --tag NHS-2122-P2\n  \
                            equity reference indicators --format csv"
    )]
    Indicators {
        /// Only indicators with this tag: the priority that they belong to.
        #[arg(long, value_name = "TAG")]
        tag: Option<String>,
    },
    /// Tables: their columns, with definitions and units.
    #[command(
        after_help = "Examples:\n  equity reference tables\n  equity reference tables --table CHANNELS\n  \
                            equity reference tables --format csv"
    )]
    Tables {
        /// Only this table: `CHANNELS`, `EXCLUSION`.
        #[arg(long, value_name = "NAME")]
        table: Option<String>,
    },
    /// Collections: the sources of the data.
    #[command(
        after_help = "Examples:\n  equity reference collections\n  equity reference collections --format json"
    )]
    Collections,
    /// Organisations that submit data or give care.
    #[command(
        after_help = "Examples:\n  equity reference organisations\n  equity reference organisations --area QK1 --format csv\n  \
                            equity reference organisations --search leicester"
    )]
    Organisations {
        /// Only organisations that belong to this area: a code or a name.
        #[arg(long, value_name = "AREA")]
        area: Option<String>,
        /// Only organisations that these words find. Each word has to begin a code, or a word of the name.
        #[arg(long, value_name = "WORDS")]
        search: Option<String>,
    },
    /// Areas that a question can name.
    #[command(
        after_help = "Examples:\n  equity reference areas\n  equity reference areas --type place\n  \
                            equity reference areas --search northampton\n  \
                            equity reference areas --search frimley --format csv"
    )]
    Areas {
        /// Only this type: `system`, `place`, `district`, `sub_icb`, `pcn`.
        #[arg(long = "type", value_name = "TYPE")]
        kind: Option<String>,
        /// Only areas that these words find. Each word has to begin a code, or a word of the name.
        #[arg(long, value_name = "WORDS")]
        search: Option<String>,
    },
    /// Organisations, months and fields for which a collection has data.
    #[command(
        after_help = "Examples:\n  equity reference availability --collection gpad-regional\n  \
                            equity reference availability --collection gpad-coverage --dataset populations --format csv"
    )]
    Availability(AvailabilityArgs),
    /// Published figures, one line each, with their sources.
    #[command(
        after_help = "Examples:\n  equity reference estimates --indicator DX-12-USED --period 2018\n  \
                            equity reference estimates --collection gpps --format csv\n  \
                            equity reference estimates --area E12000004 --limit 20"
    )]
    Estimates(EstimatesArgs),
}

/// `equity reference estimates`.
#[derive(Debug, Args)]
pub struct EstimatesArgs {
    /// Only this collection. See `equity reference collections`.
    #[arg(long, value_name = "ID")]
    pub collection: Option<String>,
    /// Only this indicator. See `equity reference indicators`.
    #[arg(long, value_name = "ID")]
    pub indicator: Option<String>,
    /// Only this area: a code, or `NAME:` and the publisher's words if the area has no code.
    #[arg(long, value_name = "CODE")]
    pub area: Option<String>,
    /// Only figures about this period or a part of it: `2018`, `2020/21`, `2020-Q2`, `2020-04`.
    #[arg(long, value_name = "PERIOD")]
    pub period: Option<String>,
    /// Most figures in the list.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub limit: usize,
}

/// `equity reference availability`.
#[derive(Debug, Args)]
pub struct AvailabilityArgs {
    /// Collection. See `equity reference collections`.
    #[arg(long, value_name = "ID")]
    pub collection: String,
    /// Only organisations of this area.
    #[arg(long, value_name = "CODE")]
    pub area: Option<String>,
    /// Only this dataset.
    #[arg(long, value_enum)]
    pub dataset: Option<DatasetArg>,
}

/// A dataset with records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum DatasetArg {
    /// Consultations: activity.
    Consultations,
    /// Registered or resident people.
    Populations,
    /// Snapshots of how people can reach care by digital means.
    DigitalAccess,
    /// Figures that others published.
    Estimates,
    /// Numerators and denominators of indicators.
    IndicatorCounts,
}

impl From<DatasetArg> for v1::Dataset {
    fn from(dataset: DatasetArg) -> Self {
        match dataset {
            DatasetArg::Consultations => Self::Consultations,
            DatasetArg::Populations => Self::Populations,
            DatasetArg::DigitalAccess => Self::DigitalAccess,
            DatasetArg::Estimates => Self::Estimates,
            DatasetArg::IndicatorCounts => Self::IndicatorCounts,
        }
    }
}

/// Asks and shows the list, or builds content.
///
/// # Errors
/// The service cannot be reached or refuses, the dimension or code list does not exist, or the content cannot be built.
pub async fn run(what: ReferenceAction, reach: &Reach, out: &mut Out) -> Result<(), Failure> {
    match what {
        ReferenceAction::List(list) => ask(list, reach, out).await,
        ReferenceAction::Build(args) => reference_build::run(args, out),
    }
}

async fn ask(list: List, reach: &Reach, out: &mut Out) -> Result<(), Failure> {
    let service = reach.connect().await?;
    let all = usize::MAX;
    match list {
        List::CodeLists { list } => {
            let request = v1::ListCodeListsRequest {
                code_list: list.clone().unwrap_or_default(),
                ..Default::default()
            };
            let code_lists = pages!(service, reference, list_code_lists, request, code_lists, all);
            let sheet = match &list {
                Some(id) => lists::codes(one(&code_lists, |list| list.id == *id, "code list", id)?),
                None => lists::code_lists(&code_lists),
            };
            let answer = v1::ListCodeListsResponse { code_lists, ..Default::default() };
            show(&sheet, "equity.v1.ListCodeListsResponse", &answer, out)
        }
        List::Dimensions { dimension } => {
            let request = v1::ListDimensionsRequest::default();
            let mut dimensions =
                pages!(service, reference, list_dimensions, request, dimensions, all);
            let sheet = match &dimension {
                Some(id) => {
                    let only = one(&dimensions, |found| found.id == *id, "dimension", id)?.clone();
                    dimensions = vec![only];
                    lists::categories(&dimensions[0])
                }
                None => lists::dimensions(&dimensions),
            };
            let answer = v1::ListDimensionsResponse { dimensions, ..Default::default() };
            show(&sheet, "equity.v1.ListDimensionsResponse", &answer, out)
        }
        List::Indicators { tag } => {
            let found = indicators(&service, tag.as_deref().unwrap_or_default()).await?;
            let sheet = lists::indicators(&found);
            let answer = v1::ListIndicatorsResponse { indicators: found, ..Default::default() };
            show(&sheet, "equity.v1.ListIndicatorsResponse", &answer, out)
        }
        List::Tables { table } => {
            let request = v1::ListTablesRequest::default();
            let mut tables = pages!(service, reference, list_tables, request, tables, all);
            if let Some(name) = &table {
                tables = vec![
                    one(&tables, |found| found.name.eq_ignore_ascii_case(name), "table", name)?
                        .clone(),
                ];
            }
            let sheet = lists::tables(&tables);
            let answer = v1::ListTablesResponse { tables, ..Default::default() };
            show(&sheet, "equity.v1.ListTablesResponse", &answer, out)
        }
        List::Collections => {
            let request = v1::ListCollectionsRequest::default();
            let collections =
                pages!(service, reference, list_collections, request, collections, all);
            let sheet = lists::collections(&collections);
            let answer = v1::ListCollectionsResponse { collections, ..Default::default() };
            show(&sheet, "equity.v1.ListCollectionsResponse", &answer, out)
        }
        List::Organisations { area, search } => {
            let request = v1::ListOrganisationsRequest {
                area: area.unwrap_or_default(),
                search: search.unwrap_or_default(),
                ..Default::default()
            };
            let organisations =
                pages!(service, reference, list_organisations, request, organisations, all);
            let sheet = lists::organisations(&organisations);
            let answer = v1::ListOrganisationsResponse { organisations, ..Default::default() };
            show(&sheet, "equity.v1.ListOrganisationsResponse", &answer, out)
        }
        List::Areas { kind, search } => {
            let request = v1::ListAreasRequest {
                r#type: kind.unwrap_or_default(),
                search: search.unwrap_or_default(),
                ..Default::default()
            };
            let areas = pages!(service, reference, list_areas, request, areas, all);
            let sheet = lists::areas(&areas);
            let answer = v1::ListAreasResponse { areas, ..Default::default() };
            show(&sheet, "equity.v1.ListAreasResponse", &answer, out)
        }
        List::Availability(args) => {
            let request = v1::ListAvailabilityRequest {
                collection: args.collection,
                area: args.area.unwrap_or_default(),
                dataset: args.dataset.map_or(v1::Dataset::Unspecified, Into::into).into(),
                ..Default::default()
            };
            let availability =
                pages!(service, reference, list_availability, request, availability, all);
            let sheet = lists::availability(&availability);
            let answer = v1::ListAvailabilityResponse { availability, ..Default::default() };
            show(&sheet, "equity.v1.ListAvailabilityResponse", &answer, out)
        }
        List::Estimates(args) => estimates(args, &service, out).await,
    }
}

async fn estimates(args: EstimatesArgs, service: &Service, out: &mut Out) -> Result<(), Failure> {
    let limit = args.limit;
    let request = v1::ListEstimatesRequest {
        collection: args.collection.unwrap_or_default(),
        indicator: args.indicator.unwrap_or_default(),
        area: args.area.unwrap_or_default(),
        period: args.period.unwrap_or_default(),
        ..Default::default()
    };
    let found = pages!(service, exclusion, list_estimates, request, estimates, limit);
    if found.len() == limit {
        out.remark(&format!("the first {limit}; --limit shows more"))?;
    }
    let sheet = estimates_sheet::sheet(&found);
    let answer = v1::ListEstimatesResponse { estimates: found, ..Default::default() };
    show(&sheet, "equity.v1.ListEstimatesResponse", &answer, out)
}

fn one<'a, T>(
    all: &'a [T],
    is: impl Fn(&T) -> bool,
    what: &str,
    id: &str,
) -> Result<&'a T, Failure> {
    all.iter().find(|item| is(item)).ok_or_else(|| {
        Failure::Other(anyhow::anyhow!(
            "there is no {what} `{id}`; leave it out to see all of them"
        ))
    })
}

/// Shows a list: as a table and CSV by its sheet, as JSON by the message `name`.
///
/// # Errors
/// The answer cannot be written.
pub fn show(
    sheet: &Sheet,
    name: &str,
    message: &impl Message,
    out: &mut Out,
) -> Result<(), Failure> {
    let text = match out.format {
        Format::Table if sheet.lines.is_empty() => "nothing to list".to_owned(),
        Format::Table => sheet.table(&out.look),
        Format::Csv => sheet.csv(),
        Format::Json => json::text(&json::of(name, message)?, false),
    };
    Ok(out.answer(&text)?)
}
