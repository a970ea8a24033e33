//! What hides personal data: `mask` and `hash`.

use compact_str::CompactString;
use sha2::{Digest, Sha256};

use crate::event::Value;

/// A text shorter than this is hidden altogether.
const LEAST: usize = 8;
/// So many characters are shown at each end.
const ENDS: usize = 2;

/// The ends of a text, and nothing of how much lies between.
pub(super) fn mask(text: &str) -> Value {
    let mut masked = CompactString::const_new("***");
    if text.chars().count() >= LEAST {
        let begin = text.char_indices().nth(ENDS).and_then(|(at, _)| text.get(..at));
        let end = text.char_indices().nth_back(ENDS - 1).and_then(|(at, _)| text.get(at..));
        masked.insert_str(0, begin.unwrap_or_default());
        masked.push_str(end.unwrap_or_default());
    }
    Value::Str(masked)
}

/// SHA-256 of the bytes, as hexadecimal digits.
pub(super) fn hash(text: &str) -> Value {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| char::from(DIGITS.get(usize::from(half)).copied().unwrap_or_default());
    let halves = Sha256::digest(text).into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
    Value::Str(halves.map(digit).collect())
}
