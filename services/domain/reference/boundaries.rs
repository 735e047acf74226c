//! Areas that began, ended or have another boundary: what an answer about them says.

use std::collections::BTreeSet;

use super::Reference;
use crate::domain::area::Area;
use crate::domain::period::Month;

/// Who is counted in an area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// The organisations that belong to it: until its boundary changed, those that belonged to it before.
    Organisations,
    /// The people who live in it: within its boundary of each month, or within its first one in the months before it began.
    Residents,
}

impl Reference {
    /// What changed about an area within some months, or before them, in sentences.
    #[must_use]
    pub fn boundary_changes(
        &self,
        code: &str,
        months: (Month, Month),
        counted: Counted,
    ) -> Vec<String> {
        let Some(area) = self.areas().get(code) else { return Vec::new() };
        let named = format!("{} ({})", area.code, area.name);
        let mut said: Vec<_> = self.ended(area, months.1).into_iter().collect();
        let began = area.first_month.filter(|first| *first > months.0);
        if counted == Counted::Residents {
            let known: BTreeSet<Month> = self.residence_changes_of(&area.code).collect();
            // A boundary that the small areas do not tell.
            let unknown = area.breaks.iter().filter(|from| !known.contains(from));
            let unknown = unknown.filter(|from| months.0 < **from).max().copied();
            said.extend(began.or(unknown).map(|from| {
                format!(
                    "{named} has its boundary from {from} on. Figures of earlier months are of the people who live within this boundary."
                )
            }));
            said.extend(self.series_breaks(code, months, counted));
            return said;
        }
        if let Some(first) = began {
            let mut began = format!(
                "{named} began in {first}: earlier months are of the organisations that belong to it now.{}",
                self.before(area)
            );
            for divided in self.divided_into(&area.code) {
                began += &format!(
                    " What {} ({}) submitted is not counted here, because it was divided between several areas.",
                    divided.code, divided.name
                );
            }
            said.push(began);
        }
        said.extend(self.series_breaks(code, months, counted));
        said
    }

    /// Where figures before and after a month within some months are of different areas under the same code, in sentences. Some areas
    /// are organisations too: sub-ICB locations.
    #[must_use]
    pub fn series_breaks(
        &self,
        code: &str,
        months: (Month, Month),
        counted: Counted,
    ) -> Vec<String> {
        let Some(area) = self.areas().get(code) else { return Vec::new() };
        let breaks: Vec<Month> = match counted {
            Counted::Organisations => area.breaks.clone(),
            Counted::Residents => self.residence_changes_of(&area.code).collect(),
        };
        let within = breaks.into_iter().filter(|from| months.0 < *from && *from <= months.1);
        within.map(|from| series_break(area, from)).collect()
    }

