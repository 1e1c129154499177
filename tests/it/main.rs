//! All integration tests, one binary.

mod audit;
mod central;
mod cli;
mod closed_forms;
mod exactness;
mod explain;
mod exposure;
#[cfg(unix)]
mod interrupt;
mod journal;
mod kernel;
mod measures;
mod network;
mod planted;
#[cfg(target_os = "linux")]
mod real;
mod report;
mod rules;
mod scenario;
mod scripts;
mod state;
mod study;
mod tidy;
mod traffic;
mod truth;
mod what_ifs;
mod worlds;
