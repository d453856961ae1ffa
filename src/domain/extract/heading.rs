//! Rows under a letter told by their place: the heading of a list of signatures, and what a misread closing formula left.
//!
//! Nobody can list how people head their signatures (签字人:, 以上情况属实:); that names stand below is what makes it a heading.

use crate::domain::zones::{Row, is_closing, is_han};

use super::glyphs::has_any;
use super::{labels, names};

/// Words about signing: with them a heading may lack its colon, or head names one below the other.
const SIGNING: &[&str] = &[
    "签", "署", "联名", "联合", "共同", "集体", "具名", "名单", "如下", "以下", "下列",
];

/// Labels of other things.
const OTHER: &[&str] = &[
    "电话", "手机", "地址", "住址", "身份", "日期", "附件", "抄送", "联系", "委托", "代理", "代笔",
    "邮编",
];

/// Whether the first of some rows heads a list: short, no name itself, and names side by side or one below the other under it.
pub(crate) fn heads_a_list(rows: &[Row]) -> bool {
    let [row, below @ ..] = rows else {
        return false;
    };
    let text = row.compact();
    let bare = text.trim_end_matches([':', ';', '.']);
    let words = bare
        .chars()
        .all(|c| is_han(c) || matches!(c, '(' | ')' | ',' | '"' | '“' | '”'));
    if !(2..=14).contains(&bare.chars().count()) || !words || has_any(bare, OTHER) {
        return false;
    }
    let signing = has_any(bare, SIGNING);
    // 拖欠工资的单位有:
    if !signing && labels::is_of_others(bare) {
        return false;
    }
    let marked = bare != text;
    let named =
        names::person(bare) > 0.8 || !marked && names::names_in(row).0 > 1 || is_closing(&text);
    let beside = below
        .first()
        .is_some_and(|r| names::names_in(r).1 >= 2 && names::list_like(r));
    let alone = |r: &Row| names::names_in(r) == (1, 1) && !r.compact().contains(':');
    let below_each_other = signing && marked && below.len() >= 2 && below[..2].iter().all(alone);
    let names_below = marked && below.len() >= 3 && below[..3].iter().all(alone) && {
        let known = |r: &&Row| names::person(&r.compact()) > 0.8;
        below[..3].iter().filter(known).count() >= 2
    };
    let units_below = marked && below.len() >= 2 && below[..2].iter().all(side_by_side);
    !named && ((marked || signing) && beside || below_each_other || names_below || units_below)
}

/// A row of long names beside each other, one of which is a unit's: 皋兰旱砂瓜合作社 西固区阳光洗衣行.
fn side_by_side(row: &Row) -> bool {
    let text: String = row.chars().into_iter().collect();
    let long = |part: &str| (4..=16).contains(&part.chars().count()) && part.chars().all(is_han);
    let parts: Vec<&str> = text.split([' ', '、']).filter(|p| !p.is_empty()).collect();
    parts.len() >= 2 && parts.iter().all(|p| long(p)) && parts.iter().any(|p| names::unit(p) > 0.0)
}

/// Whether a row is what is left of a closing formula: a wish right above or below another row of it, read wrongly.
pub(crate) fn rest_of_closing(rows: &[Row], at: usize) -> bool {
    let text = rows[at].compact();
    let bare = text.trim_end_matches(['!', '。', '.', ',']);
    let n = bare.chars().count();
    let at_left = rows[at].left < LEFT;
    if !(2..=4).contains(&n) || !at_left || !bare.chars().all(is_han) {
        return false;
    }
    let closes = |r: &Row| is_closing(&r.compact());
    let above_wish = n <= 3
        && rows.get(at + 1).is_some_and(|r| closes(r) && r.left < LEFT)
        && !(n == 3 && names::person(bare) > 0.8);
    // What each opening leads one to expect.
    let led = |openers: &[&str], wish: &str| {
        let above = at.checked_sub(1).map(|i| rows[i].compact());
        let opened = above.is_some_and(|a| a.chars().count() <= 6 && has_any(&a, openers));
        opened && bare.chars().any(|c| wish.contains(c))
    };
    above_wish
        || led(&["此致", "致以"], "敬礼")
        || led(&["祝", "颂"], "安祺绥祉禧康好利快")
        || led(&["感激"], "谢")
}

/// A closing formula begins left of this share of the page's width; who signs at the right is no part of it.
const LEFT: f32 = 0.3;
