//! `equity audit`: lists who asked for what, and finds whether somebody has changed the audit log.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand};

use super::client::pages;
use super::exit::Failure;
use super::options::{Reach, Shape};
use super::reference::show;
use super::show::sheet::Sheet;
use super::show::{Format, Out, audit as sheets};
use crate::app::{self, AuditReport};
use crate::proto::v1;

/// Examples for `equity audit --help`.
pub const EXAMPLES: &str = "\
Examples:
  equity audit list --limit 20
  equity audit verify --data-folder /var/lib/equity

The audit log has every call: who, for what purpose, what was asked, what was answered, and how the call ended.";

const LIST: &str = "\
Examples:
  equity audit list --limit 20
  equity audit list --from 2026-11-21T00:00:00Z --to 2026-11-22T00:00:00Z --organisation C82001
  equity audit list --rpc SubmissionService/WithdrawSubmission --format csv
  equity audit list --status PERMISSION_DENIED --format json

Partners need the role `audit`. Without identities, callers need the disclosure profile INTERNAL.";

const VERIFY: &str = "\
Examples:
  equity audit verify --data-folder /var/lib/equity
  equity audit verify --data-folder /var/lib/equity --head 2:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
      also compares a hash that was kept elsewhere
  equity audit verify --data-folder /var/lib/equity --format json

Stop the service first. Nothing is written. The command finds entries that were changed, removed, put in or moved, files that are missing, and a \
missing end. It cannot find that somebody has written the whole log and its witness anew, unless --head has a hash that was kept elsewhere: the \
command prints the present one. The exit code is 4 if something was found.";

/// `equity audit`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct AuditArgs {
    /// How the answer is written.
    #[command(flatten)]
    pub shape: Shape,
    /// List or verify.
    #[command(subcommand)]
    pub what: AuditAction,
}

/// The subcommands of `equity audit`.
#[derive(Debug, Subcommand)]
pub enum AuditAction {
    /// List entries of the audit log, newest first.
    #[command(after_help = LIST)]
    List(Box<AuditListArgs>),
    /// Check the audit log of a stopped service.
    #[command(after_help = VERIFY)]
    Verify(AuditVerifyArgs),
}

/// `equity audit list`.
#[derive(Debug, Args)]
pub struct AuditListArgs {
    /// The service that is asked.
    #[command(flatten)]
    pub reach: Reach,
    /// Entries written at this time or later, with its zone: `2026-11-21T09:00:00Z`.
    #[arg(long, value_name = "TIME")]
    pub from: Option<Time>,
    /// Entries written before this time.
    #[arg(long, value_name = "TIME")]
    pub to: Option<Time>,
    /// Entries of callers of this organisation, an ODS code.
    #[arg(long, value_name = "CODE", default_value = "", hide_default_value = true)]
    pub organisation: String,
    /// Entries of this RPC: `SubmissionService/GetSubmission`.
    #[arg(long, value_name = "RPC", default_value = "", hide_default_value = true)]
    pub rpc: String,
    /// Entries of calls that ended with this status code of gRPC: `OK`, `PERMISSION_DENIED`.
    #[arg(long, value_name = "STATUS", default_value = "", hide_default_value = true)]
    pub status: String,
    /// Most entries in the list.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub limit: usize,
}

/// `equity audit verify`.
#[derive(Debug, Args)]
pub struct AuditVerifyArgs {
    /// Data folder of a stopped service.
    #[arg(long, value_name = "FOLDER")]
    pub data_folder: PathBuf,
    /// Witness of the log of changes: `witness_file` of the settings. That of the audit log is beside it, with the ending `.audit`. Default:
    /// `secret.key.witness` in the data folder, if it is there
    #[arg(long, value_name = "FILE")]
    pub witness_file: Option<PathBuf>,
    /// A position and the hash of the log there, as an earlier check has printed them: `118204:9f8a3c…`.
    #[arg(long, value_name = "POSITION:HASH")]
    pub head: Option<Head>,
}

/// A time with its zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time(prost_types::Timestamp);

impl FromStr for Time {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read: Result<jiff::Timestamp, _> = text.parse();
        let wrong =
            || format!("expected a time with its zone (2026-11-21T09:00:00Z), not `{text}`");
        let time = read.map_err(|_| wrong())?;
        let (seconds, nanos) = (time.as_second(), time.subsec_nanosecond());
        Ok(Self(prost_types::Timestamp { seconds, nanos }))
    }
}

impl From<Time> for prost_types::Timestamp {
    fn from(time: Time) -> Self {
        time.0
    }
}

