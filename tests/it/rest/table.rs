//! Reading tables back.

/// The cells of a CSV text, all of them quoted.
pub(super) fn cells(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), None::<String>);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (&mut cell, c) {
            (None, '"') => cell = Some(String::new()),
            (Some(open), '"') if chars.peek() == Some(&'"') => {
                chars.next();
                open.push('"');
            }
            (Some(_), '"') => {
                row.push(cell.take().expect("an open cell"));
                match (chars.next(), chars.peek()) {
                    (Some(','), Some('"')) => {}
                    (Some('\r'), Some('\n')) => {
                        chars.next();
                        rows.push(std::mem::take(&mut row));
                    }
                    other => panic!("{other:?} behind a cell of {text}"),
                }
            }
            (Some(open), c) => open.push(c),
            (None, c) => panic!("{c:?} between cells of {text}"),
        }
    }
    assert!(cell.is_none() && row.is_empty(), "it breaks off: {text}");
    rows
}
