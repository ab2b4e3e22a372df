//! Builds the pages and the widget that the program carries with it, into `$OUT_DIR/web` (embedded by the door).
//!
//! | environment | effect |
//! |---|---|
//! | `USHER_WEB_DIST=dir` | takes a ready build from there and needs no Node |
//! | `USHER_SKIP_WEB=1` | leaves what an earlier build made, else placeholders: for those who work on Rust alone |
//!
//! Otherwise npm installs what the lock file names, when `web/node_modules` differs from it, and Vite builds, when a
//! source differs from the last build. Without npm, or when that fails, the hub builds all the same: with pages that say
//! so, and one warning. Tracked files are never touched.
//!
//! Whatever is text is laid into `$OUT_DIR/web.gz` once more, compressed, where that makes it smaller.

use std::{
    env, fs,
    hash::{DefaultHasher, Hash, Hasher},
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use anyhow::{Context, Result, bail, ensure};
use flate2::{Compression, write::GzEncoder};

/// Whatever a build of the pages depends on, files and folders, below `web`.
const SOURCES: [&str; 15] = [
    "package.json",
    "package-lock.json",
    "installed.mjs",
    "tsconfig.base.json",
    "vite.config.ts",
    "vite.languages.ts",
    "vite.out.ts",
    "vite.smaller.ts",
    "vite.widget.ts",
    "vite.words.ts",
    "client/src",
    "demo",
    "inbox/index.html",
    "inbox/src",
    "widget/src",
];
/// What a whole build has at its top.
const MADE: [&str; 3] = ["index.html", "demo.html", "widget.js"];
/// The endings of files that are worth compressing.
const TEXTS: [&str; 8] = ["html", "js", "mjs", "css", "json", "map", "svg", "webmanifest"];
/// Beside the build: the hash of what it was made of. Missing beside placeholders.
const STAMP: &str = "web.stamp";
/// Beside the build: what npm said, when it failed.
const LOG: &str = "web.log";

fn main() -> Result<()> {
    let out = PathBuf::from(env::var_os("OUT_DIR").context("cargo says where to build")?);
    let sources = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").context("cargo says where we are")?).join("web");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=USHER_SKIP_WEB");
    println!("cargo::rerun-if-env-changed=USHER_WEB_DIST");

    pages(&sources, &out)?;
    let packed = out.join("web.gz");
    clear(&packed)?;
    pack(&out.join("web"), &packed).context("the pages cannot be compressed")
}

/// Lays the pages into `web`.
fn pages(sources: &Path, out: &Path) -> Result<()> {
    if let Some(ready) = env::var_os("USHER_WEB_DIST") {
        return take(Path::new(&ready), out).context("USHER_WEB_DIST names no build of the web folder");
    }
    // A path that is not there would run this at every build.
    for source in SOURCES.iter().map(|name| sources.join(name)).filter(|path| path.exists()) {
        println!("cargo::rerun-if-changed={}", source.display());
    }
    if env::var("USHER_SKIP_WEB").is_ok_and(|skip| skip == "1") {
        return if whole(&out.join("web")) { Ok(()) } else { stand_in(out) };
    }
    if let Err(reason) = build(sources, out) {
        println!(
            "cargo::warning=the pages and the widget are placeholders: {reason:#} (after mending it: `touch build.rs` and build again)"
        );
        stand_in(out)?;
    }
    Ok(())
}

/// Compresses every text below `from` that gets smaller by it. The same input gives the same bytes.
fn pack(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let target = to.join(path.file_name().context("a file has a name")?);
        if path.is_dir() {
            pack(&path, &target)?;
            continue;
        }
        if !path.extension().is_some_and(|ending| TEXTS.iter().any(|text| ending == *text)) {
            continue;
        }
        let plain = fs::read(&path)?;
        let mut packer = GzEncoder::new(Vec::new(), Compression::best());
        packer.write_all(&plain)?;
        let packed = packer.finish()?;
        if packed.len() < plain.len() {
            fs::write(target, packed)?;
        }
    }
    Ok(())
}

