use super::*;

fn options() -> AttackOptions {
    AttackOptions {
        seed: 1,
        months: 2,
        characteristics: 2,
        changes: true,
        threshold: true,
        submitters: 0,
    }
}

async fn attacked(options: AttackOptions) -> Attacked {
    let folder = crate::app::folder::TempFolder::make("attack").unwrap();
    attack(&options, folder.path(), &mut |_, _| {}).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_found_out_and_the_attack_has_teeth() {
    for (seed, changes, threshold) in [
        (1, true, true),
        (2, true, true),
        (3, true, true),
        (1, true, false),
        (2, true, false),
        (1, false, true),
    ] {
        let begin = std::time::Instant::now();
        let of = attacked(AttackOptions { seed, changes, threshold, ..options() }).await;
        eprintln!("{changes} {threshold}: {:?}", begin.elapsed());
        eprintln!(
            "{} {} few {} exposed {} not proven {}",
            of.questions,
            of.numbers,
            of.few,
            of.exposed.len(),
            of.not_proven
        );
        eprintln!("{:?}", of.exposed.iter().take(3).collect::<Vec<_>>());
        eprintln!("{:#?}", of.utility);
    }
}
