//! `equity partners delivery`: how far telemetry to partners' own systems has come, and what can be done about it.

use clap::{Args, Subcommand, ValueEnum};

use super::audit::Time;
use super::client::{call, pages};
use super::exit::Failure;
use super::options::Reach;
use super::reference::show;
use super::show::{Out, delivery as sheets};
use crate::proto::v1;
use crate::proto::v1::replay_events_request::Which;

/// Examples for `equity partners delivery --help`.
pub const EXAMPLES: &str = "\
Examples:
  equity partners delivery status alpha
  equity partners delivery dead-letters alpha
  equity partners delivery replay alpha --first 1200 --last 1300

Telemetry goes to the endpoints of partners.toml: see deploy/guides/telemetry.md. Without the name of a partner: that of your certificate.";

const SUBSCRIPTIONS: &str = "\
Examples:
  equity partners delivery subscriptions
  equity partners delivery subscriptions --format json";

const STATUS: &str = "\
Examples:
  equity partners delivery status alpha
  equity partners delivery status alpha --format json";

const EVENTS: &str = "\
Examples:
  equity partners delivery events alpha --first 1200 --last 1300
  equity partners delivery events alpha --signal metrics --format csv
      compare the ids with what has arrived";

const DEAD_LETTERS: &str = "\
Examples:
  equity partners delivery dead-letters alpha
  equity partners delivery dead-letters alpha --signal metrics --limit 10
  equity partners delivery dead-letters alpha --content
      what the records say";

const REPLAY: &str = "\
Examples:
  equity partners delivery replay alpha --first 1200 --last 1300
  equity partners delivery replay alpha --from 2026-11-21T09:00:00Z --to 2026-11-21T10:00:00Z
  equity partners delivery replay alpha --id 0d7c9f6e-5b1a-8c3d-9e2f-7a6b5c4d3e2f

Events are sent again with the same ids and new sequence numbers. At most 10,000 in one call.";

const PAUSE: &str = "\
Examples:
  equity partners delivery pause alpha
  equity partners delivery pause alpha --signal metrics";

const RESUME: &str = "\
Examples:
  equity partners delivery resume alpha
  equity partners delivery resume alpha --signal logs
      tries at once, also after a fault";

const PURGE: &str = "\
Examples:
  equity partners delivery purge alpha --yes
  equity partners delivery purge alpha --signal metrics --yes";

/// `equity partners delivery`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct DeliveryArgs {
    /// The service that is asked.
    #[command(flatten)]
    pub reach: Reach,
    /// What is shown or done.
    #[command(subcommand)]
    pub what: DeliveryAction,
}

/// Whose streams.
#[derive(Debug, Args)]
pub struct Whose {
    /// Name of the partner (default: the partner of your certificate).
    #[arg(default_value = "", hide_default_value = true)]
    pub partner: String,
    /// Which stream (default: log records; where something is changed, both).
    #[arg(long, value_enum, value_name = "SIGNAL")]
    pub signal: Option<Signal>,
}

/// A stream, as an option.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Signal {
    /// Log records.
    Logs,
    /// Metrics.
    Metrics,
}

impl Whose {
    fn signal(&self) -> i32 {
        match self.signal {
            None => v1::TelemetrySignal::Unspecified.into(),
            Some(Signal::Logs) => v1::TelemetrySignal::Logs.into(),
            Some(Signal::Metrics) => v1::TelemetrySignal::Metrics.into(),
        }
    }
}

