//! What is asked of every call of the contract: what is answered, what is refused, and what is wrong.

use serde_json::{Value, json};

use super::outlets::Said;
use super::service::Running;
use super::world::{COLLECTION, MONTH, PRACTICES};

/// What the ids of requests begin with.
pub(super) const ID: &str = "3d5f0c1e-7a44-4b0a-9d6e-0123456a";

/// Calls everything.
pub(super) async fn all(service: &Running) -> Vec<Said> {
    let mut said = Vec::new();
    for method in Running::methods() {
        let rows = rows(method.name());
        assert!(!rows.is_empty());
        for messages in rows {
            said.push(service.call(&method, &messages).await.1);
        }
    }
    said
}

/// The calls of a method: the messages of each.
fn rows(method: &str) -> Vec<Vec<Value>> {
    let one = |message: Value| vec![message];
    let each = |messages: Vec<Value>| messages.into_iter().map(one).collect();
    let version = |practice: usize, dataset: &str| {
        let practice = PRACTICES[practice];
        format!(
            "collections/{COLLECTION}/organisations/{practice}/datasets/{dataset}/months/{MONTH}/versions/1"
        )
    };
    match method {
        "GetChannelBreakdown" => each(table("channels")),
        "GetAccessOutcomes" => each(table("outcomes")),
        "GetDigitalExclusionBreakdown" => each(table("exclusion")),
        "GetFaceToFaceProvision" => each(table("provision")),
        "GetChannelImpact" => each(table("impact")),
        "GetAreaRisk" => each(table("risk")),
        "GetIndicatorBreakdown" => each(table("indicators")),
        "GetTargetStatus" => each(table("target_status")),
        "ListTargets" => each(vec![json!({}), json!({"tag": "CORE20PLUS5"}), json!({"tag": "x"})]),
        "GetRecordingQuality" => each(recording()),
        "GetTimeliness" => each(
            queries()
                .into_iter()
                .flat_map(|query| [json!({"query": query}), json!({"query": query, "dataset": "DATASET_INDICATOR_COUNTS"})])
                .collect(),
        ),
        "GetRepresentativeness" => each(represented()),
        "GetConsistency" => each(consistent()),
        "WatchBreakdown" => each(
            questions()
                .into_iter()
                .map(|question| json!({"question": question}))
                .chain([json!({"question": {"channels": table("channels")[0]}, "afterPosition": "1"})])
                .collect(),
        ),
        "ExportBreakdowns" => each(
            questions()
                .into_iter()
                .map(|question| json!({"question": question, "areaTypes": ["pcn"], "periodStep": "PERIOD_STEP_MONTH"}))
                .chain(["cursor", "sincePosition"].map(|name| json!({"question": questions()[0], name: "3"})))
                .chain([json!({}), json!({"question": questions()[0], "areaTypes": ["sub_icb"]})])
                .collect(),
        ),
        "GetInequalitySummary" => each(
            questions()
                .into_iter()
                .filter(|question| ["risk", "target_status", "recording", "timeliness", "representativeness", "consistency", "restoration", "standardised_rates"].iter().all(|name| question.get(name).is_none()))
                .map(|question| json!({"question": question}))
                .collect(),
        ),
        "GetGapTrend" => each(
            ["channels", "outcomes", "exclusion", "provision", "impact", "indicators"]
                .into_iter()
                .flat_map(|name| {
                    let question = json!({name: table(name)[13]});
                    [
                        json!({"question": question}),
                        json!({"question": question, "groupCode": "F"}),
                        json!({"question": question, "groupCode": "G", "referenceCode": "A"}),
                    ]
                })
                .collect(),
        ),
        "GetRestoration" => each(restored()),
        "GetStandardisedRates" => each(standardised()),
        "ListGaps" => {
            each(queries().into_iter().step_by(7).map(|query| json!({"query": query})).collect())
        }
        "RecordChannelAssessment" => {
            let about = json!({"organisation": PRACTICES[0], "firstMonth": MONTH, "text": "Unchanged.", "assessDate": "2020-07-01", "ownerRole": "Manager"});
            let id = |n: u32| format!("{ID}70{n:02}");
            each(vec![json!({"assessment": about, "requestId": id(1)}), json!({"requestId": id(2)})])
        }
        "ListChannelAssessments" => each(vec![
            json!({"parent": "organisations/-"}),
            json!({"parent": format!("organisations/{}", PRACTICES[0])}),
            json!({"parent": "x"}),
        ]),
        "ListEstimates" => each(vec![json!({}), json!({"collection": COLLECTION}), json!({"area": PRACTICES[0]})]),
        "SubmitConsultations" => submitted("consultations", &json!([{"channel": "TELEPHONE"}, {"channel": "VIDEO"}])),
        "SubmitPopulations" => submitted("populations", &json!([{"personCount": 7}])),
        "SubmitDigitalAccess" => submitted("digital-access", &json!([{"appRegistered": "Y"}])),
        "SubmitIndicatorCounts" => {
            let row = json!({"indicator": "C20-SMI", "numeratorCount": 3, "denominatorCount": 7});
            submitted("indicator-counts", &json!([row]))
        }
        "SubmitEstimates" => vec![vec![json!({"header": {"submission": header(PRACTICES[0], &format!("{ID}6001"), &json!({}))}})]],
        "GetSubmission" => each(vec![
            json!({"name": version(0, "consultations")}),
            json!({"name": version(0, "populations")}),
            json!({"name": version(0, "digital-access")}),
            json!({"name": version(3, "consultations").replace("versions/1", "versions/9")}),
            json!({"name": "x"}),
        ]),
        "ListSubmissions" => each(vec![
            json!({"parent": "collections/-", "includePast": true}),
            json!({"parent": format!("collections/{COLLECTION}")}),
            json!({"parent": "collections/-", "organisation": PRACTICES[0], "month": MONTH}),
            json!({"parent": "collections/x"}),
        ]),
        "ListRowProblems" => each(vec![
            json!({"parent": version(0, "consultations")}),
            json!({"parent": version(0, "consultations"), "pageToken": "0"}),
        ]),
        "WithdrawSubmission" => each(vec![
            json!({"name": version(4, "digital-access"), "requestId": format!("{ID}5001")}),
            json!({"name": version(1, "consultations"), "requestId": format!("{ID}5002")}),
        ]),
        "EraseSubmission" => each(vec![
            json!({"name": version(3, "consultations"), "reason": "a test", "requestId": format!("{ID}9001")}),
            json!({"name": version(3, "consultations"), "requestId": format!("{ID}9002")}),
            json!({"name": "x", "reason": "a test", "requestId": format!("{ID}9003")}),
        ]),
        "ErasePerson" => each(vec![
            json!({"personKey": "nobody", "personKeyScheme": "none", "reason": "a test", "requestId": format!("{ID}9004")}),
        ]),
        "ListAuditEntries" => each(vec![json!({}), json!({"pageSize": 1})]),
        "ListErasures" => each(vec![json!({}), json!({"pageSize": 1})]),
        "ListTelemetrySubscriptions" => each(vec![json!({})]),
        "GetDeliveryStatus" | "ListTelemetryEvents" | "ListDeadLetters" | "PauseDelivery" | "ResumeDelivery" | "PurgeEvents" => {
            each(vec![json!({"partner": "alpha"}), json!({})])
        }
        "ReplayEvents" => each(vec![json!({"partner": "alpha", "sequences": {"first": "1"}}), json!({})]),
        "ListReleases" => each(vec![json!({}), json!({"pageSize": 1})]),
        "GetRelease" => each(vec![json!({"name": "releases/first"}), json!({"name": "releases/x"}), json!({"name": "x"})]),
        "CreateRelease" => each(vec![
            json!({"releaseId": "second", "requestId": format!("{ID}8001"), "validateOnly": true}),
            json!({"releaseId": "second", "requestId": format!("{ID}8002")}),
            json!({"releaseId": "first", "requestId": format!("{ID}8003")}),
        ]),
        "ListPublishedTables" => each(vec![json!({}), json!({"release": "first"}), json!({"release": "x"})]),
        "GetPublishedTable" => each(vec![json!({"tableId": "channels-by-age"}), json!({"tableId": "x"})]),
        "GetServiceInfo" => each(vec![json!({})]),
        "ListCodeLists" => each(vec![json!({"pageSize": 2}), json!({"codeList": "x"})]),
        "ListDimensions" | "ListIndicators" | "ListTables" | "ListCollections" => each(vec![json!({"pageSize": 2}), json!({"pageSize": -1})]),
        "ListOrganisations" => each(vec![json!({"pageSize": 2}), json!({"area": "U42007"})]),
        "ListAreas" => each(vec![json!({"pageSize": 2}), json!({"type": "x"})]),
        "ListAvailability" => each(vec![
            json!({"collection": COLLECTION}),
            json!({"collection": COLLECTION, "area": "U42007", "dataset": "DATASET_CONSULTATIONS", "pageSize": 2}),
            json!({"collection": "x"}),
        ]),
        other => panic!("the call {other} is new: what is asked of it here, so that no withheld count leaves by it?"),
    }
}