/// A ready build, made elsewhere.
fn take(ready: &Path, out: &Path) -> Result<()> {
    let ready = fs::canonicalize(ready)?;
    ensure!(whole(&ready), "{} lacks one of {MADE:?}", ready.display());
    println!("cargo::rerun-if-changed={}", ready.display());
    let web = out.join("web");
    clear(&web)?;
    let _ = fs::remove_file(out.join(STAMP));
    copy(&ready, &web)
}

/// Our own build, unless the last one was made of the same sources.
fn build(sources: &Path, out: &Path) -> Result<()> {
    let stamp = fingerprint(sources)?;
    let (web, fresh) = (out.join("web"), out.join("web.new"));
    if whole(&web) && fs::read_to_string(out.join(STAMP)).is_ok_and(|known| known == stamp) {
        return Ok(());
    }
    let _ = fs::remove_file(out.join(STAMP));
    install(sources, out)?;
    clear(&fresh)?;
    let mut vite = npm(sources);
    vite.args(["run", "build:hub", "--silent"]).env("USHER_WEB_OUT", &fresh);
    run(&mut vite, "the build of the web folder", out)?;
    ensure!(whole(&fresh), "the build of the web folder lacks one of {MADE:?}");
    clear(&web)?;
    fs::rename(&fresh, &web)?;
    fs::write(out.join(STAMP), stamp)?;
    Ok(())
}

/// Brings `node_modules` to what the lock file names. Two builds at once (an editor's and yours) take turns.
fn install(sources: &Path, out: &Path) -> Result<()> {
    ensure!(npm(sources).arg("--version").output().is_ok_and(|npm| npm.status.success()), "npm is not installed");
    let turns = sources.join(".build");
    fs::create_dir_all(&turns)?;
    let turn = fs::File::create(turns.join("lock"))?;
    turn.lock()?;
    let installed = Command::new("node").arg("installed.mjs").current_dir(sources).output()?;
    if installed.status.success() {
        return Ok(());
    }
    let mut ci = npm(sources);
    // No package of ours needs its scripts; `dev`, since everything is one, whatever NODE_ENV says.
    ci.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--include=dev", "--prefer-offline"]);
    // Off the network the hub shall build soon all the same.
    ci.args(["--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=30000"]);
    run(&mut ci, "`npm ci`", out)
}

fn npm(sources: &Path) -> Command {
    let mut npm = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
    npm.current_dir(sources);
    npm
}

fn run(command: &mut Command, what: &str, out: &Path) -> Result<()> {
    let Output { status, stdout, stderr } = command.output().with_context(|| format!("{what} could not run"))?;
    if status.success() {
        return Ok(());
    }
    let log = out.join(LOG);
    fs::write(&log, [stdout, stderr].concat())?;
    bail!("{what} failed, see {}", log.display())
}

/// Says which sources a build was made of: their names and contents.
fn fingerprint(sources: &Path) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    for name in SOURCES {
        digest(&sources.join(name), &mut hasher)?;
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn digest(path: &Path, hasher: &mut DefaultHasher) -> Result<()> {
    path.file_name().hash(hasher);
    if path.is_dir() {
        let mut below = fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
        below.sort();
        below.len().hash(hasher);
        return below.iter().try_for_each(|path| digest(path, hasher));
    }
    fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?.hash(hasher);
    Ok(())
}

fn whole(web: &Path) -> bool {
    MADE.iter().all(|name| web.join(name).is_file())
}

fn clear(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Pages for a hub that was built without them: everything but the browser's part works.
fn stand_in(out: &Path) -> Result<()> {
    let web = out.join("web");
    clear(&web)?;
    fs::create_dir_all(&web)?;
    let _ = fs::remove_file(out.join(STAMP));
    for (page, what) in [("index.html", "inbox"), ("demo.html", "demo page")] {
        fs::write(
            web.join(page),
            format!(
                "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Usher</title>\n\
                 <h1>The {what} is not in this build</h1>\n\
                 <p>The hub runs, and clients can use it. To get the {what}, install Node 20.19 or newer with npm and \
                 build the hub again.</p>\n</html>\n"
            ),
        )?;
    }
    Ok(())
}
