//! The nearest valid name, which every refusal of an unknown name suggests.

/// The candidate most similar to `given`; none if no candidate is similar enough to suggest.
#[must_use]
pub fn nearest<'a>(given: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase();
    let alike = |candidate: &str| {
        let candidate = candidate.to_lowercase();
        let holds = given.len() >= 3 && candidate.contains(&given);
        strsim::jaro_winkler(&given, &candidate) + if holds { 1.0 } else { 0.0 }
    };
    candidates
        .map(|candidate| (alike(candidate), candidate))
        .filter(|(similarity, _)| *similarity > 0.6)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_name_is_nearer_than_a_name_that_looks_alike() {
        let channels = ["FACE_TO_FACE", "HOME_VISIT", "TELEPHONE", "VIDEO"];
        assert_eq!(nearest("phone", channels.into_iter()), Some("TELEPHONE"));
        assert_eq!(nearest("VIDO", channels.into_iter()), Some("VIDEO"));
        assert_eq!(nearest("xyz", channels.into_iter()), None);
    }
}
