//! An attack on what partner organisations are answered: everything they may ask of a made-up world is asked, and solved for its cells.
//!
//! - `world` the people, and how they are submitted; `asked` the questions, and what answers say of the cells
//! - `utility` what is left of the figures
//!
//! Whoever attacks knows how counts are changed, the number of people of each organisation in each month, and all that some
//! organisations submitted. Without the changes, and without the threshold, cells have to be found out: otherwise the attack proves nothing.

mod asked;
mod utility;
mod world;

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use super::Service;
use crate::config::{AutomaticReleases, Config};
use crate::domain::codes::Content;
use crate::domain::disclosure::attack::{Attack, Limits, Published, Sum, Verdict, certify_attack};
use crate::domain::disclosure::ptable::PTable;
use crate::domain::disclosure::{LEAST_VALUES, ProfileName, Protection, Rules};
use crate::engine::query::AsOf;
use crate::engine::releases::WantedRelease;
use crate::engine::{Engine, ReleaseReason};
use crate::proto::v1;
use crate::proto::v1::submission_service_client::SubmissionServiceClient;
use crate::server::Address;
use asked::{COLLECTION, Reading, questions};
pub use utility::Utility;
use world::{PLACES, World};

/// Counts from 1 to this are of few people.
const FEW: u64 = 9;
/// What the solver may take for one cell.
const LIMITS: Limits = Limits { nodes: 2_000, time: Duration::from_secs(5), cells: 20_000 };
/// The two releases.
const RELEASES: [&str; 2] = ["before", "after"];

/// What is attacked, and with what.
#[derive(Clone, Copy, Debug)]
pub struct AttackOptions {
    /// Which world.
    pub seed: u64,
    /// Its months: 2 to 12.
    pub months: u32,
    /// What people are asked about: 1 to 4 characteristics.
    pub characteristics: usize,
    /// Whether counts are changed.
    pub changes: bool,
    /// Whether small counts are withheld.
    pub threshold: bool,
    /// How many organisations tell the attacker all that they submitted.
    pub submitters: usize,
}

/// How an attack ended.
#[derive(Clone, Debug)]
pub struct Attacked {
    /// Questions that were asked.
    pub questions: usize,
    /// Numbers that the answers had, and withheld.
    pub numbers: usize,
    /// Cells of few people.
    pub few: usize,
    /// Those of them that were left with too few values.
    pub exposed: Vec<Exposed>,
    /// Those of them for which the solver found neither enough values nor that there are too few.
    pub not_proven: usize,
    /// What is left of the figures, level by level.
    pub utility: Vec<Utility>,
}

/// A cell that is found out.
#[derive(Clone, Debug)]
pub struct Exposed {
    /// Who submitted it, and when.
    pub organisation: String,
    /// Its month.
    pub month: String,
    /// What its people have in common: `TELEPHONE, carer, veteran`.
    pub people: String,
    /// The number of its people.
    pub count: u64,
    /// The values that are left.
    pub values: Vec<u64>,
}

/// Makes the world, asks everything and solves it. `progress` is told how many steps are done, and of how many.
///
/// # Errors
/// The folder cannot be used, or an answer does not fit the world: then the attack reads answers wrongly.
pub async fn attack(
    options: &AttackOptions,
    folder: &Path,
    progress: &mut (dyn FnMut(usize, usize) + Send),
) -> anyhow::Result<Attacked> {
    let world = World::new(options.seed, options.months, options.characteristics);
    let data_folder: PathBuf = folder.join("data");
    let secret_file = Some(secret(options.seed, folder)?);
    let mut config = Config { data_folder, secret_file, ..Config::default() };
    config.address = Address::Port(([127, 0, 0, 1], 0).into());
    config.releases.automatic = AutomaticReleases::Off;
    let service = Service::start_with(&config, controlled()?).await?;
    let result = attacked(options, &world, &service, progress).await;
    service.stop().await?;
    result
}

/// A secret made of the seed, so that the same world gets the same changes.
fn secret(seed: u64, folder: &Path) -> anyhow::Result<PathBuf> {
    let path = folder.join("secret.key");
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    writeln!(file, "{}", blake3::hash(&seed.to_be_bytes()).to_hex())?;
    Ok(path)
}

async fn attacked(
    options: &AttackOptions,
    world: &World,
    service: &Service,
    progress: &mut (dyn FnMut(usize, usize) + Send),
) -> anyhow::Result<Attacked> {
    submit(world, service).await?;
    let engine = &*service.engine;
    let protection = protection(options, engine)?;
    let reference = engine.reference();
    let asked = questions(world.form, &world.months);
    let (mut sums, mut utility) = (knowledge(options, world), Utility::of_levels());
    let (all, mut questions) = (asked.len() * RELEASES.len(), 0);
    for (number, release) in RELEASES.into_iter().enumerate() {
        let reading = Reading::new(world, &reference, number);
        for one in &asked {
            let as_of = || AsOf::Release(release.into());
            let seen = one.answer(engine, as_of(), &protection)?;
            sums.extend(reading.sums(one, &seen, &protection));
            if number + 1 == RELEASES.len() {
                let exact = one.answer(engine, as_of(), &Protection::Exact)?;
                utility[one.level].compare(&exact, &seen);
            }
            questions += 1;
            progress(questions, all);
        }
    }
    let numbers = sums.len();
    let solved = solve(options, world, sums)?;
    Ok(Attacked { questions, numbers, utility, ..solved })
}

