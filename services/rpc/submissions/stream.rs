//! One stream of rows, from its first message to its receipt. Header and rows are checked on a thread of their own while the next
//! rows arrive.

use bytes::Bytes;
use prost::Message;
use tokio::sync::mpsc;
use tonic::{Code, Request, Status, Streaming};

use super::kind::Kind;
use super::{receipt, refusal, told};
use crate::domain::submission::Header;
use crate::engine::Outcome;
use crate::engine::delivery::RefusedSubmission;
use crate::engine::intake::{Intake, Refused, Rows, Taken};
use crate::engine::receipt::Receipt;
use crate::proto::v1;
use crate::rpc::audit::Record;
use crate::rpc::caller::Caller;
use crate::rpc::convert::Unreadable;
use crate::rpc::incoming::PassedOn;
use crate::rpc::{Incoming, Service, status};

/// Most batches that wait to be read.
const AHEAD: usize = 4;

/// Why a stream ended early.
enum Broken {
    /// The call ended before the end of the stream.
    Off,
    /// The header is refused.
    Header(Status),
    /// A batch cannot be read.
    Batch(Unreadable),
    /// The engine refused the submission.
    Refused(Refused),
}

impl From<Refused> for Broken {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

/// Reads a stream to its receipt, and counts its outcome.
pub(super) async fn submit<H: Message + Default + 'static, B: Rows>(
    service: &Service,
    request: Request<Streaming<Incoming<H>>>,
    kind: Kind<H, B>,
) -> Result<v1::Receipt, Status> {
    let (caller, record) = (service.caller(&request)?, Record::of(&request));
    let (partner, mut about) = (caller.name().to_owned(), RefusedSubmission::default());
    let call = (service, caller, &record);
    let messages = Messages::of(request);
    let result = take(call, &mut about, messages, kind).await;
    let outcome = outcome(&result);
    service.engine.counts().submission(outcome);
    if let (Ok(receipt), Outcome::Stored) = (&result, outcome) {
        let rows = receipt.submission.as_ref().map_or(0, |stored| stored.accepted_count);
        service.engine.counts().stored_rows(rows.unsigned_abs());
    }
    if let (Err(refused), Outcome::Refused) = (&result, outcome) {
        told::refused(service, RefusedSubmission { partner, ..about }, refused).await;
    }
    result
}

/// The messages of a call.
struct Messages<H> {
    stream: Streaming<Incoming<H>>,
    /// Where they are if the door joined them: past tonic, which has an empty message for each.
    passed_on: PassedOn,
}

impl<H: Message + Default + 'static> Messages<H> {
    fn of(request: Request<Streaming<Incoming<H>>>) -> Self {
        let passed_on = request.extensions().get().cloned().unwrap_or_default();
        Self { stream: request.into_inner(), passed_on }
    }

    async fn next(&mut self) -> Result<Option<Incoming<H>>, Status> {
        let Some(message) = self.stream.message().await.map_err(status::unreadable)? else {
            return Ok(None);
        };
        let Some(encoded) = self.passed_on.take() else { return Ok(Some(message)) };
        Incoming::decode(encoded).map(Some).map_err(|_| status::malformed())
    }
}

