//! `equity status`: whether a service serves and accepts changes, how far it has come, and how old its newest data is.

use std::time::Duration;

use clap::Args;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;

use super::client::{Service, ask};
use super::exit::Failure;
use super::options::{Reach, Shape};
use super::show::sheet::Sheet;
use super::show::{Format, Out};
use super::whom;
use crate::proto::v1;

const EXAMPLES: &str = "\
Examples:
  equity status
  equity status --service https://equity.example:7443 --ca ca.crt --cert alpha.crt --key alpha.key
  equity status --format json
  equity status --max-age practice-feed=45 --max-age mhsds=60
      ends with 6 if the newest submission of a collection was received longer ago
  equity status --ignore-writing
      for a probe that restarts what fails: a restart does not repair a damaged log, and ends the answers too

Exit codes:
  0  the service serves and accepts changes
  2  wrong usage
  3  the service cannot be reached, or does not serve
  5  the service answers questions and accepts no changes: its log says why
  6  a collection of --max-age has no submission that is recent enough";

/// The service of the contract that serves only while changes are accepted.
const CHANGES: &str = "equity.v1.SubmissionService";
/// Longest wait for the health service.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(5);
const DAY_SECONDS: i64 = 24 * 60 * 60;

/// `equity status`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct StatusArgs {
    /// How the answer is written.
    #[command(flatten)]
    pub shape: Shape,
    /// The service that is asked.
    #[command(flatten)]
    pub reach: Reach,
    /// A collection and the greatest age of its newest submission, in days. Repeat the option for more.
    #[arg(long, value_name = "COLLECTION=DAYS", value_parser = max_age)]
    pub max_age: Vec<(String, u32)>,
    /// End with 0 also if the service answers questions and accepts no changes.
    #[arg(long)]
    pub ignore_writing: bool,
}

fn max_age(text: &str) -> Result<(String, u32), String> {
    let expected = || "expected the id of a collection, `=` and a number of days: `mhsds=60`";
    let (collection, days) = text.split_once('=').ok_or_else(expected)?;
    let days = days.parse().map_err(|_| expected())?;
    if collection.is_empty() { Err(expected().to_owned()) } else { Ok((collection.into(), days)) }
}

/// What was found.
struct Status {
    serves: bool,
    accepts_changes: bool,
    /// None: the service does not serve, or does not say it to this caller.
    info: Option<v1::ServiceInfo>,
    /// Now, seconds since 1970.
    now: i64,
}

/// Asks the service and shows what it says. The exit code depends on it.
///
/// # Errors
/// The service cannot be reached, does not serve, accepts no changes, or has no recent data.
pub async fn run(args: &StatusArgs, out: &mut Out) -> Result<(), Failure> {
    let service = args.reach.connect().await?;
    let serves = is_serving(&service, "").await?;
    let accepts_changes = serves && is_serving(&service, CHANGES).await?;
    let info = match serves {
        true => said(&service, out).await?,
        false => None,
    };
    let now = jiff::Timestamp::now().as_second();
    let status = Status { serves, accepts_changes, info, now };
    out.answer(&match out.format {
        Format::Json => format!("{:#}", status.json()),
        Format::Table => status.sheet().table(&out.look),
        Format::Csv => status.sheet().csv(),
    })?;
    let old = status.too_old(&args.max_age);
    if !serves {
        return Err(Failure::NotServing);
    }
    if !accepts_changes && !args.ignore_writing {
        return Err(Failure::NoChanges);
    }
    if old.is_empty() { Ok(()) } else { Err(Failure::TooOld(old)) }
}

/// What the health service says of a service of the contract; the empty name: of all.
async fn is_serving(service: &Service, name: &str) -> Result<bool, Failure> {
    let mut request = ask(HealthCheckRequest { service: name.to_owned() });
    request.set_timeout(HEALTH_TIMEOUT);
    match service.health().check(request).await {
        Ok(answer) => Ok(answer.into_inner().status() == ServingStatus::Serving),
        Err(status) => Err(service.failure(status)),
    }
}

/// What the service says of itself; none: not to this caller.
async fn said(service: &Service, out: &mut Out) -> Result<Option<v1::ServiceInfo>, Failure> {
    match whom::info(service).await {
        Ok(info) => Ok(Some(info)),
        Err(Failure::Refused(status))
            if matches!(
                status.code(),
                // The last: it asks for a purpose, and a probe has none.
                Code::Unauthenticated | Code::PermissionDenied | Code::InvalidArgument
            ) =>
        {
            out.remark(&format!("the service says no more to this caller: {}", status.message()))?;
            Ok(None)
        }
        Err(failure) => Err(failure),
    }
}

impl Status {
    fn collections(&self) -> &[v1::CollectionContent] {
        self.info.as_ref().map_or(&[], |info| &info.collections)
    }

