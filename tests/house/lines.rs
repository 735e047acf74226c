//! What the way of an answer costs: its lines, the lines that test how answers are shown, and the messages that answers are
//! made of. `cargo test --test it house::lines -- --nocapture` prints them.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use prost_reflect::{DescriptorPool, Kind, MessageDescriptor};

use super::{root, sources, tracked};

/// Lines of the way of an answer, at most. Before every answer had one shape they were 16,288. Files that people use (dates, chosen columns,
/// folders, workbooks, changes since a position) took 940 since then; lowest and highest shares, one reading of what is missing, and the
/// wholes of several listed dimensions 172; options of the contract for other languages 35; every error at once 38; what a check would come
/// to, and a watch that goes on, 32; what a terminal shows of a long answer 80, all wrong options of a table at once 70, questions without
/// blanks at the ends of their texts 45, organisations that merged 30, and the export in files of one idea 25; what suppressed
/// counts do to every figure 202; the check that a table fits into a message 22; answers about an earlier state with the reference
/// content of then 26; the refusal of a threshold over suppressed counts 8; tables that are too long refused before they are counted, or
/// while their rows are made, 163; memory taken before each work 44; versions that stand no more read from disk 24; people of
/// organisations that merged, counted once, 33; a long answer of any table in short, 19; counts that only protection makes a number of,
/// and what is shown and withheld, 325; columns counted only for long tables, 8; memory that figures keep to the end of their question,
/// answers encoded row by row, and long tables of people refused at their first row too many, 36; every table in short by the lines that
/// it takes, with main columns in steps, and counts that agree with their words, 67; the release that answers a reader of releases, areas that
/// it does not show, and exports that stay in it, 143; profiles: what a reader may see named in every answer, row and file, what is withheld
/// counted and said, figures of an area withheld from its own organisations where others would show, refusals for size that tell nothing of
/// the data, and submissions for who sent them, 358; published tables over the interface, as they are refused and written into files, 220;
/// numbers that would tell of the few whom they leave out, 374;
/// the scope of a reader: columns, wholes, plans and areas of an export that it may read, and the caller of every question, 66;
/// how many cells an answer shows and withholds, for the audit log, 32;
/// submitted indicators: their table, service, definitions and dataset, and dimensions of organisations, 364; targets: their list, service and
/// status, 420;
/// data quality: two tables with their contract, and the pages of gaps, 1,138; representativeness, with its contract, 474; the axes within a row as
/// one column, and gaps found side by side, 205; answers for what is sent without a call, 38;
/// access snapshots and submitted indicators that a reader may read, and exports that end with their scope, 46; cross-tabulations of one question in
/// few passes, and the consistency of one person's values with its contract, less what the tables repeated, 532;
/// activity beside that of a baseline, with its contract, 352;
/// spans of the parts of an answer, 8; age-standardised rates, with their contract, and the BASIC view of every table, 440;
/// small areas of England as far as records have them, and who is expected by residence, 35; months of areas and of who belongs to them, 95;
/// where what is counted was published, published people behind rates, and tables as large as their conditions let through, 210;
/// homes in the systems of each month, parts of divided areas, and wholes of the months asked, 278;
/// homes of which no earlier system is known, and what answers say of areas in conditions, 18;
/// boundaries of rows, of codes and of figures, who is expected in each month, and which people rates are over, 150;
/// the calendar of submissions, stated baselines of targets, and the editions of deprivation behind figures, 216;
/// gaps of named groups over time, indicators and follow-ups among the largest gaps, and summaries by period, 240;
/// what a reader may read decided before tables are searched for gaps, what measures need of their groups, and what limits take as independent, 113;
/// what is counted together in one pass, columns of several parts, and tables made when they are asked for, 103;
const PRODUCT_LINES: usize = 24_092;
/// Lines of the tests of presentation, at most.
const PRESENTATION_TEST_LINES: usize = 1_800;
/// Messages that are tables, rows, columns and cells of answers.
const MESSAGES: usize = 4;

