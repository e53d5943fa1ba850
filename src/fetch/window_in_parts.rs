//! A window of which lists are asked for that are too long for one address.

use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::iter;

use super::in_parts::gathered;
use super::spec::{LONGEST, ReadSpec};
use super::window::Window;
use super::window_pages::{WindowPages, read_window};
use crate::error::Result;
use crate::http::Http;
use crate::settings::Settings;

/// Bytes of an address that the ends of a window take.
const OF_WINDOW: usize = 160;

/// Reads a window, in as many parts as its lists need.
pub(super) async fn read_window_in_parts(
    http: &Http,
    settings: &Settings,
    spec: &ReadSpec,
    window: &Window,
) -> Result<WindowPages> {
    let parts = spec.query.cut(LONGEST - OF_WINDOW);
    let Some(key) = spec.operation.key().filter(|_| parts.len() > 1) else {
        return read_window(http, settings, spec, window).await;
    };
    let shared = Arc::new(settings.clone());
    let reads = parts.into_iter().map(|query| {
        let spec = ReadSpec { query, ..spec.clone() };
        read_owned(http.clone(), Arc::clone(&shared), spec, window.clone())
    });
    let mut read = gathered(iter(reads).buffered(settings.max_concurrency), key, spec.limit, None).await?;
    read.receipt.rows = read.pages.iter().map(|page| page.num_rows() as u64).sum();
    let query = window.query(&spec.query_with_key(key).0);
    read.receipt.query = query.with("n_per_page", settings.page_size.to_string());
    Ok(read)
}

async fn read_owned(
    http: Http,
    settings: Arc<Settings>,
    spec: ReadSpec,
    window: Window,
) -> Result<WindowPages> {
    read_window(&http, &settings, &spec, &window).await
}
