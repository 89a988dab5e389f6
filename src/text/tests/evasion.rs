//! Rows of the evasion catalogue: techniques by which a word is disguised, and the view that sees it.

use super::{read, view};
use crate::domain::Span;
use crate::text::{repeats_term, skeleton_term};

/// Checks that `view` shows `text` as `expected`.
fn sees(name: &str, cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(read(name, text), *expected, "{name} of {text:?}");
    }
}

/// Joins the characters of `word` by `between`.
fn join(word: &str, between: &str) -> String {
    word.chars().map(String::from).collect::<Vec<_>>().join(between)
}

#[test]
fn c01_case_is_folded_in_full() {
    sees(
        "fold",
        &[
            ("BoMb", "bomb"),
            ("BİLL bıll", "bill bill"),
            ("aſſ STRAẞE straße", "ass strasse strasse"),
            ("\u{212a}ILL", "kill"),
            ("ΣΊΓΜΑΣ", "σιγμασ"),
        ],
    );
}

#[test]
fn c02_full_width_letters_are_letters() {
    sees("fold", &[("Ｂｏｍｂ　ｎｏｗ！", "bomb now!")]);
}

#[test]
fn c03_styled_letters_are_letters() {
    sees("fold", &[("𝐛𝑜𝓶𝖇 𝔟𝕠𝚖𝗯 ℎℬ", "bomb bomb hb")]);
}

#[test]
fn c04_enclosed_letters_are_letters() {
    sees("fold", &[("ⓑⓞⓜⓑ", "bomb"), ("ⒷⓄⓂⒷ", "bomb"), ("🄱🄾🄼🄱", "bomb")]);
    sees("skeleton", &[("🅑🅞🅜🅑", "bomb"), ("🅱🅾🅼🅱", "bomb"), ("🇧🇴🇲🇧", "bomb"), ("❹", "4")]);
    sees("spaced", &[("⒝⒪⒨⒝", "bomb")]);
}

#[test]
fn c05_raised_letters_are_letters() {
    sees("fold", &[("ᵇᵒᵐᵇ ₑₐ", "bomb ea")]);
}

#[test]
fn c06_small_capitals_and_phonetic_letters_look_latin() {
    sees(
        "skeleton",
        &[("ʙᴏᴍʙ", "bomb"), ("ᴋɪʟʟ", "kill"), ("ɓɵɱɓ ɑ ɡ", "bomb a g"), ("ꜰᴜᴄᴋ", "fuck")],
    );
}

#[test]
fn c07_look_alikes_of_other_scripts_look_latin() {
    sees(
        "skeleton",
        &[
            ("аеорсухіѕјһԁԛԝ", "aeopcyxisjhdqw"),
            ("ВОМВ", "bomb"),
            ("αορν κιτχ", "aopv kitx"),
            ("օսո", "oun"),
            ("ᏢᎪᏚᏚ", "pass"),
            ("ⅼⅰ", "li"),
            ("ꓐꓳꓟꓐ", "bomb"),
            // Capitals look otherwise than their small forms.
            ("ΗΕRΟΙΝ Νapalm ΜΥ", "heroin napalm my"),
        ],
    );
}

#[test]
fn c08_stroked_letters_look_latin() {
    sees("skeleton", &[("ø ł đ ħ ƀ Ø Ł Đ", "o l d h b o l d"), ("ƀømƀ", "bomb"), ("æœ", "aeoe")]);
}

#[test]
fn c09_accents_and_lines_are_dropped() {
    for mark in ['\u{301}', '\u{308}', '\u{332}', '\u{336}', '\u{335}', '\u{338}'] {
        assert_eq!(read("fold", &("bomb".to_owned() + &mark.to_string())), "bomb");
        assert_eq!(read("fold", &join("bomb", &mark.to_string())), "bomb");
        assert_eq!(read("fold", &join("炸弹", &mark.to_string())), "炸弹");
    }
    sees("fold", &[("bömb ČŤ Việt", "bomb ct viet"), ("й", "и"), ("ώ", "ω")]);
}

#[test]
fn c10_towers_of_marks_are_dropped_and_removed_with_their_letter() {
    let tower: String = ('\u{300}'..='\u{314}').collect();
    let text = join("bomb", &tower) + &tower + " x";
    let reading = view("fold", &text);
    assert_eq!(reading.as_str(), "bomb x");
    assert_eq!(reading.raw_span(0, 4), Span::new(0, text.len() - 2));
}

#[test]
fn c11_enclosing_marks_and_key_caps_are_dropped() {
    sees("fold", &[("b\u{20dd}o\u{20de}m\u{20e3}b", "bomb"), ("1\u{fe0f}\u{20e3}", "1")]);
}

