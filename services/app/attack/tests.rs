use super::*;

async fn attacked(seed: u64, changes: bool, threshold: bool, submitters: usize) -> Attacked {
    let folder = crate::app::folder::TempFolder::make("attack").unwrap();
    let options =
        AttackOptions { seed, months: 2, characteristics: 2, changes, threshold, submitters };
    attack(&options, folder.path(), &mut |_, _| {}).await.unwrap()
}

/// Nobody is found out, whoever of the organisations tells the attacker what it submitted. Each part of the protection is needed: without the
/// threshold some are found out, without the changes everybody.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_found_out_and_each_part_of_the_protection_is_needed() {
    let mut few = 0;
    // Worlds in which the threshold and the changes alone left some.
    for (seed, submitters) in [(1, 0), (12, 0), (26, 1), (26, 2), (28, 2)] {
        let protected = attacked(seed, true, true, submitters).await;
        let found = (protected.exposed.len(), protected.not_proven);
        assert_eq!(found, (0, 0), "world {seed}, {submitters}: {:?}", protected.exposed);
        few += protected.few;
    }
    assert!(few > 200, "{few}");
    let without_threshold = attacked(6, true, false, 0).await;
    assert!(!without_threshold.exposed.is_empty(), "without the threshold");
    let exact = attacked(1, false, true, 0).await;
    assert_eq!(exact.exposed.len(), exact.few, "without the changes");
    assert!(exact.exposed.iter().all(|one| one.values == [one.count]));
}
