//! `equity info`: which instance answers, as whom it takes you, and what you may do.

use clap::Args;

use super::exit::Failure;
use super::options::{Reach, Shape};
use super::reference::show;
use super::show::Out;
use super::show::sheet::Sheet;
use super::whom;
use crate::proto::v1;

const EXAMPLES: &str = "\
Examples:
  equity info
  equity info --service https://equity.example:7443 --ca ca.crt --cert alpha.crt --key alpha.key
  equity info --format json

Put the instance into --expect-instance, or EQUITY_EXPECT_INSTANCE: then no command talks to another one.";

/// `equity info`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct InfoArgs {
    /// How the answer is written.
    #[command(flatten)]
    pub shape: Shape,
    /// The service that is asked.
    #[command(flatten)]
    pub reach: Reach,
}

/// Asks the service, and shows what it says.
///
/// # Errors
/// The service cannot be reached or refuses.
pub async fn run(args: &InfoArgs, out: &mut Out) -> Result<(), Failure> {
    let info = whom::info(&args.reach.connect().await?).await?;
    let sheet = sheet(&info);
    show(
        &sheet,
        "equity.v1.GetServiceInfoResponse",
        &v1::GetServiceInfoResponse { info: Some(info) },
        out,
    )
}

/// One line for each thing that is said.
fn sheet(info: &v1::ServiceInfo) -> Sheet {
    let mut sheet = Sheet::new(["what", "value"]);
    line(&mut sheet, "instance", info.instance_id.clone());
    line(&mut sheet, "version", info.version.clone());
    line(&mut sheet, "position", info.position.to_string());
    if !info.home_area.is_empty() {
        line(&mut sheet, "for the area", info.home_area.clone());
    }
    for of in &info.collections {
        let months = format!("{} to {}", of.first_month, of.last_month);
        line(&mut sheet, &of.collection, format!("{} submissions, {months}", of.submission_count));
    }
    let caller = caller_lines(info.caller.clone().unwrap_or_default());
    caller.lines.into_iter().for_each(|line| sheet.push(line));
    let limits = info.limits.unwrap_or_default();
    if limits.requests_per_second > 0 {
        let (rate, burst) = (limits.requests_per_second, limits.burst_request_count);
        line(&mut sheet, "calls", format!("{rate} a second, {burst} at once"));
    }
    if limits.purpose_required {
        line(&mut sheet, "purpose-of-use", "required".to_owned());
    }
    sheet
}

/// The same of a caller and its scopes.
pub(super) fn caller_lines(caller: v1::CallerInfo) -> Sheet {
    let mut sheet = Sheet::new(["what", "value"]);
    let datasets = caller.read_datasets().map(|of| of.as_str_name().trim_start_matches("DATASET_"));
    let datasets = datasets.collect::<Vec<_>>().join(", ");
    for (what, value) in [
        ("caller", caller.partner),
        ("organisation", caller.organisation),
        ("profile", caller.profile),
        ("may send for", caller.submit_organisations.join(", ")),
        ("may send for areas", caller.submit_areas.join(", ")),
        ("may read areas", caller.read_areas.join(", ")),
        ("may read organisations", caller.read_organisations.join(", ")),
        ("may read datasets", datasets),
        ("may read indicators", caller.read_indicators.join(", ")),
        ("roles", caller.roles.join(", ")),
    ] {
        line(&mut sheet, what, value);
    }
    sheet
}

fn line(sheet: &mut Sheet, what: &str, value: String) {
    if !value.is_empty() {
        sheet.push(vec![what.into(), value.into()]);
    }
}
