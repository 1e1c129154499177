//! The command line: one file per verb. Only this shelf prints.

mod check;
mod command;
mod compare;
mod describe;
mod diagram;
mod engine;
mod explain;
mod interrupt;
mod progress;
#[cfg(unix)]
mod record;
mod result;
mod run;
mod schema;
mod sweep;
mod verify;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What does a federation give back? A simulator of servers that lose data
#[derive(Debug, Parser)]
#[command(
    version,
    arg_required_else_help = true,
    subcommand_value_name = "VERB",
    subcommand_help_heading = "Verbs",
    disable_help_subcommand = true,
    after_help = AFTER_HELP,
    max_term_width = 80
)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

const AFTER_HELP: &str = "\
Examples:
  fedheal run scenarios/hypha-2021.toml           the incident of 2021
  fedheal run scenarios/hypha-2021.toml --seed 2  the same with other luck
  fedheal sweep scenarios/sweeps/what-ifs.toml    which rule would have helped?
  fedheal compare results/sweeps/what-ifs:1 results/sweeps/what-ifs:2
  fedheal explain results/hypha-2021 --item public-04/9000
  fedheal diagram results/minimal --room plaza > plaza.svg
  fedheal check scenarios/*.toml                  are these well formed?
  fedheal describe scenarios/public-matrix.toml   what world is that?
  fedheal schema > scenarios/schema.json          what a scenario may contain
  fedheal verify                                  the model beside real servers
  fedheal record --help                           how to ask real servers again

A run prints what came back and writes results/<scenario>/: tables, a figure,
and a manifest with the command that makes them again. `fedheal run --help`
says more.

The same scenario, seed and version give the same bytes, on every machine.

Exit codes:
  0    all went well, and a run found what its scenario expects
  1    an expectation was missed, or the results could not be written
  2    bad input: the message says where, and what would be right
  130  interrupted; nothing is half-written, and a run says what it has kept";

#[derive(Debug, Subcommand)]
enum Verb {
    Run(run::Args),
    Sweep(sweep::Args),
    Compare(compare::Args),
    Explain(explain::Args),
    Diagram(diagram::Args),
    Check(check::Args),
    Describe(describe::Args),
    Schema(schema::Args),
    Verify(verify::Args),
    #[cfg(unix)]
    Record(record::Args),
}

/// Why a verb came to no end, and the exit code that says so.
#[derive(Debug)]
struct Failure {
    code: u8,
    report: miette::Report,
}

/// What was asked for is wrong.
fn bad_input(report: impl Into<miette::Report>) -> Failure {
    Failure {
        code: 2,
        report: report.into(),
    }
}

/// What was asked for is right, and the machine could not do it.
fn failed(report: impl Into<miette::Report>) -> Failure {
    Failure {
        code: 1,
        report: report.into(),
    }
}

/// Does what the command line says.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help goes to stdout with code 0, a wrong argument to stderr with code 2.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let done = match cli.verb {
        Verb::Run(args) => run::run(&args),
        Verb::Sweep(args) => sweep::sweep(&args),
        Verb::Compare(args) => compare::compare(&args),
        Verb::Explain(args) => explain::explain(&args),
        Verb::Diagram(args) => diagram::diagram(&args),
        Verb::Check(args) => check::check(&args),
        Verb::Describe(args) => describe::describe(&args),
        Verb::Schema(args) => schema::schema(&args),
        Verb::Verify(args) => verify::verify(&args),
        #[cfg(unix)]
        Verb::Record(args) => record::record(&args),
    };
    done.unwrap_or_else(|failure| {
        note(&format!("{:?}", failure.report));
        ExitCode::from(failure.code)
    })
}

/// Writes to stdout. A reader that has heard enough (`| head`) is no error.
fn say(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let said = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match said {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(failed(miette::miette!("cannot write the output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes a line to stderr, where there is nobody left to tell if that fails.
fn note(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
