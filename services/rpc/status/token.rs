//! Why a bearer token is refused. The list is closed, and nothing of the token is in it: neither its text nor a claim.

use tonic::Status;

use super::refused;
use crate::proto::v1::ErrorReason;

/// What is wrong with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenProblem {
    /// The call has none, and needs one.
    Missing,
    /// It is too long to be looked at.
    TooLarge,
    /// It is no JWT, or the header is not `Bearer` and one token.
    Malformed,
    /// Its header has another `typ` than `at+jwt`.
    TypeWrong,
    /// It is signed by an algorithm that is not pinned for its issuer, or that is not that of the key.
    AlgorithmRefused,
    /// No issuer of the configuration has its `iss`.
    IssuerUnknown,
    /// It has no `kid`, and its issuer has several keys.
    KeyNotNamed,
    /// Its issuer has no key of its `kid`.
    KeyUnknown,
    /// The key did not sign it.
    SignatureWrong,
    /// A claim that it needs is missing, or of another type.
    ClaimMissing,
    /// It is for another service.
    AudienceWrong,
    /// It has ended.
    Expired,
    /// It does not hold yet.
    NotYetValid,
    /// It holds for too long.
    LifetimeTooLong,
    /// It names nobody whom the configuration knows as a partner.
    SubjectUnknown,
    /// It is not bound to the certificate that the connection shows.
    NotBound,
    /// It is bound to a certificate or a key that the connection does not show.
    BoundToAnother,
    /// It is a token of another partner than the certificate.
    PartnerOther,
}

impl TokenProblem {
    /// Every one.
    pub const ALL: [Self; 18] = [
        Self::Missing,
        Self::TooLarge,
        Self::Malformed,
        Self::TypeWrong,
        Self::AlgorithmRefused,
        Self::IssuerUnknown,
        Self::KeyNotNamed,
        Self::KeyUnknown,
        Self::SignatureWrong,
        Self::ClaimMissing,
        Self::AudienceWrong,
        Self::Expired,
        Self::NotYetValid,
        Self::LifetimeTooLong,
        Self::SubjectUnknown,
        Self::NotBound,
        Self::BoundToAnother,
        Self::PartnerOther,
    ];

    /// Its name in the metadata of the refusal.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Missing => "MISSING",
            Self::TooLarge => "TOO_LARGE",
            Self::Malformed => "MALFORMED",
            Self::TypeWrong => "TYPE_WRONG",
            Self::AlgorithmRefused => "ALGORITHM_REFUSED",
            Self::IssuerUnknown => "ISSUER_UNKNOWN",
            Self::KeyNotNamed => "KEY_NOT_NAMED",
            Self::KeyUnknown => "KEY_UNKNOWN",
            Self::SignatureWrong => "SIGNATURE_WRONG",
            Self::ClaimMissing => "CLAIM_MISSING",
            Self::AudienceWrong => "AUDIENCE_WRONG",
            Self::Expired => "EXPIRED",
            Self::NotYetValid => "NOT_YET_VALID",
            Self::LifetimeTooLong => "LIFETIME_TOO_LONG",
            Self::SubjectUnknown => "SUBJECT_UNKNOWN",
            Self::NotBound => "NOT_BOUND",
            Self::BoundToAnother => "BOUND_TO_ANOTHER",
            Self::PartnerOther => "PARTNER_OTHER",
        }
    }

    /// What is wrong, and what the partner's developer can do.
    #[must_use]
    pub fn advice(self) -> &'static str {
        match self {
            Self::Missing => {
                "the call has none: send the header `authorization: Bearer TOKEN` (--token-file on the command line)"
            }
            Self::TooLarge => {
                "it has more than 4,096 bytes: ask its issuer for an access token with fewer claims"
            }
            Self::Malformed => {
                "it is no signed JWT: send one header `authorization: Bearer TOKEN` with the access token as its issuer gave it"
            }
            Self::TypeWrong => {
                "its header has another `typ` than `at+jwt`: send the access token and not the ID token, and let the issuer make it as RFC 9068 says"
            }
            Self::AlgorithmRefused => {
                "it is signed by an algorithm that the operator of the service has not allowed for its issuer, or that is not that of the key: ask \
                 the operator for the list"
            }
            Self::IssuerUnknown => {
                "the service does not know the issuer in `iss`: ask the operator which issuer it takes tokens of"
            }
            Self::KeyNotNamed => {
                "it does not name its key, and its issuer has several: the issuer has to set `kid`"
            }
            Self::KeyUnknown => {
                "the service has no key of its `kid`: get a new token; if that is refused too, the operator has to put the issuer's new key set in place"
            }
            Self::SignatureWrong => {
                "its signature is not that of its issuer's key: send the token unchanged, and get it from the issuer of this service and not of a \
                 test environment"
            }
            Self::ClaimMissing => {
                "it needs the claims iss, aud, exp, iat and the one that names the partner, each of the type of RFC 9068"
            }
            Self::AudienceWrong => {
                "it is for another service: ask its issuer for a token with the audience that the operator of this service has named"
            }
            Self::Expired => "it has ended: get a new one from its issuer",
            Self::NotYetValid => {
                "it does not hold yet: compare the clocks of its issuer and of the service"
            }
            Self::LifetimeTooLong => {
                "it holds for more than 15 minutes: ask its issuer for tokens with at most 15 minutes between `iat` and `exp`"
            }
            Self::SubjectUnknown => {
                "it names no partner: ask the operator of the service to map your client to a partner, in tokens.issuers of the configuration"
            }
            Self::NotBound => {
                "it is not bound to the certificate of the connection: get it over mutual TLS with the same certificate, so that its claim \
                 `cnf` has `x5t#S256` (RFC 8705)"
            }
            Self::BoundToAnother => {
                "it is bound to another certificate or key than the connection shows: connect with the certificate that the token was issued for"
            }
            Self::PartnerOther => {
                "it belongs to another partner than the certificate: use the token and the certificate of one partner"
            }
        }
    }
}

/// The caller's token is refused.
#[must_use]
pub fn token_refused(problem: TokenProblem) -> Status {
    let message = format!("the service refuses the bearer token: {}", problem.advice());
    refused(ErrorReason::TokenRefused, message, [("problem", problem.name().to_owned())])
}
