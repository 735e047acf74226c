//! Bearer tokens on a real port: each refusal, the certificate that a token is bound to, new keys without a restart, and the end of a
//! watch. `access.rs` has the matrix of access with tokens.

use std::time::{Duration, Instant};

use equity_indicators::app::Service;
use equity_indicators::config::{Config, TokenSettings};
use equity_indicators::proto::v1;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status, Streaming};

use super::access::{Guarded, call_with, rpcs};
use crate::support::Refusal;
use crate::support::tokens::{TokenSigner, base64, now, thumbprint};

const OWN: &str = "C82001";

/// Asks who the caller is, with these headers.
async fn whoami(channel: &Channel, headers: &[String]) -> Result<String, Status> {
    let rpcs = rpcs();
    let info = rpcs.iter().find(|rpc| rpc.name() == "GetServiceInfo").unwrap();
    let told = call_with(channel, info, &[json!({})], headers).await?;
    let told: Value = serde_json::from_str(&told).unwrap();
    Ok(told["info"]["caller"]["partner"].as_str().unwrap().to_owned())
}

async fn with_token(channel: &Channel, token: &str) -> Result<String, Status> {
    whoami(channel, &[format!("Bearer {token}")]).await
}

/// The problem of a refusal, which has nothing of the token.
fn problem(what: &str, refused: &Status, token: &str) -> String {
    let said = Refusal::of(refused);
    assert_eq!((refused.code(), &*said.reason), (Code::Unauthenticated, "TOKEN_REFUSED"), "{what}");
    let wire = format!("{} {}", refused.message(), String::from_utf8_lossy(refused.details()));
    let parts = token.split(['.', ' ', ',']).filter(|part| part.len() > 8);
    for secret in parts.chain(["subject-of-a-claim", "id-of-a-token", "client-", "login.test"]) {
        assert!(!wire.contains(secret), "{what}: {secret} in {wire}");
    }
    let details = tonic_types::StatusExt::get_details_error_info(refused).unwrap();
    details.metadata["problem"].clone()
}

fn bound_to(hash: &str) -> impl Fn(&mut Value, &mut Value) {
    move |_, claims| claims["cnf"] = json!({"x5t#S256": hash})
}

fn certificate(guarded: &Guarded, name: &str) -> String {
    let file = guarded.certificates.path().join(format!("{name}.crt"));
    thumbprint(&CertificateDer::from_pem_file(file).unwrap())
}

/// A token with a signature of its own making.
fn forged(head: &Value, claims_of: &str, sign: impl Fn(&str) -> String) -> String {
    let claims = claims_of.split('.').nth(1).unwrap();
    let text = format!("{}.{claims}", base64(head.to_string()));
    let signature = sign(&text);
    format!("{text}.{signature}")
}

