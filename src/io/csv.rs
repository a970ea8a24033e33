//! CSV: tables with a header.

use std::io::{self, BufRead};

use compact_str::CompactString;
use indexmap::IndexSet;

use super::chunk::Mark;
use super::columns::{Row, Rows};
use super::lines::Lines;
use super::ndjson::utf8;
use super::reject::{Fault, Reason};

/// Splits a table into cells as RFC 4180 says: a quoted cell may hold delimiters, line ends and doubled quotes; a quote
/// inside a cell that does not begin with one is an ordinary character. Blank lines are nothing.
pub(super) struct Csv<R> {
    lines: Lines<R>,
    limit: usize,
    delimiter: Option<u8>,
    /// The names of the columns, where they were read before.
    names: Option<Vec<CompactString>>,
    width: usize,
    number: u64,
}

/// A record's bytes, and its cells or why it has none.
type Split = (Vec<u8>, Result<Vec<Vec<u8>>, Fault>);

/// Delimiters that a header may tell, the likeliest first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

impl<R: BufRead> Csv<R> {
    /// A table with this delimiter, or that of its header, read on behind a mark.
    pub(super) fn new(input: R, delimiter: Option<u8>, limit: usize, from: &Mark) -> Self {
        let lines = Lines::new(input, limit).behind(from.byte, from.line);
        let before = from.memo.columns.as_deref();
        let names = before.map(|before| before.columns.iter().map(|(name, _)| name.into()).collect());
        let delimiter = before.and_then(|before| before.delimiter).or(delimiter);
        Csv { lines, limit, delimiter, names, width: 0, number: from.line }
    }

    /// The next record's bytes and cells, whatever their number.
    fn record(&mut self) -> io::Result<Option<Split>> {
        let (mut raw, mut splitter) = (Vec::new(), Splitter::default());
        while let Some(line) = self.lines.next()? {
            if raw.is_empty() && line.text().is_empty() {
                continue;
            }
            let delimiter = *self.delimiter.get_or_insert_with(|| delimiter_of(line.text()));
            let too_long = line.too_long || raw.len() + line.text().len() > self.limit;
            let room = self.limit.saturating_sub(raw.len());
            raw.extend_from_slice(line.bytes.get(..room).unwrap_or(line.bytes));
            if too_long {
                let open = splitter.in_quotes.then(|| open_quote("the limit of a record (--max-line)"));
                return Ok(Some((raw, Err(open.unwrap_or_else(|| Fault::too_long(self.limit))))));
            }
            if splitter.line(line.bytes, line.text(), delimiter) {
                return Ok(Some((trim_end(raw), Ok(splitter.cells))));
            }
        }
        let open = || (trim_end(raw), Err(open_quote("the end of the input")));
        Ok(splitter.in_quotes.then(open))
    }
}

fn open_quote(before: &str) -> Fault {
    Fault::new(Reason::OpenQuote, format!("a quote is not closed before {before}"))
}

fn trim_end(mut raw: Vec<u8>) -> Vec<u8> {
    if raw.ends_with(b"\n") {
        raw.pop();
        raw.pop_if(|last| *last == b'\r');
    }
    raw
}

fn delimiter_of(header: &[u8]) -> u8 {
    let mut quoted = false;
    let mut counts = [0usize; DELIMITERS.len()];
    for byte in header {
        quoted ^= *byte == b'"';
        if let (false, Some(i)) = (quoted, DELIMITERS.iter().position(|d| d == byte)) {
            counts[i] += 1;
        }
    }
    let most = counts.iter().max().copied().unwrap_or_default();
    DELIMITERS.iter().zip(counts).find(|(_, n)| *n == most).map_or(b',', |(d, _)| *d)
}

impl<R: BufRead> Rows for Csv<R> {
    fn names(&mut self) -> io::Result<Vec<CompactString>> {
        if let Some(names) = self.names.take() {
            self.width = names.len();
            return Ok(names);
        }
        let Some((_, header)) = self.record()? else { return Ok(Vec::new()) };
        let header = header.map_err(|fault| io::Error::other(format!("in its header {}", fault.detail)))?;
        let mut names: IndexSet<CompactString> = IndexSet::with_capacity(header.len());
        for (i, cell) in header.iter().enumerate() {
            let name = utf8(cell).map_err(|_| io::Error::other("its header is not UTF-8"))?.trim();
            let name = if name.is_empty() { format!("column_{}", i + 1) } else { name.to_string() };
            if !names.insert(name.as_str().into()) {
                return Err(io::Error::other(format!(
                    "two columns of its header are named `{name}`; rename one"
                )));
            }
        }
        let is_data = |name: &CompactString| name.parse::<f64>().is_ok();
        if names.iter().all(is_data) {
            return Err(io::Error::other("it has no header: its first record is one of numbers"));
        }
        self.width = names.len();
        Ok(names.into_iter().collect())
    }

