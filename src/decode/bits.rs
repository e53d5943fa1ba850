//! A growing bitmap in Arrow's layout: least significant bit first.

#[derive(Debug, Clone, Default)]
pub(super) struct Bits {
    bytes: Vec<u8>,
    len: usize,
}

impl Bits {
    pub(super) fn repeated(bit: bool, len: usize) -> Self {
        Self { bytes: vec![if bit { 0xff } else { 0 }; len.div_ceil(8)], len }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(super) fn push(&mut self, bit: bool) {
        let shift = self.len & 7;
        if shift == 0 {
            self.bytes.push(u8::from(bit));
        } else if let Some(last) = self.bytes.last_mut() {
            // What is beyond the end may be set (see `repeated`).
            *last = *last & !(1 << shift) | u8::from(bit) << shift;
        }
        self.len += 1;
    }

    /// Appends unset bits.
    pub(super) fn pad(&mut self, len: usize) {
        while self.len < len {
            if self.len.is_multiple_of(8) && len - self.len >= 8 {
                self.bytes.push(0);
                self.len += 8;
            } else {
                self.push(false);
            }
        }
    }

    pub(super) fn reserve(&mut self, bits: usize) {
        self.bytes.reserve(bits.div_ceil(8));
    }

    pub(super) fn get(&self, index: usize) -> bool {
        self.bytes.get(index >> 3).is_some_and(|byte| byte >> (index & 7) & 1 == 1)
    }

    /// How many are set.
    pub(super) fn count(&self) -> usize {
        let whole = self.len / 8;
        let set: u32 = self.bytes.iter().take(whole).map(|byte| byte.count_ones()).sum();
        set as usize + (whole * 8..self.len).filter(|index| self.get(*index)).count()
    }

    /// Whether one is.
    pub(super) fn any(&self) -> bool {
        let (whole, rest) = (self.len >> 3, self.len & 7);
        self.bytes.iter().take(whole).any(|byte| *byte != 0)
            || self.bytes.get(whole).is_some_and(|byte| byte & ((1 << rest) - 1) != 0)
    }

    pub(super) fn truncate(&mut self, len: usize) {
        if len < self.len {
            self.bytes.truncate(len.div_ceil(8));
            self.len = len;
        }
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}
