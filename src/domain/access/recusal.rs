//! Whom a letter must not reach: an officer whose declared interests it touches (SZ 4.3), and the accused (SZ 5.3.3).

use serde::{Deserialize, Serialize};

use crate::domain::draft::{Accused, Fields};
use crate::domain::roster::{Roster, plain};
use crate::domain::zones::is_han;

/// What kind of interest is declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InterestKind {
    /// A person's name.
    Name,
    /// Where somebody lives.
    Address,
    /// Where somebody works, or what belongs to him.
    Unit,
}

/// Whose interest it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// The officer's own.
    Own,
    /// A relative's.
    Relative,
}

/// One declared interest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interest {
    /// What kind.
    pub kind: InterestKind,
    /// As declared.
    pub text: String,
}

impl Interest {
    /// What an account's name says of its holder, where it is a person's name: that is his own interest without a word of his. A sign-in name in
    /// letters and figures says nothing.
    pub fn own(user: &str) -> Option<Self> {
        let is_name = user.chars().count() >= PERSON && !user.is_ascii();
        is_name.then(|| Self {
            kind: InterestKind::Name,
            text: user.to_owned(),
        })
    }
}

/// What of a letter an interest met. A code, never the letter's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Matched {
    /// The sender, a signatory or his agent.
    Sender,
    /// Whom it accuses.
    Accused,
    /// The sender's address.
    Address,
    /// Where the matter lies.
    Place,
    /// A unit that its matters name.
    Matter,
    /// An office of which it speaks, until an officer has said that it does not accuse it.
    Office,
}

/// Who and what a letter touches. Not the addressee: whoever is written to has no interest in the letter for that alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parties {
    of: Vec<(Matched, String)>,
}

/// Shortest names: two characters for a person, four for a unit or an address that is found inside a longer text.
const PERSON: usize = 2;
const WITHIN: usize = 4;
/// 信访局
const SHORT_UNIT: usize = 3;

impl Parties {
    /// Those of a registration, as it stands.
    pub fn of(fields: &Fields) -> Self {
        let mut of = Vec::new();
        let mut add = |matched, text: Option<&str>| {
            of.extend(
                text.map(|text| (matched, plain(text)))
                    .filter(|(_, text)| !text.is_empty()),
            );
        };
        add(Matched::Sender, fields.sender_name.value.as_deref());
        for alternative in &fields.sender_name.alternatives {
            add(Matched::Sender, Some(&alternative.value));
        }
        for name in &fields.joint.signatories {
            add(Matched::Sender, Some(name));
        }
        add(
            Matched::Sender,
            fields.proxy.as_ref().map(|proxy| proxy.agent.as_str()),
        );
        for accused in &fields.accused {
            add(Matched::Accused, Some(&accused.name));
            add(Matched::Accused, accused.office.as_deref());
        }
        add(Matched::Address, fields.address.value.as_deref());
        for matter in &fields.matters {
            add(Matched::Place, matter.place.as_deref());
            add(Matched::Matter, Some(&matter.title));
        }
        add(Matched::Matter, Some(&fields.summary));
        Self { of }
    }

    /// And what the letter itself says.
    pub fn with_text(mut self, text: &str) -> Self {
        self.of.push((Matched::Matter, plain(text)));
        self
    }

    /// A text without the letter's own names of which this one is only a part: who is called 王建国华 is no 王建国.
    fn without_longer(&self, text: &str, name: &str) -> String {
        let named = self.of.iter().filter(|(matched, known)| {
            matches!(matched, Matched::Sender | Matched::Accused) && is_longer_name(known, name)
        });
        named.fold(text.to_owned(), |text, (_, longer)| {
            text.replace(longer, "\u{0}")
        })
    }

