//! Every point of a study by what it gains and what it costs; those that none beats are marked.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::super::stored::{Frontier, Spot, StudyTables};
use super::colours::{GREY, VERMILION};
use super::scale::{Scale, spoken_measure};
use super::sheet::{self, Area, Drawing, INK, MARGIN, PALE, WIDTH, font};

const HEIGHT: u32 = 620;
const LEFT: i32 = 110;
const RIGHT: i32 = 860;
const TOP: i32 = 112;
const FOOT: i32 = 500;

/// The figure.
pub(in crate::report) fn frontier(study: &StudyTables, frontier: &Frontier) -> Drawing {
    let title = format!(
        "{} against {}",
        spoken_measure(&frontier.gain),
        spoken_measure(&frontier.cost)
    );
    Drawing::new(HEIGHT, title, caption(study, frontier), |page| {
        legend(page);
        let across = scale(
            frontier,
            |spot| [spot.cost.value, spot.cost.low, spot.cost.high],
            (LEFT, RIGHT),
        );
        let up = scale(
            frontier,
            |spot| [spot.gain.value, spot.gain.low, spot.gain.high],
            (FOOT, TOP),
        );
        let (Some(across), Some(up)) = (across, up) else {
            let words = "No point has a value of both measures.";
            return sheet::text(page, words, (MARGIN, 240), font(20));
        };
        axes(page, frontier, &across, &up);
        // What is beaten lies below what is not.
        for kept in [false, true] {
            for spot in frontier.spots.iter().filter(|spot| spot.is_kept == kept) {
                mark(page, spot, &across, &up);
            }
        }
        labels(page, frontier, &across, &up);
    })
}

fn caption(study: &StudyTables, frontier: &Frontier) -> String {
    let kept = frontier.spots.iter().filter(|spot| spot.is_kept).count();
    let n = frontier.spots.first().map_or("0", |spot| &spot.n);
    format!(
        "{kept} of {} points are beaten by none with the same levels of what is no choice; numbers are those of the points in \
         the table. Bars: 95 % intervals. n = {n} runs at the first point. Seed {}, fedheal {}.",
        frontier.spots.len(),
        study.about("seed"),
        study.about("version")
    )
}

fn scale(
    frontier: &Frontier,
    ends: impl Fn(&Spot) -> [Option<f64>; 3],
    pixels: (i32, i32),
) -> Option<Scale> {
    Scale::over(frontier.spots.iter().flat_map(ends).flatten(), pixels)
}

fn legend(page: &Area<'_>) {
    diamond(page, (MARGIN + 8, 62));
    sheet::text(
        page,
        "beaten by none (Pareto set)",
        (MARGIN + 24, 53),
        font(16),
    );
    circle(page, (MARGIN + 288, 62));
    sheet::text(
        page,
        "beaten by another point",
        (MARGIN + 304, 53),
        font(16),
    );
}

fn axes(page: &Area<'_>, frontier: &Frontier, across: &Scale, up: &Scale) {
    for (x, label) in across.marks() {
        let line = PathElement::new([(x, TOP), (x, FOOT)], PALE);
        page.draw(&line).expect("a string takes it");
        let style = sheet::anchored(font(14), HPos::Center, VPos::Top);
        sheet::text(page, &label, (x, FOOT + 6), style);
    }
    for (y, label) in up.marks() {
        let line = PathElement::new([(LEFT, y), (RIGHT, y)], PALE);
        page.draw(&line).expect("a string takes it");
        let style = sheet::anchored(font(14), HPos::Right, VPos::Center);
        sheet::text(page, &label, (LEFT - 8, y), style);
    }
    let frame = PathElement::new([(LEFT, TOP), (LEFT, FOOT), (RIGHT, FOOT)], INK);
    page.draw(&frame).expect("a string takes it");
    let style = sheet::anchored(font(16), HPos::Center, VPos::Top);
    let title = format!("cost: {}", spoken_measure(&frontier.cost));
    sheet::text(page, &title, (i32::midpoint(LEFT, RIGHT), FOOT + 28), style);
    let title = format!("gain: {}", spoken_measure(&frontier.gain));
    sheet::text(page, &title, (MARGIN, TOP - 24), font(16));
}

fn mark(page: &Area<'_>, spot: &Spot, across: &Scale, up: &Scale) {
    let (Some(cost), Some(gain)) = (spot.cost.value, spot.gain.value) else {
        return;
    };
    let place = (across.pixel(cost), up.pixel(gain));
    let colour = if spot.is_kept { VERMILION } else { GREY };
    if let Some((low, high)) = spot.gain.low.zip(spot.gain.high) {
        let line = PathElement::new(
            [(place.0, up.pixel(low)), (place.0, up.pixel(high))],
            colour,
        );
        page.draw(&line).expect("a string takes it");
    }
    if let Some((low, high)) = spot.cost.low.zip(spot.cost.high) {
        let line = PathElement::new(
            [(across.pixel(low), place.1), (across.pixel(high), place.1)],
            colour,
        );
        page.draw(&line).expect("a string takes it");
    }
    if spot.is_kept {
        diamond(page, place);
    } else {
        circle(page, place);
    }
}

fn diamond(page: &Area<'_>, (x, y): (i32, i32)) {
    let corners = vec![(x, y - 7), (x + 7, y), (x, y + 7), (x - 7, y)];
    page.draw(&Polygon::new(corners, VERMILION.filled()))
        .expect("a string takes it");
}

fn circle(page: &Area<'_>, place: (i32, i32)) {
    page.draw(&Circle::new(place, 4, WHITE.filled()))
        .expect("a string takes it");
    page.draw(&Circle::new(place, 4, GREY.stroke_width(2)))
        .expect("a string takes it");
}

/// The numbers of the points that none beats, where they do not lie on each other.
fn labels(page: &Area<'_>, frontier: &Frontier, across: &Scale, up: &Scale) {
    let mut taken: Vec<(i32, i32)> = Vec::new();
    for spot in frontier.spots.iter().filter(|spot| spot.is_kept) {
        let (Some(cost), Some(gain)) = (spot.cost.value, spot.gain.value) else {
            continue;
        };
        let (x, y) = (across.pixel(cost) + 9, up.pixel(gain) - 18);
        let wide = sheet::width(page, &spot.point, &font(13));
        let is_free =
            |other: &(i32, i32)| (other.0 - x).abs() > wide + 4 || (other.1 - y).abs() > 15;
        if x + wide < WIDTH.cast_signed() - 4 && taken.iter().all(is_free) {
            sheet::text(page, &spot.point, (x, y), font(13));
            taken.push((x, y));
        }
    }
}
