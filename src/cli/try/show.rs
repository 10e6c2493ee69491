//! The typing at the speed of a person.

use std::io;
use std::time::{Duration, Instant};

use super::scene::Scene;
use super::screen::{Screen, Wish};
use super::typist::{Act, Typist};
use super::view::View;

struct Show<'s, 'o> {
    scene: &'s Scene,
    screen: &'s mut Screen<'o>,
    started: Instant,
    limit: Duration,
    is_paused: bool,
    /// Until when the last of what was taken stands out.
    glow_ends: Instant,
}

/// A very fast typist's keys, some of which take longer than others: watching a slow one is no fun.
const KEY_MS: u64 = 55;
const KEY_JITTER_MS: u64 = 40;
const ENTER_MS: u64 = 150;

/// To see that there is something to take, and to read it.
const NOTICE_MS: u64 = 300;
const READ_MS_PER_BYTE: u64 = 7;
const MAX_READ_MS: u64 = 800;

/// How long what was taken stands out.
const GLOW: Duration = Duration::from_millis(700);

const OPENING: Duration = Duration::from_millis(900);
const ENDING: Duration = Duration::from_millis(1500);

/// Plays until all is typed, the time is over, or somebody ends it.
pub fn play(typist: &mut Typist, scene: &Scene, limit: Duration, screen: &mut Screen) -> io::Result<()> {
    let now = Instant::now();
    let mut show = Show { scene, screen, started: now, limit, is_paused: false, glow_ends: now };
    let mut goes_on = show.wait(typist, OPENING)?;
    while goes_on && show.started.elapsed() < limit {
        let Some(act) = typist.plan() else { break };
        goes_on = show.wait(typist, pace(act, typist))?;
        if goes_on {
            show.perform(act, typist);
        }
    }
    if goes_on {
        show.wait(typist, ENDING)?;
    }
    Ok(())
}

impl Show<'_, '_> {
    fn perform(&mut self, act: Act, typist: &mut Typist) {
        typist.perform(act);
        if matches!(act, Act::Take { .. }) {
            self.glow_ends = Instant::now() + GLOW;
        }
    }

    /// Shows what there is, and lets time pass. False when somebody wants it to end.
    fn wait(&mut self, typist: &Typist, time: Duration) -> io::Result<bool> {
        let mut until = Instant::now() + time;
        loop {
            self.draw(typist)?;
            // The glow may end in the middle of a long wait.
            let next = if self.glows() { until.min(self.glow_ends) } else { until };
            match self.screen.wait(next)? {
                Wish::End => return Ok(false),
                Wish::Redraw => {}
                Wish::GoOn if Instant::now() >= until => return Ok(true),
                Wish::GoOn => {}
                Wish::Pause => {
                    let paused = Instant::now();
                    if !self.pause(typist)? {
                        return Ok(false);
                    }
                    until += paused.elapsed();
                    self.started += paused.elapsed();
                }
            }
        }
    }

    /// False when somebody wants it to end.
    fn pause(&mut self, typist: &Typist) -> io::Result<bool> {
        self.is_paused = true;
        loop {
            self.draw(typist)?;
            match self.screen.wait_for_key()? {
                Wish::Redraw | Wish::GoOn => {}
                wish => {
                    self.is_paused = false;
                    return Ok(wish == Wish::Pause);
                }
            }
        }
    }

    fn glows(&self) -> bool {
        Instant::now() < self.glow_ends
    }

    fn draw(&mut self, typist: &Typist) -> io::Result<()> {
        let progress = self.started.elapsed().as_secs_f64() / self.limit.as_secs_f64();
        let view = View { scene: self.scene, typist, glows: self.glows(), progress, is_paused: self.is_paused };
        let (width, height) = self.screen.size();
        self.screen.draw(&view.frame(width, height))
    }
}

/// How long a person takes before this act.
fn pace(act: Act, typist: &Typist) -> Duration {
    let ms = match act {
        Act::Take { n_bytes, n_keys } => {
            let read = (n_bytes as u64 * READ_MS_PER_BYTE).min(MAX_READ_MS);
            NOTICE_MS + read + (n_keys as u64 - 1) * KEY_MS
        }
        Act::Type(n_bytes) if n_bytes > 1 => ENTER_MS,
        // Uneven, and the same in every run.
        Act::Type(_) => KEY_MS - KEY_JITTER_MS / 2 + (typist.cursor as u64).wrapping_mul(2_654_435_761) % KEY_JITTER_MS,
    };
    Duration::from_millis(ms)
}
