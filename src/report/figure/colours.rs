//! What has which colour, and which line or mark says the same without it.

use plotters::style::{BLACK, RGBColor, WHITE};

pub(super) const BLUE: RGBColor = RGBColor(0x00, 0x72, 0xb2);
pub(super) const ORANGE: RGBColor = RGBColor(0xe6, 0x9f, 0x00);
pub(super) const SKY: RGBColor = RGBColor(0x56, 0xb4, 0xe9);
pub(super) const GREEN: RGBColor = RGBColor(0x00, 0x9e, 0x73);
pub(super) const PINK: RGBColor = RGBColor(0xcc, 0x79, 0xa7);
pub(super) const YELLOW: RGBColor = RGBColor(0xf0, 0xe4, 0x42);
pub(super) const VERMILION: RGBColor = RGBColor(0xd5, 0x5e, 0x00);
pub(super) const GREY: RGBColor = RGBColor(0x99, 0x99, 0x99);
const LIGHT: RGBColor = RGBColor(0xe4, 0xe4, 0xe4);

/// A name, its colour, and the dashes and gaps of its edge.
pub(super) type Ink = (&'static str, RGBColor, (i32, i32));

/// Paths by which items come back, from the bottom of a stack. A path keeps its colour in every figure.
pub(super) const PATHS: [Ink; 8] = [
    ("backfill", BLUE, (1, 0)),
    ("push", ORANGE, (10, 4)),
    ("gap-fill", SKY, (5, 3)),
    ("join", GREEN, (2, 3)),
    ("jump", PINK, (12, 2)),
    ("redownload", YELLOW, (8, 8)),
    ("anew", BLACK, (1, 0)),
    ("restore", GREY, (3, 6)),
];

/// Why copies outlive their owners' wish, from the bottom of a stack.
pub(super) const CAUSES: [Ink; 6] = [
    ("keeps-longer", BLUE, (1, 0)),
    ("job-late", ORANGE, (10, 4)),
    ("not-told", GREEN, (5, 3)),
    ("fetched-back", SKY, (2, 3)),
    ("restored", PINK, (12, 2)),
    ("home-dead", BLACK, (8, 8)),
];

/// How a state is marked besides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Not at all.
    Plain,
    /// A line through the middle, in this colour.
    Line(RGBColor),
    /// A frame.
    Frame,
}

/// Where a message is, in the order of `tapestry.csv`.
pub(super) const STATES: [(&str, RGBColor, Mark); 5] = [
    ("held", BLUE, Mark::Plain),
    ("shell", SKY, Mark::Frame),
    ("stranded", ORANGE, Mark::Line(BLACK)),
    ("lost", BLACK, Mark::Line(WHITE)),
    ("expired", LIGHT, Mark::Plain),
];

/// Whether what was gone came back.
pub(super) const RETURNS: [(&str, RGBColor, Mark); 2] = [
    ("came back", GREEN, Mark::Plain),
    ("did not", PINK, Mark::Frame),
];
