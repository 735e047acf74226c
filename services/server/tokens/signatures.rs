//! Signatures of tokens, checked by ring: the one provider of cryptography that the service has. Nothing is signed here.

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::signature::{Error as Wrong, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, EncodingKey};
use ring::signature as by;

static RING: CryptoProvider = CryptoProvider {
    signer_factory: sign,
    verifier_factory: verifier,
    key_utils: KeyUtils::new_unimplemented(),
};

/// How ring checks an algorithm: RSA from the two numbers of a key, the others from its bytes.
enum Way {
    Rsa(&'static by::RsaParameters),
    Bytes(&'static dyn by::VerificationAlgorithm),
}

/// A key, and how its signatures are checked.
struct Checking {
    algorithm: Algorithm,
    way: Way,
    key: DecodingKey,
}

/// Makes ring the provider of this process. Any further time does nothing.
pub(super) fn use_ring() {
    // It fails where there is a provider already, and there is no other in the crate.
    let _again = RING.install_default();
}

fn sign(_: &Algorithm, _: &EncodingKey) -> Result<Box<dyn JwtSigner>, Error> {
    Err(ErrorKind::UnsupportedAlgorithm.into())
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    let way = way(*algorithm).ok_or(ErrorKind::UnsupportedAlgorithm)?;
    if key.family() != algorithm.family() {
        return Err(ErrorKind::InvalidAlgorithm.into());
    }
    Ok(Box::new(Checking { algorithm: *algorithm, way, key: key.clone() }))
}

/// How ring checks an algorithm; none: it is not for tokens.
fn way(algorithm: Algorithm) -> Option<Way> {
    let ways: [(Algorithm, Way); 9] = [
        (Algorithm::RS256, Way::Rsa(&by::RSA_PKCS1_2048_8192_SHA256)),
        (Algorithm::RS384, Way::Rsa(&by::RSA_PKCS1_2048_8192_SHA384)),
        (Algorithm::RS512, Way::Rsa(&by::RSA_PKCS1_2048_8192_SHA512)),
        (Algorithm::PS256, Way::Rsa(&by::RSA_PSS_2048_8192_SHA256)),
        (Algorithm::PS384, Way::Rsa(&by::RSA_PSS_2048_8192_SHA384)),
        (Algorithm::PS512, Way::Rsa(&by::RSA_PSS_2048_8192_SHA512)),
        (Algorithm::ES256, Way::Bytes(&by::ECDSA_P256_SHA256_FIXED)),
        (Algorithm::ES384, Way::Bytes(&by::ECDSA_P384_SHA384_FIXED)),
        (Algorithm::EdDSA, Way::Bytes(&by::ED25519)),
    ];
    ways.into_iter().find(|(of, _)| *of == algorithm).map(|(_, way)| way)
}

impl Verifier<Vec<u8>> for Checking {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), Wrong> {
        let checked = match (&self.way, self.key.kind()) {
            (Way::Rsa(way), DecodingKeyKind::RsaModulusExponent { n, e }) => {
                by::RsaPublicKeyComponents { n, e }.verify(way, message, signature)
            }
            (Way::Bytes(way), DecodingKeyKind::SecretOrDer(bytes)) => {
                by::UnparsedPublicKey::new(*way, bytes).verify(message, signature)
            }
            _ => return Err(Wrong::new()),
        };
        checked.map_err(|_| Wrong::new())
    }
}

impl JwtVerifier for Checking {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}
