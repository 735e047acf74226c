//! `equity publish`: the tables that everybody may read, as a folder of files.
//!
//! - `files` the files of a table; `manifest` what the folder has, with a hash of each file

mod files;
mod manifest;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::client::call;
use super::exit::Failure;
use super::export;
use super::export::args::FileFormat;
use super::options::Reach;
use super::show::sheet::Sheet;
use super::show::{Out, progress};
use crate::app::folder::is_free;
use crate::proto::v1;
use files::Written;

const EXAMPLES: &str = "\
Examples:
  equity publish --out published-2026-11                       of the newest release
  equity publish --out published-2026-11 --release 2026-11 --format csv

The service makes the tables of published.toml in the reference folder, of one release. It attacks all of them together first. Numbers that \
would give small groups away become coarser. If that is not enough, nothing is published. The folder gets a file for each table and format, and \
manifest.json: release, rules, what was proven, every number that became coarser, and the Blake3 hash of each file (`b3sum`). The same release \
gives the same files.";

/// How long to wait for the service to prove the tables.
const PATIENCE: Duration = Duration::from_secs(60 * 60);

/// `equity publish`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct PublishArgs {
    /// The service that is asked.
    #[command(flatten)]
    pub reach: Reach,
    /// Folder to write, new or empty.
    #[arg(long, value_name = "FOLDER")]
    pub out: PathBuf,
    /// Name of the release (default: the newest; `equity releases list` lists them).
    #[arg(long, value_name = "NAME")]
    pub release: Option<String>,
    /// Formats of the files.
    #[arg(long, value_name = "FORMAT", value_delimiter = ',', value_parser = format)]
    pub format: Vec<FileFormat>,
}

/// A format of published files.
fn format(text: &str) -> Result<FileFormat, String> {
    match text {
        "csv" => Ok(FileFormat::Csv),
        "parquet" if cfg!(feature = "parquet") => Ok(FileFormat::Parquet),
        "parquet" => Err("this program was built without Parquet: use csv".to_owned()),
        _ => Err("use csv, parquet, or csv,parquet".to_owned()),
    }
}

impl PublishArgs {
    /// The formats, each once.
    fn formats(&self) -> Vec<FileFormat> {
        let all = [FileFormat::Csv, FileFormat::Parquet];
        let is_asked = |of: &FileFormat| match self.format.as_slice() {
            [] => *of == FileFormat::Csv || cfg!(feature = "parquet"),
            some => some.contains(of),
        };
        all.into_iter().filter(is_asked).collect()
    }
}

/// Asks for every table, and writes the folder.
///
/// # Errors
/// The service cannot be reached or refuses, or the folder cannot be written; then no folder is left.
pub async fn run(args: &PublishArgs, out: &mut Out) -> Result<(), Failure> {
    let failed = |error: anyhow::Error| Failure::data(&args.out, error);
    if !is_free(&args.out).map_err(|error| failed(error.into()))? {
        return Err(failed(anyhow::anyhow!(
            "is there already: name a new folder, or an empty one"
        )));
    }
    let service = args.reach.connect().await?.waiting(PATIENCE);
    let release = args.release.as_ref().map(|name| format!("releases/{}", name.trim()));
    let request = v1::ListPublishedTablesRequest { release: release.unwrap_or_default() };
    let proving = progress::bar("proving", "tables", None, &out.look);
    proving.enable_steady_tick(Duration::from_millis(200));
    let answer = call!(service, publications, list_published_tables, request);
    proving.finish_and_clear();
    let publication = answer.publication.unwrap_or_default();
    let all = u64::try_from(publication.tables.len()).ok();
    let bar = progress::bar("publishing", "tables", all, &out.look);
    let (mut written, mut files) = (Vec::new(), Vec::new());
    for table in &publication.tables {
        let request = v1::GetPublishedTableRequest {
            // The release that was listed, whatever is released meanwhile.
            release: publication.release.clone(),
            table_id: table.table_id.clone(),
        };
        let answer = call!(service, publications, get_published_table, request);
        let of = Written::new(answer, &args.formats()).map_err(failed)?;
        files.extend(of.files.iter().cloned());
        written.push(of);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let manifest = manifest::text(&publication, &written);
    let hash = blake3::hash(manifest.as_bytes()).to_hex();
    files.push((manifest::FILE.to_owned(), manifest.into_bytes()));
    export::write_folder(&args.out, &files).map_err(|error| failed(error.into()))?;
    tell(&publication, out)?;
    out.remark(&format!(
        "{}: {} files; Blake3 of {}: {hash}",
        args.out.display(),
        files.len(),
        manifest::FILE
    ))?;
    Ok(())
}

/// Says what was published, and what was not.
fn tell(of: &v1::Publication, out: &mut Out) -> Result<(), Failure> {
    let mut sheet =
        Sheet::new(["table", "title", "numbers", "withheld_few", "withheld_coarsened", "merged"]);
    for table in &of.tables {
        sheet.push(vec![
            (&table.table_id).into(),
            (&table.title).into(),
            i64::from(table.row_count).into(),
            i64::from(table.few_count).into(),
            i64::from(table.coarsened_count).into(),
            i64::from(table.merged_count).into(),
        ]);
    }
    out.answer(&sheet.table(&out.look))?;
    out.remark(&format!("{}: {}", of.release, of.certificate))?;
    for (table, note) in of.tables.iter().flat_map(|of| of.notes.iter().map(move |note| (of, note)))
    {
        out.remark(&format!("{}: {note}", table.table_id))?;
    }
    Ok(())
}
