use proptest::prelude::*;

use super::table::row_of;
use super::*;

fn default() -> PTable {
    PTable::generate(Noise::default())
}

fn sums(table: &PTable, count: u64) -> (i64, i64) {
    let changes = (0..=255).map(|key| table.change(count, key));
    changes.fold((0, 0), |(sum, squares), change| (sum + change, squares + change * change))
}

#[test]
fn the_default_has_no_bias_and_variance_four() {
    let table = default();
    for count in 1..=2000 {
        let (sum, squares) = sums(&table, count);
        assert_eq!(sum, 0, "{count}");
        if count > 2 {
            assert_eq!(squares, 4 * 256, "{count}");
        }
    }
    let squares = [1, 2].map(|count| sums(&table, count).1);
    assert_eq!(squares, [440, 1000], "the most uncertain noise without bias has less variance");
    assert_eq!((table.bound(), sums(&table, 0)), (5, (0, 0)));
}

#[test]
fn the_noise_has_maximum_entropy() {
    let entropy = |p: &[f64]| -p.iter().filter(|p| **p > 0.0).map(|p| p * p.ln()).sum::<f64>();
    let moments = |p: &[f64], least: f64| {
        p.iter().enumerate().fold([0.0; 3], |[zero, one, two], (at, p)| {
            let x = at as f64 - least;
            [zero + p, one + p * x, two + p * x * x]
        })
    };
    for (least, variance) in [(1, 4.0), (3, 4.0), (4, 4.0), (5, 4.0), (5, 0.5), (5, 10.0)] {
        let (found, reached) = noise::distribution(least, 5, variance);
        let [one, mean, square] = moments(&found, least as f64);
        assert!((one - 1.0).abs() < 1e-12 && mean.abs() < 1e-9, "{least} {variance}: {mean}");
        assert!((square - reached).abs() < 1e-9 && reached <= variance, "{square} {reached}");
        // Whatever keeps sum, mean and square has less entropy: x, x + 1, x + 2, x + 3 by 1, -3, 3, -1.
        for at in 0..found.len() - 3 {
            for size in [1e-4, -1e-4] {
                let mut other = found.clone();
                for (by, factor) in [1.0, -3.0, 3.0, -1.0].into_iter().enumerate() {
                    other[at + by] += size * factor;
                }
                if other.iter().all(|p| *p >= 0.0) {
                    assert!(entropy(&other) < entropy(&found), "{least} {variance} {at}");
                }
            }
        }
    }
}

#[test]
fn counts_above_750_use_rows_501_to_750_again() {
    let table = default();
    assert_eq!([750, 751, 1000, 1001, 1250].map(row_of), [750, 501, 750, 501, 750]);
    for key in [0, 17, 255] {
        assert_eq!(table.change(751, key), table.change(501, key));
        assert_eq!(table.change(u64::MAX, key), table.change(row_of(u64::MAX) as u64, key));
    }
}

/// One more record, whatever its key, must not show itself: two neighbouring counts at the same key have changes that are independent.
#[test]
fn neighbouring_counts_have_changes_of_their_own() {
    let table = default();
    for count in [20, 100, 749] {
        let changes = |count| (0..=255).map(move |key| (count, key));
        let pairs = changes(count).zip(changes(count + 1));
        let product: i64 =
            pairs.map(|((n, key), (m, _))| table.change(n, key) * table.change(m, key)).sum();
        let correlation = product as f64 / (4.0 * 256.0);
        assert!(correlation.abs() < 0.25, "{count}: {correlation}");
    }
}

#[test]
fn the_default_is_always_the_same() {
    assert_eq!(default().version(), "d5v4-5192690d");
    assert_eq!(default(), default());
}

#[test]
fn what_was_written_is_read_again() {
    let table = default();
    let text = table.to_csv();
    assert!(text.starts_with("pcv,ckey,pvalue\n1,0,"), "{}", &text[..40]);
    assert_eq!(text.lines().count(), 1 + 750 * 256);
    assert_eq!(PTable::from_csv(text.as_bytes()).unwrap(), table);
    let mut lines: Vec<_> = text.lines().skip(1).collect();
    lines.reverse();
    let other = lines.iter().map(|line| {
        let [count, key, change] = line.split(',').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        format!("{change}, {key} ,\"{count}\"\r\n")
    });
    let other = "# a comment\npvalue,ckey,pcv\n0,3,0\n".to_owned() + &other.collect::<String>();
    assert_eq!(PTable::from_csv(other.as_bytes()).unwrap(), table);
}

