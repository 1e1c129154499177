//! Who gave back how much, and who could still give.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::super::stored::RunTables;
use super::super::tables::Server;
use super::super::terminal::{counted, thousands};
use super::colours::{BLUE, ORANGE};
use super::sheet::{self, Area, Drawing, INK, MARGIN, PALE, font};

/// Not more servers than these are shown.
const SHOWN: usize = 20;
const LEFT: i32 = 240;
const RIGHT: i32 = 800;
const TOP: i32 = 118;
/// Two bars and the space below them.
const TALL: i32 = 30;

/// The figure.
pub(in crate::report) fn givers(run: &RunTables) -> Drawing {
    let all = givers_of(run);
    let shown = &all[..all.len().min(SHOWN)];
    let down = TOP + TALL * shown.len().max(2) as i32;
    let title = format!("Who gave back to {}", run.story().measured);
    let caption = caption(run, &all[shown.len()..]);
    Drawing::new((down + 124).unsigned_abs(), title, caption, |page| {
        if shown.is_empty() {
            let words =
                "No other server gave anything back, and none holds a message that is missing.";
            return sheet::text(page, words, (MARGIN, 100), font(17));
        }
        let words = "Messages, by the server that holds them";
        sheet::text(page, words, (MARGIN, 52), font(17));
        legend(page);
        let most = shown.iter().map(|row| row.gave_back.max(row.could_give));
        let scale = Scale {
            most: most.max().unwrap_or(1).max(1),
        };
        scale.axis(page, down);
        for (number, server) in std::iter::zip(0.., shown) {
            scale.bars(page, server, TOP + number * TALL);
        }
    })
}

/// Whoever gave, or could, the first givers first.
pub(in crate::report) fn givers_of(run: &RunTables) -> Vec<&Server<'static>> {
    let others = run
        .servers
        .iter()
        .filter(|row| row.server != run.story().measured);
    let mut all: Vec<_> = others
        .filter(|row| row.gave_back + row.could_give > 0)
        .collect();
    all.sort_by(|a, b| {
        let key = |row: &Server<'_>| std::cmp::Reverse((row.gave_back, row.could_give));
        (key(a), &a.server).cmp(&(key(b), &b.server))
    });
    all
}

fn caption(run: &RunTables, rest: &[&Server<'static>]) -> String {
    let mut caption = "What could still be given is stranded: a live server holds it, the measured one should and does not; \
        several servers may hold the same message. "
        .to_owned();
    if !rest.is_empty() {
        let sum = |number: fn(&Server<'_>) -> u64| rest.iter().map(|row| number(row)).sum();
        caption += &format!(
            "Not shown: {}, who gave {} and could give {}. ",
            counted(rest.len(), "more server"),
            thousands(sum(|row| row.gave_back)),
            thousands(sum(|row| row.could_give)),
        );
    }
    caption
        + &run.n(
            run.sum("message", |row| row.recovered),
            "messages that came back",
        )
}

fn legend(page: &Area<'_>) {
    bar(page, [(MARGIN, 84), (MARGIN + 28, 94)], false);
    sheet::text(page, "gave back", (MARGIN + 34, 80), font(16));
    bar(page, [(MARGIN + 150, 84), (MARGIN + 178, 94)], true);
    sheet::text(
        page,
        "could still give (hatched)",
        (MARGIN + 184, 80),
        font(16),
    );
}

/// What was given is plain, what could be is hatched.
fn bar(page: &Area<'_>, [from, to]: [(i32, i32); 2], is_hatched: bool) {
    let colour = if is_hatched { ORANGE } else { BLUE };
    let area = Rectangle::new([from, to], colour.filled());
    page.draw(&area).expect("a string takes it");
    if is_hatched {
        let tall = to.1 - from.1;
        for x in (from.0..to.0 - tall).step_by(8) {
            let line = PathElement::new([(x, to.1), (x + tall, from.1)], INK);
            page.draw(&line).expect("a string takes it");
        }
    }
}

/// Messages as pixels.
struct Scale {
    most: u64,
}

impl Scale {
    fn wide(&self, number: u64) -> i32 {
        let room = (RIGHT - LEFT).unsigned_abs();
        let pixels = u128::from(number) * u128::from(room) / u128::from(self.most);
        let pixels = i32::try_from(pixels).unwrap_or(0);
        pixels.max(i32::from(number > 0))
    }

    fn bars(&self, page: &Area<'_>, server: &Server<'_>, top: i32) {
        let name = sheet::fitted(page, &server.server, &font(15), LEFT - 10 - MARGIN);
        let right = sheet::anchored(font(15), HPos::Right, VPos::Center);
        sheet::text(page, &name, (LEFT - 10, top + 13), right);
        for (number, down, is_hatched) in
            [(server.gave_back, 2, false), (server.could_give, 14, true)]
        {
            let wide = self.wide(number);
            bar(
                page,
                [(LEFT, top + down), (LEFT + wide, top + down + 10)],
                is_hatched,
            );
            let label = sheet::anchored(font(12), HPos::Left, VPos::Center);
            let at = (LEFT + wide + 5, top + down + 6);
            sheet::text(page, &thousands(number), at, label);
        }
    }

    fn axis(&self, page: &Area<'_>, foot: i32) {
        let step = nice_step(self.most);
        for mark in (0..)
            .map(|n| n * step)
            .take_while(|mark| *mark <= self.most)
        {
            let x = LEFT + self.wide(mark) - i32::from(mark > 0);
            let line = PathElement::new([(x, TOP - 4), (x, foot)], PALE);
            page.draw(&line).expect("a string takes it");
            let style = sheet::anchored(font(13), HPos::Center, VPos::Top);
            sheet::text(page, &thousands(mark), (x, foot + 4), style);
        }
        let style = sheet::anchored(font(15), HPos::Center, VPos::Top);
        let middle = i32::midpoint(LEFT, RIGHT);
        sheet::text(page, "messages (number)", (middle, foot + 22), style);
    }
}

/// A step of 1, 2 or 5 tens that divides a length into at most six.
fn nice_step(length: u64) -> u64 {
    let decades = std::iter::successors(Some(1_u64), |decade| decade.checked_mul(10));
    let mut steps = decades.flat_map(|decade| [1, 2, 5].map(|n| decade.saturating_mul(n)));
    steps
        .find(|step| length / step <= 6)
        .unwrap_or(length.max(1))
}
