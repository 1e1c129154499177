//! A figure as PNG, for whoever cannot use SVG: the same drawing in twice as many pixels.
//!
//! It is drawn here and with the program's own font alone, so it is the same wherever it is made.

use std::sync::Arc;

use png::{BitDepth, ColorType, Compression, Encoder, Info, PixelDimensions, Unit};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::fontdb::Database;
use resvg::usvg::{Options, Tree};

/// Pixels for each of the SVG, across and down: sharp on paper and on fine screens.
const TIMES: u32 = 2;
/// The most pixels; it takes four bytes of memory for each to draw them, and programs that show pictures need as much.
const MOST: u64 = 100_000_000;
/// A pixel of the SVG is the 96th part of an inch. Pixels per metre that keep the size.
const PER_METRE: u32 = (96.0 * TIMES as f64 / 0.0254) as u32;

/// A drawing that would have too many pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("as PNG it would have {wide} by {high} pixels, which few programs can show")]
pub struct TooLarge {
    wide: u64,
    high: u64,
}

/// Draws an SVG that uses the program's font and nothing from elsewhere. Title and caption go along as text.
///
/// # Errors
/// If it is too large.
pub(super) fn png(
    svg: &str,
    (family, font): (&str, &[u8]),
    (title, caption): (&str, &str),
) -> Result<Vec<u8>, TooLarge> {
    let mut fonts = Database::new();
    fonts.load_font_data(font.to_vec());
    fonts.set_sans_serif_family(family);
    let options = Options {
        font_family: family.to_owned(),
        fontdb: Arc::new(fonts),
        ..Options::default()
    };
    let svg: String = svg.chars().map(drawn).collect();
    let tree = Tree::from_str(&svg, &options).expect("the drawing is an SVG");
    let size = tree.size().to_int_size();
    let (wide, high) = (size.width() * TIMES, size.height() * TIMES);
    if u64::from(wide) * u64::from(high) > MOST {
        let (wide, high) = (wide.into(), high.into());
        return Err(TooLarge { wide, high });
    }
    let mut paper = Pixmap::new(wide, high).expect("a sheet has a size");
    let times = Transform::from_scale(TIMES as f32, TIMES as f32);
    resvg::render(&tree, times, &mut paper.as_mut());
    Ok(encoded(&paper, title, caption))
}

/// A sign that can be drawn. For those that the font lacks, which a reader of SVG takes from another one, stands a question
/// mark: without it a name might not be seen at all.
fn drawn(sign: char) -> char {
    match sign {
        '\n' | ' '..='~' | '\u{a0}'..='\u{ff}' => sign,
        '\u{2013}' | '\u{2014}' | '\u{2018}' | '\u{2019}' | '\u{201c}' | '\u{201d}' => sign,
        '\u{2026}' | '\u{2192}' | '\u{2212}' | '\u{2264}' | '\u{2265}' => sign,
        _ => '?',
    }
}

fn encoded(paper: &Pixmap, title: &str, caption: &str) -> Vec<u8> {
    // The sheet is white and covers all: nothing shows through.
    let (pixels, _) = paper.data().as_chunks::<4>();
    let colours: Vec<u8> = pixels
        .iter()
        .flat_map(|[r, g, b, _]| [*r, *g, *b])
        .collect();
    let mut about = Info::with_size(paper.width(), paper.height());
    about.color_type = ColorType::Rgb;
    about.bit_depth = BitDepth::Eight;
    about.pixel_dims = Some(PixelDimensions {
        xppu: PER_METRE,
        yppu: PER_METRE,
        unit: Unit::Meter,
    });
    let mut file = Vec::new();
    let mut encoder = Encoder::with_info(&mut file, about).expect("a picture has a size");
    encoder.set_compression(Compression::Balanced);
    for (name, text) in [("Title", title), ("Description", caption)] {
        let added = encoder.add_itxt_chunk(name.to_owned(), text.to_owned());
        added.expect("the name is short");
    }
    let mut writer = encoder.write_header().expect("a vector takes it");
    writer
        .write_image_data(&colours)
        .expect("a vector takes it");
    writer.finish().expect("a vector takes it");
    file
}
