thalweg::fields! {
    struct Empty {}
}

fn main() {
    thalweg::event!("shop:order", Info, { all: &[Empty] = &[] });
}
