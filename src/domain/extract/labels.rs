//! The labels people put before what they write under a letter: 来信人, 地址, 电话 …
//!
//! Data; when a word counts as a label is decided in [`super::tail`].

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::domain::zones::{address_like, is_han};

use super::glyphs::one_off;
use super::names;

/// What a labelled value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// 来信人, 反映人, 申请人 …
    Signer,
    /// 联系人
    Contact,
    /// 代理人, 受委托人
    Agent,
    /// 委托人
    Principal,
    /// 执笔人: who wrote the letter and says so.
    Writer,
    /// 代笔人: who wrote it for another.
    Scribe,
    /// 地址, 住址 …
    Address,
    /// 电话, 手机 …
    Phone,
    /// 身份证号
    Id,
    /// 联名人签名: what follows, on this row and the next, are signatures.
    ListHead,
    /// 日期, 邮编, 附件 …: not looked at here.
    Other,
    /// 村民, 学生家长: who the writer is, and his name behind it.
    Role,
    /// A label nobody listed, and a name behind it: whose, a person has to say.
    Called,
    /// 法定代表人, 经理, 村主任: who speaks for the unit that signed.
    Officer,
    /// 被投诉人, 证明人, 经手人: somebody else.
    Another,
    /// 此致, 呈 and whom the letter is for.
    Addressed,
    /// 来信人: with nothing behind it that could be read.
    Unread,
    /// No label.
    Bare,
}

/// Labels, longest first within a kind.
pub(crate) const LABELS: &[(Kind, &[&str])] = &[
    (Kind::Another, OTHERS),
    (Kind::Officer, OFFICERS),
    (
        Kind::Addressed,
        &[
            "呈送", "呈报", "报送", "谨呈", "敬呈", "主送", "呈", "报", "致",
        ],
    ),
    (
        Kind::ListHead,
        &[
            "联名人签名",
            "联名签名",
            "联名人",
            "联名信签名",
            "联署人",
            "联名来信人",
            "全体签名",
            "签名人员",
            "集体签名",
            "签名名单",
            "签名如下",
            "联名者",
            "签名表",
            "署名如下",
            "业主签名",
            "村民签名",
            "居民签名",
            "群众签名",
            "职工签名",
            "签名",
        ],
    ),
    (
        Kind::Contact,
        &["来信联系人", "信访联系人", "联系人", "联络人"],
    ),
    (
        Kind::Principal,
        &[
            "委托人(签名)",
            "委托人签名",
            "委托人(签字)",
            "委托人(签章)",
            "委托人",
        ],
    ),
    (
        Kind::Agent,
        &[
            "受委托人",
            "被委托人",
            "委托代理人",
            "代理律师",
            "委托律师",
            "代理人",
            "受托人",
            "律师",
        ],
    ),
    (
        Kind::Scribe,
        &[
            "代书人",
            "代写人",
            "代笔人",
            "代笔者",
            "代笔",
            "代书",
            "记录人",
        ],
    ),
    (
        Kind::Writer,
        &["执笔人", "执笔者", "书写人", "执笔", "亲笔人"],
    ),
    (
        Kind::Address,
        &[
            "家庭详细住址",
            "收信地址",
            "回信地址",
            "收件地址",
            "邮寄地址",
            "本人住址",
            "本人地址",
            "现家庭住址",
            "家庭住址",
            "家庭地址",
            "通信地址",
            "通讯地址",
            "联系地址",
            "详细地址",
            "详细住址",
            "居住地址",
            "现居住地",
            "现住址",
            "现住地",
            "现住",
            "户籍地址",
            "户籍地",
            "联系住址",
            "居住地",
            "住所地",
            "住所",
            "地址",
            "住址",
            "家住",
            "住",
        ],
    ),
    (
        Kind::Phone,
        &[
            "联系电话",
            "联系手机",
            "手机号码",
            "电话号码",
            "联系号码",
            "联系方式",
            "住宅电话",
            "家庭电话",
            "固定电话",
            "手机号",
            "手机",
            "电话",
            "固话",
            "座机",
            "宅电",
            "Tel",
            "TEL",
        ],
    ),
    (
        Kind::Id,
        &[
            "居民身份证号码",
            "公民身份号码",
            "身份证号码",
            "身份证件号",
            "身份证号",
            "身份证",
            "身份号码",
            "证件号码",
        ],
    ),
    (
        Kind::Other,
        &[
            "填表日期",
            "登记日期",
            "申请日期",
            "签字日期",
            "来信日期",
            "写信日期",
            "来信时间",
            "写信时间",
            "日期",
            "时间",
            "邮政编码",
            "邮编",
            "附件",
            "附:",
            "性别",
            "年龄",
            "职业",
            "工作单位",
            "单位",
            "民族",
            "抄送",
        ],
    ),
    (Kind::Signer, SIGNED),
    (Kind::Signer, WRITERS),
];