/// The header of a submission to the collection.
pub(super) fn header(practice: &str, id: &str, more: &Value) -> Value {
    let mut header = json!({"collection": COLLECTION, "organisation": practice, "month": MONTH, "requestId": id});
    for (name, value) in more.as_object().unwrap() {
        header[name] = value.clone();
    }
    header
}

/// Submissions in the place of others: checked, refused, and taken.
fn submitted(dataset: &str, rows: &Value) -> Vec<Vec<Value>> {
    let mut number = 0;
    let collected = match dataset {
        "consultations" => json!(["interpreter_present", "sex"]),
        "populations" | "indicator-counts" => json!(["sex"]),
        _ => json!(["app_registered"]),
    };
    let mut with = |practice: usize, more: &Value, rows: &Value| {
        number += 1;
        let id = format!("{ID}{}{number:03}", dataset.len() % 10);
        let mut header = header(PRACTICES[practice], &id, more);
        header["collectedCharacteristics"] = collected.clone();
        vec![json!({"header": header}), json!({"batch": {"records": rows}})]
    };
    let allowed = json!({"allowShrinking": true});
    vec![
        with(0, &json!({"validateOnly": true}), rows),
        with(0, &json!({"validateOnly": true, "allowShrinking": true}), rows),
        with(0, &json!({}), rows),
        with(1, &json!({}), rows),
        with(0, &json!({}), &json!([{"person": {"sex": "x"}}])),
        with(3, &allowed, rows),
        // The same content again is no less of a change.
        with(3, &json!({}), rows),
        with(3, &json!({"validateOnly": true, "allowShrinking": true}), rows),
        with(3, &allowed, rows),
    ]
}

