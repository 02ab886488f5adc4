fn main() {
    thalweg::event!("shop:order", Loud, { id: u64 = 7 });
}
