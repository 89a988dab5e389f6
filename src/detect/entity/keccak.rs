//! Keccak-256, the hash by which Ethereum addresses carry their checksum (EIP-55).
//!
//! It is not SHA3-256, which pads otherwise. Source: <https://keccak.team/keccak_specs_summary.html>.

/// Bytes that are absorbed at once: 1600 − 2 × 256 bits.
const RATE: usize = 136;

/// Constants of the step iota, one a round.
const ROUNDS: [u64; 24] = [
    0x0000_0000_0000_0001,
    0x0000_0000_0000_8082,
    0x8000_0000_0000_808a,
    0x8000_0000_8000_8000,
    0x0000_0000_0000_808b,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8009,
    0x0000_0000_0000_008a,
    0x0000_0000_0000_0088,
    0x0000_0000_8000_8009,
    0x0000_0000_8000_000a,
    0x0000_0000_8000_808b,
    0x8000_0000_0000_008b,
    0x8000_0000_0000_8089,
    0x8000_0000_0000_8003,
    0x8000_0000_0000_8002,
    0x8000_0000_0000_0080,
    0x0000_0000_0000_800a,
    0x8000_0000_8000_000a,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8080,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8008,
];

/// The hash of a text that is shorter than one block.
pub(super) fn hash(text: &str) -> Option<[u8; 32]> {
    let mut block = [0_u8; RATE];
    block.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
    *block.get_mut(text.len())? ^= 0x01;
    *block.last_mut()? ^= 0x80;
    let mut lanes = [0_u64; 25];
    for (lane, bytes) in lanes.iter_mut().zip(block.as_chunks::<8>().0) {
        *lane = u64::from_le_bytes(*bytes);
    }
    for constant in ROUNDS {
        lanes = round(lanes, constant);
    }
    let mut hash = [0; 32];
    for (bytes, lane) in hash.as_chunks_mut::<8>().0.iter_mut().zip(lanes) {
        *bytes = lane.to_le_bytes();
    }
    Some(hash)
}

/// One round of Keccak-f with 1,600 bits; the lane of column x and row y is at x + 5y.
#[expect(clippy::indexing_slicing, reason = "all indices are taken modulo the size of the array")]
fn round(mut lanes: [u64; 25], constant: u64) -> [u64; 25] {
    let mut columns = [0_u64; 5];
    for (at, lane) in lanes.iter().enumerate() {
        columns[at % 5] ^= lane;
    }
    for (at, lane) in lanes.iter_mut().enumerate() {
        *lane ^= columns[(at + 4) % 5] ^ columns[(at + 1) % 5].rotate_left(1);
    }
    // Rho and pi: the lanes but the first move along one cycle, each turned by a triangular number.
    let mut moved = lanes;
    let (mut x, mut y, mut turn) = (1, 0, 0);
    for step in 1..=24_u32 {
        turn = (turn + step) % 64;
        let lane = lanes[(x + 5 * y) % 25];
        (x, y) = (y, (2 * x + 3 * y) % 5);
        moved[(x + 5 * y) % 25] = lane.rotate_left(turn);
    }
    for (at, lane) in lanes.iter_mut().enumerate() {
        let row = at / 5 * 5;
        *lane =
            moved[at % 25] ^ (!moved[(row + (at + 1) % 5) % 25] & moved[(row + (at + 2) % 5) % 25]);
    }
    lanes[0] ^= constant;
    lanes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_hashes_come_out() {
        let start = |text: &str| hash(text).unwrap()[..8].to_vec();
        assert_eq!(start(""), [0xc5, 0xd2, 0x46, 0x01, 0x86, 0xf7, 0x23, 0x3c]);
        assert_eq!(start("abc"), [0x4e, 0x03, 0x65, 0x7a, 0xea, 0x45, 0xa9, 0x4f]);
        assert!(hash(&"x".repeat(RATE)).is_none());
    }
}
