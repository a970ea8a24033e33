//! Every bound in one place.

/// What may be held at the most. Whatever is refused for one of these says so, with the value and the limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one rule file.
    pub rule_file_bytes: usize,
    /// Bytes of one file that a list or a table is read from.
    pub data_file_bytes: usize,
    /// How deep blocks and expressions of a rule file may nest.
    pub rule_depth: usize,
    /// Bytes of one string literal of a rule file, its quotes included.
    pub string_bytes: usize,
    /// The largest number in a quantifier and the largest count a rule's pattern may unfold to.
    pub repetitions: u32,
    /// Bytes a compiled regular expression may take.
    pub regex_bytes: usize,
    /// Steps of one rule.
    pub steps: usize,
    /// Ways from step to step that one rule's pattern may have.
    pub edges: usize,
    /// Ways from step to step of one drawing; with more of them nothing would be seen in it.
    pub drawn_edges: usize,
    /// Diagnostics reported for one compilation, errors first; one more says that there are others.
    pub diagnostics: usize,
    /// Bytes of one input line or record.
    pub line_bytes: usize,
    /// How deep an input record may nest, itself included; the decoder gives up beyond 127 levels.
    pub record_depth: usize,
    /// References a step lists in one alert record.
    pub evidence: usize,
    /// Bytes of one text or list that an expression makes (an item of a list counts as its text and eight bytes).
    /// Beyond it the value is unknown and counted as an error.
    pub computed_bytes: usize,
    /// Partial matches that one rule holds for one key: for each start, every way in which what is bound may go on. The
    /// earliest starts and of each the preferred ways are kept; the others are refused and counted. Where ways are held in
    /// common (the form `shared` of `matches all`), the events that wait, once at each place. Of a window rule the
    /// events that it holds for one key: one that comes when there are as many is not taken, and counted.
    pub partials_per_key: usize,
    /// Starts of one rule that are open in one [key group](crate::KeyGroups), over all its keys. One that comes when there
    /// are as many before its event is refused and counted.
    ///
    /// It is as large as `partials_per_key`, for with less a single key would never reach that. A rule then holds 12.8
    /// million starts in 128 groups, some gigabytes: a key seldom has more than one open, so a healthy rule comes there
    /// only where that many keys are open within its time bounds, and one that waits for ever ends there.
    pub starts_per_group: usize,
    /// What the events weigh that one start has bound, in any of the ways in which it may go on: 256 bytes for each event,
    /// and of the fields that rules ask of bound events of its type the bytes of their text (an item of a list or a field
    /// of a record counts as its text, its name and eight bytes). A start that an event would take beyond this is given up
    /// with all its ways, and counted as refused. Of a window rule what all events weigh that it holds for one key: one
    /// that would take them beyond this is not taken, and counted.
    pub captured_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            rule_file_bytes: 64 << 20,
            data_file_bytes: 1 << 30,
            rule_depth: 64,
            string_bytes: 64 << 10,
            repetitions: 100_000,
            regex_bytes: 1 << 20,
            steps: 1_000,
            edges: 100_000,
            drawn_edges: 400,
            diagnostics: 100,
            line_bytes: 16 << 20,
            record_depth: 64,
            evidence: 1_000,
            computed_bytes: 1 << 20,
            partials_per_key: 100_000,
            starts_per_group: 100_000,
            captured_bytes: 64 << 20,
        }
    }
}
