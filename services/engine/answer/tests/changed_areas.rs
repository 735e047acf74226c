//! Months before and after April 2026, when systems and locations changed: answers held against a naive count, which reads the files of
//! areas, organisations and small areas for itself.

use std::collections::BTreeMap;

use super::faults::{contacts, row, said};
use super::random::{Random, cases};
use super::running::{Running, everything};
use super::view::views;
use crate::domain::codes::Content;
use crate::domain::collection::Dataset;
use crate::domain::field::Field;
use crate::engine::query::{AsOf, Asked, Basis, Filter, Query};

const MONTHS: [&str; 4] = ["2026-02", "2026-03", "2026-04", "2026-05"];
/// Systems that ended, began, got another boundary, or stayed.
const SYSTEMS: [&str; 11] =
    ["QNQ", "QRL", "QXU", "QU9", "QM7", "QJG", "S0E4D", "S9B9J", "S1Y5D", "D7T5G", "QK1"];
const LOCATIONS: [&str; 6] = ["D4U1Y", "92A", "D9Y0V", "U2G6B", "10Q", "06K"];

type Line = BTreeMap<String, String>;
/// The lines of a file by code.
type File = BTreeMap<String, Line>;

fn file(content: &Content, name: &str, key: &str, keeps: impl Fn(&Line) -> bool) -> File {
    let mut reader = csv::Reader::from_reader(content.file(name).unwrap().as_bytes());
    let rows = reader.deserialize::<Line>().map(Result::unwrap).filter(|row| keeps(row));
    rows.map(|row| (row[key].clone(), row)).collect()
}

fn list(cell: &str) -> impl Iterator<Item = &str> {
    cell.split(';').filter(|code| !code.is_empty())
}

/// A consultation count: organisation, month, home if it is known, and how many.
struct Fact {
    organisation: String,
    month: &'static str,
    home: Option<String>,
    count: u64,
}

struct Naive {
    areas: File,
    organisations: File,
    homes: File,
    facts: Vec<Fact>,
}

impl Naive {
    fn new(content: &Content) -> Self {
        Self {
            areas: file(content, "areas.csv", "code", |_| true),
            organisations: file(content, "organisations.csv", "code", |_| true),
            homes: file(content, "lsoa.csv", "lsoa", |row| row["edition"] == "lsoa_2021"),
            facts: Vec::new(),
        }
    }

    fn has_ended(&self, area: &str, month: &str) -> bool {
        let last = &self.areas[area]["last_month"];
        !last.is_empty() && last.as_str() < month
    }

    fn exists(&self, area: &str, month: &str) -> bool {
        self.areas[area]["first_month"].as_str() <= month && !self.has_ended(area, month)
    }

    /// The areas of an organisation, with the first month in each.
    fn areas_of(&self, organisation: &str) -> impl Iterator<Item = (&str, &str)> {
        let areas = list(&self.organisations[organisation]["areas"]);
        areas.map(|area| area.split_once('@').unwrap_or((area, "")))
    }

    /// Whether an organisation is counted in an area.
    fn belongs(&self, organisation: &str, area: &str, month: &str) -> bool {
        self.areas_of(organisation)
            .any(|(of, since)| of == area && since <= month && !self.has_ended(area, month))
    }

    /// The area of a type that an organisation is in.
    fn area_of(&self, organisation: &str, kind: &str, month: &str) -> String {
        let of_kind =
            || self.areas_of(organisation).filter(|(of, _)| self.areas[*of]["type"] == kind);
        let mut then = of_kind().filter(|(of, since)| *since <= month && self.exists(of, month));
        let found = then.next().or_else(|| of_kind().next());
        found.map_or("!NOT_APPLICABLE".into(), |(of, _)| of.to_owned())
    }

