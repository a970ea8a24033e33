//! The numbers that a derivation carries besides its position.

use crate::id::{GroupId, StepId};

/// A register of an automaton, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegisterId(pub(super) u32);

impl RegisterId {
    /// Its number.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// The register so many places behind it.
    #[must_use]
    pub fn plus(self, words: u32) -> Self {
        RegisterId(self.0.saturating_add(words))
    }
}

/// What a register counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Register {
    /// How many events the step has bound since its loop was entered.
    Count(StepId),
    /// How many iterations of the group are complete.
    Rounds(GroupId),
    /// How many events were bound when the running iteration of the group began.
    Began(GroupId),
    /// Which members of an `all` or `of` have begun, 32 of them, one bit each. Blocks are numbered in the order of the
    /// text.
    Members {
        /// The block.
        block: u32,
        /// Which 32 members.
        word: u32,
    },
}

/// What must hold of the registers for an edge to be open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Guard {
    /// The register is less.
    Below(RegisterId, u32),
    /// The register is at least this.
    AtLeast(RegisterId, u32),
    /// The bit is not set.
    Clear(RegisterId, u32),
    /// So many bits are set in these registers.
    Members {
        /// The first of them.
        first: RegisterId,
        /// How many registers.
        words: u32,
        /// How many bits.
        count: Count,
    },
}

/// How many members of a block have begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Count {
    /// Fewer than this.
    Below(u32),
    /// This many.
    Is(u32),
}

/// What becomes of a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Update {
    /// It becomes this.
    Set(u32),
    /// It becomes one more.
    Add,
    /// It becomes the number of events bound before the one that is being bound.
    Here,
    /// These bits are set in it.
    Mark(u32),
}

/// The registers of one derivation.
#[derive(Clone, Debug)]
pub struct Registers(Numbers);

/// Most automata have but a few, which then are copied in one piece.
#[derive(Clone, Debug)]
enum Numbers {
    Few([u32; FEW], u8),
    Many(Box<[u32]>),
}

const FEW: usize = 4;

impl Registers {
    /// So many registers, all zero.
    pub fn new(count: usize) -> Self {
        Registers(if count <= FEW {
            Numbers::Few([0; FEW], count as u8)
        } else {
            Numbers::Many(vec![0; count].into())
        })
    }

    /// All values, by the numbers of their registers.
    #[inline]
    pub fn values(&self) -> &[u32] {
        match &self.0 {
            Numbers::Few(values, count) => values.get(..usize::from(*count)).unwrap_or_default(),
            Numbers::Many(values) => values,
        }
    }

    fn values_mut(&mut self) -> &mut [u32] {
        match &mut self.0 {
            Numbers::Few(values, count) => values.get_mut(..usize::from(*count)).unwrap_or_default(),
            Numbers::Many(values) => values,
        }
    }

    /// The value of a register.
    #[inline]
    pub fn get(&self, id: RegisterId) -> u32 {
        self.values().get(id.index()).copied().unwrap_or(0)
    }

    /// Whether a guard holds.
    #[inline]
    pub fn meet(&self, guard: Guard) -> bool {
        match guard {
            Guard::Below(id, bound) => self.get(id) < bound,
            Guard::AtLeast(id, bound) => self.get(id) >= bound,
            Guard::Clear(id, bit) => self.get(id) & bit == 0,
            Guard::Members { first, words, count } => {
                let words = self.values().iter().skip(first.index()).take(words as usize);
                let begun: u32 = words.map(|word| word.count_ones()).sum();
                match count {
                    Count::Below(bound) => begun < bound,
                    Count::Is(exactly) => begun == exactly,
                }
            }
        }
    }

    /// The registers after these updates, `bound` events being bound before the one that is being bound.
    #[must_use]
    pub fn after(&self, updates: &[(RegisterId, Update)], bound: usize) -> Self {
        let mut next = self.clone();
        let registers = next.values_mut();
        for &(id, update) in updates {
            let Some(register) = registers.get_mut(id.index()) else { continue };
            *register = match update {
                Update::Set(value) => value,
                // A loop without an upper bound only asks whether it has gone round often enough.
                Update::Add => register.saturating_add(1),
                Update::Here => u32::try_from(bound).unwrap_or(u32::MAX),
                Update::Mark(bits) => *register | bits,
            };
        }
        next
    }
}

impl Default for Registers {
    fn default() -> Self {
        Registers::new(0)
    }
}

impl From<&[u32]> for Registers {
    fn from(values: &[u32]) -> Self {
        let mut registers = Registers::new(values.len());
        registers.values_mut().copy_from_slice(values);
        registers
    }
}
