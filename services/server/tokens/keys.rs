//! The public keys of an issuer: a JSON Web Key Set (RFC 7517).

use std::collections::BTreeSet;

use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse,
};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey};
use serde_json::Value;

use crate::rpc::status::TokenProblem;

/// Least bytes of the modulus of an RSA key: 2,048 bits.
const LEAST_MODULUS: usize = 256;

/// The keys of one issuer.
#[derive(Debug)]
pub(super) struct Keys(Vec<Key>);

#[derive(Debug)]
struct Key {
    id: Option<String>,
    /// What it may sign by.
    algorithms: Vec<Algorithm>,
    decoding: DecodingKey,
}

impl Keys {
    /// Reads a set. Keys for other purposes than signatures of these algorithms are passed over.
    ///
    /// # Errors
    /// The text is no set of public keys, two keys have one name, or no key is left.
    pub(super) fn read(text: &[u8], pinned: &[Algorithm]) -> Result<Self, String> {
        let value: Value = serde_json::from_slice(text).map_err(|error| {
            format!("is no JSON (line {}, column {})", error.line(), error.column())
        })?;
        // The text of an error could have a key in it.
        let listed = value.get("keys").and_then(Value::as_array);
        let listed = listed.ok_or("is no JSON Web Key Set: it needs `{\"keys\": [...]}`")?;
        let is_secret =
            |key: &Value| ["d", "k", "p", "q"].iter().any(|part| key.get(part).is_some());
        if listed.iter().any(is_secret) {
            return Err(
                "has a private or a shared key: give the service the public keys alone".to_owned()
            );
        }
        let set: JwkSet = serde_json::from_value(value.clone())
            .map_err(|_| "has a key that is not of the form of RFC 7517".to_owned())?;
        let mut keys = Vec::new();
        for (number, jwk) in set.keys.iter().enumerate() {
            let key = Key::read(jwk).map_err(|what| format!("key {}: {what}", number + 1))?;
            keys.extend(key.filter(|key| pinned.iter().any(|of| key.algorithms.contains(of))));
        }
        let mut ids = BTreeSet::new();
        if keys.iter().any(|key| !ids.insert(key.id.as_deref())) {
            return Err("has two keys with one `kid`, or without any: name each key".to_owned());
        }
        if keys.is_empty() {
            return Err("has no key for signatures by the `algorithms` of this issuer".to_owned());
        }
        Ok(Self(keys))
    }

    /// The key that a token names. A token need not name the only key.
    pub(super) fn named(
        &self,
        id: Option<&str>,
        by: Algorithm,
    ) -> Result<&DecodingKey, TokenProblem> {
        let key = match (id, &self.0[..]) {
            (None, [only]) => only,
            (None, _) => return Err(TokenProblem::KeyNotNamed),
            (Some(_), all) => {
                let found = all.iter().find(|key| key.id.as_deref() == id);
                found.ok_or(TokenProblem::KeyUnknown)?
            }
        };
        let fits = key.algorithms.contains(&by);
        fits.then_some(&key.decoding).ok_or(TokenProblem::AlgorithmRefused)
    }
}

impl Key {
    /// Reads a key; none: it is for no signatures that tokens may have.
    fn read(jwk: &Jwk) -> Result<Option<Self>, String> {
        let of_curve = |curve: &EllipticCurve| match curve {
            EllipticCurve::P256 => &[Algorithm::ES256][..],
            EllipticCurve::P384 => &[Algorithm::ES384],
            EllipticCurve::Ed25519 => &[Algorithm::EdDSA],
            EllipticCurve::P521 | _ => &[],
        };
        let algorithms = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => AlgorithmFamily::Rsa.algorithms(),
            AlgorithmParameters::EllipticCurve(of) => of_curve(&of.curve),
            AlgorithmParameters::OctetKeyPair(of) => of_curve(&of.curve),
            AlgorithmParameters::OctetKey(_) | AlgorithmParameters::Other(_) | _ => &[],
        };
        let own = jwk.common.key_algorithm;
        let fits = |of: &Algorithm| own.is_none_or(|own| own == KeyAlgorithm::from(*of));
        let algorithms: Vec<_> = algorithms.iter().copied().filter(fits).collect();
        let is_for_signatures =
            jwk.common.public_key_use.as_ref().is_none_or(|of| *of == PublicKeyUse::Signature);
        if algorithms.is_empty() || !is_for_signatures {
            return Ok(None);
        }
        let decoding = DecodingKey::from_jwk(jwk).map_err(|_| "is not in base64url".to_owned())?;
        let is_whole = match decoding.kind() {
            jsonwebtoken::DecodingKeyKind::RsaModulusExponent { n, .. } => n.len() >= LEAST_MODULUS,
            jsonwebtoken::DecodingKeyKind::SecretOrDer(bytes) => {
                [32, 65, 97].contains(&bytes.len())
            }
        };
        if !is_whole {
            return Err("is too short: RSA keys need 2,048 bits, others the length of their curve"
                .to_owned());
        }
        Ok(Some(Self { id: jwk.common.key_id.clone(), algorithms, decoding }))
    }
}