/// The way of an answer: what every path begins with.
const WAY: &[&str] = &[
    "services/engine/answer",
    "services/rpc/",
    "services/cli/breakdown.rs",
    "services/cli/exclusion.rs",
    "services/cli/show/",
    "services/cli/export/",
    "proto/equity/v1/breakdown",
    "proto/equity/v1/comparison",
    "proto/equity/v1/consultation_channel",
    "proto/equity/v1/data_quality",
    "proto/equity/v1/digital_exclusion",
    "proto/equity/v1/disclosure",
    "proto/equity/v1/export",
    "proto/equity/v1/inequality",
];

/// What lies there and serves every call or lists too: what keeps and sends encoded answers, statuses, pages, the reference content,
/// lists of assessments and estimates, and how any table or text is drawn.
const ELSEWHERE: &[&str] = &[
    "services/rpc/access.rs",
    "services/rpc/audit/",
    "services/rpc/cached_answers",
    "services/rpc/caller.rs",
    "services/rpc/convert/assessment.rs",
    "services/rpc/convert/estimate.rs",
    "services/rpc/convert/header.rs",
    "services/rpc/convert/record.rs",
    "services/rpc/convert/reference.rs",
    "services/rpc/convert/submission.rs",
    "services/rpc/convert/wire.rs",
    "services/rpc/deadline.rs",
    "services/rpc/encoded.rs",
    "services/rpc/exclusion/assessments.rs",
    "services/rpc/exclusion/estimates.rs",
    "services/rpc/fields/",
    "services/rpc/incoming.rs",
    "services/rpc/mod.rs",
    "services/rpc/page.rs",
    "services/rpc/reference.rs",
    "services/rpc/erasures.rs",
    "services/rpc/convert/erasure.rs",
    "services/rpc/releases.rs",
    "services/rpc/convert/release.rs",
    "services/rpc/service_info.rs",
    "services/rpc/single_flight.rs",
    "services/rpc/status",
    "services/rpc/submissions",
    "services/rpc/telemetry.rs",
    "services/rpc/convert/telemetry.rs",
    "services/rpc/today.rs",
    "services/cli/show/assessments",
    "services/cli/show/audit.rs",
    "services/cli/show/csv.rs",
    "services/cli/show/delivery.rs",
    "services/cli/show/erasures.rs",
    "services/cli/show/errors",
    "services/cli/show/estimates_sheet",
    "services/cli/show/fit.rs",
    "services/cli/show/json.rs",
    "services/cli/show/lists",
    "services/cli/show/progress",
    "services/cli/show/receipts",
    "services/cli/show/releases",
    "services/cli/show/sent",
    "services/cli/show/sheet.rs",
    "services/cli/show/table.rs",
    "services/cli/show/wrap.rs",
];

/// Where answers are shown and written to files.
const PRESENTATION: &[&str] =
    &["services/cli/show/", "services/cli/export/", "services/rpc/export/"];

/// Messages that answers share with lists and questions; what these are made of belongs to them.
const SHARED: &[&str] = &[
    "BreakdownContext",
    "LegendDimension",
    "PublishedEstimate",
    "ChannelAssessment",
    "CategoryKey",
    "Absence",
    "Interval",
];

/// Services whose `Get…` answer questions.
const SERVICES: &[&str] = &["ConsultationChannelService", "DigitalExclusionService"];

fn is_of_the_way(path: &str) -> bool {
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| path.starts_with(prefix));
    begins(WAY) && !begins(ELSEWHERE)
}

fn is_presentation(path: &str) -> bool {
    is_of_the_way(path) && PRESENTATION.iter().any(|folder| path.starts_with(folder))
}

