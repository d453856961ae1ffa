//! Letters to the very office whose system would receive them: what they say of somebody there who is not named, and what merely turns to it. The sentences
//! were written before the rules; a reviewer's stand first in each list.

use super::letters::{page, roster};
use crate::domain::text::PageKind;

pub(super) const OFFICE: &str = "临江市信访局";

fn spoken_of(to: &str, body: &str) -> Vec<String> {
    let lines = [
        format!("{to}："),
        body.to_owned(),
        "此致".into(),
        "敬礼".into(),
        "来信人：汪小满".into(),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let page = page(1, PageKind::Letter, &lines);
    let fields = crate::domain::extract::extract(std::slice::from_ref(&page), &roster(), None);
    crate::domain::extract::offices_spoken_of(&[page], &fields, &roster(), &[])
}

pub(super) fn wrong(letters: &[(&str, &str)], is_spoken_of: bool) -> Vec<String> {
    letters
        .iter()
        .filter(|(to, body)| {
            let found = spoken_of(to, body);
            let is_found = found.iter().any(|office| office == OFFICE);
            if is_spoken_of {
                !is_found
            } else {
                !found.is_empty()
            }
        })
        .map(|(_, body)| (*body).to_owned())
        .collect()
}

const OF_SOMEBODY_THERE: &[(&str, &str)] = &[
    (
        OFFICE,
        "请贵局依法处理。另：上次替我办事的那位，烟酒都已送到府上，请他查收。",
    ),
    (
        OFFICE,
        "请贵局依法处理。上次那个数目我没有凑够，请宽限几天。",
    ),
    (
        OFFICE,
        "我把东西放在传达室了，请转给管我这件事的那位同志，不够再补。",
    ),
    (OFFICE, "谢谢。请领导帮助我。请把我的儿子放了吧。"),
    (
        OFFICE,
        "请尽快办理。另外托人捎去的两条烟，不知那位同志收到没有。",
    ),
    (
        OFFICE,
        "管我这件案子的同志，上次说好的数，我还差一点，等卖了猪就补齐。",
    ),
    (
        OFFICE,
        "替我跑手续的那个人嫌少，把红包退回来了，请放心，这次不会少。",
    ),
    (OFFICE, "请领导高抬贵手，别再为难我家了。"),
    (OFFICE, "中秋的卡已放在门卫处，麻烦转交给经手的同志。"),
    (OFFICE, "上回答应的事，我家的羊都牵去了，怎么还没有动静。"),
    (OFFICE, "领导放我一马，我以后再也不上访了。"),
    (OFFICE, "接我材料的那位姑娘说，光有材料没有用，要表示表示。"),
    (OFFICE, "窗口里的人让我晚上到茶楼去谈，我没敢去。"),
    (OFFICE, "经办的人手里有我的存折，请让他还给我。"),
    (OFFICE, "我已按要求把钱打到那张卡上了，请给我办吧。"),
    (OFFICE, "我不告了，请放我丈夫回家。"),
    (OFFICE, "负责我这事的干部，去年拿走的字画该还了。"),
    (OFFICE, "上次见面的那位领导要的茶叶，我托表弟带去了。"),
];

/// In a letter to somebody else.
const CALLED: &[(&str, &str)] = &[(
    "市委书记",
    "致信访局全体同志：你们辛苦了，一天到晚喝茶看报。",
)];

const MISSPELT: &[(&str, &str)] = &[
    ("市委书记", "xin访局的人把我的材料卖了。"),
    ("市委书记", "市信仿办把我的材料卖了。"),
    ("市委书记", "信fang局的人把我的信扔了。"),
    ("市委书记", "xinfang局收了钱才办事。"),
    ("市委书记", "市信防局把我的信转给了他们。"),
    ("市委书记", "信纺局里没有一个好人。"),
];

const TURNED_TO: &[(&str, &str)] = &[
    (
        OFFICE,
        "尊敬的邵局长：您好！我是石湖西路的居民，楼道灯坏了，恳请您协调有关部门修理。",
    ),
    ("霍市长", "尊敬的市长：建议市政府在社区增设健身器材。"),
    (
        OFFICE,
        "本人上月来信反映路面破损，已由贵局转交城管部门，现已修好，非常感谢。",
    ),
    (OFFICE, "请信访局的同志有空打电话给我，我的电话号码换了。"),
    (
        OFFICE,
        "尊敬的邵局长：您好！我家门前的路灯三个月没亮了，希望您能安排人来修。",
    ),
    (
        OFFICE,
        "邵局长您好：本人想反映小区停车难的问题，盼望得到您的关注。",
    ),
    (OFFICE, "各位领导：建议在学校门口增设红绿灯。"),
    (
        OFFICE,
        "上次的来信贵局已经转给水务局办理，水管换好了，谢谢。",
    ),
    (OFFICE, "请信访局的同志方便的时候给我回个电话。"),
    (OFFICE, "我的地址变了，请贵局按新地址寄送答复。"),
    (OFFICE, "同志们辛苦了，我想问一下低保的事。"),
    (OFFICE, "领导您好，我是退休教师，想申请修缮危房。"),
    (
        OFFICE,
        "那位卖菜的大姐收了我十元钱没有找零，请有关部门管管。",
    ),
    (OFFICE, "我邻居那位老人无人照料，请求给予帮助。"),
    (OFFICE, "社区的同志给我送了米和油，感谢党和政府。"),
    (OFFICE, "拖欠工资的那个老板还欠我两万元，请帮我讨回。"),
    (OFFICE, "物业的人收了钱不开发票，请查处。"),
    (OFFICE, "孩子的学费还差一点，请求救助。"),
    (OFFICE, "房东催交房租，我请他宽限几天他不肯，请帮我调解。"),
    (OFFICE, "那位司机撞了人不肯赔钱，请领导过问。"),
    (OFFICE, "我把材料放在传达室了，请转交给管这件事的同志。"),
    (OFFICE, "感谢那位接待我的同志，他耐心地给我讲了政策。"),
];

#[test]
fn what_is_said_of_somebody_unnamed_in_the_office_written_to_waits() {
    let missed = wrong(OF_SOMEBODY_THERE, true);
    assert_eq!(
        missed,
        Vec::<String>::new(),
        "of {}",
        OF_SOMEBODY_THERE.len()
    );
}

#[test]
fn whoever_is_called_upon_within_a_letter_to_somebody_else_is_spoken_to() {
    assert_eq!(wrong(CALLED, true), Vec::<String>::new());
}

#[test]
fn an_office_is_found_with_a_wrong_character_or_in_pinyin() {
    let missed = wrong(MISSPELT, true);
    assert_eq!(missed, Vec::<String>::new(), "of {}", MISSPELT.len());
}

#[test]
fn salutations_and_requests_speak_of_nobody() {
    let held = wrong(TURNED_TO, false);
    assert_eq!(held, Vec::<String>::new(), "of {}", TURNED_TO.len());
}
