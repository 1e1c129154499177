//! The changes of a study in order, each with its interval, beside the line of no change.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::super::stored::{Change, StudyTables};
use super::super::terminal::counted;
use super::colours::{BLUE, GREY};
use super::scale::{Scale, spoken_measure};
use super::sheet::{self, Area, Drawing, INK, MARGIN, PALE, font};

/// Not more changes than these are shown.
const SHOWN: usize = 30;
const LEFT: i32 = 350;
const RIGHT: i32 = 780;
const TOP: i32 = 92;
const TALL: i32 = 26;

/// The figure.
pub(in crate::report) fn ranking(study: &StudyTables, changes: &[Change]) -> Drawing {
    let shown = &changes[..changes.len().min(SHOWN)];
    let measure = spoken_measure(shown.first().map_or("", |change| &change.measure));
    let down = TOP + TALL * shown.len().max(2) as i32;
    let title = format!("What each change does: {measure}");
    Drawing::new(
        (down + 108).unsigned_abs(),
        title,
        caption(study, changes),
        |page| {
            let Some(scale) = scale(shown) else {
                let words = "No change has a difference that is known.";
                return sheet::text(page, words, (MARGIN, 100), font(17));
            };
            let words = "Difference to the baseline, best first; bars: 95 % intervals; hollow: the interval holds zero";
            sheet::text(page, words, (MARGIN, 52), font(15));
            axis(page, &scale, &measure, down);
            for (number, change) in std::iter::zip(0.., shown) {
                row(page, &scale, change, TOP + number * TALL + TALL / 2);
            }
        },
    )
}

fn caption(study: &StudyTables, changes: &[Change]) -> String {
    let pairs = changes.iter().map(|change| change.n.as_str());
    let (least, most) = (
        pairs.clone().min_by_key(|n| n.len()),
        pairs.max_by_key(|n| n.len()),
    );
    let n = match (least, most) {
        (Some(least), Some(most)) if least != most => format!("{least} to {most}"),
        (Some(n), _) => n.to_owned(),
        _ => "0".to_owned(),
    };
    let more = changes.len().saturating_sub(SHOWN);
    let more = match more {
        0 => String::new(),
        more => format!("Not shown: {}. ", counted(more, "more change")),
    };
    format!(
        "{more}Means of differences, replica by replica; intervals by Student. n = {n} pairs for each change. Seed {}, fedheal {}.",
        study.about("seed"),
        study.about("version")
    )
}

/// From the least end of an interval to the greatest, zero included.
fn scale(shown: &[Change]) -> Option<Scale> {
    let ends = shown.iter().flat_map(|change| {
        let difference = change.difference;
        [difference.value, difference.low, difference.high]
            .into_iter()
            .flatten()
    });
    Scale::over(ends.chain([0.0]), (LEFT, RIGHT)).filter(|_| !shown.is_empty())
}

fn axis(page: &Area<'_>, scale: &Scale, measure: &str, foot: i32) {
    for (x, label) in scale.marks() {
        let line = PathElement::new([(x, TOP), (x, foot)], PALE);
        page.draw(&line).expect("a string takes it");
        let style = sheet::anchored(font(13), HPos::Center, VPos::Top);
        sheet::text(page, &label, (x, foot + 4), style);
    }
    let zero = scale.pixel(0.0);
    let line = PathElement::new([(zero, TOP), (zero, foot)], INK);
    page.draw(&line).expect("a string takes it");
    let style = sheet::anchored(font(15), HPos::Center, VPos::Top);
    let title = format!("change of {measure}");
    sheet::text(page, &title, (i32::midpoint(LEFT, RIGHT), foot + 22), style);
}

fn row(page: &Area<'_>, scale: &Scale, change: &Change, y: i32) {
    let name = sheet::fitted(page, &change.levels, &font(14), LEFT - 14 - MARGIN);
    let style = sheet::anchored(font(14), HPos::Right, VPos::Center);
    sheet::text(page, &name, (LEFT - 10, y), style);
    let difference = change.difference;
    let Some(value) = difference.value else {
        return;
    };
    let ends = difference.low.zip(difference.high);
    let is_sure = ends.is_none_or(|(low, high)| low > 0.0 || high < 0.0);
    if let Some((low, high)) = ends {
        let (from, to) = (scale.pixel(low), scale.pixel(high));
        for ends in [
            [(from, y), (to, y)],
            [(from, y - 4), (from, y + 4)],
            [(to, y - 4), (to, y + 4)],
        ] {
            let line = PathElement::new(ends, INK);
            page.draw(&line).expect("a string takes it");
        }
    }
    let place = (scale.pixel(value), y);
    let fill = if is_sure {
        BLUE.filled()
    } else {
        WHITE.filled()
    };
    page.draw(&Circle::new(place, 5, fill))
        .expect("a string takes it");
    let rim = if is_sure { BLUE } else { GREY };
    page.draw(&Circle::new(place, 5, rim.stroke_width(2)))
        .expect("a string takes it");
    let style = sheet::anchored(font(13), HPos::Left, VPos::Center);
    sheet::text(page, &format!("{value:.3}"), (RIGHT + 14, y), style);
}
