//! The place of a question: organisations, or an area, by where care is given or where people live.

use super::asked::{Asked, Basis, Where};
use super::errors::{Wrong, area_named, field, too_wide, unknown_organisation};
use crate::domain::area::Area;
use crate::domain::reference::Reference;
use crate::engine::error::QueryError;

const ORGANISATIONS: usize = 1000;

pub(super) fn place(reference: &Reference, asked: &Asked) -> Result<Where, QueryError> {
    match (asked.area.as_str(), asked.organisations.as_slice()) {
        ("", []) => Err(field("area", "give an area or organisations")),
        ("", organisations) => {
            if asked.basis == Some(Basis::Residence) {
                return Err(field(
                    "area_basis",
                    "RESIDENCE needs `area`: organisations are where care is given",
                ));
            }
            if organisations.len() > ORGANISATIONS {
                return Err(field(
                    "organisations",
                    format!("must have at most {ORGANISATIONS} codes: name fewer, or name an area"),
                ));
            }
            let mut wrong = Wrong::default();
            let mut codes = Vec::new();
            for code in organisations {
                if wrong.is_full() {
                    break;
                } else if codes.contains(code) {
                    let twice = format!("`{code}` is listed twice");
                    wrong.take::<()>(Err(field("organisations", twice)));
                } else if reference.organisation(code).is_none() {
                    let near = Some(code).filter(|_| wrong.looks_near());
                    let near = near.and_then(|code| reference.nearest_organisation(code));
                    let unknown = unknown_organisation("query.organisations", code, near);
                    wrong.take::<()>(Err(unknown));
                }
                codes.push(code.clone());
            }
            wrong.unless(Some(Where::Organisations(codes)))
        }
        (area, []) => {
            let area = area_named(reference, ("area", "query.area"), area)?;
            if area.is_wider() {
                return Err(too_wide(reference, area));
            }
            if asked.basis != Some(Basis::Residence) {
                provided_in(reference, area)?;
                return Ok(Where::Provider(area.code.clone()));
            }
            if reference.residence_dimension(area).is_none() {
                return Err(QueryError::Refused(format!(
                    "nobody lives in a {}: by residence ask for a district, place or system, or ask for {} by PROVIDER",
                    area.kind, area.code
                )));
            }
            Ok(Where::Residence(area.code.clone()))
        }
        _ => Err(field("organisations", "give an area or organisations, not both")),
    }
}

/// Whether organisations belong to areas of this kind at all.
///
/// # Errors
/// None does; says how the area is answered, and by what around it.
fn provided_in(reference: &Reference, area: &Area) -> Result<(), QueryError> {
    let areas = reference.areas();
    let belongs = |kind: &str| reference.without(kind).count() < reference.everybody().len();
    if belongs(&area.kind) {
        return Ok(());
    }
    let lived_in = reference.residence_dimension(area).map(|_| "it by RESIDENCE".to_owned());
    let around = areas.ancestors(&area.code).into_iter().filter_map(|code| areas.get(code));
    let around = around.filter(|around| belongs(&around.kind));
    // The nearest of them is held by the others.
    let nearest = around.max_by_key(|around| areas.ancestors(&around.code).len());
    let around = nearest.map(|around| format!("{}, which holds it, by PROVIDER", around.code));
    let instead: Vec<_> = lived_in.into_iter().chain(around).collect();
    Err(QueryError::Refused(format!(
        "no organisation belongs to {}, or to any other {}: ask for {}",
        area.code,
        area.kind,
        instead.join(", or for ")
    )))
}
