//! How much of a key a rule holds.

/// `hold`: how many starts one key may have open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// So many; at least one.
    pub most: u32,
    /// What becomes of one more.
    pub full: Full,
}

/// What becomes of a start when as many are open as may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// The new one does not begin, if as many were open before its event.
    RefuseNew,
    /// It begins, and if more are open after its event, the earliest are given up.
    DropOldest,
}

impl Hold {
    /// Whether one more may begin where so many are open.
    pub fn admits(self, open: usize) -> bool {
        self.full == Full::DropOldest || open < self.most as usize
    }

    /// How many of so many are given up after an event.
    pub fn excess(self, open: usize) -> usize {
        if self.full == Full::DropOldest { open.saturating_sub(self.most as usize) } else { 0 }
    }
}