/// Whether a row begins with a label that is answered beside it: 填表人签字:, 委托代理人:, 工作单位:. Nobody is addressed so.
pub(crate) fn is_of_a_form(text: &str) -> bool {
    let flat: Vec<char> = text.chars().collect();
    let kinds = [
        Kind::Signer,
        Kind::Agent,
        Kind::Principal,
        Kind::Contact,
        Kind::Address,
        Kind::Phone,
        Kind::Id,
        Kind::Other,
        Kind::Another,
    ];
    at_front(&flat).is_some_and(|(kind, _)| kinds.contains(&kind))
}

/// Marks that stand between a label and its value, or at the end of either, and belong to none; folded.
pub(crate) fn is_mark(ch: char) -> bool {
    ":;,.。、\"'“”‘’·~!?…/|\\=<>《》〈〉「」『』→".contains(ch)
}

/// Marks that make a label of the word before them; commas and full stops stand behind any word.
pub(crate) fn parts_label(ch: char) -> bool {
    ":;.-·~/|\\=>→".contains(ch)
}

/// Whether a text is a label and nothing else: 证明人 is nobody's name, 法人 neither, although 法 is a surname.
pub(crate) fn is_label(text: &str) -> bool {
    static ALL: LazyLock<HashSet<&str>> = LazyLock::new(|| {
        let listed = LABELS.iter().flat_map(|(_, words)| words.iter());
        listed.chain(BESIDE_NAME).copied().collect()
    });
    ALL.contains(text)
}

/// Whether a label stands without an answer: nothing behind it that could be a name or a number one can dial.
pub(crate) fn unanswered(behind: &[char]) -> bool {
    let figures = behind.iter().filter(|c| c.is_ascii_digit()).count();
    figures < SHORTEST_NUMBER && !behind.iter().any(|c| is_han(*c))
}

/// Figures of a telephone number without its area code.
const SHORTEST_NUMBER: usize = 7;

/// The label some characters without blanks begin with, and where its value does. One that nobody listed is told by its colon.
pub(crate) fn at_front(flat: &[char]) -> Option<(Kind, usize)> {
    let idle = |c: &char| is_mark(*c) || matches!(c, '(' | ')' | '-' | '_');
    let past = |from: usize| from + flat[from..].iter().take_while(|c| idle(c)).count();
    let start = past(0);
    let text: String = flat[start..].iter().collect();
    let listed = LABELS
        .iter()
        .flat_map(|(kind, words)| words.iter().map(|word| (*kind, *word)))
        .filter(|(_, word)| text.starts_with(word))
        .max_by_key(|(_, word)| word.len());
    if let Some((kind, word)) = listed {
        let end = start + word.chars().count();
        // 证明人 1 向传英: a stroke or a number of the list before a name.
        let numbered = !matches!(kind, Kind::Address | Kind::Phone | Kind::Id | Kind::Other);
        let figures = flat[past(end)..].iter().take_while(|c| c.is_ascii_digit());
        let value = past(past(end) + if numbered { figures.count() } else { 0 });
        let rest: String = flat[value..].iter().collect();
        let marked = value > end || !rest.chars().any(is_han);
        let said = match kind {
            Kind::Signer | Kind::Contact => names::person(&rest) > 0.8 || names::incomplete(&rest),
            Kind::Address => word.chars().count() > 1 && address_like(&rest),
            Kind::Phone | Kind::Id => rest.starts_with(|c: char| c.is_ascii_digit()),
            _ => false,
        };
        if marked || said {
            return Some((kind, value));
        }
    }
    let colon = flat[start..].iter().take(10).position(|c| *c == ':')?;
    let label: String = flat[start..start + colon].iter().collect();
    let own = |word: &&&str| word.chars().count() >= 3 && one_off(word, &label);
    let kind = if colon == 0 {
        return None;
    } else if WRITERS.iter().any(|word| own(&word)) {
        Kind::Signer
    } else if names::pseudonym(&label) {
        Kind::Role
    } else {
        Kind::Called
    };
    Some((kind, past(start + colon)))
}

/// What the writer is called: the one list of it, wherever a letter, a form or an envelope names him.
pub(crate) const WRITERS: &[&str] = &[
    "具信人",
    "具书人",
    "具状人",
    "致信人",
    "呈信人",
    "谨呈人",
    "来信人",
    "反映人",
    "申请人",
    "信访人",
    "举报人",
    "检举人",
    "控告人",
    "投诉人",
    "写信人",
    "上访人",
    "建议人",
    "求助人",
    "咨询人",
    "感谢人",
    "陈述人",
    "呈报人",
    "呈述人",
    "请求人",
    "诉求人",
    "上书人",
    "寄信人",
    "寄件人",
    "发信人",
    "申诉人",
    "报告人",
];

