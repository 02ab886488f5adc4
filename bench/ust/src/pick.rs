//! One number from many.

/// Takes one of the numbers, or makes one of them.
pub(crate) type Pick = fn(&[f64]) -> f64;

/// The least.
pub(crate) fn best(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

/// The one in the middle.
pub(crate) fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// The one that all but one in a thousand do not exceed.
pub(crate) fn p99_9(values: &[f64]) -> f64 {
    quantile(values, 0.999)
}

fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = (sorted.len() as f64 * share) as usize;
    sorted.get(at).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn best_median_and_the_thousandth_are_numbers_of_the_list() {
        let values: Vec<f64> = (0..2000).rev().map(f64::from).collect();
        let found = [best(&values), median(&values), p99_9(&values)];
        assert_eq!(found, [0.0, 1000.0, 1998.0]);
        assert!(median(&[]).is_nan());
    }
}
