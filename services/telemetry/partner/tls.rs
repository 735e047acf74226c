//! TLS to an endpoint. The files are read for each new connection, so that renewed certificates need no restart.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;

use super::super::roots;
use crate::domain::delivery::{Protocol, Subscription, Trouble};

/// The settings of TLS for a subscription.
pub(super) fn config(of: &Subscription) -> Result<Arc<ClientConfig>, (Trouble, String)> {
    let wrong = |file: &str, what: String| settings(format!("{file}: {what}"));
    let authorities = of.authorities_file.as_deref().unwrap_or_default();
    let roots = roots::of_file(authorities).map_err(settings)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(authorities, error.to_string()))?
        .with_root_certificates(roots);
    let mut config = match &of.certificate {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let read = PrivateKeyDer::from_pem_file(key);
            let read = read.map_err(|error| wrong(key, error.to_string()))?;
            let shown = builder.with_client_auth_cert(
                roots::certificates(certificate.as_ref()).map_err(settings)?,
                read,
            );
            shown.map_err(|error| wrong(certificate, error.to_string()))?
        }
    };
    config.alpn_protocols = vec![match of.protocol {
        Protocol::Grpc => b"h2".to_vec(),
        Protocol::Http => b"http/1.1".to_vec(),
    }];
    Ok(Arc::new(config))
}

fn settings(why: String) -> (Trouble, String) {
    (Trouble::Settings, why)
}

/// Whether TLS is what failed, in an error or in what caused it.
pub(super) fn is_of_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<rustls::Error>() {
            return true;
        }
        let io = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if let Some(inner) = io
            && inner.is::<rustls::Error>()
        {
            return true;
        }
        next = error.source();
    }
    false
}
