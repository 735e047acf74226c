//! Whoever issues bearer tokens: keys, their file, and tokens with whatever is wrong with them.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use equity_indicators::config::{PartnerClaim, TokenAlgorithm, TokenIssuer, TokenSettings};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const ISSUER: &str = "https://login.test";
pub(crate) const AUDIENCE: &str = "equity-test";

/// An issuer with one folder, whose tokens name the partners `own`, `other`, … as `client-own`, `client-other`, ….
pub(crate) struct TokenSigner {
    folder: TempDir,
    key: Ed25519KeyPair,
}

pub(crate) fn base64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The hash of a certificate in DER.
pub(crate) fn thumbprint(der: &[u8]) -> String {
    base64(ring::digest::digest(&ring::digest::SHA256, der))
}

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().cast_signed()
}

fn key(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()
}

impl TokenSigner {
    pub(crate) fn new() -> Self {
        let signer = Self { folder: tempfile::tempdir().unwrap(), key: key(1) };
        signer.publish(&[(1, "one"), (2, "two")]);
        signer
    }

    /// Another one, of the same name and without a part in the file.
    pub(crate) fn with_key(seed: u8) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), key: key(seed) }
    }

    /// The public key as it is in the file.
    pub(crate) fn public_key(&self) -> &[u8] {
        self.key.public_key().as_ref()
    }

    pub(crate) fn keys_file(&self) -> std::path::PathBuf {
        self.folder.path().join("keys.json")
    }

    /// Writes the public keys of these seeds and names.
    pub(crate) fn publish(&self, keys: &[(u8, &str)]) {
        let one = |(seed, name): &(u8, &str)| {
            let x = base64(key(*seed).public_key());
            json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": name, "x": x})
        };
        let keys: Vec<_> = keys.iter().map(one).collect();
        std::fs::write(self.keys_file(), json!({"keys": keys}).to_string()).unwrap();
    }

    pub(crate) fn settings(&self) -> TokenSettings {
        let names = ["own", "sender", "reader", "admin", "auditor", "nothing"];
        let issuer = TokenIssuer {
            issuer: ISSUER.to_owned(),
            keys_file: self.keys_file(),
            audience: AUDIENCE.to_owned(),
            algorithms: vec![TokenAlgorithm::EdDSA],
            partner_claim: PartnerClaim::ClientId,
            partners: names.map(|name| (format!("client-{name}"), name.to_owned())).into(),
        };
        TokenSettings { issuers: vec![issuer], ..TokenSettings::default() }
    }

    /// A token of a partner, whose head and claims `change` changes.
    pub(crate) fn token(
        &self,
        partner: &str,
        change: impl FnOnce(&mut Value, &mut Value),
    ) -> String {
        let mut head = json!({"alg": "EdDSA", "typ": "at+jwt", "kid": "one"});
        let mut claims = json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": "subject-of-a-claim", "client_id": format!("client-{partner}"),
            "iat": now(), "exp": now() + 900, "jti": "id-of-a-token",
        });
        change(&mut head, &mut claims);
        let text = format!("{}.{}", base64(head.to_string()), base64(claims.to_string()));
        format!("{text}.{}", base64(self.key.sign(text.as_bytes())))
    }
}
