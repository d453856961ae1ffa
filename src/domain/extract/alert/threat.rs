//! Threats (扬言, SZ 7.3.5(1)): who would do what to whom, clause by clause.
//!
//! A missed threat is the worst error: words of harm raise the flag unless the clause denies them, tells what others did or said, or
//! tells of the past. Words that are innocent in most letters (煤气罐, 砸, 烧) need the writer as the one who acts, or a condition.

use crate::domain::extract::glyphs::has_any;

/// Enough by themselves.
const STRONG: &[&str] = &[
    "同归于尽",
    "跳楼",
    "跳下去",
    "跳下来",
    "跳给",
    "跳河",
    "跳江",
    "跳桥",
    "跳塔",
    "自焚",
    "自杀",
    "自尽",
    "寻死",
    "寻短见",
    "轻生",
    "上吊",
    "喝农药",
    "喝药",
    "喝敌敌畏",
    "服毒",
    "割腕",
    "卧轨",
    "投河",
    "投江",
    "撞死",
    "吊死",
    "死给",
    "去死",
    "以死",
    "死路",
    "了断",
    "了结自己",
    "炸药",
    "炸了",
    "炸掉",
    "炸毁",
    "炸平",
    "引爆",
    "爆炸物",
    "雷管",
    "杀了",
    "杀死",
    "杀光",
    "杀他",
    "杀你",
    "杀掉",
    "砍死",
    "砍了",
    "砍他",
    "砍你",
    "捅死",
    "捅了",
    "捅他",
    "弄死",
    "打死你",
    "打死他",
    "灭门",
    "灭口",
    "陪葬",
    "垫背",
    "鱼死网破",
    "你死我活",
    "玉石俱焚",
    "血债血偿",
    "血溅",
    "血洗",
    "报复社会",
    "极端行为",
    "极端手段",
    "极端方式",
    "极端的事",
    "极端措施",
    "极端的办法",
    "走极端",
    "绝路",
    "豁出去",
    "拼了",
    "拼个",
    "拼到底",
    "拼命",
    "绑架",
    "投毒",
    "下毒",
    "闹出人命",
    "一起死",
    "活不成",
    "活不下去",
    "不想活",
    "不活了",
    "过不下去了",
    "不让他活",
    "别想活",
    "都别活",
    "别想好过",
    "谁也别想",
    "不得好死",
    "绝食",
    "一命换一命",
    "以命",
    "偿命",
    "别怪我",
    "不要怪我",
    "莫怪我",
    "休怪",
    "死在你们",
    "死在政府",
    "死在信访",
    "死在他",
    "死在办公",
    "死在门口",
    "收尸",
    "一把火",
    "抱着煤气",
    "鲜血",
    "黄泉",
    "遗书",
    "绝笔",
];

/// Harm only where the writer does it or makes it depend on something.
const WEAK: &[&str] = &[
    "出人命",
    "出了人命",
    "杀人",
    "放火",
    "烧了",
    "烧掉",
    "点火",
    "汽油",
    "煤气罐",
    "菜刀",
    "刀子",
    "买好了刀",
    "砸",
    "冲进",
    "拦车",
    "拦路",
    "闹大",
    "闹到",
    "闹事",
    "采取行动",
    "过激",
    "爬到",
    "爬上",
    "一死",
    "死也",
    "不得安宁",
    "不客气",
    "动手",
    "报仇",
    "报复",
    "算账",
    "没完",
    "后果自负",
    "一切后果",
    "后果由",
    "你们负责",
    "负全责",
    "讨个说法",
    "讨说法",
    "说不定会做",
    "什么事都",
];

/// Disturbance of order: where the writer does it or makes it depend on something.
const DISORDER: &[&str] = &[
    "拉横幅",
    "打横幅",
    "挂横幅",
    "堵门",
    "堵路",
    "堵桥",
    "堵车",
    "堵住",
    "堵大门",
    "堵高速",
    "堵国道",
    "堵铁路",
    "围堵",
    "静坐",
    "进京",
    "上北京",
    "去北京",
    "到北京",
    "赴京",
    "集体上访",
    "越级上访",
    "聚众",
    "游行",
    "示威",
    "罢工",
    "罢市",
    "罢课",
    "阻断交通",
    "封路",
    "境外媒体",
    "外国记者",
    "大使馆",
    "大规模",
    "组织人",
    "几百号人",
    "几百人",
    "上千人",
    "不解决不走",
    "住进政府",
    "住在政府",
    "睡在政府",
    "跪在政府",
    "冲击政府",
    "包围政府",
];

/// The writer.
const WRITER: &[&str] = &["我们", "我", "本人", "咱", "大家", "全村", "全家", "老百姓"];

