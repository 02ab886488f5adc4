fn main() {
    thalweg::tracef!();
}
