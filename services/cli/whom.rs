//! Whom a command talks to: the instance, and what it says before the first write.

use tonic::Code;

use super::client::{Service, call};
use super::exit::Failure;
use super::show::Out;
use super::trust::Trust;
use crate::proto::v1;

/// Refuses another instance than the expected one.
///
/// # Errors
/// The service is another, or does not say which it is.
pub(super) async fn is_expected(trust: &Trust, service: &Service) -> Result<(), Failure> {
    let Some(expected) = &trust.expect_instance else { return Ok(()) };
    let found = info(service).await?.instance_id;
    if found == *expected {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "the service is the instance {found}, and --expect-instance says {expected}: no data was asked for or sent"
    )))
}

/// What the service says about itself.
///
/// # Errors
/// The service cannot be reached or refuses.
pub(super) async fn info(service: &Service) -> Result<v1::ServiceInfo, Failure> {
    let answer = call!(service, info, get_service_info, v1::GetServiceInfoRequest {});
    Ok(answer.info.unwrap_or_default())
}

/// Says before the first write which instance it goes to, as whom, and how much is there.
///
/// # Errors
/// The service cannot be reached or refuses.
pub(super) async fn tell(service: &Service, out: &mut Out) -> Result<(), Failure> {
    let info = match info(service).await {
        // An older service says nothing of itself.
        Err(Failure::Refused(status)) if status.code() == Code::Unimplemented => return Ok(()),
        info => info?,
    };
    let caller = info.caller.unwrap_or_default();
    let whom = match caller.organisation.as_str() {
        "" => caller.partner,
        organisation => format!("{} ({organisation})", caller.partner),
    };
    let count: i64 = info.collections.iter().map(|of| of.submission_count).sum();
    let there = match count {
        0 => "it has no submissions that concern you".to_owned(),
        1 => "it has 1 submission that concerns you".to_owned(),
        count => format!("it has {count} submissions that concern you"),
    };
    out.remark(&format!("writing to instance {} as {whom}: {there}", info.instance_id))?;
    Ok(())
}
