//! Tells the program which commit it was built from, for the manifest of a result folder.

use std::process::Command;

fn main() {
    // Sources unpacked inside somebody else's repository are not of its commit.
    let ours = git(&["ls-files", "--error-unmatch", "Cargo.toml"]).is_some();
    let commit = git(&["rev-parse", "HEAD"]).filter(|_| ours);
    let commit = commit.unwrap_or_else(|| "unknown".to_owned());
    // Only what the program is made of counts as changed; results and documents do not.
    let changed = git(&[
        "status",
        "--porcelain",
        "--",
        "src",
        "Cargo.toml",
        "Cargo.lock",
    ]);
    let dirty = changed.is_some_and(|list| !list.is_empty());
    println!("cargo::rustc-env=FEDHEAL_COMMIT={commit}");
    println!("cargo::rustc-env=FEDHEAL_DIRTY={dirty}");
    println!(
        "cargo::rustc-env=FEDHEAL_TARGET={}",
        std::env::var("TARGET").unwrap_or_default()
    );
    for watched in ["src", "Cargo.toml", "Cargo.lock", "build.rs"] {
        println!("cargo::rerun-if-changed={watched}");
    }
    // The log of HEAD grows with every commit and every change of branch.
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"]) {
        println!("cargo::rerun-if-changed={log}");
    }
}

/// What git answers, or nothing where there is no git or no repository.
fn git(arguments: &[&str]) -> Option<String> {
    let answer = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(answer.stdout).ok()?;
    answer.status.success().then(|| text.trim().to_owned())
}
