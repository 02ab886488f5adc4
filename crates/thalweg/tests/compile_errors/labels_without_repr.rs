thalweg::labels! {
    enum Payment { Cash = 0 }
}

fn main() {}
