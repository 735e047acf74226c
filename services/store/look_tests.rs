//! Versions that stand no more: what of them stays in memory, and that they are read as they were.

use std::sync::Arc;

use super::*;
use crate::store::pack_read::pack_tests::{filled, open};

/// What stands at a position, in words.
fn standing(store: &Store, position: u64) -> Vec<String> {
    let look = |catalog: &Look<'_>| {
        let all = (Month::FIRST, Month::LAST);
        let months = (0..4).flat_map(|number| {
            let datasets = Dataset::ALL.into_iter();
            datasets.flat_map(move |dataset| catalog.months(number, dataset, all, position))
        });
        let submissions = months.flat_map(|month| month.submissions.clone());
        submissions.map(|submission| format!("{submission:?}")).collect()
    };
    store.look(look).unwrap()
}

#[tokio::test]
async fn what_stands_no_more_is_a_few_numbers_and_is_read_as_it_was() {
    let place = tempfile::tempdir().unwrap();
    filled(place.path()).await;
    let store = open(place.path()).unwrap();
    let (position, before) = (store.catalog().position, standing(&store, u64::MAX));
    assert_eq!(before.len(), 8);
    drop(store);
    // The same once more: every version takes the place of another.
    filled(place.path()).await;
    for start in 0..2 {
        let store = open(place.path()).unwrap();
        let slots: Vec<Vec<_>> = store.catalog().slots().map(|(_, of)| of.to_vec()).collect();
        for versions in &slots {
            let kept: Vec<_> = versions.iter().map(|version| version.stands.is_some()).collect();
            assert_eq!(kept, [false, true], "start {start}");
            let memory = versions[1].stands.as_ref().map_or(0, |stands| stands.memory());
            assert!(memory < 2_048, "{memory} bytes for a submission of few words");
        }
        assert_eq!(standing(&store, position), before);
        assert_eq!(standing(&store, position), before, "read before");
        let now = standing(&store, u64::MAX);
        assert!(now.len() == 8 && now.iter().all(|one| !before.contains(one)));
    }
}

#[tokio::test]
async fn a_look_at_the_present_reads_nothing() {
    let place = tempfile::tempdir().unwrap();
    filled(place.path()).await;
    let store = open(place.path()).unwrap();
    let looks = std::cell::Cell::new(0);
    let slots = store.look(|catalog| {
        looks.set(looks.get() + 1);
        let stand = |(slot, versions): (Slot, &[Version])| catalog.submission(slot, &versions[0]);
        catalog.slots().map(stand).collect::<Vec<Option<Arc<Submission>>>>()
    });
    assert!(slots.unwrap().iter().all(Option::is_some));
    assert_eq!(looks.get(), 1);
}
