//! Where the pages of a stream come from: one read, or the days of a range or the parts of a long list, one after the other.

use std::sync::Arc;

use super::by_day::ByDay;
use super::by_part::ByPart;
use super::page_loop::Settled;
use super::reader::Reader;
use super::receipt::Receipt;
use super::without_rows::WithoutRows;
use crate::decode::{Options, Page};
use crate::error::Result;

pub(super) enum Paged {
    Read(Box<Reader>),
    ByDay(Box<ByDay>),
    ByPart(Box<ByPart>),
}

impl Paged {
    /// See [`Reader::next`].
    pub(super) async fn next(&mut self) -> Result<Option<Settled<Page>>> {
        match self {
            Self::Read(reader) => reader.next().await,
            Self::ByDay(days) => days.next().await,
            Self::ByPart(parts) => parts.next().await,
        }
    }

    /// See [`Reader::next_whole`].
    pub(super) async fn next_whole(&mut self) -> Result<Option<Settled<Page>>> {
        match self {
            Self::Read(reader) => reader.next_whole().await,
            Self::ByDay(days) => days.next().await,
            Self::ByPart(parts) => parts.next().await,
        }
    }

    /// Whether rows that are left out for their keys are not of the result. Those of a day or a part are left out before.
    pub(super) fn keys_identify(&self) -> bool {
        match self {
            Self::Read(reader) => reader.keys_identify(),
            Self::ByDay(_) | Self::ByPart(_) => true,
        }
    }

    /// Where a page is from, as an error says it.
    pub(super) fn place(&self, number: u64) -> String {
        match self {
            Self::Read(_) | Self::ByPart(_) => format!("on page {number}"),
            Self::ByDay(days) => days.place(),
        }
    }

    pub(super) fn options(&self) -> &Arc<Options> {
        match self {
            Self::Read(reader) => reader.options(),
            Self::ByDay(days) => days.options(),
            Self::ByPart(parts) => parts.options(),
        }
    }

    pub(super) fn unwanted_columns(&self) -> &[String] {
        match self {
            Self::Read(reader) => reader.unwanted_columns(),
            Self::ByDay(days) => days.unwanted_columns(),
            Self::ByPart(parts) => parts.unwanted_columns(),
        }
    }

    pub(super) fn found_nothing(&mut self, nothing: &WithoutRows) {
        match self {
            Self::Read(reader) => reader.found_nothing(nothing),
            Self::ByDay(days) => days.found_nothing(nothing),
            Self::ByPart(parts) => parts.found_nothing(nothing),
        }
    }

    pub(super) fn receipt(&self) -> Receipt {
        match self {
            Self::Read(reader) => reader.receipt(),
            Self::ByDay(days) => days.receipt(),
            Self::ByPart(parts) => parts.receipt(),
        }
    }

    pub(super) fn warnings(&self) -> Vec<String> {
        match self {
            Self::Read(reader) => reader.warnings(),
            Self::ByDay(days) => days.warnings(),
            Self::ByPart(parts) => parts.warnings(),
        }
    }
}
