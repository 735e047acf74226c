//! `PartnerTelemetryService`: what partners' own systems are sent, and how far that has come.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::audit::Record;
use super::breakdowns::told;
use super::caller::Caller;
use super::convert::trim::trim;
use super::convert::{int, store_error, telemetry as convert};
use super::page::Page;
use super::{Service, status};
use crate::domain::delivery::Signal;
use crate::domain::partner::{Partner, Role};
use crate::engine::Engine;
use crate::engine::delivery::{Delivery, Projector, scope_key};
use crate::engine::outbox::StreamId;
use crate::proto::server::partner_telemetry_service_server::PartnerTelemetryService;
use crate::proto::v1;

/// Most dead letters of a page with what they say.
const WITH_CONTENT: usize = 100;

/// Answers `PartnerTelemetryService`.
pub struct PartnerTelemetry(pub Service);

/// What makes events for partners, and asks for their figures as each of them would.
#[must_use]
pub fn projector(delivery: &Delivery) -> Projector {
    Projector { ask: told, encode: delivery.encode }
}

/// The streams of a partner that a call is about.
struct About {
    streams: Vec<StreamId>,
}

/// A partner that is sent something.
fn subscribed(engine: &Engine, name: &str) -> Result<Arc<Partner>, Status> {
    let found = engine.reference().partners().named(name).cloned();
    let found = found.filter(|partner| partner.telemetry.is_some());
    found.ok_or_else(|| status::no_subscription(name))
}

/// What delivers. There is a partner to send to, so it is there, or will be in a moment.
fn delivery(engine: &Engine) -> Result<&Delivery, Status> {
    engine.delivery().ok_or_else(|| status::overloaded(status::RETRY_OVERLOADED))
}

impl About {
    fn new(engine: &Engine, partner: &str, signal: Option<Signal>) -> Result<Self, Status> {
        let partner = subscribed(engine, partner)?;
        let is_meant = |of: &Signal| signal.is_none_or(|signal| signal == *of);
        let signals = partner.telemetry.iter().flat_map(|of| of.signals()).filter(is_meant);
        let id = |signal| StreamId { partner: partner.id.clone(), signal };
        let streams: Vec<_> = signals.map(id).collect();
        if streams.is_empty() {
            let what =
                "this partner gets no metrics: the operator can change that in partners.toml";
            return Err(status::field_invalid("signal", what));
        }
        Ok(Self { streams })
    }

    fn statuses(&self, engine: &Engine) -> Result<Vec<v1::DeliveryStatus>, Status> {
        let all = delivery(engine)?.outbox.statuses().map_err(|error| store_error(&error))?;
        let of = |id: &StreamId| {
            let known = all.iter().find(|status| status.id == *id).cloned();
            convert::delivery(
                known
                    .unwrap_or_else(|| crate::engine::outbox::StreamStatus::of_nothing(id.clone())),
            )
        };
        Ok(self.streams.iter().map(of).collect())
    }
}

impl Service {
    /// The partner that a call is about: the one that calls, or the one that an administrator names.
    fn told_partner(&self, caller: &Caller, named: &str) -> Result<String, Status> {
        match caller {
            Caller::Anybody(_) => {
                self.may_see_all(caller)?;
                if named.is_empty() {
                    let what = "is required: callers without an identity are no partner";
                    return Err(status::field_invalid("partner", what));
                }
            }
            Caller::Partner(partner) => {
                if named.is_empty() || named == partner.id {
                    return Ok(partner.id.clone());
                }
                if !partner.roles.contains(&Role::Admin) {
                    return Err(status::out_of_scope(format!(
                        "partner {} may not look at the telemetry of another partner: it needs `roles = [\"admin\"]` in partners.toml, which \
                         the operator of the service keeps",
                        partner.id
                    )));
                }
            }
        }
        Ok(named.to_owned())
    }

    fn may_see_all(&self, caller: &Caller) -> Result<(), Status> {
        let reader = caller.reader();
        if reader.reads_all(&self.engine.reference()) {
            return Ok(());
        }
        Err(status::query_refused(format!(
            "the disclosure profile {} does not see the telemetry of partners; ask the operator of the service",
            reader.profile.name()
        )))
    }

    /// Changes streams of a partner, and tells how far they have come then.
    async fn change_streams<T>(
        &self,
        (request, partner, signal): (&Request<T>, &str, i32),
        change: fn(&Delivery, &StreamId) -> Result<(), crate::engine::StoreError>,
    ) -> Result<Vec<v1::DeliveryStatus>, Status> {
        let (caller, record) = (self.caller(request)?, Record::of(request));
        let partner = self.told_partner(&caller, partner.trim())?;
        let signal = convert::signal(signal)?;
        record.intends().await?;
        let changed = self.aside(move |engine| {
            let about = About::new(engine, &partner, signal)?;
            let delivery = delivery(engine)?;
            for id in &about.streams {
                change(delivery, id).map_err(|error| store_error(&error))?;
            }
            about.statuses(engine)
        });
        changed.await?
    }
}

