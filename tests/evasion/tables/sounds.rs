//! How the characters of the Chinese terms sound.

/// How one character sounds: its syllable in pinyin (`v` for ü), its tone, the same in zhuyin, and characters that sound like it
/// but for the tone (Unihan, `kMandarin`).
pub(crate) struct Sound {
    pub(crate) pinyin: &'static str,
    pub(crate) tone: usize,
    pub(crate) zhuyin: &'static str,
    pub(crate) alike: &'static str,
}

type Line = (char, &'static str, usize, &'static str, &'static str);

const SOUNDS: &[Line] = &[
    ('炸', "zha", 4, "ㄓㄚ", "咋渣诈榨"),
    ('弹', "dan", 4, "ㄉㄢ", "蛋但淡担"),
    ('毒', "du", 2, "ㄉㄨ", "独读堵"),
    ('品', "pin", 3, "ㄆㄧㄣ", "拼贫频"),
    ('枪', "qiang", 1, "ㄑㄧㄤ", "强墙腔"),
    ('支', "zhi", 1, "ㄓ", "只知纸"),
    ('冰', "bing", 1, "ㄅㄧㄥ", "兵饼病"),
    ('赌', "du", 3, "ㄉㄨ", "堵读独"),
    ('博', "bo", 2, "ㄅㄛ", "波伯播"),
    ('自', "zi", 4, "ㄗ", "子字紫"),
    ('杀', "sha", 1, "ㄕㄚ", "沙啥傻"),
    ('裸', "luo", 3, "ㄌㄨㄛ", "落罗骡"),
    ('聊', "liao", 2, "ㄌㄧㄠ", "料辽疗"),
    ('迷', "mi", 2, "ㄇㄧ", "米密谜"),
    ('药', "yao", 4, "ㄧㄠ", "要腰摇"),
    ('假', "jia", 3, "ㄐㄧㄚ", "加家佳"),
    ('币', "bi", 4, "ㄅㄧ", "比笔逼"),
    ('洗', "xi", 3, "ㄒㄧ", "西喜席"),
    ('黑', "hei", 1, "ㄏㄟ", "嘿"),
    ('钱', "qian", 2, "ㄑㄧㄢ", "前千浅"),
    ('三', "san", 1, "ㄙㄢ", "伞散"),
    ('唑', "zuo", 4, "ㄗㄨㄛ", "做坐作"),
    ('仑', "lun", 2, "ㄌㄨㄣ", "轮论"),
    ('六', "liu", 4, "ㄌㄧㄡ", "刘流留"),
    ('合', "he", 2, "ㄏㄜ", "和河喝"),
    ('彩', "cai", 3, "ㄘㄞ", "菜才猜"),
    ('雪', "xue", 3, "ㄒㄩㄝ", "学血"),
    ('鹿', "lu", 4, "ㄌㄨ", "路露录"),
    ('计', "ji", 4, "ㄐㄧ", "机鸡记"),
    ('划', "hua", 4, "ㄏㄨㄚ", "花话滑"),
    ('制', "zhi", 4, "ㄓ", "只治直"),
    ('造', "zao", 4, "ㄗㄠ", "早枣糟"),
    ('购', "gou", 4, "ㄍㄡ", "狗够沟"),
    ('买', "mai", 3, "ㄇㄞ", "麦埋卖"),
    ('贩', "fan", 4, "ㄈㄢ", "饭反翻"),
    ('卖', "mai", 4, "ㄇㄞ", "麦买脉"),
    ('火', "huo", 3, "ㄏㄨㄛ", "货活伙"),
    ('网', "wang", 3, "ㄨㄤ", "往王忘"),
    ('络', "luo", 4, "ㄌㄨㄛ", "落罗骡"),
    ('办', "ban", 4, "ㄅㄢ", "半班板"),
    ('理', "li", 3, "ㄌㄧ", "里力离"),
    ('证', "zheng", 4, "ㄓㄥ", "正整争"),
    ('四', "si", 4, "ㄙ", "丝思私"),
    ('号', "hao", 4, "ㄏㄠ", "好耗浩"),
    ('海', "hai", 3, "ㄏㄞ", "还孩害"),
    ('洛', "luo", 4, "ㄌㄨㄛ", "落罗络"),
    ('因', "yin", 1, "ㄧㄣ", "音银引"),
    ('九', "jiu", 3, "ㄐㄧㄡ", "酒旧久"),
    ('片', "pian", 4, "ㄆㄧㄢ", "骗偏篇"),
    ('粉', "fen", 3, "ㄈㄣ", "分份坟"),
    ('怎', "zen", 3, "ㄗㄣ", "谮"),
    ('么', "me", 5, "ㄇㄜ", "嚜"),
    ('出', "chu", 1, "ㄔㄨ", "初厨除"),
    ('售', "shou", 4, "ㄕㄡ", "手收受"),
    ('个', "ge", 4, "ㄍㄜ", "哥歌各"),
    ('人', "ren", 2, "ㄖㄣ", "仁忍任"),
    ('信', "xin", 4, "ㄒㄧㄣ", "心新辛"),
    ('息', "xi", 1, "ㄒㄧ", "西喜席"),
    ('一', "yi", 1, "ㄧ", "衣亿依"),
    ('氧', "yang", 3, "ㄧㄤ", "养羊阳"),
    ('化', "hua", 4, "ㄏㄨㄚ", "花话华"),
    ('二', "er", 4, "ㄦ", "儿耳"),
    ('绿', "lv", 4, "ㄌㄩ", "旅律率"),
];

/// The sound of a character of our terms.
pub(crate) fn sound(han: char) -> Option<Sound> {
    let line = SOUNDS.iter().find(|line| line.0 == han)?;
    let &(_, pinyin, tone, zhuyin, alike) = line;
    Some(Sound { pinyin, tone, zhuyin, alike })
}

/// The vowel that bears the mark: `a` or `e`, the `o` of `ou`, otherwise the last one.
fn bearer(pinyin: &str) -> usize {
    let at = |c: char| pinyin.find(c);
    let last = pinyin.rfind(['a', 'e', 'i', 'o', 'u', 'v']).unwrap_or(0);
    at('a').or_else(|| at('e')).or_else(|| pinyin.find("ou")).unwrap_or(last)
}

/// The syllable with the mark of its tone.
pub(crate) fn with_mark(sound: &Sound) -> String {
    let marks = ["\u{304}", "\u{301}", "\u{30c}", "\u{300}", ""];
    let at = bearer(sound.pinyin);
    let (head, tail) = sound.pinyin.split_at(at + 1);
    format!("{head}{}{tail}", marks[sound.tone - 1]).replace('v', "u\u{308}")
}

/// The syllable in zhuyin with the mark of its tone.
pub(crate) fn in_zhuyin(sound: &Sound) -> String {
    match sound.tone {
        5 => format!("˙{}", sound.zhuyin),
        tone => sound.zhuyin.to_owned() + ["", "ˊ", "ˇ", "ˋ"][tone - 1],
    }
}
