//! Reads `partners.toml`, if there is one, and checks it: a mistake in it would let somebody in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Deserialize;

use super::Reference;
use super::files::wrong;
use super::named::{ALL, named};
use super::telemetry::Telemetry;
use crate::domain::codes::{Content, ContentError};
use crate::domain::collection::Dataset;
use crate::domain::disclosure::ProfileName;
use crate::domain::identity::Identity;
use crate::domain::partner::{Named, Partner, Partners, Role, Scope};

/// Name of the file.
pub const PARTNERS: &str = "partners.toml";
/// Names under which the log has request ids of others: of callers without an identity, and of the service itself.
const TAKEN: [&str; 2] = ["local", "service"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PartnerFile {
    trust_domain: String,
    #[serde(default)]
    partners: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    organisation: String,
    #[serde(default)]
    systems: Option<Vec<String>>,
    #[serde(default)]
    submit_for: Vec<String>,
    #[serde(default)]
    submit_for_areas: Vec<String>,
    #[serde(default)]
    read: Option<Read>,
    #[serde(default)]
    roles: BTreeSet<Role>,
    #[serde(default)]
    telemetry: Option<Telemetry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    profile: ProfileName,
    #[serde(default)]
    areas: Vec<String>,
    #[serde(default)]
    organisations: Vec<String>,
    datasets: Vec<String>,
    indicators: Vec<String>,
}

/// The partners; nobody if there is no file.
pub(super) fn partners(content: &Content, reference: &Reference) -> Result<Partners, ContentError> {
    let Ok(text) = content.file(PARTNERS) else { return Ok(Partners::default()) };
    let file: PartnerFile = toml::from_str(text).map_err(|error| wrong(PARTNERS, error))?;
    let mut partners = Partners { trust_domain: file.trust_domain, all: Vec::new() };
    for (id, entry) in file.partners {
        let bad = |what: String| wrong(PARTNERS, format!("partners.{id}: {what}"));
        let partner = entry.partner(&id, reference).map_err(bad)?;
        for system in partner.systems.codes().map(|code| code.replace(ALL, "any")) {
            let (trust_domain, organisation) = (&partners.trust_domain, &partner.organisation);
            let uri = format!("spiffe://{trust_domain}/org/{organisation}/sys/{system}");
            let identity = uri.parse::<Identity>().map_err(|error| bad(error.to_string()))?;
            let other = partners.of(&identity).map(|other| other.id.clone());
            // A partner of all systems takes those of every other partner of its organisation.
            let of_organisation = partners.all.iter().find(|other| {
                partner.systems == Named::All && other.organisation == partner.organisation
            });
            if let Some(other) = other.or_else(|| of_organisation.map(|other| other.id.clone())) {
                return Err(bad(format!(
                    "the certificates of {organisation} are those of partners.{other} too: name different systems"
                )));
            }
        }
        partners.all.push(Arc::new(partner));
    }
    Ok(partners)
}

impl Entry {
    fn partner(self, id: &str, reference: &Reference) -> Result<Partner, String> {
        let is_name = |id: &str| {
            !id.is_empty()
                && id.len() <= 63
                && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        };
        if !is_name(id) || TAKEN.contains(&id) {
            return Err(format!(
                "its name has to be 1 to 63 small letters, digits and `-`, and neither of {}",
                TAKEN.join(", ")
            ));
        }
        let organisations = || reference.organisations().map(|of| of.code.as_str());
        let areas = || reference.areas().iter().map(|area| area.code.as_str());
        let submit_for = named("submit_for", self.submit_for, organisations)?;
        let submit_for_areas = named("submit_for_areas", self.submit_for_areas, areas)?;
        let nothing = || Scope {
            submit_for: submit_for.clone(),
            submit_for_areas: submit_for_areas.clone(),
            areas: Named::none(),
            organisations: Named::none(),
            datasets: BTreeSet::new(),
            indicators: Named::none(),
        };
        let (profile, scope) = match self.read {
            None => (None, nothing()),
            Some(read) => {
                let slugs = || Dataset::ALL.into_iter().map(Dataset::slug);
                let datasets = named("read.datasets", read.datasets, slugs)?;
                let indicators = || reference.indicators().map(|one| one.id.as_str());
                let scope = Scope {
                    areas: named("read.areas", read.areas, areas)?,
                    organisations: named("read.organisations", read.organisations, organisations)?,
                    datasets: Dataset::ALL
                        .into_iter()
                        .filter(|of| datasets.has(of.slug()))
                        .collect(),
                    indicators: named("read.indicators", read.indicators, indicators)?,
                    ..nothing()
                };
                (Some(read.profile), scope)
            }
        };
        let systems = match self.systems {
            None => Named::All,
            Some(systems) => Named::Only(systems.into_iter().collect()),
        };
        if systems == Named::none() {
            return Err(
                "systems is empty: name them, or leave it out for all systems of the organisation"
                    .to_owned(),
            );
        }
        let (id, organisation, roles) = (id.to_owned(), self.organisation, self.roles);
        let of_telemetry = |given: Telemetry| given.subscription(reference, &scope);
        let telemetry = self.telemetry.map(of_telemetry).transpose();
        let telemetry = telemetry.map_err(|why| format!("telemetry: {why}"))?.map(Arc::new);
        let scope = Arc::new(scope);
        Ok(Partner { id, organisation, systems, profile, scope, roles, telemetry })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: &str = "read = { profile = \"PARTNER\", areas = [\"QK1\"], datasets = [\"consultations\"], indicators = [\"*\"] }";

    fn read(partners: &str) -> Result<Reference, String> {
        let text = format!("trust_domain = \"equity.example\"\n{partners}");
        Reference::new(&Content::embedded().and(PARTNERS, text)).map_err(|error| error.what)
    }

    fn of<'a>(reference: &'a Reference, uri: &str) -> Option<&'a str> {
        reference.partners().of(&uri.parse().unwrap()).map(|partner| partner.id.as_str())
    }

    #[test]
    fn nobody_may_do_what_is_not_named() {
        let one = "[partners.one]\norganisation = \"C82001\"\nsystems = [\"emis\"]";
        let reference = read(one).unwrap();
        assert_eq!(of(&reference, "spiffe://equity.example/org/C82001/sys/emis"), Some("one"));
        for other in [
            "equity.example/org/C82001/sys/tpp",
            "equity.example/org/C82002/sys/emis",
            "other/org/C82001/sys/emis",
        ] {
            assert_eq!(of(&reference, &format!("spiffe://{other}")), None, "{other}");
        }
        let partner = reference.partners().iter().next().unwrap();
        assert_eq!((partner.profile, partner.roles.len()), (None, 0));
        let scope = &partner.scope;
        assert!(
            !scope.submits_for(&reference, "C82001", None)
                && !scope.reads_organisation(&reference, "C82001")
        );
        assert!(!scope.reads_area(&reference, "QK1") && !scope.indicators.has("CH-01"));
        assert!(Reference::new(&Content::embedded()).unwrap().partners().iter().next().is_none());
    }

    #[test]
    fn an_area_holds_what_lies_in_it_and_not_what_is_around_it() {
        let narrow = READ.replace("QK1", "03W");
        let one = format!(
            "[partners.one]\norganisation = \"QK1\"\nsubmit_for_areas = [\"03W\"]\n{narrow}"
        );
        let reference = read(&one).unwrap();
        let scope = &reference.partners().iter().next().unwrap().scope;
        for (organisation, is_in) in [("C82001", true), ("C82003", false), ("04C", false)] {
            assert_eq!(scope.submits_for(&reference, organisation, None), is_in, "{organisation}");
            assert_eq!(scope.reads_organisation(&reference, organisation), is_in, "{organisation}");
        }
        assert!(scope.reads_area(&reference, "03W") && !scope.reads_area(&reference, "QK1"));
    }

    /// Frimley ended in March 2026. The practice came to a system that began then, and to a sub-ICB location that existed before.
    #[test]
    fn an_area_holds_an_organisation_in_the_months_in_which_it_belongs_to_it() {
        let mut of = String::new();
        for area in ["QNQ", "D4U1Y", "S9B9J", "92A", "U67032"] {
            let name = area.to_lowercase();
            of += &format!(
                "[partners.{name}]\norganisation = \"{area}\"\nsubmit_for_areas = [\"{area}\"]\n"
            );
        }
        of += "[partners.own]\norganisation = \"H81013\"\nsubmit_for = [\"H81013\"]\n";
        let reference = read(&of).unwrap();
        let month = |month: &str| month.parse::<crate::domain::period::Month>().unwrap();
        let submits = |id: &str, first: &str, last: &str| {
            let scope = &reference.partners().named(id).unwrap().scope;
            scope.submits_for(&reference, "H81013", Some((month(first), month(last))))
        };
        for (area, before, since) in [
            ("qnq", true, false),
            ("d4u1y", true, false),
            ("s9b9j", false, true),
            ("92a", false, true),
            ("u67032", true, true),
            ("own", true, true),
        ] {
            assert_eq!(submits(area, "2019-01", "2019-01"), before, "{area} in 2019");
            assert_eq!(submits(area, "2026-03", "2026-03"), before, "{area} in its last month");
            assert_eq!(submits(area, "2026-04", "2026-04"), since, "{area} in its first month");
            assert_eq!(submits(area, "2026-05", "2026-05"), since, "{area} in May 2026");
            assert!(submits(area, "2025-04", "2026-05"), "{area} in some of these months");
        }
    }

    #[test]
    fn every_mistake_is_named() {
        let one = |rest: &str| format!("[partners.one]\norganisation = \"C82001\"\n{rest}\n");
        for (text, expected) in [
            (one("submit_for = [\"C82O01\"]"), "`C82O01`"),
            (one("submit_for = [\"*\", \"C82001\"]"), "`*` stands alone"),
            (one("submits_for = []"), "submits_for"),
            (one("systems = []"), "systems is empty"),
            (one("roles = [\"root\"]"), "root"),
            (one(&READ.replace("consultations", "consultation")), "the nearest is `consultations`"),
            (one(&READ.replace("PARTNER", "EVERYTHING")), "EVERYTHING"),
            (one("").replace("partners.one", "partners.local"), "local"),
            (one("").replace("C82001", "c82001"), "spiffe://"),
            (
                format!("{}{}", one(""), one("systems = [\"tpp\"]").replace("one", "two")),
                "name different systems",
            ),
            (
                format!("{}{}", one("systems = [\"tpp\"]"), one("").replace("one", "two")),
                "name different systems",
            ),
        ] {
            let wrong = read(&text).expect_err(&text);
            assert!(wrong.contains(expected), "{text}: {wrong}");
        }
    }
}