#[tokio::test]
async fn every_refusal_says_why_and_nothing_of_the_token() {
    let signer = TokenSigner::new();
    let guarded = Guarded::start(|config| config.tokens = signer.settings()).await;
    let channel = guarded.channel("own", OWN).await;
    guarded.channel("other", "C82002").await;
    let hash = certificate(&guarded, "own");
    let bind = bound_to(&hash);
    let token = |change: &dyn Fn(&mut Value, &mut Value)| {
        signer.token("own", |head, claims| {
            bind(head, claims);
            change(head, claims);
        })
    };
    let claim = |name: &'static str, value: Value| {
        token(&move |_, claims: &mut Value| claims[name] = value.clone())
    };
    let head = |name: &'static str, value: Value| {
        token(&move |head: &mut Value, _| head[name] = value.clone())
    };
    let without = |name: &'static str| {
        token(&move |_, claims: &mut Value| drop(claims.as_object_mut().unwrap().remove(name)))
    };
    let times = |iat: i64, exp: i64| {
        token(&move |_, claims: &mut Value| {
            (claims["iat"], claims["exp"]) = (json!(now() + iat), json!(now() + exp));
        })
    };
    let good = token(&|_, _| ());
    assert_eq!(with_token(&channel, &good).await.unwrap(), "own");
    // Clocks may differ, a type may have its long name, and several audiences one of which is ours.
    for accepted in [
        times(-900, -30),
        times(30, 60),
        claim("nbf", json!(now() + 30)),
        claim("aud", json!(["another", "equity-test"])),
        head("typ", json!("application/AT+JWT")),
    ] {
        assert_eq!(with_token(&channel, &accepted).await.unwrap(), "own");
    }
    let hmac = |secret: &[u8]| {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
        forged(&json!({"alg": "HS256", "typ": "at+jwt", "kid": "one"}), &good, |text| {
            base64(ring::hmac::sign(&key, text.as_bytes()))
        })
    };
    let none = json!({"alg": "none", "typ": "at+jwt", "kid": "one"});
    let other_key = TokenSigner::with_key(9).token("own", &bind);
    let changed = good.replace(
        good.split('.').nth(1).unwrap(),
        claim("client_id", json!("client-admin")).split('.').nth(1).unwrap(),
    );
    let file = std::fs::read(signer.keys_file()).unwrap();
    for (what, token, expected) in [
        ("expired", times(-1_000, -100), "EXPIRED"),
        ("nbf ahead", claim("nbf", json!(now() + 600)), "NOT_YET_VALID"),
        ("iat ahead", times(600, 900), "NOT_YET_VALID"),
        ("long", times(0, 901), "LIFETIME_TOO_LONG"),
        ("long since", times(-1_000, 500), "LIFETIME_TOO_LONG"),
        ("audience", claim("aud", json!("another")), "AUDIENCE_WRONG"),
        ("no audience", without("aud"), "CLAIM_MISSING"),
        ("issuer", claim("iss", json!("https://login.test/")), "ISSUER_UNKNOWN"),
        ("no exp", without("exp"), "CLAIM_MISSING"),
        ("no iat", without("iat"), "CLAIM_MISSING"),
        ("exp as text", claim("exp", json!("4102444800")), "CLAIM_MISSING"),
        ("key", other_key, "SIGNATURE_WRONG"),
        ("changed", changed, "SIGNATURE_WRONG"),
        ("HS256, key as secret", hmac(signer.public_key()), "ALGORITHM_REFUSED"),
        ("HS256, file as secret", hmac(&file), "ALGORITHM_REFUSED"),
        ("none", forged(&none, &good, |_| String::new()), "ALGORITHM_REFUSED"),
        ("not pinned", head("alg", json!("ES256")), "ALGORITHM_REFUSED"),
        ("unknown kid", head("kid", json!("three")), "KEY_UNKNOWN"),
        ("kid of another key", head("kid", json!("two")), "SIGNATURE_WRONG"),
        ("no kid", head("kid", Value::Null), "KEY_NOT_NAMED"),
        ("type", head("typ", json!("JWT")), "TYPE_WRONG"),
        ("no type", head("typ", Value::Null), "TYPE_WRONG"),
        ("crit", head("crit", json!(["exp"])), "MALFORMED"),
        ("nobody", claim("client_id", json!("client-nobody")), "SUBJECT_UNKNOWN"),
        ("no client", without("client_id"), "CLAIM_MISSING"),
        ("not bound", without("cnf"), "NOT_BOUND"),
        ("bound otherwise", claim("cnf", json!({"jkt": hash})), "BOUND_TO_ANOTHER"),
        (
            "bound to another",
            signer.token("own", bound_to(&certificate(&guarded, "other"))),
            "BOUND_TO_ANOTHER",
        ),
        ("another partner", signer.token("admin", &bind), "PARTNER_OTHER"),
        ("oversized", "a".repeat(5_000), "TOO_LARGE"),
        ("oversized JWT", claim("jti", json!("x".repeat(4_000))), "TOO_LARGE"),
        ("no JWT", "no-token-at-all".to_owned(), "MALFORMED"),
        ("no JSON", "aaaa.bbbb.cccc".to_owned(), "MALFORMED"),
        ("two parts", good.rsplit_once('.').unwrap().0.to_owned(), "MALFORMED"),
        ("four parts", format!("{good}.x"), "MALFORMED"),
        ("nothing", String::new(), "MALFORMED"),
    ] {
        let refused = with_token(&channel, &token).await.expect_err(what);
        assert_eq!(problem(what, &refused, &token), expected, "{what}: {refused:?}");
    }
    let bearer = format!("Bearer {good}");
    for (what, headers) in [
        ("scheme", vec![format!("Basic {good}")]),
        ("no scheme", vec![good.clone()]),
        ("two", vec![bearer.clone(), bearer.clone()]),
    ] {
        let refused = whoami(&channel, &headers).await.expect_err(what);
        assert_eq!(problem(what, &refused, &good), "MALFORMED", "{what}");
    }
    // A certificate alone is enough here; and a token that is kept belongs to its connection still.
    assert_eq!(whoami(&channel, &[]).await.unwrap(), "own");
    let again = guarded.channel("again", "C82005").await;
    let refused = with_token(&again, &good).await.unwrap_err();
    assert_eq!(problem("kept", &refused, &good), "BOUND_TO_ANOTHER");
    guarded.service.stop().await.unwrap();
}

