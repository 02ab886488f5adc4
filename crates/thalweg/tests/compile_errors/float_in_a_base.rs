fn main() {
    thalweg::event!("shop:order", Info, { total: thalweg::Hex<f64> = thalweg::Hex(1.5) });
}