/// Some questions to every table, for the doors that answer them in other forms.
fn questions() -> Vec<Value> {
    let tables = [
        "channels",
        "outcomes",
        "exclusion",
        "provision",
        "impact",
        "indicators",
        "target_status",
        "risk",
    ];
    let some = |name| table(name).into_iter().step_by(7);
    let questions =
        tables.iter().flat_map(|name| some(name).map(move |asked| json!({*name: asked})));
    let recorded = recording().into_iter().step_by(7).map(|asked| json!({"recording": asked}));
    let timely =
        queries().into_iter().step_by(11).map(|query| json!({"timeliness": {"query": query}}));
    let represented =
        represented().into_iter().step_by(5).map(|asked| json!({"representativeness": asked}));
    let consistent = consistent().into_iter().step_by(7).map(|asked| json!({"consistency": asked}));
    let restored = restored().into_iter().step_by(7).map(|asked| json!({"restoration": asked}));
    let standardised =
        standardised().into_iter().step_by(7).map(|asked| json!({"standardised_rates": asked}));
    let of_quality = recorded.chain(timely).chain(represented).chain(consistent);
    questions.chain(of_quality).chain(restored).chain(standardised).collect()
}

/// Questions about age-standardised rates, of all consultations and of those attended.
fn standardised() -> Vec<Value> {
    let of = |(at, query)| json!({"query": query, "measure": 1 + at % 2});
    queries().into_iter().enumerate().map(of).collect()
}

