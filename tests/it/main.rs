//! All integration tests, one binary.

mod cli;
mod exactness;
mod report;
mod rules;
mod scenario;
mod tidy;
mod worlds;
