//! Networks of addresses.

use std::net::IpAddr;

/// Whether a network (`10.0.0.0/8`, or one address) holds an address; `None` if it is no network. IPv4 addresses mapped
/// into IPv6, and networks of nothing else, are those of IPv4.
pub(super) fn holds(network: &str, address: IpAddr) -> Option<bool> {
    let (base, length) = match network.split_once('/') {
        Some((base, length)) => (base, length),
        None => (network, ""),
    };
    let base: IpAddr = base.parse().ok()?;
    let width = if base.is_ipv4() { 32 } else { 128 };
    let length: u32 = if length.is_empty() { width } else { length.parse().ok()? };
    let outside = width.checked_sub(length)?;
    let base = if outside <= 32 { base.to_canonical() } else { base };
    let same = match (base, address.to_canonical()) {
        (IpAddr::V4(base), IpAddr::V4(address)) => {
            head(base.to_bits().into(), outside) == head(address.to_bits().into(), outside)
        }
        (IpAddr::V6(base), IpAddr::V6(address)) => {
            head(base.to_bits(), outside) == head(address.to_bits(), outside)
        }
        _ => false,
    };
    Some(same)
}

/// The bits of an address that are the network's.
fn head(bits: u128, outside: u32) -> u128 {
    bits.checked_shr(outside).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_its_addresses() {
        for (address, network, held) in [
            ("10.1.2.3", "10.0.0.0/8", Some(true)),
            ("11.1.2.3", "10.0.0.0/8", Some(false)),
            ("10.1.2.3", "10.1.2.3", Some(true)),
            ("10.1.2.3", "0.0.0.0/0", Some(true)),
            ("::ffff:10.1.2.3", "10.0.0.0/8", Some(true)),
            ("2001:db8::1", "2001:db8::/32", Some(true)),
            ("2001:db8::1", "::/0", Some(true)),
            ("10.1.2.3", "::/0", Some(false)),
            ("10.1.2.3", "::ffff:10.0.0.0/104", Some(true)),
            ("11.1.2.3", "::ffff:10.0.0.0/104", Some(false)),
            ("11.1.2.3", "::ffff:0.0.0.0/96", Some(true)),
            ("11.1.2.3", "::ffff:0.0.0.0/95", Some(false)),
            ("10.1.2.3", "10.0.0.0/33", None),
            ("10.1.2.3", "10.0.0/8", None),
        ] {
            assert_eq!(holds(network, address.parse().unwrap()), held, "{address} {network}");
        }
    }
}
