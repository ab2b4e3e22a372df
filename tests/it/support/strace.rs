//! What a program asked of the system, as `strace` recorded it: its writes to files, its syncs, and what it said to
//! sockets, in order.

use std::path::Path;

/// One call; the numbers are lines of the record, so that they tell what was before what.
#[derive(Debug)]
pub struct Call {
    /// Where it began.
    pub begin: usize,
    /// Where it was done.
    pub end: usize,
    /// What it was.
    pub what: What,
}

/// What a call did.
#[derive(Debug)]
pub enum What {
    /// Bytes at a place of a file.
    Write {
        /// The file's name, without its folder.
        file: String,
        /// Where.
        offset: u64,
        /// What; no more than was taken.
        bytes: Vec<u8>,
    },
    /// All of a file was synced.
    Sync {
        /// The file's name, without its folder.
        file: String,
    },
    /// A file was given another length.
    Truncate {
        /// The file's name, without its folder.
        file: String,
        /// In bytes.
        length: u64,
    },
    /// Bytes to a socket.
    Say {
        /// What.
        bytes: Vec<u8>,
    },
}

/// The calls that are recorded.
const CALLS: &str = "pwrite64,pwritev,fdatasync,fsync,ftruncate,write,writev,sendto,sendmsg";

/// The words to run a program under, with the record in `file`. The program is the child of whoever asks for it, as it
/// would be without.
pub fn words(file: &Path) -> Vec<String> {
    let words = ["strace", "-D", "-f", "--seccomp-bpf", "-y", "-xx", "-s", "1000000", "-e", "signal=none", "-e"];
    let mut words: Vec<String> = words.map(ToOwned::to_owned).into();
    words.extend([format!("trace={CALLS}"), "-o".into(), file.display().to_string()]);
    words
}

/// Reads a record. Calls that failed, or never came back, are left out.
pub fn read(record: &str) -> Vec<Call> {
    let mut open: Vec<(String, usize, String)> = Vec::new();
    let mut calls = Vec::new();
    for (at, line) in record.lines().enumerate() {
        let Some((process, rest)) = line.split_once(' ') else { continue };
        let rest = rest.trim_start();
        if let Some(begun) = rest.strip_suffix(" <unfinished ...>") {
            open.push((process.to_owned(), at, begun.to_owned()));
        } else if let Some(resumed) = rest.strip_prefix("<... ") {
            let Some(place) = open.iter().position(|(whose, ..)| whose == process) else { continue };
            let (_, begin, begun) = open.swap_remove(place);
            let Some((_, tail)) = resumed.split_once(" resumed>") else { continue };
            calls.extend(call(&format!("{begun}{tail}"), begin, at));
        } else {
            calls.extend(call(rest, at, at));
        }
    }
    calls.sort_by_key(|call| call.begin);
    calls
}

/// One whole call: `name(12<path>, …) = result`.
fn call(text: &str, begin: usize, end: usize) -> Option<Call> {
    let (before, result) = text.rsplit_once(" = ")?;
    let taken: usize = result.split_whitespace().next()?.parse().ok()?;
    let (name, arguments) = before.split_once('(')?;
    let (descriptor, arguments) = arguments.split_once('>')?;
    let path = String::from_utf8_lossy(&unescape(descriptor.split_once('<')?.1)).into_owned();
    let file = || path.rsplit('/').next().unwrap_or_default().to_owned();
    let socket = path.starts_with("socket:") || path.starts_with("TCP:");
    let what = match name {
        "fdatasync" | "fsync" => What::Sync { file: file() },
        "ftruncate" => What::Truncate { file: file(), length: number(arguments)? },
        "pwrite64" => What::Write { file: file(), offset: number(arguments)?, bytes: quoted(arguments, taken) },
        "pwritev" => panic!("a write in parts is not read: {name} to {path}"),
        _ if socket => What::Say { bytes: quoted(arguments, taken) },
        _ => return None,
    };
    Some(Call { begin, end, what })
}

/// The last argument, a number.
fn number(arguments: &str) -> Option<u64> {
    arguments.trim_end().strip_suffix(')')?.rsplit([' ', ',']).next()?.parse().ok()
}

/// All that stands in quotes, as far as it was taken.
fn quoted(arguments: &str, taken: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = arguments.split('"').skip(1).step_by(2).flat_map(unescape).collect();
    bytes.truncate(taken);
    bytes
}

/// `\x6b\x31` as bytes; what is not written so stands for itself.
fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4);
    let mut rest = text.as_bytes();
    while let Some(first) = rest.first() {
        let hex = rest.strip_prefix(b"\\x").and_then(|hex| std::str::from_utf8(hex.get(..2)?).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &rest[4..];
            }
            None => {
                bytes.push(*first);
                rest = &rest[1..];
            }
        }
    }
    bytes
}

#[test]
fn h7_a_record_is_read_as_it_happened() {
    let path = |name: &str| name.bytes().map(|byte| format!("\\x{byte:02x}")).collect::<String>();
    let (log, socket) = (path("/a/usher.db-wal"), path("socket:[7]"));
    let record = format!(
        "7   pwrite64(11<{log}>, \"\\x61\\x62\\x63\", 3, 4096 <unfinished ...>\n\
         8   sendto(9<{socket}>, \"\\x68\\x69\", 2, MSG_NOSIGNAL, NULL, 0) = 2\n\
         7   <... pwrite64 resumed>) = 2\n\
         7   fdatasync(11<{log}>) = -1 EIO (Input/output error)\n\
         7   fsync(11<{log}>) = 0\n\
         8   writev(9<{socket}>, [{{iov_base=\"\\x61\", iov_len=1}}, {{iov_base=\"\\x62\", iov_len=1}}], 2) = 2\n\
         7   ftruncate(11<{log}>, 512) = 0\n\
         7   write(11<{log}"
    );
    let told: Vec<String> =
        read(&record).iter().map(|call| format!("{}-{} {:?}", call.begin, call.end, call.what)).collect();
    assert_eq!(
        told,
        [
            "0-2 Write { file: \"usher.db-wal\", offset: 4096, bytes: [97, 98] }",
            "1-1 Say { bytes: [104, 105] }",
            "4-4 Sync { file: \"usher.db-wal\" }",
            "5-5 Say { bytes: [97, 98] }",
            "6-6 Truncate { file: \"usher.db-wal\", length: 512 }",
        ]
    );
}
