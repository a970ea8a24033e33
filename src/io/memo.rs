//! What has to be known of the bytes before a place to read on from there.

use std::sync::Arc;

use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};

use super::columns::Kind;

/// What a decoder knows of what stood before a place. Lines that say all by themselves need none of it.
///
/// Cost: it is cloned with every portion, and shares its columns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memo {
    /// The columns of a table, once they are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) columns: Option<Arc<Columns>>,
    /// The local time of the event before, for formats of times without a year.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last: Option<NaiveDateTime>,
}

impl Memo {
    /// Whether there is nothing to know.
    pub fn is_empty(&self) -> bool {
        *self == Memo::default()
    }
}

/// The columns of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Columns {
    /// Their names, and what their cells are.
    pub(super) columns: Vec<(String, Kind)>,
    /// Whether that was told by a sample.
    pub(super) sampled: bool,
    /// What stands between two cells; lines of text have nothing there.
    pub(super) delimiter: Option<u8>,
}
