//! The same over HTTP/2, where requests share a connection and cuts look otherwise.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use converz::error::{ErrorKind, Result};
use converz::http::{BodySink, RetryBudget};
use converz::settings::Settings;
use h2::{Reason, RecvStream, SendStream, server::SendResponse};
use http::Response;
use proptest::prelude::*;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::authority::Authority;
use super::client::{Client, Collect, calls, settings};
use super::clock::StoppedClock;
use super::compress::gzip;
use super::server::run;

#[derive(Debug, Clone)]
enum Script {
    Answer(&'static str, Bytes),
    /// That much of the body in per cent, then a reset of the stream; after all of it there is no end of it either.
    Cut(Bytes, usize, Reason),
    /// That much of the body in per cent, then a regular end.
    Short(&'static str, Bytes, usize),
    /// The same with the length of all of it told before.
    Promised(Bytes, usize),
    /// That much of the body in per cent, then the connection is gone.
    Gone(Bytes, usize),
    Refuse,
    /// Ends the whole connection without an answer.
    Close,
    /// Half of the body, then nothing.
    Stall(Bytes),
    /// Takes the body slowly: so much time for each mebibyte.
    Slowly(Duration),
}

struct Server {
    authority: Authority,
    url: String,
    clock: StoppedClock,
    scripts: Mutex<Vec<Script>>,
    bodies: Mutex<Vec<Bytes>>,
    connections: Mutex<usize>,
    /// The connection is to go now.
    gone: tokio::sync::Notify,
}

impl Server {
    async fn start(clock: &StoppedClock, scripts: impl IntoIterator<Item = Script>) -> Arc<Self> {
        let authority = Authority::new();
        let mut config = authority.certificate(&["127.0.0.1"], |_| {});
        config.alpn_protocols = vec![b"h2".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut scripts: Vec<Script> = scripts.into_iter().collect();
        scripts.reverse();
        let server = Arc::new(Self {
            authority,
            url: format!("https://{}", listener.local_addr().unwrap()),
            clock: clock.clone(),
            scripts: Mutex::new(scripts),
            bodies: Mutex::default(),
            connections: Mutex::default(),
            gone: tokio::sync::Notify::new(),
        });
        let accepting = Arc::clone(&server);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).unwrap();
                *accepting.connections.lock().unwrap() += 1;
                let (server, acceptor) = (Arc::clone(&accepting), acceptor.clone());
                tokio::spawn(async move {
                    let stream = acceptor.accept(stream).await.unwrap();
                    let mut connection = h2::server::handshake(stream).await.unwrap();
                    loop {
                        let accepted = tokio::select! {
                            accepted = connection.accept() => accepted,
                            () = server.gone.notified() => return,
                        };
                        let Some(Ok((request, respond))) = accepted else { return };
                        let script = server.scripts.lock().unwrap().pop().unwrap();
                        if matches!(script, Script::Close) {
                            return;
                        }
                        let server = Arc::clone(&server);
                        tokio::spawn(async move { server.play(script, request.into_body(), respond).await });
                    }
                });
            }
        });
        server
    }

    fn settings(&self) -> Settings {
        let mut settings = settings(&self.url);
        settings.ca_file = Some(self.authority.file());
        settings
    }

    fn client(&self) -> Client {
        Client::new(&self.clock, self.settings())
    }

    async fn play(&self, script: Script, mut body: RecvStream, mut respond: SendResponse<Bytes>) {
        let pass = if let Script::Slowly(pass) = script { pass } else { Duration::ZERO };
        let (mut received, mut since) = (Vec::new(), 0);
        while let Some(Ok(chunk)) = body.data().await {
            received.extend_from_slice(&chunk);
            body.flow_control().release_capacity(chunk.len()).unwrap();
            since += chunk.len();
            if since >= 1 << 20 {
                since = 0;
                self.clock.advance(pass);
            }
        }
        self.bodies.lock().unwrap().push(received.into());
        let head = |encoding| Response::builder().header("content-encoding", encoding).body(()).unwrap();
        match script {
            Script::Answer(encoding, body) => {
                let mut stream = respond.send_response(head(encoding), false).unwrap();
                write(&mut stream, body).await;
                let _ = stream.send_data(Bytes::new(), true);
            }
            Script::Cut(body, percent, reason) => {
                let mut stream = respond.send_response(head("identity"), false).unwrap();
                write(&mut stream, body.slice(..body.len() * percent / 100)).await;
                // A reset overtakes what is still to be sent.
                for _ in 0..100 {
                    tokio::task::yield_now().await;
                }
                stream.send_reset(reason);
            }
            Script::Short(encoding, body, percent) => {
                let mut stream = respond.send_response(head(encoding), false).unwrap();
                write(&mut stream, body.slice(..body.len() * percent / 100)).await;
                let _ = stream.send_data(Bytes::new(), true);
            }
            Script::Promised(body, percent) => {
                let head = Response::builder().header("content-length", body.len()).body(()).unwrap();
                let mut stream = respond.send_response(head, false).unwrap();
                write(&mut stream, body.slice(..body.len() * percent / 100)).await;
                let _ = stream.send_data(Bytes::new(), true);
            }
            Script::Gone(body, percent) => {
                let mut stream = respond.send_response(head("identity"), false).unwrap();
                write(&mut stream, body.slice(..body.len() * percent / 100)).await;
                for _ in 0..100 {
                    tokio::task::yield_now().await;
                }
                self.gone.notify_one();
                std::future::pending::<()>().await;
            }
            Script::Stall(body) => {
                let mut stream = respond.send_response(head("identity"), false).unwrap();
                write(&mut stream, body.slice(..body.len() / 2)).await;
                self.clock.expire(Duration::from_secs(60)).await;
                std::future::poll_fn(|context| stream.poll_reset(context)).await.unwrap();
            }
            Script::Refuse => respond.send_reset(Reason::REFUSED_STREAM),
            Script::Slowly(_) => drop(respond.send_response(Response::new(()), true)),
            Script::Close => {}
        }
    }
}

