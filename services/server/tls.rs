//! TLS: who may connect, and with what the service shows who it is. Files are read again while the service runs: certificates are
//! renewed and revoked without a restart. New files replace the old ones only if they fit together.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::{Accept, TlsAcceptor};
use x509_parser::prelude::{CertificateRevocationList, FromDer as _};

use super::certificate::Certificate;

/// The files of TLS, all PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate of the service, then those between it and its authority.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The authorities whose certificates clients may show.
    pub client_authorities: PathBuf,
    /// Certificates that their authorities have revoked. None: no certificate is looked up.
    pub revocations: Option<PathBuf>,
    /// Whether a client may show no certificate: it has a bearer token then.
    pub without_certificate: bool,
}

/// Why TLS cannot be used with these files.
#[derive(Debug, thiserror::Error)]
#[error("{}: {what}", file.display())]
pub struct TlsError {
    file: PathBuf,
    what: String,
}

/// What new connections are accepted with.
#[derive(Debug)]
pub struct Tls {
    files: TlsFiles,
    now: RwLock<Arc<Accepting>>,
}

/// One state of the files.
#[derive(Debug)]
pub(super) struct Accepting {
    config: Arc<ServerConfig>,
    verifier: Arc<dyn ClientCertVerifier>,
    /// Hash of the files.
    read: blake3::Hash,
    /// Until when the certificate of the service is valid.
    pub(super) valid_until: SystemTime,
    /// When the first of the lists of revoked certificates has to be replaced by a new one; none: no list says.
    pub(super) lists_until: Option<SystemTime>,
}

impl TlsFiles {
    fn all(&self) -> impl Iterator<Item = &Path> {
        [&self.certificate, &self.key, &self.client_authorities]
            .into_iter()
            .chain(&self.revocations)
            .map(PathBuf::as_path)
    }
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// A file cannot be read, or the files do not fit together.
    pub fn load(files: &TlsFiles) -> Result<Self, TlsError> {
        let now = RwLock::new(Arc::new(Accepting::read(files)?));
        Ok(Self { files: files.clone(), now })
    }

    /// The files as they were read last.
    pub(super) fn now(&self) -> Arc<Accepting> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Seconds until the certificate of the service ends.
    pub(super) fn seconds_left(&self) -> u64 {
        let left = self.now().valid_until.duration_since(SystemTime::now());
        left.unwrap_or_default().as_secs()
    }

    /// The hash of the files as they are on the disk; none: one cannot be read.
    pub(super) fn on_disk(&self) -> Option<blake3::Hash> {
        hash(&self.files).ok()
    }

    /// Whether a state has this hash.
    pub(super) fn has(&self, hash: Option<blake3::Hash>) -> bool {
        hash == Some(self.now().read)
    }

    /// Reads the files again. If they cannot be used, everything stays as it is.
    pub(super) fn reload(&self) -> Result<(), TlsError> {
        let new = Arc::new(Accepting::read(&self.files)?);
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }
}

impl Accepting {
    /// Begins a handshake.
    pub(super) fn accept(&self, stream: TcpStream) -> Accept<TcpStream> {
        TlsAcceptor::from(Arc::clone(&self.config)).accept(stream)
    }

