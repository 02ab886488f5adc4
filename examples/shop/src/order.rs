//! An order, as a line of the orders file and as a value.
//!
//! ```text
//!   17 Ada card A express 250x2,99x1
//!   │  │   │    │ │       └ lines: price in cents × quantity
//!   │  │   │    │ └ express or normal
//!   │  │   │    └ the customer's grade
//!   id name payment
//! ```

use std::fmt;
use std::io;

use crate::event::{Goods, PaymentKind};
use crate::random::Random;

const CUSTOMERS: &[&str] = &["Ada", "Bjørn", "Chiyo", "Dragan", "Élodie", "Ferhat"];
const GRADES: &[char] = &['A', 'B', 'C', 'é'];

/// What a customer wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) id: u64,
    pub(crate) customer: String,
    pub(crate) payment: PaymentKind,
    pub(crate) grade: char,
    pub(crate) express: bool,
    pub(crate) lines: Vec<Line>,
}

/// So many of one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) price_cents: u16,
    pub(crate) quantity: u16,
}

impl Order {
    /// The order number `id` of a stream of random numbers.
    pub(crate) fn random(id: u64, random: &mut Random) -> Self {
        let mut line = || Line {
            price_cents: 1 + random.below(5000),
            quantity: 1 + random.below(9),
        };
        let lines = [line(), line(), line()];
        let lines = lines[..usize::from(1 + random.below(3))].to_vec();
        Self {
            id,
            customer: CUSTOMERS[usize::from(random.below(6))].to_owned(),
            payment: payment(random.below(3)),
            grade: GRADES[usize::from(random.below(4))],
            express: random.below(4) == 0,
            lines,
        }
    }

    /// What the order costs.
    pub(crate) fn total_cents(&self) -> u64 {
        let cost = |line: &Line| u64::from(line.price_cents) * u64::from(line.quantity);
        self.lines.iter().map(cost).sum()
    }

    /// Reads a line of the orders file.
    pub(crate) fn parse(text: &str) -> io::Result<Self> {
        let wrong = || io::Error::other(format!("no order: `{text}`"));
        let words: Vec<&str> = text.split(' ').collect();
        let [id, customer, payment, grade, speed, lines] = words[..] else {
            return Err(wrong());
        };
        let lines: Option<Vec<Line>> = lines.split(',').map(Line::parse).collect();
        Ok(Self {
            id: id.parse().map_err(|_| wrong())?,
            customer: customer.to_owned(),
            payment: payment_named(payment).ok_or_else(wrong)?,
            grade: grade.parse().map_err(|_| wrong())?,
            express: speed == "express",
            lines: lines.ok_or_else(wrong)?,
        })
    }
}

impl Line {
    /// The line as events show it.
    pub(crate) fn goods(&self) -> Goods {
        Goods {
            price_cents: self.price_cents,
            quantity: self.quantity,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (price, quantity) = text.split_once('x')?;
        Some(Self {
            price_cents: price.parse().ok()?,
            quantity: quantity.parse().ok()?,
        })
    }
}

fn payment(number: u16) -> PaymentKind {
    match number {
        0 => PaymentKind::Cash,
        1 => PaymentKind::Card,
        _ => PaymentKind::Invoice,
    }
}

fn payment_named(name: &str) -> Option<PaymentKind> {
    match name {
        "cash" => Some(PaymentKind::Cash),
        "card" => Some(PaymentKind::Card),
        "invoice" => Some(PaymentKind::Invoice),
        _ => None,
    }
}

fn name_of(payment: PaymentKind) -> &'static str {
    match payment {
        PaymentKind::Cash => "cash",
        PaymentKind::Card => "card",
        PaymentKind::Invoice => "invoice",
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            id,
            customer,
            grade,
            ..
        } = self;
        let speed = if self.express { "express" } else { "normal" };
        write!(
            f,
            "{id} {customer} {} {grade} {speed} ",
            name_of(self.payment)
        )?;
        for (
            at,
            Line {
                price_cents,
                quantity,
            },
        ) in self.lines.iter().enumerate()
        {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{price_cents}x{quantity}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_read_as_it_was_written() {
        let mut random = Random::new(7);
        for id in 0..1000 {
            let order = Order::random(id, &mut random);
            assert_eq!(Order::parse(&order.to_string()).unwrap(), order);
        }
    }

    #[test]
    fn an_order_costs_the_sum_of_its_lines() {
        let order = Order::parse("17 Ada card A express 250x2,99x1").unwrap();
        assert_eq!(order.total_cents(), 599);
    }

    #[test]
    fn a_broken_line_is_named() {
        let error = Order::parse("17 Ada gold A normal 1x1").unwrap_err();
        assert_eq!(error.to_string(), "no order: `17 Ada gold A normal 1x1`");
    }
}
