//! P1, P1u, P2, P3, P8, P9, P10, P12 and P14: how fast questions are answered, how they bear growth, others and restarts.
//!
//! `cargo bench --bench breakdown` (`-- --rows 10000000` for P1, P1u, P3 and P10, `-- --peers` for the same questions on DuckDB, and the crossings on
//! Polars and ClickHouse too, `-- --seconds 0` without P1, `-- --table-rows 500000` for fewer consultations behind the tables, 0 for none; alone: `-- --tables`
//! P9, P12 and P14, `-- --protected` P2, `-- --rest` the cost of the bundled content, `-- --neighbours` a partner beside bad neighbours).
#![allow(
    unreachable_pub,
    clippy::print_stdout,
    clippy::doc_markdown,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "nobody reaches into a bench; it prints, names other products, and rounds its figures anyway"
)]

mod echo;
mod england;
mod grown;
#[path = "../support/hostile.rs"]
mod hostile;
mod limit;
mod load;
mod neighbours;
mod partners;
mod plain;
mod program;
mod readers;
mod ready;
mod support;
mod tables;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use clap::Parser;
use echo::{Answer, Echo};
use equity_indicators::ingest::{Records, SubmissionFile};
use equity_indicators::proto::v1::{
    BreakdownQuery, CategoryKey, CategoryState, Denominator, GetChannelBreakdownRequest,
    GetChannelBreakdownResponse, PeriodRange,
};
use limit::Held;
use load::{Chance, Load, Zipf};
use prost::Message as _;
use support::{Outcome, Running, histogram, ms, raw, rows, verdict};
use tokio_stream::StreamExt as _;

/// The first and the last of the months that the rows are spread over.
const FIRST_MONTH: &str = "2023-01";
const LAST_MONTH: &str = "2024-12";
/// Dimensions of P1's questions.
const ONE: &[&str] = &[
    "sex",
    "age_band",
    "age_broad",
    "ethnic_category",
    "ethnic_group_broad",
    "religion",
    "sexual_orientation",
    "marital_status",
    "pregnancy_maternity",
    "gender_identity",
    "disability",
    "imd2025_decile",
    "imd2025_quintile",
    "inclusion_group",
    "carer",
    "veteran",
    "interpreter_needed",
    "accessible_need",
    "digital_access",
];
/// P1u's questions: one characteristic, whose roll-up answers it.
const ALONE: &[&[&str]] = &[
    &["sex"],
    &["religion"],
    &["sexual_orientation"],
    &["marital_status"],
    &["carer"],
    &["veteran"],
    &["digital_access"],
];
/// P3's crossings: dimensions whose categories are the leaves of their code lists, so that others can count the same
/// (ethnic categories come in two editions, which only the service can bring together).
const CROSSINGS: &[&[&str]] = &[
    &["sexual_orientation", "sex"],
    &["sex", "carer"],
    &["sexual_orientation", "interpreter_needed"],
    &["religion", "digital_access"],
    &["veteran", "marital_status"],
    &["sexual_orientation", "sex", "carer"],
    &["sex", "veteran", "digital_access"],
    &["interpreter_needed", "accessible_need", "carer"],
];

