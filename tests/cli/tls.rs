//! The guide to TLS, command by command, with a service that it starts; and the demo with certificates.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rcgen::CertificateParams;
use serde_json::json;

use super::run::{Ended, Served, equity, run};
use crate::support::certificates::{Certificates, expired, named, uri};

const GUIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/guides/tls.md");

/// A service, killed when the test is over.
struct Guided(Child);

impl Drop for Guided {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The blocks of the guide that are marked, with the mark.
fn blocks() -> Vec<(Vec<String>, String)> {
    let text = std::fs::read_to_string(GUIDE).unwrap();
    let parts: Vec<_> = text.split("```").collect();
    let marked = parts.windows(2).filter(|pair| pair[1].trim_start().starts_with("<!-- tls"));
    let lines = |block: &str| block.lines().skip(1).map(str::to_owned).collect();
    marked
        .map(|pair| (lines(pair[0]), pair[1].trim_start().lines().next().unwrap().to_owned()))
        .collect()
}

fn serve(words: &[&str], folder: &Path) -> (Guided, String) {
    let mut command = equity();
    command.args(words).args(["--address", "127.0.0.1:0", "--format", "json"]).current_dir(folder);
    let mut child = Guided(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(child.0.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
    let address = ready["address"].as_str().unwrap().replace("127.0.0.1", "localhost");
    assert!(address.starts_with("https://"), "{address}");
    (child, address)
}

#[test]
fn the_guide_sets_tls_up_for_two_partners() {
    let folder = tempfile::tempdir().unwrap();
    let csv = std::fs::read_to_string(GUIDE).unwrap();
    let csv = csv.split("```csv april.csv\n").nth(1).unwrap().split("```").next().unwrap();
    std::fs::write(folder.path().join("april.csv"), csv).unwrap();
    let (mut service, mut environment) = (None, BTreeMap::new());
    let mut tried = 0;
    for (lines, mark) in blocks() {
        for line in lines {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[..] {
                ["export", ref set @ ..] => {
                    environment.extend(set.iter().map(|one| {
                        let (name, value) = one.split_once('=').unwrap();
                        (name.to_owned(), value.to_owned())
                    }));
                }
                ["equity", "serve", ..] => service = Some(serve(&words[1..], folder.path())),
                ["equity", ref arguments @ ..] => {
                    let mut command = equity();
                    command.args(arguments).envs(&environment).current_dir(folder.path());
                    if let Some((_, address)) = &service {
                        command.env("EQUITY_SERVICE", address);
                    }
                    let ended = Ended::of(command.output().unwrap());
                    let refused = mark.contains("refused");
                    assert_eq!(ended.code, Some(i32::from(refused)), "{line}: {ended:?}");
                    assert!(!refused || ended.remarks.contains("OUT_OF_SCOPE"), "{ended:?}");
                    assert!(arguments[0] != "info" || ended.answer.contains("alpha"), "{ended:?}");
                    tried += 1;
                }
                _ => panic!("{line} is no command"),
            }
        }
    }
    assert!(tried >= 7, "{tried} commands");
    // The last was that alpha is revoked.
    let (_service, address) = service.unwrap();
    let info = |name: &str| {
        let file = |end: &str| format!("certs/{name}.{end}");
        let mut command = equity();
        command.args(["info", "--wait", "0", "--service", &address, "--ca", "certs/ca.crt"]);
        command.args(["--cert", &file("crt"), "--key", &file("key")]).current_dir(folder.path());
        Ended::of(command.output().unwrap())
    };
    let until = Instant::now() + Duration::from_secs(30);
    while info("alpha").code == Some(0) {
        assert!(Instant::now() < until, "alpha was revoked");
        std::thread::sleep(Duration::from_millis(500));
    }
    let beta = info("beta").well();
    assert!(beta.contains("C82002"), "{beta}");
    let mode = |name: &str| {
        use std::os::unix::fs::PermissionsExt as _;
        folder.path().join("certs").join(name).metadata().unwrap().permissions().mode() & 0o777
    };
    assert_eq!(["ca.key", "server.key", "alpha.key"].map(mode), [0o600; 3]);
}

/// A certificate that no service would take is told why, and a partner is shown by its name.
#[test]
fn partners_are_shown_and_certificates_that_would_be_refused_are_told_why() {
    let certificates = Certificates::make();
    let file = certificates.path().join("partners.toml");
    let partners = "trust_domain = \"equity.example\"\n[partners.alpha]\norganisation = \"C82001\"\nsubmit_for = [\"C82001\"]\n";
    std::fs::write(&file, partners).unwrap();
    let run = |words: &[&str]| run(&[words, &["--partners", file.to_str().unwrap()]].concat());
    let shown = run(&["partners", "show", "alpha", "--format", "json"]).json();
    assert_eq!((&shown["partner"], &shown["organisation"]), (&json!("alpha"), &json!("C82001")));
    assert_eq!(shown["submit_organisations"], json!(["C82001"]));
    let table = run(&["partners", "show", "alpha"]).well();
    assert!(table.contains("alpha") && table.contains("C82001"), "{table}");
    let nobody = run(&["partners", "show", "beta"]);
    assert!(nobody.code == Some(2) && nobody.remarks.contains("it has alpha"), "{nobody:?}");

    let good = certificates.authority.client("good", &uri("C82001", "emis")).unwrap().certificate;
    let good = run(&["partners", "check", good.to_str().unwrap()]);
    assert!(good.remarks.contains("is valid until") && good.well().contains("alpha"));
    let of = |uri: String| {
        move |params: &mut CertificateParams| params.subject_alt_names = vec![named(&uri)]
    };
    let foreign = "spiffe://other.example/org/C82001/sys/emis";
    for (what, (certificate, _), words) in [
        ("old", certificates.odd_file("old", expired), "is partner alpha, and the certificate"),
        (
            "foreign",
            certificates.odd_file("foreign", of(foreign.to_owned())),
            "its trust_domain is `equity.example`",
        ),
        ("unknown", certificates.odd_file("unknown", of(uri("C82002", "emis"))), "no partner of"),
        ("nameless", certificates.odd_file("nameless", |_| ()), "URI"),
    ] {
        let ended = run(&["partners", "check", certificate.to_str().unwrap()]);
        assert!(ended.code == Some(1) && ended.remarks.contains(words), "{what}: {ended:?}");
    }
}

/// Whether it is encrypted is said by every start.
#[test]
fn the_demo_and_the_service_say_whether_they_are_encrypted() {
    let folder = tempfile::tempdir().unwrap();
    let demo = |name: &str, more: &[&str]| {
        let place = folder.path().join(name);
        let all = ["demo", "--once", "--rows", "300", "--data-folder", place.to_str().unwrap()];
        let ended = run(&[&all[..], more].concat());
        assert_eq!(ended.code, Some(0), "{ended:?}");
        ended.remarks
    };
    let plain = demo("plain", &[]);
    assert!(plain.contains("plain text without identity") && plain.contains("http://"), "{plain}");
    let secured = demo("secured", &["--tls"]);
    assert!(
        secured.contains("TLS is on: callers show a certificate") && secured.contains("https://"),
        "{secured}"
    );
    // The same settings for `equity serve`.
    let certs = folder.path().join("secured").join("certs");
    let mut command = equity();
    for (name, file) in [
        ("EQUITY_TLS_CERTIFICATE_FILE", "server.crt"),
        ("EQUITY_TLS_KEY_FILE", "server.key"),
        ("EQUITY_TLS_CLIENT_AUTHORITIES_FILE", "ca.crt"),
        ("EQUITY_PARTNERS_FILE", "partners.toml"),
    ] {
        command.env(name, certs.join(file));
    }
    let checked = command.args(["serve", "--check", "--address", "127.0.0.1:0", "--data-folder"]);
    let checked = Ended::of(checked.arg(folder.path().join("new")).output().unwrap());
    assert!(checked.remarks.contains("TLS is on: callers show a certificate"), "{checked:?}");
}

/// Before it changes anything, a command says where: an operator with two services would notice the wrong one.
#[test]
fn writes_say_first_which_instance_they_go_to() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(&folder.path().join("data"));
    let info = served.ask(&["info", "--format", "json"]).json();
    let id = info["info"]["instance_id"].as_str().unwrap().to_owned();
    let file = folder.path().join("rows.csv");
    std::fs::write(&file, "channel\nTELEPHONE\nVIDEO\n").unwrap();
    let file = file.to_str().unwrap();
    let submit = ["submit", file, "--collection", "practice-feed", "--organisation", "C82001"];
    let name = "collections/practice-feed/organisations/C82001/datasets/consultations/months/2025-02/versions/1";
    let commands: [(&[&str], &str); 4] = [
        (&[&submit[..], &["--month", "2025-02"]].concat(), "no submissions that concern you"),
        (&[&submit[..], &["--month", "2025-03"]].concat(), "1 submission that concerns you"),
        (&["releases", "create", "one"], "2 submissions that concern you"),
        (
            &["erase", "submission", name, "--reason", "a test", "--yes"],
            "2 submissions that concern you",
        ),
    ];
    for (words, count) in commands {
        let ended = served.ask(words);
        assert_eq!(ended.code, Some(0), "{words:?}: {ended:?}");
        let told = format!("writing to instance {id} as local: it has {count}");
        assert!(ended.remarks.contains(&told), "{words:?}: {ended:?}");
    }
}

#[test]
fn another_instance_than_the_expected_one_gets_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path());
    let info = served.ask(&["info", "--format", "json"]).json();
    let id = info["info"]["instance_id"].as_str().unwrap().to_owned();
    assert_eq!(served.ask(&["reference", "areas", "--expect-instance", &id]).code, Some(0));
    let other = served.ask(&["reference", "areas", "--expect-instance", "0000000000000000"]);
    assert_eq!((other.code, other.answer.as_str()), (Some(2), ""));
    assert!(other.remarks.contains(&id), "{other:?}");
}