    /// Why a client's certificate, and those after it, are not accepted any more; none: they are.
    pub(super) fn refuses(&self, chain: &[CertificateDer<'static>]) -> Option<rustls::Error> {
        let (first, others) = chain.split_first()?;
        self.verifier.verify_client_cert(first, others, UnixTime::now()).err()
    }

    fn read(files: &TlsFiles) -> Result<Self, TlsError> {
        // Before the files: if one changes meanwhile, the next look sees another hash.
        let read = hash(files)?;
        let chain = items::<CertificateDer<'static>>(&files.certificate, "certificate")?;
        let valid_until = check_chain(&chain).map_err(wrong(&files.certificate))?;
        let key = PrivateKeyDer::from_pem_file(&files.key);
        let key = key.map_err(|error| wrong(&files.key)(format!("has no private key: {error}")))?;
        let mut authorities = RootCertStore::empty();
        for one in items::<CertificateDer<'static>>(&files.client_authorities, "certificate")? {
            let added = authorities.add(one);
            added.map_err(|error| wrong(&files.client_authorities)(error.to_string()))?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(
            Arc::new(authorities),
            Arc::clone(&provider),
        )
        .only_check_end_entity_revocation();
        let mut lists = Vec::new();
        if let Some(file) = &files.revocations {
            lists = items::<CertificateRevocationListDer<'static>>(file, "revocation list")?;
        }
        let lists_until = lists.iter().filter_map(|list| next_update(list)).min();
        let verifier = verifier.with_crls(lists);
        let verifier =
            if files.without_certificate { verifier.allow_unauthenticated() } else { verifier };
        let of_clients = files.revocations.as_ref().unwrap_or(&files.client_authorities);
        let verifier = verifier.build().map_err(|error| wrong(of_clients)(error.to_string()))?;
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| wrong(&files.certificate)(error.to_string()))?
            .with_client_cert_verifier(Arc::clone(&verifier))
            .with_single_cert(chain, key);
        let mut config = config.map_err(|error| {
            let why = if matches!(error, rustls::Error::InconsistentKeys(_)) {
                let certificate = files.certificate.display();
                format!("is not the key of the certificate {certificate}: put the pair into place together")
            } else {
                error.to_string()
            };
            wrong(&files.key)(why)
        })?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        // A resumed session would show no certificate, and one that was revoked meanwhile would still do.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Self { config: Arc::new(config), verifier, read, valid_until, lists_until })
    }
}

fn wrong(file: &Path) -> impl Fn(String) -> TlsError {
    move |what| TlsError { file: file.to_owned(), what }
}

/// Every item of a kind in a PEM file, of which there is one at least.
fn items<T: PemObject>(file: &Path, what: &str) -> Result<Vec<T>, TlsError> {
    let found = T::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<T>, _>>);
    let found = found.map_err(|error| wrong(file)(format!("cannot be read: {error}")))?;
    if found.is_empty() {
        let what = format!("has no {what} in PEM (`-----BEGIN …-----`)");
        return Err(wrong(file)(what));
    }
    Ok(found)
}

/// Until when the first certificate is valid.
///
/// # Errors
/// It is not valid now, or one after it is not the issuer of the one before.
fn check_chain(chain: &[CertificateDer<'static>]) -> Result<SystemTime, String> {
    let read = chain.iter().map(|one| Certificate::from_der(one));
    let read = read.collect::<Result<Vec<_>, _>>()?;
    let Some(first) = read.first() else { return Err("has no certificate".to_owned()) };
    if let Some(why) = first.unusable_now() {
        return Err(why);
    }
    match read.windows(2).find(|pair| pair[0].names.1 != pair[1].names.0) {
        Some(pair) => Err(format!(
            "after the certificate of {} has to come that of its issuer {}, and not that of {}",
            pair[0].names.0, pair[0].names.1, pair[1].names.0
        )),
        None => Ok(first.valid.1),
    }
}

/// When an authority makes the next list of what it has revoked, at the latest.
fn next_update(list: &[u8]) -> Option<SystemTime> {
    let (_, read) = CertificateRevocationList::from_der(list).ok()?;
    let seconds = read.next_update()?.timestamp();
    Some(UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).ok()?))
}

fn hash(files: &TlsFiles) -> Result<blake3::Hash, TlsError> {
    let mut hash = blake3::Hasher::new();
    for file in files.all() {
        let bytes =
            std::fs::read(file).map_err(|error: io::Error| wrong(file)(error.to_string()))?;
        hash.update(&(bytes.len() as u64).to_be_bytes()).update(&bytes);
    }
    Ok(hash.finalize())
}

#[cfg(test)]
mod tests {
    use rcgen::{
        BasicConstraints, CertificateParams, CertificateRevocationListParams, IsCa, Issuer,
        KeyIdMethod, KeyPair, KeyUsagePurpose, SerialNumber, date_time_ymd,
    };

    use super::*;

    #[test]
    fn a_list_says_when_the_next_one_comes() {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::CrlSign];
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2024, 1, 1),
            next_update: date_time_ymd(2024, 1, 2),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: Vec::new(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let list = list.signed_by(&Issuer::new(params, key)).unwrap();
        let until = UNIX_EPOCH + Duration::from_secs(1_704_153_600);
        assert_eq!(next_update(list.der()), Some(until));
        assert_eq!(next_update(b"no list"), None);
    }
}
