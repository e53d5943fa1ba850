//! A server that plays a script for every request: exact bytes, closings and stalls.

use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Notify;

use super::clock::StoppedClock;

/// What a script does, one step after the other. A script that does not end with a closing keeps the
/// connection for the next request.
#[derive(Debug, Clone)]
pub enum Step {
    Send(Vec<u8>),
    /// Lets the client's sleep of that length pass, again and again until it closes the connection.
    Stall(Duration),
    /// Once the client waits for so long, lets a part of that pass.
    Pause {
        until: Duration,
        pass: Duration,
    },
    /// Waits until the client closes the connection.
    Hold,
    /// Lets sleeps of that length pass so many times, without looking at the connection.
    Expire {
        time: Duration,
        times: usize,
    },
    /// Does nothing for ever.
    Hang,
    Close,
    /// Refuses further connections.
    Stop,
    /// Closes with a TCP reset.
    Reset,
}

/// How a script reads the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reading {
    #[default]
    Whole,
    /// Only the head: the body stays where it is.
    Head,
    /// Time passes for each so many bytes of the body.
    Slowly { bytes: usize, pass: Duration },
    /// Nothing at all.
    Nothing,
}

#[derive(Debug, Clone, Default)]
pub struct Script {
    pub reading: Reading,
    pub steps: Vec<Step>,
}

impl From<Vec<Step>> for Script {
    fn from(steps: Vec<Step>) -> Self {
        Self { reading: Reading::Whole, steps }
    }
}

/// A request as it arrived.
#[derive(Debug, Clone, Default)]
pub struct Received {
    pub head: String,
    pub body: Vec<u8>,
}

impl Received {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

#[derive(Debug, Clone)]
pub struct Server {
    pub url: String,
    shared: Arc<Shared>,
    stopped: Arc<Notify>,
}

/// Makes the script for a request.
type Answering = Box<dyn Fn(&Received) -> Script + Send + Sync>;

struct Shared {
    clock: StoppedClock,
    scripts: Mutex<Vec<Script>>,
    answering: Option<Answering>,
    open: AtomicUsize,
    received: Mutex<Vec<Received>>,
    stop: Notify,
    connections: AtomicUsize,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("received", &self.received).finish_non_exhaustive()
    }
}

impl Server {
    /// Plays the scripts in order; requests beyond them are closed without an answer.
    pub fn start(clock: &StoppedClock, scripts: impl IntoIterator<Item = Script>) -> Self {
        let mut scripts: Vec<Script> = scripts.into_iter().collect();
        let socket = TcpSocket::new_v4().unwrap();
        if scripts.iter().any(|script| matches!(script.reading, Reading::Slowly { .. })) {
            // What the kernel takes for the server in advance takes no time.
            socket.set_recv_buffer_size(64 << 10).unwrap();
        }
        scripts.reverse();
        Self::serve(clock, socket, scripts, None)
    }

    /// Plays the script that is made for a request, for requests that come in any order.
    pub fn answering(
        clock: &StoppedClock,
        answering: impl Fn(&Received) -> Script + Send + Sync + 'static,
    ) -> Self {
        Self::serve(clock, TcpSocket::new_v4().unwrap(), Vec::new(), Some(Box::new(answering)))
    }

