//! Moments as this API writes and reads them (spec/oracle.md 2.5).

use chrono::{DateTime, Datelike, NaiveDateTime, Utc};

/// `2014-02-21T21:15:57Z`.
pub fn time(moment: DateTime<Utc>) -> String {
    moment.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The same with or without a fraction and with or without the `Z`; always UTC.
pub fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let local = text.strip_suffix('Z').unwrap_or(text);
    let moment = NaiveDateTime::parse_from_str(local, "%Y-%m-%dT%H:%M:%S%.f").ok()?.and_utc();
    // others are written with a sign, and some are before the database's time
    (0..=9999).contains(&moment.year()).then_some(moment)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_fraction_and_the_z_may_be_missing() {
        for text in ["2017-01-01T00:00:01Z", "2017-01-01T00:00:01", "2017-01-01T00:00:01.000Z", "2017-01-01T00:00:01.5"]
        {
            assert_eq!(parse_time(text).map(time).as_deref(), Some("2017-01-01T00:00:01Z"), "{text}");
        }
        for text in
            ["", "tomorrow", "2017-01-01", "2017-13-01T00:00:01Z", "2017-01-01T00:00:01+01:00", "2017-01-01 00:00:01"]
        {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_can_be_read(seconds in 0_i64..253_402_300_799) {
            let moment = DateTime::from_timestamp(seconds, 0).unwrap();
            prop_assert_eq!(parse_time(&time(moment)), Some(moment));
        }
    }
}