/// Sends a body as fast as its reader takes it.
async fn write(stream: &mut SendStream<Bytes>, mut body: Bytes) {
    while !body.is_empty() {
        stream.reserve_capacity(body.len());
        let Some(Ok(size)) = std::future::poll_fn(|context| stream.poll_capacity(context)).await else {
            return;
        };
        stream.send_data(body.split_to(size.min(body.len())), false).unwrap();
    }
}

fn array(size: usize) -> Bytes {
    format!("[{}1]", "1234567,".repeat(size / 8)).into()
}

#[test]
fn bodies_arrive_whole_over_one_connection() {
    run(async {
        let clock = StoppedClock::new();
        let body = array(9_000_000);
        let packed = Bytes::from(gzip(&body));
        let scripts = [
            Script::Answer("identity", body.clone()),
            Script::Answer("gzip", packed),
            Script::Answer("identity", Bytes::from_static(b"[1]")),
            Script::Answer("identity", Bytes::new()),
        ];
        let server = Server::start(&clock, scripts).await;
        let client = server.client();
        let budget = RetryBudget::single(&client.settings);
        for expected in [&body, &body, &Bytes::from_static(b"[1]")] {
            let answer = client.http.read(&calls(), &budget, Collect::default).await.unwrap();
            assert!(answer.output.as_bytes() == expected);
        }
        client.send("[2]").await.unwrap();
        assert_eq!(server.bodies.lock().unwrap()[3], "[2]");
        assert_eq!(*server.connections.lock().unwrap(), 1);
    });
}

#[test]
fn what_may_pass_is_tried_again() {
    run(async {
        let body = array(100_000);
        let resets = [Reason::INTERNAL_ERROR, Reason::NO_ERROR, Reason::CANCEL, Reason::PROTOCOL_ERROR];
        let cuts = resets
            .into_iter()
            .flat_map(|reason| [0, 50, 100].map(|percent| Script::Cut(body.clone(), percent, reason)));
        for fault in cuts.chain([Script::Refuse, Script::Close, Script::Stall(body.clone())]) {
            let clock = StoppedClock::new();
            let good = || Script::Answer("identity", body.clone());
            let server = Server::start(&clock, [fault.clone(), good(), fault.clone(), good()]).await;
            let client = server.client();
            assert!(client.read().await.unwrap().as_bytes() == body, "{fault:?}");
            assert_eq!(client.failures().len(), 1, "{:?}", client.failures());
            client.send("[2]").await.unwrap();
            assert_eq!(server.bodies.lock().unwrap().last().unwrap(), "[2]");
        }
    });
}

#[test]
fn a_steady_slow_upload_is_no_stall() {
    run(async {
        let clock = StoppedClock::new();
        let pass = Duration::from_secs(20);
        let server = Server::start(&clock, [Script::Slowly(pass)]).await;
        let body: Vec<u8> = (0_u32..10 << 20).map(|index| (index % 251) as u8).collect();
        server.client().send(body.clone()).await.unwrap();
        let bodies = server.bodies.lock().unwrap();
        assert!(bodies.len() == 1 && bodies[0] == body);
        assert!(clock.elapsed() >= pass * 9, "{:?}", clock.elapsed());
    });
}

