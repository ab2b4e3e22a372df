//! The build of a machine that has no Node.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// The program made of build.rs, the newest where several were kept.
fn script() -> PathBuf {
    let builds = Path::new(env!("OUT_DIR")).ancestors().nth(2).expect("the folder of all builds");
    let made = fs::read_dir(builds).expect("builds").flatten().filter_map(|build| {
        let name = build.file_name().into_string().ok()?;
        let script = build.path().join("build-script-build");
        let age = fs::metadata(&script).ok()?.modified().ok()?;
        name.starts_with("usher-").then_some((age, script))
    });
    made.max().expect("a build script").1
}

/// Runs it on our sources, with no program to be found.
fn run(out: &Path, path: &Path) -> Output {
    let mut script = Command::new(script());
    script.env_clear().env("OUT_DIR", out).env("CARGO_MANIFEST_DIR", env!("CARGO_MANIFEST_DIR")).env("PATH", path);
    script.output().expect("a run")
}

#[test]
fn o_without_node_the_hub_builds_with_pages_that_say_so() {
    let (out, nothing) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let built = run(out.path(), nothing.path());
    let said = String::from_utf8_lossy(&built.stdout);
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let warnings: Vec<&str> = said.lines().filter(|line| line.starts_with("cargo::warning=")).collect();
    assert_eq!(warnings.len(), 1, "{said}");
    assert!(warnings[0].contains("placeholders: npm is not installed"), "{said}");
    for (page, what) in [("index.html", "inbox"), ("demo.html", "demo page")] {
        let html = fs::read_to_string(out.path().join("web").join(page)).expect("a page");
        assert!(html.contains(&format!("The {what} is not in this build")), "{html}");
        assert!(html.contains("install Node"), "it does not say how to get it: {html}");
    }
    // The door embeds both folders.
    assert!(out.path().join("web.gz").is_dir());
}

#[test]
fn o_a_build_of_the_pages_that_fails_leaves_pages_that_say_so() {
    let (out, broken) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let npm = broken.path().join("npm");
    fs::write(&npm, "#!/bin/sh\n[ \"$1\" = --version ]\n").expect("a program");
    fs::set_permissions(&npm, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("its mode");
    // `node` is missing: what is installed cannot be told.
    let built = run(out.path(), broken.path());
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    assert!(String::from_utf8_lossy(&built.stdout).contains("cargo::warning="));
    assert!(out.path().join("web/index.html").is_file());
}
