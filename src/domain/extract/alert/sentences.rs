//! The sentences a threat is looked for in. A salutation is one of its own: weighed with what follows it, it hid threats in letters of one sentence.

use std::ops::Range;

/// Characters of a salutation at most.
const LONGEST: usize = 20;
/// What no salutation has in it: somebody speaks or writes, or is spoken of, and what follows are the words.
const SPEECH: &[&str] = &[
    "说", "骂", "喊", "嚷", "吼", "写道", "扬言", "威胁", "恐吓", "放话", "狠话", "声称", "短信",
    "微信", "电话", "纸条", "我", "他", "她",
];

/// Where the sentences of folded characters stand, their marks included.
pub(super) fn sentences(text: &[char]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    for sentence in text.split_inclusive(|c| matches!(c, '。' | '!' | '?' | ';')) {
        let to = from + sentence.len();
        let body = from + salutation(sentence);
        found.extend(
            [from..body, body..to]
                .into_iter()
                .filter(|part| !part.is_empty()),
        );
        from = to;
    }
    found
}

/// How many characters of a sentence are its salutation: 尊敬的林市长:…, 林市长您好,….
fn salutation(sentence: &[char]) -> usize {
    let end = sentence
        .iter()
        .take(LONGEST + 1)
        .position(|c| matches!(c, ':' | ','));
    let Some(end) = end.filter(|end| *end >= 2 && end + 1 < sentence.len()) else {
        return 0;
    };
    let lead: String = sentence[..end].iter().collect();
    let greets = sentence[end] == ':' || lead.ends_with('好');
    let speaks = SPEECH.iter().any(|word| lead.contains(word));
    if greets && !speaks { end + 1 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::sentences;

    fn parted(text: &str) -> Vec<String> {
        let chars: Vec<char> = text.chars().collect();
        let parts = sentences(&chars).into_iter();
        parts.map(|part| chars[part].iter().collect()).collect()
    }

    #[test]
    fn a_salutation_is_a_sentence_of_its_own() {
        for (text, parts) in [
            (
                "林市长:院长不管。请查!",
                vec!["林市长:", "院长不管。", "请查!"],
            ),
            ("王书记、李市长:路坏了", vec!["王书记、李市长:", "路坏了"]),
            ("林市长您好,路坏了。", vec!["林市长您好,", "路坏了。"]),
            ("情况很好的地方,路坏了。", vec!["情况很好的地方,路坏了。"]),
            ("林市长:", vec!["林市长:"]),
            ("", vec![]),
        ] {
            assert_eq!(parted(text), parts);
        }
    }

    #[test]
    fn what_somebody_says_stays_with_its_speaker() {
        for text in [
            "他说:再来就打死你。",
            "老板放话:别想走。",
            "收到短信:小心点。",
            "我:不走。",
        ] {
            assert_eq!(parted(text), [text]);
        }
    }
}
