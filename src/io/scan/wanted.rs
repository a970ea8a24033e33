//! Which fields are wanted, as a tree of names.

use crate::event::Fields;
use crate::io::ReadOptions;

/// What a value is for, besides its column.
pub(super) mod role {
    pub(in crate::io::scan) const TIME: u8 = 1;
    pub(in crate::io::scan) const KIND: u8 = 2;
    pub(in crate::io::scan) const ID: u8 = 4;
}

/// A name on the way to a wanted field, or the field itself. The first node is the record.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    name: Box<str>,
    pub(super) column: Option<usize>,
    pub(super) roles: u8,
    /// The row that had it last, by which a second one of its name shows.
    pub(super) seen: u64,
    children: Vec<usize>,
}

/// All that is wanted of a line.
#[derive(Clone, Debug)]
pub(super) struct Wanted(Vec<Node>);

impl Wanted {
    /// The columns of a batch, and time, type and id.
    pub(super) fn new(fields: &Fields, options: &ReadOptions) -> Self {
        let mut wanted = Wanted(vec![Node::default()]);
        for (column, path) in fields.iter().enumerate() {
            wanted.place(path).column = Some(column);
        }
        wanted.place(options.time.names()).roles |= role::TIME;
        wanted.place(options.kind.names()).roles |= role::KIND;
        if let Some(id) = &options.event_id {
            wanted.place(id.names()).roles |= role::ID;
        }
        wanted
    }

    fn place<S: AsRef<str>>(&mut self, path: &[S]) -> &mut Node {
        let at = path.iter().fold(0, |at, name| {
            self.child(at, name.as_ref()).unwrap_or_else(|| {
                let new = self.0.len();
                self.0.push(Node { name: name.as_ref().into(), ..Node::default() });
                self.0[at].children.push(new);
                new
            })
        });
        &mut self.0[at]
    }

    /// How many nodes there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    #[inline]
    pub(super) fn node(&mut self, at: usize) -> Option<&mut Node> {
        self.0.get_mut(at)
    }

    /// The node of a name within an object.
    pub(super) fn child(&self, of: usize, name: &str) -> Option<usize> {
        let children = self.0.get(of)?.children.iter().copied();
        children.into_iter().find(|&child| self.0.get(child).is_some_and(|node| *node.name == *name))
    }
}
