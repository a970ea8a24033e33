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
    /// The names that objects here have had, each with all that stands around it.
    names: Vec<Box<[u8]>>,
    /// Which of them stood first, and which behind each of them: events of different types have different names.
    after: Vec<Vec<Guess>>,
}

/// What may stand here: one of the names, by its beginning, and whose it is.
#[derive(Clone, Copy, Debug)]
struct Guess {
    /// Its first bytes in one word, and which of the word's bits they take.
    word: u128,
    mask: u128,
    length: usize,
    number: usize,
    node: Option<usize>,
}

impl Guess {
    const WORD: usize = 16;

    fn new(written: &[u8], number: usize, node: Option<usize>) -> Self {
        let mask = u128::MAX.checked_shr(128 - 8 * written.len().min(Self::WORD) as u32).unwrap_or(0);
        Guess { word: Self::word(written), mask, length: written.len(), number, node }
    }

    /// The first bytes as a word. What is missing is 0, which stands in no name.
    fn word(from: &[u8]) -> u128 {
        let mut bytes = [0; Self::WORD];
        bytes.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
        u128::from_le_bytes(bytes)
    }
}

/// Objects with more names are not remembered beyond these, nor more that stood behind one name.
const REMEMBERED: usize = 256;
const BEHIND: usize = 16;

/// What stands before a name in its object.
#[derive(Clone, Copy, Debug)]
pub(super) enum Before {
    /// Nothing.
    Nothing,
    /// A name that is remembered, by its number.
    Name(usize),
    /// A name that is not.
    Unknown,
}

impl Before {
    fn slot(self) -> Option<usize> {
        match self {
            Before::Nothing => Some(0),
            Before::Name(number) => Some(number + 1),
            Before::Unknown => None,
        }
    }
}

impl Node {
    /// Whether its value itself is asked for.
    pub(super) fn is_wanted(&self) -> bool {
        self.column.is_some() || self.roles != 0
    }
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

    pub(super) fn node(&mut self, at: usize) -> Option<&mut Node> {
        self.0.get_mut(at)
    }

    /// The node of a name within an object.
    pub(super) fn child(&self, of: usize, name: &str) -> Option<usize> {
        let children = self.0.get(of)?.children.iter().copied();
        children.into_iter().find(|&child| self.0.get(child).is_some_and(|node| *node.name == *name))
    }

    /// The name that begins here, if it stood behind this one before: its number, its length, and whose it is.
    #[inline]
    pub(super) fn expected(
        &self,
        of: usize,
        behind: Before,
        rest: &[u8],
    ) -> Option<(usize, usize, Option<usize>)> {
        let node = self.0.get(of)?;
        let guesses = node.after.get(behind.slot()?)?;
        let word = rest.first_chunk().map_or_else(|| Guess::word(rest), |word| u128::from_le_bytes(*word));
        for guess in guesses.iter().filter(|guess| word & guess.mask == guess.word) {
            if guess.length <= Guess::WORD || rest.starts_with(node.names.get(guess.number)?) {
                return Some((guess.number, guess.length, guess.node));
            }
        }
        None
    }

    /// Remembers what stood behind a name, and gives its number.
    pub(super) fn remember(
        &mut self,
        of: usize,
        behind: Before,
        written: &[u8],
        child: Option<usize>,
    ) -> Option<usize> {
        let node = self.0.get_mut(of)?;
        let number = match node.names.iter().position(|name| **name == *written) {
            Some(number) => number,
            None if node.names.len() < REMEMBERED => {
                node.names.push(written.into());
                node.names.len() - 1
            }
            None => return None,
        };
        node.after.resize_with(node.names.len() + 1, Vec::new);
        let after = node.after.get_mut(behind.slot()?)?;
        if after.len() < BEHIND && !after.iter().any(|guess| guess.number == number) {
            after.push(Guess::new(written, number, child));
        }
        Some(number)
    }
}
