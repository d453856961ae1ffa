//! Whose words a text is made of: what somebody else says, writes or threatens is told, not meant, until the writer speaks for himself again.
//!
//! Between quotation marks behind somebody else (一拍桌子:“…”), or without any (他扬言…); and likewise what others did (表哥喝了农药), what the writer fears of them, and that he told the police.

use super::idle;
use crate::domain::extract::glyphs::has_any;

/// Who speaks like that.
const OTHERS: &[&str] = &[
    "他",
    "她",
    "对方",
    "老板",
    "村长",
    "主任",
    "村霸",
    "队长",
    "邻居",
    "房东",
    "商",
    "工头",
    "打手",
    "混混",
    "有人",
    "有个",
    "有的",
    "有位",
    "有些",
    "一个",
    "一位",
    "一名",
    "伙",
    "那个",
    "几个",
    "歹徒",
    "凶手",
    "司机",
    "债主",
    "物业",
    "城管",
    "保安",
    "丈夫",
    "前夫",
    "老公",
    "婆婆",
    "公司",
    "施工队",
    "拆迁队",
    "人家",
    "家长",
    "年轻人",
    "后生",
    "对门",
    "楼上",
    "楼下",
    "隔壁",
    "短信",
    "电话",
    "纸条",
    "群里",
    "催收",
    "放贷",
    "的人",
    "那家",
    "陌生人",
    "信里",
    "信上",
    "字条",
    "标语",
    "墙上",
    "门上",
    "网上",
    "微信",
];
/// Threatening words in somebody's mouth.
const THREATEN: &[&str] = &[
    "扬言",
    "威胁",
    "恐吓",
    "放话",
    "放出话",
    "放狠话",
    "放出狠话",
    "叫嚣",
    "嚷",
    "骂我",
    "骂着",
    "吓唬",
    "要挟",
    "诬告",
    "造谣",
    "煽动",
    "吵着要",
];
/// Words in somebody's mouth.
const SAY: &[&str] = &["说", "骂", "提议", "商量着", "吼", "写着", "写道"];
/// 说 that tells nobody's words.
const NO_SPEECH: &[&str] = &[
    "说法",
    "说明",
    "说清",
    "说话",
    "说到做到",
    "说了算",
    "说好",
    "说定",
    "说吧",
    "说什么",
    "说白",
    "说妥",
    "说准",
];
/// Before 说: nobody has said it, or the writer has.
const UNSAID: &[&str] = &[
    "别", "不", "让", "叫", "跟", "和", "对", "给", "再", "听", "据", "我", "咱", "俺", "本人",
    "我们", "咱们",
];
/// Kin and others, as who has done something.
const DOERS: &[&str] = &[
    "他",
    "她",
    "父",
    "母",
    "爸",
    "妈",
    "爷",
    "奶",
    "哥",
    "弟",
    "姐",
    "妹",
    "嫂",
    "叔",
    "舅",
    "侄",
    "儿子",
    "女儿",
    "儿媳",
    "女婿",
    "丈夫",
    "妻",
    "老伴",
    "爱人",
    "工友",
    "同事",
    "同学",
    "邻居",
    "老板",
    "有人",
    "歹徒",
    "凶手",
    "那伙",
    "几个人",
    "工人",
    "姑娘",
    "小伙",
    "女生",
    "男生",
    "老汉",
    "老人",
    "村长",
    "主任",
    "队长",
    "拆迁队",
    "开发商",
];
/// What they did.
const DEEDS: &[&str] = &[
    "喝",
    "跳",
    "上吊",
    "上了吊",
    "自杀",
    "自焚",
    "自尽",
    "短见",
    "割",
    "服毒",
    "砍",
    "打",
    "杀",
    "砸",
    "烧",
    "炸",
    "撞",
    "捅",
    "毒",
    "淹",
    "绑",
    "轧",
    "压",
    "推倒",
    "拿刀",
    "举着",
];
/// That they did it, and will not do it.
const DONE: &[&str] = &["了", "过", "死", "着"];
/// What makes it no tale: 他再…, 你们….
pub(super) const AHEAD: &[&str] = &[
    "就", "要", "会", "将", "再", "敢", "你", "谁", "如果", "等", "别", "早晚", "迟早", "下次",
    "下一",
];
/// Fear.
const FEAR: &[&str] = &["怕", "担心"];
/// What breaks, burns or falls by itself.
const THINGS: &[&str] = &[
    "它",
    "变压器",
    "电线",
    "电缆",
    "电箱",
    "电表",
    "电池",
    "线路",
    "锅炉",
    "煤气",
    "燃气",
    "天然气",
    "液化气",
    "管道",
    "阀门",
    "罐",
    "墙",
    "瓦",
    "房",
    "屋",
    "楼板",
    "楼梯",
    "阳台",
    "天花板",
    "桥",
    "坝",
    "堤",
    "树",
    "井盖",
    "电梯",
    "广告牌",
    "招牌",
    "石头",
    "山体",
    "边坡",
    "护栏",
    "塔",
    "杆",
    "厂里的",
    "仓库",
];
/// How.
const FAILS: &[&str] = &[
    "炸", "爆", "着火", "起火", "失火", "烧", "漏电", "漏气", "塌", "垮", "倒", "掉", "砸", "断",
    "裂", "滑坡", "溃",
];
/// How the writer says that he will not.
const RENOUNCES: &[&str] = &[
    "绝不会",
    "决不会",
    "绝对不会",
    "不会",
    "绝不",
    "决不",
    "从没想过",
    "从未想过",
    "没有想过",
    "没想过",
    "从来没想",
    "从来没有想",
    "不想",
    "不愿",
    "不愿意",
    "不敢",
    "不可能",
    "并不想",
];
/// What he will not do, right behind it.
const HARM: &[&str] = &[
    "拿刀",
    "动刀",
    "动枪",
    "拿枪",
    "拿棍",
    "动手",
    "打人",
    "打他",
    "杀人",
    "杀他",
    "伤人",
    "伤他",
    "害人",
    "害他",
    "放火",
    "烧他",
    "跳楼",
    "自杀",
    "寻死",
    "寻短",
    "轻生",
    "报复",
    "做傻事",
    "做犯法",
    "做违法",
    "干犯法",
    "干违法",
    "犯法",
    "违法",
    "做那些犯法",
    "拼命",
    "跟他拼",
    "和他拼",
    "走极端",
    "走绝路",
    "去拼",
];
/// What takes back a denial, or makes a fear a warning.
const UNLESS: &[&str] = &[
    "除非",
    "否则",
    "要是",
    "如果",
    "若",
    "再不",
    "但",
    "可是",
    "不过",
    "只是",
    "逼",
    "别怪",
    "后果",
    "你们",
    "看着办",
    "到时",
    "不得不",
    "谁",
];