/// The subcommands of `equity partners delivery`.
#[derive(Debug, Subcommand)]
pub enum DeliveryAction {
    /// List what partners are sent, and where.
    #[command(after_help = SUBSCRIPTIONS)]
    Subscriptions,
    /// Show how far the streams of a partner have come, with lag and last error.
    #[command(after_help = STATUS)]
    Status {
        /// Name of the partner (default: the partner of your certificate).
        #[arg(default_value = "", hide_default_value = true)]
        partner: String,
    },
    /// List the events of a stream, sent or not.
    #[command(after_help = EVENTS)]
    Events {
        /// Whose events.
        #[command(flatten)]
        whose: Whose,
        /// First sequence number.
        #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
        first: i64,
        /// Last sequence number.
        #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
        last: i64,
        /// Most events in the list.
        #[arg(long, value_name = "N", default_value_t = 1_000)]
        limit: usize,
    },
    /// List events that are not sent any more.
    #[command(after_help = DEAD_LETTERS)]
    DeadLetters {
        /// Whose events.
        #[command(flatten)]
        whose: Whose,
        /// Show what the records say: their text and their attributes.
        #[arg(long)]
        content: bool,
        /// Most events in the list.
        #[arg(long, value_name = "N", default_value_t = 1_000)]
        limit: usize,
    },
    /// Send events again, also dead letters.
    #[command(after_help = REPLAY)]
    Replay {
        /// Whose events.
        #[command(flatten)]
        whose: Whose,
        /// First sequence number.
        #[arg(long, value_name = "N", required_unless_present_any = ["from", "id"], conflicts_with_all = ["from", "id"])]
        first: Option<i64>,
        /// Last sequence number (default: the newest).
        #[arg(
            long,
            value_name = "N",
            requires = "first",
            default_value_t = 0,
            hide_default_value = true
        )]
        last: i64,
        /// Events that happened at this time or later, with its zone: `2026-11-21T09:00:00Z`.
        #[arg(long, value_name = "TIME", conflicts_with = "id")]
        from: Option<Time>,
        /// Events that happened before this time (default: until now).
        #[arg(long, value_name = "TIME", requires = "from")]
        to: Option<Time>,
        /// Of these, only events with higher sequence numbers.
        #[arg(
            long,
            value_name = "N",
            requires = "from",
            conflicts_with = "first",
            default_value_t = 0,
            hide_default_value = true
        )]
        after: i64,
        /// Id of an event; repeat it for several.
        #[arg(long, value_name = "UUID")]
        id: Vec<String>,
    },
    /// Stop sending until `resume`. Events are kept.
    #[command(after_help = PAUSE)]
    Pause(Whose),
    /// Go on with sending at once.
    #[command(after_help = RESUME)]
    Resume(Whose),
    /// Give up every event that waits, and remove dead letters.
    #[command(after_help = PURGE)]
    Purge {
        /// Whose events.
        #[command(flatten)]
        whose: Whose,
        /// Give them up. Without this option nothing is done.
        #[arg(long)]
        yes: bool,
    },
}

/// Runs the subcommand and shows the result.
///
/// # Errors
/// The service cannot be reached or refuses.
pub async fn run(args: &DeliveryArgs, out: &mut Out) -> Result<(), Failure> {
    let reach = &args.reach;
    match &args.what {
        DeliveryAction::Subscriptions => {
            let (service, request) =
                (reach.connect().await?, v1::ListTelemetrySubscriptionsRequest::default());
            let subscriptions = pages!(
                service,
                telemetry,
                list_telemetry_subscriptions,
                request,
                subscriptions,
                usize::MAX
            );
            let sheet = sheets::subscriptions(&subscriptions);
            let answer =
                v1::ListTelemetrySubscriptionsResponse { subscriptions, ..Default::default() };
            show(&sheet, "equity.v1.ListTelemetrySubscriptionsResponse", &answer, out)
        }
        DeliveryAction::Status { partner } => {
            let service = reach.connect().await?;
            let request = v1::GetDeliveryStatusRequest { partner: partner.clone() };
            let answer = call!(service, telemetry, get_delivery_status, request);
            let sheet = sheets::statuses(&answer.statuses);
            show(&sheet, "equity.v1.GetDeliveryStatusResponse", &answer, out)
        }
        DeliveryAction::Events { whose, first, last, limit } => {
            let service = reach.connect().await?;
            let request = v1::ListTelemetryEventsRequest {
                partner: whose.partner.clone(),
                signal: whose.signal(),
                first_sequence: *first,
                last_sequence: *last,
                ..Default::default()
            };
            let events = pages!(service, telemetry, list_telemetry_events, request, events, *limit);
            let sheet = sheets::events(&events);
            let answer = v1::ListTelemetryEventsResponse { events, ..Default::default() };
            show(&sheet, "equity.v1.ListTelemetryEventsResponse", &answer, out)
        }
        DeliveryAction::DeadLetters { whose, content, limit } => {
            let service = reach.connect().await?;
            let request = v1::ListDeadLettersRequest {
                partner: whose.partner.clone(),
                signal: whose.signal(),
                with_content: *content,
                ..Default::default()
            };
            let dead_letters =
                pages!(service, telemetry, list_dead_letters, request, dead_letters, *limit);
            let sheet = sheets::dead_letters(&dead_letters, *content);
            let answer = v1::ListDeadLettersResponse { dead_letters, ..Default::default() };
            show(&sheet, "equity.v1.ListDeadLettersResponse", &answer, out)
        }
        change @ (DeliveryAction::Replay { .. }
        | DeliveryAction::Pause(_)
        | DeliveryAction::Resume(_)
        | DeliveryAction::Purge { .. }) => Box::pin(self::change(change, reach, out)).await,
    }
}

