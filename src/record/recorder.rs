//! Answers questions: from what was recorded, or by asking the service and keeping what it says.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc::channel;
use tokio::sync::{oneshot, watch};

use super::file;
use super::headers::kept;
use super::names::Names;
use super::nearest::nearest;
use super::pseudonym::Pseudonyms;
use super::question::Question;
use super::reply::{Cut, Pieces, QUEUE, Reply, recorded, refused, reply};
use super::rules::Rules;
use super::tape::{Asked, Asking, Body, Exchange, MOST_EXCHANGES, Tape, too_large};
use super::through::{Kept, Through};
use crate::error::{Error, ErrorKind, Result};
use crate::http::Http;

/// What is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record {
    /// Everything if there is no file yet, or else nothing.
    Once,
    /// Nothing.
    None,
    /// What the file does not have.
    New,
    /// Everything anew.
    All,
}

impl Record {
    /// Whether the service may be asked.
    pub fn asks(self, path: &Path) -> bool {
        match self {
            Self::Once => !file::exists(path),
            Self::None => false,
            Self::New | Self::All => true,
        }
    }
}

/// How a recording is opened.
#[derive(Debug)]
pub struct Options {
    pub path: PathBuf,
    pub record: Record,
    /// What names are made with; a random one if it is left out.
    pub secret: Option<String>,
    /// For what is recorded. What was recorded has its own.
    pub rules: Rules,
    /// How the client asks that is recorded.
    pub asking: Option<Asking>,
}

