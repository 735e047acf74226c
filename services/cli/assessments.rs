//! `equity assessments`: assessments by organisations of their own channels.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args, Subcommand};

use super::client::{call, pages};
use super::exit::Failure;
use super::options::Reach;
use super::reference::show;
use super::sending::fresh_run_id;
use super::show::{Out, assessments};
use crate::proto::v1;

/// Examples for `equity assessments --help`.
pub const EXAMPLES: &str = "\
Examples:
  equity assessments list --organisation 04C
  equity assessments record --organisation 04C --from 2020-04 --role Director --date 2020-05-04 --file note.txt";

const RECORD: &str = "\
Examples:
  equity assessments record --organisation 04C --from 2020-04 --role Director --date 2020-05-04 --text Unchanged.
  equity assessments record --organisation 04C --from 2020-04 --to 2020-06 --role Director --date 2020-07-01 --file note.txt
  equity assessments record --organisation 04C --from 2020-04 --role Director --date 2020-05-04 --file -
      the text from standard input

At most 3,000 bytes of text, without personal data. No assessment is overwritten: a later one is listed first.";

const LIST: &str = "\
Examples:
  equity assessments list
  equity assessments list --organisation 04C --format json";

/// Most bytes read from a file. The service accepts fewer.
const MOST: u64 = 64 << 10;

/// The subcommands of `equity assessments`.
#[derive(Debug, Subcommand)]
pub enum AssessmentAction {
    /// Record an assessment.
    #[command(after_help = RECORD)]
    Record(RecordArgs),
    /// List assessments, newest first.
    #[command(after_help = LIST)]
    List(AssessmentListArgs),
}

/// `equity assessments record`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("said").required(true).args(["text", "file"]))]
pub struct RecordArgs {
    /// Organisation that assesses. See `equity reference organisations`.
    #[arg(long, value_name = "CODE")]
    pub organisation: String,
    /// First month assessed, `2020-04`.
    #[arg(long, value_name = "MONTH")]
    pub from: String,
    /// Last month assessed (default: the first).
    #[arg(long, value_name = "MONTH")]
    pub to: Option<String>,
    /// Role of the person who is responsible for the assessment. A role, not a name.
    #[arg(long, value_name = "ROLE")]
    pub role: String,
    /// Day of the assessment, `2020-05-04`.
    #[arg(long, value_name = "DAY")]
    pub date: String,
    /// Text of the assessment.
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
    /// File with the assessment, UTF-8; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// UUID of this change. A second call with the same UUID records nothing (default: a new UUID).
    #[arg(long, value_name = "UUID")]
    pub request_id: Option<String>,
}

/// `equity assessments list`.
#[derive(Debug, Args)]
pub struct AssessmentListArgs {
    /// Only this organisation.
    #[arg(long, value_name = "CODE")]
    pub organisation: Option<String>,
    /// Most assessments in the list.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub limit: usize,
}

/// Records or lists assessments, and shows the result.
///
/// # Errors
/// The file cannot be read, the service cannot be reached, or the service refuses.
pub async fn run(action: AssessmentAction, reach: &Reach, out: &mut Out) -> Result<(), Failure> {
    match action {
        AssessmentAction::Record(args) => record(args, reach, out).await,
        AssessmentAction::List(args) => list(args, reach, out).await,
    }
}

async fn record(args: RecordArgs, reach: &Reach, out: &mut Out) -> Result<(), Failure> {
    let text = match (args.text, &args.file) {
        (Some(text), _) => text,
        (None, Some(file)) => read(file).map_err(|error| Failure::data(file, error))?,
        (None, None) => return Err(Failure::Usage("give --text or --file".into())),
    };
    let request = v1::RecordChannelAssessmentRequest {
        assessment: Some(v1::ChannelAssessment {
            organisation: args.organisation,
            first_month: args.from,
            last_month: args.to.unwrap_or_default(),
            text,
            assess_date: args.date,
            owner_role: args.role,
            ..Default::default()
        }),
        request_id: args.request_id.unwrap_or_else(fresh_run_id),
    };
    let service = reach.connect_to_write(out).await?;
    let answer = call!(service, exclusion, record_channel_assessment, request);
    let sheet = assessments::sheet(&answer.assessment);
    show(&sheet, "equity.v1.RecordChannelAssessmentResponse", &answer, out)
}

async fn list(args: AssessmentListArgs, reach: &Reach, out: &mut Out) -> Result<(), Failure> {
    let service = reach.connect().await?;
    let request = v1::ListChannelAssessmentsRequest {
        parent: format!("organisations/{}", args.organisation.as_deref().unwrap_or("-")),
        ..Default::default()
    };
    let limit = args.limit;
    let found = pages!(service, exclusion, list_channel_assessments, request, assessments, limit);
    if found.len() == limit {
        out.remark(&format!("the newest {limit}; --limit shows more"))?;
    }
    let sheet = assessments::sheet(&found);
    let answer = v1::ListChannelAssessmentsResponse { assessments: found, ..Default::default() };
    show(&sheet, "equity.v1.ListChannelAssessmentsResponse", &answer, out)
}

/// The text of a file as the service takes it: line feeds only, no empty end.
fn read(file: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    if file == Path::new("-") {
        std::io::stdin().take(MOST).read_to_string(&mut text)?;
    } else {
        std::fs::File::open(file)?.take(MOST).read_to_string(&mut text)?;
    }
    Ok(text.trim_start_matches('\u{feff}').replace("\r\n", "\n").trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_every_editor_are_the_same_text() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("note.txt");
        for written in ["\u{feff}one\r\n\r\ntwo\r\n", "one\n\ntwo\n\n", "one\n\ntwo"] {
            std::fs::write(&file, written).unwrap();
            assert_eq!(read(&file).unwrap(), "one\n\ntwo");
        }
        std::fs::write(&file, [0xff, 0xfe]).unwrap();
        assert!(read(&file).is_err());
    }
}
