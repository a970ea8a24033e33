//! Who is busy when. What is planned for somebody takes its time; nothing else happens to them then, so that two things
//! cannot add up to a third that nobody planned.

/// The time taken of each of some people, cards or machines.
#[derive(Clone, Debug)]
pub(super) struct Agenda(Vec<Vec<(i64, i64)>>);

impl Agenda {
    pub(super) fn new(len: usize) -> Self {
        Agenda(vec![Vec::new(); len])
    }

    /// How many have an agenda.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing of theirs touches the time from `from` to `to`.
    pub(super) fn is_free(&self, who: usize, from: i64, to: i64) -> bool {
        self.0[who].iter().all(|&(start, end)| to < start || end < from)
    }

    /// Takes the time if it is free; says whether it was.
    pub(super) fn take(&mut self, who: usize, from: i64, to: i64) -> bool {
        let free = self.is_free(who, from, to);
        if free {
            self.0[who].push((from, to));
        }
        free
    }
}