#[derive(Parser)]
struct Options {
    /// Rows in the service.
    #[arg(long, default_value_t = 2_000_000)]
    rows: u64,
    /// Seconds of load of each part of P1; 0 leaves P1 out.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Asks DuckDB, Polars and ClickHouse the crossings of P3, and DuckDB the tables of P14 too (installs them from PyPI).
    #[arg(long)]
    peers: bool,
    /// Consultations behind the tables; their people are in populations and access snapshots. 0 leaves P9, P12 and P14 out.
    #[arg(long, default_value_t = 2_000_000)]
    table_rows: u64,
    /// Asks the tables heavy questions too, sixteen at once, and prints what they leave in memory. It takes minutes.
    #[arg(long)]
    heavy: bool,
    /// Asks protected questions only.
    #[arg(long)]
    protected: bool,
    /// Asks the tables only.
    #[arg(long)]
    tables: bool,
    /// Starts the service without data only, and prints what it takes.
    #[arg(long)]
    rest: bool,
    /// Asks beside bad neighbours only; of those whose names contain a word, if there is one.
    #[arg(long, value_name = "WORD")]
    neighbours: Option<Option<String>>,
    /// Is a bad neighbour of this kind itself, at the service `attacks`, with the `certificates` of a folder.
    #[arg(long, hide = true, requires = "attacks", requires = "certificates")]
    neighbour: Option<String>,
    /// Is an echo of the answer in a file.
    #[arg(long, hide = true)]
    echo: Option<std::path::PathBuf>,
    #[arg(long, hide = true)]
    attacks: Option<String>,
    #[arg(long, hide = true)]
    certificates: Option<std::path::PathBuf>,
    /// Cargo says so to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main(worker_threads = 2)]
async fn main() -> Outcome {
    let options = Options::parse();
    if options.rest {
        return england::england().await;
    }
    if let Some(answer) = &options.echo {
        return echo::be(answer).await;
    }
    if let (Some(kind), Some(address), Some(certificates)) =
        (&options.neighbour, &options.attacks, &options.certificates)
    {
        return neighbours::be(kind, address, certificates).await;
    }
    if let Some(word) = &options.neighbours {
        return neighbours::neighbours(word.as_deref().unwrap_or_default()).await;
    }
    if options.protected {
        return partners::protected(&options).await;
    }
    if options.table_rows > 0 {
        tables::tables(options.table_rows, options.peers, options.heavy).await?;
    }
    if options.tables {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let csv = folder.path().join("rows.csv");
    let service = Running::start().await?;
    let mut fields: Vec<&str> = [ALONE.concat(), CROSSINGS.concat(), vec!["channel"]].concat();
    fields.sort_unstable();
    fields.dedup();
    let mut plain = plain::Plain::create(&service.uri(), &csv, &fields).await?;
    let mut about = About::default();
    let keyless = Running::start().await?;
    let generator = rows::generator(options.rows, FIRST_MONTH, LAST_MONTH)?;
    for parcel in generator.consultations() {
        rows::submit_all(&service.uri(), &[rows::encode(&parcel)]).await?;
        if options.peers {
            plain.write(&parcel)?;
        }
        about.see(&parcel);
        rows::submit_all(&keyless.uri(), &[rows::encode(&without_person_keys(parcel))]).await?;
    }
    let without = keyless.bytes_on_disk()? as f64 / about.rows as f64;
    keyless.stop().await?;
    plain.finish()?;
    about.organisations.sort();
    about.organisations.dedup();
    let disk = service.bytes_on_disk()? as f64 / about.rows as f64;
    let (rows, organisations) = (about.rows, about.organisations.len());
    println!("{rows} rows, {organisations} organisations, months {FIRST_MONTH} to {LAST_MONTH}");
    verdict("P8  bytes a row on disk, log and store", disk, 44.0, 34.0);
    verdict("P8  the same without person keys", without, 24.0, 18.0);
    let whole = about.first.clone().ok_or("nothing was submitted")?;
    if options.seconds > 0 {
        let of_echo = Held { name: "P1", rate: (0.9, 1.1), p99: (1.25, 1.0) };
        one_characteristic(&options, &service, (&about, about.questions()), &of_echo).await?;
        partners::protected(&options).await?;
        // P1 put a part of it in its place: the peers count all of it.
        rows::submit_all(&service.uri(), &[rows::encode(&whole)]).await?;
    }
    first_time(&options, &service, &about, &csv).await?;
    grown::grown(options.rows, &service, &about).await?;
    service.stop().await
}

/// The parcel without person keys.
fn without_person_keys(mut parcel: SubmissionFile) -> SubmissionFile {
    parcel.person_key_scheme.clear();
    if let Records::Consultations(records) = &mut parcel.rows {
        records.iter_mut().for_each(|record| record.person_key.clear());
    }
    parcel
}

/// What was submitted.
#[derive(Default)]
struct About {
    rows: usize,
    collection: String,
    organisations: Vec<String>,
    months: std::collections::BTreeSet<String>,
    /// Its first rows are submitted again and again while P1 is asked.
    first: Option<SubmissionFile>,
}

impl About {
    fn see(&mut self, parcel: &SubmissionFile) {
        self.rows += parcel.rows.len();
        self.collection.clone_from(&parcel.collection);
        self.organisations.push(parcel.organisation.clone());
        self.months.insert(parcel.month.clone());
        self.first.get_or_insert_with(|| parcel.clone());
    }

    /// A question about one organisation, or (`None`) about the whole system.
    fn question(
        &self,
        organisation: Option<&String>,
        first: &str,
        last: &str,
        by: &[&str],
    ) -> Bytes {
        let request = GetChannelBreakdownRequest {
            query: Some(self.query(organisation, first, last, by)),
            ..Default::default()
        };
        request.encode_to_vec().into()
    }

    fn query(
        &self,
        organisation: Option<&String>,
        first: &str,
        last: &str,
        by: &[&str],
    ) -> BreakdownQuery {
        let area = if organisation.is_some() { "" } else { "QK1" };
        BreakdownQuery {
            collection: self.collection.clone(),
            area: area.to_owned(),
            organisations: organisation.cloned().into_iter().collect(),
            period: Some(PeriodRange { first: first.to_owned(), last: last.to_owned() }),
            by: by.iter().map(|&d| d.to_owned()).collect(),
            ..BreakdownQuery::default()
        }
    }

    /// Four questions about the same data, none of them another's: with other limits and denominators; the plain one is the last.
    fn four(&self, first: &str, last: &str, by: &[&str]) -> [Bytes; 4] {
        let all = Denominator::All as i32;
        [(Some(0.998), 0), (Some(0.998), all), (None, all), (None, 0)].map(
            |(level, denominator)| {
                let query =
                    BreakdownQuery { confidence_level: level, ..self.query(None, first, last, by) };
                let query = Some(query);
                let request =
                    GetChannelBreakdownRequest { query, denominator, ..Default::default() };
                request.encode_to_vec().into()
            },
        )
    }

    /// Every organisation, period and dimension: the different questions of P1.
    fn questions(&self) -> Vec<Bytes> {
        let months: Vec<&String> = self.months.iter().collect();
        let mut all = Vec::new();
        for organisation in &self.organisations {
            for (at, first) in months.iter().enumerate() {
                for last in &months[at..] {
                    let one = Some(organisation);
                    all.extend(ONE.iter().map(|&by| self.question(one, first, last, &[by])));
                }
            }
        }
        Chance(7).shuffle(&mut all);
        all.truncate(20_000);
        all
    }
}

/// A Zipf mix of one-characteristic questions while submissions go on, against echoes of the same answers.
async fn one_characteristic(
    options: &Options,
    service: &Running,
    (about, questions): (&About, Vec<Bytes>),
    held: &Held,
) -> Outcome {
    let (name, questions): (_, Arc<[Bytes]>) = (held.name, questions.into());
    if questions.len() < 10_000 {
        return Err(
            format!("{} different questions are too few for {name}", questions.len()).into()
        );
    }
    let channel = support::connect(&service.uri()).await?;
    // The answers in the mix of the questions: what the echoes return. Asking them warms the service as well.
    let (zipf, mut chance) = (Zipf::new(questions.len()), Chance(1));
    let (mut encoded, mut decoded, mut bytes) = (Vec::new(), Vec::new(), 0);
    for _ in 0..4_000 {
        let answer = raw::ask(channel.clone(), questions[zipf.draw(&mut chance)].clone()).await?;
        bytes += answer.len();
        decoded
            .push(Answer::Message(Arc::new(GetChannelBreakdownResponse::decode(answer.clone())?)));
        encoded.push(Answer::Encoded(answer));
    }
    println!("{name}  {} questions, answers of {} bytes", questions.len(), bytes / encoded.len());
    let is_secured = service.is_secured;
    let echo_encodes = support::serve::serve(Echo::new(decoded), is_secured).await?;
    let echo_has = support::serve::serve(Echo::new(encoded), is_secured).await?;

    let time = Duration::from_secs(options.seconds);
    let small = rows::first_rows(about.first.as_ref().ok_or("nothing was submitted")?, 1_000);
    load::ask(&service.uri(), &questions, time).await?; // warm
    let mut ours = Sum::new();
    let mut encodes = Sum::new();
    let mut has = Sum::new();
    for _ in 0..3 {
        encodes.add(&load::ask(&echo_encodes, &questions, time).await?)?;
        has.add(&load::ask(&echo_has, &questions, time).await?)?;
        let submitting = keep_submitting(service.uri(), small.clone());
        ours.add(&load::ask(&service.uri(), &questions, time).await?)?;
        if submitting.is_finished() {
            submitting.await??;
            return Err("submissions ended early".into());
        }
        submitting.abort();
    }
    for (who, sum) in [("echo, encodes", &encodes), ("echo, encoded", &has), ("service", &ours)] {
        let (p50, p99) = (ms(&sum.times, 0.5), ms(&sum.times, 0.99));
        println!("    {who:<14} {:>8.0} answers/s, p50 {p50:.2} ms, p99 {p99:.2} ms", sum.rate());
    }
    let p99 = |other: &Sum| ms(&ours.times, 0.99) / ms(&other.times, 0.99);
    let rate = ours.rate() / encodes.rate();
    verdict(&format!("{name}  answers/s to an echo that encodes"), rate, held.rate.0, held.rate.1);
    let slowest = p99(&encodes);
    verdict(&format!("{name}  p99 to an echo that encodes"), slowest, held.p99.0, held.p99.1);
    println!(
        "    to an echo of encoded answers: {:.2} × the answers/s, {:.2} × the p99",
        ours.rate() / has.rate(),
        p99(&has)
    );
    Ok(())
}

/// Several loads together.
struct Sum {
    times: hdrhistogram::Histogram<u64>,
    rates: Vec<f64>,
}

impl Sum {
    fn new() -> Self {
        Self { times: histogram(), rates: Vec::new() }
    }

    fn add(&mut self, load: &Load) -> Outcome {
        self.rates.push(load.rate);
        Ok(self.times.add(&load.times)?)
    }

    fn rate(&self) -> f64 {
        self.rates.iter().sum::<f64>() / self.rates.len() as f64
    }
}

/// Submits this parcel again and again, a new version a second, until dropped.
fn keep_submitting(uri: String, parcel: SubmissionFile) -> tokio::task::JoinHandle<Outcome> {
    tokio::spawn(async move {
        let channel = support::connect(&uri).await?;
        let every_second = tokio::time::interval(Duration::from_secs(1));
        let mut ticks = tokio_stream::wrappers::IntervalStream::new(every_second);
        let encoded = rows::encode(&parcel);
        for round in 0.. {
            ticks.next().await;
            raw::submit(channel.clone(), rows::again(&parcel, &encoded, round)).await?;
        }
        Ok(())
    })
}

/// P1u and P3: questions over everything, each asked once, so that no answer is at hand; counts compared with the peers'.
async fn first_time(
    options: &Options,
    service: &Running,
    about: &About,
    csv: &std::path::Path,
) -> Outcome {
    let channel = support::connect(&service.uri()).await?;
    let (first, last) = (FIRST_MONTH, LAST_MONTH);
    let mut asked = Vec::new();
    println!("P1u, P3  first-time questions over {} rows", about.rows);
    let alone = ALONE.iter().map(|by| ("P1u", *by));
    for (number, by) in alone.chain(CROSSINGS.iter().map(|by| ("P3", *by))) {
        // The very first one brings into memory what is read. Of the three that follow each asks what nobody has asked; the best
        // counts, as of a peer the best of three.
        let [touch, others @ .., question] = about.four(first, last, by);
        raw::ask(channel.clone(), touch).await?;
        let mut times = Vec::new();
        for other in others {
            times.push(timed(&channel, other).await?.0);
        }
        let (seconds, answer) = timed(&channel, question.clone()).await?;
        times.push(seconds);
        let (again, _) = timed(&channel, question).await?;
        let seconds = times.iter().copied().fold(f64::INFINITY, f64::min);
        let counts = cells(&GetChannelBreakdownResponse::decode(answer)?);
        let times: Vec<_> = times.iter().map(|time| format!("{:.2}", time * 1e3)).collect();
        println!(
            "    {number:<4} {:<44} first {:>16} ms, again {:>5.2} ms, {} cells",
            by.join(" × "),
            times.join(" "),
            again * 1e3,
            counts.len()
        );
        asked.push(serde_json::json!({
            "number": number, "by": by, "seconds": seconds, "counts": counts,
        }));
    }
    for characteristics in [2, 3] {
        let limit = limit::plain_loop(about.rows, characteristics) * 1e3;
        let ours = asked.iter().filter(|one| {
            one["number"] == "P3"
                && one["by"].as_array().is_some_and(|by| by.len() == characteristics)
        });
        let mut ours: Vec<f64> = ours.filter_map(|one| one["seconds"].as_f64()).collect();
        ours.sort_by(f64::total_cmp);
        let ours = ours[ours.len() / 2] * 1e3;
        println!(
            "    P3   by {characteristics} characteristics: {ours:.2} ms, median; a plain loop over columns in memory, two threads: {limit:.2} ms"
        );
    }
    if !options.peers {
        println!("    peers not asked for (-- --peers)");
        return Ok(());
    }
    let list = csv.with_extension("json");
    std::fs::write(&list, serde_json::to_vec(&asked)?)?;
    let result = support::peers("crossings", &[csv.as_os_str(), list.as_os_str()])?;
    if result["same"] != true {
        return Err("the peers count otherwise: no figure".into());
    }
    for (number, must, aim) in [("P1u", 10.0, 30.0), ("P3", 3.0, 8.0)] {
        let ratio = result["ratios"][number].as_f64().ok_or("the peers gave no ratio")?;
        verdict(&format!("{number}  fastest peer's time to ours, median"), ratio, must, aim);
    }
    Ok(())
}

/// Seconds of an answer, and the answer.
async fn timed(channel: &tonic::transport::Channel, question: Bytes) -> Outcome<(f64, Bytes)> {
    let begin = Instant::now();
    let answer = raw::ask(channel.clone(), question).await?;
    Ok((begin.elapsed().as_secs_f64(), answer))
}

/// The counts of every cell that is not zero, sorted: what any way of counting has to come to. A record without the
/// characteristic is one kind of blank in a CSV, so NOT_COLLECTED is added to NOT_RECORDED.
fn cells(answer: &GetChannelBreakdownResponse) -> Vec<i64> {
    let mut sums = std::collections::BTreeMap::<Vec<String>, i64>::new();
    let blank = CategoryState::NotRecorded.as_str_name();
    let not_collected = CategoryState::NotCollected as i32;
    let code = |key: &CategoryKey| {
        let is_blank = key.state == not_collected || key.state == CategoryState::NotRecorded as i32;
        if is_blank { blank.to_owned() } else { key.code.clone() }
    };
    let Some(table) = &answer.breakdown else { return Vec::new() };
    for row in table.rows.iter().filter(|row| !row.keys.is_empty()) {
        for (column, cell) in table.columns.iter().zip(&row.cells) {
            // The shares of channels; the column before them counts all channels together.
            let (false, Some(count)) = (column.group.is_empty(), cell.numerator_count) else {
                continue;
            };
            let key = row.keys.iter().chain(&column.group).map(code).collect();
            *sums.entry(key).or_default() += count;
        }
    }
    let mut counts: Vec<i64> = sums.into_values().filter(|count| *count > 0).collect();
    counts.sort_unstable();
    counts
}
