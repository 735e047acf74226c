//! Progress bars with rate and time left. Quiet when standard error is not a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Look;

/// A bar on standard error over `all` things; `unit` says which (`rows`, `entries`). `None`: nobody knows how many.
pub fn bar(title: &str, unit: &str, all: Option<u64>, look: &Look) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(all, ProgressDrawTarget::stderr());
    let template = if all.is_some() {
        format!(
            "{{prefix:<26}} [{{bar:24}}] {{human_pos}} of {{human_len}} {unit}, {{per_sec}}, {{eta}} left"
        )
    } else {
        format!("{{prefix:<26}} {{human_pos}} {unit}, {{per_sec}}")
    };
    let style = ProgressStyle::with_template(&template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars(if look.unicode { "█▉▊▋▌▍▎▏ " } else { "#>-" });
    bar.with_style(style).with_prefix(title.to_owned())
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
