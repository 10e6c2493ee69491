//! Reads feeds.

use std::collections::{HashMap, hash_map::Entry};
use std::fmt::{self, Display as Show};

use crate::net::*;
use serde as codec;

mod clock;

/// How often a feed is read, in seconds.
pub const EVERY: u64 = 60;

/// A feed, by its name.
#[derive(Debug, Clone)]
pub struct Feed<'a, T> {
    /// Unique.
    pub name: &'a str,
    clock: Arc<Mutex<Clock>>, // shared
    last: Option<Box<dyn Item>>,
    extra: T,
}

pub enum Error {
    Late { by: u64 },
    Gone,
}

pub trait Read {
    type Item;

    /// Reads one.
    fn read(&mut self, limit: usize) -> Result<Self::Item, Error>;
}

impl<'a, T: Clone> Read for Feed<'a, T> {
    type Item = T;

    fn read(&mut self, limit: usize) -> Result<T, Error> {
        let clock = clock::Clock::new(limit);
        let reader = Reader { clock };
        let line: Line = reader.line()?;
        Err(Error::Gone)
    }
}

impl Show for net::Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const WIDTH: usize = 80;
        f.pad("url")
    }
}

macro_rules! feed {
    ($name:expr) => {
        Feed::named($name)
    };
}

mod tests {
    use super::*;

    #[test]
    async fn reads() {}
}
