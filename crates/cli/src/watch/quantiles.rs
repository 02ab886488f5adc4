//! Numbers below which so much of all lies, from buckets.

use thalweg_kernel::Bucket;

/// What is shown: its name, and of how many of a thousand.
pub(super) const SHOWN: [(&str, u64); 4] =
    [("p50", 500), ("p90", 900), ("p99", 990), ("p99.9", 999)];

/// A number that at least `thousandths` of all are not larger than; to the width of its bucket.
pub(super) fn quantile(buckets: &[(Bucket, u64)], thousandths: u64) -> Option<i64> {
    let all: u128 = buckets.iter().map(|(_, count)| u128::from(*count)).sum();
    let wanted = (all * u128::from(thousandths)).div_ceil(1000).max(1);
    let mut seen = 0;
    for (bucket, count) in buckets {
        seen += u128::from(*count);
        if seen >= wanted {
            return Some(bucket.middle());
        }
    }
    None
}

/// The same numbers by powers of two: from, to, how many.
pub(super) fn by_powers(buckets: &[(Bucket, u64)]) -> Vec<(i64, i64, u64)> {
    let mut rows: Vec<(i64, i64, u64)> = Vec::new();
    for (bucket, count) in buckets {
        let (first, last) = power_of(bucket.first);
        match rows.last_mut() {
            Some(row) if row.0 == first => row.2 += count,
            _ => rows.push((first, last, *count)),
        }
    }
    rows
}

/// The power of two that a number is in: 0, 1, 2 to 3, 4 to 7, …
fn power_of(number: i64) -> (i64, i64) {
    if number == 0 {
        return (0, 0);
    }
    let low = 1_u64 << number.unsigned_abs().ilog2();
    let last = i64::try_from(low + (low - 1)).unwrap_or(i64::MAX);
    let first = i64::try_from(low).unwrap_or(i64::MAX);
    match number < 0 {
        false => (first, last),
        true => (0_i64.saturating_sub(last), 0_i64.wrapping_sub_unsigned(low)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(first: i64, last: i64, count: u64) -> (Bucket, u64) {
        (Bucket { first, last }, count)
    }

    #[test]
    fn a_quantile_is_in_the_bucket_that_reaches_it() {
        let buckets = [bucket(1, 1, 50), bucket(10, 10, 49), bucket(64, 65, 1)];
        assert_eq!(quantile(&buckets, 500), Some(1));
        assert_eq!(quantile(&buckets, 501), Some(10));
        assert_eq!(quantile(&buckets, 990), Some(10));
        assert_eq!(quantile(&buckets, 999), Some(64));
        assert_eq!(quantile(&[], 500), None);
    }

    #[test]
    fn buckets_of_a_power_are_joined() {
        let buckets = [
            bucket(-3, -3, 1),
            bucket(-2, -2, 1),
            bucket(0, 0, 2),
            bucket(64, 65, 3),
            bucket(126, 127, 4),
            bucket(i64::MAX - 7, i64::MAX, 5),
        ];
        let expected = [(-3, -2, 2), (0, 0, 2), (64, 127, 7), (1 << 62, i64::MAX, 5)];
        assert_eq!(by_powers(&buckets), expected);
    }
}
