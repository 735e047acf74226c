//! Certificates of a bench: an authority of its own, the server's, one partner's, who may send and read
//! everything that partners may, and that of a partner who behaves badly.

use std::path::PathBuf;
use std::sync::OnceLock;

use equity_indicators::app::authority::Authority;
use equity_indicators::config::Config;
use tonic::transport::{Certificate, ClientTlsConfig, Identity, ServerTlsConfig};

use super::Outcome;

/// Partners who behave well.
pub const GOOD: [&str; 4] = ["good1", "good2", "good3", "good4"];

fn partners() -> String {
    let of = |name: &&str| {
        format!("\n[partners.{name}]\norganisation = \"QK1\"\nsystems = [\"{name}\"]\n{READS}")
    };
    GOOD.iter().map(of).fold(PARTNERS.to_owned(), |all, one| all + &one)
}

const READS: &str =
    "read = { profile = \"PARTNER\", areas = [\"*\"], datasets = [\"*\"], indicators = [\"*\"] }\n";
const PARTNERS: &str = "trust_domain = \"bench.example\"\n\n[partners.bench]\norganisation = \"QK1\"\nsystems = [\"bench\"]\n\
    submit_for = [\"*\"]\nread = { profile = \"PARTNER\", areas = [\"*\"], datasets = [\"*\"], indicators = [\"*\"] }\n\
    [partners.rude]\norganisation = \"QJ2\"\nsystems = [\"bench\"]\n\
    read = { profile = \"PARTNER\", areas = [\"*\"], datasets = [\"*\"], indicators = [\"*\"] }\n";

/// The files of this process; they go with it.
struct Files {
    folder: tempfile::TempDir,
    authority: Authority,
}

static FILES: OnceLock<Files> = OnceLock::new();

fn files() -> Outcome<&'static Files> {
    if let Some(files) = FILES.get() {
        return Ok(files);
    }
    let folder = tempfile::tempdir()?;
    let authority = Authority::open(folder.path(), 2)?;
    authority.server(&["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    authority.client("bench", "spiffe://bench.example/org/QK1/sys/bench")?;
    for name in GOOD {
        authority.client(name, &format!("spiffe://bench.example/org/QK1/sys/{name}"))?;
    }
    authority.client("rude", "spiffe://bench.example/org/QJ2/sys/bench")?;
    std::fs::write(folder.path().join("partners.toml"), partners())?;
    Ok(FILES.get_or_init(|| Files { folder, authority }))
}

/// The path of a file; of the folder, without a name.
pub fn path(name: &str) -> Outcome<PathBuf> {
    Ok(files()?.folder.path().join(name))
}

fn read(name: &str) -> Outcome<Vec<u8>> {
    Ok(std::fs::read(path(name)?)?)
}

/// Makes a service know its callers by their certificates.
pub fn secure(config: &mut Config) -> Outcome {
    config.tls.certificate_file = Some(path("server.crt")?);
    config.tls.key_file = Some(path("server.key")?);
    config.tls.client_authorities_file = Some(files()?.authority.certificate());
    config.partners_file = Some(path("partners.toml")?);
    // A bench asks far more than a partner.
    config.quotas.requests_per_second = 1_000_000.try_into()?;
    config.quotas.burst = 1_000_000.try_into()?;
    Ok(())
}

/// The partner's side.
pub fn client() -> Outcome<ClientTlsConfig> {
    client_of("bench")
}

/// The side of a partner of this name.
pub fn client_of(name: &str) -> Outcome<ClientTlsConfig> {
    let file = |end: &str| read(&format!("{name}.{end}"));
    let identity = Identity::from_pem(file("crt")?, file("key")?);
    let trusted = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(read("ca.crt")?));
    Ok(trusted.identity(identity).domain_name("localhost"))
}

/// A server that asks clients for a certificate of the authority, as the service does.
pub fn server() -> Outcome<ServerTlsConfig> {
    let identity = Identity::from_pem(read("server.crt")?, read("server.key")?);
    let asks = ServerTlsConfig::new().client_ca_root(Certificate::from_pem(read("ca.crt")?));
    Ok(asks.identity(identity))
}
