//! A table as a line of JSON.
//!
//! ```text
//!   {"version":1, "seconds":1.0, "keys":["comm"], "aggregates":["count()"],
//!    "groups":[{"keys":["bash"], "count":12, "values":[12]}], "not_counted":{…}}
//! ```
//!
//! A text of which only the beginning is known is `{"beginning": …}`, one that was not in memory null.

use std::time::Duration;

use serde_json::{Value, json};
use thalweg_kernel::{
    BUCKET_ERROR, KeyValue, WatchCounts, WatchRow, WatchSpec, WatchTable, WatchValue,
};

use super::quantiles::{SHOWN, quantile};

/// The form's version.
const VERSION: u32 = 1;

/// The line, with its end.
pub(super) fn table(
    spec: &WatchSpec,
    table: &WatchTable,
    top: usize,
    (counts, time): (&WatchCounts, Duration),
) -> String {
    let rows = table.rows();
    let shown = if top == 0 {
        rows.len()
    } else {
        top.min(rows.len())
    };
    let groups: Vec<Value> = rows[..shown].iter().map(row).collect();
    let keys: Vec<&str> = spec.keys.iter().map(|key| key.text.as_str()).collect();
    let aggregates = spec.aggregates.iter().map(|one| one.text.as_str());
    let value = json!({
        "version": VERSION,
        "seconds": time.as_secs_f64(),
        "keys": keys,
        "aggregates": aggregates.collect::<Vec<_>>(),
        "groups": groups,
        "groups_not_shown": rows.len() - shown,
        "not_counted": {
            "lost": counts.lost + table.crowded_out(),
            "lost_buckets": counts.lost_buckets,
            "unknown": counts.unknown,
            "unbegun": counts.unbegun,
            "missed": counts.missed,
        },
    });
    format!("{value}\n")
}

fn row(row: &WatchRow) -> Value {
    let keys: Vec<Value> = row.keys.iter().map(key).collect();
    let values: Vec<Value> = row.values.iter().map(value).collect();
    json!({ "keys": keys, "count": row.count, "values": values })
}

fn key(value: &KeyValue) -> Value {
    match value {
        KeyValue::Int(number) => json!(number),
        KeyValue::Uint(number) => json!(number),
        KeyValue::Text(text) => json!(text),
        KeyValue::Beginning(text) => json!({ "beginning": text }),
        KeyValue::Unreadable => Value::Null,
    }
}

fn value(value: &WatchValue) -> Value {
    match value {
        WatchValue::Number(number) => match i64::try_from(*number) {
            Ok(number) => json!(number),
            Err(_) => json!(*number as f64),
        },
        WatchValue::Mean(mean) => json!(mean),
        WatchValue::Buckets(buckets) => {
            let mut value = json!({ "error": BUCKET_ERROR });
            for (name, thousandths) in SHOWN {
                value[name] = json!(quantile(buckets, thousandths));
            }
            let buckets = buckets.iter();
            let buckets = buckets.map(|(bucket, count)| json!([bucket.first, bucket.last, count]));
            value["buckets"] = buckets.collect();
            value
        }
    }
}