/// A proxy sends the calls of many callers over one connection: what one of them sends ends no call of another.
#[tokio::test]
async fn forged_tokens_end_no_call_of_others_on_the_same_connection() {
    let signer = TokenSigner::new();
    let (service, channel, _folder) = plain(&signer).await;
    let good = signer.token("own", |_, _| ());
    let mut followed = watch(&channel, &good).await;
    assert!(followed.message().await.unwrap().is_some());
    for number in 0..60 {
        let forged =
            TokenSigner::with_key(9).token("own", |_, claims| claims["jti"] = json!(number));
        let refused = with_token(&channel, &forged).await.unwrap_err();
        assert_eq!(problem("forged", &refused, &forged), "SIGNATURE_WRONG");
    }
    assert!(with_token(&channel, &good).await.is_ok());
    let next = tokio::time::timeout(Duration::from_millis(300), followed.message()).await;
    assert!(next.is_err(), "the watch goes on, and has nothing new: {next:?}");
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_token_is_required_where_the_operator_says_so() {
    let signer = TokenSigner::new();
    let guarded = Guarded::start(|config| {
        config.tokens = TokenSettings { required: true, ..signer.settings() };
    })
    .await;
    let channel = guarded.channel("own", OWN).await;
    let refused = whoami(&channel, &[]).await.unwrap_err();
    assert_eq!(problem("none", &refused, ""), "MISSING");
    let token = signer.token("own", bound_to(&certificate(&guarded, "own")));
    assert_eq!(with_token(&channel, &token).await.unwrap(), "own");
    guarded.service.stop().await.unwrap();
}

#[tokio::test]
async fn a_token_is_enough_only_where_the_operator_says_so() {
    let signer = TokenSigner::new();
    let guarded = Guarded::start(|config| {
        config.tokens = TokenSettings { without_certificate: true, ..signer.settings() };
    })
    .await;
    let nobody = guarded.connect(guarded.certificates.nobody()).await;
    let own = guarded.channel("own", OWN).await;
    let (free, bound) = (
        signer.token("own", |_, _| ()),
        signer.token("own", bound_to(&certificate(&guarded, "own"))),
    );
    assert_eq!(with_token(&nobody, &free).await.unwrap(), "own");
    assert_eq!(with_token(&own, &bound).await.unwrap(), "own");
    for (channel, token, expected) in [
        // A stolen token is of no use without the key of its certificate; and one that is free is not for who shows one.
        (&nobody, &bound, "BOUND_TO_ANOTHER"),
        (&own, &free, "NOT_BOUND"),
    ] {
        let refused = with_token(channel, token).await.unwrap_err();
        assert_eq!(problem(expected, &refused, token), expected);
    }
    let refused = whoami(&nobody, &[]).await.unwrap_err();
    assert_eq!(problem("no token", &refused, ""), "MISSING");
    // A certificate that names nobody stays one.
    let odd = guarded.connect(guarded.certificates.odd(|_| ())).await;
    let refused = whoami(&odd, &[]).await.unwrap_err();
    assert_eq!(Refusal::of(&refused).reason, "NO_IDENTITY");
    guarded.service.stop().await.unwrap();
}

/// A service in plain text on this machine, which takes tokens alone.
async fn plain(signer: &TokenSigner) -> (Service, Channel, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let partners = folder.path().join("partners.toml");
    let text = "trust_domain = \"equity.example\"\n[partners.own]\norganisation = \"C82001\"\n\
        read = { profile = \"INTERNAL\", organisations = [\"C82001\"], datasets = [\"*\"], indicators = [\"*\"] }";
    std::fs::write(&partners, text).unwrap();
    let mut tokens = TokenSettings { without_certificate: true, ..signer.settings() };
    tokens.issuers[0].partners.retain(|_, partner| partner == "own");
    let config = Config {
        address: "127.0.0.1:0".parse().unwrap(),
        data_folder: folder.path().join("data"),
        partners_file: Some(partners),
        tokens,
        ..Config::default()
    };
    let service = Service::start(&config).await.unwrap();
    let channel = Endpoint::from_shared(format!("http://{}", service.address())).unwrap();
    (service, channel.connect().await.unwrap(), folder)
}

/// Follows a table with a token.
async fn watch(channel: &Channel, token: &str) -> Streaming<v1::WatchBreakdownResponse> {
    let mut client = v1::breakdown_service_client::BreakdownServiceClient::new(channel.clone());
    let query = v1::BreakdownQuery {
        collection: "practice-feed".to_owned(),
        organisations: vec![OWN.to_owned()],
        period: Some(v1::PeriodRange { first: "2020-04".to_owned(), ..Default::default() }),
        ..Default::default()
    };
    let table = v1::breakdown_question::Table::Channels(v1::GetChannelBreakdownRequest {
        query: Some(query),
        ..Default::default()
    });
    let question = v1::BreakdownQuestion { table: Some(table) };
    let mut request = tonic::Request::new(v1::WatchBreakdownRequest {
        question: Some(question),
        ..Default::default()
    });
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    client.watch_breakdown(request).await.unwrap().into_inner()
}

/// How a watch ends.
async fn end(watch: &mut Streaming<v1::WatchBreakdownResponse>) -> Status {
    let ended = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            match watch.message().await {
                Ok(Some(_)) => {}
                ended => break ended,
            }
        }
    });
    ended.await.unwrap().expect_err("it is ended by the service")
}

