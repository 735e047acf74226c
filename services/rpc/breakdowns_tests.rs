use std::sync::Arc;

use super::*;
use crate::domain::disclosure::ProfileName;
use crate::engine::answer::tests::running::opened;
use crate::rpc::single_flight::SingleFlight;

fn question(area: &str) -> Table {
    Table::Channels(v1::GetChannelBreakdownRequest {
        query: Some(v1::BreakdownQuery {
            // Open, so that a partner needs no release: the answers still name their profiles.
            collection: "synthetic-llr".into(),
            area: area.into(),
            period: Some(v1::PeriodRange { first: "2020-04".into(), last: String::new() }),
            ..Default::default()
        }),
        ..Default::default()
    })
}

async fn ask(service: &Service) -> Result<Response<Encoded>, Status> {
    service.ask(Request::new(question("QK1")), std::convert::identity).await
}

#[tokio::test]
async fn readers_who_may_see_different_things_never_share_an_answer() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, _followers) = opened(folder.path());
    let of = |profile_without_identity| Service {
        engine: Arc::new(engine.clone()),
        single_flight: Arc::new(SingleFlight::new(4)),
        profile_without_identity: Some(profile_without_identity),
        page_key: [0; 32],
        message_bytes: (1 << 20, 1 << 20),
    };
    let internal = of(ProfileName::Internal);
    let partner =
        Service { profile_without_identity: Some(ProfileName::Partner), ..internal.clone() };
    let keys = [ProfileName::Internal, ProfileName::Partner]
        .map(|profile| Service::keyed(&Caller::Anybody(profile), question("QK1")).1);
    assert_ne!(keys[0], keys[1]);
    let profile = |answer: Encoded| {
        let answer = v1::WatchBreakdownResponse::decode(answer.body).unwrap();
        answer.breakdown.unwrap().context.unwrap().disclosure.unwrap().profile()
    };
    // One cache, one set of computations: first computed, then kept.
    for _ in 0..2 {
        let (all, some) = tokio::join!(ask(&internal), ask(&partner));
        assert_eq!(profile(all.unwrap().into_inner()), v1::Profile::Internal);
        assert_eq!(profile(some.unwrap().into_inner()), v1::Profile::Partner);
    }
}

#[test]
fn organisations_and_profiles_have_keys_of_their_own() {
    let reader = |profile, organisation: Option<&str>| {
        Reader { profile, organisation: organisation.map(str::to_owned), ..Reader::of(profile) }
            .key()
    };
    let all = ProfileName::ALL.into_iter().flat_map(|profile| {
        [None, Some(""), Some("C82001"), Some("C82002")].map(|of| reader(profile, of))
    });
    let different: std::collections::BTreeSet<_> = all.collect();
    assert_eq!(different.len(), 12);
    // No reader's bytes with a question are those of another with another question.
    assert!(
        different
            .iter()
            .all(|key| different.iter().all(|other| key == other || !other.starts_with(key)))
    );
}
