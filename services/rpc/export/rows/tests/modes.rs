//! Groups of people and modes of consultations.

use super::*;

#[test]
fn provision_keeps_groups_and_says_who_was_not_asked() {
    let group = v1::ProvisionGroup {
        group: "UNABLE".into(),
        contact_count: 9,
        in_person_count: 5,
        remote_count: 3,
        indicators: vec![cell("CH-07", (1, 2, 0), 0.5)],
        ..Default::default()
    };
    // Nobody was asked: a 0 would read as nobody needing one.
    let unasked = v1::ProvisionGroup {
        group: "INTERPRETER_NEEDED".into(),
        not_collected_count: 9,
        absence: Some(absence(v1::AbsenceReason::NotCollected, "nobody asked")),
        ..Default::default()
    };
    let rows = vec![v1::ProvisionRow { keys: Vec::new(), groups: vec![group, unasked] }];
    let sources = Some(v1::AccessStatusSources {
        record_count: 4,
        snapshot_count: 3,
        unknown_count: 2,
        access_collection: "snapshots".into(),
        other_needs: vec![v1::NeedSources {
            dimension: "interpreter_needed".into(),
            record_count: 1,
            snapshot_count: 0,
            unknown_count: 8,
        }],
    });
    let table = v1::FaceToFaceProvision {
        context: context(),
        rows,
        sources,
        request_met_days: 14,
        ..Default::default()
    };
    let rows: Vec<_> = of(&Answered::Provision(table.clone()), &reference(), 71).collect();
    assert!(rows.iter().all(|row| row.request_met_days == 14));
    assert_eq!(
        lines(&Answered::Provision(table)),
        [
            "PROVISION [UNABLE] CONTACTS COUNT 9 (-..-) 9/-?-",
            "PROVISION [UNABLE] IN_PERSON COUNT 5 (-..-) 5/-?-",
            "PROVISION [UNABLE] REMOTE COUNT 3 (-..-) 3/-?-",
            "PROVISION [UNABLE] CH-07 RATIO 0.5 (0.25..0.75) 1/2?0 not collected 6",
            "PROVISION [INTERPRETER_NEEDED] CONTACTS COUNT - (-..-) -/-?0 not collected 9 ABSENCE_REASON_NOT_COLLECTED: nobody asked",
            "PROVISION [INTERPRETER_NEEDED] IN_PERSON COUNT - (-..-) -/-?0 not collected 9 ABSENCE_REASON_NOT_COLLECTED: nobody asked",
            "PROVISION [INTERPRETER_NEEDED] REMOTE COUNT - (-..-) -/-?0 not collected 9 ABSENCE_REASON_NOT_COLLECTED: nobody asked",
            "PROVISION [RECORD] ACCESS_STATUS COUNT 4 (-..-) 4/-?-",
            "PROVISION [SNAPSHOT] ACCESS_STATUS COUNT 3 (-..-) 3/-?-",
            "PROVISION [NOT_KNOWN] ACCESS_STATUS COUNT 2 (-..-) 2/-?-",
            "PROVISION [RECORD] INTERPRETER_NEEDED COUNT 1 (-..-) 1/-?-",
            "PROVISION [SNAPSHOT] INTERPRETER_NEEDED COUNT 0 (-..-) 0/-?-",
            "PROVISION [NOT_KNOWN] INTERPRETER_NEEDED COUNT 8 (-..-) 8/-?-",
        ]
    );
}

#[test]
fn impact_keeps_modes() {
    let outcome = |indicator: &str, difference| v1::ModeDifference {
        indicator: indicator.into(),
        in_person: Some(cell("", (1, 4, 0), 0.25)),
        remote: Some(cell("", (2, 4, 0), 0.5)),
        difference,
        absence: None,
    };
    let row = v1::ImpactRow {
        keys: Vec::new(),
        outcomes: vec![outcome("CH-09", share(0.25)), outcome("CH-11-SAME-DAY", None)],
        conversion: Some(v1::Conversion {
            remote_count: 8,
            followed_count: 2,
            not_computable_count: 3,
            share: share(0.25),
            in_person_count: 4,
            in_person_followed_count: 1,
            in_person_share: share(0.25),
            difference: share(0.5),
            ..Default::default()
        }),
        wait: Some(v1::MedianWait {
            indicator: "CH-11-MEDIAN".into(),
            in_person: Some(v1::WaitCell {
                known_count: 9,
                unknown_count: 1,
                median_days: Some(2.5),
                ..Default::default()
            }),
            remote: Some(v1::WaitCell {
                not_collected_count: 7,
                absence: Some(absence(v1::AbsenceReason::NotCollected, "no days")),
                ..Default::default()
            }),
            difference_days: None,
            absence: Some(absence(v1::AbsenceReason::NotCollected, "no days")),
        }),
    };
    let table = v1::ChannelImpact { context: context(), rows: vec![row], ..Default::default() };
    assert_eq!(
        lines(&Answered::Impact(table)),
        [
            "IMPACT [IN_PERSON] CH-09 RATIO 0.25 (0.125..0.375) 1/4?0 not collected 6",
            "IMPACT [REMOTE] CH-09 RATIO 0.5 (0.25..0.75) 2/4?0 not collected 6",
            "IMPACT [REMOTE_LESS_IN_PERSON] CH-10 DIFFERENCE 0.25 (0.125..0.375) -/-?-",
            "IMPACT [IN_PERSON] CH-11-SAME-DAY RATIO 0.25 (0.125..0.375) 1/4?0 not collected 6",
            "IMPACT [REMOTE] CH-11-SAME-DAY RATIO 0.5 (0.25..0.75) 2/4?0 not collected 6",
            "IMPACT [REMOTE_LESS_IN_PERSON] CH-11-SAME-DAY DIFFERENCE - (-..-) -/-?- ABSENCE_REASON_NOT_COMPUTABLE: \
             nothing to take it of",
            "IMPACT [IN_PERSON] CH-11-MEDIAN DAYS 2.5 (-..-) -/9?1 not collected 0",
            "IMPACT [REMOTE] CH-11-MEDIAN DAYS - (-..-) -/0?0 not collected 7 ABSENCE_REASON_NOT_COLLECTED: no days",
            "IMPACT [REMOTE_LESS_IN_PERSON] CH-11-MEDIAN DAYS - (-..-) -/-?- ABSENCE_REASON_NOT_COLLECTED: no days",
            "IMPACT [IN_PERSON] CH-12 RATIO 0.25 (0.125..0.375) 1/4?0",
            "IMPACT [REMOTE] CH-12 RATIO 0.25 (0.125..0.375) 2/8?3",
            "IMPACT [REMOTE_LESS_IN_PERSON] CH-12 DIFFERENCE 0.5 (0.25..0.75) -/-?-",
        ]
    );
}
