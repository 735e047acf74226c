//! P5, P7, P11 and P15: how fast rows become durable and readable, and reach those who follow them.
//!
//! `cargo bench --bench ingest` (`-- --rows 1000000`, `-- --small 9000`, `-- --postgres` for the same rows by COPY beside).
#![allow(
    unreachable_pub,
    clippy::print_stdout,
    clippy::doc_markdown,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "nobody reaches into a bench; it prints, names other products, and rounds its figures anyway"
)]

mod decode_only;
mod follow;
mod small_files;
mod support;

use std::io::Write as _;
use std::time::Instant;

use clap::Parser;
use equity_indicators::ingest::{SubmissionFile, equity_csv};
use equity_indicators::proto::server::submission_service_server::SubmissionServiceServer;
use equity_indicators::proto::v1::{
    BreakdownQuery, GetChannelBreakdownRequest, GetChannelBreakdownResponse, PeriodRange,
};
use prost::Message as _;
use support::rows::{self, Encoded};
use support::{Outcome, Running, histogram, ms, raw, record, verdict};

/// The month of the rows.
const MONTH: &str = "2024-01";

#[derive(Parser)]
struct Options {
    /// Rows of P5.
    #[arg(long, default_value_t = 500_000)]
    rows: u64,
    /// Submissions of P7.
    #[arg(long, default_value_t = 200)]
    submissions: usize,
    /// Small submissions of P15, about 1,000 rows each.
    #[arg(long, default_value_t = 504)]
    small: u64,
    /// Loads the same rows into PostgreSQL too, where its server is installed.
    #[arg(long)]
    postgres: bool,
    /// Cargo says so to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main(worker_threads = 2)]
async fn main() -> Outcome {
    let options = Options::parse();
    // One month, so that a submission has the size of a practice's.
    let parcels: Vec<SubmissionFile> =
        rows::generator(options.rows, MONTH, MONTH)?.consultations().collect();
    throughput(&options, &parcels).await?;
    small_submissions(&options, &parcels).await?;
    follow::follow(&parcels).await?;
    drop(parcels);
    small_files::run(options.small).await
}

/// P5: rows over gRPC to acknowledged, against decoding alone.
async fn throughput(options: &Options, parcels: &[SubmissionFile]) -> Outcome {
    let encode = || -> Vec<Encoded> { parcels.iter().map(rows::encode).collect() };
    let submissions = encode();
    let all: usize = submissions.iter().map(|s| s.rows).sum();
    let bytes: usize = submissions.iter().flat_map(|s| &s.messages).map(bytes::Bytes::len).sum();
    println!(
        "P5  {all} rows in {} submissions, {:.0} bytes a row on the wire",
        submissions.len(),
        bytes as f64 / all as f64
    );

    let limits = tonic_limits(SubmissionServiceServer::new(decode_only::DecodeOnly));
    let limit_uri = support::serve::serve(limits, false).await?;
    // Alternating, so that a busy machine is busy for both; the best of each counts.
    let (mut limit, mut rate, mut service_bytes) = (0_f64, 0_f64, 0);
    for _ in 0..3 {
        limit = limit.max(rows::submit_all(&limit_uri, &submissions).await?);
        let service = Running::start().await?;
        rate = rate.max(rows::submit_all(&service.uri(), &encode()).await?);
        service_bytes = service.bytes_on_disk()?;
        service.stop().await?;
    }
    println!("    decode only {limit:>12.0} rows/s");
    println!(
        "    service     {rate:>12.0} rows/s, {:.1} bytes a row on disk",
        service_bytes as f64 / all as f64
    );
    verdict("P5  service to decode only", rate / limit, 0.33, 0.6);

    if options.postgres {
        let copy = postgres(parcels, all)?;
        println!("    PostgreSQL  {copy:>12.0} rows/s by COPY, no index");
        verdict("P5  service to PostgreSQL COPY", rate / copy, 1.3, 2.5);
    } else {
        println!("    PostgreSQL  not asked for (-- --postgres)");
    }
    Ok(())
}

/// Messages of a submission are up to 4 MiB at the service, and so at its limit.
fn tonic_limits<T>(service: SubmissionServiceServer<T>) -> SubmissionServiceServer<T> {
    service.max_decoding_message_size(4 << 20)
}

/// The same rows as CSV by COPY: rows per second.
fn postgres(parcels: &[SubmissionFile], rows: usize) -> Outcome<f64> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("rows.csv");
    let mut writer =
        equity_csv::Writer::new(std::io::BufWriter::new(std::fs::File::create(&path)?));
    for parcel in parcels {
        writer.write(parcel)?;
    }
    writer.finish()?.flush()?;
    let seconds = support::peers("copy", &[path.as_os_str()])?.as_f64().ok_or("no seconds")?;
    Ok(rows as f64 / seconds)
}

