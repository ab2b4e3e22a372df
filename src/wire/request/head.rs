//! The first pass over a frame: `type` and `id`, borrowed; everything else skipped.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, MapAccess},
};
use serde_json::value::RawValue;

use super::{MAX_DEPTH, fault::Fault, id::RequestId};

/// What the first pass finds.
#[derive(Default)]
pub(super) struct Head<'a> {
    kind: Member<'a>,
    id: Member<'a>,
}

#[derive(Default)]
enum Member<'a> {
    #[default]
    Missing,
    Once(&'a RawValue),
    Twice,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Name {
    Type,
    Id,
    #[serde(other)]
    Other,
}

struct Visitor;

/// Refuses a frame that nests deeper than [`MAX_DEPTH`]; expects JSON.
pub(super) fn check_depth(frame: &str) -> Result<(), Fault> {
    // The two opening brackets differ in one bit, and nothing else is like them without it. Counted as bytes, in pieces
    // short enough for that, many at a time.
    let opens = |piece: &[u8]| usize::from(piece.iter().map(|byte| u8::from(byte | 0x20 == b'{')).sum::<u8>());
    // Nearly every frame has fewer brackets than it may have levels.
    if frame.as_bytes().chunks(255).map(opens).sum::<usize>() <= MAX_DEPTH || depth(frame) <= MAX_DEPTH {
        return Ok(());
    }
    Err(Fault::shape(None, format!("a frame may nest at most {MAX_DEPTH} levels deep")))
}

fn depth(json: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    let (mut quoted, mut escaped) = (false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

// === impl Head ===

impl<'a> Head<'a> {
    pub(super) fn read(frame: &'a str) -> Result<Self, Fault> {
        serde_json::from_str(frame).map_err(|_| Fault::shape(None, "a frame must be one JSON object".into()))
    }

    /// The id, if there is one. A null is none that could be echoed, and neither is a pair.
    pub(super) fn id(&self) -> Result<Option<RequestId>, Fault> {
        let fault = || Fault::shape(Some("id"), "id must be an integer or a string of at most 64 characters".into());
        match self.id {
            Member::Missing => Ok(None),
            Member::Once(token) => RequestId::of_token(token).map(Some).ok_or_else(fault),
            Member::Twice => Err(fault()),
        }
    }

    pub(super) fn kind(&self) -> Result<Cow<'a, str>, Fault> {
        let Member::Once(token) = self.kind else {
            return Err(Fault::shape(Some("type"), "every frame has one type".into()));
        };
        // Nearly every type is written without escapes: then its name is what stands between the quotes.
        if let Some(name) = token.get().strip_prefix('"').and_then(|rest| rest.strip_suffix('"'))
            && !name.contains('\\')
        {
            return Ok(Cow::Borrowed(name));
        }
        serde_json::from_str(token.get())
            .map(Cow::Owned)
            .map_err(|_| Fault::shape(Some("type"), "type must be a string".into()))
    }
}

impl<'de> Deserialize<'de> for Head<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Visitor)
    }
}

impl<'de> de::Visitor<'de> for Visitor {
    type Value = Head<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Head<'de>, A::Error> {
        let mut head = Head::default();
        while let Some(name) = map.next_key()? {
            let member = match name {
                Name::Type => &mut head.kind,
                Name::Id => &mut head.id,
                Name::Other => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            let token = map.next_value()?;
            *member = match member {
                Member::Missing => Member::Once(token),
                Member::Once(_) | Member::Twice => Member::Twice,
            };
        }
        Ok(head)
    }
}
