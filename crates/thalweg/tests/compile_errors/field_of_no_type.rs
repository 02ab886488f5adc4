fn main() {
    thalweg::event!("shop:order", Info, { names: std::collections::BTreeSet<u8> = [7].into() });
}
