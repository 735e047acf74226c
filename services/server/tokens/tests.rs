//! Key sets and tokens as strangers make them; signatures of other programs. `tests/api/tokens.rs` has every refusal on a real port.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use jsonwebtoken::Algorithm;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};

use super::*;

fn key() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
}

fn set(key: &Ed25519KeyPair) -> Value {
    let x = B64.encode(key.public_key().as_ref());
    json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "one", "use": "sig", "x": x}]})
}

fn issuer() -> TokenIssuer {
    TokenIssuer {
        issuer: "https://login.test".to_owned(),
        keys_file: PathBuf::new(),
        audience: "equity".to_owned(),
        algorithms: vec![TokenAlgorithm::EdDSA],
        partner_claim: PartnerClaim::Sub,
        partners: [("feed".to_owned(), "alpha".to_owned())].into(),
    }
}

fn signed(key: &Ed25519KeyPair, head: &Value, claims: &Value) -> String {
    let text = format!("{}.{}", B64.encode(head.to_string()), B64.encode(claims.to_string()));
    let signature = B64.encode(key.sign(text.as_bytes()));
    format!("{text}.{signature}")
}

fn good() -> (String, Vec<(TokenIssuer, Keys)>) {
    use_ring();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let head = json!({"alg": "EdDSA", "typ": "at+jwt", "kid": "one"});
    let claims = json!({
        "iss": "https://login.test", "aud": ["equity", "other"], "sub": "feed", "iat": now, "exp": now + 900
    });
    let keys = Keys::read(set(&key()).to_string().as_bytes(), &[Algorithm::EdDSA]).unwrap();
    (signed(&key(), &head, &claims), vec![(issuer(), keys)])
}

#[test]
fn fuzz_tokens() {
    let (token, issuers) = good();
    assert_eq!(Verified::of(&token, &issuers).unwrap().partner, "alpha");
    crate::fuzz::fuzz_text("tokens", &[&token], |text| {
        if Verified::of(text, &issuers).is_ok() {
            assert_eq!(text, token, "a changed token is accepted");
        }
    });
}

#[test]
fn fuzz_claims_and_heads_that_are_signed() {
    let (_, issuers) = good();
    let head = r#"{"alg":"EdDSA","typ":"at+jwt","kid":"one"}"#;
    let claims = r#"{"iss":"https://login.test","aud":"equity","sub":"feed","iat":1e9,"nbf":-1,"exp":1700000000,"cnf":{"x5t#S256":"x"}}"#;
    crate::fuzz::fuzz("signed tokens", &[head.into(), claims.into()], |bytes| {
        for (head, claims) in [(head.as_bytes(), bytes), (bytes, claims.as_bytes())] {
            let text = format!("{}.{}", B64.encode(head), B64.encode(claims));
            let signature = B64.encode(key().sign(text.as_bytes()));
            // It has ended, whatever else it says, unless a change made it new.
            let _any = Verified::of(&format!("{text}.{signature}"), &issuers);
        }
    });
}

#[test]
fn fuzz_key_sets() {
    let good = set(&key()).to_string();
    crate::fuzz::fuzz("key sets", &[good.into_bytes()], |bytes| {
        let _any = Keys::read(bytes, &[Algorithm::EdDSA, Algorithm::RS256]);
    });
}

#[test]
fn key_sets_that_cannot_be_used_say_why() {
    let x = B64.encode([1; 32]);
    let okp = |kid: Value| json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x});
    let rsa = |bytes: usize| json!({"kty": "RSA", "kid": "r", "n": B64.encode(vec![9; bytes]), "e": "AQAB"});
    let secret = json!({"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": x, "d": "the-secret"});
    let shared = json!({"kty": "oct", "k": "the-secret"});
    let with = |more: Value| {
        let mut key = okp(json!("a"));
        key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        key
    };
    for (keys, expected) in [
        (vec![], "has no key for signatures"),
        (vec![secret], "private or a shared key"),
        (vec![shared], "private or a shared key"),
        (vec![okp(json!("a")), okp(json!("a"))], "two keys with one `kid`"),
        (vec![okp(Value::Null), okp(Value::Null)], "two keys with one `kid`"),
        (vec![rsa(128)], "key 1: is too short"),
        (vec![with(json!({"use": "enc"}))], "has no key for signatures"),
        (vec![with(json!({"alg": "ES256"}))], "has no key for signatures"),
    ] {
        let text = json!({"keys": keys}).to_string();
        let why = Keys::read(text.as_bytes(), &[Algorithm::EdDSA, Algorithm::RS256]).unwrap_err();
        assert!(why.contains(expected) && !why.contains("the-secret"), "{text}: {why}");
    }
    for text in ["", "[]", "{\"keys\": 1}", "{\"keys\": [7]}"] {
        assert!(Keys::read(text.as_bytes(), &[Algorithm::EdDSA]).is_err(), "{text}");
    }
}