    /// The area that a figure is about, by its first code, and which boundary of the area, as the number of newer ones. `given`: the code that
    /// the figure was published under; `last`: its last month. A code that no area has is kept.
    #[must_use]
    pub fn boundary<'a>(&'a self, given: &'a str, last: Month) -> (&'a str, usize) {
        let found = |area: &'a Area| (area.code.as_str(), area.boundary_of(given, last));
        self.areas().get(given).map_or((given, 0), found)
    }

    /// Says which boundary of an area an ONS code was given for, if the area has another one in some of the months. ONS gives an area
    /// another code with another boundary, and all of these codes find the area.
    #[must_use]
    pub fn boundary_of_code(&self, given: &str, months: (Month, Month)) -> Option<String> {
        let area = self.areas().get(given)?;
        let newer = area.newer_boundaries(given)?;
        let named = format!("{} ({})", area.code, area.name);
        let newest_first = || area.breaks.iter().rev().copied();
        let from = newest_first().nth(newer);
        let until = match newer.checked_sub(1).map(|newer| newest_first().nth(newer)) {
            None => None,
            Some(Some(next)) => next.previous(),
            Some(None) => {
                return Some(format!(
                    "{given} is a former code of {named}, for an earlier boundary. The months of this boundary are not known here. Figures are \
                     of the boundary that {} has in each month.",
                    area.code
                ));
            }
        };
        let has_it =
            from.is_none_or(|from| from <= months.0) && until.is_none_or(|until| months.1 <= until);
        let span = match (from, until) {
            (Some(from), Some(until)) => format!("from {from} to {until}"),
            (Some(from), None) => format!("from {from} on"),
            (None, Some(until)) => format!("until {until}"),
            (None, None) => return None,
        };
        (!has_it).then(|| {
            format!(
                "{given} is the code of {named} for its boundary {span}. Figures of other months are of the boundary in those months."
            )
        })
    }

    /// What changed about an area within some months, or before them, in sentences about a condition on it: a month is counted by the
    /// areas that were there in it.
    #[must_use]
    pub fn changes_of_condition(
        &self,
        code: &str,
        months: (Month, Month),
        counted: Counted,
    ) -> Vec<String> {
        let Some(area) = self.areas().get(code) else { return Vec::new() };
        let mut said: Vec<_> = self.ended(area, months.1).into_iter().collect();
        let began = area.first_month.filter(|first| *first > months.0);
        // Of a stand-in it is said that it has people of earlier months.
        let began = began.filter(|_| !self.stand_ins(months.0).contains(&area.code));
        said.extend(began.map(|first| {
            format!(
                "{} ({}) began in {first}: earlier months have no figures under this code.{}",
                area.code,
                area.name,
                self.before(area)
            )
        }));
        said.extend(self.series_breaks(code, months, counted));
        said
    }

    /// Says of a table by where people live which changes of areas are within its months.
    #[must_use]
    pub fn residence_changes_within(&self, months: (Month, Month)) -> Option<String> {
        let within = |changes: &mut dyn Iterator<Item = &Month>| {
            let within = changes.filter(|from| months.0 < **from && **from <= months.1);
            within.map(ToString::to_string).collect::<Vec<_>>().join(", ")
        };
        let systems = within(&mut self.residence_changes().iter());
        let locations = within(&mut self.places.in_force.changes_of_locations.iter());
        let mut said = Vec::new();
        if !systems.is_empty() {
            said.push(format!(
                "Systems changed in {systems}. A month is counted by the systems that people lived in then."
            ));
        }
        if !locations.is_empty() {
            said.push(format!(
                "Sub-ICB locations changed in {locations}. Their people stayed in the same systems."
            ));
        }
        (!said.is_empty()).then(|| said.join(" "))
    }

    /// Says which systems of today have people of months in which they did not exist.
    #[must_use]
    pub fn stand_ins_within(&self, months: impl Iterator<Item = Month>) -> Option<String> {
        let systems: BTreeSet<_> = months.flat_map(|month| self.stand_ins(month)).collect();
        let named = systems.iter().filter_map(|code| self.areas().get(code));
        let named = named.map(|area| format!("{} ({})", area.code, area.name)).collect::<Vec<_>>();
        (!named.is_empty()).then(|| {
            format!(
                "The reference content names no system for some homes in months in which their system of today did not exist. They are counted in the system of today: {}.",
                named.join(", ")
            )
        })
    }

    /// Says of a place that lies in several systems which these are; none: it lies in one.
    #[must_use]
    pub fn several_systems(&self, place: &Area) -> Option<String> {
        let is_system =
            |code: &&String| self.areas().get(code).is_some_and(|of| of.kind == "system");
        let systems: Vec<_> = place.parents.iter().filter(is_system).map(String::as_str).collect();
        let named = format!("{} ({})", place.code, place.name);
        (systems.len() > 1)
            .then(|| format!("{named} lies in several systems: {}.", systems.join(", ")))
    }

    /// Places that lie in a system and in others, in sentences about their rows.
    #[must_use]
    pub fn shared_places(&self, system: &str) -> Vec<String> {
        let within = self.areas().iter().filter(|area| area.parents.iter().any(|of| of == system));
        let said = within.filter_map(|area| self.several_systems(area));
        said.map(|said| format!("{said} Its row has the people in {system} alone.")).collect()
    }

    /// Says of an area that it ended before a month.
    fn ended(&self, area: &Area, month: Month) -> Option<String> {
        let last = area.last_month.filter(|last| *last < month)?;
        Some(format!(
            "{} ({}) ended after {last}: later months have no figures under this code. {}",
            area.code,
            area.name,
            self.after(area)
        ))
    }

    /// Where the people of an area that ended are now.
    fn after(&self, area: &Area) -> String {
        let named = area.successors.iter().map(|code| {
            let name = self.areas().get(code).map_or("", |next| &next.name);
            format!("{code} ({name})")
        });
        match named.collect::<Vec<_>>().as_slice() {
            [] => "No area took its place.".into(),
            [one] => format!("It is part of {one} since."),
            several => {
                format!("It was divided between {}: none of them is all of it.", several.join(", "))
            }
        }
    }

    /// The areas that were there before an area.
    fn before(&self, area: &Area) -> String {
        let succeeds = |before: &&Area| before.successors.contains(&area.code);
        let of_kind = self.areas().iter().filter(|before| before.kind == area.kind);
        let named = of_kind.filter(succeeds).map(|before| {
            let part = if before.successors.len() > 1 { "a part of " } else { "" };
            format!("{part}{} ({})", before.code, before.name)
        });
        match named.collect::<Vec<_>>().as_slice() {
            [] => String::new(),
            named => format!(" Before it there were {}.", named.join(", ")),
        }
    }

    /// Areas that submitted data, and were divided between this area, or areas in it, and others.
    fn divided_into<'a>(&'a self, code: &'a str) -> impl Iterator<Item = &'a Area> {
        self.areas().iter().filter(move |area| {
            let lies_in = |next: &String| self.areas().ancestors(next).contains(code);
            area.successors.len() > 1
                && area.successors.iter().any(lies_in)
                && self.organisation(&area.code).is_some()
        })
    }
}