    /// What of the letter this interest meets first.
    pub fn meet(&self, interest: &Interest) -> Option<Matched> {
        let wanted = plain(&interest.text);
        let length = wanted.chars().count();
        let met = |(matched, text): &&(Matched, String)| match (interest.kind, matched) {
            (InterestKind::Name, Matched::Sender | Matched::Accused) => {
                let is_he = || titled(text, &wanted) && !is_longer_name(text, &wanted);
                length >= PERSON && (*text == wanted || is_he())
            }
            (InterestKind::Name, Matched::Matter) => {
                length > PERSON && self.without_longer(text, &wanted).contains(&wanted)
            }
            (InterestKind::Name, _) => false,
            (InterestKind::Address, Matched::Address | Matched::Place) => {
                length >= WITHIN
                    && (text.contains(&wanted)
                        || wanted.contains(text.as_str()) && text.chars().count() >= 6)
            }
            (InterestKind::Address, _) => false,
            (InterestKind::Unit, _) => {
                length >= WITHIN && text.contains(&wanted) || *text == wanted
            }
        };
        self.of.iter().find(met).map(|(matched, _)| *matched)
    }
}

/// 李华清 beside 李华: with one character more it is another person's name, unless that is an office in short.
fn is_longer_name(text: &str, name: &str) -> bool {
    let rest = text
        .strip_prefix(name)
        .or_else(|| text.strip_suffix(name))
        .unwrap_or_default();
    let mut rest = rest.chars();
    let one_more = rest.next().filter(|_| rest.next().is_none());
    one_more.is_some_and(|c| is_han(c) && !"局处科院所厅总工".contains(c))
}

/// 王局长建国, 局长王建国: a name with an office before or behind it.
fn titled(text: &str, name: &str) -> bool {
    text.starts_with(name) && text.chars().count() <= name.chars().count() + 5
        || text.ends_with(name) && text.chars().count() <= name.chars().count() + 8
}

/// Whether two names mean one party: the same, one with an office beside it, or one unit inside the other's full name.
pub fn same_party(one: &str, other: &str) -> bool {
    let (one, other) = (plain(one), plain(other));
    let (short, long) = if one.chars().count() <= other.chars().count() {
        (one, other)
    } else {
        (other, one)
    };
    let length = short.chars().count();
    length >= PERSON && (short == long || titled(&long, &short))
        || length >= WITHIN && long.contains(&short)
}

/// Whether the addressee, or the unit that would receive it, is whom the letter accuses. Who is whom says the roster: a unit by a short name is that
/// unit, and a leader, however he is called, is of the office that he holds.
pub fn goes_to_accused(fields: &Fields, unit: Option<&str>, roster: &Roster) -> bool {
    let addressee = fields.addressee.value.as_deref();
    is_accused(&fields.accused, addressee.into_iter().chain(unit), roster)
}

/// Whether one of these is among the accused, or an accused's office.
pub fn is_accused<'a>(
    accused: &[Accused],
    to: impl Iterator<Item = &'a str>,
    roster: &Roster,
) -> bool {
    if accused.is_empty() {
        return false;
    }
    let to: Vec<String> = to.flat_map(|to| roster.spelt_out(to)).collect();
    accused.iter().any(|accused| {
        let names = roster.spelt_out(&accused.name);
        let held = roster.offices_of(&accused.name);
        let said = accused
            .office
            .iter()
            .flat_map(|office| roster.spelt_out(office));
        let offices: Vec<String> = held.into_iter().chain(said).collect();
        to.iter().any(|to| {
            names
                .iter()
                .any(|name| same_party(name, to) || is_office_of(name, to))
                || offices.iter().any(|office| is_office_of(office, to))
        })
    })
}

/// Whether a letter accuses whom an interest is about, as the roster knows everybody: a unit where who holds office there is accused, a leader under his
/// title, or where his own office is.
pub fn meets_accused(interest: &Interest, accused: &[Accused], roster: &Roster) -> bool {
    let held = match interest.kind {
        InterestKind::Address => return false,
        InterestKind::Name => roster.offices_of(&interest.text),
        InterestKind::Unit => Vec::new(),
    };
    let to = std::iter::once(interest.text.as_str());
    let wanted = plain(&interest.text);
    let is_another = |one: &&Accused| {
        interest.kind == InterestKind::Name && is_longer_name(&plain(&one.name), &wanted)
    };
    let accused: Vec<Accused> = accused
        .iter()
        .filter(|one| !is_another(one))
        .cloned()
        .collect();
    is_accused(&accused, to.chain(held.iter().map(String::as_str)), roster)
}

