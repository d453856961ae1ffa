//! What the cells of a sheet are called.

use super::seal;
use crate::domain::extract::labels::{OTHERS, WRITERS, WRITTEN_TO};

/// What a cell asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell {
    /// Who writes.
    Name,
    Phone,
    Address,
    Id,
    Date,
    /// Whom it is for.
    To,
    /// Another's name, or how he is reached.
    Other,
    /// 性别, 职务 …
    Detail,
    /// What the letter is about: no value of a row.
    Content,
}

/// Before a label, where it is the writer's.
const OWN: &[&str] = &[
    "您的",
    "你的",
    "我的",
    "您",
    "你",
    "本人",
    "老人",
    "家长",
    "职工",
    "企业",
    "单位",
    "公司",
    "住户",
    "业主",
    "村民",
    "个人",
    "居民",
    "填表人",
    "登记人",
    "委托人",
];

const NAMES: &[&str] = &[
    "姓名",
    "名字",
    "名称",
    "企业名称",
    "单位名称",
    "公司名称",
    "来函单位",
    "来信单位",
    "申请单位",
    "反映单位",
    "投诉单位",
    "填表人",
    "我叫",
    "我是",
    "业主",
    "户主",
    "住户",
];

const PHONES: &[&str] = &[
    "联系电话",
    "电话号码",
    "手机号码",
    "手机号",
    "来电号码",
    "其他电话",
    "备用电话",
    "家庭电话",
    "住宅电话",
    "固定电话",
    "联系方式",
    "联系手机",
    "常用电话",
    "手机",
    "座机",
    "电话",
    "怎么找我",
    "怎么联系",
];

const ADDRESSES: &[&str] = &[
    "现居住地址",
    "现居住地",
    "现住址",
    "现住地",
    "现住",
    "家庭住址",
    "家庭地址",
    "居住地址",
    "居住地",
    "通讯地址",
    "通信地址",
    "联系地址",
    "送达地址",
    "详细地址",
    "常住地址",
    "暂住地址",
    "单位地址",
    "公司地址",
    "厂址",
    "店址",
    "地址",
    "住址",
    "住处",
    "住哪里",
    "住在哪里",
    "我住",
    "家住",
];

const IDS: &[&str] = &[
    "居民身份证号码",
    "公民身份号码",
    "身份证号码",
    "身份证号",
    "身份证",
    "证件号码",
];

const DATES: &[&str] = &[
    "填表日期",
    "填表时间",
    "填写日期",
    "填写时间",
    "填报日期",
    "填报时间",
    "登记日期",
    "登记时间",
    "来信时间",
    "来信日期",
    "写信时间",
    "写信日期",
    "投诉时间",
    "投诉日期",
    "求助日期",
    "求助时间",
    "申请日期",
    "申请时间",
    "记录时间",
    "日期",
];

const TO: &[&str] = &[
    "收函单位",
    "反映给",
    "要反映给",
    "写给谁",
    "交给谁",
    "呈送",
    "收件",
    "主送",
    "转交",
    "呈报",
];

const DETAILS: &[&str] = &[
    "性别",
    "年龄",
    "民族",
    "职业",
    "年级",
    "班级",
    "关系",
    "职务",
    "传真",
    "序号",
    "编号",
    "婚姻",
    "婚姻状况",
    "政治面貌",
    "文化程度",
    "出生年月",
    "邮编",
    "邮政编码",
    "是否留电话",
    "是否公开",
    "工作单位",
    "用工单位",
    "户籍地址",
    "户籍地",
    "户籍",
    "户口所在地",
    "感谢对象",
    "原处理机关",
    "今年",
    "籍贯",
    "时间",
    "健康状况",
    "家庭人口",
    "事发地点",
    "事情发生在哪里",
    "发生地点",
    "办公地点",
    "地点",
];

const CONTENTS: &[&str] = &[
    "内容",
    "问题",
    "事由",
    "诉求",
    "要求",
    "请求",
    "理由",
    "事项",
    "情况",
    "事实",
    "经过",
    "想讲的话",
    "要说的事",
    "建议",
    "意见",
    "附件",
    "备注",
];

/// Others of whom a sheet asks.
const THEIRS: &[&str] = &[
    "代理人",
    "受托人",
    "受委托人",
    "委托代理人",
    "社工",
    "代填社工",
    "代填人",
    "记录人",
    "孩子",
    "子女",
    "学生",
    "患者",
    "负责人",
    "法定代表人",
    "联系人",
    "老板",
    "邻居",
    "经办人",
    "紧急联系人",
    "监护人",
];

