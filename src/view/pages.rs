//! The page's own files, which are part of the program.

/// A file: its name, its type, and what it holds.
pub(super) type File = (&'static str, &'static str, &'static str);

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// The page.
pub(super) const INDEX: &str = include_str!("page/index.html");

/// All that it loads, and the licences of what others have written.
pub(super) const FILES: [File; 12] = [
    ("page.css", STYLE, include_str!("page/page.css")),
    ("page.js", SCRIPT, include_str!("page/page.js")),
    ("opening.js", SCRIPT, include_str!("page/opening.js")),
    ("replay.js", SCRIPT, include_str!("page/replay.js")),
    ("lanes.js", SCRIPT, include_str!("page/lanes.js")),
    ("map.js", SCRIPT, include_str!("page/map.js")),
    ("runs.js", SCRIPT, include_str!("page/runs.js")),
    (
        "cytoscape.min.js",
        SCRIPT,
        include_str!("page/vendor/cytoscape.min.js"),
    ),
    (
        "cytoscape.LICENSE.txt",
        TEXT,
        include_str!("page/vendor/cytoscape.LICENSE.txt"),
    ),
    (
        "uPlot.iife.min.js",
        SCRIPT,
        include_str!("page/vendor/uPlot.iife.min.js"),
    ),
    (
        "uPlot.min.css",
        STYLE,
        include_str!("page/vendor/uPlot.min.css"),
    ),
    (
        "uPlot.LICENSE.txt",
        TEXT,
        include_str!("page/vendor/uPlot.LICENSE.txt"),
    ),
];
