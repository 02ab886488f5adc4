fn main() {
    thalweg::event!("shop:order", Info, { customer: &str = "Ada", id = 7 });
}