    /// The system that a home is in.
    fn system_of(&self, home: &str, month: &str) -> String {
        let row = &self.homes[home];
        let former = row.get("former_sub_icb").map_or("", String::as_str);
        let was = list(former).filter(|of| !self.has_ended(of, month)).last();
        let location = was.unwrap_or(&row["sub_icb"]);
        let is_system = |of: &&str| self.areas[*of]["type"] == "system";
        let of = &self.areas[location];
        let mut ended = list(&of["former_parents"]).filter(is_system);
        let then = ended.find(|of| !self.has_ended(of, month));
        let now = || list(&of["parents"]).find(is_system).filter(|of| self.exists(of, month));
        let today = || list(&self.areas[&row["sub_icb"]]["parents"]).find(is_system).unwrap();
        then.or_else(now).unwrap_or_else(today).to_owned()
    }

    /// Whether a question is about a fact by its place.
    fn is_at(&self, asked: &Asked, fact: &Fact) -> bool {
        if let [organisation] = asked.organisations.as_slice() {
            return fact.organisation == *organisation;
        }
        let (area, month) = (asked.area.as_str(), fact.month);
        if asked.basis != Some(Basis::Residence) {
            return self.belongs(&fact.organisation, area, month);
        }
        // Before it began, the people within its first boundary.
        let month = month.max(self.areas[area]["first_month"].as_str());
        let lives = |home: &String| self.system_of(home, month) == area;
        !self.has_ended(area, month) && fact.home.as_ref().is_some_and(lives)
    }

    fn label(&self, dimension: &str, fact: &Fact) -> String {
        let of_home = |told: &dyn Fn(&String) -> String| {
            let same = |of: &&Fact| of.organisation == fact.organisation && of.month == fact.month;
            let given = self.facts.iter().filter(same).any(|of| of.home.is_some());
            let missing = if given { "!NOT_RECORDED" } else { "!NOT_COLLECTED" };
            fact.home.as_ref().map_or(missing.into(), told)
        };
        match dimension {
            "month" => fact.month.to_owned(),
            "organisation" => fact.organisation.clone(),
            "residence_lsoa" => of_home(&|home| home.clone()),
            "residence_system" => of_home(&|home| self.system_of(home, fact.month)),
            kind => self.area_of(&fact.organisation, kind, fact.month),
        }
    }

    fn count(&self, asked: &Asked) -> BTreeMap<Vec<String>, u64> {
        let mut rows = BTreeMap::new();
        let meets = |of: &Filter, fact: &Fact| self.label(&of.dimension, fact) == of.codes[0];
        for fact in &self.facts {
            let is_asked = (asked.first.as_str()..=asked.last.as_str()).contains(&fact.month)
                && self.is_at(asked, fact)
                && asked.filters.iter().all(|of| meets(of, fact));
            if is_asked {
                let key: Vec<_> = asked.by.iter().map(|id| self.label(id, fact)).collect();
                *rows.entry(Vec::new()).or_default() += fact.count;
                if !key.is_empty() {
                    *rows.entry(key).or_default() += fact.count;
                }
            }
        }
        rows
    }

    /// Practices and small areas that came to other areas, and some of those around them.
    fn fill(&mut self, random: &mut Random, running: &mut Running) {
        let is_near = |(code, row): &(&String, &Line)| {
            let mut areas = self.areas_of(code).map(|(of, _)| of);
            row["type"] == "practice"
                && row["last_month"].is_empty()
                && areas.any(|of| SYSTEMS.contains(&of))
        };
        let mut practices: Vec<_> =
            self.organisations.iter().filter(is_near).map(|(code, _)| code.clone()).collect();
        let came = |code: &String| {
            let mut areas = self.areas_of(code);
            areas.any(|(of, since)| !since.is_empty() || self.has_ended(of, "2026-05"))
        };
        practices.sort_by_key(|code| !came(code));
        let changed = practices.iter().filter(|code| came(code)).count();
        let mut some: Vec<_> = (0..7).map(|_| practices[random.below(changed)].clone()).collect();
        some.push(practices[changed + random.below(practices.len() - changed)].clone());
        some.sort();
        some.dedup();
        let of_system = |code: &String| MONTHS.map(|month| self.system_of(code, month));
        let homes: Vec<_> = self.homes.keys().step_by(17).collect();
        let is_near =
            |code: &&&String| of_system(code).iter().any(|of| SYSTEMS.contains(&of.as_str()));
        let mut homes: Vec<_> = homes.iter().filter(is_near).map(|code| (*code).clone()).collect();
        random.shuffle(&mut homes);
        homes.truncate(40);
        for organisation in &some {
            for month in MONTHS {
                let mut rows = Vec::new();
                for _ in 0..random.below(12) {
                    let home = random.chance(90).then(|| random.pick(&homes).clone());
                    let count = 1 + random.below(300);
                    let fields = [(Field::Channel, "TELEPHONE")];
                    let lives = home.iter().map(|home| (Field::ResidenceLsoa, home.as_str()));
                    let fields: Vec<_> = fields.into_iter().chain(lives).collect();
                    rows.push(row(u32::try_from(count).unwrap(), &fields));
                    let (organisation, count) = (organisation.clone(), count as u64);
                    self.facts.push(Fact { organisation, month, home, count });
                }
                if !rows.is_empty() {
                    running.submit(said(Dataset::Consultations, organisation, month, rows));
                }
            }
        }
    }

