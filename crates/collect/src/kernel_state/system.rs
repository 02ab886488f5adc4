//! What the machine has: interfaces, disks, interrupts, processors.

use std::fs;
use std::path::Path;

use super::events::StateKind;
use super::process::{numbered, put_all};
use super::taker::Dump;
use crate::context::put_text;

/// Where the kernel keeps the minor number in a device's.
const MINOR_BITS: u32 = 20;

/// Each address of each network interface; one without an address has 0.
pub(super) fn tell_interfaces(dump: &mut Dump<'_>) {
    for (name, address) in thalweg_sys::ipv4_addresses() {
        dump.push(StateKind::NetworkInterface, |out| {
            put_text(&name, out);
            out.extend(address);
        });
    }
}

/// Each disk and each partition.
pub(super) fn tell_disks(dump: &mut Dump<'_>) {
    let text = fs::read_to_string("/proc/partitions").unwrap_or_default();
    for (device, name) in text.lines().filter_map(disk) {
        dump.push(StateKind::BlockDevice, |out| {
            out.extend(device.to_le_bytes());
            put_text(name.as_bytes(), out);
        });
    }
}

/// A line of `/proc/partitions`: the device's number and its name.
fn disk(line: &str) -> Option<(u32, &str)> {
    let mut words = line.split_whitespace();
    let (major, minor): (u32, u32) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let name = words.nth(1)?;
    Some(((major << MINOR_BITS) | minor, name))
}

/// Each action of each interrupt, with the thread that it runs in, or 0.
pub(super) fn tell_interrupts(dump: &mut Dump<'_>) {
    let folder = Path::new("/sys/kernel/irq");
    let mut threads = dump.take_interrupt_threads();
    for number in numbered(folder) {
        let text = |name: &str| {
            let path = folder.join(number.to_string()).join(name);
            fs::read_to_string(path).unwrap_or_default()
        };
        let (chip, actions) = (text("chip_name"), text("actions"));
        for action in actions
            .trim()
            .split(',')
            .filter(|action| !action.is_empty())
        {
            let thread = take_thread(&mut threads, number, action);
            dump.push(StateKind::Interrupt, |out| {
                put_all(out, &[number]);
                put_text(chip.trim().as_bytes(), out);
                put_text(action.as_bytes(), out);
                put_all(out, &[thread]);
            });
        }
    }
}

/// The thread of an action, which is of nobody else then: `irq/24-ACPI:Ged`, possibly cut.
fn take_thread(threads: &mut Vec<(i32, Vec<u8>)>, number: i32, action: &str) -> i32 {
    let name = format!("irq/{number}-{action}");
    let begin = format!("irq/{number}-");
    let is_its = |(_, own): &(i32, Vec<u8>)| {
        own.starts_with(begin.as_bytes()) && name.as_bytes().starts_with(own)
    };
    match threads.iter().position(is_its) {
        Some(place) => threads.remove(place).0,
        None => 0,
    }
}

/// Each processor, as x86 names them.
pub(super) fn tell_processors(dump: &mut Dump<'_>) {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    for block in text.split("\n\n") {
        let word = |key| value(block, key);
        let (Some(number), Some(vendor)) = (word("processor"), word("vendor_id")) else {
            continue;
        };
        let two = |key| {
            word(key)
                .and_then(|text| text.parse::<u16>().ok())
                .unwrap_or(0)
        };
        dump.push(StateKind::CpuTopology, |out| {
            put_text(b"x86", out);
            out.extend(number.parse::<u16>().unwrap_or(0).to_le_bytes());
            put_text(vendor.as_bytes(), out);
            out.push(two("cpu family") as u8);
            out.push(two("model") as u8);
            put_text(word("model name").unwrap_or_default().as_bytes(), out);
            for key in ["physical id", "core id", "cpu cores"] {
                out.extend(two(key).to_le_bytes());
            }
        });
    }
}

/// What stands behind a key in a block of `/proc/cpuinfo`.
fn value<'b>(block: &'b str, key: &str) -> Option<&'b str> {
    block.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name.trim() == key).then_some(value.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_partitions_is_a_device() {
        assert_eq!(
            disk(" 254        1  268435456 vda1"),
            Some(((254 << 20) | 1, "vda1"))
        );
        assert_eq!(disk("major minor  #blocks  name"), None);
        assert_eq!(disk(""), None);
    }

    #[test]
    fn each_action_has_its_own_thread() {
        let name = |text: &str| text.as_bytes().to_vec();
        let mut threads = vec![
            (50, name("irq/24-ACPI:Ged")),
            (51, name("irq/24-a-long-n")),
            (52, name("irq/24-a-long-n")),
            (53, name("irq/240-x")),
        ];
        let mut of = |number, action| take_thread(&mut threads, number, action);
        assert_eq!(of(24, "ACPI:Ged"), 50);
        assert_eq!(of(24, "ACPI:Ged"), 0, "there is one");
        assert_eq!([of(24, "a-long-name"), of(24, "a-long-nose")], [51, 52]);
        assert_eq!([of(24, "x"), of(240, "x"), of(240, "x")], [0, 53, 0]);
    }

    #[test]
    fn a_key_is_the_whole_of_it() {
        let block = "model\t\t: 85\nmodel name\t: A: B\n";
        assert_eq!(value(block, "model"), Some("85"));
        assert_eq!(value(block, "model name"), Some("A: B"));
        assert_eq!(value(block, "name"), None);
    }
}
