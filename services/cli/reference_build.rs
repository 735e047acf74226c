//! `equity reference build`: makes reference content out of the publishers' own files.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use super::exit::Failure;
use super::show::sheet::Sheet;
use super::show::{Format, Out};
use crate::app::reference_build::{Plan, run as build};
use crate::ingest::Month;
use crate::ingest::reference_build::{Built, Change, Files, Finding, Severity, What};

/// Examples and more for `equity reference build --help`.
const EXAMPLES: &str = "\
Examples:
  equity reference build ./publishers --out ./equity-reference
  equity reference build ./publishers                          what would change; nothing is written
  equity reference build ./publishers --reference-folder ./equity-reference --out ./equity-reference-2026-09
  equity reference build ./publishers --from 2026-04 --format csv > changes.csv
  equity serve --reference-folder ./equity-reference --check   then put it in force

FOLDER has the publishers' files under any name, as CSV, or as CSV in a ZIP archive or gzip. Each is recognised by its columns:
  ODS epraccur (practices) and etr (NHS trusts)
  NHS England, Patients Registered at a GP Practice: gp-reg-pat-prac-map
  ONS look-ups: LSOA 2021 to sub-ICB location, ICB and district; LSOA 2011 to LSOA 2021 (exact fit); district to
    upper-tier authority or county; district to region
  MHCLG Indices of Deprivation 2019 and 2025, File 7
If a file is missing, its part of the content in force stays. The guide deploy/guides/reference-build.md says where the files come from.

The new content keeps what the content in force knows and no file has: areas and organisations that ended, their successors, former \
codes, organisations of other types. The command checks codes that occur twice, codes that are missing, counts, and deciles against \
ranks. Errors: the exit code is 1 and nothing is written. Warnings: the content is written. The command works on files and asks no service.";

/// Most findings of one kind, and most names of one kind of change, in the output for people.
const SHOWN: usize = 5;

/// `equity reference build`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct BuildArgs {
    /// Folder with the publishers' files.
    #[arg(value_name = "FOLDER")]
    pub files: PathBuf,
    /// Folder to write: a new one, or an empty one. Without it, nothing is written.
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// Replace a folder that is there already, in one step. All other files in it stay, also content that this command does not build.
    #[arg(long, requires = "out")]
    pub overwrite: bool,
    /// Folder of the content in force. Default: the built-in content
    #[arg(long, env = "EQUITY_REFERENCE_FOLDER", value_name = "FOLDER")]
    pub reference_folder: Option<PathBuf>,
    /// First month of what changed: new areas begin in it, areas that are gone end before it. Default: the month of the practice mapping
    #[arg(long, value_name = "MONTH", value_parser = month)]
    pub from: Option<Month>,
    /// Let a system lose more than half of its practices at once.
    #[arg(long)]
    pub allow_shrinking: bool,
}

fn month(text: &str) -> Result<Month, String> {
    text.parse().map_err(|_| format!("expected a month like 2026-04, not `{text}`"))
}

/// Builds the content, says what was found and what changed, and writes the folder.
///
/// # Errors
/// A folder cannot be read or written, or the files have an error.
pub fn run(args: BuildArgs, out: &mut Out) -> Result<(), Failure> {
    let plan = Plan {
        files: args.files,
        reference_folder: args.reference_folder,
        out: args.out,
        overwrite: args.overwrite,
        from: args.from,
        allow_shrinking: args.allow_shrinking,
    };
    let (files, built) = build(&plan).map_err(Failure::Other)?;
    tell_files(&files, out)?;
    tell_findings(&built.findings, out)?;
    let written = plan.out.filter(|_| !built.is_refused());
    let text = match out.format {
        Format::Json => json(&files, &built, written.is_some()),
        Format::Csv => changes(&built.changes).csv(),
        Format::Table => page(&built, out),
    };
    out.answer(&text)?;
    let errors = built.findings.iter().filter(|of| of.severity == Severity::Error).count();
    if errors > 0 {
        return Err(Failure::data(
            plan.files,
            anyhow::anyhow!("errors: {errors}; nothing was written"),
        ));
    }
    match written {
        Some(folder) => out.remark(&format!(
            "written: {0}\ncheck it: equity serve --reference-folder {0} --check\nput it in force: start the service with --reference-folder {0}",
            folder.display()
        ))?,
        None => out.remark("nothing was written: --out names the folder")?,
    }
    Ok(())
}

fn tell_files(files: &Files, out: &mut Out) -> std::io::Result<()> {
    for (file, title, rows) in files.taken() {
        out.remark(&format!("{file}: {title}; rows: {rows}"))?;
    }
    for (file, why) in files.left_out() {
        out.remark(&format!("{file}: left out: {why}"))?;
    }
    for (title, keeps) in files.missing() {
        out.remark(&format!("no file: {title}. The content in force stays: {keeps}"))?;
    }
    Ok(())
}