/// Questions about restored activity, with the same month as the baseline, and without one.
fn restored() -> Vec<Value> {
    let baseline = json!({"first": MONTH});
    let asked = |query| json!({"query": query, "baseline": baseline});
    let usual = queries().into_iter().step_by(9).map(|query| json!({"query": query}));
    queries().into_iter().map(asked).chain(usual).collect()
}

/// Questions about the consistency of one person's values.
fn consistent() -> Vec<Value> {
    let characteristics = json!(["ethnic_category", "sex"]);
    let asked = |query| json!({"query": query, "characteristics": characteristics});
    queries().into_iter().map(asked).collect()
}

/// Questions about representativeness: of consultations and persons, against controlled and open people.
fn represented() -> Vec<Value> {
    let mut all: Vec<_> = queries().into_iter().map(|query| json!({"query": query})).collect();
    for measure in ["MEASURE_PERSONS", "MEASURE_ATTENDED_CONTACTS"] {
        for by in [&["ethnic_category"][..], &["sex"], &["organisation", "ethnic_category"]] {
            let query = json!({"collection": COLLECTION, "area": "QK1", "period": {"first": MONTH}, "by": by});
            let asked = json!({"query": query, "measure": measure});
            all.extend([COLLECTION, "gpad-coverage"].map(|people| {
                let mut asked = asked.clone();
                asked["populationCollection"] = json!(people);
                asked
            }));
        }
    }
    // An open collection over people of a controlled one.
    all.push(json!({
        "query": {"collection": "gpad-regional", "area": "QK1", "period": {"first": MONTH}, "by": ["ethnic_category"]},
        "populationCollection": COLLECTION,
    }));
    all
}

/// Questions about the recording of characteristics: a few fields each, that the comparison stays short.
fn recording() -> Vec<Value> {
    let fields = json!(["ethnic_category", "sex", "inclusion_group"]);
    let asked =
        queries().into_iter().map(|query| json!({"query": query, "characteristics": fields}));
    let more = [
        json!({"query": queries()[0]}),
        json!({"query": queries()[11], "indicators": ["DQ-11", "DQ-05"], "defaultThreshold": 0.0}),
        json!({"query": queries()[1], "characteristics": ["x"], "indicators": ["y"]}),
    ];
    asked.chain(more).collect()
}

/// Questions to a table.
fn table(name: &str) -> Vec<Value> {
    if name == "risk" {
        let query = |more: Value| json!({"query": more});
        return vec![
            query(json!({"area": "QK1"})),
            query(json!({"area": "QK1", "collection": COLLECTION})),
            query(json!({"area": "QK1", "by": ["ethnic_category"]})),
        ];
    }
    let mut all: Vec<_> = queries().into_iter().map(|query| json!({"query": query})).collect();
    if name == "indicators" {
        all.iter_mut().for_each(|asked| asked["indicator"] = json!("C20-SMI"));
    }
    if name == "target_status" {
        all.iter_mut().for_each(|asked| asked["target"] = json!("C20-SMI"));
    }
    if name == "channels" {
        let by = |dimensions: &[&str]| json!({"collection": COLLECTION, "area": "QK1", "period": {"first": MONTH}, "by": dimensions});
        for more in [
            json!({"measure": "MEASURE_PERSONS"}),
            json!({"measure": "MEASURE_ATTENDED_CONTACTS", "denominator": "DENOMINATOR_ALL"}),
            json!({"includeRates": true}),
            json!({"includeRates": true, "populationCollection": "gpad-coverage"}),
        ] {
            for dimensions in
                [&[][..], &["ethnic_category"], &["organisation"], &["sex", "inclusion_group"]]
            {
                let mut asked = more.clone();
                asked["query"] = by(dimensions);
                all.push(asked);
            }
        }
        // An open collection over people of a controlled one.
        all.push(json!({
            "query": {"collection": "gpad-regional", "area": "QK1", "period": {"first": MONTH}, "by": ["ethnic_category"]},
            "includeRates": true, "populationCollection": COLLECTION,
        }));
    }
    all
}

