//! The sheet that a figure is drawn on: its font, its words, and the SVG around them.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use plotters::coord::Shift;
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontStyle, register_font};

use super::super::terminal::thousands;
use super::colours::Ink;
use super::raster::{TooLarge, png};
use super::stack::Stack;

/// Where everything is drawn.
pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Text and axes.
pub(super) const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
/// Grid lines.
pub(super) const PALE: RGBColor = RGBColor(0xdd, 0xdd, 0xdd);
/// The width of figures for a page, in pixels.
pub(super) const WIDTH: u32 = 900;
/// How far words stand from the sheet's edge.
pub(super) const MARGIN: i32 = 24;

/// DejaVu Sans, Latin characters only; see the licence beside it.
const FONT: &[u8] = include_bytes!("../font/DejaVuSans-latin.ttf");
/// Its family.
const FONT_FAMILY: &str = "DejaVu Sans";
/// The family as it stands in the SVG: a reader that ignores the embedded font has a second choice.
const FAMILY: &str = "DejaVu Sans, sans-serif";

/// A finished figure.
#[derive(Debug)]
pub(in crate::report) struct Drawing {
    pub(super) svg: String,
    title: String,
    caption: String,
}

impl Drawing {
    /// A sheet of this height with a title and a caption, and between them what `draw` draws.
    pub(super) fn new(
        height: u32,
        title: String,
        caption: String,
        draw: impl FnOnce(&Area<'_>),
    ) -> Drawing {
        Drawing::sized((WIDTH, height), title, caption, draw)
    }

    /// As `new`, on a sheet of another width.
    pub(super) fn sized(
        (wide, height): (u32, u32),
        title: String,
        caption: String,
        draw: impl FnOnce(&Area<'_>),
    ) -> Drawing {
        let mut svg = String::new();
        {
            let page = blank(&mut svg, (wide, height));
            line(&page, &title, (MARGIN, 22), font(26));
            draw(&page);
            let lines = wrapped(&page, &caption);
            // The last line ends above the sheet's lower edge.
            let top = height.cast_signed() - 9 - 19 * lines.len() as i32;
            for (down, words) in std::iter::zip((top..).step_by(19), &lines) {
                text(&page, words, (MARGIN, down), font(15));
            }
            page.present().expect("a string can be written to");
        }
        Drawing {
            svg,
            title,
            caption,
        }
    }

    /// As a file that stands alone, with its font.
    pub(in crate::report) fn file(&self) -> String {
        self.described(&format!("<style>{}</style>\n", font_face()))
    }

    /// As a part of a page that has the font.
    pub(in crate::report) fn inline(&self) -> String {
        self.described("")
    }

    /// As pixels.
    ///
    /// # Errors
    /// If they are too many.
    pub(in crate::report) fn png(&self) -> Result<Vec<u8>, TooLarge> {
        let words = (self.title.as_str(), self.caption.as_str());
        png(&self.svg, (FONT_FAMILY, FONT), words)
    }

    /// Puts title, description and style into the drawing.
    fn described(&self, style: &str) -> String {
        let (opening, rest) = self.svg.split_once('\n').expect("an SVG has lines");
        let opening = opening.replacen("<svg ", "<svg role=\"img\" ", 1);
        format!(
            "{opening}\n<title>{}</title>\n<desc>{}</desc>\n{style}{rest}",
            escaped(&self.title),
            escaped(&self.caption)
        )
    }
}

/// The rule of a style sheet that brings the font along.
pub(in crate::report) fn font_face() -> String {
    let font = BASE64_STANDARD.encode(FONT);
    format!(
        "@font-face{{font-family:\"DejaVu Sans\";\
         src:url(data:font/ttf;base64,{font}) format(\"truetype\")}}"
    )
}

/// An empty white sheet.
pub(super) fn blank(svg: &mut String, size: (u32, u32)) -> Area<'_> {
    // plotters looks fonts up by family and style; the register is global, and to fill it again is no harm.
    for style in [FontStyle::Normal, FontStyle::Bold] {
        assert!(
            register_font(FAMILY, style, FONT).is_ok(),
            "the font is whole"
        );
    }
    let page = SVGBackend::with_string(svg, size).into_drawing_area();
    page.fill(&WHITE).expect("a string takes it");
    page
}

/// The font in a size of pixels, in the colour of ink.
pub(super) fn font(size: i32) -> TextStyle<'static> {
    (FAMILY, size).into_font().color(&INK)
}

