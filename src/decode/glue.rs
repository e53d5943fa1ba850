//! Bytes that are expected to come again, compared as words.

const WORDS: usize = 4;
const HEAD: usize = WORDS * size_of::<u64>();

/// A text to compare with: the first bytes as words, with a mask of how many there are, and all of it.
#[derive(Debug, Clone)]
pub(super) struct Glue {
    head: [u64; WORDS],
    mask: [u64; WORDS],
    text: Vec<u8>,
}

impl Default for Glue {
    /// Equal to nothing.
    fn default() -> Self {
        Self { head: [1; WORDS], mask: [0; WORDS], text: Vec::new() }
    }
}

fn words(bytes: &[u8; HEAD]) -> [u64; WORDS] {
    let (words, _) = bytes.as_chunks();
    let mut result = [0; WORDS];
    for (result, word) in result.iter_mut().zip(words) {
        *result = u64::from_le_bytes(*word);
    }
    result
}

impl Glue {
    pub(super) fn set(&mut self, bytes: &[u8]) {
        let mut padded = [0; HEAD];
        let mut mask = [0; HEAD];
        for ((padded, mask), byte) in padded.iter_mut().zip(&mut mask).zip(bytes) {
            *padded = *byte;
            *mask = 0xff;
        }
        self.head = words(&padded);
        self.mask = words(&mask);
        self.text.clear();
        self.text.extend_from_slice(bytes);
    }

    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    /// Where it ends, if it is at `at`.
    #[expect(
        clippy::inline_always,
        reason = "part of the loop over a row; a call apart costs a twentieth of the speed"
    )]
    #[inline(always)]
    pub(super) fn after(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let block = words(bytes.get(at..)?.first_chunk()?);
        let mut difference = 0;
        for ((word, mask), head) in block.iter().zip(&self.mask).zip(&self.head) {
            difference |= word & mask ^ head;
        }
        if difference != 0 {
            return None;
        }
        let end = at + self.text.len();
        (self.text.len() <= HEAD || bytes.get(at + HEAD..end) == self.text.get(HEAD..)).then_some(end)
    }
}