#[test]
fn c12_characters_without_width_are_left_out() {
    let hidden = "\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}\u{ad}\u{34f}\u{180e}\u{2061}\u{2062}\u{2063}\
        \u{2064}\u{115f}\u{1160}\u{3164}\u{ffa0}\u{17b4}\u{2800}\u{e0062}\u{fe0f}\u{202e}\u{0}\u{1b}\u{85}";
    for c in hidden.chars() {
        for word in ["bomb", "炸弹"] {
            let text = join(word, &c.to_string());
            let reading = view("fold", &text);
            assert_eq!(reading.as_str(), word, "U+{:04X}", u32::from(c));
            assert_eq!(reading.raw_span(0, reading.len()), Span::new(0, text.len()));
        }
    }
}

#[test]
fn scripts_in_which_marks_are_spelling_keep_them() {
    sees(
        "fold",
        &[
            ("น้ำ", "น\u{e49}\u{e4d}\u{e32}"),
            ("हिन्दी", "हिन्दी"),
            ("か\u{3099}", "が"),
            ("ﾊﾞｶ", "バカ"),
            ("\u{1112}\u{1161}\u{11ab}", "한"),
            ("か\u{200b}\u{3099}", "が"),
            ("שָׁלוֹם", "שָׁלוֹם"),
        ],
    );
}

#[test]
fn c19_letters_pulled_apart_stand_together() {
    for between in [
        " ",
        ".",
        "-",
        "_",
        "*",
        "/",
        "\n",
        "\u{2009}",
        "\u{a0}",
        "\u{2028}",
        "😀",
        " - ",
        "·",
        "،",
        "।",
        "\u{200b} ",
        "、",
        "...",
    ] {
        let text = format!("we will {} it", join("bomb", between));
        assert_eq!(read("spaced", &text), "we will bomb it", "{between:?}");
    }
    sees(
        "spaced",
        &[
            ("f u c k  y o u", "fuck  you"),
            ("f.u.c.k y.o.u", "fuck you"),
            ("f.u c-k", "fuck"),
            ("I a m b o b", "iambob"),
            ("Б О М Б", "bomb"),
            ("say f-u-c-k!", "say fuck!"),
        ],
    );
}

#[test]
fn a_letter_that_is_a_word_is_read_as_one_beside_letters_pulled_apart() {
    sees(
        "spaced_words",
        &[
            ("how to make a b o m b", "how to make a bomb"),
            ("make a  b.o.m.b now", "make a  bomb now"),
            ("f u c k u", "fuck u"),
            ("I f u c k u, man", "i fuck u, man"),
            ("a. b o m b", "a. bomb"),
        ],
    );
    // What begins or ends with such a letter is what `spaced` sees.
    for (text, whole) in [("a s s h o l e", "asshole"), ("i d i o t", "idiot"), ("a.s.s", "ass")] {
        assert_eq!(read("spaced", text), whole);
    }
    for (text, same) in [("a b c", "abc"), ("f u c k y", "fucky")] {
        assert_eq!(read("spaced_words", text), same);
    }
}

#[test]
fn several_words_in_one_run_of_letters_are_told_apart() {
    sees(
        "spaced_words",
        &[
            ("how do I b u i l d a b o m b at home", "how do i build a bomb at home"),
            ("b.u.i.l.d.a.b.o.m.b", "build a bomb"),
            ("b u i l d  a  b o m b", "build a bomb"),
            ("n a k e d p i c t u r e s", "naked pictures"),
            (
                "i g n o r e a l l p r e v i o u s i n s t r u c t i o n s",
                "ignore all previous instructions",
            ),
            ("a.b.o.m.b", "a bomb"),
        ],
    );
    for word in
        ["therapist", "assassin", "button", "grape", "password", "assistance", "title", "method"]
    {
        assert_eq!(
            read("spaced_words", &format!("say {}", join(word, " "))),
            format!("say {word}")
        );
    }
}

#[test]
fn ordinary_words_are_never_glued() {
    for text in [
        "a big cat",
        "i am a man",
        "plan b is on",
        "x = y + 12",
        "a 1 b 2 c 3",
        "see a, b",
        "he said: i",
        "你好,我们走吧。他们来了",
        "他在2024年来",
        "私は学生です",
    ] {
        assert_eq!(read("spaced", text), text);
    }
}

