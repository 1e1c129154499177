//! The figures: SVG, drawn from the rows of a result's tables alone. One file draws one figure.
//!
//! Each says in its own words what it shows: title, axes with units, a caption with n, seed and interval, and the same
//! as its alternative text. Colours are those of Okabe and Ito, which colour-blind readers tell apart, and what a
//! colour says, a line or a mark says too. The font is part of the program, so that every reader sees the words as
//! they were measured here; a figure that stands alone carries it.

mod calendar;
mod colours;
mod exposure;
mod frontier;
mod givers;
mod ladder;
mod map;
mod ranking;
mod raster;
mod recovery;
mod scale;
mod sheet;
mod since;
mod stack;
mod tapestry;

pub(super) use exposure::exposure;
pub(super) use frontier::frontier;
pub(super) use givers::{givers, givers_of};
pub(super) use ladder::ladder;
pub(super) use map::map;
pub(super) use ranking::ranking;
pub use raster::TooLarge;
pub(super) use recovery::recovery;
pub(super) use scale::spoken_measure;
pub(super) use sheet::{Drawing, font_face};
pub(super) use tapestry::tapestry;
