fn main() {
    thalweg::event!("shop:order", Info, { id: u64, customer: &str = "Ada" });
}
