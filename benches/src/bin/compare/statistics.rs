//! Medians and quartiles.

use serde::Serialize;

/// The middle of several numbers, and how far they spread.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    /// A quarter of the numbers is less than that.
    pub(crate) lower_quartile: f64,
    /// A quarter of the numbers is more than that.
    pub(crate) upper_quartile: f64,
}

impl Spread {
    /// That of `numbers`; `None` of none.
    pub(crate) fn of(numbers: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = numbers.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        Some(Self {
            median: quantile(&sorted, 0.5)?,
            lower_quartile: quantile(&sorted, 0.25)?,
            upper_quartile: quantile(&sorted, 0.75)?,
        })
    }

    /// Seconds as milliseconds.
    pub(crate) fn in_milliseconds(self) -> Self {
        let Self { median, lower_quartile, upper_quartile } = self;
        Self {
            median: median * 1e3,
            lower_quartile: lower_quartile * 1e3,
            upper_quartile: upper_quartile * 1e3,
        }
    }
}

/// The number below which that part of the sorted ones lies, between two of them where it falls between.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
fn quantile(sorted: &[f64], part: f64) -> Option<f64> {
    let place = part * sorted.len().checked_sub(1)? as f64;
    let (low, high) = (sorted.get(place.floor() as usize)?, sorted.get(place.ceil() as usize)?);
    Some(low + (high - low) * place.fract())
}

/// The geometric mean; `None` of no numbers.
#[expect(clippy::cast_precision_loss)]
pub(crate) fn geometric_mean(numbers: impl IntoIterator<Item = f64>) -> Option<f64> {
    let logarithms: Vec<f64> = numbers.into_iter().map(f64::ln).collect();
    (!logarithms.is_empty()).then(|| (logarithms.iter().sum::<f64>() / logarithms.len() as f64).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_lie_between_numbers() {
        let spread = Spread::of([4.0, 1.0, 3.0, 2.0]).unwrap();
        assert_eq!((spread.lower_quartile, spread.median, spread.upper_quartile), (1.75, 2.5, 3.25));
        assert!(Spread::of([]).is_none());
    }

    #[test]
    fn twice_and_half_cancel_out() {
        assert!((geometric_mean([0.5, 2.0]).unwrap() - 1.0).abs() < 1e-12);
        assert_eq!(geometric_mean([]), None);
    }
}
