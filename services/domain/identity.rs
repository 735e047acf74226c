//! Who a client says that it is, in the one URI of its certificate: an organisation and a system of it.

use std::fmt;
use std::str::FromStr;

/// An organisation and one of its systems, as a certificate names them:
/// `spiffe://equity.example/org/C82001/sys/emis`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// Who names organisations: `equity.example`.
    pub trust_domain: String,
    /// ODS code of the organisation: `C82001`.
    pub organisation: String,
    /// Name of the system: `emis`.
    pub system: String,
}

/// Why a URI names nobody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not of the form spiffe://TRUST-DOMAIN/org/ODS-CODE/sys/NAME")]
pub struct NoIdentity(pub String);

/// Most characters of a part: a label of the DNS has no more.
const LONGEST: usize = 63;

impl FromStr for Identity {
    type Err = NoIdentity;

    fn from_str(uri: &str) -> Result<Self, NoIdentity> {
        let wrong = || NoIdentity(uri.chars().take(200).collect());
        let parts: Vec<_> = uri.strip_prefix("spiffe://").ok_or_else(wrong)?.split('/').collect();
        let [trust_domain, "org", organisation, "sys", system] = parts[..] else {
            return Err(wrong());
        };
        let small = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-._".contains(c);
        let is_code = !organisation.is_empty()
            && organisation.len() <= LONGEST
            && organisation.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
        let is_name =
            |part: &str| !part.is_empty() && part.len() <= LONGEST && part.chars().all(small);
        if !is_code || !is_name(trust_domain) || !is_name(system) {
            return Err(wrong());
        }
        let [trust_domain, organisation, system] =
            [trust_domain, organisation, system].map(str::to_owned);
        Ok(Self { trust_domain, organisation, system })
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trust_domain, organisation, system } = self;
        write!(f, "spiffe://{trust_domain}/org/{organisation}/sys/{system}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_is_read_and_written_back() {
        let uri = "spiffe://equity.example/org/C82001/sys/emis-web";
        let identity: Identity = uri.parse().unwrap();
        assert_eq!(
            (identity.organisation.as_str(), identity.system.as_str()),
            ("C82001", "emis-web")
        );
        assert_eq!(identity.to_string(), uri);
    }

    #[test]
    fn anything_else_is_refused() {
        for uri in [
            "",
            "https://equity.example/org/C82001/sys/emis",
            "spiffe://equity.example/org/C82001",
            "spiffe://equity.example/org/C82001/sys/",
            "spiffe://equity.example/org//sys/emis",
            "spiffe:///org/C82001/sys/emis",
            "spiffe://equity.example/org/C82001/sys/emis/more",
            "spiffe://equity.example/org/c82001/sys/emis",
            "spiffe://equity.example/org/C82001/sys/EMIS",
            "spiffe://equity.example/org/C82001/sys/e%6Dis",
            "spiffe://equity.example/sys/emis/org/C82001",
            "spiffe://equity.example:443/org/C82001/sys/emis",
            "spiffe://equity.example/org/../sys/emis",
            "spiffe://equity.example/org/C82001/sys/emis?x",
        ] {
            assert_eq!(uri.parse::<Identity>(), Err(NoIdentity(uri.to_owned())), "{uri}");
        }
        assert!(format!("spiffe://a/org/{}/sys/b", "C".repeat(64)).parse::<Identity>().is_err());
    }
}