async fn take<H: Message + Default + 'static, B: Rows>(
    (service, caller, record): (&Service, Caller, &Record),
    about: &mut RefusedSubmission,
    mut stream: Messages<H>,
    kind: Kind<H, B>,
) -> Result<v1::Receipt, Status> {
    let first = stream.next().await?;
    let first = first.ok_or_else(status::submission_empty)?;
    if matches!(first, Incoming::Header(_)) {
        // Rows come later, and nothing of them is kept.
        record.asks(&first.encode_to_vec().into());
    }
    let Incoming::Header(given) = first else {
        return Err(status::field_invalid(
            "header",
            "is missing: send the header in the first message, before any batch",
        ));
    };
    let (batches, waiting) = mpsc::channel(AHEAD);
    let (reader, of) = (service.clone(), caller.clone());
    let reading =
        tokio::task::spawn_blocking(move || read((&reader, &of), &*given, waiting, &kind));
    loop {
        let message = tokio::select! {
            message = stream.next() => message?,
            // Reading has ended, and its result says why.
            () = batches.closed() => break,
        };
        let Some(message) = message else { break };
        match message {
            Incoming::Batch(batch) => {
                if batches.send(Some(batch)).await.is_err() {
                    // Reading has ended, and its result says why.
                    break;
                }
            }
            Incoming::Header(_) => {
                return Err(status::field_invalid(
                    "header",
                    "came again: send the header once, in the first message",
                ));
            }
            Incoming::Nothing => {
                return Err(status::field_invalid(
                    "part",
                    "is empty: put a header or a batch into each message",
                ));
            }
        }
    }
    // If reading has ended already, nothing waits for this.
    drop(batches.send(None).await);
    let (of, taken) = reading.await.map_err(|error| status::internal(&error))?;
    let request_id = of.request_id.clone();
    *about = of;
    let not_stored = |about: &mut RefusedSubmission, refused: Refused| {
        told::note(about, &refused);
        refusal::not_stored(refused, &request_id)
    };
    let taken = taken.map_err(|broken| match broken {
        Broken::Off => status::stopping(),
        Broken::Header(refused) => refused,
        Broken::Batch(error) => status::field_invalid(
            "batch",
            format!("cannot be read ({error}): encode it with code generated from the contract"),
        ),
        Broken::Refused(refused) => not_stored(about, refused),
    })?;
    // The rows may have taken minutes.
    service.goes_on(&caller)?;
    if taken.changes_data() {
        record.intends().await?;
    }
    let receipt = service.engine.submit(taken, &caller.reader()).await;
    let receipt = receipt.map_err(|refused| not_stored(about, refused))?;
    if let Receipt::Stored { version, .. } = &receipt {
        record.made(version.submission.position);
    }
    receipt::receipt((service, &caller), receipt)
}

/// Checks the header, and reads batches until the end of the stream. Also returns what the header says; nothing if it is refused.
fn read<H, B: Rows>(
    (service, caller): (&Service, &Caller),
    given: &H,
    batches: mpsc::Receiver<Option<Bytes>>,
    kind: &Kind<H, B>,
) -> (RefusedSubmission, Result<Taken, Broken>) {
    let allowed = |intake: Intake<B>| {
        let Header { organisation, month, .. } = intake.header();
        service.may_submit(caller, organisation, (*month, *month)).map(|()| intake)
    };
    match (kind.start)(&service.engine, caller.name(), given).and_then(allowed) {
        Ok(intake) => (told::about(intake.header()), rows(service, intake, batches, kind.take)),
        Err(refused) => (RefusedSubmission::default(), Err(Broken::Header(refused))),
    }
}

fn rows<B: Rows>(
    service: &Service,
    mut intake: Intake<B>,
    mut batches: mpsc::Receiver<Option<Bytes>>,
    take: fn(&mut B, &[u8]) -> Result<(), Unreadable>,
) -> Result<Taken, Broken> {
    while let Some(batch) = batches.blocking_recv().ok_or(Broken::Off)? {
        intake.batch(|rows| take(rows, &batch).map_err(Broken::Batch))?;
    }
    let _still = service.engine.store().hold();
    Ok(intake.finish()?)
}

fn outcome(result: &Result<v1::Receipt, Status>) -> Outcome {
    match result {
        Ok(receipt) if receipt.validated_only => Outcome::Validated,
        Ok(receipt) if receipt.replayed || receipt.unchanged => Outcome::Repeated,
        Ok(_) => Outcome::Stored,
        Err(status) if is_of_the_content(status) => Outcome::Refused,
        Err(_) => Outcome::Failed,
    }
}

fn is_of_the_content(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::InvalidArgument | Code::NotFound | Code::AlreadyExists | Code::OutOfRange
    )
}