    fn question(&self, random: &mut Random) -> Asked {
        let (one, other) = (random.pick(&MONTHS), random.pick(&MONTHS));
        let mut asked = Asked {
            collection: "synthetic-llr".into(),
            first: (*one.min(other)).into(),
            last: (*one.max(other)).into(),
            ..Asked::default()
        };
        match random.below(4) {
            0 => asked.organisations.push(random.pick(&self.facts).organisation.clone()),
            1 => {
                asked.area = (*random.pick(&SYSTEMS)).into();
                asked.basis = Some(Basis::Residence);
            }
            2 => asked.area = (*random.pick(&LOCATIONS)).into(),
            _ => asked.area = (*random.pick(&SYSTEMS)).into(),
        }
        let mut dimensions =
            ["month", "organisation", "residence_system", "residence_lsoa", "pcn", "sub_icb"];
        random.shuffle(&mut dimensions);
        asked.by = dimensions[..random.below(4)].iter().map(|id| (*id).to_owned()).collect();
        for (dimension, codes) in [("residence_system", &SYSTEMS[..]), ("sub_icb", &LOCATIONS)] {
            if random.chance(20) {
                let codes = vec![(*random.pick(codes)).to_owned()];
                asked.filters.push(Filter { dimension: dimension.into(), codes });
            }
        }
        asked
    }
}

/// The built-in content, in which it is not known where small areas were.
fn without_former() -> Content {
    let embedded = Content::embedded();
    let lines = embedded.file("lsoa.csv").unwrap().lines();
    let lines: Vec<_> = lines.map(|line| line.rsplit_once(',').unwrap().0).collect();
    Content::with([("lsoa.csv".to_owned(), lines.join("\n"))])
}

#[test]
fn months_around_april_2026_are_counted_by_the_areas_of_each() {
    let (mut filled, mut crossed, mut conditions) = (0, 0, 0);
    for seed in 0..cases(4) {
        let mut random = Random::new(7_000 + seed);
        let mut running = Running::new();
        let content = if seed % 4 == 3 { without_former() } else { Content::embedded() };
        let mut naive = Naive::new(&content);
        running.reopen_with(content);
        naive.fill(&mut random, &mut running);
        let reference = running.reference();
        for _ in 0..150 {
            let asked = naive.question(&mut random);
            let query = Query::new(&reference, &everything(), &asked, AsOf::Head);
            let query = query.unwrap_or_else(|error| panic!("{asked:?}: {error}"));
            let answer = running.engine().answer(&contacts(query)).unwrap();
            let found = views(&answer).map(|row| (row.labels(), row.count("CONTACTS")));
            let found: BTreeMap<_, _> = found.filter(|(_, count)| *count > 0).collect();
            let expected = naive.count(&asked);
            assert_eq!(found, expected, "world {seed}: {asked:?}");
            filled += usize::from(!found.is_empty());
            let is_crossed = asked.first.as_str() < "2026-04" && "2026-04" <= asked.last.as_str();
            crossed += usize::from(!found.is_empty() && is_crossed);
            conditions += usize::from(!found.is_empty() && !asked.filters.is_empty());
        }
    }
    assert!(filled > 100 && crossed > 50 && conditions > 20, "{filled} {crossed} {conditions}");
}