/// What the attacker has to break.
fn protection(options: &AttackOptions, engine: &Engine) -> anyhow::Result<Protection> {
    let reference = engine.reference();
    let Protection::Perturbed(rules) = &reference.profile(ProfileName::Partner).protection else {
        anyhow::bail!("the profile PARTNER does not change counts");
    };
    let table = if options.changes { rules.table.clone() } else { PTable::without_changes() };
    let threshold = if options.threshold { rules.threshold } else { 0 };
    Ok(Protection::Perturbed(Arc::new(Rules { table, threshold })))
}

/// What is known without asking: all people of each organisation in each month, and all cells of some organisations.
fn knowledge(options: &AttackOptions, world: &World) -> Vec<Sum> {
    let (each, mut sums) = (world.form.each(), Vec::new());
    for (number, parcel) in world.parcels.iter().enumerate() {
        let cells: Vec<_> = (0..each).map(|cell| number * each + cell).collect();
        if tells(options, parcel.organisation) {
            let exact = |(cell, count): (&usize, &u64)| Sum {
                cells: vec![*cell],
                low: *count,
                high: *count,
            };
            sums.extend(cells.iter().zip(&parcel.counts).map(exact));
        }
        let nobody = cells.iter().enumerate().filter(|(place, _)| {
            world.form.is_empty(parcel.organisation, place % world.form.groups())
        });
        sums.extend(nobody.map(|(_, cell)| Sum { cells: vec![*cell], low: 0, high: 0 }));
        let total = parcel.counts.iter().sum();
        sums.push(Sum { cells, low: total, high: total });
    }
    sums
}

/// Whether an organisation tells the attacker everything.
fn tells(options: &AttackOptions, organisation: &str) -> bool {
    let mut all = PLACES.iter().flat_map(|(_, all)| all).take(options.submitters);
    all.any(|one| *one == organisation)
}

fn solve(options: &AttackOptions, world: &World, sums: Vec<Sum>) -> anyhow::Result<Attacked> {
    let (truth, each) = (world.truth(), world.form.each());
    let published = Published::new(truth.len(), sums)?;
    let attack = Attack::knowing(&published, &truth, LIMITS)
        .context("an answer does not fit the world: the attack reads answers wrongly")?;
    let is_few = |cell: &usize| {
        let is_of_people = cell % each < world.form.groups();
        let told = tells(options, world.parcels[cell / each].organisation);
        is_of_people && (1..=FEW).contains(&truth[*cell]) && !told
    };
    let few: Vec<usize> = (0..truth.len()).filter(is_few).collect();
    let certificate = certify_attack(&attack, &few, LEAST_VALUES);
    let (mut exposed, mut not_proven) = (Vec::new(), 0);
    for (cell, verdict) in certificate.failures() {
        let Verdict::Confined(values) = verdict else {
            not_proven += 1;
            continue;
        };
        let parcel = &world.parcels[cell / each];
        exposed.push(Exposed {
            organisation: parcel.organisation.to_owned(),
            month: parcel.month.to_string(),
            people: world.form.words(cell % each),
            count: truth[cell],
            values: values.iter().copied().collect(),
        });
    }
    let (questions, numbers, utility) = Default::default();
    Ok(Attacked { questions, numbers, few: few.len(), exposed, not_proven, utility })
}

/// The bundled content, with the collection of the world controlled.
fn controlled() -> anyhow::Result<Content> {
    const FILE: &str = "collections.toml";
    let embedded = Content::embedded();
    let text = embedded.file(FILE)?;
    let entry = format!("id = \"{COLLECTION}\"");
    let (before, entry_on) = text.split_once(&entry).context("the world has no collection")?;
    let becomes = entry_on.replacen("\"OPEN\"", "\"CONTROLLED\"", 1);
    Ok(Content::with([(FILE.to_owned(), format!("{before}{entry}{becomes}"))]))
}

/// Submits the world, and releases it twice.
async fn submit(world: &World, service: &Service) -> anyhow::Result<()> {
    let mut client = SubmissionServiceClient::connect(service.address().url("http")).await?;
    for (number, parcel) in world.parcels.iter().enumerate() {
        if number == world.before {
            release(service, RELEASES[0]).await?;
        }
        let parts = parcel.messages(world.form, COLLECTION);
        let parts = parts.map(|part| v1::SubmitConsultationsRequest { part: Some(part) });
        client.submit_consultations(tokio_stream::iter(parts)).await?;
    }
    release(service, RELEASES[1]).await
}

async fn release(service: &Service, id: &str) -> anyhow::Result<()> {
    let wanted = WantedRelease { id: id.to_owned(), reason: ReleaseReason::Operator, now: 0 };
    let made = service.engine.make_release(&wanted, "attack", id).await;
    made.map(drop).map_err(|refused| anyhow::anyhow!("{refused}"))
}

#[cfg(test)]
mod tests;
