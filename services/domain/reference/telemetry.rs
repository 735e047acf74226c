//! Reads the table `telemetry` of a partner in `partners.toml`, and checks it: a mistake would send data to a wrong place, or nothing at all.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::Reference;
use super::named::named;
use crate::domain::collection::Dataset;
use crate::domain::delivery::{Endpoint, EventKind, Network, Protocol, Subscription};
use crate::domain::indicator::Indicator;
use crate::domain::partner::{Named, Scope};

/// Most questions that one release is asked for one partner, of each table: places, collections and characteristics multiplied. The places are
/// the areas and the partner's own organisation.
const MOST_QUESTIONS: usize = 500;

/// The indicator of the table of channels.
const CHANNEL_SHARE: &str = "CH-01";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Telemetry {
    endpoint: String,
    protocol: Protocol,
    #[serde(default = "yes")]
    gzip: bool,
    authorities_file: Option<String>,
    certificate_file: Option<String>,
    key_file: Option<String>,
    headers_file: Option<String>,
    #[serde(default)]
    allow_addresses: Vec<String>,
    #[serde(default = "all")]
    events: Vec<String>,
    #[serde(default = "yes")]
    metrics: bool,
    #[serde(default)]
    areas: Vec<String>,
    #[serde(default)]
    collections: Vec<String>,
    #[serde(default = "all")]
    indicators: Vec<String>,
    #[serde(default)]
    characteristics: Vec<String>,
}

fn yes() -> bool {
    true
}

fn all() -> Vec<String> {
    vec!["*".to_owned()]
}

/// Codes that exist, each once, without `*`: a list that is asked about one by one.
fn listed<'a, I: Iterator<Item = &'a str>>(
    key: &str,
    codes: Vec<String>,
    known: impl Fn() -> I,
) -> Result<Vec<String>, String> {
    if codes.iter().any(|code| code == "*") {
        return Err(format!("{key}: name them one by one, without `*`"));
    }
    let found = named(key, codes, known)?;
    Ok(found.codes().map(str::to_owned).collect())
}

/// Whether figures of an indicator are sent: shares of channels, and what is counted from records or submitted as counts.
fn is_sent(of: &&Indicator) -> bool {
    of.id == CHANNEL_SHARE || of.count.is_some() || of.submitted.is_some()
}

/// Whether no table is made of a dataset alone.
fn is_beside(dataset: &Dataset) -> bool {
    matches!(dataset, Dataset::Populations | Dataset::Estimates)
}

