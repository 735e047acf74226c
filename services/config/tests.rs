//! All problems at once, by name; the example file is complete and true.

use std::path::Path;

use toml::Table;

use super::read::flatten;
use super::*;

const EXAMPLE: &str = include_str!("../../deploy/equity.example.toml");

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(text, |_| None)
}

fn problems(result: Result<Config, ConfigError>) -> Vec<String> {
    match result {
        Err(ConfigError::Invalid(problems)) => problems,
        other => panic!("expected problems, got {other:?}"),
    }
}

/// Settings without a default stand in the example behind `#`, without a space as prose has it.
fn with_optional_settings(example: &str) -> String {
    let uncomment = |line: &str| match line.strip_prefix('#') {
        Some(rest)
            if rest.starts_with(|first: char| first.is_ascii_lowercase() || first == '[') =>
        {
            rest.to_owned()
        }
        _ => line.to_owned(),
    };
    example.lines().map(uncomment).collect::<Vec<_>>().join("\n")
}

/// The dotted names of every field: adding a field without naming it here does not compile.
#[expect(clippy::too_many_lines, reason = "two lists")]
fn fields() -> Vec<&'static str> {
    let Config {
        address: _,
        tls:
            Tls { certificate_file: _, key_file: _, client_authorities_file: _, revocations_file: _ },
        tokens: TokenSettings { issuers: _, without_certificate: _, required: _ },
        partners_file: _,
        purpose_required: _,
        quotas: Quotas { requests_per_second: _, burst: _ },
        allow_plaintext: _,
        data_folder: _,
        reference_folder: _,
        home_area: _,
        secret_file: _,
        witness_file: _,
        profile_without_identity: _,
        accept_loss: _,   // an option of one start, and no setting
        segment_bytes: _, // for tests, and no setting
        reflection: _,
        limits:
            Limits {
                max_connections: _,
                max_concurrent_streams: _,
                max_in_flight: _,
                max_watches: _,
                request_deadline: _,
                submission_deadline: _,
                stream_idle: _,
                query_message_bytes: _,
                submission_message_bytes: _,
                question_memory_bytes: _,
                max_submission_rows: _,
                drain: _,
                min_free_disk_bytes: _,
            },
        cache: Cache { sled_bytes: _, memory_bytes: _ },
        releases:
            Releases { automatic: _, closing_days: _, every_days: _, least_changed_organisations: _ },
        retention: Retention { records_months: _, replaced_months: _ },
        audit: AuditLog { keep_days: _ },
        delivery: Delivery { keep_days: _, keep_bytes: _ },
        telemetry:
            TelemetrySettings {
                otlp: Otlp { endpoint: _, protocol: _, timeout: _, authorities_file: _ }, // the timeout is a variable of OpenTelemetry
                signals: _,     // variables of OpenTelemetry
                is_disabled: _, // the same
                prometheus: _,
                sample_ratio: _,
                slow_call: _,
                log_format: _,
                service_instance_id: _,
            },
    } = Config::default();
    vec![
        "address",
        "allow_plaintext",
        "tls.certificate_file",
        "tls.key_file",
        "tls.client_authorities_file",
        "tls.revocations_file",
        "tokens.issuers",
        "tokens.without_certificate",
        "tokens.required",
        "partners_file",
        "purpose_required",
        "quotas.requests_per_second",
        "quotas.burst",
        "profile_without_identity",
        "data_folder",
        "reference_folder",
        "home_area",
        "secret_file",
        "witness_file",
        "reflection",
        "limits.max_connections",
        "limits.max_concurrent_streams",
        "limits.max_in_flight",
        "limits.max_watches",
        "limits.request_deadline",
        "limits.submission_deadline",
        "limits.stream_idle",
        "limits.query_message_bytes",
        "limits.submission_message_bytes",
        "limits.question_memory_bytes",
        "limits.max_submission_rows",
        "limits.drain",
        "limits.min_free_disk_bytes",
        "cache.sled_bytes",
        "cache.memory_bytes",
        "releases.automatic",
        "releases.closing_days",
        "releases.every_days",
        "releases.least_changed_organisations",
        "retention.records_months",
        "retention.replaced_months",
        "audit.keep_days",
        "delivery.keep_days",
        "delivery.keep_bytes",
        "telemetry.otlp_endpoint",
        "telemetry.otlp_protocol",
        "telemetry.otlp_authorities_file",
        "telemetry.prometheus",
        "telemetry.sample_ratio",
        "telemetry.slow_call",
        "telemetry.log_format",
        "telemetry.service_instance_id",
    ]
}