#[test]
fn one_key_need_not_be_named_and_of_several_each() {
    let one = json!({"kty": "OKP", "crv": "Ed25519", "x": B64.encode([1; 32])});
    let mut two = one.clone();
    two["kid"] = json!("b");
    let pinned = [Algorithm::EdDSA];
    let read = |keys: Value| Keys::read(json!({"keys": keys}).to_string().as_bytes(), &pinned);
    let only = read(json!([one])).unwrap();
    assert!(only.named(None, Algorithm::EdDSA).is_ok());
    assert_eq!(only.named(Some("b"), Algorithm::EdDSA).unwrap_err(), TokenProblem::KeyUnknown);
    assert_eq!(only.named(None, Algorithm::ES256).unwrap_err(), TokenProblem::AlgorithmRefused);
    let both = read(json!([one, two])).unwrap();
    assert_eq!(both.named(None, Algorithm::EdDSA).unwrap_err(), TokenProblem::KeyNotNamed);
    assert!(both.named(Some("b"), Algorithm::EdDSA).is_ok());
}

#[test]
fn tokens_are_checked_once_and_kept_without_growing() {
    let folder = tempfile::tempdir().unwrap();
    let keys_file = folder.path().join("keys.json");
    std::fs::write(&keys_file, set(&key()).to_string()).unwrap();
    use_ring();
    let state = State::read(&[TokenIssuer { keys_file, ..issuer() }]).unwrap();
    let token = good().0;
    let first = state.verified(&token).unwrap();
    assert!(Arc::ptr_eq(&first, &state.verified(&token).unwrap()));
    let mut kept = state.kept.lock().unwrap();
    for number in 0..KEPT {
        kept.insert(blake3::hash(&number.to_be_bytes()), Arc::clone(&first));
    }
    drop(kept);
    let head = json!({"alg": "EdDSA", "typ": "application/at+jwt", "kid": "one"});
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let claims = json!({
        "iss": "https://login.test", "aud": "equity", "sub": "feed", "iat": now, "exp": now + 60
    });
    state.verified(&signed(&key(), &head, &claims)).unwrap();
    assert!(state.kept.lock().unwrap().len() < KEPT);
    let ended = Verified::of(&token, &state.issuers).unwrap().has_ended(first.until);
    assert!(!ended && first.has_ended(first.until + std::time::Duration::from_secs(1)));
}

