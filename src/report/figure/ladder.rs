//! A diagram of messages as a figure: servers as columns, time down, what was sent as arrows.
//!
//! Time is not to scale: each line has its moment beside it, and a longer pause is said.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::sheet::{self, Area, Drawing, INK, PALE, anchored, font};
use crate::explain::{Diagram, Happened, Kind, Row};
use crate::kernel::SimDuration;
use crate::report::terminal::{counted, spoken};
use crate::simulation::Fate;

/// Height of a row, and of the words about a pause before one.
const ROW: i32 = 26;
const PAUSE: i32 = 24;
/// So much lower arrives what was sent.
const FALL: i32 = 8;
/// A pause that is said.
const LONG: SimDuration = SimDuration::minutes(1);
/// Where the columns begin and end: beside them stand the times, above them title and legend.
const LEFT: i32 = 220;
const TOP: i32 = 128;
/// The distance of two columns, by what stands between them.
const NARROWEST: i32 = 150;
const WIDEST: i32 = 420;
const SMALL: i32 = 14;

/// Lengths of dash and gap; none: an unbroken line.
type Dash = Option<(i32, i32)>;

/// Colours of Okabe and Ito, and another dash for each, so that nobody needs the colours.
const KINDS: [(Kind, &str, RGBColor, Dash); 3] = [
    (Kind::Push, "transaction", RGBColor(0x00, 0x72, 0xb2), None),
    (
        Kind::Request,
        "request",
        RGBColor(0xd5, 0x5e, 0x00),
        Some((8, 4)),
    ),
    (
        Kind::Answer,
        "answer",
        RGBColor(0x00, 0x9e, 0x73),
        Some((2, 3)),
    ),
];

/// The diagram; `note` says of what run it is.
pub(in crate::report) fn ladder(diagram: &Diagram, note: &str) -> Drawing {
    let title = format!("What passed between servers in {}", diagram.room);
    let caption = caption(diagram, note);
    // How wide words are is known on a sheet only.
    let apart = apart(diagram);
    let width = LEFT + apart * diagram.servers.len() as i32 + 24;
    let width = width.max(640);
    let height = TOP + rows_height(&diagram.rows) + 112;
    let size = (width.unsigned_abs(), height.unsigned_abs());
    let mut drawing = Drawing::sized(size, title, caption, |sheet| {
        let ladder = Ladder { sheet, apart };
        ladder.legend();
        ladder.columns(diagram, height - 100);
        ladder.rows(&diagram.rows);
    });
    drawing.svg = dashed(drawing.svg);
    drawing
}

fn caption(diagram: &Diagram, note: &str) -> String {
    let arrows = diagram.rows.iter().map(|row| match &row.happened {
        Happened::Sent { to, .. } => to.len(),
        Happened::Note { .. } => 0,
    });
    let (first, last) = (diagram.rows.first(), diagram.rows.last());
    let at = |row: Option<&Row>| row.map_or(String::new(), |row| row.at.to_string());
    format!(
        "{} between {} about the room {}, from {} to {}, in order of time and not to scale. Numbers are those of items. {note}",
        counted(arrows.sum(), "message"),
        counted(diagram.servers.len(), "server"),
        diagram.room,
        at(first),
        at(last)
    )
}

/// The distance of two columns: the longest words fit between them, within reason.
fn apart(diagram: &Diagram) -> i32 {
    let mut svg = String::new();
    let sheet = sheet::blank(&mut svg, (1, 1));
    let rows = diagram.rows.iter().map(|row| match &row.happened {
        Happened::Sent { words, .. } | Happened::Note { words, .. } => words,
    });
    let words = rows.chain(&diagram.servers);
    let widest = words.map(|words| sheet::width(&sheet, words, &font(SMALL)));
    (widest.max().unwrap_or_default() + 40).clamp(NARROWEST, WIDEST)
}

/// The pause before each row, if it is a long one.
fn pauses(rows: &[Row]) -> impl Iterator<Item = Option<SimDuration>> + '_ {
    let mut before = rows.first().map(|row| row.at);
    rows.iter().map(move |row| {
        let pause = before.map(|before| row.at.since(before));
        before = Some(row.at);
        pause.filter(|pause| *pause >= LONG)
    })
}

fn rows_height(rows: &[Row]) -> i32 {
    let pauses = pauses(rows).flatten().count() as i32;
    rows.len() as i32 * ROW + pauses * PAUSE
}

/// The drawing.
struct Ladder<'a, 'b> {
    sheet: &'a Area<'b>,
    apart: i32,
}

impl Ladder<'_, '_> {
    fn column(&self, server: usize) -> i32 {
        LEFT + self.apart * server as i32
    }

    fn legend(&self) {
        let mut left = 24;
        for (kind, name, ..) in KINDS {
            self.line(kind, [(left, 68), (left + 40, 68)]);
            self.head((left + 40, 68), 1, kind);
            sheet::text(self.sheet, name, (left + 50, 60), font(SMALL));
            left += 50 + sheet::width(self.sheet, name, &font(SMALL)) + 24;
        }
        self.cross((left + 6, 68));
        sheet::text(self.sheet, "lost", (left + 18, 60), font(SMALL));
        left += 18 + sheet::width(self.sheet, "lost", &font(SMALL)) + 24;
        self.dot((left + 4, 68));
        sheet::text(self.sheet, "on one server", (left + 16, 60), font(SMALL));
    }

