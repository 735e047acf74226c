//! The header of a submission, checked against the reference content.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;
use tonic::Status;

use super::estimate::read_source;
use super::query_error;
use crate::domain::area::Organisation;
use crate::domain::codes::{nearest_code, says_nothing};
use crate::domain::collection::{Collection, Dataset};
use crate::domain::field::Field;
use crate::domain::period::Month;
use crate::domain::reference::Reference;
use crate::domain::submission::Header;
use crate::engine::QueryError;
use crate::engine::query::{Wrong, hint, invalid, no_collection, no_organisation};
use crate::proto::v1::SubmissionHeader;

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
    let mut wrong = Wrong::default();
    let mut check = |field: &str, what: String| {
        wrong.take::<()>(Err(invalid(&format!("{path}.{field}"), what)));
    };
    let month = month(header.month.trim(), today).map_err(|what| check("month", what)).ok();
    let id = request_id(&header.request_id).map_err(|what| check("request_id", what)).ok();
    let scheme = header.person_key_scheme.trim();
    if says_nothing(scheme) {
        check(
            "person_key_scheme",
            format!("`{scheme}` names no method: leave it empty if there are no person keys"),
        );
    }
    if dataset == Dataset::IndicatorCounts && !scheme.is_empty() {
        check("person_key_scheme", "must be empty: counts are of no single person".into());
    }
    let expected_record_count = header.expected_record_count.map(u64::try_from).transpose();
    if expected_record_count.is_err() {
        check("expected_record_count", "must be 0 or more".into());
    }
    let place = wrong.take(place(path, reference, dataset, header));
    if let Some(((organisation, _), month)) = place.zip(month)
        && !organisation.is_there((month, month))
    {
        let what = not_there(reference, organisation, month);
        wrong.take::<()>(Err(invalid(&format!("{path}.month"), what)));
    }
    // Estimates have theirs beside their header.
    let source = header.source.as_ref().map(|of| Arc::new(read_source(of)));
    for (field, what) in source.iter().flat_map(|of| of.problems(dataset == Dataset::Estimates)) {
        wrong.take::<()>(Err(invalid(&format!("{path}.source.{field}"), what)));
    }
    let code_systems = code_systems(path, reference, header, &mut wrong);
    let collected = collected(path, dataset, header, &mut wrong);
    let checked = place.zip(month).zip(id).zip(expected_record_count.ok());
    let checked = wrong.unless(checked).map_err(query_error)?;
    let ((((organisation, collection), month), request_id), expected_record_count) = checked;
    Ok(Header {
        organisation: organisation.code.clone(),
        collection: collection.id.clone(),
        dataset,
        month,
        request_id,
        code_systems,
        collected,
        person_key_scheme: scheme.to_owned(),
        source,
        expected_record_count,
        allow_partial: header.allow_partial,
        validate_only: header.validate_only,
        allow_shrinking: header.allow_shrinking,
    })
}

/// Organisation and collection, which have to fit each other and the dataset.
fn place<'a>(
    path: &str,
    reference: &'a Reference,
    dataset: Dataset,
    header: &SubmissionHeader,
) -> Result<(&'a Organisation, &'a Collection), QueryError> {
    let mut wrong = Wrong::default();
    let [of, to] = ["organisation", "collection"].map(|field| format!("{path}.{field}"));
    let organisation = wrong.take(match header.organisation.trim() {
        "" => Err(invalid(&of, "is required; ListOrganisations lists the codes")),
        code => reference.organisation(code).ok_or_else(|| no_organisation(reference, &of, code)),
    });
    let collection = wrong.take(match header.collection.trim() {
        "" => Err(invalid(&to, "is required; ListCollections lists the ids")),
        id => reference.collection(id).ok_or_else(|| no_collection(reference, &to, id)),
    });
    if let Some(collection) = collection.filter(|found| !found.datasets.contains(&dataset)) {
        let what = format!(
            "collection `{}` takes no {}; ListCollections shows the datasets that each collection takes",
            collection.id,
            dataset.slug()
        );
        wrong.take::<()>(Err(invalid(&to, what)));
    }
    let both = organisation.zip(collection);
    if let Some((organisation, collection)) = both.filter(|(o, c)| !c.takes(&o.kind)) {
        let what = other_type(reference, organisation, collection);
        wrong.take::<()>(Err(invalid(&of, what)));
    }
    wrong.unless(both)
}

