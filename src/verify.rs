//! Recordings of real servers: reading them, playing them, comparing cell by cell.
