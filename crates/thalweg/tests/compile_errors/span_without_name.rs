fn main() {
    let _span = thalweg::span!(Info, { id: u64 = 7 });
}
