thalweg::event_class! {
    struct Order { id = 7 }
}

fn main() {}