/// What a text asks for that begins with a label, and how many characters that one has; the longest that fits.
pub(super) fn cell_of(text: &str) -> Option<(Cell, usize)> {
    let bare = seal::numbered(text);
    let skipped = text.chars().count() - bare.chars().count();
    let bare_own = OWN
        .iter()
        .find_map(|own| Some((own.chars().count(), bare.strip_prefix(own)?)));
    let (cell, length) = bare_own
        .into_iter()
        .filter_map(|(own, rest)| detail(rest).map(|(cell, n)| (cell, own + n)))
        .chain(role(bare))
        .chain(theirs(bare))
        .chain(detail(bare))
        .max_by_key(|(_, length)| *length)?;
    let behind: String = bare.chars().skip(length).collect();
    // 联系电话(母): the note is no part of the number.
    let note = match behind
        .strip_prefix('(')
        .and_then(|note| note.split_once(')'))
    {
        Some((note, _)) if note.chars().count() <= 2 => note.chars().count() + 2,
        _ => 0,
    };
    Some((cell, skipped + length + note))
}

fn longest(text: &str, lists: &[(Cell, &[&str])]) -> Option<(Cell, usize)> {
    let words = lists
        .iter()
        .flat_map(|(cell, words)| words.iter().map(move |word| (*cell, word)));
    let fits = words.filter(|(_, word)| text.starts_with(**word));
    let longest = fits.max_by_key(|(_, word)| word.chars().count());
    longest.map(|(cell, word)| (cell, word.chars().count()))
}

fn detail(text: &str) -> Option<(Cell, usize)> {
    let found = longest(
        text,
        &[
            (Cell::Name, NAMES),
            (Cell::Phone, PHONES),
            (Cell::Address, ADDRESSES),
            (Cell::Id, IDS),
            (Cell::Date, DATES),
            (Cell::To, TO),
            (Cell::Detail, DETAILS),
        ],
    );
    let whom = WRITTEN_TO.iter().filter(|word| word.chars().count() > 1);
    let whom = whom.filter(|word| text.starts_with(**word));
    let whom = whom
        .map(|word| (Cell::To, word.chars().count()))
        .max_by_key(|(_, n)| *n);
    // 反映的主要问题:, 投诉内容, 事项一
    let label: String = text.chars().take_while(|c| *c != ':').collect();
    let label = label.trim_end_matches(|c| "一二三四五".contains(c));
    let n = label.chars().count();
    let told = n <= 8 && CONTENTS.iter().any(|word| label.ends_with(word));
    let told = told.then(|| {
        let label = text.split(':').next().unwrap_or_default();
        (Cell::Content, label.chars().count())
    });
    let all = found.into_iter().chain(whom).chain(told);
    all.max_by_key(|(_, length)| *length)
}

/// 来信人, 投诉人地址, 委托人
fn role(text: &str) -> Option<(Cell, usize)> {
    let roles = WRITERS
        .iter()
        .chain(&["委托人", "送信人", "来电人", "诉求人", "当事人"]);
    let role = roles
        .filter(|role| text.starts_with(**role))
        .max_by_key(|role| role.len())?;
    let n = role.chars().count();
    let rest = &text[role.len()..];
    match detail(rest).filter(|(cell, _)| *cell != Cell::Content) {
        Some((cell, more)) => Some((cell, n + more)),
        None => Some((Cell::Name, n)),
    }
}

/// 被投诉人, 代理人地址, 孩子姓名, 老板
fn theirs(text: &str) -> Option<(Cell, usize)> {
    let listed = THEIRS.iter().chain(OTHERS);
    let who = listed
        .filter(|who| text.starts_with(**who))
        .max_by_key(|who| who.len())?;
    let n = who.chars().count();
    let more = detail(&text[who.len()..]).map_or(0, |(_, more)| more);
    Some((Cell::Other, n + more))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_known_by_their_labels() {
        for (text, cell, length) in [
            ("姓名", Cell::Name, 2),
            ("2.您的住址:东坡路3号", Cell::Address, 6),
            ("联系电话(母)", Cell::Phone, 7),
            ("投诉人地址", Cell::Address, 5),
            ("来信人姓名", Cell::Name, 5),
            ("被投诉人电话", Cell::Other, 6),
            ("孩子姓名", Cell::Other, 4),
            ("反映的主要问题:", Cell::Content, 7),
            ("事项一", Cell::Content, 3),
            ("收信单位", Cell::To, 4),
            ("填表日期:2026.10.12", Cell::Date, 4),
        ] {
            assert_eq!(cell_of(text), Some((cell, length)), "{text}");
        }
        assert_eq!(cell_of("我家门口的路灯坏了"), None);
    }
}
