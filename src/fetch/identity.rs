//! Which rows are the same: by their keys, as long as those belong to one row each, and else by all that is in them.

use std::collections::{HashMap, HashSet};

use super::answer::{Counted, Role};
use super::ask::Ask;
use super::rows::Rows;
use super::seen_keys::{Compact, PageKeys, SeenKeys};

/// Pages of up to so many rows rarely have a key twice although it belongs to several rows; so there the rest of a row
/// is compared as well.
const SMALL: usize = 16;

/// Of so many rows of a page more is remembered than their keys,
const HEAD: usize = 64;

/// and of so many rows of a read, beside those of the last page.
const HEADS: usize = 4096;

/// What is remembered of the rows of a read.
#[derive(Debug)]
pub(super) struct Identity {
    keys_identify: bool,
    seen: SeenKeys,
    /// The rows of small pages, by their keys.
    small: HashMap<Compact, Vec<u64>>,
    /// The first rows of pages before the last one.
    heads: HashMap<Compact, u64>,
    /// The digests of the pages in which all that was new were rows without a key.
    digests: HashSet<u64>,
    /// The last page that belongs to the result and has rows.
    last: Option<Trace>,
    /// The page that was looked at last, until it is known whether it belongs to the result.
    looked_at: Option<(Trace, Option<u64>)>,
    /// The rows of a proof whose keys were there before.
    proof: Vec<(Compact, u64)>,
    /// The keys of the page before, and how many pages in a row had just these.
    echoes: (u64, u64),
}

/// What is remembered of a page.
#[derive(Debug, Default)]
struct Trace {
    /// The same for the same rows.
    fingerprint: u64,
    /// The rows without a key, if the page was short.
    keyless: HashSet<u64>,
    /// The keys of the first rows, and the rows, if all have keys.
    head: Vec<(Compact, u64)>,
}

impl Trace {
    fn head(page: &impl Rows, keys: &PageKeys) -> Vec<(Compact, u64)> {
        let rows = page.digests().take(HEAD).enumerate();
        rows.filter_map(|(row, digest)| Some((keys.get(row)?, digest))).collect()
    }
}

/// What a page is compared with what came before it for.
pub(super) struct Looked {
    pub counted: Counted,
    /// Which rows are new.
    pub keep: Vec<bool>,
    /// Whether the page shows that keys do not tell rows apart.
    pub found_out: bool,
}

impl Default for Identity {
    fn default() -> Self {
        Self {
            keys_identify: true,
            seen: SeenKeys::default(),
            small: HashMap::new(),
            heads: HashMap::new(),
            digests: HashSet::new(),
            last: None,
            looked_at: None,
            proof: Vec::new(),
            echoes: (0, 0),
        }
    }
}

impl Identity {
    pub(super) fn keys_identify(&self) -> bool {
        self.keys_identify
    }

    /// Takes in the first page of several. Says whether it has rows that no key tells apart.
    pub(super) fn look_at_first(&mut self, page: &impl Rows, ask: Ask) -> bool {
        let looked = self.look(page, ask, &Role::InTurn { outdated: false });
        self.kept();
        looked.counted.without_key > 0
    }

    /// Compares a page with those before it.
    pub(super) fn look(&mut self, page: &impl Rows, ask: Ask, role: &Role) -> Looked {
        if !self.keys_identify {
            return self.look_without_keys(page, ask, role, false);
        }
        let keys = self.seen.compact(page.keys());
        let (keep, repeated) = self.seen.new_rows(&keys);
        let takes_in = match role {
            Role::Comparison => false,
            Role::Proof { slack } => repeated <= *slack,
            Role::InTurn { outdated } => !(*outdated && repeated == 0),
            Role::Recheck => true,
        };
        let several = if takes_in {
            self.seen.insert(&keys, &keep) > 0
        } else {
            matches!(role, Role::Proof { .. }) && keys.repeat_within()
        };
        let without_key = keys.without_key();
        let digests: Vec<u64> = if without_key > 0 { page.digests().collect() } else { Vec::new() };
        // Rows without a key count as new, so their page as a whole tells whether it was there before.
        let fingerprint = if without_key > 0 { of_rows(&digests) } else { keys.fingerprint() };
        let is_last = self.last.as_ref().is_some_and(|last| last.fingerprint == fingerprint);
        let in_order = matches!(role, Role::InTurn { .. } | Role::Proof { .. });
        let only_known = repeated > 0 && repeated == keep.len() as u64;
        let known_keys = in_order && only_known && self.has_others(page, &keys);
        let (mut other_rows, mut of_proof) = (0, 0);
        if matches!(role, Role::Recheck) && is_last {
            (other_rows, of_proof) = self.compare_proof(page, &keys);
        }
        let compared = in_order && self.compare_small(page, &keys, &keep, takes_in);
        if several || compared || known_keys || other_rows > 0 {
            // Memory that nobody needs any more.
            (self.keys_identify, self.seen) = (false, SeenKeys::default());
            (self.small, self.heads) = (HashMap::new(), HashMap::new());
            return self.look_without_keys(page, ask, role, true);
        }
        self.proof.clear();
        if matches!(role, Role::Proof { slack } if repeated > *slack) {
            let rows = keep.iter().zip(page.digests()).enumerate().filter(|(_, (new, _))| !**new);
            self.proof = rows.filter_map(|(row, (_, digest))| Some((keys.get(row)?, digest))).collect();
        }

        let rows = keep.len() as u64;
        let counted =
            Counted { rows, repeated, without_key, same_as_last: is_last, of_proof, ..Counted::default() };
        if without_key == 0 {
            let head = Trace::head(page, &keys);
            self.looked_at = Some((Trace { fingerprint, keyless: HashSet::new(), head }, None));
            return Looked { counted, keep, found_out: false };
        }
        let keyless = |row: &usize| keys.get(*row).is_none();
        self.trace(counted, keep, &digests, keyless, ask)
    }

