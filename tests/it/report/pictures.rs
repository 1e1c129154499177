//! Figures as PNG, beside the page of a result.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;

use fedheal::journal::Journal;
use fedheal::report::{Keep, StoredError, renew};
use png::{ColorType, Decoder};

use super::page::{NAMES, named};
use super::{read, write, write_as};

/// A picture's pixels and its title.
fn decoded(path: &Path) -> ((u32, u32), Vec<u8>, String) {
    let file = BufReader::new(File::open(path).unwrap());
    let mut picture = Decoder::new(file).read_info().unwrap();
    assert_eq!(picture.info().color_type, ColorType::Rgb);
    let size = picture.info().size();
    let title = picture.info().utf8_text.iter();
    let title = title.filter(|text| text.keyword == "Title");
    let title = title.map(|text| text.get_text().unwrap()).collect();
    let mut pixels = vec![0; picture.output_buffer_size().unwrap()];
    picture.next_frame(&mut pixels).unwrap();
    (size, pixels, title)
}

#[test]
fn pictures_stand_beside_the_page_where_they_are_wished_for() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    let [page, manifest] = ["report.html", "manifest.json"].map(|name| read(folder.path(), name));
    let places = renew(folder.path(), true).unwrap();
    let names = [
        "report.html",
        "recovery.png",
        "givers.png",
        "map.png",
        "tapestry.png",
        "exposure.png",
    ];
    assert_eq!(places, names.map(|name| folder.path().join(name)));
    let first: Vec<Vec<u8>> = places
        .iter()
        .map(|place| fs::read(place).unwrap())
        .collect();
    for place in &places[1..] {
        let ((wide, high), pixels, title) = decoded(place);
        // As wide as the sheet of every figure, twice.
        assert_eq!(wide, 1800, "{}", place.display());
        assert!(high > 400, "{}", place.display());
        let ink = pixels.iter().filter(|value| **value < 128).count();
        assert!(ink > 1000 && ink < pixels.len() / 2, "{}", place.display());
        assert!(page.contains(&format!("<title>{title}</title>")), "{title}");
    }
    // They are no part of the results: the folder is as it was, and is taken as it is.
    assert_eq!(read(folder.path(), "manifest.json"), manifest);
    assert_eq!(read(folder.path(), "report.html"), page);
    renew(folder.path(), true).unwrap();
    let second: Vec<Vec<u8>> = places
        .iter()
        .map(|place| fs::read(place).unwrap())
        .collect();
    assert!(first == second, "the same bytes");
}

#[test]
fn whatever_is_named_can_be_drawn() {
    for (room, server) in NAMES.iter().zip(NAMES.iter().rev()) {
        let folder = tempfile::tempdir().unwrap();
        let (nothing, measures) = (Journal::default(), named(room, server));
        write_as(folder.path(), &nothing, &measures, (Keep::None, true)).unwrap();
        assert_eq!(renew(folder.path(), true).unwrap().len(), 6, "{room:?}");
    }
}

#[test]
fn a_picture_that_has_no_place_is_named_and_leaves_nothing_half_written() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    let taken = folder.path().join("map.png");
    fs::create_dir(&taken).unwrap();
    let error = renew(folder.path(), true).unwrap_err();
    assert!(
        matches!(&error, StoredError::Unwritable { path, .. } if *path == taken),
        "{error}"
    );
    assert!(folder.path().join("givers.png").is_file());
    let entries = fs::read_dir(folder.path()).unwrap();
    let mut names = entries.map(|entry| entry.unwrap().file_name());
    assert!(!names.any(|name| name.to_string_lossy().starts_with('.')));
}
