//! How a batch is filled from lines: `reading`, then cells and a row for each line, then `read`.

use std::num::NonZeroU32;
use std::sync::Arc;

use super::{Batch, Cell, Keep, Line, Span, Whole};
use crate::event::row::{Head, NO_KIND, Origin};
use crate::event::{Event, Fields, Source, Value};

/// So many of the columns a row mostly has.
const USUAL_CELLS: usize = 10;

impl Batch {
    /// A batch of the rows of lines that are `length` bytes in all.
    pub(crate) fn reading(
        fields: &Arc<Fields>,
        source: &Arc<Source>,
        length: usize,
        lines: Arc<dyn Whole>,
        keep: Keep,
    ) -> Self {
        let sources = vec![Arc::clone(source)];
        Batch { sources, before: length, lines: Some(lines), keep, ..Batch::new(fields) }
    }

    /// Makes room for so many rows.
    pub(crate) fn expect(&mut self, rows: usize) {
        self.heads.reserve(rows);
        self.cells.reserve(rows * self.fields.len().min(USUAL_CELLS));
    }

    /// Completes the row that `blank` began.
    pub(crate) fn line(&mut self, line: Line<'_>) {
        let kind = line.kind.map_or(NO_KIND, |kind| self.kind(kind));
        let identity = line.identity.and_then(|identity| {
            self.identities.push(identity);
            u32::try_from(self.identities.len()).ok().and_then(NonZeroU32::new)
        });
        let origin = Origin::Line(line.span, identity);
        let cells = self.begun();
        self.heads.push(Head { cells, time: line.time, kind, source: 0, offset: line.offset, origin });
    }

    /// Adds the row of a line that was read as an event; `by_id` says whether an id identifies it.
    pub(crate) fn line_of(&mut self, event: &Event, span: Span, by_id: bool) {
        self.fill(event);
        let identity = by_id.then_some(event.identity);
        let kind = event.kind.as_deref();
        self.line(Line { time: event.time, kind, offset: event.offset, span, identity });
    }

    /// A cell of this text, which stands in no line.
    pub(crate) fn text(&mut self, text: &str) -> Cell {
        let start = self.before + self.text.len();
        // Beyond the length that a span can say it stays a value.
        match (u32::try_from(start), u32::try_from(start + text.len())) {
            (Ok(start), Ok(end)) => {
                self.text.push_str(text);
                Cell::Str(Span { start, end })
            }
            _ => self.other(&Value::str(text)),
        }
    }

    /// Takes the lines, when all rows are read.
    pub(crate) fn read(self, mut lines: String) -> Self {
        lines.push_str(&self.text);
        Batch { text: lines, before: 0, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Held, Record, ValueRef};
    use crate::time::Timestamp;
    use compact_str::CompactString;

    /// A line is `name=text`.
    #[derive(Debug)]
    struct Pairs;

    impl Whole for Pairs {
        fn fields(&self, line: &str) -> Record {
            line.split_once('=').map(|(name, text)| (name.into(), Value::str(text))).into_iter().collect()
        }
    }

    fn read(keep: Keep) -> Batch {
        let mut fields = Fields::default();
        fields.number(&Arc::from([CompactString::from("a")])).unwrap();
        let source = Arc::new(Source { rank: 2, name: "in".into() });
        let lines = "a=one\nb=two\n";
        let mut batch = Batch::reading(&Arc::new(fields), &source, lines.len(), Arc::new(Pairs), keep);
        let time = Timestamp::from_nanos(7);
        batch.blank();
        batch.set(0, Cell::Str(Span { start: 2, end: 5 }));
        let span = Span { start: 0, end: 5 };
        batch.line(Line { time, kind: Some("x"), offset: 1, span, identity: None });
        let text = batch.text("made");
        batch.blank();
        batch.set(0, text);
        batch.line(Line { time, kind: None, offset: 2, span: Span { start: 6, end: 11 }, identity: Some(5) });
        batch.read(lines.into())
    }

    #[test]
    fn a_row_of_a_line_says_what_its_event_would() {
        let batch = read(Keep::References);
        let column = batch.fields().find(&["a".into()]).unwrap();
        let [one, two] = [batch.row(0).unwrap(), batch.row(1).unwrap()];
        assert!(matches!(
            (one.value(column), two.value(column)),
            (ValueRef::Str("one"), ValueRef::Str("made"))
        ));
        assert_eq!((one.kind(), two.kind()), (Some("x"), None));
        assert_eq!(one.identity(), Event::identity_of_bytes(one.time(), b"a=one"));
        assert_eq!(two.identity(), 5);
        assert_eq!(two.place(), (Timestamp::from_nanos(7), 2, 2));
        assert_eq!(one.event().get(&["a"]), &Value::str("one"));
        assert_eq!(two.event().get(&["b"]), &Value::str("two"));
    }

    #[test]
    fn a_row_of_many_columns_has_each_where_it_was_set() {
        let mut fields = Fields::default();
        let names: Vec<CompactString> = (0..40).map(|name| CompactString::from(format!("f{name}"))).collect();
        for name in &names {
            fields.number(&Arc::from([name.clone()])).unwrap();
        }
        let mut batch = Batch::new(&Arc::new(fields));
        for last in [3, 39] {
            batch.blank();
            // Against the order of the columns, every second one.
            (0..=last).rev().step_by(2).for_each(|column| batch.set(column, Cell::Int(column as i64)));
            let span = Span { start: 0, end: 0 };
            let time = Timestamp::from_nanos(0);
            batch.line(Line { time, kind: None, offset: 1, span, identity: Some(1) });
        }
        for (row, last) in batch.rows().zip([3, 39]) {
            for (number, name) in names.iter().enumerate() {
                let is_set = number <= last && (last - number) % 2 == 0;
                let wanted = if is_set { Some(number as i64) } else { None };
                let value = row.value(batch.fields().find(std::slice::from_ref(name)).unwrap());
                let found = if let ValueRef::Int(n) = value { Some(n) } else { None };
                assert_eq!(found, wanted, "{name}");
            }
        }
    }

    #[test]
    fn of_a_bound_line_only_that_is_kept_which_the_batch_wants() {
        let columns: Arc<[crate::id::FieldId]> = Arc::from([]);
        for (keep, names) in [(Keep::References, 0), (Keep::Events, 1)] {
            let held = Held::new(read(keep).row(1).unwrap(), &columns);
            assert_eq!(held.whole().is_some(), keep == Keep::Events);
            let event = held.event();
            assert_eq!((event.fields.len(), event.offset, event.identity), (names, 2, 5));
        }
    }
}
