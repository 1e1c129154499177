//! Where the messages of each room were after the loss, and are at the end, by the time at which they were made.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::super::stored::RunTables;
use super::super::tables::Tapestry;
use super::super::terminal::{counted, moment};
use super::calendar::Calendar;
use super::colours::{Mark, RETURNS, STATES};
use super::sheet::{self, Area, Drawing, INK, MARGIN, PALE, font};
use crate::kernel::SimTime;

/// Where the names of rooms end, and where the panels do.
const LEFT: i32 = 186;
const RIGHT: i32 = 876;
/// Between two panels.
const GUTTER: i32 = 20;
/// The upper edge of the panels.
const TOP: i32 = 136;
/// Between the panels and the caption: labels and title of the axis.
const FOOT: i32 = 118;

/// The figure.
pub(in crate::report) fn tapestry(run: &RunTables) -> Drawing {
    let rooms = rooms(&run.tapestry);
    let tall = (640 / rooms.len().max(1) as i32).clamp(11, 24);
    let down = TOP + tall * rooms.len() as i32;
    let story = run.story();
    let title = match story.loss_at {
        Some(_) => "Every room's messages, after the loss and at the end",
        None => "Every room's messages at the end",
    };
    Drawing::new(
        (down + FOOT).unsigned_abs(),
        title.to_owned(),
        caption(run),
        |page| {
            let words = "Each row a room, each column a span of time in which its messages were made; a cell's height is shared out";
            sheet::text(page, words, (MARGIN, 52), font(15));
            legend(page);
            names(page, &rooms, tall);
            let panels: &[View] = match story.loss_at {
                Some(_) => &[View::AfterLoss, View::CameBack, View::AtEnd],
                None => &[View::AtEnd],
            };
            let many = panels.len() as i32;
            let wide = (RIGHT - LEFT - GUTTER * (many - 1)) / many;
            for (number, view) in std::iter::zip(0.., panels) {
                let panel = Panel {
                    page,
                    run,
                    view: *view,
                    left: LEFT + number * (wide + GUTTER),
                    wide,
                    tall,
                    rooms: &rooms,
                };
                panel.draw();
            }
        },
    )
}

fn caption(run: &RunTables) -> String {
    let at_end = run.tapestry.iter().filter(|row| row.at_end);
    let n = at_end.map(|row| row.held + row.shell + row.stranded + row.lost + row.expired);
    let n = run.n(n.sum(), "messages that the server should hold at the end");
    format!("Rooms by kind (public, private, direct), those that lost most first. {n}")
}

/// The room of a row: its kind, its name, how many rooms it stands for.
type Room<'a> = (&'a str, &'a str, u64);