    /// Seconds since the newest submission of a collection was received; none: it is not known.
    fn age(&self, of: &v1::CollectionContent) -> Option<i64> {
        of.newest_accepted_time.map(|time| (self.now - time.seconds).max(0))
    }

    /// What of these collections is too old, in words.
    fn too_old(&self, limits: &[(String, u32)]) -> Vec<String> {
        let mut found = Vec::new();
        for (collection, days) in limits {
            let content = self.collections().iter().find(|of| of.collection == *collection);
            match content.and_then(|of| self.age(of)) {
                None => {
                    found.push(format!("{collection}: no submission that this caller may know of"));
                }
                Some(age) if age > i64::from(*days) * DAY_SECONDS => {
                    found.push(format!("{collection}: {} old, at most {days} days", words(age)));
                }
                Some(_) => {}
            }
        }
        found
    }

    fn sheet(&self) -> Sheet {
        let mut sheet = Sheet::new(["what", "value"]);
        let yes = |is: bool| if is { "yes" } else { "no" };
        let mut line = |what: &str, value: String| sheet.push(vec![what.into(), value.into()]);
        line("serves", yes(self.serves).to_owned());
        line("accepts changes", yes(self.accepts_changes).to_owned());
        if let Some(info) = &self.info {
            line("version", info.version.clone());
            line("instance", info.instance_id.clone());
            line("position", info.position.to_string());
        }
        for of in self.collections() {
            let age = self.age(of).map(|age| format!(", received {} ago", words(age)));
            line(&of.collection, format!("up to {}{}", of.last_month, age.unwrap_or_default()));
        }
        sheet
    }

    fn json(&self) -> serde_json::Value {
        let of = |of: &v1::CollectionContent| {
            serde_json::json!({
                "collection": of.collection,
                "submission_count": of.submission_count,
                "first_month": of.first_month,
                "last_month": of.last_month,
                "newest_accepted_time": of.newest_accepted_time.and_then(rfc_3339),
                "age_seconds": self.age(of),
            })
        };
        let info = self.info.as_ref();
        serde_json::json!({
            "serves": self.serves,
            "accepts_changes": self.accepts_changes,
            "version": info.map(|info| &info.version),
            "instance_id": info.map(|info| &info.instance_id),
            "position": info.map(|info| info.position),
            "collections": info.map(|info| info.collections.iter().map(of).collect::<Vec<_>>()),
        })
    }
}

fn rfc_3339(time: prost_types::Timestamp) -> Option<String> {
    let time = jiff::Timestamp::new(time.seconds, time.nanos).ok()?;
    Some(time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// An age for a person, in its largest whole unit.
fn words(seconds: i64) -> String {
    let units = [(DAY_SECONDS, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let unit = units.iter().find(|(length, _)| seconds >= *length).unwrap_or(&(1, "second"));
    let count = seconds / unit.0;
    format!("{count} {}{}", unit.1, if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(age: Option<i64>) -> Status {
        let newest_accepted_time =
            age.map(|age| prost_types::Timestamp { seconds: 1_700_000_000 - age, nanos: 0 });
        let content = v1::CollectionContent {
            collection: "mhsds".to_owned(),
            newest_accepted_time,
            ..Default::default()
        };
        let info = v1::ServiceInfo { collections: vec![content], ..Default::default() };
        let info = Some(info);
        Status { serves: true, accepts_changes: true, info, now: 1_700_000_000 }
    }

    #[test]
    fn data_is_too_old_after_the_last_second_of_the_limit() {
        let limit = |days| [("mhsds".to_owned(), days)];
        let day = DAY_SECONDS;
        for (age, days, is_old) in [
            (0, 0, false),
            (1, 0, true),
            (2 * day, 2, false),
            (2 * day + 1, 2, true),
            (-5, 0, false),
        ] {
            assert_eq!(!status(Some(age)).too_old(&limit(days)).is_empty(), is_old, "{age} {days}");
        }
        let missing = status(Some(0)).too_old(&[("deri".to_owned(), 9)]);
        assert_eq!(missing, ["deri: no submission that this caller may know of"]);
        assert_eq!(status(None).too_old(&limit(9)).len(), 1, "a service that does not say it");
    }

    #[test]
    fn ages_are_in_words() {
        for (seconds, said) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (119, "1 minute"),
            (7_200, "2 hours"),
            (DAY_SECONDS * 3 - 1, "2 days"),
        ] {
            assert_eq!(words(seconds), said);
        }
    }

    #[test]
    fn a_limit_has_a_collection_and_days() {
        assert_eq!(max_age("a-b=3"), Ok(("a-b".to_owned(), 3)));
        for wrong in ["", "a", "=3", "a=", "a=-1", "a=x", "a=1.5"] {
            assert!(max_age(wrong).is_err(), "{wrong}");
        }
    }
}
