//! Whose bearer tokens are taken, as the configuration says it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jsonwebtoken::Algorithm;
use serde::Deserialize;

/// Bearer tokens.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TokenSettings {
    /// Whose tokens are taken. None: no token is looked at.
    pub issuers: Vec<TokenIssuer>,
    /// Whether a token is enough without a certificate.
    pub without_certificate: bool,
    /// Whether a certificate is not enough without a token.
    pub required: bool,
}

/// Whoever issues tokens.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenIssuer {
    /// Its name: `iss` of its tokens.
    pub issuer: String,
    /// File of its public keys: a JSON Web Key Set.
    pub keys_file: PathBuf,
    /// Its name for this service: in `aud` of its tokens.
    pub audience: String,
    /// What its tokens may be signed by.
    pub algorithms: Vec<TokenAlgorithm>,
    /// The claim that names the partner.
    pub partner_claim: PartnerClaim,
    /// Values of the claim, and the names of their partners in `partners.toml`.
    pub partners: BTreeMap<String, String>,
}

/// What tokens may be signed by: keys of two parts alone. `none` and shared secrets have no place here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[allow(missing_docs, reason = "the names are those of RFC 7518 and RFC 8037")]
#[allow(clippy::upper_case_acronyms, reason = "the names are those of RFC 7518")]
pub enum TokenAlgorithm {
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
    EdDSA,
}

/// The claim that names the partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartnerClaim {
    /// `sub`.
    Sub,
    /// `client_id`.
    ClientId,
    /// `azp`.
    Azp,
}

impl From<TokenAlgorithm> for Algorithm {
    fn from(of: TokenAlgorithm) -> Self {
        match of {
            TokenAlgorithm::RS256 => Self::RS256,
            TokenAlgorithm::RS384 => Self::RS384,
            TokenAlgorithm::RS512 => Self::RS512,
            TokenAlgorithm::PS256 => Self::PS256,
            TokenAlgorithm::PS384 => Self::PS384,
            TokenAlgorithm::PS512 => Self::PS512,
            TokenAlgorithm::ES256 => Self::ES256,
            TokenAlgorithm::ES384 => Self::ES384,
            TokenAlgorithm::EdDSA => Self::EdDSA,
        }
    }
}