/// How the writer begins to speak for himself.
const OWN: &[&str] = &[
    "我", "本人", "咱", "俺", "那我", "所以", "请", "现在", "今天", "既然", "那就", "老子",
];

/// A longer quotation was never closed, or its closing mark not read.
const LONGEST_QUOTATION: usize = 60;
/// Characters before a quotation in which the speaker is looked for.
const LONGEST_LEAD: usize = 40;
/// A shorter one is a word in doubt: “意外”.
const SHORTEST_QUOTATION: usize = 4;

/// A text without what is told in it.
pub(super) fn own_words(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let kept = chars.iter().zip(told(&chars)).filter(|(_, told)| !told);
    kept.map(|(c, _)| *c).collect()
}

/// Which characters tell somebody else's words.
pub(super) fn told(text: &[char]) -> Vec<bool> {
    let mut told = vec![false; text.len()];
    quoted(text, &mut told);
    idle(text, &mut told);
    let (mut going_on, mut announced) = (false, false);
    // Of whom the clause before it in the same sentence tells.
    let mut other = false;
    let mut from = 0;
    for clause in text.split_inclusive(|c| ends_clause(*c)) {
        let words: String = clause.iter().collect();
        let sentence = || sentence_around(text, from);
        let tells = tells(&words);
        let says_on = other && goes_on_saying(&words);
        going_on = tells || going_on && (announced || !speaks_for_himself(&words));
        let to = from + clause.len();
        let harmless = fears_a_thing(&words) || renounces(&words);
        let harmless = harmless && !has_any(&sentence(), UNLESS);
        let idle = idle::tells(&words) || idle::harms_writer(&words);
        if going_on
            || says_on
            || happened(&words)
            || fears(&words)
            || reported(&words)
            || harmless
            || idle
        {
            told[from..to].fill(true);
        }
        // Behind a colon the speech lasts to the end of the sentence: 村霸说:谁再去,我就….
        announced = going_on && (announced || words.ends_with(':'));
        let ended = clause.last().is_some_and(|c| ends_sentence(*c));
        other = !ended && !speaks_for_himself(&words) && (other || someone(&words));
        going_on &= !ended;
        announced &= going_on;
        from = to;
    }
    told
}

/// Figures of speech, and sentences that take something back.
fn idle(text: &[char], told: &mut [bool]) {
    for (at, length) in idle::figures(text) {
        told[at..at + length].fill(true);
    }
    let mut from = 0;
    for sentence in text.split_inclusive(|c| ends_sentence(*c)) {
        let words: String = sentence.iter().collect();
        let to = from + sentence.len();
        if idle::takes_back(&words) && !has_any(&words, UNLESS) {
            told[from..to].fill(true);
        }
        from = to;
    }
}