#[tokio::test]
async fn new_keys_need_no_restart_and_old_ones_end() {
    let signer = TokenSigner::new();
    let (service, channel, _folder) = plain(&signer).await;
    let old = signer.token("own", |_, _| ());
    assert_eq!(with_token(&channel, &old).await.unwrap(), "own");
    let next = TokenSigner::with_key(3);
    let new = next.token("own", |head, _| head["kid"] = json!("three"));
    let refused = with_token(&channel, &new).await.unwrap_err();
    assert_eq!(problem("new", &refused, &new), "KEY_UNKNOWN");
    signer.publish(&[(3, "three"), (2, "two")]);
    let until = Instant::now() + Duration::from_secs(30);
    while with_token(&channel, &new).await.is_err() {
        assert!(Instant::now() < until, "the new keys are in use");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    // It was accepted before, and was kept.
    let refused = with_token(&channel, &old).await.unwrap_err();
    assert_eq!(problem("old", &refused, &old), "KEY_UNKNOWN");
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_watch_ends_with_its_token() {
    let signer = TokenSigner::new();
    let (service, channel, _folder) = plain(&signer).await;
    // The clocks may differ by 60 s, so it is accepted for three more.
    let token = signer.token("own", |_, claims| {
        (claims["iat"], claims["exp"]) = (json!(now() - 100), json!(now() - 57));
    });
    let mut watch = watch(&channel, &token).await;
    let refused = end(&mut watch).await;
    assert_eq!(problem("watch", &refused, &token), "EXPIRED");
    service.stop().await.unwrap();
}
