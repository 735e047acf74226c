//! `equity attack`: attacks what partner organisations are answered about a made-up world, and says what is found out.

use clap::Args;

use super::exit::Failure;
use super::options::Shape;
use super::show::sheet::{Cell, Sheet};
use super::show::{Format, Out, progress};
use crate::app::attack::{AttackOptions, Attacked, Exposed, attack};
use crate::app::folder::TempFolder;

const EXAMPLES: &str = "\
Examples:
  equity attack                                          a small world, less than a minute
  equity attack --months 6 --characteristics 4 --submitters 2
      a large world, which takes some minutes
  equity attack --without changes                        has to find people: otherwise the attack proves nothing
  equity attack --without threshold --seed 3
  equity attack --submitters 2 --format json

Makes a world of twelve practices in a folder of its own, submits it in two releases, and asks every question that the profile PARTNER \
allows, as a service would be asked. Then it looks for groups of 1 to 9 people that the answers leave with fewer than five possible \
numbers. It knows how counts are changed, the consultations of each practice and month, and all data of --submitters practices. The exit code \
is 1 if a group is found out, or if that could not be decided.";

/// `equity attack`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct AttackArgs {
    /// How the answer is written.
    #[command(flatten)]
    pub shape: Shape,
    /// Which world. The same number makes the same people.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Months of the world: 2 to 12.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(2..=12))]
    pub months: u32,
    /// Characteristics of its people: 1 to 4.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=4))]
    pub characteristics: u8,
    /// Practices that tell the attacker all that they submitted: 0 to 11.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=11))]
    pub submitters: u8,
    /// Leaves out a part of the protection.
    #[arg(long, value_name = "PART", value_enum)]
    pub without: Vec<Left>,
}

/// A part of the protection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Left {
    /// Counts stay as they are.
    Changes,
    /// Small counts are shown.
    Threshold,
}

/// Attacks, and says what was found.
///
/// # Errors
/// The folder cannot be used, or people were found out.
pub async fn run(args: &AttackArgs, out: &mut Out) -> Result<(), Failure> {
    let folder = TempFolder::make("attack").map_err(|error| Failure::Other(error.into()))?;
    let options = AttackOptions {
        seed: args.seed,
        months: args.months,
        characteristics: args.characteristics.into(),
        changes: !args.without.contains(&Left::Changes),
        threshold: !args.without.contains(&Left::Threshold),
        submitters: args.submitters.into(),
    };
    let bar = progress::bar("asking", "questions", Some(0), &out.look);
    let mut tell = |done, of| {
        bar.set_length(of as u64);
        bar.set_position(done as u64);
        if done == of {
            bar.set_message("; solving");
        }
    };
    let attacked = attack(&options, folder.path(), &mut tell).await;
    bar.finish_and_clear();
    let attacked = attacked.map_err(Failure::Other)?;
    out.answer(&text(&attacked, out))?;
    let found = attacked.exposed.len() + attacked.not_proven;
    if found == 0 {
        return Ok(());
    }
    Err(Failure::Other(anyhow::anyhow!(
        "{} of {} small groups were found out, and {} could not be decided",
        attacked.exposed.len(),
        attacked.few,
        attacked.not_proven
    )))
}

fn text(attacked: &Attacked, out: &Out) -> String {
    match out.format {
        Format::Json => json(attacked),
        Format::Csv => groups(&attacked.exposed).csv(),
        Format::Table => {
            let found = format!(
                "{} questions, {} numbers. Small groups: {}; found out: {}; not decided: {}.",
                attacked.questions,
                attacked.numbers,
                attacked.few,
                attacked.exposed.len(),
                attacked.not_proven
            );
            let mut parts = vec![found];
            if !attacked.exposed.is_empty() {
                parts.push(groups(&attacked.exposed).table(&out.look));
            }
            parts.push("What is left of the figures:".to_owned());
            parts.push(utility(attacked).table(&out.look));
            parts.join("\n\n")
        }
    }
}

fn groups(exposed: &[Exposed]) -> Sheet {
    let mut sheet = Sheet::new(["organisation", "month", "people", "count", "possible"]);
    for one in exposed {
        let values: Vec<_> = one.values.iter().map(u64::to_string).collect();
        sheet.push(vec![
            one.organisation.clone().into(),
            one.month.clone().into(),
            one.people.clone().into(),
            count(one.count),
            values.join(" ").into(),
        ]);
    }
    sheet
}

fn utility(attacked: &Attacked) -> Sheet {
    let columns = [
        "level",
        "counts",
        "withheld",
        "volume",
        "volume_withheld",
        "mean_relative_error",
        "verdicts",
        "verdicts_changed",
        "verdicts_lost",
    ];
    let mut sheet = Sheet::new(columns);
    for of in &attacked.utility {
        sheet.push(vec![
            of.level.into(),
            count(of.counts),
            count(of.withheld),
            count(of.volume),
            count(of.volume_withheld),
            Cell::Text(format!("{:.4}", of.mean_error())),
            count(of.verdicts),
            count(of.changed),
            count(of.lost),
        ]);
    }
    sheet
}

fn count(number: u64) -> Cell {
    Cell::Count(i64::try_from(number).unwrap_or(i64::MAX))
}

fn json(attacked: &Attacked) -> String {
    let exposed = attacked.exposed.iter().map(|one| {
        serde_json::json!({
            "organisation": one.organisation,
            "month": one.month,
            "people": one.people,
            "count": one.count,
            "possible": one.values,
        })
    });
    let utility = attacked.utility.iter().map(|of| {
        serde_json::json!({
            "level": of.level,
            "counts": of.counts,
            "withheld": of.withheld,
            "volume": of.volume,
            "volume_withheld": of.volume_withheld,
            "mean_relative_error": of.mean_error(),
            "verdicts": of.verdicts,
            "verdicts_changed": of.changed,
            "verdicts_lost": of.lost,
        })
    });
    let all = serde_json::json!({
        "questions": attacked.questions,
        "numbers": attacked.numbers,
        "small_groups": attacked.few,
        "found_out": exposed.collect::<Vec<_>>(),
        "not_decided": attacked.not_proven,
        "utility": utility.collect::<Vec<_>>(),
    });
    format!("{all:#}")
}