fn ends_clause(c: char) -> bool {
    matches!(c, ',' | ':') || ends_sentence(c)
}

fn ends_sentence(c: char) -> bool {
    matches!(c, '。' | '!' | '?' | ';')
}

/// Quotations that are not the writer's own: 我告诉他们:“…” is.
fn quoted(text: &[char], told: &mut [bool]) {
    let mut at = 0;
    while let Some(open) = text[at..]
        .iter()
        .position(|c| matches!(c, '“' | '"' | '「'))
    {
        let from = at + open + 1;
        let closes = |c: &char| matches!(c, '”' | '"' | '」');
        let mut near = text[from..].iter().take(LONGEST_QUOTATION + 1);
        let Some(length) = near.position(closes) else {
            at = from;
            continue;
        };
        let lead = &text[from.saturating_sub(LONGEST_LEAD)..from - 1];
        let lead = lead.strip_suffix(&[':']).unwrap_or(lead);
        let lead = lead.rsplit(|c| ends_clause(*c)).next().unwrap_or(lead);
        let lead: String = lead.iter().collect();
        let own = lead.is_empty() || lead.contains(['我', '咱', '俺']) && !someone(&lead);
        if !own && length >= SHORTEST_QUOTATION {
            told[from..from + length].fill(true);
        }
        at = from + length + 1;
    }
}

/// …堵在门口,说再不搬走就放火: what the one says of whom the sentence tells.
fn goes_on_saying(clause: &str) -> bool {
    let fronts = ["还", "并", "又", "就", "都", "边", "反复", "一直", "当场"];
    let front = fronts.iter().find_map(|front| clause.strip_prefix(front));
    let speech = front.unwrap_or(clause);
    let says = ["说", "骂", "吼", "喊"]
        .iter()
        .any(|w| speech.starts_with(w));
    says && speech.chars().count() > SHORTEST_QUOTATION
        && !NO_SPEECH.iter().any(|w| speech.starts_with(w))
}

fn speaks_for_himself(clause: &str) -> bool {
    OWN.iter().any(|w| clause.starts_with(w)) || clause.contains("我也")
}

fn someone(lead: &str) -> bool {
    OTHERS.iter().any(|w| lead.contains(w))
}

/// Whether a clause tells somebody else's words: 他扬言…, 有人提议….
fn tells(clause: &str) -> bool {
    let first = |words: &[&str]| words.iter().filter_map(|w| clause.find(w)).min();
    let (threatened, said) = (first(THREATEN), first(SAY));
    let Some(at) = threatened.or(said) else {
        return false;
    };
    let lead = &clause[..at];
    let someone = someone(lead) || threatened.is_some() && at == 0;
    let announced = ["我要", "我就", "我会", "我们会", "我们要", "我们就"]
        .iter()
        .any(|w| lead.contains(w));
    let unsaid = UNSAID.iter().any(|w| lead.ends_with(w));
    let no_speech = NO_SPEECH.iter().any(|w| clause[at..].starts_with(w));
    // 我在墙上写着:…
    let own_writing = clause[at..].starts_with('写') && lead.contains(['我', '咱', '俺']);
    someone && !announced && !unsaid && !no_speech && !own_writing
}

/// What somebody else did: 我表哥喝了农药.
fn happened(clause: &str) -> bool {
    let first = |words: &[&str]| words.iter().filter_map(|w| clause.find(w)).min();
    let Some(deed) = first(DEEDS) else {
        return false;
    };
    let lead = &clause[..deed];
    // 我表哥 is another; 我把他… is the writer.
    let by_another = first(DOERS).is_some_and(|at| {
        let before = clause[..at].trim_end_matches(['表', '堂', '大', '小', '老', '外', '的']);
        at < deed && ["", "我", "我家", "我们", "去年", "昨晚", "那天"].contains(&before)
    });
    by_another && !has_any(clause, AHEAD) && has_any(&clause[lead.len()..], DONE)
}

/// What the writer fears of others: 怕人家找上门来. That he fears for himself (我怕控制不住) is no tale.
fn fears(clause: &str) -> bool {
    let mut feared = FEAR
        .iter()
        .filter_map(|w| Some(&clause[clause.find(w)? + w.len()..]));
    let others = ["他", "她", "人家", "对方", "报复", "有人"];
    !has_any(clause, &["不怕", "别怕", "哪怕", "恐怕", "什么都"])
        && feared.any(|rest| has_any(rest, &others) && !rest.starts_with('我'))
}

