//! What a certificate says: who its holder is, and from when to when it is valid.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

use crate::rpc::caller::Identity;

/// A certificate as the service reads it.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// Who holds it; or why it names nobody, and what it has to have.
    pub identity: Result<Identity, String>,
    /// From when it is valid, and until when.
    pub valid: (SystemTime, SystemTime),
    /// Its holder and its issuer, as they are written in it.
    pub(super) names: (String, String),
}

impl Certificate {
    /// Reads a certificate in DER.
    ///
    /// # Errors
    /// The bytes are no certificate.
    pub fn from_der(der: &[u8]) -> Result<Self, String> {
        let (_, read) = X509Certificate::from_der(der).map_err(|error| error.to_string())?;
        let validity = read.validity();
        let instant = |seconds: i64| {
            UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or_default())
        };
        let valid =
            (instant(validity.not_before.timestamp()), instant(validity.not_after.timestamp()));
        let names = (read.subject().to_string(), read.issuer().to_string());
        Ok(Self { identity: identity(&read), valid, names })
    }

    /// Why it cannot be used now; none: it can.
    #[must_use]
    pub fn unusable_now(&self) -> Option<String> {
        self.unusable(SystemTime::now())
    }

    /// Until when it is valid, in words.
    #[must_use]
    pub fn valid_until(&self) -> String {
        day(self.valid.1)
    }

    fn unusable(&self, now: SystemTime) -> Option<String> {
        let (from, until) = self.valid;
        if now < from {
            Some(format!("is valid from {} on", day(from)))
        } else if now > until {
            Some(format!("was valid until {}", day(until)))
        } else {
            None
        }
    }
}

/// A time as people read it.
pub(super) fn day(time: SystemTime) -> String {
    jiff::Timestamp::try_from(time)
        .map_or_else(|_| "an unknown day".to_owned(), |at| at.to_string())
}

/// The identity in the one URI of a certificate. The common name does not count: issuers do not check it in the same way.
fn identity(certificate: &X509Certificate<'_>) -> Result<Identity, String> {
    const WANTED: &str = "exactly one URI of the form spiffe://TRUST-DOMAIN/org/ODS-CODE/sys/NAME among its subject alternative names";
    let names = certificate.subject_alternative_name();
    let names =
        names.map_err(|_| format!("its alternative names cannot be read: it needs {WANTED}"))?;
    let names = names.map(|found| found.value.general_names.as_slice()).unwrap_or_default();
    let uris: Vec<_> = names
        .iter()
        .filter_map(|name| if let GeneralName::URI(uri) = name { Some(*uri) } else { None })
        .collect();
    match uris[..] {
        [uri] => uri.parse::<Identity>().map_err(|error| error.to_string()),
        _ => Err(format!("it has {} URIs: it needs {WANTED}", uris.len())),
    }
}
