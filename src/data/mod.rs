//! Lists and tables: what rules read beside events.
//!
//! Whoever compiles rules gives the files that rule files name ([`Files`]), as values: where they lie and how they are
//! written is not known here. A list or table is built once and shared by all rules.
//!
//! What a file holds is mostly text without a type. So a text in it and a value that is asked for are equal if the text
//! says that value: a number as JSON writes it, a boolean, a time, a duration, an address. Two texts are equal if they
//! are the same.

mod index;
mod list;
mod table;

use std::fmt;

use compact_str::CompactString;

pub use list::List;
pub use table::{Rows, Table, Unfit};

use crate::span::FileId;

/// Gives the files that rule files read lists and tables from.
pub trait Files: fmt::Debug + Send + Sync {
    /// The items of a list.
    fn list(&self, wanted: Wanted<'_>) -> Result<Vec<crate::event::Value>, Unread>;

    /// The rows of a table that are found by this column.
    fn table(&self, wanted: Wanted<'_>, key: &str) -> Result<Rows, Unread>;
}

/// The file of a list or table.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Which of the rule files names it.
    pub rule_file: FileId,
    /// As the rule file names it.
    pub name: &'a str,
}

/// Why a list or table cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// The file is not there, or nobody may read it.
    Closed {
        /// Why, in a sentence.
        why: String,
        /// What to do about it.
        help: Option<String>,
    },
    /// What is in it is no list or table.
    Bad {
        /// Why, in a sentence with the place.
        why: String,
        /// What to do about it.
        help: Option<String>,
    },
}

/// The name of a column and where it stands.
pub(crate) fn place(columns: &[CompactString], name: &str) -> Option<usize> {
    columns.iter().position(|column| column == name)
}