/// Other labels of who signed: in another's name, or how.
const SIGNED: &[&str] = &[
    "来信人签名",
    "反映人签名",
    "申请人签名",
    "村民小组代表",
    "农民工代表",
    "村民代表",
    "居民代表",
    "业主代表",
    "职工代表",
    "群众代表",
    "家长代表",
    "工人代表",
    "信访代表",
    "代表人",
    "代表",
    "口述人",
    "自述人",
    "填表人签字",
    "填表人签名",
    "填表人",
    "具名人",
    "具名",
    "当事人",
    "实名举报人",
    "本人签名",
    "署名人",
    "署名",
    "签字",
    "签名人",
    "姓名",
    "本人",
];

/// Whether a row under a letter opens with a label of whoever signed, or of what he writes beside his name.
pub(crate) fn opens_tail_row(text: &str) -> bool {
    let mut labels = WRITERS.iter().chain(BESIDE_NAME);
    labels.any(|label| text.starts_with(label))
}

/// What stands under a letter beside the name.
const BESIDE_NAME: &[&str] = &[
    "联系人",
    "代理人",
    "联名人",
    "签名",
    "署名",
    "姓名",
    "地址",
    "住址",
    "家庭住址",
    "通信地址",
    "通讯地址",
    "联系地址",
    "现住",
    "户籍",
    "电话",
    "联系电话",
    "手机",
    "联系方式",
    "身份证",
    "邮编",
    "附",
];

/// Whether a text names its writer by a label: not 请求人民政府, where the word only begins so.
pub(crate) fn names_writer(text: &str) -> bool {
    let named = |writer: &&&str| {
        text.match_indices(**writer).any(|(at, _)| {
            let next = text[at + writer.len()..].chars().next();
            next.is_none_or(|c| !"民大员社".contains(c))
        })
    };
    WRITERS.iter().any(|writer| named(&writer))
}

/// Labels of people who are named under a letter and did not write it: whom it is about, who saw, handled, passed on or typed something. Longest first where
/// one begins or ends like another.
pub(crate) const OTHERS: &[&str] = &[
    "被投诉单位",
    "被举报单位",
    "被反映单位",
    "被投诉对象",
    "被实名举报人",
    "被投诉人",
    "被举报人",
    "被反映人",
    "被检举人",
    "被控告人",
    "被控诉人",
    "被申请人",
    "被申诉人",
    "被上诉人",
    "被信访人",
    "被建议人",
    "被求助人",
    "被告人",
    "被诉人",
    "被告",
    "投诉对象",
    "举报对象",
    "反映对象",
    "检举对象",
    "控告对象",
    "申诉对象",
    "犯罪嫌疑人",
    "嫌疑人",
    "对方当事人",
    "对方",
    "第三人",
    "肇事司机",
    "肇事者",
    "肇事人",
    "加害人",
    "侵权人",
    "行贿人",
    "受贿人",
    "欠款人",
    "欠薪人",
    "欠债人",
    "债务人",
    "借款人",
    "收款人",
    "出租人",
    "房东",
    "中介",
    "雇主",
    "老板",
    "包工头",
    "工头",
    "开发商",
    "施工方",
    "施工单位",
    "建设单位",
    "当事责任人",
    "主要责任人",
    "直接责任人",
    "责任人",
    "证明人",
    "见证人",
    "旁证人",
    "作证人",
    "证人",
    "介绍人",
    "担保人",
    "保证人",
    "资助人",
    "经手人",
    "经办人",
    "承办人",
    "接待人",
    "受理人",
    "接收人",
    "审核人",
    "复核人",
    "审批人",
    "校对人",
    "打印人",
    "打字员",
    "打字人",
    "翻译人",
    "转述人",
    "转交人",
    "转递人",
    "传递人",
    "送信人",
    "带信人",
    "转信人",
    "传信人",
    "收信人",
    "收件人",
    "受信人",
    "取信人",
    "打印",
    "打字",
    "校对",
    "审核",
    "复核",
    "邻居",
];

/// Labels of those who hold an office: below a unit's name they speak for it, alone they are more often whom the letter is about.
pub(crate) const OFFICERS: &[&str] = &[
    "法定代表人",
    "法人代表",
    "单位负责人",
    "负责人",
    "法人",
    "董事长",
    "总经理",
    "物业经理",
    "项目经理",
    "经理",
    "厂长",
    "校长",
    "院长",
    "所长",
    "站长",
    "村委会主任",
    "业委会主任",
    "村主任",
    "居委会主任",
    "主任",
    "村支书",
    "村支部书记",
    "支部书记",
    "村书记",
    "支书",
    "书记",
    "村长",
    "会长",
    "理事长",
    "社长",
];