/// A recording in use.
#[derive(Debug)]
pub struct Recorder {
    path: PathBuf,
    names: Names,
    /// Where to ask, if anything is recorded.
    service: Option<Http>,
    tape: Tape,
    by_request: HashMap<Asked, Vec<usize>>,
    state: Mutex<State>,
    /// How many answers are under way.
    under_way: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct State {
    /// How often each request was answered from the file.
    answered: HashMap<Asked, usize>,
    /// What is new, in the order in which it was asked; none where the answer is not there.
    new: Vec<Option<Exchange>>,
    /// Why it cannot be kept.
    failure: Option<Error>,
}

impl Recorder {
    /// Reads what there is.
    ///
    /// # Errors
    /// A file that is missing where nothing may be recorded, is damaged, or was made with another secret or other rules than
    /// what is to be added.
    pub fn open(options: Options, service: Option<Http>) -> Result<Self> {
        let Options { path, record, secret, rules, asking } = options;
        let asks = record.asks(&path);
        let reads = if asks { record == Record::New && file::exists(&path) } else { true };
        let refused = |what: String| Error::new(ErrorKind::Recording, what);
        if !asks && !file::exists(&path) {
            return Err(refused(format!(
                "there is no recording {}, and nothing may be recorded: check the path, or record it with \"new\" or \"all\"",
                path.display()
            )));
        }
        let tape = if reads {
            file::read(&path)?
        } else {
            Tape { rules, asking: asking.unwrap_or_default(), ..Tape::default() }
        };
        let anonymised = tape.rules.anonymised;
        let given = secret.filter(|_| anonymised).map(|secret| Pseudonyms::new(&secret)).transpose()?;
        let pseudonyms = if !anonymised {
            None
        } else if !reads {
            Some(match given {
                Some(given) => given,
                None => Pseudonyms::of_chance()?,
            })
        } else {
            given.filter(|names| Some(names.check()) == tape.check)
        };
        if asks && reads && anonymised && pseudonyms.is_none() {
            return Err(refused(format!(
                "the secret of the recording {} is not known here, and without it nothing can be added: pass secret=, set \
                 CONVERZ_RECORDING_SECRET, or record everything anew with \"all\"",
                path.display()
            )));
        }
        let names = Names::new(tape.rules.clone(), pseudonyms);
        let by_request = tape.by_request();
        let service = service.filter(|_| asks);
        Ok(Self {
            path,
            names,
            service,
            tape,
            by_request,
            state: Mutex::default(),
            under_way: watch::Sender::new(0),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rules that are in force.
    pub fn rules(&self) -> &Rules {
        &self.names.rules
    }

    /// How whatever was recorded was asked for.
    pub fn asking(&self) -> &Asking {
        &self.tape.asking
    }

    /// Answers a question.
    pub async fn answer(self: Arc<Self>, question: Question) -> Reply {
        match self.answer_or_refuse(question).await {
            Ok(reply) => reply,
            Err(error) => refused(error.message()),
        }
    }

    async fn answer_or_refuse(self: Arc<Self>, question: Question) -> Result<Reply> {
        // Large updates take their time to be compressed.
        let recorder = Arc::clone(&self);
        let (question, found) = crate::resources::begin(move || {
            let found = question.asked(&recorder.names);
            (question, found)
        })
        .await?;
        let (asked, sent) = found?;
        if let Some(exchange) = self.recorded(&asked) {
            return Ok(recorded(exchange));
        }
        if self.service.is_none() {
            return Err(self.not_recorded(&question, &asked));
        }
        let request = question.sent(&self.names)?;
        let slot = {
            let mut state = self.state();
            if state.new.len() + self.tape.exchanges.len() >= MOST_EXCHANGES {
                return Err(too_large());
            }
            state.new.push(None);
            state.new.len() - 1
        };
        let (head, headed) = oneshot::channel();
        self.under_way.send_modify(|count| *count += 1);
        // Of its own, so that what was asked is recorded although whoever asked has gone.
        tokio::spawn(async move {
            let _over = Over(&self.under_way);
            self.ask(&request, asked, sent, slot, head).await;
        });
        headed.await.map_err(|_| Error::internal("nothing came of a request"))?
    }

    /// The answer whose turn it is: those of the same request come in their order, and the last one again and again.
    fn recorded(&self, asked: &Asked) -> Option<&Exchange> {
        let indices = self.by_request.get(asked)?;
        let mut state = self.state();
        let turn = state.answered.entry(asked.clone()).or_default();
        let index = indices.get(*turn).or(indices.last())?;
        *turn += 1;
        self.tape.exchanges.get(*index)
    }

    fn not_recorded(&self, question: &Question, asked: &Asked) -> Error {
        let shown: String = if question.needs_secret(&self.names) {
            asked.request.split('?').next().unwrap_or_default().to_owned()
        } else {
            asked.request.chars().take(300).collect()
        };
        let mut message = format!("{shown} was not recorded in {}", self.path.display());
        match nearest(&self.tape, asked, question.needs_secret(&self.names)) {
            Some(nearest) => message = format!("{message}; {nearest}"),
            None => message.push_str(", which is empty"),
        }
        if question.needs_secret(&self.names) {
            message.push_str(
                ". Values that name somebody are found only with the secret of the recording: pass secret=, or set \
                 CONVERZ_RECORDING_SECRET",
            );
        }
        message.push_str(". What is missing is recorded with \"new\", everything with \"all\"");
        Error::new(ErrorKind::Recording, message)
    }

    /// Asks the service, and keeps what it answers.
    async fn ask(
        &self,
        request: &crate::http::Request,
        asked: Asked,
        sent: Option<Body>,
        slot: usize,
        head: oneshot::Sender<Result<Reply>>,
    ) {
        let Some(service) = &self.service else { return };
        let (sender, receiver) = channel(QUEUE);
        let head = Mutex::new(Some((head, receiver)));
        let take_head = || head.lock().unwrap_or_else(PoisonError::into_inner).take();
        let said = Mutex::new(None);
        let kept_body = Kept::default();
        let new_sink = |status: u16, headers: &http::HeaderMap| {
            let headers = kept(headers, &self.names);
            if let Some((head, receiver)) = take_head() {
                // Whoever asked may have gone.
                let _ = head.send(Ok(reply(status, &headers, Pieces::new(receiver, None))));
            }
            *said.lock().unwrap_or_else(PoisonError::into_inner) = Some((status, headers));
            let rewriter = self.names.rules.anonymised.then(|| self.names.of_answer(status));
            Through::new(rewriter, kept_body.clone(), sender.clone())
        };
        let result = service.forward(request, new_sink).await;
        let body = kept_body.take();
        let said = said.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (said, &result) {
            (Some((status, headers)), _) => {
                let cut = result.is_err();
                let exchange = body.map(|received| Exchange {
                    request: asked.request,
                    sent,
                    status,
                    headers,
                    received,
                    cut,
                });
                {
                    let mut state = self.state();
                    match exchange {
                        Ok(exchange) => state.new[slot] = Some(exchange),
                        Err(error) => state.failure = Some(error),
                    }
                    if let Err(error) = &result
                        && matches!(error.kind(), ErrorKind::Recording)
                    {
                        state.failure = Some(error.clone());
                    }
                }
                if cut {
                    let _ = sender.send(Err(Cut)).await;
                }
            }
            (None, Err(error)) => {
                if let Some((head, _)) = take_head() {
                    let message = format!("the service could not be asked: {}", error.message());
                    let _ = head.send(Err(Error::new(ErrorKind::Recording, message)));
                }
            }
            (None, Ok(())) => {}
        }
    }

    /// Waits for what is under way, and writes what is new.
    ///
    /// # Errors
    /// What cannot be kept or written.
    pub async fn save(self: Arc<Self>) -> Result<()> {
        let mut under_way = self.under_way.subscribe();
        // The sender is this object's own.
        let _ = under_way.wait_for(|count| *count == 0).await;
        crate::resources::begin(move || self.write()).await?
    }

    fn write(&self) -> Result<()> {
        let Some(service) = &self.service else { return Ok(()) };
        let (new, failure) = {
            let mut state = self.state();
            (std::mem::take(&mut state.new), state.failure.take())
        };
        if let Some(failure) = failure {
            return Err(failure);
        }
        let new: Vec<_> = new.into_iter().flatten().collect();
        if new.is_empty() && !self.tape.exchanges.is_empty() {
            return Ok(());
        }
        let exchanges: Vec<_> = self.tape.exchanges.iter().cloned().chain(new).collect();
        for (index, exchange) in exchanges.iter().enumerate() {
            if has_key(exchange, service) {
                return Err(Error::new(
                    ErrorKind::Recording,
                    format!(
                        "the service answers request {} with the key, so nothing was recorded",
                        index + 1
                    ),
                ));
            }
        }
        let tape = Tape {
            rules: Rules::clone(&self.names.rules),
            asking: self.tape.asking.clone(),
            check: self.names.check(),
            exchanges,
        };
        file::write(&self.path, &tape)
    }
}

/// Counts an answer that is over.
struct Over<'a>(&'a watch::Sender<usize>);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}

fn has_key(exchange: &Exchange, service: &Http) -> bool {
    let texts = exchange.headers.iter().map(|(_, value)| value.as_str()).chain([exchange.request.as_str()]);
    let bodies = exchange.sent.iter().chain([&exchange.received]);
    texts.into_iter().any(|text| service.has_key(text.as_bytes()))
        || bodies.into_iter().any(|body| body.bytes().is_none_or(|bytes| service.has_key(&bytes)))
}
