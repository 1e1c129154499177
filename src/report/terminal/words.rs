//! Numbers, shares and spans as people read them, and lines that fit a terminal.

use crate::kernel::{SimDuration, SimTime};

/// No line is longer, a command alone excepted.
const WIDTH: usize = 80;

/// `12,345`
pub(in crate::report) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in std::iter::zip((0..digits.len()).rev(), digits.chars()) {
        text.push(digit);
        if place > 0 && place % 3 == 0 {
            text.push(',');
        }
    }
    text
}

/// `153 days`, `2.3 hours`: one decimal below ten.
pub(in crate::report) fn spoken(span: SimDuration) -> String {
    let units = [
        ("day", 86_400_000),
        ("hour", 3_600_000),
        ("minute", 60_000),
        ("second", 1000),
    ];
    let fitting = units.into_iter().find(|(_, length)| span.0 >= *length);
    let (name, length) = fitting.unwrap_or(("second", 1000));
    let tenths = (span.0 * 10 + length / 2) / length;
    match (tenths / 10, tenths % 10) {
        (1, 0) => format!("1 {name}"),
        (whole, tenth) if whole < 10 && tenth > 0 => format!("{whole}.{tenth} {name}s"),
        (whole, _) if whole < 10 => format!("{whole} {name}s"),
        _ => format!("{} {name}s", thousands((span.0 + length / 2) / length)),
    }
}

/// `1 server`, `12 servers`
pub(in crate::report) fn counted(number: usize, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", thousands(number as u64))
}

/// A moment to the minute, in UTC as everywhere: `2021-06-06 09:00`
pub(in crate::report) fn moment(at: SimTime) -> String {
    let text = at.to_string();
    text.chars().take(16).collect::<String>().replace('T', " ")
}

/// Thousandths as per cent: `98.6%`
pub(super) fn percent(per_mille: u64) -> String {
    match per_mille % 10 {
        0 => format!("{}%", per_mille / 10),
        tenth => format!("{}.{tenth}%", per_mille / 10),
    }
}

/// `4,711   98.6%`, so that shares stand under each other; a dash where there is nothing to share.
pub(super) fn of_total(part: u64, all: u64) -> String {
    match (part * 1000 + all / 2).checked_div(all) {
        Some(share) => {
            let share = format!("{}.{}%", share / 10, share % 10);
            format!("{} {share:>7}", thousands(part))
        }
        None => "-".to_owned(),
    }
}

/// A label and cells, right-aligned under each other; a lone cell and the third of many have room
/// for a share.
pub(super) fn row(label: &str, cells: &[String]) -> String {
    if let [cell] = cells {
        return format!("{label:<32}{cell:>20}\n");
    }
    let mut line = format!("{label:<13}");
    for (width, cell) in std::iter::zip([10, 10, 19, 10, 10, 8], cells) {
        line += &format!("{cell:>width$}");
    }
    line.truncate(line.trim_end().len());
    line + "\n"
}

/// Wrapped text behind a label; the lines that follow stand under the text.
pub(in crate::report) fn paragraph(label: &str, text: &str) -> String {
    let indent = " ".repeat(label.chars().count());
    // No breaking at hyphens: names and dates have them.
    let options = textwrap::Options::new(WIDTH)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .initial_indent(label)
        .subsequent_indent(&indent);
    textwrap::fill(text, options) + "\n"
}
