fn main() {
    thalweg::event!();
}
