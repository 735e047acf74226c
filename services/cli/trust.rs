//! Whom a command talks to, and as whom: certificates, and the instance that is expected.

use std::path::{Path, PathBuf};

use clap::Args;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::transport::{Certificate, ClientTlsConfig, Identity};
use tonic::{Request, Status};

use super::exit::Failure;

/// Certificates of both sides, and the instance that is expected.
#[derive(Debug, Clone, Default, Args)]
pub struct Trust {
    /// File of the authority that has issued the certificate of the service (PEM). It turns TLS on.
    #[arg(long, global = true, env = "EQUITY_CA", value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// File of your certificate (PEM).
    #[arg(long, global = true, env = "EQUITY_CERT", value_name = "FILE", requires = "key")]
    pub cert: Option<PathBuf>,
    /// File of the private key of your certificate (PEM).
    #[arg(long, global = true, env = "EQUITY_KEY", value_name = "FILE", requires = "cert")]
    pub key: Option<PathBuf>,
    /// File of your bearer token. It is read again for each call, so that a new token needs no new command.
    #[arg(long, global = true, env = "EQUITY_TOKEN_FILE", value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Id of the instance that has to answer (`equity info` shows it). An instance with another id is only asked for that id, with your certificate or token: no data is sent to it, and none is read from it.
    #[arg(long, global = true, env = "EQUITY_EXPECT_INSTANCE", value_name = "ID")]
    pub expect_instance: Option<String>,
    /// What the calls are made for: a code of `equity reference code-lists --list purpose_of_use`. Some services require it.
    #[arg(long, global = true, env = "EQUITY_PURPOSE", value_name = "CODE", value_parser = purpose)]
    pub purpose: Option<MetadataValue<Ascii>>,
}

fn purpose(text: &str) -> Result<MetadataValue<Ascii>, String> {
    text.parse().map_err(|_| "expected a code such as EQUITY_MONITORING".to_owned())
}

/// What each call says besides its message: what it is made for, and a token.
#[derive(Debug, Clone)]
pub struct Says {
    purpose: Option<MetadataValue<Ascii>>,
    token_file: Option<PathBuf>,
}

impl Interceptor for Says {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(purpose) = &self.purpose {
            request.metadata_mut().insert("purpose-of-use", purpose.clone());
        }
        if let Some(file) = &self.token_file {
            let unusable = |why| std::io::Error::other(format!("{}: {why}", file.display()));
            let token = bearer(file).map_err(unusable)?;
            request.metadata_mut().insert("authorization", token);
        }
        Ok(request)
    }
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(file).map_err(|error| Failure::data(file, error))
}

/// The token of a file, as a header has it. No message has anything of the token.
fn bearer(file: &Path) -> Result<MetadataValue<Ascii>, String> {
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    let token = text.trim();
    let is_token = |c: char| c.is_ascii_alphanumeric() || "-._~+/=".contains(c);
    if token.is_empty() || !token.chars().all(is_token) {
        return Err("has no bearer token: put the access token alone into the file".to_owned());
    }
    let mut value: MetadataValue<Ascii> =
        format!("Bearer {token}").parse().map_err(|_| "has no bearer token".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}

/// Whether only this machine is at an address.
fn is_local(address: &str) -> bool {
    // What stands before an `@` is no host.
    let uri = address.parse::<http::Uri>().ok();
    let host = uri.as_ref().and_then(http::Uri::host).unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    address.starts_with("unix:")
        || host == "localhost"
        || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

impl Trust {
    /// Refuses a token that is not there, or that others could read on its way.
    ///
    /// # Errors
    /// There is no token in the file, or the address is of another machine and the connection is not encrypted.
    pub(super) fn check_token(&self, address: &str) -> Result<(), Failure> {
        let Some(file) = &self.token_file else { return Ok(()) };
        if self.ca.is_none() && !is_local(address) {
            return Err(Failure::Usage(format!(
                "{address}: --token-file needs --ca there: without encryption whoever reads the token could use it"
            )));
        }
        bearer(file).map(drop).map_err(|why| Failure::data(file, anyhow::Error::msg(why)))
    }

    /// The settings of TLS; none: plain text.
    ///
    /// # Errors
    /// A file cannot be read, or there is a certificate without an authority.
    pub(super) fn tls(&self) -> Result<Option<ClientTlsConfig>, Failure> {
        let Some(ca) = &self.ca else {
            return match &self.cert {
                None => Ok(None),
                Some(_) => Err(Failure::Usage(
                    "--cert needs --ca: the authority that has issued the certificate of the service".to_owned(),
                )),
            };
        };
        let config = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(read(ca)?));
        Ok(Some(match (&self.cert, &self.key) {
            (Some(cert), Some(key)) => config.identity(Identity::from_pem(read(cert)?, read(key)?)),
            _ => config,
        }))
    }

    /// What each call says.
    pub(super) fn says(&self) -> Says {
        Says { purpose: self.purpose.clone(), token_file: self.token_file.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_local_by_its_host_alone() {
        for local in
            ["http://localhost:7443", "http://127.0.0.1:1", "http://[::1]:7443", "unix:/run/x"]
        {
            assert!(is_local(local), "{local}");
        }
        for other in [
            "http://localhost:x@evil.example",
            "http://localhost.evil.example:1",
            "https://10.0.0.1:7443",
        ] {
            assert!(!is_local(other), "{other}");
        }
    }
}
