//! The partners of the bench: the settings that let them in, and their connections.

use std::ffi::OsString;

use tonic::transport::{Channel, Endpoint};

use crate::support::{Outcome, tls};

/// The settings of a service, as a program, that knows its callers by their certificates.
pub fn settings() -> Outcome<Vec<(&'static str, OsString)>> {
    let named = [
        ("EQUITY_TLS_CERTIFICATE_FILE", "server.crt"),
        ("EQUITY_TLS_KEY_FILE", "server.key"),
        ("EQUITY_TLS_CLIENT_AUTHORITIES_FILE", "ca.crt"),
        ("EQUITY_PARTNERS_FILE", "partners.toml"),
    ];
    named.into_iter().map(|(name, file)| Ok((name, tls::path(file)?.into()))).collect()
}

/// A connection of a partner.
pub async fn connect(uri: &str, partner: &str) -> Outcome<Channel> {
    let endpoint = Endpoint::from_shared(uri.to_owned())?.tcp_nodelay(true);
    Ok(endpoint.tls_config(tls::client_of(partner)?)?.connect().await?)
}
