//! How inputs are read.

use std::sync::Arc;

use super::{FieldPath, LinePattern, TimeOptions};
use crate::event::Schema;
use crate::limits::Limits;

/// How an input is split into records.
#[derive(Clone, Debug, Default)]
pub enum Format {
    /// By the ending of its name: `.csv` and `.tsv` tables, everything else NDJSON.
    #[default]
    Auto,
    /// One JSON object a line.
    Ndjson,
    /// A table with a header; its delimiter is the one of `, ; TAB |` that is most frequent in the header.
    Csv,
    /// A table delimited by tabs.
    Tsv,
    /// The objects of an array at this path inside JSON documents; `None` where the document is the array.
    Records(Option<FieldPath>),
    /// Lines of text that a pattern takes apart.
    Lines(Arc<LinePattern>),
}

/// How inputs are read: split into records, and what of a record is its time, type and id.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// How they are split.
    pub format: Format,
    /// The field of the time.
    pub time: FieldPath,
    /// The field of the type.
    pub kind: FieldPath,
    /// The field of the id, if events have one.
    pub event_id: Option<FieldPath>,
    /// How times are read.
    pub times: TimeOptions,
    /// The types of columns, where rule files declare them.
    pub schema: Schema,
    /// How many records of a table or of lines of text tell the types of columns that are not declared; 0 tells
    /// every cell by itself.
    pub sample: usize,
    /// The most that `sample` may be for standard input and pipes, whose records would wait for it.
    pub pipe_sample: usize,
    /// `line_bytes` and `record_depth` hold here.
    pub limits: Limits,
}

impl Default for ReadOptions {
    fn default() -> Self {
        ReadOptions {
            format: Format::Auto,
            time: FieldPath::of("ts"),
            kind: FieldPath::of("type"),
            event_id: None,
            times: TimeOptions::default(),
            schema: Schema::default(),
            sample: 1_000,
            pipe_sample: 10,
            limits: Limits::default(),
        }
    }
}