#[test]
fn files_that_are_no_table_are_refused_with_a_sentence() {
    let good = default().to_csv();
    let with = |line: &str| format!("pcv,ckey,pvalue\n{line}\n");
    for (text, expected) in [
        (
            "".to_owned(),
            "line 1: column `pcv` is missing; the first line must be `pcv,ckey,pvalue`",
        ),
        ("pcv,ckey\n".to_owned(), "line 1: column `pvalue` is missing"),
        (with("1,0"), "line 2: `pvalue` is \"\"; expected a whole number from -100 to 100"),
        (with("1,256,0"), "line 2: `ckey` is \"256\"; expected a whole number from 0 to 255"),
        (with("751,0,0"), "`pcv` is \"751\"; expected a whole number from 0 to 750"),
        (with("1,0,0.5"), "`pvalue` is \"0.5\"; expected a whole number from -100 to 100"),
        (with("1,0,-101"), "`pvalue` is \"-101\""),
        (with("1,0,99999999999999999999"), "expected a whole number from -100 to 100"),
        (with("3,0,-4"), "line 2: pvalue -4 makes 3 negative; it must be at least -3"),
        (with("0,0,1"), "line 2: pcv 0 has pvalue 1; zero must stay zero"),
        (with("1,0,0\n# three\n1,0,0"), "line 4: pcv 1 and ckey 0 are here a second time"),
        (with("1,0,0"), "the line of pcv 1 and ckey 1 is missing; a table has 256 keys"),
        (good.replace("\n750,255,", "\n# "), "the line of pcv 750 and ckey 255 is missing"),
    ] {
        let refused = PTable::from_csv(text.as_bytes()).unwrap_err().to_string();
        assert!(refused.contains(expected), "{expected}: {refused}");
    }
    let refused = PTable::from_csv(b"pcv,ckey,pvalue\n1,\xff,0\n").unwrap_err();
    assert_eq!(refused.to_string(), "line 2: the text is not UTF-8; save the file as UTF-8");
}

#[test]
fn the_behaviour_of_a_table_names_what_is_wrong() {
    let behaviour = default().behaviour();
    assert_eq!(behaviour.broken, [""; 0]);
    let groups: Vec<_> = behaviour.counts.iter().map(|of| of.counts).collect();
    assert_eq!(groups, [(1, 1), (2, 2), (3, 3), (4, 4), (5, 750)]);
    // The sample table of the ONS's package: under 10 to zero, the rest to the nearest 5, whatever the key.
    let mut changes = vec![0i8; KEYS];
    for count in 1..=ROWS {
        let change = match (count, count % 5) {
            (..10, _) => -i8::try_from(count).unwrap(),
            (_, rest) => [0, -1, -2, 2, 1][rest],
        };
        changes.extend([change; KEYS]);
    }
    let broken = PTable::of(changes).behaviour().broken;
    assert_eq!(broken.len(), 2, "{broken:?}");
    assert!(
        broken[0].starts_with("592 counts from 11 on have a bias, the first of -1.000"),
        "{broken:?}"
    );
    assert!(broken[1].contains("the change must depend on the cell key"), "{broken:?}");
}

#[test]
fn noise_out_of_range_is_refused() {
    for (bound, variance, expected) in [
        (0, 1.0, "the bound is 0; choose a whole number from 1 to 25"),
        (26, 1.0, "the bound is 26"),
        (5, 10.1, "with bound 5, choose a number from 0.5 to 10.000"),
        (5, 0.4, "the variance is 0.4"),
        (5, f64::NAN, "the variance is NaN"),
    ] {
        let refused = Noise::new(bound, variance).unwrap_err().to_string();
        assert!(refused.contains(expected), "{refused}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn every_noise_keeps_its_promises(bound in 1u64..=25, part in 0.0..=1.0) {
        let most = (bound * (bound + 1)) as f64 / 3.0;
        let variance = 0.5 + part * (most - 0.5);
        let table = PTable::generate(Noise::new(bound, variance).unwrap());
        prop_assert_eq!(&table, &PTable::generate(Noise::new(bound, variance).unwrap()));
        for count in (0..=2 * bound).chain([749, 750, 751, 123_456]) {
            let (sum, squares) = sums(&table, count);
            prop_assert_eq!(sum, 0, "{}", count);
            for key in 0..=255 {
                let change = table.change(count, key);
                prop_assert!(change.unsigned_abs() <= bound && change + count.cast_signed() >= 0);
                prop_assert!(count > 0 || change == 0);
                prop_assert_eq!(table.perturbed(count, key).cast_signed(), count.cast_signed() + change);
            }
            let found = squares as f64 / 256.0;
            let promised = if count >= bound { (variance - 1.0 / 256.0, variance + 1.0 / 256.0) } else { (0.0, variance + 1.0 / 256.0) };
            prop_assert!((promised.0..=promised.1).contains(&found), "{}: {} is not {}", count, found, variance);
        }
        prop_assert_eq!(table.behaviour().broken, Vec::<String>::new());
    }

    #[test]
    fn any_bytes_are_a_table_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(PTable::from_csv(&bytes).is_err());
        let with_header = [b"pcv,ckey,pvalue\n" as &[u8], &bytes].concat();
        prop_assert!(PTable::from_csv(&with_header).is_err());
    }
}