#[test]
fn the_example_says_the_defaults_and_names_every_key() {
    assert_eq!(parse(EXAMPLE).unwrap(), Config::default());
    let table: Table = with_optional_settings(EXAMPLE).parse().unwrap();
    let in_example: Vec<String> = flatten(&table).into_iter().map(|(name, _)| name).collect();
    let in_table: Vec<&str> = keys::KEYS.iter().map(|key| key.name).collect();
    assert_eq!(in_table, fields());
    assert_eq!(sorted(&in_example), sorted(&in_table));
}

fn sorted<T: AsRef<str>>(names: &[T]) -> Vec<String> {
    let mut names: Vec<String> = names.iter().map(|name| name.as_ref().to_owned()).collect();
    names.sort();
    names
}

#[test]
fn every_optional_setting_of_the_example_parses() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let text = with_optional_settings(EXAMPLE).replace("/etc/equity", path);
    let text = text.replace(&format!("{path}/reference"), path);
    for file in [
        "server.crt",
        "server.key",
        "authorities.pem",
        "partners.toml",
        "issuer.jwks.json",
        "collector-ca.pem",
    ] {
        std::fs::write(folder.path().join(file), "").unwrap();
    }
    // Callers have an identity or a profile without one, never both.
    let text = text.replace("profile_without_identity", "# profile_without_identity");
    let config = parse(&text).unwrap();
    assert!(config.tls_files().is_some());
    assert_eq!(config.tokens.issuers[0].partners["emis-feed"], "alpha");
    assert_eq!(config.reference_folder.as_deref(), Some(folder.path()));
    assert!(config.telemetry.otlp.endpoint.is_some());
}

#[test]
fn all_problems_are_reported_at_once_by_name() {
    let found = problems(parse(
        "adress = 1\ndata_folder = 7\n[limits]\ndrain = 10\nmax_connections = 0\nstream_idle = \"-3s\"\n\
         [telemetry]\nsample_ratio = 1.5\nlog_format = \"xml\"\notlp_endpoint = \"elsewhere:4317\"",
    ));
    for name in [
        "adress: is no setting; did you mean address?",
        "data_folder:",
        "limits.drain:",
        "limits.max_connections: has to be a whole number from 1 to 65536",
        "limits.stream_idle:",
        "telemetry.sample_ratio:",
        "telemetry.log_format: has to be \"text\" or \"json\"",
        "telemetry.otlp_endpoint:",
    ] {
        assert!(found.iter().any(|problem| problem.starts_with(name)), "{name} not in {found:#?}");
    }
    assert_eq!(found.len(), 8, "{found:#?}");
}

#[test]
fn the_variables_of_opentelemetry_come_before_the_defaults_and_after_the_file() {
    let environment = |name: &str| {
        let value = match name {
            "OTEL_EXPORTER_OTLP_ENDPOINT" => "https://collector.example:4318",
            "OTEL_EXPORTER_OTLP_PROTOCOL" => "http/protobuf",
            "OTEL_EXPORTER_OTLP_TIMEOUT" => "1500",
            "OTEL_EXPORTER_OTLP_HEADERS" => "authorization=Bearer%20x,tenant=a",
            "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT" => "http://logs.example/x",
            "OTEL_METRICS_EXPORTER" => "none",
            "OTEL_BLRP_EXPORT_TIMEOUT" => "700",
            "OTEL_TRACES_SAMPLER" => "parentbased_traceidratio",
            "OTEL_TRACES_SAMPLER_ARG" => "0.25",
            "OTEL_SDK_DISABLED" => "False",
            "OTEL_SERVICE_NAME" | "OTEL_EXPORTER_OTLP_CERTIFICATE" => "",
            _ => return None,
        };
        Some(value.to_owned())
    };
    let telemetry = Config::parse("", environment).unwrap().telemetry;
    assert_eq!(telemetry.otlp.endpoint.as_deref(), Some("https://collector.example:4318"));
    assert_eq!(telemetry.otlp.protocol, Some(OtlpProtocol::Http));
    assert_eq!(telemetry.otlp.timeout, Some(Duration::from_millis(1500)));
    let logs = &telemetry.signals.logs;
    assert_eq!(logs.otlp.endpoint.as_deref(), Some("http://logs.example/x"));
    assert_eq!(logs.longest, Some(Duration::from_millis(700)));
    assert!(telemetry.signals.metrics.is_off && !logs.is_off && !telemetry.is_disabled);
    assert!((telemetry.sample_ratio - 0.25).abs() < f64::EPSILON);
    let file = "[telemetry]\notlp_endpoint = \"http://127.0.0.1:4317\"\nsample_ratio = 0.5";
    let telemetry = Config::parse(file, environment).unwrap().telemetry;
    assert_eq!(telemetry.otlp.endpoint.as_deref(), Some("http://127.0.0.1:4317"));
    assert!((telemetry.sample_ratio - 0.5).abs() < f64::EPSILON);
}

