//! The program as whoever calls it sees it: its exit codes, its files, its signals.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use loadtest::machine;
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_loadtest");
/// A script that takes the place of a hub: it tells its address and its process, and stays.
const HUB: &str =
    "#!/bin/sh\necho $$ $USHER_LISTEN > FOLDER/told.part\nmv FOLDER/told.part FOLDER/told\nexec sleep 600\n";

fn call(arguments: &[&str]) -> Output {
    Command::new(PROGRAM).args(arguments).output().unwrap()
}

/// Waits for what must come soon.
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        match look() {
            Some(found) => return found,
            None => assert!(Instant::now() < deadline, "{what} did not come"),
        }
        thread::yield_now();
    }
}

/// A hub that is none, in a folder of its own.
fn stand_in() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("hub");
    fs::write(&program, HUB.replace("FOLDER", &folder.path().display().to_string())).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    (folder, program)
}

/// What it told: its process, and where it should listen.
fn told(folder: &Path) -> (u32, String) {
    let told = until("the hub", || fs::read_to_string(folder.join("told")).ok());
    let (pid, addr) = told.trim().split_once(' ').unwrap();
    (pid.parse().unwrap(), addr.to_owned())
}

/// Neither the hub nor what it had in the folder is there any more.
fn assert_gone(folder: &Path, pid: u32) {
    assert!(!Path::new(&format!("/proc/{pid}")).exists(), "the hub is an orphan");
    let left = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.file_name());
    let left: Vec<_> = left.filter(|name| name.to_string_lossy().starts_with("loadtest-")).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// Answers what the tester asks before people come, and says nothing to those.
fn answer(listener: TcpListener) {
    let mut held = Vec::new();
    for mut stream in listener.incoming().flatten() {
        let mut asked = [0; 16_384];
        let length = stream.read(&mut asked).unwrap_or(0);
        let asked = String::from_utf8_lossy(&asked[..length]);
        let status = match asked.split(' ').nth(1).unwrap_or_default() {
            "/v1/playbooks" => "201 Created",
            path if path == "/readyz" || path.starts_with("/v1/widget/") => "200 OK",
            "/openapi.json" => "404 Not Found",
            _ => {
                held.push(stream);
                continue;
            }
        };
        write!(stream, "HTTP/1.1 {status}\r\nConnection: close\r\n\r\n{{\"id\":\"p\"}}").ok();
    }
}

#[test]
fn j1_a_command_line_that_makes_no_sense_is_no_fault_of_the_hub() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("nowhere/a.json").display().to_string();
    let hub = ["--hub", "http://127.0.0.1:9", "--secret", "s"];
    for wrong in [&["smoke"][..], &["compare", "a"], &["smoke", "--sources", "300"], &["--nonsense"], &[]] {
        let output = call(wrong);
        assert_eq!(output.status.code(), Some(1), "{wrong:?}");
        assert!(!output.stderr.is_empty(), "{wrong:?} is not explained");
    }
    let unwritable = call(&[&["smoke", "--json", &nowhere][..], &hub].concat());
    assert_eq!(unwritable.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&unwritable.stderr).contains("cannot be written"), "before anything is asked");
    let deploy = call(&[&["deploy"][..], &hub].concat());
    assert_eq!(deploy.status.code(), Some(1));
    for fine in ["--help", "--version", "profiles"] {
        assert_eq!(call(&[fine]).status.code(), Some(0), "{fine}");
    }
}

#[test]
fn j3_standard_output_that_nobody_reads_is_an_error_and_no_panic() {
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let ended = Command::new(PROGRAM).arg("profiles").stdout(full).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    let told = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(told.contains("standard output") && !told.contains("panicked"), "{told}");
}

#[test]
fn j1_a_signal_while_hubs_are_started_ends_them_and_their_folder() {
    for signal in ["TERM", "HUP", "INT"] {
        let (folder, program) = stand_in();
        let mut tester = Command::new(PROGRAM).args(["smoke", "--start"]).arg(&program).spawn().unwrap();
        let (pid, _) = told(folder.path());
        machine::signal(signal, tester.id()).unwrap();
        assert_eq!(tester.wait().unwrap().code(), Some(1), "SIG{signal}");
        assert_gone(folder.path(), pid);
    }
}

#[test]
fn j4_a_signal_ends_a_comparison_and_the_servers_it_has_started() {
    let (folder, program) = stand_in();
    let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
    let mut versus = Command::new(PROGRAM)
        .args(["versus", "--peers", "relay", "--rounds", "1", "--hub"])
        .arg(&program)
        .arg("--programs")
        .arg(&peers)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (pid, _) = told(folder.path());
    machine::signal("TERM", versus.id()).unwrap();
    let code = versus.wait().unwrap().code();
    let mut words = String::new();
    versus.stderr.take().unwrap().read_to_string(&mut words).unwrap();
    assert_eq!((code, words.contains("stopped before anything was measured")), (Some(1), true), "{words}");
    assert_gone(folder.path(), pid);
}

#[test]
fn j1_a_signal_while_it_runs_ends_everything_with_a_report_and_a_second_without() {
    for (signals, code) in [(1, 4), (2, 1)] {
        let (folder, program) = stand_in();
        let report = folder.path().join("report.json");
        let mut tester = Command::new(PROGRAM)
            .args(["smoke", "--start"])
            .arg(&program)
            .arg("--json")
            .arg(&report)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let (pid, addr) = told(folder.path());
        let listener = TcpListener::bind(addr).unwrap();
        thread::spawn(move || answer(listener));
        let generators = until("a generator", || {
            let children = machine::children_of(tester.id());
            let own = |child: &u32| {
                let words = fs::read(format!("/proc/{child}/cmdline")).unwrap_or_default();
                String::from_utf8_lossy(&words).contains("generator")
            };
            Some(children.into_iter().filter(own).collect::<Vec<u32>>()).filter(|own| !own.is_empty())
        });
        if signals == 2 {
            // One that hears nothing would not be waited for.
            generators.iter().for_each(|pid| machine::signal("STOP", *pid).unwrap());
            machine::signal("TERM", tester.id()).unwrap();
            // Two of the same kind at once are one.
            machine::signal("INT", tester.id()).unwrap();
        } else {
            machine::signal("TERM", tester.id()).unwrap();
        }
        assert_eq!(tester.wait().unwrap().code(), Some(code), "{signals} signal(s)");
        assert_gone(folder.path(), pid);
        assert!(generators.iter().all(|pid| !Path::new(&format!("/proc/{pid}")).exists()), "generators are left");
        assert_eq!(report.exists(), signals == 1, "a report after one signal only");
    }
}
