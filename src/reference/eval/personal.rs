//! Personal data made less of: `mask` and `hash`.

use std::fmt::Write;

use compact_str::CompactString;
use sha2::{Digest, Sha256};

use crate::event::Value;

/// The first and the last two characters of a text of at least eight, with three stars for whatever lies between.
pub(super) fn mask(text: &str) -> Value {
    let characters: Vec<char> = text.chars().collect();
    let (begin, end) = match &characters[..] {
        [a, b, _, _, .., y, z] if characters.len() >= 8 => (vec![*a, *b], vec![*y, *z]),
        _ => (vec![], vec![]),
    };
    Value::Str(begin.into_iter().chain("***".chars()).chain(end).collect())
}

/// The SHA-256 of a text.
pub(super) fn hash(text: &str) -> Value {
    let mut digits = CompactString::default();
    for byte in Sha256::digest(text.as_bytes()) {
        let _ = write!(digits, "{byte:02x}");
    }
    Value::Str(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_shows_half_of_a_text_at_most() {
        for (text, masked) in [
            ("", "***"),
            ("1234567", "***"),
            ("12345678", "12***78"),
            ("4111111111111111", "41***11"),
            ("häßliché", "hä***hé"),
        ] {
            assert_eq!(mask(text), Value::str(masked), "{text}");
        }
    }

    #[test]
    fn a_hash_is_that_of_fips_180() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(hash("abc"), Value::str(abc));
        assert_eq!(hash(""), Value::str(nothing));
    }
}
