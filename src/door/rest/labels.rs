//! What a page's widget says before its chat has come, in each language that it speaks.

use std::{collections::BTreeMap, sync::LazyLock};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Of a language that the widget does not speak, and of none.
const ELSE: &str = "en";

/// The widget's own, which its build checks: they come with the settings, since what says that nothing can be fetched
/// cannot be fetched then, and eight languages are too many for everybody.
static LABELS: LazyLock<BTreeMap<String, Labels>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../web/widget/src/words/labels.json"))
        .expect("the widget's labels are whole")
});

/// The button's names, and what stands beside it while the chat cannot be fetched.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Labels {
    /// While the chat is closed.
    open: String,
    /// While it is open.
    close: String,
    /// The hub cannot be reached, and the widget goes on trying.
    unreached: String,
}

/// The first of these language tags (`nl`, `pt-BR`) that the widget speaks, else English; and what it says in it.
pub(super) fn chosen<'a>(wishes: impl Iterator<Item = &'a str>) -> (&'static str, &'static Labels) {
    let spoken = |wish: &str| {
        let language = wish.split('-').next().unwrap_or_default().to_ascii_lowercase();
        LABELS.get_key_value(&language)
    };
    let (language, labels) =
        wishes.filter_map(spoken).next().or_else(|| LABELS.get_key_value(ELSE)).expect("the widget speaks English");
    (language, labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v7_the_language_is_the_first_wish_that_the_widget_speaks_else_english() {
        let language = |wishes: &[&str]| chosen(wishes.iter().copied()).0;
        assert_eq!(language(&["pt-BR", "nl"]), "pt");
        assert_eq!(language(&["", "nl", "de"]), "nl");
        assert_eq!(language(&["sv", "fi", "FR-ca"]), "fr");
        assert_eq!(language(&["sv", "constructor", "arn", ""]), "en");
        assert_eq!(language(&[]), "en");
        assert_eq!(chosen(["de"].into_iter()).1.open, "Chat öffnen");
    }
}