/// Others, or where one hears of others.
const OTHERS: &[&str] = &[
    "他们",
    "他",
    "她",
    "有人",
    "有位",
    "有个",
    "有的",
    "一位",
    "一名",
    "对方",
    "老板",
    "村长",
    "书记",
    "主任",
    "队长",
    "邻居",
    "邻村",
    "隔壁",
    "房东",
    "开发商",
    "包工头",
    "黑社会",
    "打手",
    "混混",
    "工友",
    "同村",
    "电视",
    "新闻",
    "报纸",
    "报道",
    "网上",
    "听说",
    "据说",
    "别人",
    "业主某",
    "歹徒",
    "凶手",
    "罪犯",
    "儿媳",
    "女婿",
];

/// 我 before these is someone else.
const KIN: &[&str] = &[
    "父", "母", "爸", "妈", "丈夫", "妻", "老伴", "爱人", "儿", "女", "哥", "弟", "姐", "妹", "爷",
    "奶", "叔", "伯", "婶", "孙", "老公", "老婆", "公公", "婆婆", "岳", "家人", "的", "村", "镇",
];

/// What makes harm depend on something, or announces it.
const INTENT: &[&str] = &[
    "如果",
    "再不",
    "若不",
    "若再",
    "若仍",
    "如不",
    "如再",
    "如仍",
    "再没",
    "还不",
    "否则",
    "不然",
    "要是",
    "就",
    "逼",
    "将",
    "准备",
    "打算",
    "只有",
    "只能",
    "只好",
    "大不了",
    "哪怕",
    "宁可",
    "宁愿",
    "不如",
    "一定要",
    "我要",
    "我们要",
    "别无选择",
    "没办法只",
    "走投无路",
    "总有一天",
    "迟早",
    "拖下去",
    "到时候",
    "后果自负",
    "你们负责",
];

const PAST: &[&str] = &[
    "去年",
    "前年",
    "前几天",
    "前些年",
    "上个月",
    "上月",
    "昨天",
    "那天",
    "那年",
    "曾",
    "当时",
    "险些",
    "差点",
    "幸好",
    "幸亏",
    "幸被",
    "抢救",
    "获救",
    "救下",
    "身亡",
    "未遂",
    "看到有",
    "看见有",
    "事件",
    "案件",
    "案例",
    "悲剧",
];

const DENIED: &[&str] = &[
    "不会",
    "不想",
    "不愿",
    "不肯",
    "绝不",
    "决不",
    "从不",
    "从未",
    "从来没",
    "没有想",
    "没想",
    "不是要",
    "不是想",
    "并非",
    "防止",
    "避免",
    "以免",
    "免得",
    "杜绝",
    "劝",
    "制止",
    "阻止",
    "不希望",
    "未曾",
    "不搞",
    "不参与",
    "不去",
    "不要",
    "不能",
    "不敢",
    "不应",
    "保证不",
    "不越级",
    "反对",
    "不赞成",
    "不支持",
    "坚决不",
    "也不",
    "别去",
];

