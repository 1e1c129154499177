//! All integration tests, one binary.

mod cli;
mod report;
mod scenario;
