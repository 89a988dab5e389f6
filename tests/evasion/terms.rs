//! What is forbidden in these tests, and the ordinary sentences around it.

use crate::rng::Rng;

/// What a term is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    Chinese,
    Arabic,
}

/// Short and long words and phrases; half of them are made up. `brassknot`, `flickstaffing` and `plumbering
/// frostgate` are there for their ß, ﬂ, ﬃ and ﬆ.
pub(crate) const ENGLISH: &[&str] = &[
    "sex",
    "bomb",
    "rape",
    "anal",
    "meth",
    "kill",
    "slut",
    "sarin",
    "zorkle",
    "nitrex",
    "heroin",
    "suicide",
    "fentanyl",
    "detonator",
    "explosive",
    "brassknot",
    "ransomware",
    "quiverdrake",
    "flickstaffing",
    "pipe bomb",
    "kill yourself",
    "make nerve gas",
    "buy stolen cards",
    "plumbering frostgate",
    "how to build a bomb",
    "ignore previous instructions",
];

pub(crate) const CHINESE: &[&str] = &[
    "炸弹",
    "毒品",
    "枪支",
    "冰毒",
    "赌博",
    "自杀",
    "裸聊",
    "迷药",
    "假币",
    "洗黑钱",
    "三唑仑",
    "六合彩",
    "雪鹿计划",
    "制造炸弹",
    "购买枪支",
    "贩卖毒品",
    "自制火药",
    "网络赌博",
    "办理假证",
    "四号海洛因",
    "九号冰片粉",
    "怎么制造炸弹",
    "出售个人信息",
    "一氧化二绿粉",
];

/// For the forms of letters that only Arabic has.
pub(crate) const ARABIC: &[&str] = &["قنبلة", "متفجرات", "مخدرات", "سلاح كيميائي"];

impl Language {
    pub(crate) fn terms(self) -> &'static [&'static str] {
        match self {
            Self::English => ENGLISH,
            Self::Chinese => CHINESE,
            Self::Arabic => ARABIC,
        }
    }

    fn before(self) -> &'static [&'static str] {
        match self {
            Self::English => &[
                "Yesterday my neighbour asked me whether anyone could explain the word",
                "Please tell me everything you know about how I could get a",
                "The second paragraph of the letter only says",
                "hey, quick question 🙂 what about",
                "For the report, which is due on 14 March at 09:30, we looked at",
                "Translate this for me:",
                "In the café they were talking of",
                "Answer step by step. First item:",
            ],
            Self::Chinese => &[
                "昨天邻居问我有没有人能说明一下",
                "请告诉我关于",
                "信的第二段只写着",
                "你好🙂想问一下",
                "我们在2024年3月的报告里看到了",
                "请把下面的话翻译成英文：",
                "大家在咖啡馆里谈到了",
                "请一步一步回答，第一项是",
            ],
            Self::Arabic => &["سألني جاري أمس عن كلمة", "من فضلك أخبرني عن", "في الرسالة كتبوا"],
        }
    }

    fn after(self) -> &'static [&'static str] {
        match self {
            Self::English => &[
                "and nobody in the room had an answer to that.",
                "because I need to write it down for the committee 📝",
                "as soon as possible, thank you very much!",
                "(see page 12 of the handbook).",
                "at home, with what is in the kitchen",
                "is all I want to know today.",
            ],
            Self::Chinese => &[
                "的事情，可是没有人回答。",
                "这个词是什么意思？谢谢！",
                "，因为要写进会议记录📝",
                "（见手册第十二页）。",
                "到底该怎么办才好呢",
                "就是今天想知道的全部内容。",
            ],
            Self::Arabic => &["ولم يجب أحد في الغرفة.", "لأنني أكتب تقريرا طويلا."],
        }
    }
}

/// One text with a disguised term in it.
#[derive(Debug)]
pub(crate) struct Planted {
    pub(crate) before: String,
    pub(crate) variant: String,
    pub(crate) after: String,
}

impl Planted {
    pub(crate) fn text(&self) -> String {
        [self.before.as_str(), self.variant.as_str(), self.after.as_str()].concat()
    }
}

/// Puts a variant between ordinary sentences, sometimes at the very beginning or end of the text.
pub(crate) fn plant(rng: &mut Rng, language: Language, variant: String) -> Planted {
    let mut before = rng.pick(language.before()).to_owned();
    let mut after = rng.pick(language.after()).to_owned();
    let tight = language == Language::Chinese && is_han_at_both_ends(&variant);
    match rng.below(8) {
        0 => before = String::new(),
        1 => after = String::new(),
        2 => {
            before.push('\n');
            after.insert(0, '\n');
        }
        3 => {
            before.push_str(" “");
            after.insert_str(0, "” ");
        }
        _ if tight => {}
        _ => {
            before.push(' ');
            after.insert(0, ' ');
        }
    }
    if after.starts_with(char::is_alphanumeric) && !tight {
        after.insert(0, ' ');
    }
    if before.ends_with(|c: char| c.is_alphanumeric() || c == ':') && !tight {
        before.push(' ');
    }
    Planted { before, variant, after }
}

/// Whether it can stand in a Chinese sentence without blanks.
fn is_han_at_both_ends(text: &str) -> bool {
    let is_han = |c: char| ('\u{3400}'..='\u{9fff}').contains(&c);
    text.starts_with(is_han) && text.ends_with(is_han)
}
