//! The labels people put before what they write under a letter: 来信人, 地址, 电话 …
//!
//! The words are in [`lists`]; when one counts as a label is decided in [`super::tail`].

mod lists;
mod roles;

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::domain::zones::{address_like, is_han};

use super::glyphs::{has_any, one_off};
use super::names;
use lists::BESIDE_NAME;
pub(crate) use lists::{LABELS, OFFICERS, OTHERS, WRITERS};
use roles::{OF_OTHERS, SUFFERED};
pub(crate) use roles::{ROLES, WRITTEN_TO};

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

/// Whether a row of a form asks whom it is for: 收信单位:X.
pub(crate) fn asks_whom(text: &str) -> bool {
    let label = text.split_once(':').map(|(label, _)| label);
    label.is_some_and(|label| label.chars().count() > 1 && WRITTEN_TO.contains(&label))
}

/// Whether a label speaks of others than those who sign: 楼上住户, 拖欠工资的单位; 被征地农户 sign.
pub(crate) fn is_of_others(label: &str) -> bool {
    let bare = SUFFERED
        .iter()
        .fold(label.to_owned(), |bare, word| bare.replace(word, ""));
    has_any(&bare, OF_OTHERS)
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
            Kind::Contact if rest.contains(',') => {
                names::person(rest.split(',').next().unwrap_or_default()) > 0.8
            }
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
    // 信访局: is no 信访人: misread.
    let office = super::foot::is_office(&label);
    let own = |word: &&&str| !office && word.chars().count() >= 3 && one_off(word, &label);
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

/// Whether a row under a letter opens with a label of whoever signed, or of what he writes beside his name.
pub(crate) fn opens_tail_row(text: &str) -> bool {
    let mut labels = WRITERS.iter().chain(BESIDE_NAME);
    labels.any(|label| text.starts_with(label))
}

/// Whether a row opens with a label of whoever writes, and a mark behind it.
pub(crate) fn opens_with_writer(text: &str) -> bool {
    let behind = |label: &&str| text.strip_prefix(*label);
    let mut behind = WRITERS.iter().filter_map(behind);
    behind.any(|rest| rest.starts_with([':', '(']))
}

/// Whether a row opens with the label of whom to reach, and how: commas part his numbers.
pub(crate) fn opens_contact(text: &str) -> bool {
    let labels = ["联系", "联络", "电话", "手机"];
    let label = text.split(':').next().unwrap_or_default();
    label.len() < text.len()
        && label.chars().count() <= 8
        && labels.iter().any(|word| label.starts_with(word))
}

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
