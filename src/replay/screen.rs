//! What the user saw: from keys and answers to what stood on the screen before each next key.
//!
//! An editor shows ghost text from its arrival on, lets it be typed along, and hides it when something else happens.

use std::time::Instant;

use super::future::Future;

/// A key, or another edit.
pub struct Key {
    pub at: Instant,
    /// Behind what was inserted; bytes.
    pub offset: usize,
    /// Where it was inserted.
    pub start: usize,
    pub n_deleted: usize,
    pub inserted: String,
    /// Whether a suggestion was asked for: a single character was typed.
    pub is_asked: bool,
    pub future: Future,
}

/// Something that came for the screen: made for the text behind key number `key`.
pub struct Show {
    pub key: usize,
    pub at: Instant,
    /// Nothing where there is nothing to show.
    pub text: Option<String>,
    pub source: String,
    /// Whether the place that it names is the cursor's.
    pub fits: bool,
}

/// What a key came to.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Visible right before the next key.
    pub visible: Option<String>,
    /// There was something to show, and it was right.
    pub is_due: bool,
    pub is_right: bool,
    /// New texts whose first line is not what came.
    pub n_wrong: usize,
    /// Texts that another one replaced without the user's doing.
    pub n_flicker: usize,
    pub n_unfit: usize,
    /// From the key to the first text for it, and whose it was.
    pub latency_ms: Option<(f64, String)>,
    /// How long the last text was visible before the next key.
    pub visible_ms: f64,
}

/// `habit` says whether an answer that comes late, after further keys, is still shown.
pub fn watch(keys: &[Key], shows: &[Show], keeps_late: bool) -> Vec<Seen> {
    let mut screen: Option<(String, Instant)> = None;
    let mut shows = shows.iter().peekable();
    let mut seen = Vec::with_capacity(keys.len());
    for (i, key) in keys.iter().enumerate() {
        let next = keys.get(i + 1).map(|next| next.at);
        let goes_on = i > 0 && keys[i - 1].offset == key.start && key.n_deleted == 0;
        screen = screen.and_then(|(text, at)| typed_along(&text, &key.inserted, goes_on).map(|rest| (rest, at)));
        let mut of_key = Seen { is_due: key.is_asked && key.future.due().is_some(), ..Seen::default() };
        while let Some(show) = shows.next_if(|show| next.is_none_or(|next| show.at < next)) {
            let text = match show.key {
                at if at == i => show.text.clone(),
                at if at < i && keeps_late => late(keys, at, i, show.text.as_deref()),
                _ => continue,
            };
            of_key.n_unfit += usize::from(!show.fits);
            if let (Some(_), None, true) = (&text, &of_key.latency_ms, show.key == i) {
                let ms = show.at.duration_since(key.at).as_secs_f64() * 1e3;
                of_key.latency_ms = Some((ms, show.source.clone()));
            }
            let Some(text) = text else { continue };
            match &screen {
                Some((before, _)) if text.starts_with(before.as_str()) => {}
                Some(_) => {
                    of_key.n_flicker += 1;
                    of_key.n_wrong += usize::from(!key.future.agrees(&text));
                }
                None => of_key.n_wrong += usize::from(!key.future.agrees(&text)),
            }
            let since = screen.as_ref().filter(|(before, _)| *before == text).map_or(show.at, |(_, since)| *since);
            screen = Some((text, since));
        }
        of_key.visible = screen.as_ref().map(|(text, _)| text.clone());
        of_key.is_right = of_key.is_due
            && screen.as_ref().zip(key.future.due()).is_some_and(|((text, _), due)| text.starts_with(due));
        let until = next.unwrap_or(key.at);
        of_key.visible_ms =
            screen.as_ref().map_or(0.0, |(_, since)| until.saturating_duration_since(*since).as_secs_f64() * 1e3);
        seen.push(of_key);
    }
    seen
}

/// What is left of a text when something is typed; `None` when it is gone.
fn typed_along(text: &str, inserted: &str, goes_on: bool) -> Option<String> {
    let rest = text.strip_prefix(inserted).filter(|rest| goes_on && !rest.is_empty())?;
    Some(rest.to_string())
}

/// What is left of a text that was made for key `made` by the time of key `now`.
fn late(keys: &[Key], made: usize, now: usize, text: Option<&str>) -> Option<String> {
    (made + 1..=now).try_fold(text?.to_string(), |text, i| {
        let goes_on = keys[i - 1].offset == keys[i].start && keys[i].n_deleted == 0;
        typed_along(&text, &keys[i].inserted, goes_on)
    })
}
