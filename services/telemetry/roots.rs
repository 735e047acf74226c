//! The authorities that an endpoint's certificate may be from: those of a file, or those that the system trusts.

use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// The authorities of a file; an error names it.
pub(super) fn of_file(file: impl AsRef<Path>) -> Result<RootCertStore, String> {
    let file = file.as_ref();
    let wrong = |what: String| format!("{}: {what}", file.display());
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file)? {
        roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
    }
    Ok(roots)
}

/// The certificates of a file; an error names it.
pub(super) fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let wrong = |what: String| format!("{}: {what}", file.display());
    let read = CertificateDer::pem_file_iter(file).map_err(|error| wrong(error.to_string()))?;
    let all = read.collect::<Result<Vec<_>, _>>().map_err(|error| wrong(error.to_string()))?;
    if all.is_empty() {
        return Err(wrong("has no certificate in PEM".to_owned()));
    }
    Ok(all)
}

/// The authorities that the system trusts: its own store, or the file that `SSL_CERT_FILE` names.
pub(super) fn of_system() -> Result<RootCertStore, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // Systems have certificates that no verifier takes; the others are enough.
    let (_taken, _left_out) = roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        return Err("this system trusts no authority: name the collector's in telemetry.otlp_authorities_file".to_owned());
    }
    Ok(roots)
}
