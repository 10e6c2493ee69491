//! Days since 1970 (UTC) as dates of the Gregorian calendar.
//!
//! After Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": years begin in March, so that a leap day is a
//! year's last.

/// Of 400 years.
const DAYS_AN_ERA: i64 = 146_097;

/// From 1 March of year 0 to 1970.
const DAYS_BEFORE_1970: i64 = 719_468;

/// Such as `2026-11-26`.
pub fn date(day: i64) -> String {
    let (year, month, day) = civil(day);
    format!("{year:04}-{month:02}-{day:02}")
}

/// The first day of the day's month.
pub fn month_start(day: i64) -> i64 {
    day - civil(day).2 + 1
}

/// The first day of the month after the day's.
pub fn next_month_start(day: i64) -> i64 {
    // 31 days after a first, any next month has begun and none after it.
    month_start(month_start(day) + 31)
}

/// Year, month and day of the month, both from 1.
fn civil(day: i64) -> (i64, i64, i64) {
    let since_march = day + DAYS_BEFORE_1970;
    let (era, day_of_era) = (since_march.div_euclid(DAYS_AN_ERA), since_march.rem_euclid(DAYS_AN_ERA));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let months_since_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * months_since_march + 2) / 5 + 1;
    let month = if months_since_march < 10 { months_since_march + 3 } else { months_since_march - 9 };
    (400 * era + year_of_era + i64::from(month <= 2), month, day)
}