/// The rooms in the order of the table.
fn rooms<'a>(rows: &'a [Tapestry<'static>]) -> Vec<Room<'a>> {
    let mut rooms: Vec<Room<'_>> = Vec::new();
    for row in rows.iter().filter(|row| row.at_end) {
        let room = (&*row.room_kind, &*row.room, row.rooms);
        if rooms.last() != Some(&room) {
            rooms.push(room);
        }
    }
    rooms
}

fn legend(page: &Area<'_>) {
    let mut left = MARGIN;
    for (name, colour, mark) in STATES.into_iter().chain(RETURNS) {
        block(page, [(left, 84), (left + 28, 97)], colour, mark);
        sheet::text(page, name, (left + 34, 82), font(16));
        left += 34 + sheet::width(page, name, &font(16)) + 22;
    }
}

/// A box of a colour with its mark.
fn block(page: &Area<'_>, [from, to]: [(i32, i32); 2], colour: RGBColor, mark: Mark) {
    let area = Rectangle::new([from, to], colour.filled());
    page.draw(&area).expect("a string takes it");
    let middle = i32::midpoint(from.1, to.1);
    match mark {
        Mark::Line(colour) if to.1 - from.1 > 2 => {
            let line = PathElement::new([(from.0, middle), (to.0, middle)], colour);
            page.draw(&line).expect("a string takes it");
        }
        Mark::Frame if to.1 - from.1 > 2 => {
            let frame = Rectangle::new([from, (to.0, to.1 - 1)], INK.stroke_width(1));
            page.draw(&frame).expect("a string takes it");
        }
        _ => {}
    }
}

/// The names of the rooms, and a line where a kind ends.
fn names(page: &Area<'_>, rooms: &[Room<'_>], tall: i32) {
    let style = font((tall - 1).min(13));
    for (number, (kind, name, many)) in std::iter::zip(0.., rooms) {
        let top = TOP + number * tall;
        let name = match *name {
            "" => counted(
                usize::try_from(*many).unwrap_or(usize::MAX),
                &format!("other {kind} room"),
            ),
            name => name.to_owned(),
        };
        let name = sheet::fitted(page, &name, &style, LEFT - 8 - MARGIN);
        let right = sheet::anchored(style.clone(), HPos::Right, VPos::Center);
        sheet::text(page, &name, (LEFT - 8, top + tall / 2), right);
        let is_new = number > 0 && rooms[number as usize - 1].0 != *kind;
        if is_new {
            let line = PathElement::new([(MARGIN, top - 1), (RIGHT, top - 1)], INK);
            page.draw(&line).expect("a string takes it");
        }
    }
}

/// What a panel shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum View {
    /// Where everything was at the moment after the loss.
    AfterLoss,
    /// What became of what was gone.
    CameBack,
    /// Where everything is at the end.
    AtEnd,
}

impl View {
    fn at_end(self) -> bool {
        self != View::AfterLoss
    }

    /// How many messages of a cell have which colour.
    fn numbers(self, cell: &Tapestry<'_>) -> Vec<u64> {
        match self {
            View::CameBack => vec![cell.came_back, cell.gone - cell.came_back.min(cell.gone)],
            _ => vec![
                cell.held,
                cell.shell,
                cell.stranded,
                cell.lost,
                cell.expired,
            ],
        }
    }

    fn colours(self) -> &'static [(&'static str, RGBColor, Mark)] {
        match self {
            View::CameBack => &RETURNS,
            _ => &STATES,
        }
    }
}

/// One of the views, over all rooms.
struct Panel<'a, 'b> {
    page: &'a Area<'b>,
    run: &'a RunTables,
    view: View,
    left: i32,
    wide: i32,
    tall: i32,
    rooms: &'a [Room<'a>],
}

impl Panel<'_, '_> {
    fn draw(&self) {
        let rows = self.run.tapestry.iter();
        let rows: Vec<_> = rows
            .filter(|row| row.at_end == self.view.at_end())
            .collect();
        let all = self.run.tapestry.iter();
        let begin = all.clone().map(|row| row.from).min().unwrap_or_default();
        let end = all.map(|row| row.until).max().unwrap_or_default();
        let calendar = Calendar::new(begin, end);
        for (number, room) in std::iter::zip(0.., self.rooms) {
            let cells = rows
                .iter()
                .filter(|row| (&*row.room_kind, &*row.room) == (room.0, room.1));
            self.thread(TOP + number * self.tall, cells.copied(), &calendar);
        }
        let foot = TOP + self.tall * self.rooms.len() as i32;
        let frame = [(self.left, TOP), (self.left + self.wide, foot)];
        let frame = Rectangle::new(frame, PALE.stroke_width(1));
        self.page.draw(&frame).expect("a string takes it");
        let day = |at: SimTime| moment(at).chars().take(10).collect::<String>();
        let story = self.run.story();
        let heading = match self.view {
            View::AfterLoss => format!(
                "after the loss, {}",
                day(story.loss_at.unwrap_or(story.end))
            ),
            View::CameBack => "of what was gone".to_owned(),
            View::AtEnd => format!("at the end, {}", day(story.end)),
        };
        sheet::text(self.page, &heading, (self.left, 106), font(15));
        self.axis(&calendar, foot);
        self.period(&calendar, foot);
    }

