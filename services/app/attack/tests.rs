use super::*;

async fn attacked(seed: u64, changes: bool, threshold: bool, submitters: usize) -> Attacked {
    let folder = crate::app::folder::TempFolder::make("attack").unwrap();
    let options =
        AttackOptions { seed, months: 2, characteristics: 2, changes, threshold, submitters };
    attack(&options, folder.path(), &mut |_, _| {}).await.unwrap()
}

/// Protected, very few are found out: a known total less the changed count of everybody else leaves a small group few values where that change is
/// large. Without the threshold some are found out too, and without the changes everybody.
#[tokio::test(flavor = "multi_thread")]
async fn protected_answers_expose_very_few_and_each_part_of_the_protection_is_needed() {
    let (mut found, mut few, mut found_in_small) = (0, 0, 0);
    for (seed, submitters) in [(1, 0), (1, 2), (2, 0), (3, 0)] {
        let protected = attacked(seed, true, true, submitters).await;
        assert_eq!(protected.not_proven, 0);
        (found, few) = (found + protected.exposed.len(), few + protected.few);
    }
    for seed in 1..=3 {
        let shown = attacked(seed, true, false, 0).await;
        found_in_small += shown.exposed.len();
    }
    assert!(few > 200 && found * 50 <= few, "{found} of {few}");
    assert!(found_in_small > 0, "without the threshold");
    let exact = attacked(1, false, true, 0).await;
    assert_eq!(exact.exposed.len(), exact.few, "without the changes");
    assert!(exact.exposed.iter().all(|one| one.values == [one.count]));
}