/// The same style, held by another corner of the text.
pub(super) fn anchored(style: TextStyle<'static>, across: HPos, down: VPos) -> TextStyle<'static> {
    style.pos(Pos::new(across, down))
}

/// One line of text.
pub(super) fn text(page: &Area<'_>, text: &str, at: (i32, i32), style: TextStyle<'static>) {
    page.draw_text(text, &style, at)
        .expect("the font is registered");
}

/// One line of text that ends at the sheet's right margin at the latest.
pub(super) fn line(page: &Area<'_>, words: &str, at: (i32, i32), style: TextStyle<'static>) {
    let room = right_of(page) - MARGIN - at.0;
    let words = fitted(page, words, &style, room);
    text(page, &words, at, style);
}

/// The sheet's right edge.
fn right_of(page: &Area<'_>) -> i32 {
    page.dim_in_pixel().0.cast_signed()
}

/// A line of dashes and gaps of these lengths.
pub(super) fn dashed(page: &Area<'_>, ends: [(i32, i32); 2], (dash, gap): (i32, i32)) {
    let line = DashedPathElement::new(ends, dash, gap, INK);
    page.draw(&line).expect("a string takes it");
}

/// How wide a line of text is. Readers with another font get a tenth more room.
pub(super) fn width(page: &Area<'_>, text: &str, style: &TextStyle<'static>) -> i32 {
    let (width, _) = page
        .estimate_text_size(text, style)
        .expect("the font is registered");
    (width + width / 10).cast_signed()
}

/// The text, or as much of its beginning as has room, and an ellipsis. Whole names stand in the tables.
pub(super) fn fitted(page: &Area<'_>, text: &str, style: &TextStyle<'static>, room: i32) -> String {
    // The font has no line breaks, and nothing wider than its widest sign.
    let most = usize::try_from(room).unwrap_or(0);
    let mut short: String = text.chars().take(most).collect();
    let is_whole = |short: &str| short.len() == text.len();
    while !short.is_empty() {
        let shown = match is_whole(&short) {
            true => short.clone(),
            false => format!("{}\u{2026}", short.trim_end()),
        };
        if width(page, &shown, style) <= room {
            return shown;
        }
        short.pop();
    }
    short
}

/// Small text, wrapped to the width of the sheet.
fn wrapped(page: &Area<'_>, words: &str) -> Vec<String> {
    let style = font(15);
    let room = right_of(page) - 2 * MARGIN;
    let mut lines = vec![String::new()];
    for word in words.split(' ') {
        let last = lines.last_mut().expect("there is one");
        let longer = match last.is_empty() {
            true => fitted(page, word, &style, room),
            false => format!("{last} {word}"),
        };
        if width(page, &longer, &style) > room {
            lines.push(fitted(page, word, &style, room));
        } else {
            *last = longer;
        }
    }
    lines
}

/// One coloured box, name and number per layer of a stack, in its order; as many lines as they need.
pub(super) fn legend(page: &Area<'_>, stack: &Stack, (mut left, mut top): (i32, i32)) {
    for layer in &stack.layers {
        let label = format!("{} {}", layer.name, thousands(layer.total));
        let wide = 34 + width(page, &label, &font(16)) + 22;
        if left > MARGIN && left + wide > WIDTH.cast_signed() - MARGIN {
            (left, top) = (MARGIN, top + 22);
        }
        swatch(page, layer.ink, (left, top));
        text(page, &label, (left + 34, top), font(16));
        left += wide;
    }
}

/// A box in a colour, under the line that is its edge.
fn swatch(page: &Area<'_>, (_, colour, dashes): Ink, (x, y): (i32, i32)) {
    let area = Rectangle::new([(x, y + 3), (x + 28, y + 14)], colour.filled());
    page.draw(&area).expect("a string takes it");
    dashed(page, [(x, y + 2), (x + 28, y + 2)], dashes);
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
