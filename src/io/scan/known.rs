//! What objects have had so far, by which the next ones are read faster.

use indexmap::IndexMap;

/// What to do behind a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// Its value is the one of a node of what is wanted.
    Read(usize),
    /// Nobody asks for its value.
    Pass,
    /// It is no name but the end of the object.
    End,
}

/// A place in an object: at its beginning or behind one of its names.
pub(super) type Place = usize;

/// The place that is not known.
pub(super) const NOWHERE: Place = usize::MAX;

/// The names that objects have had, and which of them follow which. Whatever stands between two values is one piece of
/// text: the comma, the name, the colon and the space around them. Events of different types have different names, so
/// that there may be several behind one.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// By the node of the object and by what stands there: what to do then, and the place behind.
    pieces: Pieces,
    /// What was found at each place. The first ones are the beginnings of the objects of the nodes.
    places: Vec<Guesses>,
}

type Pieces = IndexMap<(usize, Box<[u8]>), (Then, Place), foldhash::fast::FixedState>;

/// What was found at a place: mostly always the same.
#[derive(Clone, Debug)]
struct Guesses {
    first: Guess,
    others: Vec<Guess>,
}

/// What may stand at a place.
#[derive(Clone, Debug)]
pub(super) struct Guess {
    /// Its first bytes in one word, and which of the word's bits they take.
    word: u128,
    mask: u128,
    /// Its other bytes.
    rest: Box<[u8]>,
    pub(super) length: usize,
    pub(super) then: Then,
    pub(super) behind: Place,
}

impl Default for Guesses {
    /// Nothing yet: what fits nowhere.
    fn default() -> Self {
        let nothing =
            Guess { word: 1, mask: 0, rest: Box::default(), length: 0, then: Then::End, behind: NOWHERE };
        Guesses { first: nothing, others: Vec::new() }
    }
}

/// More pieces are not remembered, nor more others that were found at one place.
const PIECES: usize = 1_024;
const OTHERS: usize = 16;

const WORD: usize = 16;

impl Known {
    /// Nothing, for so many nodes.
    pub(super) fn nothing(nodes: usize) -> Self {
        Known { pieces: Pieces::default(), places: vec![Guesses::default(); nodes] }
    }

    /// What begins here, if it was found at this place before: its length, what to do then, and the place behind.
    #[inline]
    pub(super) fn guess(&self, place: Place, text: &[u8]) -> Option<&Guess> {
        let found = self.places.get(place)?;
        let word = text.first_chunk().map_or_else(|| word(text), |word| u128::from_le_bytes(*word));
        if found.first.fits(word, text) {
            return Some(&found.first);
        }
        found.others.iter().find(|guess| guess.fits(word, text))
    }

    /// What this piece of text in the objects of a node is followed by.
    pub(super) fn find(&self, node: usize, written: &[u8]) -> Option<(Then, Place)> {
        self.pieces.get(&Piece(node, written)).copied()
    }

    /// Remembers a piece of text, and gives the place behind it.
    pub(super) fn add(&mut self, node: usize, written: &[u8], then: Then) -> Place {
        if self.pieces.len() >= PIECES {
            return NOWHERE;
        }
        self.places.push(Guesses::default());
        let behind = self.places.len() - 1;
        self.pieces.insert((node, written.into()), (then, behind));
        behind
    }

    /// Remembers that a piece of text stood at a place.
    pub(super) fn expect(&mut self, place: Place, written: &[u8], then: Then, behind: Place) {
        let Some(found) = self.places.get_mut(place) else { return };
        if found.first.length == 0 {
            found.first = Guess::new(written, then, behind);
        } else if found.others.len() < OTHERS {
            found.others.push(Guess::new(written, then, behind));
        }
    }
}

impl Guess {
    fn new(written: &[u8], then: Then, behind: Place) -> Self {
        let (first, rest) = written.split_at(written.len().min(WORD));
        let mask = u128::MAX.checked_shr(128 - 8 * first.len() as u32).unwrap_or(0);
        Guess { word: word(first), mask, rest: rest.into(), length: written.len(), then, behind }
    }

    /// Whether this text begins with it, whose first bytes are this word.
    #[inline]
    fn fits(&self, word: u128, text: &[u8]) -> bool {
        word & self.mask == self.word && (self.length <= WORD || self.goes_on(text))
    }

    /// Whether its other bytes are here too.
    #[inline(never)]
    fn goes_on(&self, text: &[u8]) -> bool {
        text.get(WORD..).is_some_and(|text| text.starts_with(&self.rest))
    }
}

/// The first bytes as a word, of which there may be few. What is missing is 0, which stands in no name.
#[cold]
fn word(from: &[u8]) -> u128 {
    let mut bytes = [0; WORD];
    bytes.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    u128::from_le_bytes(bytes)
}

/// What a piece of text is looked up by.
#[derive(Hash)]
struct Piece<'p>(usize, &'p [u8]);

impl indexmap::Equivalent<(usize, Box<[u8]>)> for Piece<'_> {
    fn equivalent(&self, key: &(usize, Box<[u8]>)) -> bool {
        self.0 == key.0 && *self.1 == *key.1
    }
}