/// Waits for another read before it takes anything.
struct Waiting(Option<Arc<tokio::sync::Semaphore>>);

impl BodySink for Waiting {
    type Output = ();

    fn push(&mut self, _: bytes::Bytes) -> Result<()> {
        while self.0.as_ref().is_some_and(|other| other.available_permits() == 0) {
            std::thread::yield_now();
        }
        Ok(())
    }

    fn finish(self) -> Result<()> {
        Ok(())
    }
}

#[test]
fn pages_that_wait_for_their_consumer_do_not_hold_up_another() {
    run(async {
        let clock = StoppedClock::new();
        let body = array(12_000_000);
        let server = Server::start(&clock, vec![Script::Answer("identity", body); 5]).await;
        let client = server.client();
        let budget = RetryBudget::single(&client.settings);
        let done = Arc::new(tokio::sync::Semaphore::new(0));
        let request = calls();
        // The connection exists before they share it.
        client.http.read(&request, &budget, || Waiting(None)).await.unwrap();
        let wait = || Waiting(Some(Arc::clone(&done)));
        let waiting = || client.http.read(&request, &budget, wait);
        let last = async {
            for _ in 0..10_000 {
                tokio::task::yield_now().await;
            }
            let answer = client.http.read(&request, &budget, || Waiting(None)).await;
            done.add_permits(1);
            answer
        };
        let (one, two, three, last) = tokio::join!(waiting(), waiting(), waiting(), last);
        for answer in [one, two, three, last] {
            answer.unwrap();
        }
        assert_eq!(*server.connections.lock().unwrap(), 1);
    });
}

#[test]
fn an_update_whose_answer_is_reset_is_in_doubt() {
    run(async {
        for answer in ["", "{}", r#"{"updated":2}"#] {
            for reason in [Reason::NO_ERROR, Reason::CANCEL, Reason::INTERNAL_ERROR] {
                let clock = StoppedClock::new();
                let server = Server::start(&clock, [Script::Cut(answer.into(), 100, reason)]).await;
                let mut settings = server.settings();
                settings.max_retries = 0;
                let (error, in_doubt) = Client::new(&clock, settings).send("[2]").await.unwrap_err();
                assert!(matches!(error.kind(), ErrorKind::Connection), "{answer} {reason:?}: {error:?}");
                assert!(in_doubt, "{answer} {reason:?}");
            }
        }
    });
}

fn fault(body: Bytes) -> impl Strategy<Value = Script> {
    let reasons = vec![
        Reason::NO_ERROR,
        Reason::CANCEL,
        Reason::INTERNAL_ERROR,
        Reason::FLOW_CONTROL_ERROR,
        Reason::REFUSED_STREAM,
        Reason::ENHANCE_YOUR_CALM,
    ];
    let percent = prop_oneof![Just(0_usize), Just(99), Just(100), 0..=100_usize];
    (percent, prop::sample::select(reasons), 0..6).prop_map(move |(percent, reason, kind)| match kind {
        0 | 1 => Script::Cut(body.clone(), percent, reason),
        2 => Script::Short("identity", body.clone(), percent),
        3 => Script::Short("gzip", gzip(&body).into(), percent),
        4 => Script::Promised(body.clone(), percent),
        _ => Script::Gone(body.clone(), percent),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    #[test]
    fn an_answer_is_whole_or_an_error(
        faults in prop::sample::select(vec![20_usize, 5_000, 600_000])
            .prop_flat_map(|size| (Just(size), prop::collection::vec(fault(array(size)), 1..4))),
    ) {
        let (size, faults) = faults;
        let result = run(async {
            let clock = StoppedClock::new();
            let server = Server::start(&clock, faults.clone()).await;
            let mut settings = server.settings();
            settings.max_retries = u32::try_from(faults.len() - 1).unwrap();
            Client::new(&clock, settings).read().await
        });
        match result {
            Ok(arrived) => prop_assert!(arrived.as_bytes() == array(size)),
            Err(error) => prop_assert!(
                matches!(error.kind(), ErrorKind::Connection | ErrorKind::Decode),
                "{error:?}"
            ),
        }
    }
}

#[test]
fn a_refusal_is_typed() {
    run(async {
        let clock = StoppedClock::new();
        let server = Server::start(&clock, vec![Script::Refuse; 9]).await;
        let error = server.client().read().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Connection), "{error:?}");
    });
}
