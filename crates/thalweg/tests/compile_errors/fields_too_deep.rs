fn main() {
    type Three<T> = Option<Option<Option<T>>>;
    thalweg::event!("shop:order", Info, { deep: Three<Three<Three<u8>>> = None });
}
