use super::{hits, misses};

#[test]
fn text_in_characters_that_are_not_shown_is_found() {
    let tags = |text: &str| -> String {
        text.bytes().filter_map(|byte| char::from_u32(0xE0000 + u32::from(byte))).collect()
    };
    let (word, flag_and_word) = (tags("bomb"), format!("🏴{}", tags("gbengbomb")));
    hits("hidden_text", &[&word, &flag_and_word, "\u{E0152}\u{E015F}\u{E015D}"]);
    hits("hidden_text", &[&"\u{200B}\u{200C}".repeat(8), &"\u{2062}\u{2064}\u{2064}".repeat(8)]);
    let flag = format!("🏴{}\u{E007F}", tags("gbeng"));
    misses(
        "hidden_text",
        &[&flag, "❤\u{FE0F}", "1\u{FE0F}\u{20E3}", "می\u{200C}خواهم", "a\u{200B}b"],
    );
}

#[test]
fn stacked_marks_are_found_and_accents_are_not() {
    hits("stacked_marks", &["\u{300}\u{301}\u{302}", "\u{336}\u{337}\u{338}\u{489}"]);
    misses(
        "stacked_marks",
        &["e\u{302}\u{301}", "Việt Nam", "ลำ้", "שָׁלוֹם", "a\u{301}b\u{301}c\u{301}"],
    );
}

#[test]
fn words_that_change_their_script_twice_are_found() {
    for (text, mixed) in [("bоmb", "bоm"), ("grеnаde", "rеn"), ("раypаl", "аypа"), ("dοne", "dοn")]
    {
        let found = super::find("mixed_scripts", text);
        assert!(found.iter().any(|found| found == mixed), "{text}: {found:?}");
    }
    misses(
        "mixed_scripts",
        &["SMSка", "kΩ", "Δx", "IT-отдел", "π and ρ", "привет hello", "3D-принтер"],
    );
}

#[test]
fn overrides_of_the_direction_are_found() {
    hits("direction_override", &["\u{202E}", "\u{202D}"]);
    misses("direction_override", &["\u{2067}שלום\u{2069}", "\u{200F}", "\u{202B}אב\u{202C}"]);
}