/// The refusal of a month in which an organisation is not there.
fn not_there(reference: &Reference, organisation: &Organisation, month: Month) -> String {
    let code = &organisation.code;
    if let Some(first) = organisation.first_month.filter(|first| month < *first) {
        return format!("`{month}` is before the first month of `{code}`, `{first}`");
    }
    let last = organisation.last_month.map_or(String::new(), |last| format!(", `{last}`"));
    let next = reference.what_followed(organisation);
    let next = next.map_or(String::new(), |next| format!("; {next}"));
    format!("`{month}` is after the last month of `{code}`{last}{next}")
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

/// A request id in its one stored form: capitals and blanks at its ends make no other id.
pub(in crate::rpc) fn request_id(id: &str) -> Result<String, String> {
    let id = id.trim();
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
    let alike = || reference.organisations().filter(|one| one.kind == *expected);
    // One that the sender knows: England has thousands.
    let is_near = |one: &&Organisation| one.areas.iter().any(|of| organisation.areas.contains(of));
    let example = alike().find(is_near).or_else(|| alike().next());
    let example = example.map_or(String::new(), |one| format!(", such as `{}`", one.code));
    format!(
        "collection `{}` takes organisations of the type `{expected}`{example}, but `{}` is a `{}`; ListOrganisations shows \
         the type of each organisation",
        collection.id, organisation.code, organisation.kind
    )
}

fn code_systems(
    path: &str,
    reference: &Reference,
    header: &SubmissionHeader,
    wrong: &mut Wrong,
) -> BTreeMap<Field, usize> {
    let mut systems = BTreeMap::new();
    let given: BTreeMap<_, _> = header.code_systems.iter().collect();
    for (name, system) in given {
        if wrong.is_full() {
            break;
        }
        let found = code_system(reference, name.trim(), system.trim());
        let path = format!("{path}.code_systems[{name}]");
        systems.extend(wrong.take(found.map_err(|what| invalid(&path, what))));
    }
    systems
}

/// The field of this name, and the place of a code system in its list.
fn code_system(reference: &Reference, name: &str, system: &str) -> Result<(Field, usize), String> {
    let field = Field::from_name(name);
    let (field, list) =
        field.and_then(|field| Some((field, reference.list_of(field)?))).ok_or_else(|| {
            let hint = hint(nearest_code(name, Field::all().map(Field::name)));
            format!("no field of this name has codes{hint}")
        })?;
    let place = list.system(system).ok_or_else(|| {
        let ids: Vec<_> = list.systems.iter().map(|system| system.id.as_str()).collect();
        format!("`{system}` is not a code system of this field; it has {}", ids.join(", "))
    })?;
    Ok((field, place))
}

fn collected(
    path: &str,
    dataset: Dataset,
    header: &SubmissionHeader,
    wrong: &mut Wrong,
) -> BTreeSet<Field> {
    let mut collected = BTreeSet::new();
    let names = header.collected_characteristics.iter().map(|name| name.trim());
    for (place, name) in names.enumerate() {
        if let Some(field) = Field::of_record(dataset, name) {
            collected.insert(field);
        } else if !wrong.is_full() {
            let fields = Field::all().filter(|field| field.is_collected_in(dataset));
            let hint = hint(nearest_code(name, fields.map(Field::name)));
            let dataset = dataset.slug();
            let what = format!("no field of this name can be collected in {dataset}{hint}");
            let path = format!("{path}.collected_characteristics[{place}]");
            wrong.take::<()>(Err(invalid(&path, what)));
        }
    }
    collected
}
