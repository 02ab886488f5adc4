fn main() {
    let _span = thalweg::task_span!(parent: thalweg::SpanId::NONE, Info);
}
