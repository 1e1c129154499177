//! `recovery.svg`: how many lost messages had come back, by path, over the time after the loss.
//!
//! The figure is drawn from the rows of `recovery.csv` and the sums of `items.csv` alone. Its font is
//! part of the program and of the file, so that every reader sees the words as they were measured here.

mod ladder;
mod page;
mod since;
mod stack;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

pub(super) use self::ladder::ladder_svg;
use self::page::{Area, INK, PALE, font};
use self::since::Since;
use self::stack::Stack;
use super::terminal::{moment, spoken, thousands};
use crate::kernel::{SimDuration, SimTime};
use crate::metrics::{Dimension, Filter, Measures};
use crate::scenario::Scenario;

const WIDTH: u32 = 900;
const HEIGHT: u32 = 560;

/// The class that the figure is about.
const CLASS: &str = "message";

/// The figure, as SVG.
pub fn recovery_svg(scenario: &Scenario, measures: &Measures) -> String {
    let story = Story::of(scenario, measures);
    let mut svg = String::new();
    {
        let page = page::blank(&mut svg, (WIDTH, HEIGHT));
        page::text(&page, &story.title(), (24, 22), font(26));
        match story.loss_at {
            Some(loss_at) if story.gone > 0 => draw(&page, &story, loss_at, measures),
            _ => page::text(
                &page,
                "No message was lost in this run, so there is nothing to come back.",
                (24, 240),
                font(20),
            ),
        }
        page::paragraph(&page, &story.caption(), (24, HEIGHT.cast_signed() - 66));
        page.present().expect("a string can be written to");
    }
    page::finish(&svg, &story.title(), &story.caption())
}

/// The numbers that stand around the curve.
struct Story<'a> {
    scenario: &'a Scenario,
    measured: &'a str,
    loss_at: Option<SimTime>,
    half: Option<SimDuration>,
    nine_tenths: Option<SimDuration>,
    gone: u64,
    recoverable: u64,
    recovered: u64,
}

impl<'a> Story<'a> {
    fn of(scenario: &'a Scenario, measures: &'a Measures) -> Story<'a> {
        let class = (Dimension::Class, vec![CLASS.to_owned()]);
        let counts = measures.sum(&Filter([class].into()));
        let after = |at: Option<SimTime>| Some(since(measures.loss_at?, at?));
        Story {
            scenario,
            measured: &measures.measured,
            loss_at: measures.loss_at,
            half: after(measures.half_back_at),
            nine_tenths: after(measures.nine_tenths_back_at),
            gone: counts.gone,
            recoverable: counts.recoverable,
            recovered: counts.recovered,
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
        let mut caption = format!(
            "{}. n = {} messages gone after the fault",
            self.scenario.title.trim_end_matches('.'),
            thousands(self.gone)
        );
        if self.gone > 0 {
            caption += &format!(
                "; {} of them recoverable (on another server at that time); {} came back by {}, the end of the run",
                thousands(self.recoverable),
                thousands(self.recovered),
                moment(self.scenario.world.end),
            );
        }
        caption
            + &format!(
                ". One run, seed {}, fedheal {}.",
                self.scenario.world.seed,
                env!("CARGO_PKG_VERSION")
            )
    }
}

/// The time from one moment to a later one.
fn since(start: SimTime, at: SimTime) -> SimDuration {
    SimDuration(at.0.saturating_sub(start.0))
}

/// Legend, axes, layers, the line of the recoverable, and the two markers.
fn draw(page: &Area<'_>, story: &Story<'_>, loss_at: SimTime, measures: &Measures) {
    let whole = since(loss_at, story.scenario.world.end);
    let last = measures.recovery.iter().rfind(|row| row.class == CLASS);
    let last = last.map_or(whole, |row| since(loss_at, row.at));
    let across = Since::new(whole, last, story.half);
    let title = across.title();
    let top = story.recoverable.max(story.recovered).max(1);
    let stack = Stack::new(measures, CLASS, loss_at, &across);

    page::text(page, story.subtitle(), (24, 52), font(18));
    legend(page, &stack);
    let mut chart = ChartBuilder::on(page)
        .margin_top(122)
        .margin_bottom(82)
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
    for layer in &stack.layers {
        let area = Polygon::new(stack.outline(layer), layer.colour.filled());
        chart.draw_series([area]).expect("a string takes it");
    }
    let pixel = |after: SimDuration, count: u64| chart.backend_coord(&(after.0, count));
    let right = pixel(whole, 0).0;
    ceiling(page, story, pixel(SimDuration(0), story.recoverable), right);
    let (_, foot) = pixel(whole, 0);
    let (_, head) = pixel(whole, top + top / 10 + 1);
    markers(page, story, |after| pixel(after, 0).0, (head, foot));
}

/// One coloured box, name and count per path, in the order of the stack.
fn legend(page: &Area<'_>, stack: &Stack) {
    let mut left = 24;
    for layer in &stack.layers {
        let (x, y) = (left, 80);
        let swatch = Rectangle::new([(x, y), (x + 14, y + 14)], layer.colour.filled());
        page.draw(&swatch).expect("a string takes it");
        let label = format!("{} {}", layer.path, thousands(layer.total));
        page::text(page, &label, (x + 20, y), font(17));
        left += 20 + page::width(page, &label, &font(17)) + 28;
    }
}

/// A dashed line at all that could come back, with its number above it.
fn ceiling(page: &Area<'_>, story: &Story<'_>, start: (i32, i32), right: i32) {
    page::dashed(page, [start, (right, start.1)], (7, 5));
    let label = format!("recoverable: {}", thousands(story.recoverable));
    let style = page::anchored(font(16), HPos::Right, VPos::Bottom);
    page::text(page, &label, (right - 6, start.1 - 3), style);
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
        page::dashed(page, [(x, head), (x, foot)], (2, 4));
        let label = format!("{name}: {}", spoken(after));
        let width = page::width(page, &label, &font(15));
        // The first label ends at its line, the second begins there.
        let wanted = if free_from == 8 {
            x + 3 - width * 10 / 11
        } else {
            x - 3
        };
        let left = wanted.min(sheet - 8 - width).max(free_from);
        let style = page::anchored(font(15), HPos::Left, VPos::Bottom);
        page::text(page, &label, (left, head - 4), style);
        free_from = left + width + 10;
    }
}