/// What changes something at the service.
async fn change(what: &DeliveryAction, reach: &Reach, out: &mut Out) -> Result<(), Failure> {
    let service = reach.connect_to_write(out).await?;
    match what {
        DeliveryAction::Replay { whose, first, last, from, to, after, id } => {
            let which = match (first, from) {
                (Some(first), _) => {
                    Which::Sequences(v1::SequenceRange { first: *first, last: *last })
                }
                (None, Some(from)) => Which::Times(v1::EventTimeRange {
                    from_time: Some((*from).into()),
                    to_time: (*to).map(Into::into),
                    after_sequence: *after,
                }),
                (None, None) => Which::Ids(v1::EventIds { event_ids: id.clone() }),
            };
            let request = v1::ReplayEventsRequest {
                partner: whose.partner.clone(),
                signal: whose.signal(),
                which: Some(which),
            };
            let answer = call!(service, telemetry, replay_events, request);
            out.remark(&format!(
                "{} events are sent again, from sequence number {} on",
                answer.event_count, answer.first_new_sequence
            ))?;
            if answer.has_more {
                let seen = answer.last_sequence;
                // What was sent again just now is at the end of the stream: not once more.
                let before = answer.first_new_sequence - 1;
                let end = if *last > 0 { before.min(*last) } else { before };
                let next = match from {
                    Some(_) => format!("with the same options and --after {seen}"),
                    None => format!("with --first {} --last {end}", seen + 1),
                };
                out.remark(&format!("there are more: go on {next}"))?;
            }
            Ok(())
        }
        DeliveryAction::Pause(whose) => {
            let (partner, signal) = (whose.partner.clone(), whose.signal());
            let request = v1::PauseDeliveryRequest { partner, signal };
            let answer = call!(service, telemetry, pause_delivery, request);
            let sheet = sheets::statuses(&answer.statuses);
            show(&sheet, "equity.v1.PauseDeliveryResponse", &answer, out)
        }
        DeliveryAction::Resume(whose) => {
            let (partner, signal) = (whose.partner.clone(), whose.signal());
            let request = v1::ResumeDeliveryRequest { partner, signal };
            let answer = call!(service, telemetry, resume_delivery, request);
            let sheet = sheets::statuses(&answer.statuses);
            show(&sheet, "equity.v1.ResumeDeliveryResponse", &answer, out)
        }
        DeliveryAction::Purge { yes: false, .. } => {
            let what = "nothing was given up; --yes gives up every event that waits, and removes dead letters";
            Err(Failure::Usage(what.to_owned()))
        }
        DeliveryAction::Purge { whose, yes: true } => {
            let (partner, signal) = (whose.partner.clone(), whose.signal());
            let request = v1::PurgeEventsRequest { partner, signal };
            let answer = call!(service, telemetry, purge_events, request);
            out.remark(&format!("{} events are not sent any more", answer.event_count))?;
            Ok(())
        }
        DeliveryAction::Subscriptions
        | DeliveryAction::Status { .. }
        | DeliveryAction::Events { .. }
        | DeliveryAction::DeadLetters { .. } => Ok(()),
    }
}
