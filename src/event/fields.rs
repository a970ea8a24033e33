//! The fields that a rule set reads.

use std::sync::Arc;

use compact_str::CompactString;
use indexmap::IndexSet;

use crate::id::FieldId;

/// The fields that a rule set reads, numbered: the columns of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    paths: IndexSet<Arc<[CompactString]>, foldhash::fast::FixedState>,
}

impl Fields {
    /// The number of a path, which it gets if it has none; `None` beyond [`FieldId::LIMIT`].
    pub fn number(&mut self, path: &Arc<[CompactString]>) -> Option<FieldId> {
        FieldId::new(self.paths.insert_full(Arc::clone(path)).0)
    }

    /// The number of a path.
    pub fn find(&self, path: &[CompactString]) -> Option<FieldId> {
        self.paths.get_index_of(path).and_then(FieldId::new)
    }

    /// The path of a number.
    pub fn path(&self, id: FieldId) -> &[CompactString] {
        self.paths.get_index(id.index()).map_or(&[], |path| path)
    }

    /// All paths, by their numbers.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<[CompactString]>> {
        self.paths.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.paths.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }
}
