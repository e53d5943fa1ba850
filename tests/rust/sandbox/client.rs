//! A client that is as plain as can be, so that tests see what really goes over the wire.

use std::io::{Read, Write};
use std::net::TcpStream;

use converz::sandbox::Sandbox;
use serde_json::Value;

pub struct Answer {
    pub status: u16,
    headers: Vec<(String, String)>,
    /// As it came over the wire, but for the framing of chunks.
    pub body: Vec<u8>,
    /// Whether the body ended where it said it would.
    pub is_complete: bool,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    pub fn rows(&self) -> Vec<Value> {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        assert!(self.is_complete);
        self.json().as_array().unwrap().clone()
    }

    /// The code and the message of a refusal, which has exactly these two.
    pub fn refusal(&self) -> (u16, String, String) {
        assert_eq!(self.header("content-type"), Some("application/json"));
        let json = self.json();
        assert_eq!(json.as_object().unwrap().len(), 2, "{json}");
        let text = |name: &str| json[name].as_str().unwrap().to_owned();
        (self.status, text("code"), text("error"))
    }
}

/// Sends exactly these bytes and reads until the connection is closed.
pub fn exchange(sandbox: &Sandbox, request: &[u8]) -> Answer {
    let mut socket = TcpStream::connect(sandbox.url().strip_prefix("http://").unwrap()).unwrap();
    socket.write_all(request).unwrap();
    let (mut raw, mut buffer) = (Vec::new(), vec![0; 65536]);
    // A reset after the answer counts as its end.
    while let Ok(length) = socket.read(&mut buffer) {
        if length == 0 {
            break;
        }
        raw.extend_from_slice(&buffer[..length]);
    }
    parse(&raw)
}

fn parse(raw: &[u8]) -> Answer {
    let end = raw.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8(raw[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: Vec<(String, String)> = lines
        .map(|line| line.split_once(':').unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut answer = Answer { status, headers, body: raw[end + 4..].to_vec(), is_complete: false };
    if answer.header("transfer-encoding") == Some("chunked") {
        (answer.body, answer.is_complete) = unchunk(&answer.body);
    } else {
        let promised: usize = answer.header("content-length").unwrap().parse().unwrap();
        answer.is_complete = answer.body.len() == promised;
    }
    answer
}

fn unchunk(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(line) = rest.windows(2).position(|window| window == b"\r\n") {
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..line]).unwrap(), 16).unwrap();
        rest = &rest[line + 2..];
        if length == 0 {
            return (body, rest == b"\r\n");
        }
        if rest.len() < length + 2 {
            body.extend_from_slice(&rest[..rest.len().min(length)]);
            return (body, false);
        }
        body.extend_from_slice(&rest[..length]);
        rest = &rest[length + 2..];
    }
    (body, false)
}

/// A request with these further header lines.
pub fn request(sandbox: &Sandbox, method: &str, target: &str, headers: &[&str], body: &[u8]) -> Answer {
    let mut lines = vec![format!("{method} {target} HTTP/1.1"), "connection: close".to_owned()];
    if !headers.iter().any(|header| header.starts_with("host:")) {
        lines.push(format!("host: {}", sandbox.url().strip_prefix("http://").unwrap()));
    }
    if !headers.iter().any(|header| header.starts_with("x-api-key:")) {
        lines.push(format!("x-api-key: {}", sandbox.api_key()));
    }
    lines.extend(headers.iter().map(|header| (*header).to_owned()));
    if !body.is_empty() {
        lines.push(format!("content-length: {}", body.len()));
    }
    let request = format!("{}\r\n\r\n", lines.join("\r\n"));
    exchange(sandbox, &[request.as_bytes(), body].concat())
}

/// `GET /api/v1/<rest>`
pub fn get(sandbox: &Sandbox, rest: &str) -> Answer {
    request(sandbox, "GET", &format!("/api/v1/{rest}"), &[], b"")
}

/// `POST /api/v1/<path>` with a body of JSON.
pub fn post(sandbox: &Sandbox, path: &str, body: &str) -> Answer {
    let headers = ["content-type: application/json"];
    request(sandbox, "POST", &format!("/api/v1/{path}"), &headers, body.as_bytes())
}

/// All conversations, with all metrics.
pub fn all_calls(sandbox: &Sandbox) -> Vec<Value> {
    let metrics = "talk_ratio,interruptions,silence_s,sentiment,csat,resolved";
    get(sandbox, &format!("calls?n_per_page=1000000&metric={metrics}")).rows()
}

pub fn all_reps(sandbox: &Sandbox) -> Vec<Value> {
    get(sandbox, "reps?n_per_page=1000000").rows()
}

/// A column of rows.
pub fn column(rows: &[Value], name: &str) -> Vec<Value> {
    rows.iter().map(|row| row[name].clone()).collect()
}