/// Signatures of `header.claims` that OpenSSL has made; the private keys are gone.
#[test]
fn signatures_of_another_program_are_checked_by_their_own_algorithm_alone() {
    const N: &str = "oogQyh8mP2tufD2uI8gKKY7p48CHDjbmQNhNedZev0FdL-XeQC-vKygLYfPVXpWMG_Wdvwui8dgTbbYqTPrhceIrTz1Ayu_g-t2tn8GEz49pvUjLN0NAH6w6ePtiA2zGAr_frmH-w-WdYfgqkCnrmJQ5xQYmwOlZA2d_dI5HIBCkngrA-Wrg3OCm3gW5PQBjGLjih1Moeo0Ij2ns59rxegGS6hF6usNtO3A-zFvqAkuTQdAECp8WoW6-1dIbQd_foelnj9D92Ic9pjkRMc1aI9mEehd40vLX2cb8YJvy6xLRaqznuN1qiLWbMYUJ02RehbwDlj0lp-MEstGs_r2KBQ";
    let rsa = json!({"kty": "RSA", "n": N, "e": "AQAB"});
    let ec = json!({"kty": "EC", "crv": "P-256", "x": "FjSEncTxNQ8laIfPnnqFJP4ab8UcLzHpb79-9u1ekSM", "y": "B-fQnN24dp8vIrAdZguVBZ9Hr6PCYgZJwtBa2DtjTog"});
    let rs256 = "eztkq2Af7noBfPA4t_OdBasno7A4H2AEIxbzPz-GGKP7qDMfbtPH3TYPukU8Q7JXvbrJnTJxqsKrGJZeK5iiRyW3m7Uhw41Qk-7tmiuSMZGkIANXIcLu-WWdvCJ1BCKUBlmrOlsL5YW9sbLjVQWsv-uJjUgQ4amDY1c8XYcw4XJRh6LB9ju0k45A5s6ECJjMdsJ2FlovEW7NMUfM6EX6j_tqVwunHvPjK1cH7g6C8WH1iJaHDs23v9b-f_X_2RS8CujMKNb5DIezGTlPh33a0xby39GGzdBbFL075PPBpnXaKMf0QiMHEgNsikj_G1CtLXNA74w-qjcx5WpHjIp7Bw";
    let ps256 = "Jzl8wFwz3nJ2IAK3W3NWiLm-txlxhAGAhltsmGWiwOE0IaualavPbxvpbBoUk9hsBuSnwxR6lADIE3k7BTde81nodFGJbHDAqcI2AWDpVxjv8aQgSjGtixKZRiLTSJz0ZLCQIb6bXCzhljPcLw9lg9jNAGPAd1oMS4YOGvDxEMTURGii4bt4zDts9YXZ4L92MbesOxF6kbI7rsIaCQXoTKBS9FfHIYQmFvNa4ElICzFVLNj-f2eaZYXjwrXWJVlOXSuXsBM7xYQv6t3zzs8PlG9PcX6OLA0AAMpWtSkGCcnpf6-F087ojoISxLqLk8C8i07r0uFHz56O1-xzfeV1AQ";
    let es256 =
        "yfXdLQekyjAFNVkyHE4DGiwSiLPCsYDkhlKXLIMB05aKy6HfcLGtyPNhNqSNoBJL2wnVJ9R62-3IpV9w0YolvQ";
    use_ring();
    for (jwk, own, signature, others) in [
        (
            &rsa,
            Algorithm::RS256,
            rs256,
            &[Algorithm::PS256, Algorithm::RS512, Algorithm::ES256][..],
        ),
        (&rsa, Algorithm::PS256, ps256, &[Algorithm::RS256, Algorithm::PS384]),
        (&ec, Algorithm::ES256, es256, &[Algorithm::RS256, Algorithm::EdDSA, Algorithm::ES384]),
    ] {
        let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(jwk.clone()).unwrap();
        let key = jsonwebtoken::DecodingKey::from_jwk(&jwk).unwrap();
        let is_signed = |by: Algorithm, text: &[u8], signature: &str| {
            jsonwebtoken::crypto::verify(signature, text, &key, by).unwrap_or(false)
        };
        assert!(is_signed(own, b"header.claims", signature), "{own:?}");
        assert!(!is_signed(own, b"header.claimS", signature), "{own:?}");
        assert!(!is_signed(own, b"header.claims", ""), "{own:?}");
        for other in others.iter().chain(&[Algorithm::HS256]) {
            assert!(!is_signed(*other, b"header.claims", signature), "{own:?} as {other:?}");
        }
        let set = json!({"keys": [jwk]}).to_string();
        assert!(Keys::read(set.as_bytes(), &[own]).unwrap().named(None, own).is_ok());
    }
}

#[test]
fn new_keys_take_the_place_of_old_ones_only_if_they_can_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let keys_file = folder.path().join("keys.json");
    let write = |text: &str| std::fs::write(&keys_file, text).unwrap();
    write(&set(&key()).to_string());
    let settings = TokenSettings {
        issuers: vec![TokenIssuer { keys_file: keys_file.clone(), ..issuer() }],
        without_certificate: true,
        ..TokenSettings::default()
    };
    let tokens = Tokens::load(&settings).unwrap().unwrap();
    let token = good().0;
    let accepted = tokens.check(&token, None).unwrap();
    assert_eq!((&*accepted.partner, tokens.has(tokens.on_disk())), ("alpha", true));
    for broken in ["", "{\"keys\": []}"] {
        write(broken);
        assert!(!tokens.has(tokens.on_disk()));
        let why = tokens.reload().unwrap_err().to_string();
        assert!(why.contains("keys.json"), "{why}");
        assert_eq!(tokens.check(&token, None).as_ref(), Ok(&accepted), "the old keys stay");
    }
    write(&set(&Ed25519KeyPair::from_seed_unchecked(&[8; 32]).unwrap()).to_string());
    tokens.reload().unwrap();
    assert_eq!(tokens.check(&token, None), Err(TokenProblem::SignatureWrong), "it was kept");
    std::fs::remove_file(&keys_file).unwrap();
    assert!(tokens.on_disk().is_none() && tokens.reload().is_err());
    assert!(Tokens::load(&TokenSettings::default()).unwrap().is_none());
}