/// A position of the audit log, and its hash there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head(u64, [u8; 32]);

impl FromStr for Head {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            "expected a position, `:` and 64 hexadecimal digits, as `equity audit verify` prints them".to_owned()
        };
        let (position, hash) = text.split_once(':').ok_or_else(wrong)?;
        let position = position.parse().ok().filter(|position| *position > 0);
        let is_hex = hash.len() == 64 && hash.is_ascii();
        let bytes = is_hex.then(|| blake3::Hash::from_hex(hash).ok()).flatten();
        Ok(Self(position.ok_or_else(wrong)?, *bytes.ok_or_else(wrong)?.as_bytes()))
    }
}

/// Runs the subcommand and shows the result.
///
/// # Errors
/// The service cannot be reached or refuses; the folder cannot be read, or something was found.
pub async fn run(action: AuditAction, out: &mut Out) -> Result<(), Failure> {
    match action {
        AuditAction::List(args) => Box::pin(list(*args, out)).await,
        AuditAction::Verify(args) => verify(&args, out),
    }
}

async fn list(args: AuditListArgs, out: &mut Out) -> Result<(), Failure> {
    let service = args.reach.connect().await?;
    let request = v1::ListAuditEntriesRequest {
        from_time: args.from.map(|time| time.0),
        to_time: args.to.map(|time| time.0),
        organisation: args.organisation,
        rpc: args.rpc,
        status: args.status,
        ..Default::default()
    };
    let limit = args.limit;
    let found = pages!(service, audit, list_audit_entries, request, entries, limit);
    if found.len() == limit {
        out.remark(&format!("the newest {limit}; --limit shows more"))?;
    }
    let sheet = sheets::sheet(&found);
    let answer = v1::ListAuditEntriesResponse { entries: found, ..Default::default() };
    show(&sheet, "equity.v1.ListAuditEntriesResponse", &answer, out)
}

fn verify(args: &AuditVerifyArgs, out: &mut Out) -> Result<(), Failure> {
    let kept = args.head.map(|Head(position, chain)| (position, chain));
    let found = app::verify_audit(&args.data_folder, args.witness_file.as_deref(), kept);
    let place = || args.data_folder.display().to_string();
    let report = found.map_err(|error| Failure::Other(error.context(place())))?;
    told(&report, out)?;
    match report.differences.len() {
        0 => Ok(()),
        count => Err(Failure::Differences(count)),
    }
}

fn told(report: &AuditReport, out: &mut Out) -> Result<(), Failure> {
    let count = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let time = |millis: Option<u64>| {
        let millis = millis.and_then(|millis| i64::try_from(millis).ok());
        let time = millis.and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok());
        time.map_or_else(String::new, |time| format!("{time:.3}"))
    };
    let head = match report.head_position {
        0 => String::new(),
        position => format!("{position}:{}", report.head_chain),
    };
    let differences = report.differences.len() as u64;
    let text = if out.format == Format::Json {
        format!(
            "{:#}",
            serde_json::json!({
                "entries": report.entries,
                "calls": report.calls,
                "first_time": time(report.first_millis),
                "last_time": time(report.last_millis),
                "removed_position": report.removed_until,
                "head": head,
                "differences": report.differences,
            })
        )
    } else {
        let mut sheet = Sheet::new([
            "entries",
            "calls",
            "first_time",
            "last_time",
            "removed_position",
            "differences",
            "head",
        ]);
        sheet.push(vec![
            count(report.entries).into(),
            count(report.calls).into(),
            time(report.first_millis).into(),
            time(report.last_millis).into(),
            count(report.removed_until).into(),
            count(differences).into(),
            head.into(),
        ]);
        if out.format == Format::Csv { sheet.csv() } else { sheet.table(&out.look) }
    };
    out.answer(&text)?;
    if out.format != Format::Json {
        for difference in &report.differences {
            out.remark(&format!("difference: {difference}"))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_and_times_are_read_and_nothing_else_is_taken_for_one() {
        let hash = "9f".repeat(32);
        let read: Head = format!("118204:{hash}").parse().unwrap();
        assert_eq!(read, Head(118_204, [0x9f; 32]));
        for wrong in ["", "1", ":", &format!("0:{hash}"), &format!("1:{hash}0"), "1:é", &hash] {
            assert!(wrong.parse::<Head>().is_err(), "{wrong}");
        }
        assert!("2026-11-21".parse::<Time>().is_err());
        let time: Time = "2026-11-21T09:00:00.5Z".parse().unwrap();
        assert_eq!(time.0.nanos, 500_000_000);
    }
}
