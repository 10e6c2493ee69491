//! Plays a script at its pace, to whoever plays along.
//!
//! Open loop: a moment is played at its time, whatever is still unanswered; one that is late goes at once, and by how
//! much is kept. Closed loop (`wait`): the next key comes only when the last one is answered, so the clock stands still
//! meanwhile; that is the server without a time limit.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::log::{Log, REST, Usage};
use super::script::{Moment, Script};
use super::usage;

#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Times as fast as it was typed.
    pub speed: f64,
    pub waits: bool,
    /// Whether the server's rest after the last key is watched.
    pub rests: bool,
}

/// Who is played to.
pub trait Player {
    /// Writes the moment, and asks as its editor does.
    fn play(&mut self, i: usize, moment: &Moment, log: &mut Log) -> Result<()>;

    /// Takes answers, and asks what is due, until `end`.
    fn listen(&mut self, end: Instant, log: &mut Log) -> Result<()>;

    fn is_waiting(&self) -> bool;

    /// The process that is measured.
    fn process_id(&self) -> u32;
}

/// After the last key, and in a closed loop after each, answers are waited for so long.
const PATIENCE: Duration = Duration::from_secs(60);
const LAST_PATIENCE: Duration = Duration::from_secs(2);

/// How often a closed loop looks whether it is answered.
const STEP: Duration = Duration::from_millis(1);

/// `start` is the time 0 of the log.
pub fn play(script: &Script, pace: Pace, start: Instant, player: &mut dyn Player) -> Result<Log> {
    let mut log = Log::default();
    let before = usage::sample(player.process_id());
    let mut stood_still = Duration::ZERO;
    for (i, moment) in script.moments.iter().enumerate() {
        let due = Duration::from_secs_f64(moment.at_ms / 1000.0 / pace.speed) + stood_still;
        player.listen(start + due, &mut log)?;
        let late = start.elapsed().saturating_sub(due);
        log.max_late = log.max_late.max(late);
        player.play(i, moment, &mut log)?;
        if pace.waits {
            let asked = Instant::now();
            wait(player, PATIENCE, &mut log)?;
            stood_still += asked.elapsed();
        }
    }
    wait(player, LAST_PATIENCE, &mut log)?;
    let after = usage::sample(player.process_id());
    let rested = if pace.rests { rest(player, &mut log)? } else { None };
    log.usage = before.zip(after).map(|(before, after)| Usage {
        typing_cpu_s: after.cpu_s - before.cpu_s,
        resting_cpu_s: rested,
        peak_bytes: after.peak_bytes,
    });
    Ok(log)
}

fn wait(player: &mut dyn Player, patience: Duration, log: &mut Log) -> Result<()> {
    let end = Instant::now() + patience;
    while player.is_waiting() && Instant::now() < end {
        player.listen(Instant::now() + STEP, log)?;
    }
    Ok(())
}

fn rest(player: &mut dyn Player, log: &mut Log) -> Result<Option<f64>> {
    player.listen(Instant::now() + REST, log)?;
    let before = usage::sample(player.process_id());
    player.listen(Instant::now() + REST, log)?;
    let after = usage::sample(player.process_id());
    Ok(before.zip(after).map(|(before, after)| after.cpu_s - before.cpu_s))
}
