//! An authority for development: certificates of a service and of partners, in a folder. Its key lies next to them, so nobody may
//! trust it for more than trying things out.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use jiff::civil::Date;
use jiff::{Span, Zoned};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    RevokedCertParams, SanType, SerialNumber, date_time_ymd,
};
use x509_parser::prelude::{
    CertificateRevocationList, FromDer as _, X509Certificate, parse_x509_pem,
};

use crate::domain::identity::Identity;
use crate::store::make_folder;

/// An authority whose certificate and key are in a folder.
pub struct Authority {
    folder: PathBuf,
    issuer: Issuer<'static, KeyPair>,
    /// Until when its certificates are valid.
    until: Date,
}

/// The files of one certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The certificate.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

const AUTHORITY: &str = "ca";
const REVOKED: &str = "revoked.pem";

impl Authority {
    /// The authority of a folder, which is made if there is none.
    ///
    /// # Errors
    /// Its files cannot be read or written.
    pub fn open(folder: &Path, days: u32) -> anyhow::Result<Self> {
        make_folder(folder)?;
        let until = Zoned::now().date().saturating_add(Span::new().days(i64::from(days)));
        let pair = pair(folder, AUTHORITY);
        let (folder, is_new) = (folder.to_owned(), !pair.certificate.try_exists()?);
        if is_new {
            let mut params = CertificateParams::default();
            params.distinguished_name.push(DnType::CommonName, "equity development authority");
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
            (params.not_before, params.not_after) =
                (midnight(yesterday(), date_time_ymd), midnight(until, date_time_ymd));
            let key = KeyPair::generate()?;
            write(&pair.key, &key.serialize_pem())?;
            write(&pair.certificate, &params.self_signed(&key)?.pem())?;
        }
        let read =
            |file: &Path| fs::read_to_string(file).with_context(|| file.display().to_string());
        let key = KeyPair::from_pem(&read(&pair.key)?)?;
        let issuer = Issuer::from_ca_cert_pem(&read(&pair.certificate)?, key)?;
        let authority = Self { folder, issuer, until };
        if is_new {
            authority.write_revoked(&[])?;
        }
        Ok(authority)
    }

    /// Its own certificate, which clients and service trust.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        pair(&self.folder, AUTHORITY).certificate
    }

    /// The list of certificates that it has revoked.
    #[must_use]
    pub fn revoked(&self) -> PathBuf {
        self.folder.join(REVOKED)
    }

    /// The certificate of a service that is reached by these names and addresses. What is there stays.
    ///
    /// # Errors
    /// A name is none, or the files cannot be written.
    pub fn server(&self, hosts: &[String]) -> anyhow::Result<Pair> {
        let names = CertificateParams::new(hosts)?.subject_alt_names;
        self.issue("server", names, ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// The certificate of a system of a partner. What is there stays.
    ///
    /// # Errors
    /// It is no identity, or the files cannot be written.
    pub fn client(&self, name: &str, identity: &str) -> anyhow::Result<Pair> {
        let identity: Identity = identity.parse()?;
        let uri = SanType::URI(identity.to_string().try_into()?);
        self.issue(name, vec![uri], ExtendedKeyUsagePurpose::ClientAuth)
    }

    fn issue(
        &self,
        name: &str,
        names: Vec<SanType>,
        usage: ExtendedKeyUsagePurpose,
    ) -> anyhow::Result<Pair> {
        let pair = pair(&self.folder, name);
        if pair.certificate.try_exists()? {
            return Ok(pair);
        }
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.subject_alt_names = names;
        params.extended_key_usages = vec![usage];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        (params.not_before, params.not_after) =
            (midnight(yesterday(), date_time_ymd), midnight(self.until, date_time_ymd));
        let key = KeyPair::generate()?;
        write(&pair.key, &key.serialize_pem())?;
        write(&pair.certificate, &params.signed_by(&key, &self.issuer)?.pem())?;
        Ok(pair)
    }

    /// Revokes the certificate of a name. A service that reads the list refuses it from then on.
    ///
    /// # Errors
    /// The folder has no such certificate, or its files cannot be read or written.
    pub fn revoke(&self, name: &str) -> anyhow::Result<()> {
        let file = pair(&self.folder, name).certificate;
        let text = fs::read(&file).with_context(|| {
            format!(
                "{} is not there: name a certificate of the folder, without `.crt`",
                file.display()
            )
        })?;
        let (_, pem) = parse_x509_pem(&text)?;
        let (_, found) = X509Certificate::from_der(&pem.contents)?;
        let mut serials = self.revoked_serials()?;
        let serial = found.raw_serial().to_vec();
        if !serials.contains(&serial) {
            serials.push(serial);
        }
        self.write_revoked(&serials)
    }

    fn revoked_serials(&self) -> anyhow::Result<Vec<Vec<u8>>> {
        let text = fs::read(self.revoked())?;
        let (_, pem) = parse_x509_pem(&text)?;
        let (_, list) = CertificateRevocationList::from_der(&pem.contents)?;
        Ok(list.iter_revoked_certificates().map(|one| one.raw_serial().to_vec()).collect())
    }

    fn write_revoked(&self, serials: &[Vec<u8>]) -> anyhow::Result<()> {
        let number = serials.len() as u64 + 1;
        let revoked = serials.iter().map(|serial| RevokedCertParams {
            serial_number: SerialNumber::from_slice(serial),
            revocation_time: midnight(yesterday(), date_time_ymd),
            reason_code: None,
            invalidity_date: None,
        });
        let list = CertificateRevocationListParams {
            this_update: midnight(yesterday(), date_time_ymd),
            next_update: midnight(self.until, date_time_ymd),
            crl_number: SerialNumber::from(number),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        write(&self.revoked(), &list.signed_by(&self.issuer)?.pem()?)
    }
}

/// So that clocks may differ a little.
fn yesterday() -> Date {
    Zoned::now().date().saturating_sub(Span::new().days(1))
}

/// The beginning of a day, as the library makes it.
fn midnight<T>(date: Date, make: fn(i32, u8, u8) -> T) -> T {
    let [month, day] = [date.month(), date.day()].map(i8::unsigned_abs);
    make(date.year().into(), month, day)
}

fn pair(folder: &Path, name: &str) -> Pair {
    let file = |end: &str| folder.join(format!("{name}.{end}"));
    Pair { certificate: file("crt"), key: file("key") }
}

/// Writes a file that only its owner reads; under its name it is whole or not there.
///
/// # Errors
/// It cannot be written.
pub fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    let beside = file.with_extension("new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let written = options.open(&beside).and_then(|mut new| new.write_all(text.as_bytes()));
    written.and_then(|()| fs::rename(&beside, file)).with_context(|| file.display().to_string())
}
