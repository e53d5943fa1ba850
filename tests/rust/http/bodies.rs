//! Bodies of any size and encoding, and those that are refused.

use std::sync::mpsc::{self, Sender};
use std::time::Duration;

use converz::error::{Error, ErrorKind, Result};
use converz::http::{BodySink, RetryBudget};
use proptest::prelude::*;

use super::client::{Client, Collect, calls, settings};
use super::clock::StoppedClock;
use super::compress::{gzip, gzip_best, zstd};
use super::server::{Script, Server, Step, answer, ok, run, send, status};

fn encoded(name: &str, body: impl AsRef<[u8]>) -> Script {
    status("200 OK", &["Content-Type: application/json", &format!("Content-Encoding: {name}")], body)
}

async fn read(script: Script) -> (Result<String>, usize) {
    let clock = StoppedClock::new();
    let server = Server::start(&clock, [script]);
    let mut settings = settings(&server.url);
    settings.max_retries = 0;
    let body = Client::new(&clock, settings).read().await;
    (body, server.requests())
}

fn array(size: usize) -> String {
    let mut body = String::from("[");
    let mut state = 1_u32;
    while body.len() < size {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        body.push_str(&state.to_string());
        body.push(',');
    }
    body + "1]"
}

#[test]
fn every_size_and_encoding_arrives_whole() {
    run(async {
        for size in [0, 1000, 200_000, 3_000_000] {
            let body = array(size);
            let bytes = body.as_bytes();
            let (half, rest) = bytes.split_at(bytes.len() / 2);
            for (name, script) in [
                ("identity", ok(bytes)),
                ("gzip", encoded("gzip", gzip(bytes))),
                ("x-gzip", encoded("x-gzip", gzip(bytes))),
                ("gzip members", encoded("gzip", [gzip(half), gzip(b""), gzip(rest)].concat())),
                ("zstd", encoded("zstd", zstd(bytes))),
                ("zstd frames", encoded("zstd", [zstd(half), zstd(rest)].concat())),
            ] {
                let arrived = read(script).await.0;
                assert!(arrived.as_ref().is_ok_and(|arrived| *arrived == body), "{name} of {size}");
            }
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..Default::default() })]

    #[test]
    fn every_split_arrives_whole(
        size in 0_usize..900_000,
        // Around the size from which a piece is handed over as it is, too.
        pieces in prop::collection::vec(prop_oneof![1_usize..400_000, 1_usize..100, 32_760_usize..32_780], 0..9),
        encoding in 0..3,
        chunked in any::<bool>(),
    ) {
        let body = array(size);
        let (name, bytes) = match encoding {
            0 => ("identity", body.clone().into_bytes()),
            1 => ("gzip", gzip(body.as_bytes())),
            _ => ("zstd", zstd(body.as_bytes())),
        };
        let length = if chunked {
            "Transfer-Encoding: chunked".to_owned()
        } else {
            format!("Content-Length: {}", bytes.len())
        };
        let mut steps = vec![send(format!("HTTP/1.1 200 OK\r\nContent-Encoding: {name}\r\n{length}\r\n\r\n"))];
        let mut rest = &bytes[..];
        for piece in pieces.into_iter().chain([usize::MAX]) {
            let (now, later) = rest.split_at(piece.min(rest.len()));
            rest = later;
            if now.is_empty() {
                continue;
            }
            if chunked {
                steps.push(send([format!("{:x}\r\n", now.len()).as_bytes(), now, b"\r\n"].concat()));
            } else {
                steps.push(send(now));
            }
        }
        if chunked {
            steps.push(send("0\r\n\r\n"));
        }
        let arrived = run(read(steps.into())).0.unwrap();
        prop_assert!(arrived == body);
    }
}

#[test]
fn an_encoding_nobody_asked_for_is_refused() {
    run(async {
        for name in ["br", "deflate", "gzip, gzip", "gzip, zstd", "compress", "x"] {
            let (body, requests) = read(encoded(name, "[1]")).await;
            let error = body.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Decode), "{name}: {error:?}");
            assert!(error.message().contains(name) && error.message().contains("asked for"), "{error}");
            assert_eq!(requests, 1);
        }
    });
}

#[test]
fn words_for_no_encoding_are_none() {
    run(async {
        for name in ["none", "UTF-8", "utf8", "identity", "binary", "8bit", "\"none\"", "identity, utf-8"] {
            assert_eq!(read(encoded(name, "[1]")).await.0.unwrap(), "[1]", "{name}");
            assert_eq!(
                read(encoded(&format!("{name}, gzip"), gzip(b"[1]"))).await.0.unwrap(),
                "[1]",
                "{name}"
            );
            // What is not plain JSON after all is refused by what it says.
            let error = read(encoded(name, gzip(b"[1]"))).await.0.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Decode), "{name}: {error:?}");
        }
    });
}