    fn next(&mut self) -> io::Result<Option<Row>> {
        let Some((raw, cells)) = self.record()? else { return Ok(None) };
        self.number += 1;
        let cells = cells.and_then(|cells| {
            if cells.len() != self.width {
                let detail = format!("{} cells, where the header has {}", cells.len(), self.width);
                return Err(Fault::new(Reason::RaggedRecord, detail));
            }
            cells
                .iter()
                .map(|cell| Ok(Some(utf8(cell)?).filter(|text| !text.is_empty()).map(Into::into)))
                .collect()
        });
        Ok(Some(Row { offset: self.number, end: self.lines.place(), raw, cells }))
    }

    fn delimiter(&self) -> Option<u8> {
        self.delimiter
    }
}

/// Splits one record, line by line.
#[derive(Default)]
struct Splitter {
    cells: Vec<Vec<u8>>,
    cell: Vec<u8>,
    in_quotes: bool,
}

impl Splitter {
    /// Takes a line, with its end and without; whether the record ends with it.
    fn line(&mut self, bytes: &[u8], text: &[u8], delimiter: u8) -> bool {
        let mut rest = if self.in_quotes { self.quoted(bytes) } else { self.begin(text, bytes) };
        loop {
            if self.in_quotes {
                return false;
            }
            // Behind a closing quote and in a plain cell everything up to the delimiter counts as it stands.
            let line = rest.strip_suffix(b"\n").map_or(rest, |l| l.strip_suffix(b"\r").unwrap_or(l));
            let end = line.iter().position(|b| *b == delimiter);
            self.cell.extend_from_slice(line.get(..end.unwrap_or(line.len())).unwrap_or_default());
            self.cells.push(std::mem::take(&mut self.cell));
            let Some(end) = end else { return true };
            let next = rest.get(end + 1..).unwrap_or_default();
            rest = self.begin(next, next);
        }
    }

    /// Begins a cell; a quoted one is read to its closing quote. What is left of the line.
    fn begin<'l>(&mut self, text: &'l [u8], bytes: &'l [u8]) -> &'l [u8] {
        if text.first() == Some(&b'"') { self.quoted(bytes.get(1..).unwrap_or_default()) } else { bytes }
    }

    /// Reads on to the closing quote. What is left of the line.
    fn quoted<'l>(&mut self, mut bytes: &'l [u8]) -> &'l [u8] {
        self.in_quotes = true;
        while let Some(end) = bytes.iter().position(|b| *b == b'"') {
            self.cell.extend_from_slice(bytes.get(..end).unwrap_or_default());
            let behind = bytes.get(end + 1..).unwrap_or_default();
            let Some(doubled) = behind.strip_prefix(b"\"") else {
                self.in_quotes = false;
                return behind;
            };
            self.cell.push(b'"');
            bytes = doubled;
        }
        self.cell.extend_from_slice(bytes);
        &[]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Vec<Vec<String>> {
        let mut csv = Csv::new(text.as_bytes(), None, 1_000, &Mark::default());
        let mut all = vec![csv.names().unwrap().iter().map(|n| n.to_string()).collect()];
        while let Some(row) = csv.next().unwrap() {
            let cells =
                row.cells.map(|cells| cells.into_iter().map(|c| c.unwrap_or_default().to_string()).collect());
            all.push(cells.unwrap_or_else(|fault| vec![fault.reason.as_str().to_string()]));
        }
        all
    }

    #[test]
    fn quotes_hold_delimiters_line_ends_and_doubled_quotes() {
        let rows = table(
            "a,b\r\n\"x,y\",\"1\"\"2\"\r\n\"two\r\nlines\",z\n\n5\" disk,\"\"\n\"a\"b,\"c\" d\r\n,\n1\n\"open,1\n",
        );
        let expected: Vec<Vec<&str>> = vec![
            vec!["a", "b"],
            vec!["x,y", "1\"2"],
            vec!["two\r\nlines", "z"],
            vec!["5\" disk", ""],
            vec!["ab", "c d"],
            vec!["", ""],
            vec!["ragged_record"],
            vec!["open_quote"],
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn the_header_tells_the_delimiter() {
        for (header, names) in [
            ("a,b;c,d", vec!["a", "b;c", "d"]),
            ("a;b;c,d", vec!["a", "b", "c,d"]),
            ("\"a,b,c\";d", vec!["a,b,c", "d"]),
            ("a\tb", vec!["a", "b"]),
            ("a|b", vec!["a", "b"]),
            (" a , b ", vec!["a", "b"]),
            ("alone", vec!["alone"]),
            (",x,", vec!["column_1", "x", "column_3"]),
        ] {
            assert_eq!(table(header)[0], names, "{header}");
        }
        let refused = |text: &str| Csv::new(text.as_bytes(), None, 1_000, &Mark::default()).names().is_err();
        assert!(refused("a,b,a") && refused("1,2.5\n3,4") && refused("\"a,b"));
    }

    #[test]
    fn a_record_over_the_limit_is_left_out() {
        let text = format!("a,b\n1,{}\n\"open\n{}1,2\n", "x".repeat(2_000), "long\n".repeat(300));
        let rows = table(&text);
        assert_eq!(rows[1], ["too_long"]);
        assert_eq!(rows[2], ["open_quote"]);
        assert_eq!(rows.last().unwrap(), &["1", "2"]);
    }
}