    fn x(&self, calendar: &Calendar, at: SimTime) -> i32 {
        calendar.map(&calendar.after(at), (self.left, self.left + self.wide))
    }

    /// The cells of one room; neighbours that look the same become one.
    fn thread<'a>(
        &self,
        top: i32,
        cells: impl Iterator<Item = &'a Tapestry<'static>>,
        calendar: &Calendar,
    ) {
        let mut drawn: Vec<(i32, i32, Vec<i32>)> = Vec::new();
        for cell in cells {
            let (from, until) = (self.x(calendar, cell.from), self.x(calendar, cell.until));
            let lower = self.shares(&self.view.numbers(cell));
            match drawn.last_mut() {
                Some(last) if last.1 == from && last.2 == lower => last.1 = until,
                _ => drawn.push((from, until, lower)),
            }
        }
        for (from, until, lower) in drawn {
            let mut upper = 0;
            for (lower, (_, colour, mark)) in std::iter::zip(lower, self.view.colours()) {
                if lower > upper {
                    let ends = [(from, top + upper), (until, top + lower)];
                    block(self.page, ends, *colour, *mark);
                }
                upper = lower.max(upper);
            }
        }
    }

    /// The lower edge of each number's share of a cell; whatever is there has a pixel at least.
    fn shares(&self, numbers: &[u64]) -> Vec<i32> {
        let all: u64 = numbers.iter().sum();
        if all == 0 {
            return vec![0; numbers.len()];
        }
        let room = self.tall - 1;
        let share = |number: &u64| match number {
            0 => 0,
            number => ((number * u64::from(room.unsigned_abs()) / all) as i32).max(1),
        };
        let mut pixels: Vec<i32> = numbers.iter().map(share).collect();
        // What is left over, or missing, is the largest share's.
        let left_over = room - pixels.iter().sum::<i32>();
        let largest = std::iter::zip(numbers, &mut pixels).max_by_key(|(number, _)| **number);
        largest
            .into_iter()
            .for_each(|(_, share)| *share += left_over);
        let mut down = 0;
        for share in &mut pixels {
            down += *share;
            *share = down;
        }
        pixels
    }

    fn axis(&self, calendar: &Calendar, foot: i32) {
        let most = if self.wide > 400 { 8 } else { 3 };
        for (after, label) in calendar.marks(most) {
            let x = calendar.map(&after, (self.left, self.left + self.wide));
            let tick = PathElement::new([(x, foot), (x, foot + 5)], INK);
            self.page.draw(&tick).expect("a string takes it");
            let label = label.replace("T", " ");
            let is_last = x + 40 > self.left + self.wide;
            let across = if is_last { HPos::Right } else { HPos::Center };
            let across = if x - 40 < self.left {
                HPos::Left
            } else {
                across
            };
            sheet::text(
                self.page,
                &label,
                (x, foot + 8),
                sheet::anchored(font(12), across, VPos::Top),
            );
        }
        let title = sheet::anchored(font(14), HPos::Center, VPos::Top);
        let middle = self.left + self.wide / 2;
        sheet::text(self.page, "made at (date, UTC)", (middle, foot + 26), title);
    }

    /// The lost period, from the backup to the loss.
    fn period(&self, calendar: &Calendar, foot: i32) {
        let story = self.run.story();
        for (name, at, across) in [
            ("backup", story.backup_at, HPos::Right),
            ("loss", story.loss_at, HPos::Left),
        ] {
            let Some(at) = at else { continue };
            let x = self.x(calendar, at);
            sheet::dashed(self.page, [(x, TOP - 8), (x, foot)], (3, 3));
            let style = sheet::anchored(font(12), across, VPos::Bottom);
            sheet::text(self.page, name, (x, TOP - 1), style);
        }
    }
}