    /// The page that was looked at last belongs to the result.
    pub(super) fn kept(&mut self) {
        let Some((trace, digest)) = self.looked_at.take() else { return };
        self.digests.extend(digest);
        let before = self.last.replace(trace);
        if self.keys_identify && self.heads.len() < HEADS {
            self.heads.extend(before.into_iter().flat_map(|before| before.head));
        }
    }

    /// Whether a page has keys of rows that are remembered, and none of these rows. One that is the same shows that the others
    /// were changed meanwhile.
    fn has_others(&self, page: &impl Rows, keys: &PageKeys) -> bool {
        let last = self.last.iter().flat_map(|last| &last.head);
        let last: HashMap<Compact, u64> = last.copied().collect();
        let mut met = false;
        for (row, digest) in page.digests().enumerate() {
            let known = keys.get(row).and_then(|key| last.get(&key).or_else(|| self.heads.get(&key)));
            match known {
                Some(known) if *known == digest => return false,
                Some(_) => met = true,
                None => {}
            }
        }
        met
    }

    fn look_without_keys(&mut self, page: &impl Rows, ask: Ask, role: &Role, found_out: bool) -> Looked {
        let digests: Vec<u64> = page.digests().collect();
        let rows = digests.len() as u64;
        let keep = vec![true; digests.len()];
        let other_rows = u64::from(found_out && matches!(role, Role::Recheck));
        let echoes = self.echoes(page);
        let counted = Counted { rows, without_key: rows, other_rows, echoes, ..Counted::default() };
        let mut looked = self.trace(counted, keep, &digests, |_| true, ask);
        looked.found_out = found_out;
        if other_rows > 0 {
            // It is the last page, whatever it is known by now.
            self.kept();
        }
        looked
    }

    /// How many pages in a row have just the keys of the page before. Keys do not tell rows apart, but the pages of a service
    /// that answers with its last page for ever, and writes something new into each row, look like that.
    fn echoes(&mut self, page: &impl Rows) -> u64 {
        let keys = self.seen.compact(page.keys());
        let fingerprint = keys.fingerprint();
        let is_echo = fingerprint == self.echoes.0 && keys.without_key() == 0 && !keys.repeat_within();
        self.echoes = (fingerprint, if is_echo { self.echoes.1 + 1 } else { 0 });
        self.echoes.1
    }

    /// Recognises a page that has rows without a key.
    fn trace(
        &mut self,
        counted: Counted,
        keep: Vec<bool>,
        digests: &[u64],
        keyless: impl Fn(&usize) -> bool,
        ask: Ask,
    ) -> Looked {
        let Counted { rows, repeated, without_key, .. } = counted;
        let fingerprint = of_rows(digests);
        let keyless: HashSet<u64> = (0..digests.len()).filter(keyless).map(|row| digests[row]).collect();
        let alike = without_key - keyless.len() as u64;
        let (same_as_last, shares_rows) = self.last.as_ref().map_or((false, false), |last| {
            (last.fingerprint == fingerprint, last.keyless.iter().any(|row| keyless.contains(row)))
        });
        let digest = (without_key + repeated == rows).then_some(fingerprint);
        let seen_before = digest.is_some_and(|digest| self.digests.contains(&digest));
        let keyless = if rows < ask.n_per_page { keyless } else { HashSet::new() };
        self.looked_at = Some((Trace { fingerprint, keyless, head: Vec::new() }, digest));
        let counted = Counted { seen_before, same_as_last, shares_rows, alike, ..counted };
        Looked { counted, keep, found_out: false }
    }

    /// Whether a row of a small page has the key of another small page's row, and is another one.
    fn compare_small(&mut self, page: &impl Rows, keys: &PageKeys, keep: &[bool], takes_in: bool) -> bool {
        if keep.len() > SMALL {
            return false;
        }
        let mut others = false;
        for (row, digest) in page.digests().enumerate() {
            let Some(key) = keys.get(row) else { continue };
            match self.small.get_mut(&key) {
                Some(rows) => others |= !keep[row] && !rows.contains(&digest),
                None if takes_in && keep[row] => drop(self.small.insert(key, vec![digest])),
                None => {}
            }
        }
        others
    }

    /// How many rows of the proof have the key of a row of the page and are others, and how many have such a key.
    fn compare_proof(&self, page: &impl Rows, keys: &PageKeys) -> (u64, u64) {
        let mut rows: HashMap<Compact, Vec<u64>> = HashMap::new();
        for (row, digest) in page.digests().enumerate() {
            if let Some(key) = keys.get(row) {
                rows.entry(key).or_default().push(digest);
            }
        }
        let on_page = || self.proof.iter().filter_map(|(key, digest)| Some((rows.get(key)?, digest)));
        (on_page().filter(|(rows, digest)| !rows.contains(digest)).count() as u64, on_page().count() as u64)
    }
}

/// The same for the same rows in whatever order.
fn of_rows(digests: &[u64]) -> u64 {
    digests.iter().copied().fold(0, u64::wrapping_add)
}