    /// A line down for each server, with its name above and below.
    fn columns(&self, diagram: &Diagram, bottom: i32) {
        for (number, name) in diagram.servers.iter().enumerate() {
            let x = self.column(number);
            let path = PathElement::new(vec![(x, TOP - 14), (x, bottom)], PALE.stroke_width(2));
            self.sheet.draw(&path).expect("a string takes it");
            let name = self.cut(name);
            for (y, down) in [(TOP - 18, VPos::Bottom), (bottom + 4, VPos::Top)] {
                sheet::text(
                    self.sheet,
                    &name,
                    (x, y),
                    anchored(font(SMALL), HPos::Center, down),
                );
            }
        }
    }

    fn rows(&self, rows: &[Row]) {
        let (mut y, mut said) = (TOP, String::new());
        for (row, pause) in rows.iter().zip(pauses(rows)) {
            if let Some(pause) = pause {
                let words = format!("{} later", spoken(pause));
                sheet::text(self.sheet, &words, (24, y + 6), font(SMALL - 1));
                y += PAUSE;
            }
            let at = row.at.to_string().replace('T', " ");
            if at != said {
                sheet::text(self.sheet, &at, (24, y + 9), font(SMALL - 1));
                said = at;
            }
            match &row.happened {
                Happened::Sent {
                    kind,
                    from,
                    to,
                    words,
                } => self.sent(y + ROW - FALL, *kind, *from, to, words),
                Happened::Note { server, words } => {
                    let x = self.column(*server);
                    self.dot((x, y + ROW / 2));
                    let style = anchored(font(SMALL), HPos::Left, VPos::Center);
                    sheet::text(self.sheet, &self.cut(words), (x + 10, y + ROW / 2), style);
                }
            }
            y += ROW;
        }
    }

    /// Arrows from one column, with what they are about between it and the next.
    fn sent(&self, y: i32, kind: Kind, from: usize, to: &[(usize, Fate)], words: &str) {
        let start = (self.column(from), y);
        for (receiver, fate) in to {
            let end = (self.column(*receiver), y + FALL);
            let way = (end.0 - start.0).signum();
            match fate {
                Fate::Taken => {
                    self.line(kind, [start, end]);
                    self.head(end, way, kind);
                }
                // It comes to the server, and not into it.
                Fate::Waits => {
                    let before = (end.0 - way * 8, end.1);
                    self.line(kind, [start, before]);
                    let socket = Rectangle::new(
                        [(before.0 - 4, before.1 - 4), (before.0 + 4, before.1 + 4)],
                        INK,
                    );
                    self.sheet.draw(&socket).expect("a string takes it");
                }
                Fate::Lost => {
                    let end = (end.0 - way * self.apart / 4, end.1 - FALL / 4);
                    self.line(kind, [start, end]);
                    self.cross(end);
                }
            }
        }
        let right = to.iter().any(|(receiver, _)| *receiver > from);
        let middle = start.0 + self.apart / 2 * if right { 1 } else { -1 };
        let style = anchored(font(SMALL), HPos::Center, VPos::Bottom);
        sheet::text(self.sheet, &self.cut(words), (middle, y - 1), style);
    }

    fn line(&self, kind: Kind, ends: [(i32, i32); 2]) {
        let style = colour(kind).stroke_width(2);
        let line = PathElement::new(ends.to_vec(), style);
        self.sheet.draw(&line).expect("a string takes it");
    }

    fn head(&self, at: (i32, i32), way: i32, kind: Kind) {
        let back = at.0 - way * 9;
        let corners = vec![at, (back, at.1 - 5), (back, at.1 + 4)];
        let head = Polygon::new(corners, colour(kind).filled());
        self.sheet.draw(&head).expect("a string takes it");
    }

    fn cross(&self, (x, y): (i32, i32)) {
        for ends in [
            [(x - 6, y - 6), (x + 6, y + 6)],
            [(x - 6, y + 6), (x + 6, y - 6)],
        ] {
            let stroke = PathElement::new(ends.to_vec(), INK.stroke_width(2));
            self.sheet.draw(&stroke).expect("a string takes it");
        }
    }

    fn dot(&self, at: (i32, i32)) {
        let dot = Circle::new(at, 4, INK.filled());
        self.sheet.draw(&dot).expect("a string takes it");
    }

    /// Words that do not fit between two columns end in dots.
    fn cut(&self, words: &str) -> String {
        let fits = |words: &str| sheet::width(self.sheet, words, &font(SMALL)) <= self.apart - 20;
        if fits(words) {
            return words.to_owned();
        }
        let letters: Vec<char> = words.chars().collect();
        let cut = |length: usize| letters[..length].iter().collect::<String>() + "...";
        let lengths = (0..letters.len()).rev();
        let mut fitting = lengths.map(cut).filter(|words| fits(words));
        fitting.next().unwrap_or_default()
    }
}

/// Gives the lines their dashes, of which the drawing library would make lines of their own.
fn dashed(svg: String) -> String {
    let kinds = KINDS
        .iter()
        .filter_map(|(.., colour, dash)| Some((colour, (*dash)?)));
    kinds.fold(svg, |svg, (RGBColor(red, green, blue), (dash, gap))| {
        let line = format!("stroke=\"#{red:02X}{green:02X}{blue:02X}\"");
        svg.replace(&line, &format!("{line} stroke-dasharray=\"{dash} {gap}\""))
    })
}

fn colour(kind: Kind) -> RGBColor {
    let known = KINDS.iter().find(|(other, ..)| *other == kind);
    known.map_or(INK, |(_, _, colour, _)| *colour)
}
