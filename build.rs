//! Prepares what the program carries with it.

use std::{env, fs, io, path::Path};

fn main() -> io::Result<()> {
    let web = Path::new(&env::var("OUT_DIR").unwrap_or_default()).join("web");
    fs::create_dir_all(&web)?;
    for page in ["index.html", "demo.html"] {
        fs::write(web.join(page), "<!doctype html><title>Usher</title><p>The pages were not built.")?;
    }
    println!("cargo::rerun-if-changed=build.rs");
    Ok(())
}
