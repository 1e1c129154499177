//! All integration tests, one binary.

mod cli;
mod exactness;
mod report;
mod scenario;
mod worlds;
