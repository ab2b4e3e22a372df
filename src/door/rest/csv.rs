//! Tables as RFC 4180 writes them, safe to open with a spreadsheet.

/// What a spreadsheet takes for a formula when a cell begins with it, the wide forms of Asian scripts included.
const FORMULA: [char; 12] = ['=', '+', '-', '@', '\t', '\r', '\n', '|', '＝', '＋', '－', '＠'];

/// Adds a row. Every cell is quoted; one that a spreadsheet would take for a formula gets an apostrophe in front.
pub(super) fn row<'a>(table: &mut String, cells: impl IntoIterator<Item = &'a str>) {
    for (nth, cell) in cells.into_iter().enumerate() {
        if nth > 0 {
            table.push(',');
        }
        table.push('"');
        // White space in front of it does not make it a text.
        if cell.starts_with(FORMULA) || cell.trim_start().starts_with(FORMULA) {
            table.push('\'');
        }
        for c in cell.chars() {
            match c {
                '"' => table.push_str("\"\""),
                '\0' => table.push(char::REPLACEMENT_CHARACTER),
                c => table.push(c),
            }
        }
        table.push('"');
    }
    table.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s6_no_cell_is_a_formula_and_none_ends_early() {
        let cells = [
            "=1+1",
            "+1",
            "-1",
            "@SUM(A1)",
            "\t=1",
            "  =1",
            "\r=1",
            "＝1",
            "|x",
            "a=1",
            "Zoë",
            "say \"hi\",\r\nthen",
            "",
        ];
        let mut table = String::new();
        row(&mut table, cells);
        assert_eq!(
            table,
            "\"'=1+1\",\"'+1\",\"'-1\",\"'@SUM(A1)\",\"'\t=1\",\"'  =1\",\"'\r=1\",\"'＝1\",\"'|x\",\"a=1\",\"Zoë\",\
             \"say \"\"hi\"\",\r\nthen\",\"\"\r\n"
        );
    }
}
