//! An authority, a service's certificate, and whatever clients show.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use equity_indicators::app::authority::Authority;
use equity_indicators::server::TlsFiles;
use rcgen::{CertificateParams, DnType, Issuer, KeyPair, SanType, date_time_ymd};
use tempfile::TempDir;
use tonic::transport::{Certificate, ClientTlsConfig, Identity};

/// The files of one authority.
pub(crate) struct Certificates {
    pub(crate) folder: TempDir,
    pub(crate) authority: Authority,
}

/// The URI of a system of an organisation.
pub(crate) fn uri(organisation: &str, system: &str) -> String {
    format!("spiffe://equity.example/org/{organisation}/sys/{system}")
}

impl Certificates {
    pub(crate) fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::open(folder.path(), 30).unwrap();
        authority.server(&["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        Self { folder, authority }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// What the service is started with.
    pub(crate) fn files(&self) -> TlsFiles {
        TlsFiles {
            certificate: self.path().join("server.crt"),
            key: self.path().join("server.key"),
            client_authorities: self.authority.certificate(),
            revocations: Some(self.authority.revoked()),
            without_certificate: false,
        }
    }

    /// A client that trusts the authority and shows nothing.
    pub(crate) fn nobody(&self) -> ClientTlsConfig {
        let ca = std::fs::read(self.authority.certificate()).unwrap();
        ClientTlsConfig::new().ca_certificate(Certificate::from_pem(ca)).domain_name("localhost")
    }

    /// A client with a certificate of this identity.
    pub(crate) fn client(&self, name: &str, organisation: &str) -> ClientTlsConfig {
        let pair = self.authority.client(name, &uri(organisation, "emis")).unwrap();
        let [cert, key] = [pair.certificate, pair.key].map(|file| std::fs::read(file).unwrap());
        self.nobody().identity(Identity::from_pem(cert, key))
    }

    /// A client with a certificate that `make` changes.
    pub(crate) fn odd(&self, make: impl FnOnce(&mut CertificateParams)) -> ClientTlsConfig {
        let (pem, key) = self.issue(make);
        self.nobody().identity(Identity::from_pem(pem, key))
    }

    /// The files of such a certificate.
    pub(crate) fn odd_file(
        &self,
        name: &str,
        make: impl FnOnce(&mut CertificateParams),
    ) -> (PathBuf, PathBuf) {
        let (pem, key) = self.issue(make);
        let files = ["crt", "key"].map(|end| self.path().join(format!("{name}.{end}")));
        std::fs::write(&files[0], pem).unwrap();
        std::fs::write(&files[1], key).unwrap();
        let [certificate, key] = files;
        (certificate, key)
    }

    fn issue(&self, make: impl FnOnce(&mut CertificateParams)) -> (String, String) {
        let read = |name: &str| std::fs::read_to_string(self.path().join(name)).unwrap();
        let key = KeyPair::from_pem(&read("ca.key")).unwrap();
        let issuer = Issuer::from_ca_cert_pem(&read("ca.crt"), key).unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "odd");
        make(&mut params);
        let key = KeyPair::generate().unwrap();
        let pem = params.signed_by(&key, &issuer).unwrap().pem();
        (pem, key.serialize_pem())
    }
}

/// A name of a certificate.
pub(crate) fn named(uri: &str) -> SanType {
    SanType::URI(uri.try_into().unwrap())
}

/// Makes a certificate one that ends then.
pub(crate) fn until(params: &mut CertificateParams, end: SystemTime) {
    params.subject_alt_names = vec![named(&uri("C82001", "emis"))];
    let since = end.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    params.not_after = date_time_ymd(1970, 1, 1) + since;
}

/// Makes a certificate one that has ended.
pub(crate) fn expired(params: &mut CertificateParams) {
    params.subject_alt_names = vec![named(&uri("C82001", "emis"))];
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2020, 2, 1));
}
