//! CSV as RFC 4180 has it: quoted cells with commas, line breaks and doubled quotes. Semicolons and tabs as separators are known too.

use super::LineFault;

/// The rows of a file with the number of the line each begins on.
pub fn rows(text: &str) -> Vec<(usize, Result<Vec<String>, LineFault>)> {
    let separator = separator(text);
    let mut rows = Vec::new();
    let mut reader = Reader {
        rest: text,
        line: 1,
    };
    while !reader.rest.is_empty() {
        let at = reader.line;
        rows.push((at, reader.row(separator)));
    }
    rows
}

/// What separates the cells of the first line most often.
fn separator(text: &str) -> char {
    let head = text.lines().next().unwrap_or_default();
    let often = |c: char| head.matches(c).count();
    [',', '\t', ';']
        .into_iter()
        .rev()
        .max_by_key(|c| often(*c))
        .unwrap_or(',')
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let ch = self.rest.chars().next()?;
        self.rest = &self.rest[ch.len_utf8()..];
        self.line += usize::from(ch == '\n');
        Some(ch)
    }

    fn row(&mut self, separator: char) -> Result<Vec<String>, LineFault> {
        let mut cells = Vec::new();
        let mut cell = String::new();
        let mut quoted = false;
        let mut fault = None;
        while let Some(ch) = self.next() {
            match ch {
                '"' if quoted && self.rest.starts_with('"') => {
                    self.next();
                    cell.push('"');
                }
                '"' if quoted => {
                    quoted = false;
                    let ends =
                        self.rest.is_empty() || self.rest.starts_with(['\r', '\n', separator]);
                    fault = fault.or((!ends).then_some(LineFault::Quotes));
                }
                _ if quoted => cell.push(ch),
                '"' if cell.is_empty() => quoted = true,
                '\n' => return finished(cells, cell, fault),
                '\r' if self.rest.starts_with('\n') => {}
                _ if ch == separator => cells.push(std::mem::take(&mut cell)),
                _ => cell.push(ch),
            }
        }
        finished(cells, cell, fault.or(quoted.then_some(LineFault::Quotes)))
    }
}

fn finished(
    mut cells: Vec<String>,
    cell: String,
    fault: Option<LineFault>,
) -> Result<Vec<String>, LineFault> {
    cells.push(cell);
    fault.map_or(Ok(cells), Err)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cells_with_commas_quotes_and_line_breaks_keep_them_and_lines_are_counted() {
        let text = "案号,内容\r\nA1,\"一,二\n三\"\"四\"\"\"\r\nA2,五\r\n";
        let found = rows(text);
        let cells = |at: usize| found[at].1.clone().expect("a row");
        assert_eq!(cells(1), ["A1", "一,二\n三\"四\""]);
        assert_eq!((found[1].0, found[2].0), (2, 4));
        assert_eq!(cells(2), ["A2", "五"]);
    }

    #[test]
    fn a_quote_that_never_ends_is_a_fault_of_its_line() {
        assert_eq!(rows("a,b\n1,\"2\n3,4\n")[1], (2, Err(LineFault::Quotes)));
        assert_eq!(rows("a,b\n1,\"2\"x\n3,4\n")[1].1, Err(LineFault::Quotes));
    }

    #[test]
    fn tabs_separate_too() {
        assert_eq!(
            rows("a\tb\n1\t2,3\n")[1].1,
            Ok(vec!["1".to_owned(), "2,3".to_owned()])
        );
    }

    proptest! {
        #[test]
        fn whatever_is_quoted_comes_back(cells in proptest::collection::vec("[一-三a\",\n\r ;]{0,8}", 1..5)) {
            let quoted: Vec<String> = cells.iter().map(|c| format!("\"{}\"", c.replace('"', "\"\""))).collect();
            let found = rows(&format!("a,b\n{}\n", quoted.join(",")));
            prop_assert_eq!(found[1].1.clone(), Ok(cells));
        }

        #[test]
        fn any_text_is_read_to_its_end(text in "\\PC{0,60}") {
            let _ = rows(&text);
        }
    }
}
