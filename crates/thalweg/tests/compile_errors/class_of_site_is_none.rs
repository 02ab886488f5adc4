struct Order;

fn main() {
    let _site = thalweg::site!("shop:order", Info, Order);
}