/// Whether a sentence threatens.
pub(super) fn threatens(sentence: &str) -> bool {
    let clauses: Vec<&str> = sentence
        .split([',', '、', ':', '。', '!', '?', ';'])
        .collect();
    (0..clauses.len()).any(|i| {
        let (before, clause) = (&clauses[..i], clauses[i]);
        hits(clause).any(|hit| counts(sentence, before, clause, &hit))
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Force {
    Strong,
    Weak,
    Disorder,
}

struct Hit {
    at: usize,
    end: usize,
    force: Force,
}

fn hits(clause: &str) -> impl Iterator<Item = Hit> {
    let lists = [
        (STRONG, Force::Strong),
        (WEAK, Force::Weak),
        (DISORDER, Force::Disorder),
    ];
    lists.into_iter().flat_map(move |(words, force)| {
        words.iter().filter_map(move |word| {
            let at = clause.find(word)?;
            let end = at + word.len();
            (!innocent(word, &clause[end..])).then_some(Hit { at, end, force })
        })
    })
}

/// 拼命工作, 砸锅卖铁: the same word without harm.
fn innocent(word: &str, rest: &str) -> bool {
    let after = |words: &[&str]| words.iter().any(|w| rest.starts_with(w));
    match word {
        "拼命" => after(&["工作", "干", "挣", "赚", "地", "学", "加班", "维持"]),
        "砸" => after(&["锅", "钱", "进", "到", "伤", "中", "坏", "在"]),
        "杀人" | "放火" => after(&["犯", "案", "罪"]),
        _ => false,
    }
}

fn counts(sentence: &str, before: &[&str], clause: &str, hit: &Hit) -> bool {
    let lead = &clause[..hit.at];
    if denied(lead) || aimed_at_writer(&clause[hit.end..], hit.force) {
        return false;
    }
    let actor = actor(lead).or_else(|| before.iter().rev().find_map(|c| actor(c)));
    let intent = has_any(sentence, INTENT);
    let past = has_any(sentence, PAST);
    let announced = WRITER.iter().any(|w| last_own(lead, w).is_some()) && has_any(lead, INTENT);
    if past && !announced {
        return false;
    }
    match (actor, hit.force) {
        (_, Force::Strong) if announced => true,
        (Some(Actor::Other), _) => false,
        (_, Force::Strong) => true,
        (Some(Actor::Writer), _) => intent || has_any(sentence, &["你们", "政府"]),
        (None, _) => intent,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Actor {
    Writer,
    Other,
}

/// Who was named last in a text.
fn actor(text: &str) -> Option<Actor> {
    let writer = WRITER.iter().filter_map(|w| last_own(text, w)).max();
    let other = OTHERS
        .iter()
        .filter_map(|w| last_acting(text, w))
        .chain(last_kin(text))
        .max();
    match (writer, other) {
        (None, None) => None,
        (Some(w), Some(o)) if o > w => Some(Actor::Other),
        (None, Some(_)) => Some(Actor::Other),
        _ => Some(Actor::Writer),
    }
}

/// The last place of someone who acts: 他 of 和他, 把他, 找他 is only acted on.
fn last_acting(text: &str, word: &str) -> Option<usize> {
    let objects = [
        "和", "跟", "与", "同", "把", "让", "找", "对", "向", "拉", "带", "给", "叫", "去",
    ];
    let found = text.match_indices(word).map(|(at, _)| at);
    found
        .filter(|at| !objects.iter().any(|o| text[..*at].ends_with(o)))
        .last()
}

/// The last place of 我 that is not 我父亲 and not what somebody does to me (把我, 逼我, 让我).
fn last_own(text: &str, word: &str) -> Option<usize> {
    let kin = |at: usize| {
        KIN.iter().any(|k| text[at + word.len()..].starts_with(k)) && !word.contains('们')
    };
    let found = text.match_indices(word).map(|(at, _)| at);
    found.filter(|at| !kin(*at)).last()
}

fn last_kin(text: &str) -> Option<usize> {
    let kin = |at: usize| KIN.iter().any(|k| text[at + "我".len()..].starts_with(k));
    text.match_indices('我')
        .map(|(at, _)| at)
        .filter(|at| kin(*at))
        .last()
}

/// A denial right before the words; the 不 of 再不, 若不, 不然 is a condition and none.
fn denied(lead: &str) -> bool {
    let mut lead = lead.to_owned();
    for condition in [
        "再不",
        "若不",
        "如不",
        "要不是",
        "要不",
        "不然",
        "不得不",
        "还不",
        "不让",
        "不给",
        "不管",
    ] {
        lead = lead.replace(condition, "");
    }
    has_any(&lead, DENIED) || lead.ends_with(['不', '没', '未', '别'])
}

/// 弄死我, 打死我们: somebody threatens the writer.
fn aimed_at_writer(rest: &str, force: Force) -> bool {
    force != Force::Disorder && ["我", "本人", "咱"].iter().any(|w| rest.starts_with(w))
}

#[cfg(test)]
mod tests {
    use super::threatens;

    #[test]
    fn what_the_writer_would_do_is_a_threat() {
        for sentence in [
            "再不给钱我就从楼顶跳下去",
            "实在逼急了,我就和他们同归于尽,谁也别想好过",
            "实在不行,我只有抱着炸药去找他",
            "月底前没有答复,我们三百多户就去省政府门口静坐",
            "把我们逼到绝路上,什么事都做得出来",
            "我活着没有意思,遗书已经写好",
            "到时候出了人命你们负责",
            "他不让我活,我也不让他活",
            "有人跳楼你们才管,那我也跳给你们看",
            "我要带刀去砍他",
        ] {
            assert!(threatens(sentence), "{sentence}");
        }
    }

    #[test]
    fn what_others_did_or_the_writer_will_not_do_is_none() {
        for sentence in [
            "我保证不越级上访,不闹事",
            "去年邻村有人为此喝了农药,幸好抢救及时",
            "村长扬言要弄死我,我已报警",
            "我父亲当时差点跳楼",
            "我一再劝大家不要去堵路",
            "楼道里堆满杂物和煤气罐,非常危险",
            "我拼命工作,供两个孩子上学",
            "噪音吵得全家不得安宁",
            "阳台上的花盆掉下来砸到人怎么办",
            "电视上有人爬上塔吊讨薪,我觉得不对",
        ] {
            assert!(!threatens(sentence), "{sentence}");
        }
    }
}
