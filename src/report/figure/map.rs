//! The federation around the measured server: who shares rooms with it, how large they are, what they gave.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::super::stored::RunTables;
use super::super::tables::Server;
use super::super::terminal::{counted, thousands};
use super::colours::{BLUE, GREY, ORANGE, SKY, VERMILION};
use super::sheet::{self, Area, Drawing, INK, MARGIN, font};

/// Not more servers than these stand on the ring.
const SHOWN: usize = 36;
const HEIGHT: u32 = 690;
const CENTRE: (i32, i32) = (450, 352);
const RADIUS: f64 = 210.0;

/// The figure.
pub(in crate::report) fn map(run: &RunTables) -> Drawing {
    let (ring, more) = ring(run);
    let title = format!("The federation around {}", run.story().measured);
    Drawing::new(HEIGHT, title, caption(run, &ring, more), |page| {
        legend(page);
        let step = std::f64::consts::TAU / ring.len().max(1) as f64;
        for (number, server) in std::iter::zip(0.., &ring) {
            spoke(page, server, f64::from(number) * step);
        }
        let measured = run
            .servers
            .iter()
            .find(|row| row.server == run.story().measured);
        let size = measured.map_or(8, |row| size(row.users));
        page.draw(&Circle::new(CENTRE, size, VERMILION.filled()))
            .expect("a string takes it");
        let name = sheet::fitted(page, &run.story().measured, &font(15), 180);
        let style = sheet::anchored(font(15), HPos::Center, VPos::Top);
        let wide = sheet::width(page, &name, &font(15)) / 2;
        let (x, y) = (CENTRE.0, CENTRE.1 + size + 4);
        let behind = Rectangle::new(
            [(x - wide, y - 1), (x + wide, y + 18)],
            WHITE.mix(0.8).filled(),
        );
        page.draw(&behind).expect("a string takes it");
        sheet::text(page, &name, (x, y), style);
    })
}

/// Servers that share rooms or hold what is missing, by shared rooms; and how many have no place.
fn ring(run: &RunTables) -> (Vec<&Server<'static>>, usize) {
    let others = run
        .servers
        .iter()
        .filter(|row| row.server != run.story().measured);
    let concerned = |row: &&Server<'_>| row.shared_rooms + row.gave_back + row.could_give > 0;
    let mut all: Vec<_> = others.filter(concerned).collect();
    let by = |key: fn(&Server<'_>) -> (u64, u64, u64)| {
        move |a: &&Server<'static>, b: &&Server<'static>| {
            (key(b), &a.server).cmp(&(key(a), &b.server))
        }
    };
    all.sort_by(by(|row| (row.gave_back, row.could_give, row.shared_rooms)));
    let more = all.split_off(all.len().min(SHOWN)).len();
    all.sort_by(by(|row| (row.shared_rooms, row.gave_back, row.could_give)));
    (all, more)
}

fn caption(run: &RunTables, ring: &[&Server<'static>], more: usize) -> String {
    let apart = run.servers.len().saturating_sub(1 + ring.len() + more);
    let mut caption = "Clockwise from the top by shared rooms, most first; a circle's area is its server's users; a line \
        is as thick as what it gave. "
        .to_owned();
    if more > 0 {
        caption += &format!("Not shown: {} that gave less. ", counted(more, "server"));
    }
    if apart > 0 {
        caption += &format!(
            "{} no room with it at the end. ",
            match apart {
                1 => "1 server shares".to_owned(),
                n => format!("{} servers share", thousands(n as u64)),
            }
        );
    }
    let n = ring.len() as u64;
    caption
        + &run.n(
            n,
            if n == 1 {
                "server shown"
            } else {
                "servers shown"
            },
        )
}

fn legend(page: &Area<'_>) {
    let words: [(&str, Style); 3] = [
        ("gave back", Style::Gave(6)),
        ("gave nothing, could still give", Style::Could),
        ("shares rooms only", Style::Shares),
    ];
    let mut left = MARGIN;
    for (label, style) in words {
        edge(page, [(left, 66), (left + 34, 66)], style);
        sheet::text(page, label, (left + 42, 57), font(16));
        left += 42 + sheet::width(page, label, &font(16)) + 24;
    }
}

/// What a server is to the measured one.
#[derive(Clone, Copy)]
enum Style {
    Gave(u32),
    Could,
    Shares,
}

impl Style {
    /// Each ten times as much is two pixels more.
    fn of(server: &Server<'_>) -> Style {
        match (server.gave_back, server.could_give) {
            (0, 0) => Style::Shares,
            (0, _) => Style::Could,
            (gave, _) => Style::Gave(1 + 2 * gave.ilog10()),
        }
    }
}

fn edge(page: &Area<'_>, ends: [(i32, i32); 2], style: Style) {
    match style {
        Style::Gave(thick) => {
            let line = PathElement::new(ends, BLUE.stroke_width(thick));
            page.draw(&line).expect("a string takes it");
        }
        Style::Could => {
            let line =
                plotters::element::DashedPathElement::new(ends, 6, 4, ORANGE.stroke_width(2));
            page.draw(&line).expect("a string takes it");
        }
        Style::Shares => {
            let line = PathElement::new(ends, GREY.stroke_width(1));
            page.draw(&line).expect("a string takes it");
        }
    }
}

/// A server, its line and its name, which reads outwards from the ring.
fn spoke(page: &Area<'_>, server: &Server<'_>, angle: f64) {
    let (across, up) = (libm::sin(angle), libm::cos(angle));
    let at = |radius: f64| {
        let x = f64::from(CENTRE.0) + radius * across;
        let y = f64::from(CENTRE.1) - radius * up;
        (x.round() as i32, y.round() as i32)
    };
    let place = at(RADIUS);
    edge(page, [CENTRE, place], Style::of(server));
    let size = size(server.users);
    page.draw(&Circle::new(place, size, SKY.filled()))
        .expect("a string takes it");
    page.draw(&Circle::new(place, size, INK.stroke_width(1)))
        .expect("a string takes it");
    let (x, y) = at(RADIUS + f64::from(size) + 6.0);
    // Names at the poles would lie on each other, were they not on either side.
    let side = if across >= 0.0 {
        HPos::Left
    } else {
        HPos::Right
    };
    let room = if across >= 0.0 { 876 - x } else { x - MARGIN };
    let label = match server.gave_back {
        0 => server.server.to_string(),
        gave => format!("{} ({})", server.server, thousands(gave)),
    };
    let label = sheet::fitted(page, &label, &font(13), room);
    sheet::text(
        page,
        &label,
        (x, y),
        sheet::anchored(font(13), side, VPos::Center),
    );
}

/// The radius of a circle whose area grows with the users.
fn size(users: u64) -> i32 {
    let root = (users as f64).sqrt().round() as i32;
    (3 + root).min(26)
}
