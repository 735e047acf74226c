//! The keys of a submission's records, out of its columns and the seed that the log has: replay needs no secret.
//!
//! A record's content is its canonical row as it is stored: with the care setting that its collection has alone, and with the deprivation of its
//! small area where the row says none. Rows that differ in one of these alone would otherwise share their keys, and the order of rows would
//! decide whose key is whose. The price: where an operator changes a collection's care settings, or the deprivation of small areas, the keys of
//! records without a person change with the next version of their month, once.

use super::error::StoreError;
use crate::domain::codes::{State, Value};
use crate::domain::cube::Packed;
use crate::domain::disclosure::{RecordKeys, key_of_person};
use crate::domain::field::Field;
use crate::proto::store::SubmissionMeta;

/// The key of each record of a submission; of a row that stands for several, the sum of their keys.
pub(super) fn record_keys(
    meta: &SubmissionMeta,
    columns: &[(Field, Vec<String>, Packed)],
    weights: &Packed,
    persons: Option<&[u64]>,
) -> Result<Vec<u8>, StoreError> {
    let records = usize::try_from(meta.accepted_count).unwrap_or(usize::MAX);
    let of_person = |record: usize| persons.map_or(0, |hashes| hashes[record]);
    if persons.is_some_and(|hashes| hashes.iter().all(|hash| *hash != 0)) {
        return Ok((0..records).map(|record| key_of_person(of_person(record))).collect());
    }
    let seed = meta.record_seed.as_ref().try_into();
    let seed = seed.map_err(|_| StoreError::Damaged("a submission has no record seed".into()))?;
    let mut keys = RecordKeys::new(seed);
    let nothing = Value::State(State::NotRecorded).to_text();
    let mut contents = vec![0u64; records];
    // Worked out of others, and changed by one that is listed and empty.
    let own = columns.iter().filter(|(field, _, _)| *field != Field::OnlineAny);
    for (field, words, packed) in own {
        // A column in which nothing is recorded says nothing: a record stays the same whether its source lists it or not.
        let of_word = words.iter().map(|word| match *word == nothing {
            true => 0,
            false => keys.of_value(field.number(), word),
        });
        let of_word: Vec<u64> = of_word.collect();
        for (content, index) in contents.iter_mut().zip(packed.unpacked(records)) {
            *content = content.wrapping_add(of_word[usize::from(index)]);
        }
    }
    let key = |(record, content)| match of_person(record) {
        0 => keys.of_row(content, weights.number(record)),
        hash => key_of_person(hash),
    };
    Ok(contents.into_iter().enumerate().map(key).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::super::Prepared;
    use crate::domain::codes::Content;
    use crate::domain::collection::Dataset;
    use crate::domain::cube::{Run, take_numbers};
    use crate::domain::field::{Field, number};
    use crate::domain::reference::Reference;
    use crate::domain::submission::{Builder, Header, Keyer};

    /// Sex, channel, how many alike, and whose.
    type Row = (usize, usize, i64, Option<u8>);

    fn header(collected: &[Field]) -> Header {
        Header {
            organisation: "C82001".to_owned(),
            collection: "practice-feed".to_owned(),
            dataset: Dataset::Consultations,
            month: "2024-02".parse().unwrap(),
            request_id: uuid::Uuid::new_v4().to_string(),
            code_systems: BTreeMap::new(),
            collected: BTreeSet::from_iter(collected.iter().copied()),
            person_key_scheme: "scheme".to_owned(),
            source: None,
            expected_record_count: None,
            allow_partial: false,
            validate_only: false,
            allow_shrinking: true,
        }
    }

    /// Count and key of each cell of sex and channel.
    fn cells(header: &Header, rows: &[Row]) -> BTreeMap<(usize, usize), (i64, u8)> {
        let reference = Arc::new(Reference::new(&Content::embedded()).unwrap());
        let mut builder = Builder::new(reference, header.clone(), Keyer::new(&[7; 32]), 1000);
        for (sex, channel, alike, person) in rows {
            builder.begin_row();
            builder.code(Field::Sex, ["1", "2"][*sex]);
            builder.code(Field::Channel, ["TELEPHONE", "VIDEO"][*channel]);
            builder.weight("record_count", person.map_or(Some(*alike), |_| None), 1);
            builder.person(&person.map_or(String::new(), |number| format!("person {number}")));
            builder.end_row(Vec::new);
        }
        let pack = Prepared::new("caller", header, &builder.finish()).pack.unwrap();
        let mut run = &pack.bytes[pack.directory.range(Run::Column(number::KEY)).unwrap()];
        let (mut cells, mut place) = (BTreeMap::new(), 0);
        let taken = take_numbers(&mut run, rows.len(), |key| {
            let (sex, channel, alike, person) = rows[place];
            let (count, sum) = cells.entry((sex, channel)).or_insert((0, 0u8));
            *count += if person.is_some() { 1 } else { alike };
            *sum = sum.wrapping_add(u8::try_from(key).unwrap());
            place += 1;
        });
        assert_eq!(taken, Some(()));
        cells
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn a_cell_keeps_its_key_however_it_is_submitted(
            rows in proptest::collection::vec((0usize..2, 0usize..2, 1i64..700, proptest::option::of(0u8..9)), 1..40),
            by in any::<u64>(), part in 1i64..9,
        ) {
            let header = header(&[Field::Sex]);
            let whole = cells(&header, &rows);
            // In another order.
            let mut other = rows.clone();
            other.sort_by_key(|row| (row.2 ^ (by as i64), row.0));
            prop_assert_eq!(&cells(&header, &other), &whole);
            // Rows of several alike in parts.
            let parts = rows.iter().flat_map(|(sex, channel, alike, person)| {
                let first = if person.is_some() || *alike <= part { 0 } else { part };
                let parts = [first, alike - first].into_iter().filter(|part| *part > 0);
                parts.map(move |part| (*sex, *channel, part, *person))
            });
            let parts: Vec<Row> = parts.collect();
            prop_assert_eq!(&cells(&header, &parts), &whole);
            // As another request, whose source lists a characteristic that no row has.
            let listed = super::tests::header(&[Field::Sex, Field::Veteran, Field::OnlineAppointments]);
            prop_assert_eq!(&cells(&listed, &rows), &whole);
        }
    }

    #[test]
    fn another_organisation_has_other_keys_and_a_person_has_the_same() {
        let rows: Vec<Row> =
            (0..2).flat_map(|sex| [(sex, 0, 7, None), (sex, 1, 9, None)]).collect();
        let own = header(&[Field::Sex]);
        let other = Header { organisation: "C82002".to_owned(), ..own.clone() };
        assert_ne!(cells(&own, &rows), cells(&other, &rows));
        let of_people: Vec<Row> = (0..9).map(|person| (0, 1, 1, Some(person))).collect();
        assert_eq!(cells(&own, &of_people), cells(&other, &of_people));
    }
}
