//! P9: how long until the service is ready again: after a restart, after a kill in the middle of a submission, without its sled.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::program::Program;
use crate::support::{Outcome, connect, raw, verdict};
use crate::tables::questions::QUESTIONS;
use crate::tables::same::cells_of;
use crate::{FIRST_MONTH, LAST_MONTH};

/// Starts the service again after every way of ending it; the last one that runs. Its answers stay the same.
pub async fn ready(service: Program, data: &Path) -> Outcome<Program> {
    let before = answers(service.uri()).await?.0;
    println!("P9  ready again, and the answers are the same");
    service.stop()?;
    let service = again(data, "a restart", (2.0, 0.5), &before).await?;

    // A month that no question is about.
    let mut sending = Command::new(env!("CARGO_BIN_EXE_equity"))
        .args(["generate", "--rows", "2000000", "--from", "2025-02", "--to", "2025-02"])
        .args(["--submit-to", service.uri()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    let was_sending = sending.try_wait()?.is_none();
    service.kill()?;
    sending.wait()?;
    if !was_sending {
        return Err("the submissions ended before the kill".into());
    }
    let service =
        again(data, "kill -9 while it was taking submissions", (5.0, 2.0), &before).await?;

    service.stop()?;
    std::fs::remove_dir_all(data.join("sled"))?;
    again(data, "losing the sled folder", (60.0, 20.0), &before).await
}

async fn again(
    data: &Path,
    after: &str,
    (must, aim): (f64, f64),
    before: &[serde_json::Value],
) -> Outcome<Program> {
    let (service, time) = Program::start(data)?;
    let (found, first) = answers(service.uri()).await?;
    if found != before {
        return Err(format!("other answers after {after}").into());
    }
    verdict(&format!("P9  ready after {after}, in seconds"), time.as_secs_f64(), must, aim);
    println!("    the questions of all tables after it, together {:.2} s", first.as_secs_f64());
    Ok(service)
}

/// The cells of every table, and how long all of them took.
async fn answers(uri: &str) -> Outcome<(Vec<serde_json::Value>, Duration)> {
    let channel = connect(uri).await?;
    let (mut cells, begin) = (Vec::new(), Instant::now());
    for question in QUESTIONS {
        let asked = question.bytes(question.about(FIRST_MONTH, LAST_MONTH)).into();
        cells.push(cells_of(&raw::call(channel.clone(), &question.path(), asked).await?)?);
    }
    Ok((cells, begin.elapsed()))
}