/// What the writer fears of a thing: 我怕它哪天炸了伤着人. That he fears for himself is no tale.
fn fears_a_thing(clause: &str) -> bool {
    let mut feared = FEAR
        .iter()
        .filter_map(|w| Some(&clause[clause.find(w)? + w.len()..]));
    let not = ["不怕", "别怕", "哪怕", "恐怕", "什么都", "怕死"];
    let by_itself = |rest: &str| {
        let thing = THINGS.iter().filter_map(|w| rest.find(w)).min();
        let fails = FAILS.iter().filter_map(|w| rest.find(w)).min();
        matches!((thing, fails), (Some(thing), Some(fails)) if thing < fails)
            && !rest.contains(['我', '咱', '俺'])
    };
    !has_any(clause, &not) && feared.any(by_itself)
}

/// What the writer says he will not do: 我绝不会拿刀去跟他拼. 我绝不会放过他 is none.
fn renounces(clause: &str) -> bool {
    let own = ["我", "本人", "咱", "俺", "也"];
    RENOUNCES.iter().any(|word| {
        clause.split_once(word).is_some_and(|(lead, rest)| {
            let speaks = own.iter().any(|w| lead.contains(w)) || lead.is_empty();
            let harm = rest.trim_start_matches(['去', '再', '会', '要', '过', '着', '用']);
            speaks && HARM.iter().any(|act| harm.starts_with(act))
        })
    })
}

/// The sentence that a place in a text is in.
fn sentence_around(text: &[char], at: usize) -> String {
    let begin = text[..at].iter().rposition(|c| ends_sentence(*c));
    let end = text[at..].iter().position(|c| ends_sentence(*c));
    let begin = begin.map_or(0, |i| i + 1);
    let end = end.map_or(text.len(), |i| at + i);
    text[begin..end].iter().collect()
}

/// That the police were told, or that no name is given: no threat stands beside it in one clause.
fn reported(clause: &str) -> bool {
    let police =
        has_any(clause, &["报警", "报了警", "报过警", "报案", "报了案"]) && !has_any(clause, AHEAD);
    police || has_any(clause, &["名字", "姓名", "署名"]) && clause.contains('不')
}

#[cfg(test)]
mod tests {
    use super::own_words;

    #[test]
    fn what_others_say_is_told_until_the_writer_speaks() {
        for (text, kept) in [
            ("他威胁要烧我的房子,我已经报了警。请保护我。", "请保护我。"),
            ("孩子他爹说要拼命,我哭着把他拉住了。", "我哭着把他拉住了。"),
            ("他扬言要杀我,那我就先杀了他。", "那我就先杀了他。"),
            ("村霸说:谁再去,我就让他全家不得安宁。", ""),
            (
                "两个陌生人堵在门口,说再不搬走就放火。",
                "两个陌生人堵在门口,",
            ),
            ("门上写着:再告就要你的命。", ""),
            ("我表哥喝了农药,送到医院晚了。", "送到医院晚了。"),
            ("名字我就不落了,怕人家找上门来。请见谅。", "请见谅。"),
            ("邻居放出话来,再告就打断我的腿。请管。", "请管。"),
            (
                "他一拍桌子:“再来就一枪崩了你!滚!”我走了。",
                "他一拍桌子:“”我走了。",
            ),
        ] {
            assert_eq!(own_words(text), kept);
        }
    }

    #[test]
    fn what_a_thing_may_do_and_what_the_writer_will_not_is_no_threat() {
        for (text, kept) in [
            ("锅炉用了三十年,我怕它哪天炸了。", "锅炉用了三十年,"),
            ("我担心那堵墙倒下来砸着孩子,请拆掉。", "请拆掉。"),
            ("我是老实人,绝不会动手打人。", "我是老实人,"),
            ("我懂法,我决不会拿刀去找他。", "我懂法,"),
        ] {
            assert_eq!(own_words(text), kept);
        }
        for text in [
            "你们就不怕锅炉哪天炸了?",
            "锅炉哪天炸了别怪我。",
            "我怕锅炉哪天炸了,到时候别怪我。",
            "我绝不会放过他。",
            "我不会动手打人,除非你们逼我。",
            "再不给钱,我不敢保证不动手打人。",
            "我怕我哪天把他的店烧了。",
        ] {
            assert_eq!(own_words(text), text);
        }
    }

    #[test]
    fn the_writers_own_words_stay_whole() {
        for text in [
            "我说到做到,三天以后见。",
            "我先砍了来的人再说。",
            "不给个说法,谁也别想走。",
            "我们说好了,初五一起去。",
            "我们五个村的人已经说妥了,初六一早把路挖断。",
            "我只有一句:“不给钱,就点火。”",
            "他的“意外”是早晚的事。",
            "他拆我的房,我就拆他的骨头。",
            "我怕我管不住自己,他要小心。",
            "老板不给钱,说好了月底,月底再没有我就点火。",
            "我在墙上写着:再不给钱就点火。",
            "村长劝我算了,不给钱就点火。",
            "村长躲着我,说什么都晚了,我要他的命。",
        ] {
            assert_eq!(own_words(text), text);
        }
    }
}