#[test]
fn what_is_not_json_is_told_with_its_content_type() {
    run(async {
        let html = "<html><body>Please log in</body></html>";
        for script in [
            status("200 OK", &["Content-Type: text/html; charset=utf-8"], html),
            status("200 OK", &["Content-Type: text/html; charset=utf-8"], ""),
            status("200 OK", &["Content-Type: text/html; charset=utf-8", "Content-Encoding: gzip"], ""),
            status(
                "200 OK",
                &["Content-Type: text/html; charset=utf-8", "Content-Encoding: gzip"],
                gzip(html.as_bytes()),
            ),
        ] {
            let clock = StoppedClock::new();
            let server = Server::start(&clock, [script, ok("[]")]);
            let error = Client::new(&clock, settings(&server.url)).read().await.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Decode), "{error:?}");
            assert!(error.message().contains("text/html; charset=utf-8"), "{error}");
            // It would be the same again.
            assert_eq!(server.requests(), 1);
        }
    });
}

/// Counts what it is given.
#[derive(Default)]
struct Count {
    bytes: u64,
    largest: usize,
    told: Option<Sender<(u64, usize)>>,
}

impl BodySink for Count {
    type Output = u64;

    fn push(&mut self, window: bytes::Bytes) -> Result<()> {
        self.bytes += window.len() as u64;
        self.largest = self.largest.max(window.len());
        Ok(())
    }

    fn finish(self) -> Result<u64> {
        Ok(self.bytes)
    }
}

impl Drop for Count {
    fn drop(&mut self) {
        if let Some(told) = self.told.take() {
            let _ = told.send((self.bytes, self.largest));
        }
    }
}

#[test]
fn a_bomb_ends_at_the_limit() {
    let limit = 8 << 20;
    let zeros = vec![0; 1 << 20];
    run(async {
        for (name, member) in [("gzip", gzip_best(&zeros)), ("zstd", zstd(&zeros))] {
            // 300 MiB in some hundred thousand bytes; and a small one that a single thread decompresses.
            for (times, size) in [(300, 4000), (100, 50)] {
                let bomb = member.repeat(times);
                assert!(bomb.len() < times * size.max(1100), "{} bytes", bomb.len());
                let clock = StoppedClock::new();
                let server = Server::start(&clock, [encoded(name, &bomb)]);
                let mut settings = settings(&server.url);
                settings.max_response_bytes = limit;
                let client = Client::new(&clock, settings);
                let (told, tells) = mpsc::channel();
                let budget = RetryBudget::single(&client.settings);
                let error = client
                    .http
                    .read(&calls(), &budget, || Count { told: Some(told.clone()), ..Count::default() })
                    .await
                    .unwrap_err();
                assert!(matches!(error.kind(), ErrorKind::LimitExceeded), "{name}: {error:?}");
                assert!(error.message().contains("max_response_bytes=8388608"), "{error}");
                assert_eq!(server.requests(), 1);
                let (bytes, largest) = tells.recv_timeout(Duration::from_secs(10)).unwrap();
                assert!(bytes <= limit && largest <= 256 << 10, "{bytes} bytes, {largest} at once");
            }
        }
    });
}

#[test]
fn a_body_is_taken_up_to_the_limit_exactly() {
    run(async {
        let body = array(1_000_000);
        let chunked = |body: &str| {
            let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
            Script::from(vec![send(format!("{head}{:x}\r\n{body}\r\n0\r\n\r\n", body.len()))])
        };
        for body in [&body[..], &body[..1000]] {
            let body = format!("{}]", &body[..body.len() - 1]);
            for (over, script) in [
                (false, ok(&body)),
                (false, chunked(&body)),
                (false, encoded("gzip", gzip(body.as_bytes()))),
                (true, ok(&body)),
                (true, chunked(&body)),
                (true, encoded("gzip", gzip(body.as_bytes()))),
                (true, encoded("zstd", zstd(body.as_bytes()))),
            ] {
                let clock = StoppedClock::new();
                let server = Server::start(&clock, [script]);
                let mut settings = settings(&server.url);
                settings.max_response_bytes = body.len() as u64 - u64::from(over);
                let result = Client::new(&clock, settings).read().await;
                match result {
                    Ok(arrived) => assert!(!over && arrived == body),
                    Err(error) => {
                        assert!(over && matches!(error.kind(), ErrorKind::LimitExceeded), "{error:?}");
                    }
                }
            }
        }
    });
}

#[test]
fn a_zstd_window_beyond_the_standard_s_is_refused() {
    run(async {
        use std::io::Write;
        let mut encoder = zstd::stream::Encoder::new(Vec::new(), 1).unwrap();
        encoder.set_parameter(zstd::zstd_safe::CParameter::WindowLog(27)).unwrap();
        encoder.write_all(b"[1").unwrap();
        encoder.flush().unwrap();
        encoder.write_all(b"]").unwrap();
        let (body, requests) = read(encoded("zstd", encoder.finish().unwrap())).await;
        let error = body.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::LimitExceeded), "{error:?}");
        assert_eq!(requests, 1);
    });
}

