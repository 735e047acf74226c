//! SII and RII of `PHEindicatormethods`: values, limits in closed form, and the simulated limits.

use equity_indicators::domain::statistics::{
    Confidence, Group, Groups, NotComputable, Scale, slope,
};
use serde_json::Value;

use super::Report;
use super::packages::NO_CLOSED_FORM;

fn groups(case: &Value, of_limits: bool) -> Groups {
    let group = |of: &Value| {
        let number = |name: &str| of[name].as_f64();
        let limits = number("lcl").zip(number("ucl")).filter(|_| of_limits);
        let (value, people) = (number("value").unwrap(), number("population").unwrap());
        Group { value, error: number("se"), limits, people }
    };
    Groups::new(case["input"].as_array().unwrap().iter().map(group).collect(), 0.0).unwrap()
}

pub(super) fn slopes(report: &mut Report) {
    let all = report.json("sii_rii_phe.json");
    for case in all["cases"].as_array().unwrap() {
        let name = format!("{} {}", case["id"].as_str().unwrap(), case["confidence"]);
        let confidence = Confidence::from_level(case["confidence"].as_f64().unwrap()).unwrap();
        let multiplier = case["multiplier"].as_f64().unwrap();
        let scale = match (case["transform"].as_bool().unwrap(), case["value_type"].as_str()) {
            (false, _) => Scale::Linear,
            (true, Some("rate")) => Scale::Log,
            (true, _) => Scale::Logit,
        };
        let of = |measure: &str| format!("{measure}, {}", format!("{scale:?}").to_lowercase());
        let (sii, rii) = (of("SII"), of("RII"));
        let found =
            slope(&groups(case, scale != Scale::Linear), scale, multiplier, confidence).unwrap();
        let relative = found.relative.unwrap();
        let expected = |part: &str, name: &str| case[part][name].as_f64();
        let point = |name: &str| expected("expected", name).unwrap();
        report.near((&sii, &name), found.absolute.value, point("sii"), 1e-10, 0.0);
        report.near((&rii, &name), relative.value, point("rii"), 1e-10, 0.0);
        // The package gives the intercept times the multiplier, but not on the linear scale.
        let intercept = if scale == Scale::Linear { 1.0 } else { multiplier.abs() };
        report.near((&sii, &name), found.intercept * intercept, point("intercept"), 1e-10, 0.0);
        for (measure, estimate, part) in [(&sii, found.absolute, "sii"), (&rii, relative, "rii")] {
            let Some(lower) = expected("closed_form_ci", &format!("{part}_lower")) else {
                assert_eq!(estimate.limits, Err(NotComputable::NoErrors), "{name}");
                assert!(expected("simulated_ci", &format!("{part}_lower")).is_some(), "{name}");
                report.skip(NO_CLOSED_FORM, format!("{name} {part}"));
                continue;
            };
            let upper = expected("closed_form_ci", &format!("{part}_upper")).unwrap();
            let limits = estimate.limits.unwrap();
            report.near((&format!("{measure}, limits"), &name), limits.0, lower, 1e-9, 0.0);
            report.near((&format!("{measure}, limits"), &name), limits.1, upper, 1e-9, 0.0);
            // 1 % of the width at 95 %, 3 % at 99.8 %.
            let wide = if confidence == Confidence::P95 { 0.01 } else { 0.03 } * (upper - lower);
            let measure = format!("{measure}, simulated limits");
            for (found, end) in [(limits.0, "lower"), (limits.1, "upper")] {
                let simulated = expected("simulated_ci", &format!("{part}_{end}")).unwrap();
                report.near((&measure, &name), found, simulated, 0.0, wide);
            }
        }
    }
}
