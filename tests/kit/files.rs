//! The files for containers: every setting in them is one, and what they run starts.

use std::collections::BTreeSet;

use clap::CommandFactory as _;
use equity_indicators::cli::args::Cli;

use super::text;
use crate::cli::run::{equity, run};

/// The settings of the service, as variables of the environment.
fn settings() -> BTreeSet<String> {
    let mut section = String::new();
    let mut found = BTreeSet::new();
    for line in text("equity.example.toml").lines() {
        let line = line.trim_start_matches('#');
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = name.to_owned();
        } else if let Some((key, _)) = line.split_once(" = ")
            && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        {
            let path = if section.is_empty() { key.to_owned() } else { format!("{section}_{key}") };
            found.insert(format!("EQUITY_{}", path.to_uppercase()));
        }
    }
    found
}

/// The variables that options of the command line are taken from.
fn of_options(command: &clap::Command, found: &mut BTreeSet<String>) {
    let names = command.get_arguments().filter_map(|option| option.get_env());
    found.extend(names.map(|name| name.to_str().unwrap().to_owned()));
    command.get_subcommands().for_each(|inner| of_options(inner, found));
}

#[test]
fn variables_of_containers_are_settings() {
    let mut known = settings();
    assert!(known.contains("EQUITY_LIMITS_DRAIN") && known.contains("EQUITY_TLS_KEY_FILE"));
    of_options(&Cli::command(), &mut known);
    let mut used = 0;
    for file in ["Dockerfile", "compose.yaml", "kubernetes.yaml"] {
        let text = text(file);
        let words = text.split(|c: char| !(c.is_ascii_uppercase() || c == '_'));
        for word in words.filter(|word| word.starts_with("EQUITY_")) {
            assert!(known.contains(word), "{file}: {word} is no setting");
            used += 1;
        }
    }
    assert!(used >= 10, "{used}");
}

/// The settings of the `ConfigMap`, with the files that its comments ask for, would start a service.
#[test]
fn settings_of_kubernetes_start_a_service() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let certs = path("certs");
    run(&["certs", "dev", &certs, "--partner", "alpha=C82001/emis"]).well();
    let manifest = text("kubernetes.yaml");
    let (_, rest) = manifest.split_once("  equity.toml: |\n").unwrap();
    let (block, _) = rest.split_once("\n---\n").unwrap();
    let mut toml: String = block
        .lines()
        .map(|line| line.strip_prefix("    ").unwrap_or(line).to_owned() + "\n")
        .collect();
    for (from, to) in [
        ("0.0.0.0:7443", "0.0.0.0:0".to_owned()),
        ("/var/lib/equity/data", path("data")),
        ("/var/lib/equity-witness/witness", path("witness")),
        ("/etc/equity/partners/partners.toml", format!("{certs}/partners.toml")),
        ("/etc/equity/tls/server.crt", format!("{certs}/server.crt")),
        ("/etc/equity/tls/server.key", format!("{certs}/server.key")),
        ("/etc/equity/tls/authorities.pem", format!("{certs}/ca.crt")),
    ] {
        assert!(toml.contains(from), "{from}:\n{toml}");
        toml = toml.replace(from, &to);
    }
    std::fs::write(path("equity.toml"), toml).unwrap();
    run(&["serve", "--check", "--config", &path("equity.toml")]).well();
}

/// The image's settings, as variables, would start a service; without the leave for plain text they would not.
#[test]
fn variables_of_the_image_start_a_service_that_was_given_leave() {
    let folder = tempfile::tempdir().unwrap();
    let file = text("Dockerfile");
    let (_, rest) = file.split_once("ENV EQUITY_").unwrap();
    let (block, _) = rest.split_once("\nEXPOSE").unwrap();
    let block = format!("EQUITY_{block}").replace('\\', "");
    let check = |leave: Option<&str>| {
        let mut command = equity();
        command.args(["serve", "--check"]);
        for (name, value) in block.split_whitespace().map(|one| one.split_once('=').unwrap()) {
            let value = value.replace("/var/lib/equity", folder.path().to_str().unwrap());
            command.env(name, value.replace(":7443", ":0"));
        }
        command.envs(leave.map(|leave| ("EQUITY_ALLOW_PLAINTEXT", leave)));
        command.output().unwrap()
    };
    let ended = check(Some("true"));
    assert!(ended.status.success(), "{ended:?}");
    assert!(!check(None).status.success(), "an open port without TLS was not refused");
}

/// Every example of the settings, those without a default too, has a form that the service reads.
#[test]
fn the_example_with_every_key_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let certs = path("certs");
    run(&["certs", "dev", &certs, "--partner", "alpha=C82001/emis"]).well();
    let mut toml = String::new();
    for line in text("equity.example.toml").lines() {
        // A comment that is a setting has no blank behind its sign.
        let is_setting = line.strip_prefix('#').is_some_and(|line| {
            line.starts_with(|first: char| first.is_ascii_lowercase() || first == '[')
        });
        let line = if is_setting { &line[1..] } else { line };
        toml += &format!("{line}\n");
    }
    let set: toml::Table = toml.parse().unwrap();
    assert!(set["tls"].get("certificate_file").is_some() && set.contains_key("witness_file"));
    let refused = |toml: &str| -> Vec<String> {
        std::fs::write(path("all.toml"), toml).unwrap();
        let refused = run(&["serve", "--check", "--config", &path("all.toml")]);
        assert_eq!(refused.code, Some(1), "{refused:?}");
        let (first, problems) = refused.remarks.split_once('\n').unwrap();
        assert!(first.ends_with("the configuration cannot be used:"), "{refused:?}");
        problems.lines().map(|problem| problem.trim().to_owned()).collect()
    };
    // The files that it names are not here, and two keys that exclude each other are both there. Every key and every value is read.
    let expected = |problem: &&String| {
        problem.ends_with("is not a file")
            || problem.ends_with("is not a folder")
            || problem
                .starts_with("profile_without_identity: with TLS every caller has an identity")
            || problem.starts_with("tokens.issuers: needs partners_file")
    };
    let problems = refused(&toml);
    assert_eq!(problems.iter().filter(|problem| !expected(problem)).count(), 0, "{problems:#?}");
    assert!(problems.iter().any(|problem| problem.contains("/etc/equity/")), "{problems:#?}");
    // A key and a value that are wrong would be seen.
    let wrong = toml.replace("drain = \"10s\"", "drain = \"10 x\"\ndrein = \"10s\"");
    let problems = refused(&wrong);
    let named: Vec<_> = problems.iter().filter(|problem| !expected(problem)).collect();
    assert!(named.len() == 2 && named.iter().all(|of| of.starts_with("limits.dr")), "{named:#?}");
}
