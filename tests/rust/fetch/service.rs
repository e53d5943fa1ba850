//! A service as far as paging can tell: rows in a stable order that change while they are read, caps, strides,
//! and answers in any order. It yields instead of sleeping, so a schedule always gives the same run.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::{Arc, Mutex};

use converz::decode::Key;
use converz::error::{Error, ErrorKind, Result};
use converz::fetch::{Absence, Ask, Bounds, End, Gate, PageFailure, PageLoop, PageSource, Rows};
use converz::http::{Answer, Cost};
use proptest::prelude::*;
use tokio::task::yield_now;

/// Where page p begins when pages hold fewer rows than were asked for.
#[derive(Debug, Clone, Copy, Default)]
pub enum Stride {
    #[default]
    Cap,
    Request,
}

pub fn strides() -> impl Strategy<Value = Stride> {
    prop::sample::select(vec![Stride::Cap, Stride::Request])
}

/// What is answered beyond the last page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Beyond {
    #[default]
    Empty,
    Status(u16),
    Null,
    /// The last page once more.
    LastPage,
}

pub fn beyond() -> impl Strategy<Value = Beyond> {
    prop_oneof![
        3 => Just(Beyond::Empty),
        1 => prop::sample::select(vec![204, 400, 404, 410, 416, 422]).prop_map(Beyond::Status),
        1 => Just(Beyond::Null),
        1 => Just(Beyond::LastPage),
    ]
}

pub fn status(status: u16) -> Error {
    let kind = ErrorKind::Status { status, code: None, message: String::new(), retry_after: None };
    Error::new(kind, format!("the service answered {status}"))
}

/// How long a request waits before it is served and before it is answered.
#[derive(Debug, Clone, Copy)]
pub struct Turn {
    pub before: u8,
    pub after: u8,
}

/// What happens just before a request is served.
#[derive(Debug, Clone)]
pub enum Change {
    /// New rows at a place, as a fraction of 256.
    Insert {
        at: u8,
        count: usize,
    },
    Delete {
        at: u8,
        count: usize,
    },
}

#[derive(Debug, Clone, Default)]
pub struct Conduct {
    pub cap: Option<u64>,
    pub stride: Stride,
    /// Bytes of a page; a row has a few, and one row is always served.
    pub bytes: Option<u64>,
    /// Rows that are left out after paging, of 256.
    pub hidden: u8,
    /// Rows that are left out, side by side, and others.
    pub gap: Option<(u64, u64)>,
    /// These, too.
    pub left_out: Vec<u64>,
    pub beyond: Beyond,
    /// Rows of each key, one after the other.
    pub rows_a_key: Option<u64>,
    /// So many keys, over and over again.
    pub keys: Option<u64>,
    /// Every answer has something new in each row.
    pub stamps: bool,
    /// JSON that each page says it is.
    pub json: u64,
    /// Pages after the first are capped only.
    pub first_uncapped: bool,
    pub ignores_page: bool,
    /// Every so-many-th row has no key, beginning with the first.
    pub without_key: Option<u64>,
    pub fails: BTreeMap<u64, Error>,
    pub turns: Vec<Turn>,
    /// By request, in the order in which they are served.
    pub changes: BTreeMap<usize, Change>,
}

#[derive(Debug)]
pub struct Service {
    conduct: Conduct,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    rows: Vec<u64>,
    next_row: u64,
    asked: Vec<Ask>,
    in_flight: usize,
    most_in_flight: usize,
    served: usize,
    /// How many rows have ever been inserted or deleted.
    changed: usize,
    /// The rows that were there at every time so far since the first page was served.
    throughout: Vec<u64>,
}

impl Service {
    pub fn new(rows: usize, conduct: Conduct) -> Arc<Self> {
        let rows: Vec<u64> = (0..rows as u64).collect();
        let state = State { next_row: rows.len() as u64, rows, ..State::default() };
        Arc::new(Self { conduct, state: Mutex::new(state) })
    }

    pub fn asked(&self) -> Vec<Ask> {
        self.state.lock().unwrap().asked.clone()
    }

    pub fn most_in_flight(&self) -> usize {
        self.state.lock().unwrap().most_in_flight
    }

    pub fn changed(&self) -> usize {
        self.state.lock().unwrap().changed
    }

    pub fn throughout(&self) -> Vec<u64> {
        self.state.lock().unwrap().throughout.clone()
    }

