//! All integration tests, one binary.

mod audit;
mod cli;
mod exactness;
mod kernel;
mod planted;
mod report;
mod rules;
mod scenario;
mod state;
mod tidy;
mod truth;
mod what_ifs;
mod worlds;
