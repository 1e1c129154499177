//! How many lost messages had come back, by path, over the time after the loss.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::super::stored::RunTables;
use super::super::terminal::{moment, spoken, thousands};
use super::colours::PATHS;
use super::sheet::{self, Area, Drawing, INK, PALE, WIDTH, font};
use super::since::Since;
use super::stack::Stack;
use crate::kernel::{SimDuration, SimTime};

const HEIGHT: u32 = 596;

/// The class that the figure is about.
const CLASS: &str = "message";

/// The figure.
pub(in crate::report) fn recovery(run: &RunTables) -> Drawing {
    let story = Story::of(run);
    Drawing::new(HEIGHT, story.title(), story.caption(), |page| {
        match story.loss_at {
            Some(loss_at) if story.gone > 0 => draw(page, &story, loss_at),
            _ => sheet::text(
                page,
                "No message was lost in this run, so there is nothing to come back.",
                (24, 240),
                font(20),
            ),
        }
    })
}

/// The numbers that stand around the curve.
struct Story<'a> {
    run: &'a RunTables,
    measured: &'a str,
    loss_at: Option<SimTime>,
    end: SimTime,
    half: Option<SimDuration>,
    nine_tenths: Option<SimDuration>,
    gone: u64,
    recoverable: u64,
    recovered: u64,
}

impl<'a> Story<'a> {
    fn of(run: &'a RunTables) -> Story<'a> {
        let story = run.story();
        let after = |at: Option<SimTime>| Some(at?.since(story.loss_at?));
        Story {
            run,
            measured: &story.measured,
            loss_at: story.loss_at,
            end: story.end,
            half: after(story.half_back_at),
            nine_tenths: after(story.nine_tenths_back_at),
            gone: run.sum(CLASS, |row| row.gone),
            recoverable: run.sum(CLASS, |row| row.recoverable),
            recovered: run.sum(CLASS, |row| row.recovered),
        }
    }

    fn title(&self) -> String {
        match self.loss_at {
            Some(at) => {
                let day = at.to_string();
                let day = day.split('T').next().unwrap_or_default();
                format!(
                    "What came back to {} after its loss of {day}",
                    self.measured
                )
            }
            None => format!("What came back to {}", self.measured),
        }
    }

    fn subtitle(&self) -> &'static str {
        if self.recovered > 0 {
            "Lost messages that came back, whatever became of them later, by path"
        } else {
            "Lost messages that came back: none"
        }
    }

    fn caption(&self) -> String {
        let mut caption = String::new();
        if self.gone > 0 {
            caption = format!(
                "Of the messages that were gone after the fault, {} were recoverable (on another server at that time); \
                 {} came back by {}, the end of the run. ",
                thousands(self.recoverable),
                thousands(self.recovered),
                moment(self.end),
            );
        }
        caption + &self.run.n(self.gone, "messages gone after the fault")
    }
}

/// Legend, axes, layers, the line of the recoverable, and the two markers.
fn draw(page: &Area<'_>, story: &Story<'_>, loss_at: SimTime) {
    let whole = story.end.since(loss_at);
    let back = || story.run.recovery.iter().filter(|row| row.class == CLASS);
    let last = back()
        .next_back()
        .map_or(whole, |row| row.at.since(loss_at));
    let across = Since::new(whole, last, story.half);
    let title = across.title();
    let top = story.recoverable.max(story.recovered).max(1);
    let changes = back().map(|row| {
        let items = i64::try_from(row.items).unwrap_or(i64::MAX);
        (row.at.since(loss_at).0, &*row.path, items)
    });
    let column = |after| across.column(after);
    let stack = Stack::new(changes, &PATHS, column, across.end());

    sheet::text(page, story.subtitle(), (24, 52), font(18));
    sheet::legend(page, &stack, (24, 80));
    let mut chart = ChartBuilder::on(page)
        .margin_top(134)
        .margin_bottom(84)
        .margin_left(16)
        .margin_right(36)
        .x_label_area_size(52)
        .y_label_area_size(84)
        .build_cartesian_2d(across, 0..top + top / 10 + 1)
        .expect("the font is registered");
    chart
        .configure_mesh()
        .x_labels(16)
        .y_labels(7)
        .bold_line_style(PALE)
        .light_line_style(TRANSPARENT)
        .axis_style(INK)
        .label_style(font(16))
        .axis_desc_style(font(17))
        .x_desc(title)
        .y_desc("messages that came back (number)")
        .y_label_formatter(&|count| thousands(*count))
        .draw()
        .expect("the font is registered");
    stack.draw(&mut chart);
    let pixel = |after: SimDuration, count: u64| chart.backend_coord(&(after.0, count));
    let right = pixel(whole, 0).0;
    ceiling(page, story, pixel(SimDuration(0), story.recoverable), right);
    let (_, foot) = pixel(whole, 0);
    let (_, head) = pixel(whole, top + top / 10 + 1);
    markers(page, story, |after| pixel(after, 0).0, (head, foot));
}

/// A dashed line at all that could come back, with its number above it.
fn ceiling(page: &Area<'_>, story: &Story<'_>, start: (i32, i32), right: i32) {
    sheet::dashed(page, [start, (right, start.1)], (7, 5));
    let label = format!("recoverable: {}", thousands(story.recoverable));
    let style = sheet::anchored(font(16), HPos::Right, VPos::Bottom);
    sheet::text(page, &label, (right - 6, start.1 - 3), style);
}

/// Thin lines down from the plot's upper edge, with labels above it that keep clear of each other.
fn markers(
    page: &Area<'_>,
    story: &Story<'_>,
    column: impl Fn(SimDuration) -> i32,
    (head, foot): (i32, i32),
) {
    let marks = [
        ("half back", story.half),
        ("nine tenths", story.nine_tenths),
    ];
    let sheet = WIDTH.cast_signed();
    let mut free_from = 8;
    for (name, after) in marks {
        let Some(after) = after else { continue };
        let x = column(after);
        sheet::dashed(page, [(x, head), (x, foot)], (2, 4));
        let label = format!("{name}: {}", spoken(after));
        let width = sheet::width(page, &label, &font(15));
        // The first label ends at its line, the second begins there.
        let wanted = if free_from == 8 {
            x + 3 - width * 10 / 11
        } else {
            x - 3
        };
        let left = wanted.min(sheet - 8 - width).max(free_from);
        let style = sheet::anchored(font(15), HPos::Left, VPos::Bottom);
        sheet::text(page, &label, (left, head - 4), style);
        free_from = left + width + 10;
    }
}
