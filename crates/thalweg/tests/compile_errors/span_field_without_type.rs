fn main() {
    let _span = thalweg::span!("shop:request", Info, { id = 7 });
}
