//! Names of people whom a letter speaks of, found by the word that says what they are: 老板吴丽华, 邻居王建国. Nothing is registered by it: it only tells what
//! others who stand by should not read, so that it rather finds too much.

use super::names::{is_given, person, surname_length};
use crate::domain::zones::is_han;

/// What stands before somebody's name.
pub(crate) const WORDS: &[&str] = &[
    "老板",
    "老板娘",
    "经理",
    "董事长",
    "法人",
    "法定代表人",
    "负责人",
    "股东",
    "会计",
    "出纳",
    "包工头",
    "工头",
    "班长",
    "房东",
    "租客",
    "中介",
    "司机",
    "书记",
    "主任",
    "站长",
    "所长",
    "局长",
    "科长",
    "处长",
    "队长",
    "村长",
    "镇长",
    "乡长",
    "组长",
    "校长",
    "院长",
    "厂长",
    "行长",
    "队员",
    "民警",
    "干部",
    "医生",
    "大夫",
    "护士",
    "老师",
    "教师",
    "律师",
    "法官",
    "师傅",
    "邻居",
    "同事",
    "同学",
    "朋友",
    "老乡",
    "村民",
    "居民",
    "业主",
    "住户",
    "工友",
    "丈夫",
    "妻子",
    "老公",
    "老婆",
    "爱人",
    "前夫",
    "前妻",
    "儿子",
    "女儿",
    "儿媳",
    "女婿",
    "父亲",
    "母亲",
    "爸爸",
    "妈妈",
    "公公",
    "婆婆",
    "岳父",
    "岳母",
    "哥哥",
    "弟弟",
    "姐姐",
    "妹妹",
    "大哥",
    "二哥",
    "叔叔",
    "伯伯",
    "舅舅",
    "姑姑",
    "孙子",
    "孙女",
    "侄子",
    "外甥",
    "名叫",
    "叫做",
    "姓名",
    "当事人",
    "被告",
    "原告",
    "债务人",
    "欠款人",
    "肇事者",
    "证明人",
    "证人",
    "联系人",
];

/// Surnames that are another word far more often: 书记和村民.
const OTHER_WORDS: &str = "和于从时有应经能那都后管关别相向及与";

/// Each of them once, in the order of the text.
pub(crate) fn spoken_of(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    let mut found: Vec<String> = Vec::new();
    for at in 0..chars.len() {
        let is_behind = |word: &&str| {
            let word: Vec<char> = word.chars().collect();
            chars[..at].ends_with(&word)
        };
        if !WORDS.iter().any(is_behind) {
            continue;
        }
        if let Some(name) = name_at(&chars[at..]).filter(|name| !found.contains(name)) {
            found.push(name);
        }
    }
    found
}

/// A surname and one or two characters that given names are made of.
fn name_at(chars: &[char]) -> Option<String> {
    let surname = match surname_length(chars) {
        1 if OTHER_WORDS.contains(chars[0]) => return None,
        0 => return None,
        length => length,
    };
    let given = chars[surname..].iter().take(2);
    let given = given.take_while(|c| is_han(**c) && is_given(**c)).count();
    let name: String = chars[..surname + given].iter().collect();
    (given > 0 && person(&name) > 0.0).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_a_letter_speaks_of_is_found_by_what_he_is() {
        for (text, names) in [
            ("老板吴丽华至今没有结清工钱", vec!["吴丽华"]),
            ("邻居 王建国 和他儿子王强", vec!["王建国", "王强"]),
            ("经理欧阳建国不理", vec!["欧阳建国"]),
            ("老板不结工钱，主任说再等等", vec![]),
            ("书记和村民都知道，主任何时答复", vec![]),
            ("反映供暖问题", vec![]),
        ] {
            assert_eq!(spoken_of(text), names, "{text}");
        }
    }
}
