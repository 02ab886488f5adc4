fn main() {
    thalweg::event!("order", Info, { id: u64 = 7 });
}