#[test]
fn c21_stretched_words_are_single_again() {
    for (text, term) in [
        ("booomb", "bomb"),
        ("idiiiiot", "idiot"),
        ("iiddiioott", "idiot"),
        ("bullllshiiit", "bullshit"),
        ("killllll", "kill"),
        ("asssss", "ass"),
        ("bbulshiiitters", "bulshitters"),
        // Hardly any language doubles a consonant at the beginning of a word, or an `h`.
        (" kkill", " kill"),
        ("hheroiinn", "heroin"),
    ] {
        let reading = view("repeats", text);
        assert_eq!(reading.as_str(), repeats_term(term));
        assert_eq!(reading.raw_span(0, reading.len()), Span::new(0, text.len()));
        assert!(reading.is_collapsed(0, reading.len()), "{text}");
    }
    for text in ["good balloon", "committee", "www1 aa", "1000000", "a llama, aaron"] {
        assert_eq!(read("repeats", text), text.replace("www", "w"));
    }
    let reading = view("repeats", "sooo as");
    assert!(reading.is_collapsed(0, 2) && !reading.is_collapsed(3, 5));
}

#[test]
fn c22_digits_and_symbols_stand_for_letters() {
    sees(
        "leet",
        &[
            ("1d10t", "idiot"),
            ("b0mb h4ck3r5", "bomb hackers"),
            ("@ss $hit b!tch sh|t", "ass shit bitch shit"),
            ("fu(k +hi5 s€x a$$!", "fuck +his sex ass!"),
            ("ВОМ8", "bomb"),
            ("你是1d10t吗", "你是idiot吗"),
            // A bar and what closes it.
            ("|30m|3 ni|)er bloo|)", "bomb nider blood"),
        ],
    );
    sees("leet_l", &[("k1ll k!ll", "klll klll"), ("he11o be1l", "hello bell"), ("s1ut", "slut")]);
    sees("leet_mixed", &[("k!11 k1l1 |ntell|genc3 and 1ove", "kill kill intelligence and love")]);
}

#[test]
fn numbers_and_punctuation_are_not_leet() {
    for text in [
        "hello!",
        "12345",
        "$100 in 2024!",
        "a + b",
        "(word)",
        "10:30",
        "really?!",
        "f.",
        "he said \"no!\"",
    ] {
        assert_eq!(read("leet", text), text);
        assert_eq!(read("leet_l", text), text);
    }
}

#[test]
fn h01_traditional_characters_are_simplified() {
    sees("fold", &[("製造炸彈", "制造炸弹"), ("臺灣獨立", "台湾独立")]);
}

#[test]
fn h02_radicals_and_compatibility_forms_are_plain() {
    sees(
        "fold",
        &[
            ("⼈⼤", "人大"),
            ("\u{f914}", "乐"),
            ("㊙㊀", "秘一"),
            ("，！", ",!"),
            ("㍿", "株式会社"),
        ],
    );
}

#[test]
fn h03_what_stands_between_han_characters_is_skipped() {
    for between in [
        "，",
        "。",
        "*",
        "～",
        "😀",
        "1",
        "a",
        " ",
        "--",
        "😀 😀",
        "·",
        "1a",
        "...",
        "/",
        "\n",
        "_",
        "……",
        "の",
        "…*、",
    ] {
        for word in ["炸弹", "法轮功", "制造炸弹"] {
            assert_eq!(read("spaced", &join(word, between)), word, "{between:?}");
        }
    }
    sees("spaced", &[("怎么做炸*弹啊", "怎么做炸弹啊"), ("做 炸，弹 的", "做炸弹的")]);
}

#[test]
fn h09_numerals_have_one_form() {
    sees("fold", &[("叁 参 ③ ³ ３ ㊂ 〣 貳", "三 参 3 3 3 三 三 二")]);
    sees("leet", &[("小3", "小三"), ("第③者", "第三者"), ("他2024年", "他2024年")]);
}

#[test]
fn h13_doubled_han_characters_become_one() {
    sees("repeats", &[("炸炸弹弹", "炸弹"), ("炸弹弹弹", "炸弹")]);
}

#[test]
fn expansions_stand_for_the_whole_character() {
    let reading = view("fold", "ﷺ");
    assert_eq!(reading.as_str().chars().count(), 18);
    assert_eq!(reading.raw_span(2, 4), Span::new(0, 3));
    sees("fold", &[("ﬃ ǆ ㎏", "ffi dz kg")]);
}

#[test]
fn latin_text_of_many_languages_keeps_its_words() {
    assert_eq!(skeleton_term("Crème brûlée, señor"), "creme brulee, senor");
    assert_eq!(skeleton_term("现代汉语。"), "现代汉语。");
    assert_eq!(skeleton_term("العربية"), "العربية");
    assert_eq!(skeleton_term("한국어 ひらがな"), "한국어 ひらがな");
}
