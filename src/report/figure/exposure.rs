//! Copies that outlive their owners' wish, by cause, over the whole run.

use std::collections::BTreeMap;

use plotters::prelude::*;

use super::super::stored::RunTables;
use super::super::terminal::thousands;
use super::calendar::Calendar;
use super::colours::CAUSES;
use super::sheet::{self, Drawing, INK, PALE, font};
use super::stack::Stack;

const HEIGHT: u32 = 556;

/// The figure.
pub(in crate::report) fn exposure(run: &RunTables) -> Drawing {
    let title = "Copies that their owners wished gone".to_owned();
    let calendar = Calendar::new(run.story().start, run.story().end);
    let stack = stack(run, &calendar);
    let copies: u64 = stack.layers.iter().map(|layer| layer.total).sum();
    let n = run.n(
        copies,
        "copies at the end, on all servers that are not dead",
    );
    let caption = format!(
        "A copy counts from the moment at which its author's own server, its room or its author wished it gone. {n}"
    );
    Drawing::new(HEIGHT, title, caption, |page| {
        if stack.layers.is_empty() {
            let words = "No copy outlives its owner's wish in this run.";
            return sheet::text(page, words, (24, 240), font(20));
        }
        let words = "Why they live on; the numbers are those at the end";
        sheet::text(page, words, (24, 52), font(17));
        sheet::legend(page, &stack, (24, 80));
        let top = stack.top();
        let mut chart = ChartBuilder::on(page)
            .margin_top(134)
            .margin_bottom(84)
            .margin_left(16)
            .margin_right(56)
            .x_label_area_size(52)
            .y_label_area_size(90)
            .build_cartesian_2d(calendar, 0..top + top / 10 + 1)
            .expect("the font is registered");
        chart
            .configure_mesh()
            .x_labels(8)
            .y_labels(6)
            .bold_line_style(PALE)
            .light_line_style(TRANSPARENT)
            .axis_style(INK)
            .label_style(font(15))
            .axis_desc_style(font(17))
            .x_desc("date (UTC)")
            .y_desc("copies (number)")
            .y_label_formatter(&|count| thousands(*count))
            .draw()
            .expect("the font is registered");
        stack.draw(&mut chart);
    })
}

/// The rows say how many there are; a stack wants to know what changes.
fn stack(run: &RunTables, calendar: &Calendar) -> Stack {
    let mut last: BTreeMap<&str, i64> = BTreeMap::new();
    let changes = run.over_time.iter().map(|row| {
        let now = i64::try_from(row.copies).unwrap_or(i64::MAX);
        let before = last.insert(&row.cause, now).unwrap_or(0);
        (calendar.after(row.at), &*row.cause, now - before)
    });
    let changes: Vec<_> = changes.collect();
    let column = |after| calendar.column(after);
    Stack::new(changes.into_iter(), &CAUSES, column, calendar.end())
}
