fn main() {
    thalweg::tracelog!(Inform, "order {}", 7);
}
