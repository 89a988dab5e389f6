//! What entity detectors look for: card numbers, addresses, keys and kin, each a pattern and a check.
//!
//! It does not search. The patterns are regular expressions for whoever searches; the check says whether
//! a match is the real thing. It knows nothing of the text around a match.

mod base58;
mod checksum;
mod contact;
mod crypto;
mod finance;
mod identity;
mod keccak;
mod network;
mod secret;
mod signals;

#[cfg(test)]
mod tests;

use super::Outline;

/// One kind of entity.
///
/// Borders in patterns are of ASCII, so that a number that stands directly beside Han characters has one there.
/// They are made for successive matches that do not overlap: a pattern takes the whole of a longer run
/// (`1.2.3.4.5`), and what [`EntityDef::validate`] refuses is an entity in no part. Matches of
/// different patterns of one entity may overlap.
#[derive(Clone, Copy, Debug)]
pub struct EntityDef {
    /// The name in policies, such as `email`.
    pub name: &'static str,
    /// The name in placeholders, such as `EMAIL`.
    pub placeholder: &'static str,
    /// What is found, for people.
    pub summary: &'static str,
    /// Patterns in the syntax of the `regex` crate, without look-around but `(?-u:\b)`.
    pub patterns: &'static [&'static str],
    /// Whether the matched text is the real thing.
    pub validate: fn(&str) -> bool,
    /// Where matches of the patterns may be in progress.
    pub outline: Outline,
}

/// Numbers in groups, whatever they mean; those of fewer than seven digits mean nothing here.
const NUMBER: Outline = Outline {
    around: r"[+(]?[0-9](?:[ .()\-]{0,3}[0-9])*[Xx)]?",
    within: Some(r"[0-9](?:[ .()\-]{0,3}[0-9]){6}"),
};

/// Words of letters, digits and the signs that stand in addresses and keys, with something in them that
/// only such words have.
const fn word_with(within: &'static str) -> Outline {
    Outline { around: r#"[A-Za-z0-9._%+/=:@'"\-]+"#, within: Some(within) }
}

/// Something with an outline of its own.
const fn around(around: &'static str) -> Outline {
    Outline { around, within: None }
}

/// All kinds of entities, in the order in which people see them.
pub const ENTITIES: &[EntityDef] = &[
    contact::EMAIL,
    contact::PHONE,
    finance::CREDIT_CARD,
    finance::IBAN,
    crypto::CRYPTO_ADDRESS,
    identity::US_SSN,
    identity::CN_ID,
    network::IPV4,
    network::IPV6,
    network::MAC_ADDRESS,
    network::URL,
    secret::API_KEY,
    secret::PRIVATE_KEY,
    secret::JWT,
    signals::HIDDEN_TEXT,
    signals::STACKED_MARKS,
    signals::MIXED_SCRIPTS,
    signals::DIRECTION_OVERRIDE,
];

/// The entity of this name.
pub fn by_name(name: &str) -> Option<&'static EntityDef> {
    ENTITIES.iter().find(|entity| entity.name == name)
}