#[test]
fn endless_headers_end() {
    run(async {
        let line = format!("X-Filler: {}\r\n", "x".repeat(1000));
        let head = format!("HTTP/1.1 200 OK\r\n{}", line.repeat(2000));
        let error = read(vec![send(head), Step::Hang].into()).await.0.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Connection), "{error:?}");
    });
}

/// Fails at the push of that number.
struct Failing {
    pushes: usize,
    how: fn() -> Error,
}

impl BodySink for Failing {
    type Output = ();

    fn push(&mut self, _: bytes::Bytes) -> Result<()> {
        if self.pushes == 0 {
            return Err((self.how)());
        }
        self.pushes -= 1;
        Ok(())
    }

    fn finish(self) -> Result<()> {
        Err((self.how)())
    }
}

#[test]
fn an_error_of_the_sink_ends_the_answer_at_once() {
    run(async {
        let body = array(2_000_000);
        let mut endless = answer("200 OK", &[], &body);
        endless.truncate(endless.len() - 1);
        let packed = gzip(body.as_bytes());
        let mut packed = answer("200 OK", &["Content-Encoding: gzip"], packed);
        packed.truncate(packed.len() - 1);
        for bytes in [endless, packed] {
            for pushes in [0, 2] {
                let clock = StoppedClock::new();
                // The last byte never comes, and nobody waits for it.
                let script = vec![Step::Send(bytes.clone()), Step::Hang];
                let server = Server::start(&clock, [script.into()]);
                let client = Client::new(&clock, settings(&server.url));
                let budget = RetryBudget::single(&client.settings);
                let request = calls();
                let result = client.http.read(&request, &budget, || Failing {
                    pushes,
                    how: || Error::limit_exceeded("a value is too long"),
                });
                let error = result.await.unwrap_err();
                assert!(matches!(error.kind(), ErrorKind::LimitExceeded), "{error:?}");
                assert_eq!((server.requests(), clock.elapsed()), (1, Duration::ZERO));
            }
        }
    });
}

#[test]
fn a_panic_of_the_sink_is_an_error() {
    run(async {
        for (pushes, size) in [(0, 10), (9, 10), (2, 3_000_000)] {
            for compressed in [false, true] {
                let body = array(size);
                let script = if compressed { encoded("gzip", gzip(body.as_bytes())) } else { ok(body) };
                let clock = StoppedClock::new();
                let server = Server::start(&clock, [script]);
                let client = Client::new(&clock, settings(&server.url));
                let budget = RetryBudget::single(&client.settings);
                let request = calls();
                let result = client.http.read(&request, &budget, || Failing {
                    pushes,
                    how: || panic!("as tested with {}", super::client::KEY),
                });
                let error = result.await.unwrap_err();
                assert!(matches!(error.kind(), ErrorKind::Internal), "{error:?}");
                assert!(error.message().contains("as tested"), "{error}");
                assert!(!error.message().contains(super::client::KEY), "{error}");
                assert_eq!(server.requests(), 1);
            }
        }
    });
}

#[test]
fn a_read_that_is_dropped_drops_its_sink() {
    run(async {
        for compressed in [false, true] {
            let body = array(3_000_000);
            let mut bytes = if compressed {
                answer("200 OK", &["Content-Encoding: gzip"], gzip(body.as_bytes()))
            } else {
                answer("200 OK", &[], body)
            };
            bytes.truncate(bytes.len() - 1);
            let clock = StoppedClock::new();
            let server = Server::start(&clock, [vec![Step::Send(bytes), Step::Hang].into()]);
            let client = Client::new(&clock, settings(&server.url));
            let (told, tells) = mpsc::channel();
            let (made, is_made) = mpsc::channel();
            let reading = tokio::spawn(async move {
                let budget = RetryBudget::single(&client.settings);
                let new_sink = || {
                    made.send(()).unwrap();
                    Count { told: Some(told.clone()), ..Count::default() }
                };
                client.http.read(&calls(), &budget, new_sink).await.unwrap();
            });
            while is_made.try_recv().is_err() {
                tokio::task::yield_now().await;
            }
            // The rest of the body is waited for.
            clock.asleep_for(Duration::from_secs(60)).await;
            reading.abort();
            assert!(reading.await.unwrap_err().is_cancelled());
            tells.recv_timeout(Duration::from_secs(10)).expect("the sink goes");
        }
    });
}

#[test]
fn a_connection_is_used_again() {
    run(async {
        let clock = StoppedClock::new();
        let busy = status("503 Busy", &[], "busy");
        let server = Server::start(&clock, [ok("[1]"), encoded("gzip", gzip(b"[2]")), busy, ok("[3]")]);
        let client = Client::new(&clock, settings(&server.url));
        let budget = RetryBudget::single(&client.settings);
        for body in ["[1]", "[2]", "[3]"] {
            let answer = client.http.read(&calls(), &budget, Collect::default).await.unwrap();
            assert_eq!(answer.output, body);
        }
        assert_eq!(server.connections(), 1);
    });
}
