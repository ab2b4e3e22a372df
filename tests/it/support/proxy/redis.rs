//! Redis' protocol (RESP2 and RESP3), as far as where a message ends and whether it is a published one.

/// Deeper than anything Redis answers.
const DEEPEST: usize = 32;

/// How long the first message of `bytes` is; None while it is not whole.
pub(super) fn length(bytes: &[u8]) -> Option<usize> {
    value(bytes, DEEPEST)
}

/// Whether a whole message is the push of something published: no reply, and no confirmation.
pub(super) fn is_published(message: &[u8]) -> bool {
    let Some(line) = message.strip_prefix(b">").and_then(line) else { return false };
    let kind = &message[1 + line.len() + 2..];
    [&b"$7\r\nmessage\r\n"[..], b"$8\r\npmessage\r\n", b"$8\r\nsmessage\r\n"]
        .iter()
        .any(|known| kind.starts_with(known))
}

/// Whether a whole message is the push of something published on a channel whose name holds these words.
pub(super) fn is_published_on(message: &[u8], words: &str) -> bool {
    let name = || {
        let (_, from_kind) = message.split_at_checked(1 + line(message.get(1..)?)?.len() + 2)?;
        let (_, from_channel) = from_kind.split_at_checked(value(from_kind, DEEPEST)?)?;
        from_channel.get(..value(from_channel, DEEPEST)?)
    };
    let holds = |name: &[u8]| name.windows(words.len()).any(|part| part == words.as_bytes());
    is_published(message) && name().is_some_and(holds)
}

fn value(bytes: &[u8], depth: usize) -> Option<usize> {
    assert!(depth > 0, "no reply of Redis");
    let line = line(bytes.get(1..)?)?;
    let head = 1 + line.len() + 2;
    // A null has a length of -1.
    let count = || std::str::from_utf8(line).ok()?.parse::<i64>().ok().map(|count| usize::try_from(count).unwrap_or(0));
    let values = match bytes[0] {
        b'+' | b'-' | b':' | b'_' | b'#' | b',' | b'(' => 0,
        b'$' | b'!' | b'=' => {
            let end = if line == b"-1" { head } else { head + count().expect("a length") + 2 };
            return (bytes.len() >= end).then_some(end);
        }
        b'*' | b'~' | b'>' => count().expect("a count"),
        b'%' => 2 * count().expect("a count"),
        // Attributes stand before the value they are about.
        b'|' => 2 * count().expect("a count") + 1,
        other => panic!("no reply of Redis begins with {other:#x}"),
    };
    let mut end = head;
    for _ in 0..values {
        end += value(bytes.get(end..)?, depth - 1)?;
    }
    Some(end)
}

/// What stands before the first end of line.
fn line(bytes: &[u8]) -> Option<&[u8]> {
    bytes.windows(2).position(|two| two == b"\r\n").map(|end| &bytes[..end])
}
