fn main() {
    thalweg::event!("shop:order", Inform, { id: u64 = 7 });
}
