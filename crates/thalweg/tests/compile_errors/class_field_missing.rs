thalweg::event_class! {
    struct Order { id: u64, total: f64 }
}

fn main() {
    thalweg::event!("shop:order", Info, Order { id: 7 });
}
