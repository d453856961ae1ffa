//! A matter's title in the letter's own words: its heading, what is asked for where that names something, else the clause that tells what it is about.

use super::super::glyphs::has_any;
use super::category;

/// A title has so many characters at most; longer clauses are cut where a part of them ends.
const LONGEST: usize = 28;

/// What a letter is about it says in its first clauses, and what it asks for in the last of a sheet or two.
const LOOKED_AT: usize = 200;

/// Marks between clauses; folded.
const END: [char; 7] = [',', '。', '!', '?', ';', ':', '、'];

/// Words that only ask: without them nothing is left of 请求依法查处.
const ASKING: &[&str] = &[
    "请求",
    "恳请",
    "恳求",
    "要求",
    "希望",
    "盼望",
    "请予",
    "特此",
    "建议",
    "诉求",
    "望",
    "请",
    "有关部门",
    "相关部门",
    "上级",
    "各级",
    "领导",
    "政府",
    "组织",
    "尽快",
    "尽早",
    "早日",
    "及时",
    "依法",
    "严肃",
    "给予",
    "予以",
    "帮助",
    "帮忙",
    "为我",
    "为民",
    "给我",
    "我们",
    "我",
    "您",
    "贵局",
    "查处",
    "处理",
    "解决",
    "调查",
    "核实",
    "答复",
    "回复",
    "做主",
    "关注",
    "重视",
    "支持",
    "督促",
    "责成",
    "能够",
    "能",
    "公正",
    "问题",
    "情况",
    "一下",
    "此事",
    "上述",
    "以上",
    "这个",
    "这件事",
    "明察",
    "批示",
    "过问",
    "协调",
    "妥善",
    "派人",
    "实地",
    "查看",
    "想",
    "问",
    "谢谢",
    "和",
    "并",
];

/// How a sentence that tells nothing begins.
const EMPTY: &[&str] = &[
    "您好",
    "你好",
    "打扰",
    "冒昧",
    "辛苦",
    "百忙",
    "问好",
    "展信",
    "现反映",
    "反映如下",
    "情况如下",
    "如下问题",
    "以下问题",
    "以下情况",
    "写信",
    "写这封信",
    "给您写",
    "两件事",
    "几件事",
    "几个问题",
    "感谢",
    "谢谢",
    "身体可好",
    "身体好",
    "身体健康",
    "说一说",
    "说说情况",
    "把情况说",
    "客套话",
    "多担待",
    "掂量",
    "说来话长",
    "事情是这样",
    "不复杂",
    "见谅",
    "原谅",
    "包涵",
];

/// Labels a clause may begin with that are no part of what it tells.
const LABELS: &[&str] = &[
    "诉求",
    "我的要求",
    "我的请求",
    "要求",
    "请求",
    "举报事实",
    "事实",
    "情况",
];

/// Labels and parties that tell nothing by themselves.
const BARE: &[&str] = &[
    "被举报人",
    "被反映人",
    "被控告人",
    "被投诉人",
    "被申请人",
    "举报人",
    "反映人",
    "投诉人",
    "申请人",
    "控告人",
    "联系电话",
    "联系方式",
    "家庭住址",
    "身份证号",
    "身份证号码",
    "联系地址",
];

/// The title of a matter of these sentences, of which those that say who writes are left out.
pub(super) fn of(sentences: &[String]) -> String {
    let heading = sentences.first().and_then(|first| heading(first));
    let clauses = || {
        sentences
            .iter()
            .flat_map(|s| s.split(END))
            .take(LOOKED_AT)
            .filter(|c| tells(c))
    };
    let asked = || clauses().filter(|c| is_asking(c) && asks_for_something(c));
    let told = || clauses().filter(|c| !is_asking(c));
    // 我当了二十年民办老师 says who writes; a word that tells what about goes before one said by the way.
    let named = told().find(|c| category::tells_of_any(c));
    let named = named.or_else(|| told().find(|c| category::speaks_of_any(c)));
    let chosen = heading
        .or_else(|| {
            asked()
                .find(|c| category::speaks_of_any(c))
                .map(str::to_owned)
        })
        .or_else(|| named.map(str::to_owned))
        .or_else(|| asked().next().map(str::to_owned))
        .or_else(|| clauses().find(|c| !is_asking(c)).map(str::to_owned))
        .or_else(|| clauses().next().map(str::to_owned));
    chosen.map_or_else(String::new, |clause| cut(&without_numbers(&clause)))
}

