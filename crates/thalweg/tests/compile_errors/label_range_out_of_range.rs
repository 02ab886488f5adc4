thalweg::labels! {
    struct Status: i8 { Low = -129..=0 }
}

fn main() {}