#[test]
fn a_variable_of_opentelemetry_that_is_set_wrongly_is_refused_by_its_name() {
    for (name, value) in [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "ftp://collector"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
        ("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "GRPC"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "3s"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "secret"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a b=secret"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nowhere/ca.pem"),
        ("OTEL_EXPORTER_OTLP_CLIENT_KEY", "/nowhere/key.pem"),
        ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "both"),
        ("OTEL_METRICS_EXPORTER", "prometheus"),
        ("OTEL_TRACES_SAMPLER", "jaeger_remote"),
        ("OTEL_TRACES_SAMPLER_ARG", "2"),
        ("OTEL_SDK_DISABLED", "maybe"),
        ("OTEL_RESOURCE_ATTRIBUTES", "environment"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "0"),
        ("OTEL_METRIC_EXPORT_TIMEOUT", "3s"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "many"),
    ] {
        let found = problems(Config::parse("", |asked| (asked == name).then(|| value.to_owned())));
        assert_eq!(found.len(), 1, "{name}: {found:#?}");
        assert!(
            found[0].starts_with(&format!("{name}: ")) && !found[0].contains("secret"),
            "{found:?}"
        );
    }
}

#[test]
fn text_that_is_no_toml_is_refused() {
    assert_eq!(problems(parse("address = ")).len(), 1);
    assert_eq!(problems(parse("limits = 3")), [keys::unknown("limits")]);
}

#[test]
fn the_environment_wins() {
    let environment = |name: &str| match name {
        "EQUITY_ADDRESS" => Some("[::1]:9".to_owned()),
        "EQUITY_DATA_FOLDER" => Some("2020".to_owned()),
        "EQUITY_LIMITS_DRAIN" => Some("2m 30s".to_owned()),
        "EQUITY_LIMITS_MAX_IN_FLIGHT" => Some("3".to_owned()),
        _ => None,
    };
    let config = Config::parse("address = \"127.0.0.1:1\"", environment).unwrap();
    assert_eq!(config.address.to_string(), "[::1]:9");
    assert_eq!(config.data_folder, PathBuf::from("2020"));
    assert_eq!(config.limits.drain, Duration::from_secs(150));
    assert_eq!(config.limits.max_in_flight, 3);
    let wrong = |name: &str| (name == "EQUITY_LIMITS_DRAIN").then(|| "soon".to_owned());
    let found = problems(Config::parse("", wrong));
    assert!(found[0].starts_with("EQUITY_LIMITS_DRAIN:"), "{found:?}");
}

#[test]
fn plaintext_leaves_the_machine_only_on_purpose() {
    let found = problems(parse("address = \"0.0.0.0:7443\""));
    assert!(found[0].contains("allow_plaintext"), "{found:?}");
    let config = parse("address = \"0.0.0.0:7443\"\nallow_plaintext = true").unwrap();
    assert!(!config.reflection(), "reflection is for loopback unless asked for");
    assert_eq!(config.profile_without_identity(), ProfileName::Partner);
    for local in ["127.0.0.1:7443", "[::1]:7443", "unix:/run/equity.sock"] {
        let config = parse(&format!("address = \"{local}\"")).unwrap();
        assert!(config.reflection(), "{local}");
        assert_eq!(config.profile_without_identity(), ProfileName::Internal, "{local}");
    }
}