/// Whether nobody can tell of which office somebody is who is accused: 刘科长, 张三. Whoever the roster has, and whoever is named with a unit of his, is told
/// apart by rule.
pub fn is_of_no_known_office(accused: &Accused, roster: &Roster) -> bool {
    let says = |text: &str| {
        roster.leader_called(text).is_some()
            || roster.office_begun(text).is_some()
            || !roster.offices_of(text).is_empty()
            || names_unit(text)
    };
    let office = accused.office.as_deref();
    !says(&accused.name) && !office.is_some_and(says)
}

/// Whether some word is a unit's: 姑苏区城市管理局局长, 某村村支书, 恒发公司.
fn names_unit(text: &str) -> bool {
    const UNITS: [&str; 28] = [
        "局",
        "委",
        "办",
        "院",
        "所",
        "厅",
        "部",
        "处",
        "队",
        "站",
        "府",
        "镇",
        "村",
        "乡",
        "街道",
        "社区",
        "公司",
        "厂",
        "校",
        "小学",
        "中学",
        "集团",
        "中心",
        "银行",
        "物业",
        "合作社",
        "协会",
        "小区",
    ];
    // 张院, 刘处长: a title is no unit.
    let titles = [
        "局长", "院长", "所长", "厅长", "部长", "处长", "队长", "站长", "校长", "厂长", "村长",
        "镇长", "乡长", "委员", "干部", "部队",
    ];
    let bare = titles
        .iter()
        .fold(text.to_owned(), |text, title| text.replace(title, ""));
    let is_name = text.chars().count() <= 3;
    let has = |unit: &&str| {
        if is_name {
            bare.ends_with(*unit)
        } else {
            bare.contains(*unit)
        }
    };
    bare.chars().count() > 1 && UNITS.iter().any(has)
}

