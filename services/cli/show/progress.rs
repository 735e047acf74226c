//! Progress bars with rate and time left. Quiet when standard error is not a terminal.

use std::fmt::Write;

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::Look;

/// A bar on standard error over `all` things; `unit` names them (`rows`, `entries`). `None`: their number is unknown.
/// The bar's message follows them.
pub fn bar(title: &str, unit: &str, all: Option<u64>, look: &Look) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(all, ProgressDrawTarget::stderr());
    let template = if all.is_some() {
        format!(
            "{{prefix}} [{{bar:16}}] {{human_pos}} of {{human_len}} {unit}{{msg}}, {{rate}}/s, {{eta}} left"
        )
    } else {
        format!("{{prefix}} {{human_pos}} {unit}{{msg}}, {{rate}}/s")
    };
    let style = ProgressStyle::with_template(&template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key("rate", |state: &ProgressState, to: &mut dyn Write| {
            // Writing to a bar's own text does not fail.
            let _ = write!(to, "{}", HumanCount(whole(state.per_sec())));
        })
        .progress_chars(if look.unicode { "█▉▊▋▌▍▎▏ " } else { "#>-" });
    bar.with_style(style).with_prefix(title.to_owned())
}

/// A rate without decimals.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a float becomes the nearest number there is
fn whole(rate: f64) -> u64 {
    rate.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_understood() {
        for all in [None, Some(10)] {
            let bar = bar("submitting", "rows", all, &Look::PLAIN);
            bar.inc(3);
            assert_eq!((bar.position(), bar.length()), (3, all));
        }
    }
}