fn subscriptions(
    engine: &Engine,
    page_key: &[u8; 32],
    request: &v1::ListTelemetrySubscriptionsRequest,
    own: Option<&str>,
) -> Result<v1::ListTelemetrySubscriptionsResponse, Status> {
    let query = ["telemetry subscriptions", own.unwrap_or_default()];
    let page = Page::new(page_key, &query, request.page_size, &request.page_token)?;
    let reference = engine.reference();
    let shown = reference.partners().iter().filter(|of| own.is_none_or(|own| own == of.id));
    let all = shown.filter_map(|of| convert::subscription(of)).collect();
    let (subscriptions, next_page_token) = page.of(all);
    Ok(v1::ListTelemetrySubscriptionsResponse { subscriptions, next_page_token })
}

fn events(
    engine: &Engine,
    page_key: &[u8; 32],
    request: &v1::ListTelemetryEventsRequest,
    partner: &str,
) -> Result<v1::ListTelemetryEventsResponse, Status> {
    let signal = convert::signal(request.signal)?.unwrap_or(Signal::Logs);
    let (first, last) = (request.first_sequence, request.last_sequence);
    let number = |field: &str, number: i64| {
        let wrong = || status::field_invalid(field, "must be 0 or more");
        u64::try_from(number).map_err(|_| wrong())
    };
    let (from, until) = (number("first_sequence", first)?, number("last_sequence", last)?);
    let query = ["events", partner, signal.name(), &first.to_string(), &last.to_string()];
    let page = Page::new(page_key, &query, request.page_size, &request.page_token)?;
    let about = About::new(engine, partner, Some(signal))?;
    let (Some(id), outbox) = (about.streams.first(), &delivery(engine)?.outbox) else {
        return Err(status::no_subscription(partner));
    };
    let until = if until == 0 { u64::MAX - 1 } else { until };
    let begin = from.max(page.cursor).max(1);
    let mut found =
        outbox.events(id, (begin, until), page.size + 1).map_err(|error| store_error(&error))?;
    let next = found.get(page.size).map(|next| page.token(next.sequence));
    found.truncate(page.size);
    let settled = outbox.settled(id);
    let events = found.iter().map(|of| convert::event(of, settled)).collect();
    Ok(v1::ListTelemetryEventsResponse { events, next_page_token: next.unwrap_or_default() })
}

fn dead_letters(
    engine: &Engine,
    page_key: &[u8; 32],
    request: &v1::ListDeadLettersRequest,
    partner: &str,
) -> Result<v1::ListDeadLettersResponse, Status> {
    let signal = convert::signal(request.signal)?.unwrap_or(Signal::Logs);
    let content = if request.with_content { "with content" } else { "" };
    let query = ["dead letters", partner, signal.name(), content];
    let mut page = Page::new(page_key, &query, request.page_size, &request.page_token)?;
    if request.with_content {
        page.size = page.size.min(WITH_CONTENT);
    }
    let about = About::new(engine, partner, Some(signal))?;
    let delivery = delivery(engine)?;
    let (Some(id), outbox) = (about.streams.first(), &delivery.outbox) else {
        return Err(status::no_subscription(partner));
    };
    // What the partner may read now: the same that its own requests are made for.
    let recipient = subscribed(engine, partner)?;
    let scope = scope_key(&recipient);
    let found = outbox.dead_letters(id, page.cursor, page.size + 1);
    let mut found = found.map_err(|error| store_error(&error))?;
    let more = found.len() > page.size;
    found.truncate(page.size);
    let last = found.last().filter(|_| more).map(|last| page.token(last.event.sequence));
    let shown =
        |letter: crate::engine::outbox::DeadLetter| -> Result<_, crate::engine::StoreError> {
            let payload = if request.with_content {
                outbox.dead_payload((id, scope), letter.event.sequence)?
            } else {
                None
            };
            let content = payload.and_then(|payload| (delivery.show)(&payload, signal));
            Ok(convert::dead_letter(letter, content))
        };
    let dead_letters: Result<_, _> = found.into_iter().map(shown).collect();
    let dead_letters = dead_letters.map_err(|error| store_error(&error))?;
    Ok(v1::ListDeadLettersResponse { dead_letters, next_page_token: last.unwrap_or_default() })
}

#[tonic::async_trait]
impl PartnerTelemetryService for PartnerTelemetry {
    async fn list_telemetry_subscriptions(
        &self,
        request: Request<v1::ListTelemetrySubscriptionsRequest>,
    ) -> Result<Response<v1::ListTelemetrySubscriptionsResponse>, Status> {
        let caller = self.0.caller(&request)?;
        let own = match &caller {
            Caller::Anybody(_) => {
                self.0.may_see_all(&caller)?;
                None
            }
            Caller::Partner(partner) => {
                Some(partner.id.clone()).filter(|_| !partner.roles.contains(&Role::Admin))
            }
        };
        let (request, page_key) = (request.into_inner(), self.0.page_key);
        let listed =
            self.0.aside(move |engine| subscriptions(engine, &page_key, &request, own.as_deref()));
        listed.await?.map(Response::new)
    }

