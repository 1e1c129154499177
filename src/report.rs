//! Result folders: tables, the figure, the manifest.
