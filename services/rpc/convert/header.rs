//! The header of a submission, checked against the reference content.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use tonic::Status;

use super::query_error;
use crate::domain::area::Organisation;
use crate::domain::codes::{nearest, says_nothing};
use crate::domain::collection::{Collection, Dataset};
use crate::domain::field::Field;
use crate::domain::period::Month;
use crate::domain::reference::Reference;
use crate::domain::submission::Header;
use crate::engine::query::{no_collection, no_organisation};
use crate::proto::v1::SubmissionHeader;
use crate::rpc::status;

const SCHEME_BYTES: usize = 64;

/// Checks a header. A refusal names every field that is wrong. A month after that of `today` has no records yet.
pub(in crate::rpc) fn header(
    reference: &Reference,
    dataset: Dataset,
    today: Date,
    header: &SubmissionHeader,
) -> Result<Header, Status> {
    header_at("header", reference, dataset, today, header)
}

/// The same for a header that is the field `path` of the request.
pub(super) fn header_at(
    path: &str,
    reference: &Reference,
    dataset: Dataset,
    today: Date,
    header: &SubmissionHeader,
) -> Result<Header, Status> {
    let (organisation, collection) = (header.organisation.trim(), header.collection.trim());
    let scheme = header.person_key_scheme.trim();
    let mut problems = Vec::new();
    let mut wrong = |field: &str, what: String| problems.push((format!("{path}.{field}"), what));
    for (field, value, list) in [
        ("organisation", organisation, "ListOrganisations lists the codes"),
        ("collection", collection, "ListCollections lists the ids"),
    ] {
        if value.is_empty() {
            wrong(field, format!("is required; {list}"));
        }
    }
    let month = month(header.month.trim(), today);
    if let Err(what) = &month {
        wrong("month", what.clone());
    }
    let id = request_id(&header.request_id);
    if let Err(what) = &id {
        wrong("request_id", what.clone());
    }
    let code_systems = code_systems(reference, header, &mut wrong);
    let collected = collected(dataset, header, &mut wrong);
    if scheme.len() > SCHEME_BYTES {
        wrong("person_key_scheme", format!("must have at most {SCHEME_BYTES} bytes"));
    } else if says_nothing(scheme) {
        wrong(
            "person_key_scheme",
            format!("`{scheme}` names no method: leave it empty if there are no person keys"),
        );
    }
    let expected = header.expected_record_count.map(u64::try_from).transpose();
    if expected.is_err() {
        wrong("expected_record_count", "must be 0 or more".into());
    }
    let (Ok(month), Ok(request_id), Ok(expected_record_count), true) =
        (month, id, expected, problems.is_empty())
    else {
        return Err(status::fields_invalid(problems));
    };
    let organisation = reference
        .organisation(organisation)
        .ok_or_else(|| query_error(no_organisation(reference, organisation)))?;
    let collection = reference
        .collection(collection)
        .ok_or_else(|| query_error(no_collection(reference, collection)))?;
    if !collection.datasets.contains(&dataset) {
        let what = format!(
            "collection `{}` takes no {}; ListCollections shows the datasets that each collection takes",
            collection.id,
            dataset.slug()
        );
        return Err(status::field_invalid(format!("{path}.collection"), what));
    }
    if !collection.takes(&organisation.kind) {
        let what = other_type(reference, organisation, collection);
        return Err(status::field_invalid(format!("{path}.organisation"), what));
    }
    Ok(Header {
        organisation: organisation.code.clone(),
        collection: collection.id.clone(),
        dataset,
        month,
        request_id,
        code_systems,
        collected,
        person_key_scheme: scheme.to_owned(),
        expected_record_count,
        allow_partial: header.allow_partial,
        validate_only: header.validate_only,
        allow_shrinking: header.allow_shrinking,
    })
}

/// A month that is not after that of `today`.
fn month(text: &str, today: Date) -> Result<Month, String> {
    if text.is_empty() {
        return Err("is required: a calendar month such as `2020-04`".into());
    }
    let month: Month = text.parse().map_err(|error| format!("{error}"))?;
    let present = Month::new(today.year().into(), today.month().unsigned_abs().into());
    match present.filter(|present| month > *present) {
        Some(present) => Err(format!(
            "`{month}` is after the present month, `{present}`: records of it cannot exist yet"
        )),
        None => Ok(month),
    }
}

/// A request id in its one stored form: capitals make no other id.
pub(in crate::rpc) fn request_id(id: &str) -> Result<String, String> {
    let read = uuid::Uuid::try_parse(id).ok().filter(|read| id.len() == 36 && !read.is_nil());
    read.map(|read| read.hyphenated().to_string()).ok_or_else(|| {
        "must be a UUID of 36 characters that you choose for this change, and not all zeros: \
         `0b6e3c0e-9d7c-4a53-8f0e-2b1f6d1c7a55`"
            .into()
    })
}

/// The refusal of an organisation whose type a collection does not take.
fn other_type(
    reference: &Reference,
    organisation: &Organisation,
    collection: &Collection,
) -> String {
    let expected = &collection.expected_organisation_type;
    let mut alike = reference.organisations().filter(|one| one.kind == *expected);
    let example = alike.next().map_or(String::new(), |one| format!(", such as `{}`", one.code));
    format!(
        "collection `{}` takes organisations of the type `{expected}`{example}, but `{}` is a `{}`; ListOrganisations shows \
         the type of each organisation",
        collection.id, organisation.code, organisation.kind
    )
}

fn code_systems(
    reference: &Reference,
    header: &SubmissionHeader,
    wrong: &mut impl FnMut(&str, String),
) -> BTreeMap<Field, usize> {
    let mut systems = BTreeMap::new();
    let mut given: Vec<_> = header.code_systems.iter().collect();
    given.sort();
    for (name, system) in given {
        let path = format!("code_systems[{name}]");
        let Some((field, list)) =
            Field::from_name(name).and_then(|f| reference.list_of(f).map(|l| (f, l)))
        else {
            let near = nearest(name, Field::all().map(Field::name));
            let hint = near.map_or(String::new(), |near| format!("; the nearest is `{near}`"));
            wrong(&path, format!("no field of this name has codes{hint}"));
            continue;
        };
        match list.system(system) {
            Some(place) => {
                systems.insert(field, place);
            }
            None => {
                let ids: Vec<_> = list.systems.iter().map(|system| system.id.as_str()).collect();
                wrong(
                    &path,
                    format!(
                        "`{system}` is not a code system of this field; it has {}",
                        ids.join(", ")
                    ),
                );
            }
        }
    }
    systems
}

fn collected(
    dataset: Dataset,
    header: &SubmissionHeader,
    wrong: &mut impl FnMut(&str, String),
) -> BTreeSet<Field> {
    let mut collected = BTreeSet::new();
    for (place, name) in header.collected_characteristics.iter().enumerate() {
        match Field::from_name(name).filter(|field| field.is_collected_in(dataset)) {
            Some(field) => {
                collected.insert(field);
            }
            None => {
                let fields = Field::all().filter(|field| field.is_collected_in(dataset));
                let near = nearest(name, fields.map(Field::name));
                let hint = near.map_or(String::new(), |near| format!("; the nearest is `{near}`"));
                wrong(
                    &format!("collected_characteristics[{place}]"),
                    format!("no field of this name can be collected in {}{hint}", dataset.slug()),
                );
            }
        }
    }
    collected
}
