//! Tells the program what git calls its sources: where it runs there may be other ones, or none.

use std::path::Path;
use std::process::Command;

fn main() {
    let told = Command::new("git").args(["describe", "--always", "--dirty"]).output();
    let told = told.ok().filter(|output| output.status.success());
    let name = told.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    println!("cargo::rustc-env=LOADTEST_REVISION={name}");
    println!("cargo::rerun-if-changed=build.rs");
    // What it is made of, and the log of where HEAD was: both change the name. In a work tree `.git` is elsewhere.
    println!("cargo::rerun-if-changed=src");
    let log = Command::new("git").args(["rev-parse", "--git-path", "logs/HEAD"]).output();
    if let Some(log) = log.ok().filter(|output| output.status.success()) {
        let log = String::from_utf8_lossy(&log.stdout).trim().to_owned();
        if Path::new(&log).exists() {
            println!("cargo::rerun-if-changed={log}");
        }
    }
}
