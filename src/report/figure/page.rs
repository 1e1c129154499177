//! The sheet that a figure is drawn on: its font, its words, and the SVG around them.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use plotters::coord::Shift;
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontStyle, register_font};

/// Where everything is drawn.
pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Text and axes.
pub(super) const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
/// Grid lines.
pub(super) const PALE: RGBColor = RGBColor(0xdd, 0xdd, 0xdd);

/// DejaVu Sans, Latin characters only; see the licence beside it.
const FONT: &[u8] = include_bytes!("../font/DejaVuSans-latin.ttf");
/// The family as it stands in the SVG: a reader that ignores the embedded font has a second choice.
const FAMILY: &str = "DejaVu Sans, sans-serif";

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

/// Small text, wrapped to the width of the sheet.
pub(super) fn paragraph(page: &Area<'_>, words: &str, at: (i32, i32)) {
    let style = font(15);
    let (sheet, _) = page.dim_in_pixel();
    let room = sheet.cast_signed() - 2 * at.0;
    let mut line = String::new();
    let mut down = at.1;
    for word in words.split(' ') {
        let longer = if line.is_empty() {
            word.to_owned()
        } else {
            format!("{line} {word}")
        };
        if width(page, &longer, &style) > room {
            text(page, &line, (at.0, down), style.clone());
            down += 19;
            line = word.to_owned();
        } else {
            line = longer;
        }
    }
    text(page, &line, (at.0, down), style);
}

/// Puts title, description and font into the drawing.
pub(super) fn finish(svg: &str, title: &str, description: &str) -> String {
    let (opening, rest) = svg.split_once('\n').expect("an SVG has lines");
    let opening = opening.replacen("<svg ", "<svg role=\"img\" ", 1);
    let font = BASE64_STANDARD.encode(FONT);
    format!(
        "{opening}\n<title>{}</title>\n<desc>{}</desc>\n<style>@font-face{{font-family:\"DejaVu Sans\";\
         src:url(data:font/ttf;base64,{font}) format(\"truetype\")}}</style>\n{rest}",
        escaped(title),
        escaped(description)
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
