//! One token: what it says, if its issuer signed it and it holds now.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::dangerous::insecure_decode_claims;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Validation, decode};
use ring::digest::{SHA256, digest};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::keys::Keys;
use super::settings::{PartnerClaim, TokenIssuer};
use crate::rpc::audit::cut_off;
use crate::rpc::status::TokenProblem;

/// Longest time between `iat` and `exp`, in seconds.
const LIFETIME: f64 = 15.0 * 60.0;
/// How far the clocks of issuer and service may differ, in seconds.
const SKEW: u64 = 60;

/// What a token says.
#[derive(Debug)]
pub(super) struct Verified {
    /// Name of the partner.
    pub(super) partner: String,
    /// The claim `jti`, as far as it is kept; empty: none.
    pub(super) id: String,
    /// When it has ended, the difference of clocks included.
    pub(super) until: SystemTime,
    bound: Bound,
}

/// What a token is bound to.
#[derive(Debug)]
enum Bound {
    Nothing,
    /// A certificate, by its hash in base64url.
    Certificate(String),
    /// A key that this service cannot ask for.
    Other,
}

#[derive(Deserialize)]
struct Head {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
}

#[derive(Deserialize)]
struct Issued {
    iss: String,
}

#[derive(Deserialize)]
struct Claims {
    exp: f64,
    iat: f64,
    sub: Option<String>,
    client_id: Option<String>,
    azp: Option<String>,
    jti: Option<String>,
    cnf: Option<Map<String, Value>>,
}

impl Verified {
    /// Reads a token of one of these issuers, and checks its form, its signature and its times.
    pub(super) fn of(token: &str, issuers: &[(TokenIssuer, Keys)]) -> Result<Self, TokenProblem> {
        let head = head(token)?;
        let typ = head.typ.unwrap_or_default().to_ascii_lowercase();
        if typ.strip_prefix("application/").unwrap_or(&typ) != "at+jwt" {
            return Err(TokenProblem::TypeWrong);
        }
        // What is not signed yet chooses the keys, and nothing else.
        let issued: Issued = insecure_decode_claims(token).map_err(|_| TokenProblem::Malformed)?;
        let named = issuers.iter().find(|(issuer, _)| issuer.issuer == issued.iss);
        let (issuer, keys) = named.ok_or(TokenProblem::IssuerUnknown)?;
        let by = head.alg.parse::<Algorithm>().map_err(|_| TokenProblem::AlgorithmRefused)?;
        if !issuer.algorithms.iter().any(|pinned| Algorithm::from(*pinned) == by) {
            return Err(TokenProblem::AlgorithmRefused);
        }
        let mut holds = Validation::new(by);
        holds.leeway = SKEW;
        holds.validate_nbf = true;
        holds.set_issuer(&[&issuer.issuer]);
        holds.set_audience(&[&issuer.audience]);
        holds.set_required_spec_claims(&["exp", "iss", "aud"]);
        let key = keys.named(head.kid.as_deref(), by)?;
        let claims = decode::<Claims>(token, key, &holds).map_err(|error| problem(error.kind()))?;
        Self::held(claims.claims, issuer)
    }

    /// What signed claims say.
    fn held(claims: Claims, issuer: &TokenIssuer) -> Result<Self, TokenProblem> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let soon = now + Duration::from_secs(SKEW);
        if claims.iat > soon.as_secs_f64() {
            return Err(TokenProblem::NotYetValid);
        }
        if claims.exp - claims.iat > LIFETIME {
            return Err(TokenProblem::LifetimeTooLong);
        }
        let until =
            Duration::try_from_secs_f64(claims.exp).map_err(|_| TokenProblem::ClaimMissing)?;
        let until = UNIX_EPOCH + until + Duration::from_secs(SKEW);
        let named = match issuer.partner_claim {
            PartnerClaim::Sub => claims.sub,
            PartnerClaim::ClientId => claims.client_id,
            PartnerClaim::Azp => claims.azp,
        };
        let named = named.ok_or(TokenProblem::ClaimMissing)?;
        let partner = issuer.partners.get(&named).cloned().ok_or(TokenProblem::SubjectUnknown)?;
        let bound = match claims.cnf {
            None => Bound::Nothing,
            Some(to) => match (to.get("x5t#S256"), to.len()) {
                (Some(Value::String(hash)), 1) => Bound::Certificate(hash.clone()),
                _ => Bound::Other,
            },
        };
        let id = claims.jti.as_deref().map(cut_off).unwrap_or_default();
        Ok(Self { partner, id, until, bound })
    }

    /// Whether it belongs to a connection that shows this certificate, in DER.
    pub(super) fn belongs(&self, certificate: Option<&[u8]>) -> Result<(), TokenProblem> {
        match (&self.bound, certificate) {
            (Bound::Nothing, None) => Ok(()),
            (Bound::Nothing, Some(_)) => Err(TokenProblem::NotBound),
            (Bound::Certificate(hash), Some(shown)) if *hash == thumbprint(shown) => Ok(()),
            _ => Err(TokenProblem::BoundToAnother),
        }
    }

    /// Whether it has ended.
    pub(super) fn has_ended(&self, now: SystemTime) -> bool {
        self.until < now
    }
}

/// The hash of a certificate in DER, as `x5t#S256` has it.
fn thumbprint(certificate: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, certificate))
}

fn head(token: &str) -> Result<Head, TokenProblem> {
    let parts: Vec<_> = token.split('.').collect();
    let [head, _, _] = parts[..] else { return Err(TokenProblem::Malformed) };
    let head = URL_SAFE_NO_PAD.decode(head).map_err(|_| TokenProblem::Malformed)?;
    serde_json::from_slice(&head).map_err(|_| TokenProblem::Malformed)
}

#[allow(clippy::wildcard_enum_match_arm, reason = "the library may get further kinds")]
fn problem(kind: &ErrorKind) -> TokenProblem {
    match kind {
        ErrorKind::InvalidSignature => TokenProblem::SignatureWrong,
        ErrorKind::ExpiredSignature => TokenProblem::Expired,
        ErrorKind::ImmatureSignature => TokenProblem::NotYetValid,
        ErrorKind::InvalidAudience => TokenProblem::AudienceWrong,
        ErrorKind::InvalidIssuer => TokenProblem::IssuerUnknown,
        ErrorKind::MissingRequiredClaim(_)
        | ErrorKind::InvalidClaimFormat(_)
        // The header was read before, so these are the claims.
        | ErrorKind::Json(_) => TokenProblem::ClaimMissing,
        ErrorKind::InvalidAlgorithm | ErrorKind::UnsupportedAlgorithm => {
            TokenProblem::AlgorithmRefused
        }
        _ => TokenProblem::Malformed,
    }
}