    fn serve(
        clock: &StoppedClock,
        socket: TcpSocket,
        scripts: Vec<Script>,
        answering: Option<Answering>,
    ) -> Self {
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(64).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            clock: clock.clone(),
            scripts: Mutex::new(scripts),
            answering,
            open: AtomicUsize::new(0),
            received: Mutex::default(),
            stop: Notify::new(),
            connections: AtomicUsize::new(0),
        });
        let server = Self { url, shared, stopped: Arc::default() };
        let accepting = server.clone();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = accepting.shared.stop.notified() => break,
                    Ok((stream, _)) = listener.accept() => {
                        let shared = Arc::clone(&accepting.shared);
                        shared.connections.fetch_add(1, Ordering::Relaxed);
                        shared.open.fetch_add(1, Ordering::Relaxed);
                        tokio::spawn(async move {
                            shared.serve(stream).await;
                            shared.open.fetch_sub(1, Ordering::Relaxed);
                        });
                    }
                }
            }
            drop(listener);
            accepting.stopped.notify_one();
        });
        server
    }

    /// Refuses further connections.
    pub async fn stop(&self) {
        self.shared.stop.notify_one();
        self.stopped.notified().await;
    }

    /// The requests so far, those included that were read in part.
    pub fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap().clone()
    }

    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }

    pub fn requests(&self) -> usize {
        self.shared.received.lock().unwrap().len()
    }

    /// Connections that neither side has closed.
    pub fn open_connections(&self) -> usize {
        self.shared.open.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn next(&self) -> Option<Script> {
        self.scripts.lock().unwrap().pop()
    }

    async fn serve(&self, mut stream: TcpStream) {
        loop {
            if self.scripts.lock().unwrap().last().is_some_and(|script| script.reading == Reading::Nothing) {
                let script = self.next().unwrap_or_default();
                self.received.lock().unwrap().push(Received::default());
                if !self.play(&mut stream, script).await {
                    return;
                }
                continue;
            }
            let Some((head, rest)) = read_head(&mut stream).await else { return };
            let mut request = Received { head, body: rest };
            let script = match &self.answering {
                Some(answering) => Some(answering(&request)),
                None => self.next(),
            };
            let Some(script) = script else { return };
            self.received.lock().unwrap().push(request.clone());
            let index = self.received.lock().unwrap().len() - 1;
            if script.reading != Reading::Head {
                self.read_body(&mut stream, &mut request, script.reading).await;
                self.received.lock().unwrap()[index] = request;
            }
            if !self.play(&mut stream, script).await {
                return;
            }
        }
    }

    async fn read_body<S: AsyncRead + Unpin>(
        &self,
        stream: &mut S,
        request: &mut Received,
        reading: Reading,
    ) {
        let length: usize = request.header("content-length").map_or(0, |length| length.parse().unwrap());
        let mut buffer = vec![0; 16 << 10];
        let mut since = 0;
        while request.body.len() < length {
            let size = stream.read(&mut buffer).await.unwrap_or(0);
            if size == 0 {
                return;
            }
            request.body.extend_from_slice(&buffer[..size]);
            since += size;
            if let Reading::Slowly { bytes, pass } = reading
                && since >= bytes
            {
                since = 0;
                self.clock.advance(pass);
            }
        }
    }

    /// Whether the connection can be used again.
    async fn play(&self, stream: &mut TcpStream, script: Script) -> bool {
        for step in script.steps {
            match step {
                Step::Send(bytes) => {
                    if stream.write_all(&bytes).await.is_err() {
                        return false;
                    }
                }
                Step::Stall(time) => {
                    loop {
                        self.clock.expire(time).await;
                        // Every other task has its turns before more time passes.
                        for _ in 0..100 {
                            tokio::task::yield_now().await;
                            if is_closed(stream) {
                                return false;
                            }
                        }
                    }
                }
                Step::Pause { until, pass } => {
                    self.clock.asleep_for(until).await;
                    self.clock.advance(pass);
                }
                Step::Hold => {
                    while stream.readable().await.is_ok() && !is_closed(stream) {}
                    return false;
                }
                Step::Expire { time, times } => {
                    for _ in 0..times {
                        self.clock.expire(time).await;
                    }
                }
                Step::Hang => std::future::pending().await,
                Step::Close => return false,
                Step::Stop => {
                    self.stop.notify_one();
                    for _ in 0..100 {
                        tokio::task::yield_now().await;
                    }
                }
                Step::Reset => {
                    // What is unread or lingers makes the kernel send a reset.
                    stream.set_zero_linger().unwrap();
                    return false;
                }
            }
        }
        true
    }
}

/// Whether the client has closed the connection; what it sent before is thrown away.
fn is_closed(stream: &TcpStream) -> bool {
    let mut buffer = [0; 1024];
    match stream.try_read(&mut buffer) {
        Ok(size) => size == 0,
        Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
    }
}

async fn read_head<S: AsyncRead + Unpin>(stream: &mut S) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        let size = stream.read_buf(&mut bytes).await.ok()?;
        if size == 0 {
            return None;
        }
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let rest = bytes.split_off(end + 4);
            return Some((String::from_utf8(bytes).unwrap(), rest));
        }
    }
}

/// An answer with a `Content-Length`.
pub fn answer(status: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut bytes = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n", body.len()).into_bytes();
    for header in headers {
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    bytes
}

pub fn ok(body: impl AsRef<[u8]>) -> Script {
    vec![Step::Send(answer("200 OK", &["Content-Type: application/json"], body))].into()
}

pub fn status(status: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Script {
    vec![Step::Send(answer(status, headers, body))].into()
}

pub fn send(bytes: impl AsRef<[u8]>) -> Step {
    Step::Send(bytes.as_ref().to_vec())
}

/// Runs a test on one thread, with the network looked at between any two tasks.
pub fn run<F: Future>(test: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().event_interval(1).build();
    let runtime = Abandoned(Some(runtime.unwrap()));
    // Only a test that hangs comes to its end.
    let test = async { tokio::time::timeout(Duration::from_secs(60), test).await };
    runtime.0.as_ref().unwrap().block_on(test).expect("the test hangs")
}

/// A runtime that waits for none of its threads, so that a failure is seen at once.
struct Abandoned(Option<tokio::runtime::Runtime>);

impl Drop for Abandoned {
    fn drop(&mut self) {
        self.0.take().unwrap().shutdown_background();
    }
}