#[test]
fn a_missing_file_is_named() {
    let error = Config::load(Some(Path::new("/nowhere/equity.toml"))).unwrap_err();
    assert!(error.to_string().contains("/nowhere/equity.toml"));
}

#[test]
fn a_missing_reference_folder_is_a_problem() {
    assert_eq!(problems(parse("reference_folder = \"/nowhere\"")).len(), 1);
}

#[test]
fn tokens_need_partners_and_tls_or_this_machine() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, "").unwrap();
        file.display().to_string()
    };
    let issuer = format!(
        "[[tokens.issuers]]\nissuer = \"https://login.test\"\nkeys_file = \"{}\"\naudience = \"equity\"\nalgorithms = [\"ES256\"]\n\
         partner_claim = \"sub\"\npartners = {{ feed = \"alpha\" }}\n",
        file("keys.json")
    );
    let partners = format!("partners_file = \"{}\"\n", file("partners.toml"));
    let alone = "[tokens]\nwithout_certificate = true\n";
    let config = parse(&format!("{partners}{alone}{issuer}")).unwrap();
    assert!(!config.lets_anybody_in() && config.tls_files().is_none());
    assert_eq!(config.tokens.issuers[0].partners["feed"], "alpha");
    let open = "address = \"0.0.0.0:1\"\nallow_plaintext = true\n";
    for (text, expected) in [
        (format!("{partners}{issuer}"), "tokens.issuers: needs [tls]"),
        (format!("{alone}{issuer}"), "needs partners_file"),
        (format!("{open}{partners}{alone}{issuer}"), "needs [tls] on this address"),
        (alone.to_owned(), "needs [[tokens.issuers]]"),
        ("tokens.required = true".to_owned(), "needs [[tokens.issuers]]"),
        (format!("{partners}{alone}{issuer}{issuer}"), "is there twice"),
        (format!("{partners}{alone}{}", issuer.replace("keys.json", "none")), "is not a file"),
        (format!("{partners}{alone}{}", issuer.replace("ES256", "HS256")), "HS256"),
        (format!("{partners}{alone}{}", issuer.replace("ES256", "none")), "none"),
        (format!("{partners}{alone}{}", issuer.replace("\"ES256\"", "")), "`algorithms` is empty"),
        (format!("{partners}{alone}{}", issuer.replace("audience", "audiences")), "audiences"),
        (format!("{partners}{alone}{}", issuer.replace("\"sub\"", "\"email\"")), "email"),
        (format!("profile_without_identity = \"PUBLIC\"\n{partners}{alone}{issuer}"), "leave one"),
        ("tokens.issuers = 3".to_owned(), "has to be tables"),
    ] {
        let found = problems(parse(&text)).join("; ");
        assert!(found.contains(expected), "{expected} not in {found}:\n{text}");
    }
}

#[test]
fn partners_without_tls_are_for_telemetry_on_this_machine() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("partners.toml");
    let partners = format!("partners_file = \"{}\"\n", file.display());
    let found = problems(parse(&partners)).join("; ");
    assert!(found.contains("is not a file"), "{found}");
    std::fs::write(&file, "").unwrap();
    for address in ["127.0.0.1:1", "[::1]:1", "unix:/tmp/equity.sock"] {
        let config = parse(&format!("address = \"{address}\"\n{partners}")).unwrap();
        assert!(config.lets_anybody_in() && config.tls_files().is_none());
    }
    for (text, expected) in [
        ("address = \"0.0.0.0:1\"\nallow_plaintext = true\n", "tls.certificate_file: is missing"),
        ("address = \"0.0.0.0:1\"\n", "tls.certificate_file: is missing"),
        ("tls.revocations_file = \"x\"\n", "tls.certificate_file: is missing"),
        ("tls.key_file = \"x\"\n", "tls.client_authorities_file: is missing"),
    ] {
        let found = problems(parse(&format!("{text}{partners}"))).join("; ");
        assert!(found.contains(expected), "{expected} not in {found}:\n{text}");
    }
}
