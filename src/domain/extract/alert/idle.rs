//! Harm in words only: figures of speech, beasts that were killed, the dead and their graves, an ambulance that came, harm feared from others, and what is taken back.
//!
//! Each is a class of what a complaint tells every day. A clause that announces something, or speaks to whom the letter is for, is never one of them.

use super::clauses::AHEAD;
use crate::domain::extract::glyphs::has_any;

/// Feelings that 死 makes greater: 急死人, 气死我了, 臭死了. 电死人 and 砸死人 are deaths.
const FEELINGS: &str = "急气激笑愁烦羞臭吓累馋闷困冤恨美乐痒";
const DEGREE: &[&str] = &["死我们了", "死我了", "死个人", "死人", "死了"];

/// Sayings with a word of harm in them. None of them is said of what somebody will do.
const SAYINGS: &[&str] = &[
    "得要死",
    "得要命",
    "得半死",
    "得死去活来",
    "天打五雷轰",
    "天打雷劈",
    "心如刀绞",
    "心如刀割",
    "万箭穿心",
    "翻脸不认",
    "踢皮球",
    "跑断了腿",
    "跑断腿",
    "腿都快跑断了",
    "腿都跑断了",
    "磨破了嘴",
    "死盯",
    "死守着",
    "死记硬背",
    "死气沉沉",
    "死胡同",
    "死角",
    "死水",
    "死账",
    "死心眼",
    "死板",
    "不死心",
    "死皮赖脸",
    "生老病死",
    "起死回生",
    "乱砍滥伐",
    "一刀切",
    "刀子嘴",
    "砍价",
    "杀价",
    "火烧眉毛",
    "心急火燎",
    "热火朝天",
    "打水漂",
];

/// Where the figures of speech of a text stand: from and how many characters.
pub(super) fn figures(text: &[char]) -> Vec<(usize, usize)> {
    let begins = |at: usize, word: &str| {
        let mut chars = text[at..].iter();
        word.chars().all(|c| chars.next() == Some(&c))
    };
    let figure = |at: usize| {
        let said = |words: &[&str], from: usize| {
            let word = words.iter().find(|word| begins(from, word))?;
            Some(word.chars().count())
        };
        let felt = || {
            let length = FEELINGS.contains(text[at]).then(|| said(DEGREE, at + 1))?;
            Some(length? + 1)
        };
        Some((at, said(SAYINGS, at).or_else(felt)?))
    };
    (0..text.len()).filter_map(figure).collect()
}

/// Beasts, as nobody calls a man, and what is done to them or befalls them.
const BEASTS: &[&str] = &[
    "鸡", "鸭", "鹅", "猪", "羊", "头牛", "耕牛", "黄牛", "水牛", "奶牛", "小猫", "只猫", "塘鱼",
    "的鱼", "鱼苗", "兔子", "驴", "蜜蜂", "牲口", "家禽",
];
const KILLED: &[&str] = &["杀", "宰", "死", "毒", "药倒", "烧", "淹"];
/// The dead and their graves.
const DEAD: &[&str] = &[
    "身亡",
    "去世",
    "过世",
    "病故",
    "病逝",
    "遇难",
    "死者",
    "遗孀",
    "祖坟",
    "老坟",
    "坟地",
    "坟头",
    "迁坟",
    "扫墓",
    "墓碑",
    "祭祖",
    "寿衣",
    "殡葬",
    "火葬场",
];
/// Help that came.
const HELPED: &[&str] = &["来", "拉走", "拉到", "送", "抬"];
/// Who waits so.
const SITTING: &[&str] = &[
    "坐在门口",
    "坐在家门口",
    "坐在村口",
    "坐在院子里",
    "坐在巷口",
];

/// Whether a clause tells of harm that nobody announces.
pub(super) fn tells(clause: &str) -> bool {
    if has_any(clause, AHEAD) || has_any(clause, TO_THE_READER) {
        return false;
    }
    let beast = has_any(clause, BEASTS) && has_any(clause, KILLED);
    let ambulance = clause.contains("救护车") && has_any(clause, HELPED);
    beast || ambulance || has_any(clause, DEAD) || has_any(clause, SITTING)
}