impl Telemetry {
    /// What the partner is sent, and where.
    ///
    /// # Errors
    /// What is wrong.
    pub(super) fn subscription(
        self,
        reference: &Reference,
        scope: &Scope,
    ) -> Result<Subscription, String> {
        let endpoint = self.endpoint()?;
        let certificate = match (self.certificate_file, self.key_file) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            _ => return Err("certificate_file and key_file go together".to_owned()),
        };
        let networks = self.allow_addresses.iter().map(|range| range.parse::<Network>());
        let allow_addresses = networks.collect::<Result<Vec<_>, _>>();
        let allow_addresses = allow_addresses.map_err(|why| format!("allow_addresses: {why}"))?;
        let kinds = || EventKind::ALL.into_iter().map(EventKind::name);
        let events = named("events", self.events, kinds)?;
        let events: BTreeSet<_> =
            EventKind::ALL.into_iter().filter(|kind| events.has(kind.name())).collect();
        let areas = || reference.areas().iter().map(|area| area.code.as_str());
        let collections = || reference.collections().map(|one| one.id.as_str());
        let indicators = || reference.indicators().map(|one| one.id.as_str());
        let dimensions = || reference.dimensions().iter().map(|one| one.id.as_str());
        let areas = listed("areas", self.areas, areas)?;
        if let Some(area) = areas.iter().find(|area| !scope.reads_area(reference, area)) {
            return Err(format!("areas: the partner may not read `{area}`: add it to read.areas"));
        }
        let collections = listed("collections", self.collections, collections)?;
        let indicators = match named("indicators", self.indicators, indicators)? {
            Named::All => None,
            Named::Only(codes) => {
                let sent: BTreeSet<_> =
                    reference.indicators().filter(is_sent).map(|of| of.id.as_str()).collect();
                if let Some(id) = codes.iter().find(|id| !sent.contains(id.as_str())) {
                    let sent = Vec::from_iter(sent).join(", ");
                    return Err(format!(
                        "indicators: no figures of `{id}` are sent; these are: {sent}"
                    ));
                }
                Some(codes)
            }
        };
        let characteristics = listed("characteristics", self.characteristics, dimensions)?;
        // An empty list means all that tables are made of.
        let every = reference.collections().filter(|of| !of.datasets.iter().all(is_beside)).count();
        let asked = if collections.is_empty() { every } else { collections.len() };
        let questions = (areas.len() + 1) * asked * (1 + characteristics.len());
        if questions > MOST_QUESTIONS {
            return Err(format!(
                "areas and your own organisation ({}), collections ({asked}) and characteristics with the whole ({}) make {questions} questions at each \
                 release, and {MOST_QUESTIONS} is the most: name fewer",
                areas.len() + 1,
                1 + characteristics.len()
            ));
        }
        Ok(Subscription {
            endpoint,
            protocol: self.protocol,
            gzip: self.gzip,
            authorities_file: self.authorities_file,
            certificate,
            headers_file: self.headers_file,
            allow_addresses,
            events,
            metrics: self.metrics,
            areas,
            collections,
            indicators,
            characteristics,
        })
    }

    fn endpoint(&self) -> Result<Endpoint, String> {
        let endpoint = Endpoint::parse(&self.endpoint)?;
        let is_here = endpoint.host == "localhost"
            || endpoint.host.parse::<core::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        if !endpoint.secure && !is_here {
            return Err("endpoint: http:// is for this machine only; use https://".to_owned());
        }
        if endpoint.secure && self.authorities_file.is_none() {
            return Err(
                "authorities_file is missing: the file of the authorities that may have issued the endpoint's certificate"
                    .to_owned(),
            );
        }
        if self.protocol == Protocol::Grpc && !endpoint.path.is_empty() {
            return Err("endpoint: grpc has no path".to_owned());
        }
        Ok(endpoint)
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::codes::Content;
    use crate::domain::delivery::EventKind;
    use crate::domain::reference::{PARTNERS, Reference};

    const PARTNER: &str = "trust_domain = \"equity.example\"\n[partners.one]\norganisation = \"QK1\"\n\
        read = { profile = \"PARTNER\", areas = [\"QK1\"], datasets = [\"consultations\"], indicators = [\"*\"] }\n\
        [partners.one.telemetry]\n";
    const SECURE: &str = "endpoint = \"https://a.example:4317\"\nprotocol = \"grpc\"\nauthorities_file = \"a.pem\"\n";

    fn read(telemetry: &str) -> Result<Reference, String> {
        let content = Content::embedded().and(PARTNERS, format!("{PARTNER}{telemetry}"));
        Reference::new(&content).map_err(|error| error.what)
    }

    #[test]
    fn what_is_not_said_has_a_default() {
        let reference = read(SECURE).unwrap();
        let partner = reference.partners().named("one").unwrap();
        let of = partner.telemetry.as_ref().unwrap();
        assert!(of.gzip && of.metrics && of.indicators.is_none());
        assert_eq!(of.events, EventKind::ALL.into());
        assert!(of.areas.is_empty() && of.characteristics.is_empty());
        assert!(of.allow_addresses.is_empty() && of.certificate.is_none());
        let some = "indicators = [\"C20-SMI\", \"CH-01\", \"CH-09\", \"DX-06\"]";
        assert!(read(&format!("{SECURE}{some}")).is_ok());
    }

    #[test]
    fn every_mistake_is_named() {
        for (text, expected) in [
            ("endpoint = \"https://a:1\"\nprotocol = \"grpc\"".to_owned(), "authorities_file"),
            ("endpoint = \"http://a:1\"\nprotocol = \"grpc\"".to_owned(), "this machine only"),
            (
                "endpoint = \"http://10.0.0.1:1\"\nprotocol = \"grpc\"".to_owned(),
                "this machine only",
            ),
            ("endpoint = \"http://[::1]:1/x\"\nprotocol = \"grpc\"".to_owned(), "grpc has no path"),
            (SECURE.replace("grpc", "json"), "json"),
            (format!("{SECURE}key_file = \"k\""), "go together"),
            (format!("{SECURE}allow_addresses = [\"10.0.0.1/8\"]"), "allow_addresses"),
            (format!("{SECURE}events = [\"indicator.revise\"]"), "`indicator.revised`"),
            (format!("{SECURE}areas = [\"*\"]"), "one by one"),
            (format!("{SECURE}areas = [\"QK2\"]"), "`QK2`"),
            (format!("{SECURE}indicators = [\"CH-O1\"]"), "`CH-O1`"),
            (format!("{SECURE}indicators = [\"C20-SMI\", \"IMD\"]"), "no figures of `IMD`"),
            (format!("{SECURE}indicators = [\"DQ-01\"]"), "these are: C20-CAN, C20-HYP-TREAT"),
            (format!("{SECURE}characteristics = [\"sexx\"]"), "`sexx`"),
            (format!("{SECURE}password = \"x\""), "password"),
        ] {
            let wrong = read(&text).expect_err(&text);
            assert!(wrong.contains(expected), "{text}: {wrong}");
        }
    }

    #[test]
    fn questions_are_counted_as_they_are_asked() {
        let wide = |more: &str| {
            let text = format!("{PARTNER}{SECURE}{more}")
                .replace("areas = [\"QK1\"], d", "areas = [\"*\"], d");
            Reference::new(&Content::embedded().and(PARTNERS, text)).map_err(|error| error.what)
        };
        let reference = Reference::new(&Content::embedded()).unwrap();
        let codes = |codes: Vec<String>| format!("{codes:?}");
        let areas = |count| reference.areas().iter().take(count).map(|of| of.code.clone());
        let areas = |count| format!("areas = {}\n", codes(areas(count).collect()));
        let of = |collections: &str, count| wide(&format!("{}{collections}", areas(count)));
        assert!(of("collections = [\"cds\"]", 499).is_ok());
        let wrong = of("collections = [\"cds\"]", 500).unwrap_err();
        assert!(wrong.contains("501 questions"), "{wrong}");
        assert!(of("collections = [\"cds\", \"mhsds\"]", 249).is_ok());
        assert!(of("collections = [\"cds\", \"mhsds\"]", 250).is_err());
        // Without a list every collection is asked that has tables of its own.
        let wrong = of("", 249).unwrap_err();
        assert!(wrong.contains("collections (8)") && wrong.contains("2000 questions"), "{wrong}");
        assert!(of("characteristics = [\"sex\"]", 30).is_ok());
        assert!(of("characteristics = [\"sex\"]", 31).unwrap_err().contains("512 questions"));
    }

    #[test]
    fn an_area_has_to_be_one_that_the_partner_reads() {
        let narrow = format!("{PARTNER}{SECURE}areas = [\"QK1\"]")
            .replace("areas = [\"QK1\"], d", "areas = [\"03W\"], d");
        let content = Content::embedded().and(PARTNERS, narrow);
        let wrong = Reference::new(&content).unwrap_err().what;
        assert!(wrong.contains("may not read `QK1`"), "{wrong}");
    }
}
