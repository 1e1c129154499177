//! The command line: one variant per verb.