/// Lines of the way of an answer without tests, and of the tests of presentation.
fn lines() -> (usize, usize) {
    let length = |path: &str| std::fs::read_to_string(root().join(path)).unwrap().lines().count();
    let (mut product, mut tests) = (0, 0);
    let sources = sources();
    let mut built = BTreeSet::new();
    for source in &sources {
        let path = format!("services/{}", source.path);
        if is_of_the_way(&path) {
            product += length(&path) - source.code.test_lines;
        }
        if is_presentation(&path) {
            tests += source.code.test_lines;
        }
        built.insert(path);
    }
    for path in tracked().iter().filter_map(|path| path.to_str()).filter(|p| is_of_the_way(p)) {
        if path.ends_with(".proto") {
            product += length(path);
        } else if path.ends_with(".rs") && !built.contains(path) && is_presentation(path) {
            tests += length(path);
        }
    }
    (product, tests)
}

/// Every message that one is made of, itself included, but none of `known` and what those are made of.
fn reach(message: &MessageDescriptor, known: &mut BTreeSet<String>) {
    if !known.insert(message.full_name().to_owned()) {
        return;
    }
    for field in message.fields() {
        if let Kind::Message(inner) = field.kind() {
            reach(&inner, known);
        }
    }
}

/// The tables, rows and cells that answers are made of, by name.
fn answer_messages(pool: &DescriptorPool) -> BTreeSet<String> {
    let mut shared = BTreeSet::new();
    for name in SHARED {
        if let Some(message) = pool.get_message_by_name(&format!("equity.v1.{name}")) {
            reach(&message, &mut shared);
        }
    }
    let mut all = shared.clone();
    let services = pool.services().filter(|service| SERVICES.contains(&service.name()));
    let methods = services.flat_map(|service| service.methods().collect::<Vec<_>>());
    for response in methods.filter(|m| m.name().starts_with("Get")).map(|m| m.output()) {
        reach(&response, &mut all);
        all.remove(response.full_name());
    }
    let of_answers = all.difference(&shared).map(|name| name.trim_start_matches("equity.v1."));
    of_answers.map(str::to_owned).collect()
}

#[test]
#[expect(clippy::print_stdout, reason = "the report is for whoever asks for it")]
fn the_way_of_an_answer_is_as_short_as_it_is_meant_to_be() {
    let (product, tests) = lines();
    let pool = DescriptorPool::decode(equity_indicators::proto::FILE_DESCRIPTOR_SET).unwrap();
    let messages = answer_messages(&pool);
    let mut report = String::from("the way of an answer                 now     aim\n");
    for (what, now, aim) in [
        ("product lines, protos included", product, PRODUCT_LINES),
        ("lines of the presentation's tests", tests, PRESENTATION_TEST_LINES),
        ("answer messages in the contract", messages.len(), MESSAGES),
    ] {
        let _ = writeln!(report, "{what:<34} {now:>6} {aim:>7}");
    }
    let names = messages.into_iter().collect::<Vec<_>>();
    println!("{report}{}", names.join(", "));
    let kept =
        product <= PRODUCT_LINES && tests <= PRESENTATION_TEST_LINES && names.len() <= MESSAGES;
    assert!(kept, "{report}");
}

#[test]
fn the_way_of_an_answer_is_found() {
    for path in
        ["services/rpc/channels.rs", "services/engine/answer/a.rs", "services/cli/show/x.rs"]
    {
        assert!(is_of_the_way(path), "{path}");
    }
    for path in
        ["services/rpc/submissions/kind.rs", "services/cli/show/lists.rs", "services/rpc/status.rs"]
    {
        assert!(!is_of_the_way(path), "{path}");
    }
    assert!(
        is_presentation("services/rpc/export/mod.rs") && !is_presentation("services/rpc/page.rs")
    );
    // Each folder has files, so that nothing drops out unseen when it is renamed.
    for prefix in PRESENTATION.iter().chain(WAY).filter(|path| path.ends_with('/')) {
        let found = tracked().iter().any(|path| path.to_string_lossy().starts_with(prefix));
        assert!(found, "{prefix}: no such path");
    }
}
