//! How inputs are read: the options that every sub-command with inputs shares.

use std::sync::Arc;

use clap::ValueEnum;
use tripline::io::{FieldPath, Format, LinePattern, ReadOptions, TimeOptions, TimeUnit};
use tripline::{Limits, Schema};

use crate::cli::Stop;

/// What is read, and what of a record is its time, type and id.
#[derive(clap::Args)]
#[command(next_help_heading = "Reading events")]
pub(crate) struct Reading {
    /// How inputs are written; auto goes by the ending of the name, and all but .csv and .tsv is NDJSON
    #[arg(long, value_name = "FORMAT", default_value = "auto", conflicts_with_all = ["records", "lines"])]
    input_format: InputFormat,

    /// Read the objects of an array inside JSON documents: its path, or . where a document is the array
    #[arg(long, value_name = "PATH", conflicts_with = "lines")]
    records: Option<String>,

    /// Read lines of text: a regular expression whose named groups, (?<user>\w+), are the fields
    #[arg(long, value_name = "REGEX")]
    lines: Option<String>,

    /// The field of the time; nested as a.b, a name with dots in back-ticks
    #[arg(long, value_name = "FIELD", default_value = "ts")]
    time: FieldPath,

    /// The field of the type
    #[arg(long = "type", value_name = "FIELD", default_value = "type")]
    kind: FieldPath,

    /// The field of an id, by which an event that is delivered twice is known
    #[arg(long, value_name = "FIELD")]
    event_id: Option<FieldPath>,

    /// What numbers in the field of the time count since 1970; auto goes by their magnitude
    #[arg(long, value_name = "UNIT", default_value = "auto", conflicts_with = "time_format")]
    time_unit: Unit,

    /// How the time is written, as strftime has it: "%d/%b/%Y:%H:%M:%S %z"
    #[arg(long, value_name = "FORMAT")]
    time_format: Option<String>,

    /// The zone of times that say none: Europe/Berlin, UTC, +02:00
    #[arg(long, value_name = "ZONE", allow_hyphen_values = true)]
    tz: Option<String>,

    /// The year in which inputs begin, for a time format without one
    #[arg(long, requires = "time_format")]
    year: Option<i32>,

    /// How many records of a table or text tell the types of its columns, which are held back until then; 0 tells
    /// each cell by itself [default: 1000, of standard input and pipes 10]
    #[arg(long, value_name = "N")]
    sample: Option<usize>,

    /// The longest line or record that is read
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().line_bytes, value_parser = bytes)]
    max_line: usize,
}

fn bytes(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| "expected a whole number of bytes, as `1000000`".to_owned())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum InputFormat {
    Auto,
    Ndjson,
    Csv,
    Tsv,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Unit {
    Auto,
    S,
    Ms,
    Us,
    Ns,
}

impl From<Unit> for TimeUnit {
    fn from(unit: Unit) -> Self {
        match unit {
            Unit::Auto => TimeUnit::Auto,
            Unit::S => TimeUnit::Seconds,
            Unit::Ms => TimeUnit::Millis,
            Unit::Us => TimeUnit::Micros,
            Unit::Ns => TimeUnit::Nanos,
        }
    }
}

impl Reading {
    /// The options for events of these types.
    pub(crate) fn options(&self, schema: Schema) -> Result<ReadOptions, Stop> {
        let limits = Limits { line_bytes: self.max_line, ..Limits::default() };
        let default = ReadOptions::default();
        Ok(ReadOptions {
            format: self.format(&limits)?,
            time: self.time.clone(),
            kind: self.kind.clone(),
            event_id: self.event_id.clone(),
            times: self.times()?,
            schema,
            sample: self.sample.unwrap_or(default.sample),
            pipe_sample: self.sample.unwrap_or(default.pipe_sample),
            limits,
        })
    }

    fn format(&self, limits: &Limits) -> Result<Format, Stop> {
        Ok(match (&self.records, &self.lines, self.input_format) {
            (Some(path), ..) if path == "." => Format::Records(None),
            (Some(path), ..) => Format::Records(Some(path.parse()?)),
            (_, Some(regex), _) => Format::Lines(Arc::new(LinePattern::new(regex, limits)?)),
            (.., InputFormat::Auto) => Format::Auto,
            (.., InputFormat::Ndjson) => Format::Ndjson,
            (.., InputFormat::Csv) => Format::Csv,
            (.., InputFormat::Tsv) => Format::Tsv,
        })
    }

    fn times(&self) -> Result<TimeOptions, Stop> {
        let mut times = TimeOptions::default().unit(self.time_unit.into());
        if let Some(year) = self.year {
            times = times.year(year);
        }
        if let Some(zone) = &self.tz {
            times = times.zone(zone)?;
        }
        match &self.time_format {
            Some(format) => Ok(times.format(format)?),
            None => Ok(times),
        }
    }
}

impl From<tripline::io::Error> for Stop {
    fn from(error: tripline::io::Error) -> Self {
        Stop::Failed(error.to_string())
    }
}