    fn serve(&self, ask: Ask) -> Result<Vec<u64>, PageFailure> {
        let mut state = self.state.lock().unwrap();
        let state = &mut *state;
        let at = |place: u8, rows: usize| rows * usize::from(place) / 255;
        match self.conduct.changes.get(&state.served) {
            Some(Change::Insert { at: place, count }) => {
                let place = at(*place, state.rows.len());
                let new = state.next_row..state.next_row + *count as u64;
                state.next_row = new.end;
                state.rows.splice(place..place, new);
                state.changed += count;
            }
            Some(Change::Delete { at: place, count }) => {
                let place = at(*place, state.rows.len());
                let end = (place + count).min(state.rows.len());
                state.changed += end - place;
                state.rows.drain(place..end);
            }
            None => {}
        }
        if state.served == 0 {
            state.throughout.clone_from(&state.rows);
        } else if self.conduct.changes.contains_key(&state.served) {
            state.throughout.retain(|row| state.rows.contains(row));
        }
        state.served += 1;

        let conduct = &self.conduct;
        let cap = conduct.cap.filter(|_| !(conduct.first_uncapped && ask.page == 1));
        let ask = if conduct.ignores_page { Ask { page: 1, ..ask } } else { ask };
        let most = cap.map_or(ask.n_per_page, |cap| cap.min(ask.n_per_page)) as usize;
        let served = |start: usize| {
            let rows = state.rows.get(start..).unwrap_or_default();
            let fitting = conduct.bytes.map_or(rows.len(), |bytes| {
                let mut left = bytes;
                let fitting = rows.iter().take_while(|row| {
                    let size = size_of_row(**row);
                    let fits = size <= left;
                    left = left.saturating_sub(size);
                    fits
                });
                fitting.count().max(1)
            });
            start..start + rows.len().min(most).min(fitting)
        };
        let page = |number: u64| match (conduct.stride, conduct.bytes) {
            (Stride::Request, _) => served(((number - 1) * ask.n_per_page) as usize),
            (Stride::Cap, None) => served((number as usize - 1) * most),
            (Stride::Cap, Some(_)) => (1..number).fold(served(0), |page, _| served(page.end)),
        };
        let mut range = page(ask.page);
        if range.start >= state.rows.len() && ask.page > 1 {
            match conduct.beyond {
                Beyond::Empty => {}
                Beyond::Status(code) => return Err(status(code).into()),
                Beyond::Null => {
                    let error = Error::decode("null is no array");
                    return Err(PageFailure { error, absence: Some(Absence::Empty) });
                }
                Beyond::LastPage => {
                    // The number of the last page where each has as many rows, or else what is found.
                    let last = match (conduct.stride, conduct.bytes) {
                        (Stride::Request, _) => state.rows.len().div_ceil(ask.n_per_page as usize) as u64,
                        (Stride::Cap, None) => state.rows.len().div_ceil(most) as u64,
                        (Stride::Cap, Some(_)) => ask.page - 1,
                    };
                    range = (1..=last).rev().map(page).find(|page| !page.is_empty()).unwrap_or(0..0);
                }
            }
        }
        let rows = state.rows.get(range).unwrap_or_default();
        Ok(rows.iter().copied().filter(|row| !self.is_hidden(*row)).collect())
    }

    pub fn is_hidden(&self, row: u64) -> bool {
        let Conduct { hidden, gap, left_out, .. } = &self.conduct;
        hash(row) % 256 < u64::from(*hidden)
            || gap.is_some_and(|(start, end)| (start..end).contains(&row))
            || left_out.contains(&row)
    }

    /// The rows that a reader can know of.
    pub fn visible(&self) -> Vec<u64> {
        let rows = self.state.lock().unwrap().rows.clone();
        rows.into_iter().filter(|row| !self.is_hidden(*row)).collect()
    }
}

fn hash(row: u64) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(row)
}

fn size_of_row(row: u64) -> u64 {
    1 + hash(row) % 16
}

pub struct Served(pub Arc<Service>);

impl PageSource for Served {
    type Page = ServedPage;