fn series_break(area: &Area, from: Month) -> String {
    format!(
        "SERIES BREAK: {} ({}) has another boundary from {from} on. Figures before and after are of different areas.",
        area.code, area.name
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::codes::Content;

    fn of(counted: Counted, (code, first, last): (&str, &str, &str)) -> Vec<String> {
        let reference = Reference::new(&Content::embedded()).unwrap();
        let months = (first.parse().unwrap(), last.parse().unwrap());
        reference.boundary_changes(code, months, counted)
    }

    fn said(code: &str, first: &str, last: &str) -> Vec<String> {
        of(Counted::Organisations, (code, first, last))
    }

    #[test]
    fn people_are_counted_within_the_boundary_of_each_month() {
        let said = |code, first, last| of(Counted::Residents, (code, first, last));
        for (code, says) in [("QRL", "SERIES BREAK"), ("S0E4D", "within this boundary")] {
            let within = said(code, "2025-01", "2026-06");
            assert!(within.len() == 1 && within[0].contains("from 2026-04 on"), "{within:?}");
            assert!(within[0].contains(says), "{within:?}");
            assert!(said(code, "2026-04", "2026-06").is_empty());
        }
        assert!(said("QRL", "2025-01", "2026-03").is_empty(), "one boundary");
        assert!(said("S0E4D", "2025-01", "2026-03").len() == 1, "its first boundary");
        assert!(said("QNQ", "2026-01", "2026-04")[0].contains("ended after 2026-03"));
        assert!(said("QK1", "2019-01", "2026-06").is_empty());
    }

    #[test]
    fn an_answer_says_what_changed_about_its_area_in_its_months_or_before() {
        assert!(said("QK1", "2020-01", "2026-06").is_empty());
        assert!(said("QNQ", "2020-01", "2026-03").is_empty());
        assert!(said("S0E4D", "2026-04", "2026-06").is_empty());
        assert!(
            said("QRL", "2026-04", "2026-06").is_empty(),
            "the first month of the new boundary"
        );
        let ended = &said("QNQ", "2026-05", "2026-06")[0];
        for part in ["after 2026-03", "QRL (", "S0E4D (", "S9B9J (", "divided"] {
            assert!(ended.contains(part), "{ended}");
        }
        assert!(said("QU9", "2026-05", "2026-06")[0].contains("part of S0E4D (Thames Valley)"));
        let began = said("S0E4D", "2026-01", "2026-06");
        assert!(began[0].contains("D4U1Y") && began[0].contains("is not counted"), "{began:?}");
        assert!(began[0].contains("a part of QNQ (Frimley), QU9 ("), "{began:?}");
        let began = said("Z9B2Z", "2026-01", "2026-06");
        assert!(began[0].contains("2026-04") && !began[0].contains("is not counted"), "{began:?}");
        for code in ["QRL", "92A", "D9Y0V"] {
            let broken = said(code, "2026-03", "2026-04");
            assert!(broken.len() == 1 && broken[0].starts_with("SERIES BREAK"), "{broken:?}");
        }
    }

    #[test]
    fn a_code_of_another_boundary_is_said() {
        let reference = Reference::new(&Content::embedded()).unwrap();
        let said = |given, first: &str, last: &str| {
            let months = (first.parse().unwrap(), last.parse().unwrap());
            reference.boundary_of_code(given, months).unwrap_or_default()
        };
        for (given, first, last, says) in [
            ("E54000042", "2026-04", "2026-04", "for its boundary until 2026-03"),
            ("E54000042", "2026-03", "2026-04", "E54000042 is the code of QRL (Hampshire"),
            ("E54000067", "2026-03", "2026-03", "for its boundary from 2026-04 on"),
            ("E38000264", "2026-05", "2026-05", "92A (Surrey Heartlands) for its boundary until"),
            ("E38000246", "2020-01", "2020-01", "a former code of 92A"),
            ("E38000248", "2026-05", "2026-05", "The months of this boundary are not known here"),
        ] {
            let said = said(given, first, last);
            assert!(said.contains(says), "{given} {first} to {last}: {said}");
        }
        for (given, first, last) in [
            ("E54000042", "2020-01", "2026-03"),
            ("E54000067", "2026-04", "2026-06"),
            ("QRL", "2020-01", "2026-06"),
            ("E54000015", "2020-01", "2026-06"),
            ("E08000016", "2020-01", "2026-06"),
            ("nowhere", "2020-01", "2026-06"),
        ] {
            assert_eq!(said(given, first, last), "", "{given}");
        }
    }
}
