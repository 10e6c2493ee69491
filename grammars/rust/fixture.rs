//! Reads feeds.§c
use std::collections::HashMap;

/// A feed, by its name.§c
#[derive(Debug, Clone)]
pub struct Feed<'a> {
    name: &'a str,
    /* nanoseconds§c */§k
    every: u64,
}

impl<'a> Feed<'a> {
    pub fn due(&self, now: u64) -> Option<&'a str> {
        let late = now % self.every; // what is left§c
        let label = "late: {§s}";§k
        let raw = r#"a "quoted"§s word"#;
        if late == 0 §({
            let c = '§s{';
            println!("{label}{raw}{c}");§b
            return Some(self.name);
        }§)
        None
    }
}

pub fn by_name<'a>(feeds: &'a [Feed<'a>]) -> HashMap<&'a str, &'a Feed<'a>> {
    feeds.iter().map(|feed| (feed.name, feed)).collect()§k
}