/// Whether an office, 姑苏区城市管理局局长, is one of this unit, 苏州市姑苏区城市管理局, or this office itself. 局长 alone is anybody's; 信访局干部
/// is this one's, since a letter to an office calls it by its short name.
fn is_office_of(office: &str, unit: &str) -> bool {
    let (office, unit) = (plain(office), plain(unit));
    let ends = office.char_indices().enumerate();
    ends.skip(SHORT_UNIT - 1).any(|(at, (from, c))| {
        let head = &office[..from + c.len_utf8()];
        (at >= WITHIN - 1 || "局委办院厅".contains(c)) && unit.ends_with(head)
            || at >= WITHIN - 1 && unit.chars().count() >= WITHIN && head.ends_with(&unit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::draft::Matter;

    fn goes_to_accused(fields: &Fields, unit: Option<&str>) -> bool {
        super::goes_to_accused(fields, unit, &Roster::default())
    }

    fn interest(kind: InterestKind, text: &str) -> Interest {
        Interest {
            kind,
            text: text.into(),
        }
    }

    fn fields() -> Fields {
        let mut fields = Fields::default();
        fields.sender_name.value = Some("陆思雨".into());
        fields.address.value = Some("江苏省苏州市姑苏区彩虹新村38幢101室".into());
        fields.addressee.value = Some("林建国".into());
        fields.accused = vec![
            Accused {
                name: "王大明".into(),
                ..Accused::default()
            },
            Accused {
                name: "姑苏区城市管理局".into(),
                ..Accused::default()
            },
        ];
        fields.matters = vec![Matter {
            title: "反映恒发纺织有限公司拖欠工资".into(),
            main: true,
            pages: vec![1],
            place: None,
            category: None,
            ranges: Vec::new(),
            n: None,
        }];
        fields
    }

    #[test]
    fn an_interest_meets_sender_accused_address_and_unit() {
        let parties = Parties::of(&fields());
        let meets = |kind, text| parties.meet(&interest(kind, text));
        assert_eq!(meets(InterestKind::Name, "陆 思雨"), Some(Matched::Sender));
        assert_eq!(meets(InterestKind::Name, "王大明"), Some(Matched::Accused));
        assert_eq!(
            meets(InterestKind::Address, "彩虹新村38幢"),
            Some(Matched::Address)
        );
        assert_eq!(
            meets(InterestKind::Unit, "恒发纺织有限公司"),
            Some(Matched::Matter)
        );
        assert_eq!(
            meets(InterestKind::Unit, "城市管理局"),
            Some(Matched::Accused)
        );
    }

    #[test]
    fn what_only_looks_like_it_meets_nothing() {
        let parties = Parties::of(&fields());
        let meets = |kind, text| parties.meet(&interest(kind, text));
        assert_eq!(meets(InterestKind::Name, "王大"), None, "王大明 is another");
        assert_eq!(meets(InterestKind::Name, "陆"), None);
        assert_eq!(
            meets(InterestKind::Name, "林建国"),
            None,
            "an addressee is no party"
        );
        assert_eq!(meets(InterestKind::Address, "苏州"), None);
        assert_eq!(meets(InterestKind::Unit, "公司"), None);
        assert_eq!(
            Parties::default().meet(&interest(InterestKind::Name, "陆思雨")),
            None
        );
    }

    #[test]
    fn a_part_of_a_longer_name_is_another_person() {
        let mut fields = fields();
        let meets = |fields: &Fields, text: &str, name: &str| {
            let parties = Parties::of(fields).with_text(text);
            parties.meet(&interest(InterestKind::Name, name))
        };
        fields.sender_name.value = Some("李华清".into());
        assert_eq!(meets(&fields, "李华清敬上", "李华"), None);
        assert_eq!(meets(&fields, "", "李华清"), Some(Matched::Sender));
        fields.sender_name.value = Some("李华局长".into());
        assert_eq!(meets(&fields, "", "李华"), Some(Matched::Sender));
        fields.sender_name.value = Some("王建国华".into());
        assert_eq!(meets(&fields, "我叫王建国华，今年六十", "王建国"), None);
        let both = "我叫王建国华，邻居王建国占地";
        assert_eq!(meets(&fields, both, "王建国"), Some(Matched::Matter));
        let accused = |name: &str| {
            vec![Accused {
                name: name.into(),
                ..Accused::default()
            }]
        };
        let of = |named: &str, name: &str| {
            let interest = interest(InterestKind::Name, name);
            meets_accused(&interest, &accused(named), &Roster::default())
        };
        assert!(!of("李华清", "李华") && of("李华", "李华") && of("李华局长", "李华"));
    }

    #[test]
    fn the_accused_is_known_as_addressee_under_every_way_of_writing() {
        for (accused, addressee, same) in [
            ("林建国", "林建国", true),
            ("林建国", "局长林建国", true),
            ("林建国", "林建国局长", true),
            ("林建国", "林建民", false),
            ("姑苏区城市管理局", "苏州市姑苏区城市管理局", true),
            ("城市管理局", "市委书记", false),
        ] {
            let mut fields = Fields::default();
            fields.addressee.value = Some(addressee.into());
            fields.accused = vec![Accused {
                name: accused.into(),
                ..Accused::default()
            }];
            assert_eq!(
                goes_to_accused(&fields, None),
                same,
                "{accused} {addressee}"
            );
        }
        assert!(goes_to_accused(&fields(), Some("苏州市姑苏区城市管理局")));
        assert!(!goes_to_accused(&fields(), Some("苏州市教育局")));
    }

    #[test]
    fn whoever_holds_an_accused_office_is_met_by_its_unit() {
        let mut fields = Fields::default();
        fields.addressee.value = Some("市长".into());
        fields.accused = vec![Accused {
            name: "王大明".into(),
            office: Some("姑苏区城市管理局局长".into()),
            ..Accused::default()
        }];
        assert!(goes_to_accused(&fields, Some("姑苏区城市管理局")));
        assert!(goes_to_accused(&fields, Some("苏州市姑苏区城市管理局")));
        assert!(goes_to_accused(&fields, Some("城市管理局")));
        assert!(!goes_to_accused(&fields, Some("苏州市教育局")));
        assert!(!goes_to_accused(&fields, Some("苏州市姑苏区")));
        let unit = interest(InterestKind::Unit, "姑苏区城市管理局");
        assert_eq!(Parties::of(&fields).meet(&unit), Some(Matched::Accused));
        fields.addressee.value = Some("局长赵平".into());
        fields.accused[0].office = Some("局长".into());
        assert!(
            !goes_to_accused(&fields, None),
            "an office without its unit is anybody's"
        );
    }
}
