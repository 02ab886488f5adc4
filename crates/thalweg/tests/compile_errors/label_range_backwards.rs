thalweg::labels! {
    struct Status: u16 { Ok = 299..=200 }
}

fn main() {}
