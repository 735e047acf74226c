//! What the senders of a stored submission are told: that it was stored, and what is to be said about its quality. These are facts about data that
//! they sent themselves.

use super::cells::month_days;
use super::projector::{NotAnswered, NotProjected, Told};
use super::{DAMAGED, Projector, Recipient};
use crate::domain::collection::Dataset;
use crate::domain::delivery::{Event, EventKind, Source, Value};
use crate::domain::field::Field;
use crate::engine::Engine;
use crate::engine::submissions::VersionName;
use crate::proto::v1;
use crate::proto::v1::breakdown_question::Table;
use crate::store::Submission;

/// Share of records with a known value below which a characteristic is a finding.
const LEAST_KNOWN: f64 = 0.9;
const KNOWN: &str = "DQ-01";

impl Projector {
    /// What a recipient is told of a submission; nothing if it is not its own.
    pub(super) fn submitted(
        &self,
        engine: &Engine,
        recipient: &Recipient,
        submission: &Submission,
    ) -> Told {
        let (reference, organisation) = (engine.reference(), &*submission.organisation);
        let (partner, months) =
            (&recipient.partner, (submission.slot.month, submission.slot.month));
        let is_own = partner.organisation == organisation
            || partner.scope.submits_for(&reference, organisation, Some(months));
        if !is_own {
            return Ok(Vec::new());
        }
        let mut events = vec![accepted(submission)];
        if recipient.wants(EventKind::DataQualityFinding) {
            events.extend(findings(engine, submission)?);
            events.extend(self.little_known(engine, recipient, submission)?);
        }
        Ok(events)
    }

    /// Characteristics that few records of the submission have, where its sender may read them exactly and at once.
    fn little_known(
        &self,
        engine: &Engine,
        recipient: &Recipient,
        submission: &Submission,
    ) -> Told {
        let month = submission.slot.month.to_string();
        let query = v1::BreakdownQuery {
            collection: submission.collection.to_string(),
            organisations: vec![submission.organisation.to_string()],
            period: Some(v1::PeriodRange { first: month.clone(), last: month }),
            // Not the newest state: a later version may have replaced it already.
            as_of: Some(v1::AsOf { at: Some(v1::as_of::At::Position(int(submission.position))) }),
            ..Default::default()
        };
        let asked = v1::GetRecordingQualityRequest {
            query: Some(query),
            indicators: vec![KNOWN.to_owned()],
            ..Default::default()
        };
        let answer = match (self.ask)(engine, &recipient.reader, &Table::Recording(asked)) {
            Ok(answer) => answer,
            Err(NotAnswered::ForNow(why)) => return Err(NotProjected::Answer(why)),
            Err(NotAnswered::Damaged(why)) => return Ok(vec![unread(submission, &why)]),
        };
        // Readers of releases learn it from the table of the next release.
        let Some(answer) = answer else { return Ok(Vec::new()) };
        let Some(total) = answer.rows().first() else { return Ok(Vec::new()) };
        let columns = answer.columns().iter().zip(&total.cells);
        let known = columns.filter(|(column, _)| column.indicator == KNOWN);
        let low = known.filter_map(|(column, cell)| {
            let value = cell.figure.as_ref().ok()?.value;
            let field = &column.group.first()?.code;
            (value < LEAST_KNOWN).then(|| {
                let body = format!(
                    "{field} is known for {:.1} % of the records, and at least {:.0} % are expected",
                    100.0 * value,
                    100.0 * LEAST_KNOWN
                );
                let mut event = finding(submission, "LITTLE_KNOWN", body);
                event.attributes.push(("finding.fields", Value::List(vec![field.clone()])));
                event.attributes.push(("value", Value::Number(value)));
                event.attributes.push(("indicator", Value::Text(KNOWN.to_owned())));
                event
            })
        });
        Ok(low.collect())
    }
}

