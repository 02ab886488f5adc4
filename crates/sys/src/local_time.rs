//! The date and the time of day where the user is.

use std::mem::MaybeUninit;
use std::time::{SystemTime, UNIX_EPOCH};

/// A date and a time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalTime {
    /// As people count years.
    pub year: i32,
    /// 1 to 12.
    pub month: i32,
    /// 1 to 31.
    pub day: i32,
    /// 0 to 23.
    pub hour: i32,
    /// 0 to 59.
    pub minute: i32,
    /// 0 to 60.
    pub second: i32,
}

/// `time` in the user's time zone (`TZ`, else the system's); `None` if that has no calendar.
pub fn local_time(time: SystemTime) -> Option<LocalTime> {
    let seconds = time.duration_since(UNIX_EPOCH).ok()?.as_secs();
    let seconds = libc::time_t::try_from(seconds).ok()?;
    let mut parts = MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: both pointers are to live values. Rust programs change the environment only in
    // `unsafe` blocks, which must keep other threads from reading it.
    let filled = unsafe { libc::localtime_r(&raw const seconds, parts.as_mut_ptr()) };
    if filled.is_null() {
        return None;
    }
    // SAFETY: filled by the call above.
    let parts = unsafe { parts.assume_init() };
    Some(LocalTime {
        year: parts.tm_year + 1900,
        month: parts.tm_mon + 1,
        day: parts.tm_mday,
        hour: parts.tm_hour,
        minute: parts.tm_min,
        second: parts.tm_sec,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_day_in_the_middle_of_a_year_is_in_that_year_in_every_zone() {
        let time = local_time(UNIX_EPOCH + Duration::from_secs(1_720_000_000)).unwrap();
        assert_eq!((time.year, time.month), (2024, 7));
        assert!(matches!(time.day, 3 | 4), "{time:?}");
        assert_eq!(time.second, 40);
    }
}