/// P7: one small submission to acknowledged, and readable at once.
async fn small_submissions(options: &Options, parcels: &[SubmissionFile]) -> Outcome {
    let parcel =
        parcels.iter().map(|parcel| rows::first_rows(parcel, 1_000)).max_by_key(|p| p.rows.len());
    let parcel = parcel.ok_or("no rows were generated")?;
    let question = GetChannelBreakdownRequest {
        query: Some(BreakdownQuery {
            collection: parcel.collection.clone(),
            organisations: vec![parcel.organisation.clone()],
            period: Some(PeriodRange { first: parcel.month.clone(), last: String::new() }),
            ..BreakdownQuery::default()
        }),
        ..GetChannelBreakdownRequest::default()
    };
    let question: bytes::Bytes = question.encode_to_vec().into();
    let service = Running::start().await?;
    let channel = support::connect(&service.uri()).await?;
    let (mut submit, mut read) = (histogram(), histogram());
    let encoded = rows::encode(&parcel);
    for round in 0..options.submissions + 20 {
        let messages = rows::again(&parcel, &encoded, round as u64);
        let begin = Instant::now();
        let receipt = raw::submit(channel.clone(), messages).await?;
        let acknowledged = begin.elapsed();
        let begin = Instant::now();
        let answer = raw::ask(channel.clone(), question.clone()).await?;
        let read_time = begin.elapsed();
        let answer = GetChannelBreakdownResponse::decode(answer)?;
        let shown = answer.breakdown.and_then(|b| b.context).map_or(0, |c| c.data_position);
        let submitted = receipt.submission.map_or(-1, |s| s.position);
        if shown != submitted {
            return Err(format!("acknowledged at {submitted}, but the answer shows {shown}").into());
        }
        if round >= 20 {
            record(&mut submit, acknowledged);
            record(&mut read, read_time);
        }
    }
    let sync = fsync_of_4_kib()?;
    service.stop().await?;
    println!(
        "P7  {} submissions of {} rows, each read back at once",
        options.submissions,
        parcel.rows.len()
    );
    println!("    one write of 4 KiB with fdatasync  p50 {:.2} ms", ms(&sync, 0.5));
    println!(
        "    the read after it                  p50 {:.2} ms, p99 {:.2} ms",
        ms(&read, 0.5),
        ms(&read, 0.99)
    );
    verdict("P7  acknowledged, p50 in ms", ms(&submit, 0.5), 5.0, 2.0);
    verdict("P7  acknowledged, p99 in ms", ms(&submit, 0.99), 20.0, 8.0);
    println!("    p50 is {:.1} × one fdatasync", ms(&submit, 0.5) / ms(&sync, 0.5));
    Ok(())
}

/// What the disk takes to make 4 KiB durable.
fn fsync_of_4_kib() -> Outcome<hdrhistogram::Histogram<u64>> {
    let mut file = tempfile::tempfile()?;
    let mut times = histogram();
    for _ in 0..200 {
        let begin = Instant::now();
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        record(&mut times, begin.elapsed());
    }
    Ok(times)
}