fn int(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn whole(count: u64) -> Value {
    Value::Whole(int(count))
}

/// What names a submission in every event about it.
fn about(submission: &Submission) -> Vec<(&'static str, Value)> {
    let slot = submission.slot;
    let (first, last) = month_days(slot.month);
    let text = |text: &str| Value::Text(text.to_owned());
    vec![
        ("submission.name", Value::Text(name(submission))),
        ("collection", text(&submission.collection)),
        ("organisation", text(&submission.organisation)),
        ("dataset", text(slot.dataset.slug())),
        ("period.start", Value::Text(first)),
        ("period.end", Value::Text(last)),
        ("log.position", whole(submission.position)),
    ]
}

/// The resource name of a submission.
fn name(submission: &Submission) -> String {
    let VersionName { collection, organisation, dataset, month, version } = VersionName {
        collection: &submission.collection,
        organisation: &submission.organisation,
        dataset: submission.slot.dataset,
        month: submission.slot.month,
        version: submission.version,
    };
    let dataset = dataset.slug();
    format!(
        "collections/{collection}/organisations/{organisation}/datasets/{dataset}/months/{month}/versions/{version}"
    )
}

fn event(kind: EventKind, submission: &Submission, body: String) -> Event {
    Event {
        kind,
        source: Source::Entry {
            position: submission.position,
            time_millis: submission.time_millis,
            says: submission.content_hash,
        },
        index: 0,
        time_millis: submission.time_millis,
        body,
        attributes: about(submission),
        point: None,
    }
}

fn accepted(submission: &Submission) -> Event {
    let (rows, month) = (submission.accepted_count, submission.slot.month);
    let body = format!(
        "{rows} rows of {} for {month} were stored as version {} of {}",
        submission.organisation, submission.version, submission.collection
    );
    let mut event = event(EventKind::SubmissionAccepted, submission, body);
    let hash = blake3::Hash::from(submission.content_hash).to_hex().to_string();
    event.attributes.extend([
        ("submission.version", Value::Whole(submission.version.into())),
        ("submission.request_id", Value::Text(submission.request_id.to_string())),
        ("submission.content_hash", Value::Text(hash)),
        ("submission.accepted_count", whole(submission.accepted_count)),
        ("submission.rejected_count", whole(submission.rejected_count)),
    ]);
    event
}

fn finding(submission: &Submission, code: &str, body: String) -> Event {
    let mut event = event(EventKind::DataQualityFinding, submission, body);
    event.attributes.push(("finding.code", Value::Text(code.to_owned())));
    event
}

/// Says that there may be findings, and that they are not told.
fn unread(submission: &Submission, why: &str) -> Event {
    let name = name(submission);
    tracing::error!(name, why, "data cannot be read: partners are not told every finding about it");
    let body =
        format!("findings about {name} may be missing, because data of the service is damaged");
    let mut event = event(EventKind::DeliveryGap, submission, body);
    event.attributes.push(("gap.reason", Value::Text(DAMAGED.to_owned())));
    event
}

/// What the receipt of the submission says about its quality.
fn findings(engine: &Engine, submission: &Submission) -> Told {
    let (mut found, mut damaged) = (Vec::new(), None);
    let mut add = |code: &str, count: u64, what: &str, fields: Vec<String>| {
        if count > 0 {
            let mut event = finding(submission, code, format!("{count} {what}"));
            event.attributes.push(("finding.count", whole(count)));
            if !fields.is_empty() {
                event.attributes.push(("finding.fields", Value::List(fields)));
            }
            found.push(event);
        }
    };
    add("ROWS_REJECTED", submission.rejected_count, "rows were left out", Vec::new());
    add("ROWS_BLANK", submission.blank_count, "rows had no value", Vec::new());
    add("COUNTS_SUPPRESSED", submission.suppressed_count, "counts were suppressed", Vec::new());
    if submission.has_readings {
        match engine.store.reader().readings(submission) {
            Ok(readings) => {
                let fields = readings.iter().map(|of| of.field.clone()).collect();
                let count = readings.iter().map(|of| of.count).sum();
                add("READ_IN_ANOTHER_FORM", count, "values were read in another form", fields);
            }
            Err(error) if error.is_of_the_system() => return Err(error.into()),
            Err(error) => damaged = Some(unread(submission, &error.to_string())),
        }
    }
    let may_have =
        |field: &Field| field.is_characteristic() && field.is_collected_in(submission.slot.dataset);
    let missing = Field::all().filter(may_have).filter(|of| !submission.collected.contains(of));
    let missing: Vec<_> = missing.map(|field| field.name().to_owned()).collect();
    if submission.slot.dataset != Dataset::Estimates {
        let count = missing.len() as u64;
        add("NOT_COLLECTED", count, "characteristics are not collected by the source", missing);
    }
    found.extend(damaged);
    Ok(found)
}