    async fn page(&self, ask: Ask) -> Result<Answer<ServedPage>, PageFailure> {
        let service = &self.0;
        let turn = {
            let mut state = service.state.lock().unwrap();
            let turns = &service.conduct.turns;
            let turn = turns.get(state.asked.len() % turns.len().max(1)).copied();
            state.asked.push(ask);
            state.in_flight += 1;
            state.most_in_flight = state.most_in_flight.max(state.in_flight);
            turn.unwrap_or(Turn { before: 0, after: 0 })
        };
        for _ in 0..turn.before {
            yield_now().await;
        }
        let rows = service.serve(ask);
        for _ in 0..turn.after {
            yield_now().await;
        }
        service.state.lock().unwrap().in_flight -= 1;
        if let Some(error) = service.conduct.fails.get(&ask.page) {
            return Err(error.clone().into());
        }
        let Conduct { without_key, rows_a_key, keys, stamps, .. } = service.conduct;
        let stamp = if stamps { service.asked().len() as u64 } else { 0 };
        let page = ServedPage { rows: rows?, without_key, rows_a_key, keys, stamp };
        Ok(Answer {
            output: page,
            cost: Cost { attempts: 1, bytes_received: 1, bytes_decoded: service.conduct.json },
        })
    }
}

#[derive(Debug, Clone)]
pub struct ServedPage {
    pub rows: Vec<u64>,
    without_key: Option<u64>,
    rows_a_key: Option<u64>,
    keys: Option<u64>,
    stamp: u64,
}

impl Rows for ServedPage {
    fn num_rows(&self) -> usize {
        self.rows.len()
    }

    fn keys(&self) -> impl Iterator<Item = Option<Key>> {
        self.rows.iter().map(|row| {
            (!self.without_key.is_some_and(|every| row.is_multiple_of(every))).then(|| {
                Key::Integer((*row / self.rows_a_key.unwrap_or(1) % self.keys.unwrap_or(u64::MAX)).into())
            })
        })
    }

    fn digests(&self) -> impl Iterator<Item = u64> {
        self.rows.iter().map(|row| hash(*row ^ self.stamp << 40))
    }

    fn filter(mut self, keep: &[bool]) -> Self {
        assert_eq!(keep.len(), self.rows.len());
        let mut keep = keep.iter();
        self.rows.retain(|_| *keep.next().unwrap());
        self
    }
}

/// What a read gave.
#[derive(Debug)]
pub struct Outcome {
    pub rows: Vec<u64>,
    pub repeated: u64,
    pub grew: bool,
    pub answered: usize,
    pub end: Option<End>,
    pub keys_identify: bool,
}

pub fn bounds(limit: Option<u64>, page_size: u64, in_flight: usize) -> Bounds {
    Bounds { limit, page_size, in_flight, ahead: 2 * in_flight, trust_short: false }
}

pub fn read(service: &Arc<Service>, bounds: Bounds) -> Result<Outcome> {
    read_with(service, bounds, None)
}

pub fn read_with(service: &Arc<Service>, bounds: Bounds, gate: Option<Gate>) -> Result<Outcome> {
    block_on(async {
        let mut pages = PageLoop::new(Served(Arc::clone(service)), bounds, gate);
        let (mut settled, mut answered) = (Vec::new(), 0);
        while let Some(page) = pages.next().await? {
            settled.push((page.page, page.keep));
            answered += pages.take_costs().len();
        }
        answered += pages.take_costs().len();
        let (planner, keys_identify) = (pages.planner(), pages.keys_identify());
        let rows = settled.into_iter().flat_map(|(page, keep)| match keep.filter(|_| keys_identify) {
            Some(keep) => page.filter(&keep).rows,
            None => page.rows,
        });
        let mut rows: Vec<u64> = rows.collect();
        rows.truncate(bounds.limit.map_or(usize::MAX, |limit| limit as usize));
        assert_eq!(planner.rows(), rows.len() as u64);
        let (repeated, grew, end) = (planner.repeated_keys(), planner.grew(), planner.end());
        Ok(Outcome { rows, repeated, grew, answered, end, keys_identify })
    })
}

pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Served at once, answered in any order.
pub fn served_in_order() -> impl Strategy<Value = Vec<Turn>> {
    prop::collection::vec((0..12_u8).prop_map(|after| Turn { before: 0, after }), 1..16)
}

/// Served and answered in any order.
pub fn served_in_any_order() -> impl Strategy<Value = Vec<Turn>> {
    prop::collection::vec((0..12_u8, 0..12_u8).prop_map(|(before, after)| Turn { before, after }), 1..16)
}