/// What speaks to whom the letter is for, or of what the writer has in mind or in hand.
const TO_THE_READER: &[&str] = &[
    "您",
    "贵",
    "各位",
    "准备",
    "打算",
    "想",
    "带",
    "拿",
    "抱",
    "买",
    "我也",
    "我死",
    "我的坟",
    "给我",
    "替我",
    "今晚",
    "明",
    "后天",
    "月底",
    "年底",
    "一样",
    "老子",
    "狗",
    "犬",
    "猴",
    "他",
    "她",
    "好了",
];

/// Whom harm is feared from, what they do, and that it is done to the writer: 他们会报复我全家.
const FROM: &[&str] = &[
    "他",
    "她",
    "对方",
    "人家",
    "那伙人",
    "老板",
    "村长",
    "主任",
    "队长",
];
const HARMS: &[&str] = &[
    "报复", "打击", "整", "收拾", "陷害", "害", "打", "杀", "砍", "弄", "捅",
];
const OWN: &[&str] = &["我", "俺", "咱", "本人"];
/// Behind the writer's name he does something himself.
const ACTS: &[&str] = &["就", "也", "要", "会", "先", "只", "便", "非", "必", "都"];

/// Whether a clause says that others harm the writer, and nothing of what he does himself.
pub(super) fn harms_writer(clause: &str) -> bool {
    let first = |words: &[&str]| words.iter().filter_map(|word| clause.find(word)).min();
    let from = first(FROM);
    let acts = OWN.iter().any(|own| {
        clause.match_indices(own).any(|(at, _)| {
            let behind = &clause[at + own.len()..];
            ACTS.iter().any(|word| behind.starts_with(word))
        })
    });
    let harmed = from.is_some_and(|from| {
        HARMS.iter().any(|harm| {
            let Some(at) = clause[from..].find(harm) else {
                return false;
            };
            let behind = &clause[from + at + harm.len()..];
            let object = behind.trim_start_matches(['了', '过', '着', '死', '断', '伤']);
            OWN.iter().any(|own| object.starts_with(own))
        })
    });
    harmed && !acts && !has_any(clause, &["你", "谁敢", "除非"])
}

/// What takes back what was written or said.
const TAKEN_BACK: &[&str] = &[
    "撤回",
    "收回上次",
    "收回那",
    "是气话",
    "是一时气话",
    "绝无此意",
    "从无此意",
    "并无此意",
    "没有那个意思",
    "不是要威胁",
    "不是威胁",
];

/// Whether a sentence takes back a threat.
pub(super) fn takes_back(sentence: &str) -> bool {
    has_any(sentence, TAKEN_BACK)
}

#[cfg(test)]
mod tests {
    use super::super::clauses::own_words;

    #[test]
    fn figures_of_speech_beasts_graves_and_an_ambulance_are_no_harm() {
        for (text, kept) in [
            ("垃圾站臭死人了,请管。", "垃圾站了,请管。"),
            ("办个证跑断了腿,气死我了。", "办个证,。"),
            ("如今连鸡都舍不得杀了。请管。", "请管。"),
            ("一把火烧死八头猪。请查。", "请查。"),
            ("祖坟被推平,请管。", "请管。"),
            ("半夜叫来救护车,请管。", "请管。"),
            ("老伴去年去世,请管。", "请管。"),
            ("老人白天坐在门口。请管。", "请管。"),
        ] {
            assert_eq!(own_words(text), kept);
        }
    }

    #[test]
    fn harm_feared_from_others_and_a_threat_taken_back_are_none() {
        for (text, kept) in [
            ("他们会报复我全家,请保密。", "请保密。"),
            ("村长带人打断我的腿,请管。", "请管。"),
            ("上次信里说要烧房子是气话,请原谅。", ""),
        ] {
            assert_eq!(own_words(text), kept);
        }
    }

    #[test]
    fn what_is_announced_is_none_of_these() {
        for text in [
            "再不管我就跟他拼了老命去。",
            "救护车你们先准备好。",
            "他家的猪我一晚上就能毒死。",
            "明年清明给我扫墓吧。",
            "他打我,我就杀他全家。",
            "他打断我的腿,我也打断他的。",
            "我不是威胁你们,除非你们逼我。",
            "寿衣我都买好了。",
        ] {
            assert!(!own_words(text).is_empty(), "{text}");
        }
    }
}
