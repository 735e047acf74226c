//! What the built-in reference content of England costs, beside a start with the content of one system: bytes in the program, how long until
//! the service is ready, and resident memory at rest.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, Instant};

use equity_indicators::domain::codes::Content;
use equity_indicators::domain::reference::{PLACE_FILES, PlaceRows, split};

use crate::program::Program;
use crate::support::{Outcome, verdict};

/// The system whose content the service had before it had England's.
const SYSTEM: &str = "QK1";
/// Starts that are measured; the quickest and the smallest of them count.
const STARTS: usize = 3;

/// Bytes of the files of areas, organisations and small areas that are in the program, byte by byte.
fn bytes_in_program() -> Outcome<usize> {
    let program = std::fs::read(env!("CARGO_BIN_EXE_equity"))?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("services/domain/codes/data");
    let mut bytes = 0;
    for name in PLACE_FILES {
        let plain = folder.join(name);
        let packed = std::fs::read(folder.join(format!("{name}.gz")));
        let file = packed.or_else(|_| std::fs::read(plain))?;
        if !program.windows(file.len()).any(|part| part == file) {
            return Err(format!("the program does not have {name} as the folder has it").into());
        }
        bytes += file.len();
    }
    Ok(bytes)
}

/// The code of an area of an organisation, without the month in which the organisation came to it.
fn code_of(area: &str) -> &str {
    area.split('@').next().unwrap_or(area)
}

/// A reference folder with the areas, organisations and small areas of one system, and everything else as it is built in.
fn one_system(folder: &Path) -> Outcome {
    let mut rows = PlaceRows::read(&Content::embedded())?;
    let wider = ["region", "country"];
    let mut inside = BTreeSet::from([SYSTEM.to_owned()]);
    loop {
        let within =
            rows.areas.iter().filter(|area| split(&area.parents).any(|of| inside.contains(of)));
        let new: Vec<_> = within.map(|area| area.code.clone()).collect();
        if new.into_iter().filter(|code| inside.insert(code.clone())).count() == 0 {
            break;
        }
    }
    rows.areas.retain(|area| inside.contains(&area.code) || wider.contains(&&*area.kind));
    rows.organisations.retain(|of| {
        of.areas.is_empty() || split(&of.areas).any(|area| inside.contains(code_of(area)))
    });
    let known: BTreeSet<_> = rows.areas.iter().map(|area| area.code.clone()).collect();
    for of in &mut rows.organisations {
        let is_known = |area: &&str| known.contains(code_of(area));
        of.areas = split(&of.areas).filter(is_known).collect::<Vec<_>>().join(";");
    }
    rows.small_areas.retain(|of| inside.contains(&of.sub_icb));
    let small: BTreeSet<_> = rows.small_areas.iter().map(|of| of.lsoa.clone()).collect();
    rows.look_up.retain(|of| small.contains(&of.lsoa_2011) && small.contains(&of.lsoa_2021));
    for (name, text) in rows.files()? {
        std::fs::write(folder.join(name), text)?;
    }
    Ok(())
}

/// Seconds until the first start and a later one is ready, and resident memory at rest in MB.
struct Measured {
    first: f64,
    later: f64,
    resident: f64,
}

async fn measured(settings: &[(&str, OsString)]) -> Outcome<Measured> {
    let mut best = Measured { first: f64::MAX, later: f64::MAX, resident: f64::MAX };
    for _ in 0..STARTS {
        let folder = tempfile::tempdir()?;
        for is_first in [true, false] {
            let (service, time) = Program::start_with(folder.path(), settings)?;
            tokio::time::sleep(Duration::from_secs(2)).await;
            let resident = service.resident().ok_or("the system does not tell resident memory")?;
            let seconds = if is_first { &mut best.first } else { &mut best.later };
            *seconds = seconds.min(time.as_secs_f64());
            best.resident = best.resident.min(resident);
            service.stop()?;
        }
    }
    Ok(best)
}

/// Prints what the content of England costs.
pub async fn england() -> Outcome {
    let bytes = bytes_in_program()? as f64 / 1e6;
    verdict("content of England in the program, in MB", bytes, 3.0, 2.0);
    // A start with a folder unpacks the built-in files too, and keeps their texts: what that takes is added to the differences.
    let begin = Instant::now();
    let content = Content::embedded();
    let unpacked = begin.elapsed().as_secs_f64();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("services/domain/codes/data");
    let packed = PLACE_FILES.into_iter().filter(|name| !folder.join(name).is_file());
    let texts = packed.map(|name| content.file(name).map(str::len)).sum::<Result<usize, _>>()?;
    let texts = texts as f64 / 1e6;
    println!("    unpacking it {unpacked:.3} s, {texts:.1} MB of text");
    let small = tempfile::tempdir()?;
    one_system(small.path())?;
    let folder = small.path().as_os_str().to_owned();
    let one = measured(&[("EQUITY_REFERENCE_FOLDER", folder)]).await?;
    let all = measured(&[]).await?;
    for (content, of) in [("one system", &one), ("England", &all)] {
        println!(
            "    {content}: ready {:.2} s after the first start, {:.2} s after a later one, {:.1} MB at rest",
            of.first, of.later, of.resident
        );
    }
    for (start, one, all) in [("first", one.first, all.first), ("later", one.later, all.later)] {
        let later = all - one + unpacked;
        verdict(
            &format!("England to one system: ready later by, {start} start, in seconds"),
            later,
            0.2,
            0.1,
        );
    }
    let more = all.resident - one.resident + texts;
    verdict("England to one system: more resident memory at rest, in MB", more, 40.0, 30.0);
    Ok(())
}
