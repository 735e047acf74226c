//! Partners: who may send data for whom, and who may read what. Whoever is not named may do nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::collection::Dataset;
use crate::domain::delivery::Subscription;
use crate::domain::disclosure::ProfileName;
use crate::domain::identity::Identity;

/// Codes that are named, or all there are (`*`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// All, those of the future included.
    All,
    /// These.
    Only(BTreeSet<String>),
}

impl Named {
    /// None.
    #[must_use]
    pub fn none() -> Self {
        Self::Only(BTreeSet::new())
    }

    /// Whether a code is among them.
    #[must_use]
    pub fn has(&self, code: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(codes) => codes.contains(code),
        }
    }

    /// The codes in order, `*` for all.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        let (all, codes) = match self {
            Self::All => (Some("*"), None),
            Self::Only(codes) => (None, Some(codes)),
        };
        all.into_iter().chain(codes.into_iter().flatten().map(String::as_str))
    }
}

/// What a caller may send and read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Organisations whose data it sends; it reads what was sent for them exactly.
    pub submit_for: Named,
    /// The same for the organisations that belong to these areas in the month of the data. It reads their data of every month.
    pub submit_for_areas: Named,
    /// Areas that it reads, with all that lies in them.
    pub areas: Named,
    /// Organisations that it reads, one by one.
    pub organisations: Named,
    /// Datasets whose tables it reads.
    pub datasets: BTreeSet<Dataset>,
    /// Indicators that it reads.
    pub indicators: Named,
}

impl Scope {
    /// Everything: of callers without an identity, where the operator lets them call.
    #[must_use]
    pub fn everything() -> Self {
        Self {
            submit_for: Named::All,
            submit_for_areas: Named::All,
            areas: Named::All,
            organisations: Named::All,
            datasets: Dataset::ALL.into(),
            indicators: Named::All,
        }
    }

    /// Bytes that tell this scope from others.
    #[must_use]
    pub fn key(&self) -> [u8; 16] {
        let mut hash = blake3::Hasher::new();
        let sets = [
            &self.submit_for,
            &self.submit_for_areas,
            &self.areas,
            &self.organisations,
            &self.indicators,
        ];
        for set in sets {
            for code in set.codes() {
                hash.update(code.as_bytes()).update(b",");
            }
            hash.update(b";");
        }
        for dataset in &self.datasets {
            hash.update(dataset.slug().as_bytes()).update(b",");
        }
        let mut key = [0; 16];
        hash.finalize_xof().fill(&mut key);
        key
    }
}

/// What a partner may do besides sending and reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Makes releases.
    Admin,
    /// Reads who has read and sent what.
    Audit,
}

impl Role {
    /// Its name in `partners.toml`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Audit => "audit",
        }
    }
}

/// A partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partner {
    /// Its name, the same for ever: its request ids are kept under it.
    pub id: String,
    /// ODS code of the organisation in its certificates.
    pub organisation: String,
    /// Systems of the organisation whose certificates are its own.
    pub systems: Named,
    /// The profile in which it reads; none: it reads no data but its own.
    pub profile: Option<ProfileName>,
    /// What it may send and read.
    pub scope: Arc<Scope>,
    /// What else it may do.
    pub roles: BTreeSet<Role>,
    /// What its own systems are sent, and where; none: nothing.
    pub telemetry: Option<Arc<Subscription>>,
}

/// Every partner.
#[derive(Clone, Debug, Default)]
pub struct Partners {
    /// Who names them in certificates.
    pub(in crate::domain) trust_domain: String,
    pub(in crate::domain) all: Vec<Arc<Partner>>,
}

impl Partners {
    /// The partner whose certificate has this identity.
    #[must_use]
    pub fn of(&self, identity: &Identity) -> Option<&Arc<Partner>> {
        self.all.iter().find(|partner| {
            self.trust_domain == identity.trust_domain
                && partner.organisation == identity.organisation
                && partner.systems.has(&identity.system)
        })
    }

    /// The partner of a name.
    #[must_use]
    pub fn named(&self, id: &str) -> Option<&Arc<Partner>> {
        self.all.iter().find(|partner| partner.id == id)
    }

    /// Every partner, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Partner>> {
        self.all.iter()
    }

    /// Who names organisations in the certificates.
    #[must_use]
    pub fn trust_domain(&self) -> &str {
        &self.trust_domain
    }
}
