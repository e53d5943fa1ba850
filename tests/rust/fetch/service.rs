//! A service as far as paging can tell: rows in a stable order that change while they are read, caps, strides,
//! and answers in any order. It yields instead of sleeping, so a schedule always gives the same run.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::{Arc, Mutex};

use converz::decode::Key;
use converz::error::{Error, Result};
use converz::fetch::{Ask, Bounds, PageLoop, PageSource, Rows};
use converz::http::{Answer, Cost};
use proptest::prelude::*;
use tokio::sync::Semaphore;
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

    fn serve(&self, ask: Ask) -> Vec<u64> {
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

        let cap = self.conduct.cap.filter(|_| !(self.conduct.first_uncapped && ask.page == 1));
        let size = cap.map_or(ask.n_per_page, |cap| cap.min(ask.n_per_page));
        let stride = match self.conduct.stride {
            Stride::Cap => size,
            Stride::Request => ask.n_per_page,
        };
        let page = if self.conduct.ignores_page { 1 } else { ask.page };
        let start = ((page - 1) * stride) as usize;
        state.rows.iter().skip(start).take(size as usize).copied().collect()
    }
}

pub struct Served(pub Arc<Service>);

impl PageSource for Served {
    type Page = ServedPage;

    async fn page(&self, ask: Ask) -> Result<Answer<ServedPage>> {
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
            return Err(error.clone());
        }
        let page = ServedPage { rows, without_key: service.conduct.without_key };
        Ok(Answer { output: page, cost: Cost { attempts: 1, bytes_received: 1, bytes_decoded: 2 } })
    }
}

#[derive(Debug)]
pub struct ServedPage {
    pub rows: Vec<u64>,
    without_key: Option<u64>,
}

impl Rows for ServedPage {
    fn num_rows(&self) -> usize {
        self.rows.len()
    }

    fn keys(&self) -> impl Iterator<Item = Option<Key>> {
        self.rows.iter().map(|row| {
            (!self.without_key.is_some_and(|every| row.is_multiple_of(every)))
                .then(|| Key::Integer((*row).into()))
        })
    }

    fn digest(&self) -> u64 {
        let hasher = BuildHasherDefault::<DefaultHasher>::default();
        self.rows.iter().fold(0_u64, |digest, row| digest.wrapping_add(hasher.hash_one(row)))
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
}

pub fn bounds(limit: Option<u64>, page_size: u64, in_flight: usize) -> Bounds {
    Bounds { limit, page_size, in_flight, ahead: 2 * in_flight }
}

pub fn read(service: &Arc<Service>, bounds: Bounds) -> Result<Outcome> {
    read_with(service, bounds, None)
}

pub fn read_with(service: &Arc<Service>, bounds: Bounds, gate: Option<Arc<Semaphore>>) -> Result<Outcome> {
    block_on(async {
        let mut pages = PageLoop::new(Served(Arc::clone(service)), bounds, gate);
        let (mut rows, mut answered) = (Vec::new(), 0);
        while let Some(settled) = pages.next().await? {
            rows.extend(settled.page.rows);
            answered += pages.take_costs().len();
        }
        answered += pages.take_costs().len();
        let planner = pages.planner();
        assert_eq!(planner.rows(), rows.len() as u64);
        Ok(Outcome { repeated: planner.repeated_keys(), grew: planner.grew(), rows, answered })
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
