fn main() {
    thalweg::event!("shop:order", Info, id: u64 = 7);
}
