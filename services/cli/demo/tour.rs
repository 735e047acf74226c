//! The demo's tour: its long tables, one after the other.

use super::super::answer::Answer;
use super::super::show::breakdown::{chart, text};
use super::super::show::{Look, wrap};
use super::questions::Answers;
use super::screen::{Place, next, oldest};

/// Every table of the demo, with titles and charts.
pub(super) fn tour(answers: &Answers, place: &Place<'_>, look: &Look) -> String {
    let title = |text: &str| look.paint(1, &wrap::text("", text, look));
    let table = |of: &Answer| text(&of.breakdown, of.position, &answers.words, true, look);
    let drawn = |of: &Answer| chart(&of.breakdown, &answers.words, look);
    let title_of_controlled = title(
        "The same by ethnic category in a controlled collection, as partner organisations see it",
    );
    let controlled = answers.controlled.iter();
    let controlled =
        controlled.flat_map(|of| [title_of_controlled.clone(), table(of), String::new()]);
    let trend = answers.trend.iter().flat_map(|of| {
        let title = title("How that gap moved, month by month");
        [title, table(of), drawn(of), String::new()]
    });
    let sentence = oldest(&answers.internet.breakdown).map(|(sentence, _)| sentence);
    [
        title("How people in Leicester, Leicestershire and Rutland saw their GP practice, month by month"),
        table(&answers.months),
        drawn(&answers.months),
        String::new(),
        title("April 2020, the first month after the change"),
        table(&answers.after),
        String::new(),
        title("By ethnic category: the synthetic set"),
        table(&answers.synthetic),
        String::new(),
    ]
    .into_iter()
    .chain(controlled)
    .chain([
        title("Who is online, by age and sex"),
        table(&answers.internet),
        title(&sentence.unwrap_or_default()),
        String::new(),
        title("How the Digital Exclusion Risk Index falls on ethnic groups, by where they live"),
        table(&answers.risk),
        drawn(&answers.risk),
        String::new(),
        title("The largest gap between a group and all people: the synthetic set"),
        table(&answers.gap),
        String::new(),
    ])
    .chain(trend)
    .chain([
        title("Whether people who need face to face are seen so, or offered it: the synthetic set"),
        table(&answers.provision),
        String::new(),
        next(place, look.width.unwrap_or(wrap::WIDTH)),
    ])
    .collect::<Vec<_>>()
    .join("\n")
}
