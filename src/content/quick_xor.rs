//! quickXorHash, computed while bytes stream by (spec/graph.md 5.1). Pure; what it is used for is elsewhere.

use crate::domain::content::QuickXor;

/// Bytes after which the algorithm's bit positions repeat: 11 and 160 share no factor.
const PERIOD: usize = 160;
/// How far each byte's position lies from that of the byte before it, in bits.
const STEP: usize = 11;

/// The hash of the bytes seen so far.
///
/// Bytes a period apart meet at the same position of the register, and XOR does not care for order. So streaming only
/// folds the content to one period, many bytes an instruction; the shifting is done once, at the end.
#[derive(Clone)]
pub struct Hasher {
    folded: [u8; PERIOD],
    size: u64,
}

impl Default for Hasher {
    fn default() -> Self {
        Self { folded: [0; PERIOD], size: 0 }
    }
}

impl Hasher {
    /// Takes the bytes that follow those seen so far.
    pub fn update(&mut self, bytes: &[u8]) {
        // Below the period, so it fits whatever `usize` is.
        let at = usize::try_from(self.size % PERIOD as u64).unwrap_or_default();
        self.size = self.size.wrapping_add(bytes.len() as u64);

        let (head, rest) = bytes.split_at(bytes.len().min((PERIOD - at) % PERIOD));
        xor(self.folded.iter_mut().skip(at), head);
        let (periods, tail) = rest.as_chunks::<PERIOD>();
        for period in periods {
            for (into, from) in self.folded.iter_mut().zip(period) {
                *into ^= from;
            }
        }
        xor(self.folded.iter_mut(), tail);
    }

    /// The hash of all bytes taken.
    pub fn finish(&self) -> QuickXor {
        let mut register = [0_u8; 20];
        let mut put = |bit: usize, byte: u8| {
            // A byte covers at most two bytes of the register; the end wraps round to the start.
            let [low, high] = (u16::from(byte) << (bit % 8)).to_le_bytes();
            register[bit / 8 % 20] ^= low;
            register[(bit / 8 + 1) % 20] ^= high;
        };
        for (index, byte) in self.folded.iter().enumerate() {
            put(index * STEP % PERIOD, *byte);
        }
        xor(register.iter_mut().skip(12), &self.size.to_le_bytes());
        QuickXor(register)
    }
}

fn xor<'a>(into: impl Iterator<Item = &'a mut u8>, from: &[u8]) {
    into.zip(from).for_each(|(into, from)| *into ^= from);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hash(bytes: &[u8]) -> QuickXor {
        let mut hasher = Hasher::default();
        hasher.update(bytes);
        hasher.finish()
    }

    /// The words of the specification, one bit at a time.
    fn bit_by_bit(bytes: &[u8]) -> QuickXor {
        let mut register = [false; 160];
        for (index, byte) in bytes.iter().enumerate() {
            for bit in 0..8 {
                register[(11 * index + bit) % 160] ^= byte >> bit & 1 == 1;
            }
        }
        for (index, byte) in (bytes.len() as u64).to_le_bytes().iter().enumerate() {
            for bit in 0..8 {
                register[(12 + index) * 8 + bit] ^= byte >> bit & 1 == 1;
            }
        }
        let mut hash = [0; 20];
        for (index, bit) in register.iter().enumerate() {
            hash[index / 8] |= u8::from(*bit) << (index % 8);
        }
        QuickXor(hash)
    }

    #[test]
    fn the_published_vectors_come_out() {
        assert_eq!(hash(b""), QuickXor([0; 20]));
        assert_eq!(hash(b"one").to_base64(), "b3BDGQAAAAAAAAAAAwAAAAAAAAA=");
        assert_eq!(hash(&b"z".repeat(40_000)).to_base64(), "AAAAAAAAAAAAAAAAQJwAAAAAAAA=");
        let fox = b"The quick brown fox jumps over the lazy dog";
        assert_eq!(hash(fox).to_base64(), "bMSlbysmxJL6S75XwfMcQZOpcr4=");
    }

    proptest! {
        #[test]
        fn it_is_what_the_specification_says(bytes in prop::collection::vec(any::<u8>(), 0..1000)) {
            prop_assert_eq!(hash(&bytes), bit_by_bit(&bytes));
        }

        #[test]
        fn any_split_gives_the_same_hash(parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..400), 0..8)) {
            let mut hasher = Hasher::default();
            for part in &parts {
                hasher.update(part);
            }
            prop_assert_eq!(hasher.finish(), bit_by_bit(&parts.concat()));
        }
    }
}
