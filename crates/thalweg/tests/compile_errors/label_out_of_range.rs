thalweg::labels! {
    enum Payment: u8 { Cash = 0, Card = 300 }
}

fn main() {}
