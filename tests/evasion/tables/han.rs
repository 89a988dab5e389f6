//! Forms of the characters of the Chinese terms.

/// Traditional characters (Unihan, `kTraditionalVariant`).
pub(crate) const TRADITIONAL: &[(char, char)] = &[
    ('弹', '彈'),
    ('枪', '槍'),
    ('赌', '賭'),
    ('杀', '殺'),
    ('药', '藥'),
    ('币', '幣'),
    ('钱', '錢'),
    ('仑', '侖'),
    ('计', '計'),
    ('划', '劃'),
    ('制', '製'),
    ('购', '購'),
    ('买', '買'),
    ('贩', '販'),
    ('卖', '賣'),
    ('网', '網'),
    ('络', '絡'),
    ('办', '辦'),
    ('证', '證'),
    ('号', '號'),
    ('么', '麼'),
    ('个', '個'),
    ('绿', '綠'),
];

/// Forms that compatibility normalisation undoes: Kangxi radicals, compatibility ideographs, circled characters.
pub(crate) const COMPATIBLE: &[(char, &str)] = &[
    ('支', "\u{2f40}"),
    ('自', "\u{2f83}"),
    ('火', "\u{2f55}㊋"),
    ('片', "\u{2f5a}"),
    ('一', "\u{2f00}㊀"),
    ('二', "\u{2f06}㊁"),
    ('三', "㊂"),
    ('四', "㊃"),
    ('六', "\u{f9d1}㊅"),
    ('九', "㊈"),
    ('人', "\u{2f08}"),
    ('黑', "\u{2fca}"),
    ('鹿', "\u{2fc5}\u{f940}"),
    ('洛', "\u{f915}"),
    ('理', "\u{f9e4}"),
    ('海', "\u{fa45}"),
    ('裸', "\u{f912}"),
];

/// Numerals and what else they are written as.
pub(crate) const NUMERALS: &[(char, &str)] = &[
    ('一', "壹1１①¹"),
    ('二', "贰貳2２②²"),
    ('三', "叁3３③³"),
    ('四', "肆4４④⁴"),
    ('六', "陆陸6６⑥⁶"),
    ('九', "玖9９⑨⁹"),
];

/// Characters that are two characters side by side (the decomposition that readers see).
pub(crate) const HALVES: &[(char, &[&str])] = &[
    ('炸', &["火乍"]),
    ('弹', &["弓单"]),
    ('枪', &["木仓"]),
    ('冰', &["冫水"]),
    ('赌', &["贝者"]),
    ('裸', &["衤果", "衣果"]),
    ('聊', &["耳卯"]),
    ('假', &["亻叚", "人叚"]),
    ('洗', &["氵先", "水先"]),
    ('钱', &["钅戋", "金戋"]),
    ('唑', &["口坐"]),
    ('彩', &["采彡"]),
    ('计', &["讠十", "言十"]),
    ('划', &["戈刂"]),
    ('购', &["贝勾"]),
    ('贩', &["贝反"]),
    ('络', &["纟各"]),
    ('证', &["讠正", "言正"]),
    ('海', &["氵每", "水每"]),
    ('洛', &["氵各", "水各"]),
    ('粉', &["米分"]),
    ('绿', &["纟录"]),
    ('信', &["亻言", "人言"]),
    ('理', &["王里"]),
    ('化', &["亻匕"]),
];

/// Other forms of the same character: Japanese simplified ones, old numerals, and what Unihan calls semantic variants.
pub(crate) const VARIANTS: &[(char, &str)] = &[
    ('弹', "弾"),
    ('药', "薬葯"),
    ('卖', "売"),
    ('冰', "氷"),
    ('个', "箇"),
    ('网', "罔"),
    ('枪', "鎗"),
    ('钱', "銭"),
    ('假', "仮"),
    ('证', "証"),
    ('裸', "躶"),
    ('绿', "緑"),
    ('黑', "黒"),
    ('么', "麽"),
    ('彩', "綵"),
    ('一', "弌"),
    ('二', "弍"),
    ('三', "弎"),
    ('博', "愽"),
    ('因', "囙"),
    ('出', "岀"),
    ('人', "⺅"),
    ('火', "⺣"),
];

/// Other characters that merely look alike.
pub(crate) const SIMILAR: &[(char, &str)] = &[
    ('炸', "诈咋"),
    ('赌', "堵睹"),
    ('博', "搏膊"),
    ('品', "吕"),
    ('毒', "每"),
    ('币', "巾"),
    ('洗', "冼"),
    ('钱', "线"),
    ('假', "暇"),
    ('理', "埋"),
    ('买', "头"),
    ('自', "白"),
    ('裸', "棵"),
    ('粉', "纷"),
    ('号', "亏"),
    ('贩', "版"),
];

/// What a table says of a character.
pub(crate) fn other<T: Copy>(table: &[(char, T)], han: char) -> Option<T> {
    table.iter().find(|(known, _)| *known == han).map(|(_, others)| *others)
}
