//! Areas that began, ended or have another boundary: what an answer about them says.

use super::Reference;
use crate::domain::area::Area;
use crate::domain::period::Month;

impl Reference {
    /// What changed about an area within some months, or before them, in sentences.
    #[must_use]
    pub fn boundary_changes(&self, code: &str, months: (Month, Month)) -> Vec<String> {
        let Some(area) = self.areas().get(code) else { return Vec::new() };
        let named = format!("{} ({})", area.code, area.name);
        let mut said = Vec::new();
        if let Some(last) = area.last_month.filter(|last| *last < months.1) {
            said.push(format!(
                "{named} ended after {last}: later months have no figures under this code. {}",
                self.after(area)
            ));
        }
        if let Some(first) = area.first_month.filter(|first| *first > months.0) {
            let mut began = format!(
                "{named} began in {first}: earlier months are of the organisations that belong to it now."
            );
            for divided in self.divided_into(&area.code) {
                began += &format!(
                    " What {} ({}) submitted is not counted here, because it was divided between several areas.",
                    divided.code, divided.name
                );
            }
            said.push(began);
        }
        for from in area.breaks.iter().filter(|from| months.0 < **from && **from <= months.1) {
            said.push(format!(
                "SERIES BREAK: {named} has another boundary from {from} on. Figures before and after are of different areas."
            ));
        }
        said
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::codes::Content;

    fn said(code: &str, first: &str, last: &str) -> Vec<String> {
        let reference = Reference::new(&Content::embedded()).unwrap();
        reference.boundary_changes(code, (first.parse().unwrap(), last.parse().unwrap()))
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
        let began = said("Z9B2Z", "2026-01", "2026-06");
        assert!(began[0].contains("2026-04") && !began[0].contains("is not counted"), "{began:?}");
        for code in ["QRL", "92A", "D9Y0V"] {
            let broken = said(code, "2026-03", "2026-04");
            assert!(broken.len() == 1 && broken[0].starts_with("SERIES BREAK"), "{broken:?}");
        }
    }
}