    async fn get_delivery_status(
        &self,
        request: Request<v1::GetDeliveryStatusRequest>,
    ) -> Result<Response<v1::GetDeliveryStatusResponse>, Status> {
        let caller = self.0.caller(&request)?;
        let partner = self.0.told_partner(&caller, request.into_inner().partner.trim())?;
        let statuses = self.0.aside(move |engine| {
            About::new(engine, &partner, None).and_then(|about| about.statuses(engine))
        });
        let statuses = statuses.await??;
        Ok(Response::new(v1::GetDeliveryStatusResponse { statuses }))
    }

    async fn list_telemetry_events(
        &self,
        request: Request<v1::ListTelemetryEventsRequest>,
    ) -> Result<Response<v1::ListTelemetryEventsResponse>, Status> {
        let caller = self.0.caller(&request)?;
        let (mut request, page_key) = (request.into_inner(), self.0.page_key);
        trim([&mut request.partner]);
        let partner = self.0.told_partner(&caller, &request.partner)?;
        let listed = self.0.aside(move |engine| events(engine, &page_key, &request, &partner));
        listed.await?.map(Response::new)
    }

    async fn list_dead_letters(
        &self,
        request: Request<v1::ListDeadLettersRequest>,
    ) -> Result<Response<v1::ListDeadLettersResponse>, Status> {
        let caller = self.0.caller(&request)?;
        let (mut request, page_key) = (request.into_inner(), self.0.page_key);
        trim([&mut request.partner]);
        let partner = self.0.told_partner(&caller, &request.partner)?;
        let is_own = matches!(&caller, Caller::Partner(own) if own.id == partner);
        if request.with_content && !is_own {
            // An administrator may see less than the partner.
            self.0.may_see_all(&caller)?;
        }
        let listed =
            self.0.aside(move |engine| dead_letters(engine, &page_key, &request, &partner));
        listed.await?.map(Response::new)
    }

    async fn replay_events(
        &self,
        request: Request<v1::ReplayEventsRequest>,
    ) -> Result<Response<v1::ReplayEventsResponse>, Status> {
        let (caller, record) = (self.0.caller(&request)?, Record::of(&request));
        let v1::ReplayEventsRequest { partner, signal, which } = request.into_inner();
        let partner = self.0.told_partner(&caller, partner.trim())?;
        let signal = convert::signal(signal)?.unwrap_or(Signal::Logs);
        let which = convert::which(which)?;
        record.intends().await?;
        let replayed = self.0.aside(move |engine| {
            let about = About::new(engine, &partner, Some(signal))?;
            let id = about.streams.first().ok_or_else(|| status::no_subscription(&partner))?;
            let replayed = delivery(engine)?.outbox.replay(id, &which);
            replayed.map_err(|error| store_error(&error))
        });
        let replayed = replayed.await??;
        Ok(Response::new(v1::ReplayEventsResponse {
            event_count: int(replayed.count),
            first_new_sequence: int(replayed.first),
            has_more: replayed.more,
            last_sequence: int(replayed.last_seen),
        }))
    }

    async fn pause_delivery(
        &self,
        request: Request<v1::PauseDeliveryRequest>,
    ) -> Result<Response<v1::PauseDeliveryResponse>, Status> {
        let (partner, signal) = (request.get_ref().partner.clone(), request.get_ref().signal);
        let changed = self.0.change_streams((&request, &partner, signal), |delivery, id| {
            delivery.outbox.hold(id, true)
        });
        let statuses = changed.await?;
        Ok(Response::new(v1::PauseDeliveryResponse { statuses }))
    }

    async fn resume_delivery(
        &self,
        request: Request<v1::ResumeDeliveryRequest>,
    ) -> Result<Response<v1::ResumeDeliveryResponse>, Status> {
        let (partner, signal) = (request.get_ref().partner.clone(), request.get_ref().signal);
        let changed = self.0.change_streams((&request, &partner, signal), |delivery, id| {
            delivery.outbox.hold(id, false)
        });
        let statuses = changed.await?;
        Ok(Response::new(v1::ResumeDeliveryResponse { statuses }))
    }

    async fn purge_events(
        &self,
        request: Request<v1::PurgeEventsRequest>,
    ) -> Result<Response<v1::PurgeEventsResponse>, Status> {
        let (caller, record) = (self.0.caller(&request)?, Record::of(&request));
        let v1::PurgeEventsRequest { partner, signal } = request.into_inner();
        let partner = self.0.told_partner(&caller, partner.trim())?;
        let signal = convert::signal(signal)?;
        record.intends().await?;
        let purged = self.0.aside(move |engine| {
            let about = About::new(engine, &partner, signal)?;
            let delivery = delivery(engine)?;
            let (outbox, projector) = (&delivery.outbox, projector(delivery));
            let mut count = 0;
            for id in &about.streams {
                let purged = projector.purge(engine, outbox, id);
                count += purged.map_err(|error| store_error(&error))?;
            }
            Ok::<_, Status>(count)
        });
        let event_count = int(purged.await??);
        Ok(Response::new(v1::PurgeEventsResponse { event_count }))
    }
}

#[cfg(test)]
#[path = "telemetry_tests.rs"]
mod tests;