/// The first findings of each kind and file, errors first.
fn tell_findings(findings: &[Finding], out: &mut Out) -> std::io::Result<()> {
    let mut kinds = BTreeMap::<_, Vec<&Finding>>::new();
    for of in findings {
        kinds.entry((of.severity, of.check, &of.file)).or_default().push(of);
    }
    for ((severity, ..), of) in kinds {
        for finding in of.iter().take(SHOWN) {
            let place = match (finding.file.as_str(), finding.line) {
                ("", _) => String::new(),
                (file, 0) => format!("{file}: "),
                (file, line) => format!("{file}, line {line}: "),
            };
            let code =
                if finding.code.is_empty() { String::new() } else { format!("{} ", finding.code) };
            out.remark(&format!("{}: {place}{code}{}", severity.word(), finding.what))?;
        }
        if of.len() > SHOWN {
            out.remark(&format!(
                "  and {} more like it; --format json lists all",
                of.len() - SHOWN
            ))?;
        }
    }
    Ok(())
}

/// Counts by kind, and the first names of each kind of change.
fn page(built: &Built, out: &Out) -> String {
    let mut by: BTreeMap<&str, BTreeMap<What, Vec<&Change>>> = BTreeMap::new();
    for kind in built.counts.keys() {
        by.entry(kind).or_default();
    }
    for change in &built.changes {
        by.entry(&change.kind).or_default().entry(change.what).or_default().push(change);
    }
    let words = What::ALL.map(What::word);
    let mut sheet = Sheet::new(["kind", "now"].into_iter().chain(words));
    let whole = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    for (kind, changes) in &by {
        let mut line = vec![
            (*kind).into(),
            built
                .counts
                .get(*kind)
                .map_or(super::show::sheet::Cell::Empty, |count| whole(*count).into()),
        ];
        line.extend(What::ALL.map(|what| whole(changes.get(&what).map_or(0, Vec::len)).into()));
        sheet.push(line);
    }
    let mut parts = vec![sheet.table(&out.look)];
    for (kind, changes) in &by {
        for (what, of) in changes {
            let named: Vec<_> = of.iter().take(SHOWN).map(|change| named(change)).collect();
            let more = if of.len() > SHOWN {
                format!("; and {} more", of.len() - SHOWN)
            } else {
                String::new()
            };
            parts.push(format!("{kind} {}: {}{more}", what.word(), named.join("; ")));
        }
    }
    if built.changes.is_empty() {
        parts.push("Nothing changed against the content in force.".into());
    }
    parts.join("\n")
}

fn named(change: &Change) -> String {
    let Change { what, code, name, before, after, .. } = change;
    let name = if name.is_empty() { String::new() } else { format!(" {name}") };
    match what {
        What::New => format!("{code}{name}"),
        What::Gone => format!("{code}{name} (until {after})"),
        What::Renamed => format!("{code}{name} (was {before})"),
        What::Moved | What::Boundary | What::Changed => {
            format!("{code}{name} ({before} to {after})")
        }
    }
}

fn changes(changes: &[Change]) -> Sheet {
    let mut sheet = Sheet::new(["kind", "change", "code", "name", "before", "after"]);
    for of in changes {
        let cells = [of.kind.as_str(), of.what.word(), &of.code, &of.name, &of.before, &of.after];
        sheet.push(cells.map(Into::into).to_vec());
    }
    sheet
}

fn json(files: &Files, built: &Built, written: bool) -> String {
    let taken = files.taken().map(
        |(file, title, rows)| serde_json::json!({ "file": file, "title": title, "rows": rows }),
    );
    let left_out =
        files.left_out().map(|(file, why)| serde_json::json!({ "file": file, "why": why }));
    let missing =
        files.missing().map(|(title, keeps)| serde_json::json!({ "title": title, "keeps": keeps }));
    let changes = built.changes.iter().map(|of| {
        serde_json::json!({
            "kind": of.kind, "change": of.what.word(), "code": of.code, "name": of.name, "before": of.before, "after": of.after,
        })
    });
    let findings = built.findings.iter().map(|of| {
        serde_json::json!({
            "severity": of.severity.word(), "check": of.check, "file": of.file, "line": of.line, "code": of.code, "what": of.what,
        })
    });
    let report = serde_json::json!({
        "written": written,
        "from": built.from.map(|month| month.to_string()),
        "files": taken.collect::<Vec<_>>(),
        "left_out": left_out.collect::<Vec<_>>(),
        "missing": missing.collect::<Vec<_>>(),
        "counts": built.counts,
        "changes": changes.collect::<Vec<_>>(),
        "findings": findings.collect::<Vec<_>>(),
    });
    format!("{report:#}")
}
