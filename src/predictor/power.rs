//! Whether the machine runs on its battery, where the system tells it (Linux). Nothing is prepared ahead then.

use std::path::Path;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

const SUPPLIES: &str = "/sys/class/power_supply";

/// A plug is not pulled more often.
const LOOK_EVERY: Duration = Duration::from_secs(30);

#[derive(Default)]
pub struct Power(Mutex<Option<(Instant, bool)>>);

impl Power {
    /// Looks at most every 30 seconds. Reads a few small files: not for the request path.
    pub fn is_on_battery(&self) -> bool {
        let mut known = self.0.lock();
        match *known {
            Some((at, is_on_battery)) if at.elapsed() < LOOK_EVERY => is_on_battery,
            _ => {
                let is_on_battery = runs_on_battery(Path::new(SUPPLIES));
                *known = Some((Instant::now(), is_on_battery));
                is_on_battery
            }
        }
    }
}

/// By a folder of power supplies as Linux shows them: one that is mains and online settles it, else a battery that is
/// being emptied.
pub fn runs_on_battery(supplies: &Path) -> bool {
    let Ok(supplies) = std::fs::read_dir(supplies) else { return false };
    let mut is_emptied = false;
    for supply in supplies.flatten() {
        let says =
            |name: &str| std::fs::read_to_string(supply.path().join(name)).unwrap_or_default().trim().to_string();
        match says("type").as_str() {
            "Mains" | "USB" if says("online") == "1" => return false,
            "Battery" if says("status") == "Discharging" && says("scope") != "Device" => is_emptied = true,
            _ => {}
        }
    }
    is_emptied
}
