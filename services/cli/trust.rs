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
    /// Id of the instance that has to answer (`equity info` shows it). Another instance gets no request.
    #[arg(long, global = true, env = "EQUITY_EXPECT_INSTANCE", value_name = "ID")]
    pub expect_instance: Option<String>,
    /// What the calls are made for: a code of `equity reference code-lists --list purpose_of_use`. Some services require it.
    #[arg(long, global = true, env = "EQUITY_PURPOSE", value_name = "CODE", value_parser = purpose)]
    pub purpose: Option<MetadataValue<Ascii>>,
}

fn purpose(text: &str) -> Result<MetadataValue<Ascii>, String> {
    text.parse().map_err(|_| "expected a code such as EQUITY_MONITORING".to_owned())
}

/// What each call says besides its message: what it is made for.
#[derive(Debug, Clone)]
pub struct Says(Option<MetadataValue<Ascii>>);

impl Interceptor for Says {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(purpose) = &self.0 {
            request.metadata_mut().insert("purpose-of-use", purpose.clone());
        }
        Ok(request)
    }
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(file).map_err(|error| Failure::data(file, error))
}

impl Trust {
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
        Says(self.purpose.clone())
    }
}