/// Without telephone and ID numbers, and without the label of who is asked: 诉求请协调退款 asks for a refund.
fn without_numbers(clause: &str) -> String {
    let figure = |c: char| c.is_ascii_digit() || matches!(c, '-' | 'X' | 'x');
    let mut out = String::new();
    let mut rest = clause;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let length = rest[at..].find(|c| !figure(c)).unwrap_or(rest.len() - at);
        let run = &rest[at..at + length];
        let digits = run.chars().filter(char::is_ascii_digit).count();
        out.push_str(&rest[..at]);
        if digits < PHONE {
            out.push_str(run);
        }
        rest = &rest[at + length..];
    }
    out.push_str(rest);
    let asks = |text: &&str| PLEADING.iter().any(|word| text.starts_with(word));
    let label = LABELS
        .iter()
        .find_map(|label| out.strip_prefix(label).filter(asks));
    label.map_or_else(|| out.clone(), str::to_owned)
}

/// Digits of a number that calls somebody or says who he is.
const PHONE: usize = 7;

/// How a request goes on behind its label.
const PLEADING: &[&str] = &["请", "恳请", "希望", "望", "要求", "求"];

/// 一、供热不达标。 with its text behind it: a part's first sentence, without a mark inside.
fn heading(sentence: &str) -> Option<String> {
    let bare = sentence.trim_end_matches(END);
    let short = (3..=16).contains(&bare.chars().count());
    (short && !bare.contains(END) && tells(bare) && !is_asking(bare)).then(|| bare.to_owned())
}

fn tells(clause: &str) -> bool {
    let said = without_numbers(clause);
    said.chars().count() >= 4
        && !BARE.contains(&said.as_str())
        && !has_any(clause, EMPTY)
        && !category::is_course(clause)
}

fn is_asking(clause: &str) -> bool {
    let words = [
        "请求", "恳请", "恳求", "要求", "希望", "盼望", "请", "望", "建议", "诉求", "想问",
    ];
    words.iter().any(|word| clause.starts_with(word)) || super::is_request(clause)
}

/// Whether something is left of a request without the words that only ask.
fn asks_for_something(clause: &str) -> bool {
    let left = ASKING
        .iter()
        .fold(clause.to_owned(), |text, word| text.replace(word, ""));
    left.chars().count() >= 4
}

/// A clause at its length, or its front up to where a part of it ends: no word is cut in two that a mark or a particle parts.
fn cut(clause: &str) -> String {
    let chars: Vec<char> = clause.chars().collect();
    if chars.len() <= LONGEST {
        return clause.to_owned();
    }
    let parts = ['的', '了', '和', '与', '并', '后', '时', '着', '过'];
    let at = (LONGEST / 2..LONGEST)
        .rev()
        .find(|i| parts.contains(&chars[*i]));
    let kept = at.map_or(LONGEST, |i| if chars[i] == '的' { i } else { i + 1 });
    chars[..kept].iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn title(text: &str) -> String {
        let sentences: Vec<String> = text.split_inclusive('。').map(str::to_owned).collect();
        of(&sentences)
    }

    #[test]
    fn a_title_names_the_matter_and_neither_greets_nor_only_asks() {
        for (text, wanted) in [
            (
                "您好!打扰了。小区的电梯坏了三个月。请求处理。",
                "小区的电梯坏了三个月",
            ),
            (
                "多次找物业反映。楼下的油烟往我家灌。请求有关部门依法查处。",
                "楼下的油烟往我家灌",
            ),
            (
                "今年入冬以来,室温只有十三度。请求督促供热公司尽快检修。",
                "请求督促供热公司尽快检修",
            ),
            (
                "您老人家身体可好?不多说客套话。我先把情况说一说。村口的桥塌了半边。",
                "村口的桥塌了半边",
            ),
            (
                "被举报人,邹国斌。13800001234因桥塌了没有人修。",
                "因桥塌了没有人修",
            ),
            (
                "我在学校当了二十年的民办老师,后来回了家。退休待遇一直少算。",
                "退休待遇一直少算",
            ),
            ("您好。诉求请协调修路。", "请协调修路"),
            ("供热不达标。我住的小区室温只有十三度。", "供热不达标"),
            ("现反映以下问题。村里的账目从不公开。", "村里的账目从不公开"),
        ] {
            assert_eq!(title(text), wanted, "{text}");
        }
    }

    #[test]
    fn a_long_clause_is_cut_where_a_part_of_it_ends() {
        let long = "我们棠垭村三组二十四户村民在村口修建水渠时被占用的承包地至今没有得到补偿款";
        let cut = title(long);
        assert!(
            cut.chars().count() <= LONGEST && long.starts_with(&cut),
            "{cut}"
        );
        assert!(
            cut.ends_with('时') || long[cut.len()..].starts_with('的'),
            "{cut}"
        );
    }
}
