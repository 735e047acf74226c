//! Tokens on the command line, and nothing of one in any outlet: log at its loudest, spans, metrics, answers and remarks.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use prost::Message as _;
use serde_json::json;

use super::run::{Ended, Served, equity};
use crate::support::Collector;
use crate::support::tokens::{AUDIENCE, ISSUER, TokenSigner, now};

const GUIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/guides/tokens.md");
const PARTNERS: &str = "trust_domain = \"equity.example\"\n[partners.alpha]\norganisation = \"C82001\"\nsubmit_for = [\"C82001\"]\n";

fn settings(folder: &Path, signer: &TokenSigner, endpoint: &str) {
    let path = |name: &str| folder.join(name).display().to_string();
    std::fs::write(path("partners.toml"), PARTNERS).unwrap();
    let text = format!(
        "partners_file = \"{}\"\n[tokens]\nwithout_certificate = true\n[[tokens.issuers]]\nissuer = \"{ISSUER}\"\nkeys_file = \"{}\"\n\
         audience = \"{AUDIENCE}\"\nalgorithms = [\"EdDSA\"]\npartner_claim = \"client_id\"\npartners = {{ client-own = \"alpha\" }}\n\
         [telemetry]\notlp_endpoint = \"{endpoint}\"\nsample_ratio = 1.0\nlog_format = \"json\"\n",
        path("partners.toml"),
        signer.keys_file().display()
    );
    std::fs::write(path("equity.toml"), text).unwrap();
}

/// The commands of the guide that need a token.
fn of_the_guide() -> Vec<String> {
    let text = std::fs::read_to_string(GUIDE).unwrap();
    let parts: Vec<_> = text.split("```").collect();
    let marked = parts.windows(2).filter(|pair| pair[1].trim_start().starts_with("<!-- tls token"));
    let lines = marked.flat_map(|pair| pair[0].lines());
    lines.filter_map(|line| line.strip_prefix("equity ")).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_are_sent_from_a_file_and_are_in_no_outlet() {
    let folder = tempfile::tempdir().unwrap();
    let signer = TokenSigner::new();
    let (collector, endpoint) = Collector::start().await;
    settings(folder.path(), &signer, &endpoint);
    let log = folder.path().join("log");
    let mut command = equity();
    command.env("EQUITY_LOG", "trace").args(["serve", "--config"]);
    command.arg(folder.path().join("equity.toml")).stderr(File::create(&log).unwrap());
    let data = folder.path().join("data");
    let served = tokio::task::spawn_blocking(move || Served::by(command, "127.0.0.1:0", &data));
    let served = served.await.unwrap();
    let good = signer.token("own", |_, _| ());
    let expired = signer.token("own", |_, claims| {
        (claims["iat"], claims["exp"]) = (json!(now() - 800), json!(now() - 100));
    });
    let unknown = signer.token("stranger", |_, _| ());
    let forged = TokenSigner::with_key(9).token("own", |_, _| ());
    let (place, address) = (folder.path().to_owned(), served.address.clone());
    let tokens = [good, expired, unknown, forged];
    let sent = tokens.clone();
    let told = tokio::task::spawn_blocking(move || {
        let ask = |words: &[&str]| {
            let mut command = equity();
            let all = command.args(words).current_dir(&place);
            let asks = words[0] != "partners";
            let all = if asks { all.args(["--wait", "0", "--service", &address]) } else { all };
            Ended::of(all.output().unwrap())
        };
        let mut told = Vec::new();
        let codes = [Some(0), Some(1), Some(1), Some(1)];
        for (number, (token, code)) in sent.iter().zip(codes).enumerate() {
            std::fs::write(place.join("token.txt"), format!("{token}\n")).unwrap();
            for command in of_the_guide() {
                let words: Vec<_> = command.split_whitespace().collect();
                let ended = ask(&words);
                let is_as_expected = if code == Some(0) {
                    ended.code == code && ended.answer.contains("alpha")
                } else {
                    ended.code != Some(0) && ended.remarks.contains("refuses")
                };
                assert!(is_as_expected, "token {number}: {command}: {ended:?}");
                told.push(format!("{}{}", ended.answer, ended.remarks));
            }
        }
        // Nothing goes without a token, with an empty file, or to another machine in plain text.
        assert!(ask(&["info"]).remarks.contains("authorization: Bearer"));
        std::fs::write(place.join("empty.txt"), "\n").unwrap();
        let empty = ask(&["info", "--token-file", "empty.txt"]);
        assert!(empty.remarks.contains("has no bearer token"), "{empty:?}");
        let far = ["info", "--token-file", "token.txt", "--service", "http://192.0.2.1:7443"];
        let far = Ended::of(equity().args(far).current_dir(&place).output().unwrap());
        assert!(far.code == Some(2) && far.remarks.contains("needs --ca"), "{far:?}");
        told
    });
    let told = told.await.unwrap();
    assert!(told.len() >= 8, "{} commands", told.len());
    // Spans and log records leave within seconds, metrics at the end.
    tokio::time::sleep(Duration::from_secs(1)).await;
    tokio::task::spawn_blocking(move || served.terminate()).await.unwrap();
    let log = std::fs::read_to_string(log).unwrap();
    let spans = collector.spans();
    assert!(log.contains("TRACE") && spans.len() >= 4, "{} spans", spans.len());
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let mut outlets = vec![("log", log)];
    outlets.extend(told.into_iter().map(|text| ("command", text)));
    outlets.extend(spans.iter().map(|span| ("span", text(span.encode_to_vec()))));
    outlets.extend(collector.log_records().iter().map(|one| ("record", text(one.encode_to_vec()))));
    let metrics = collector.last_metrics().unwrap();
    let of_metrics = format!("{metrics:?}");
    assert!(of_metrics.contains("nhs.equity.server.refused_tokens"), "{of_metrics}");
    outlets.push(("metrics", of_metrics));
    let parts = tokens.iter().flat_map(|token| token.split('.')).map(str::to_owned);
    let claims = ["subject-of-a-claim", "id-of-a-token", "client-own", "client-stranger"];
    for secret in parts.chain(claims.map(str::to_owned)) {
        for (outlet, said) in &outlets {
            assert!(!said.contains(&secret), "{secret} is in a {outlet}");
        }
    }
}
