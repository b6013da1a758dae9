//! Numbers with units, as arguments have them.

use std::time::Duration;

/// Reads a count: `1000000`, `1_000_000` or `1M`.
pub(crate) fn count(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text);
    let factor = match unit {
        "" => 1,
        "k" | "K" => 1_000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        _ => return Err(format!("unknown unit `{unit}`; there are k, M and G")),
    };
    times(number, factor).ok_or_else(|| "expected a whole number, such as 1000000 or 1M".to_owned())
}

/// Reads a number of bytes: `67108864`, `64M` or `64MiB`, which are the same, or `64MB`, which is a million for each.
pub(crate) fn bytes(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text);
    let factor = match unit {
        "" | "B" => 1,
        "k" | "K" | "KiB" => 1 << 10,
        "M" | "MiB" => 1 << 20,
        "G" | "GiB" => 1 << 30,
        "T" | "TiB" => 1 << 40,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        _ => return Err(format!("unknown unit `{unit}`; there are K, M, G and T, and KiB, KB and so on")),
    };
    times(number, factor).ok_or_else(|| "expected a number of bytes, such as 1048576 or 64M".to_owned())
}

/// Reads a time: `2`, `0.5`, `2s`, `500ms`, `1m` or `1h`.
pub(crate) fn time(text: &str) -> Result<Duration, String> {
    let (number, unit) = split(text);
    let seconds = match unit {
        "" | "s" => 1.0,
        "us" | "µs" => 1e-6,
        "ms" => 1e-3,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(format!("unknown unit `{unit}`; there are us, ms, s, m and h")),
    };
    let number: Option<f64> = number.parse().ok();
    let duration = number.and_then(|number| Duration::try_from_secs_f64(number * seconds).ok());
    duration.ok_or_else(|| "expected a time, such as 2s, 0.5 or 500ms".to_owned())
}

/// The number, and the unit behind it.
fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end = text.rfind(|letter: char| letter.is_ascii_digit() || letter == '.').map_or(0, |at| at + 1);
    let (number, unit) = text.split_at(end);
    (number, unit.trim_start())
}

/// The number that many times, where it is a whole one.
fn times(number: &str, factor: u64) -> Option<u64> {
    let digits = number.replace('_', "");
    if let Ok(whole) = digits.parse::<u64>() {
        return whole.checked_mul(factor);
    }
    let (whole, fraction) = digits.split_once('.')?;
    let (places, whole, part) =
        (u32::try_from(fraction.len()).ok()?, whole.parse::<u64>().ok()?, fraction.parse::<u64>().ok()?);
    let scale = 10_u64.checked_pow(places)?;
    let product = part.checked_mul(factor)?;
    // A fraction of a byte is a mistake.
    (product % scale == 0).then_some(())?;
    whole.checked_mul(factor)?.checked_add(product / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_units() {
        assert_eq!(count("1_000"), Ok(1000));
        assert_eq!(count("1.5k"), Ok(1500));
        assert_eq!(bytes("64M"), Ok(64 << 20));
        assert_eq!(bytes("64 MiB"), bytes("64M"));
        assert_eq!(bytes("1.5K"), Ok(1536));
        assert_eq!(bytes("2MB"), Ok(2_000_000));
        assert_eq!(time("2s"), Ok(Duration::from_secs(2)));
        assert_eq!(time("0.5"), Ok(Duration::from_millis(500)));
        assert_eq!(time("500ms"), time("0.5s"));
        assert_eq!(time("1m"), Ok(Duration::from_secs(60)));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "M", "-1", "1.0001K", "18446744073709551615K", "x", "1X", "1e3"] {
            assert!(bytes(text).is_err(), "{text}");
        }
        for text in ["", "-1", "s", "1d", "nan", "inf", "1e400"] {
            assert!(time(text).is_err(), "{text}");
        }
        assert!(count("1.5").is_err());
    }
}