/// What every table is asked.
fn queries() -> Vec<Value> {
    let wide = json!(["sex", "age_band", "ethnic_category", "carer"]);
    let asked = [
        json!({"area": "QK1"}),
        json!({"area": "QK1", "by": ["sex"]}),
        json!({"area": "QK1", "by": ["ethnic_category"]}),
        json!({"area": "QK1", "by": ["ethnic_category"], "view": "BREAKDOWN_VIEW_BASIC"}),
        json!({"area": "QK1", "by": ["ethnic_category", "sex"]}),
        json!({"area": "QK1", "by": ["ethnic_group_broad", "digital_access"]}),
        json!({"area": "QK1", "by": ["inclusion_group"]}),
        json!({"area": "QK1", "by": ["disability"]}),
        json!({"area": "QK1", "by": ["exclusion_reason"]}),
        json!({"area": "QK1", "by": ["interpreter_present"]}),
        json!({"area": "QK1", "by": ["channel_mode", "ethnic_category"]}),
        json!({"area": "QK1", "by": ["organisation"]}),
        json!({"area": "QK1", "by": ["pcn", "ethnic_category"]}),
        json!({"area": "QK1", "by": ["month", "ethnic_category"]}),
        json!({"area": "U42007", "by": ["ethnic_category"]}),
        json!({"area": "04V", "by": ["organisation", "digital_access"]}),
        json!({"organisations": [PRACTICES[0]], "by": ["ethnic_category"]}),
        json!({"organisations": [PRACTICES[0], PRACTICES[2]], "by": ["ethnic_category"]}),
        json!({"organisations": [PRACTICES[1]]}),
        json!({"area": "QK1", "where": [{"dimension": "ethnic_category", "codes": ["F"]}]}),
        json!({"area": "QK1", "where": [{"dimension": "ethnic_category", "codes": ["F", "G"]}], "by": ["sex"]}),
        json!({"area": "QK1", "where": [{"dimension": "digital_access", "codes": ["UNABLE"]}]}),
        json!({"area": "QK1", "areaBasis": "AREA_BASIS_RESIDENCE", "by": ["ethnic_category"]}),
        json!({"area": "QK1", "asOf": {"release": "first"}, "by": ["ethnic_category"], "confidenceLevel": 0.9}),
        json!({"area": "QK1", "collection": "", "by": ["ethnic_category"]}),
        // Refused, or wrong.
        json!({"area": "QK1", "by": wide}),
        json!({"area": "QK1", "asOf": {"position": "3"}}),
        json!({"area": "QK1", "asOf": {"release": "firts"}}),
        json!({"organisations": [PRACTICES[0]], "by": ["sexual_orientation"]}),
        json!({"organisations": [PRACTICES[0]], "by": ["inclusion_group"]}),
        json!({"area": "U87499", "by": ["ethnic_category"]}),
        json!({"area": "QK1", "by": ["residence_lsoa"]}),
        json!({"area": "QK1", "where": [{"dimension": "ethnic_category", "codes": ["ZZ"]}]}),
        json!({"area": "QK9"}),
        json!({"area": "QK1", "collection": "practice"}),
        json!({"area": "QK1", "period": {"first": "2020-13"}}),
        json!({"area": "QK1", "period": {"first": "2019-01", "last": "2019-02"}}),
        json!({}),
    ];
    let whole = |mut query: Value| {
        let first = |name: &str, value: Value, query: &mut Value| {
            if query.get(name).is_none() {
                query[name] = value;
            }
        };
        first("collection", json!(COLLECTION), &mut query);
        first("period", json!({"first": MONTH}), &mut query);
        query
    };
    asked.into_iter().map(whole).collect()
}
