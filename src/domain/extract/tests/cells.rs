//! Sheets with several labels in a row, offices and agents in cells, numbers over two rows; the letter's own address before the envelope's; short names of autonomous divisions.

use super::letters::{all_of, envelope, letter, page, with_envelope};
use crate::domain::draft::Fields;
use crate::domain::extract::divisions_in;
use crate::domain::field::Source;
use crate::domain::gazetteer::Gazetteer;
use crate::domain::text::PageKind;

const NUMBER: &str = "13872514096";
const ID: &str = "11010519491231002X";
const ADDRESS: &str = "宜昌市西陵区珍珠路21号";

fn sender(fields: &Fields) -> &str {
    fields.sender_name.value.as_deref().unwrap_or_default()
}

fn numbers(fields: &Fields) -> Vec<&str> {
    let values = fields.phones.iter().map(|p| p.field.value.as_deref());
    values.flatten().collect()
}

fn told(fields: &Fields) -> String {
    format!(
        "{} {:?} {:?} {:?} {:?} {:?} {:?} proxy {:?} accused {:?}",
        sender(fields),
        fields.sender_name.source,
        fields.anonymous.reason,
        fields.address.value,
        fields.address.source,
        numbers(fields),
        fields.id_number.field.value,
        fields.proxy.as_ref().map(|p| &p.agent),
        fields.accused.iter().map(|a| &a.name).collect::<Vec<_>>(),
    )
}

fn all<T>(cases: &[T], right: impl Fn(&T) -> Option<String>) {
    let wrong: Vec<String> = cases.iter().filter_map(right).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn several_cells_in_a_row_are_each_read_by_their_label() {
    let sheets: [&[&str]; 8] = [
        &[
            "群众来信登记表",
            "姓名 段美兰 性别 女 年龄 63",
            "联系电话 13872514096 住址 宜昌市西陵区珍珠路21号",
            "反映事项：门口的排水沟堵了三个月。请派人疏通。",
        ],
        &[
            "信访事项登记表",
            "信访人：段美兰　联系电话：13872514096",
            "现居住地：宜昌市西陵区珍珠路21号",
            "受理单位：临江市信访局　办理人：高长林",
            "反映内容：门口的排水沟堵了三个月。请派人疏通。",
        ],
        &[
            "投诉登记表",
            "投诉人：段美兰　电话：13872514096　住址：宜昌市西陵区珍珠路21号",
            "被投诉单位：临江市顺达物业公司　负责人：高长林",
            "投诉内容：电梯今年停了九次。请督促修好。",
        ],
        &[
            "来信登记单",
            "来信人 段美兰 民族 汉 职业 农民",
            "现居住地 宜昌市西陵区珍珠路21号 手机 13872514096",
            "被反映单位 柳林村村委会 受理单位 临江市信访局",
            "内容：低保停了半年。请核实。",
        ],
        &[
            "诉求登记表",
            "诉求人：段美兰",
            "现居住地：宜昌市西陵区珍珠路21号",
            "联系电话：13872514096",
            "责任单位：河东区住建局",
            "诉求：要求修墙。围墙倒了两个月。",
        ],
        &[
            "住户报修登记表",
            "业主：段美兰　联系电话：13872514096",
            "现居住地：宜昌市西陵区珍珠路21号",
            "物业：要求业主自己修",
            "内容：外墙渗水。请督促修好。",
        ],
        &[
            "来访来信登记",
            "姓名：段美兰　代理人：高长林　联系电话：13987654321",
            "本人电话：13872514096",
            "住址：宜昌市西陵区珍珠路21号",
            "反映问题：低保停了半年。请核实。",
        ],
        &[
            "信访登记表",
            "信访人 段美兰 身份证号 11010519491231002X",
            "联系电话 13872514096",
            "现居住地 宜昌市西陵区珍珠路21号",
            "受理单位 临江市信访局",
            "反映问题：低保停了半年。请核实。",
        ],
    ];
    all(&sheets, |rows| {
        let fields = letter(rows);
        let right = matches!(sender(&fields), "段美兰")
            && fields.address.value.as_deref() == Some(ADDRESS)
            && numbers(&fields).contains(&NUMBER);
        (!right).then(|| format!("{}: {}", rows[0], told(&fields)))
    });
}

#[test]
fn a_sheet_without_the_writers_name_names_nobody_else() {
    let sheets: [&[&str]; 4] = [
        &[
            "群众来信登记表",
            "联系电话：13872514096　住址：宜昌市西陵区珍珠路21号",
            "受理单位：临江市信访局",
            "被反映单位：临江市顺达物业公司",
            "反映内容：电梯停了九次。请督促修好。",
        ],
        &[
            "群众来信登记表",
            "姓名：",
            "联系电话：13872514096",
            "住址：宜昌市西陵区珍珠路21号",
            "代理人：高长林",
            "反映内容：电梯停了九次。请督促修好。",
        ],
        &[
            "诉求登记单",
            "住址：宜昌市西陵区珍珠路21号",
            "联系电话：13872514096",
            "业主 要求修墙",
            "承办单位：城管局",
            "反映内容：围墙倒了两个月。请督促修好。",
        ],
        &[
            "来信登记表",
            "住址：宜昌市西陵区珍珠路21号",
            "联系电话：13872514096",
            "受理人：高长林",
            "被反映单位 柳林村村委会",
            "反映内容：围墙倒了两个月。请督促修好。",
        ],
    ];
    all(&sheets, |rows| {
        let fields = letter(rows);
        let vetoed = fields.sender_name.signs.iter().any(|s| s.name == "veto");
        let right = sender(&fields) == "匿名"
            || sender(&fields).is_empty()
            || vetoed && rows[1] == "姓名：";
        (!right).then(|| format!("{rows:?}: {}", told(&fields)))
    });
}

#[test]
fn a_number_over_two_rows_or_beside_another_is_read_whole() {
    let tops: [&[&str]; 9] = [
        &["来信人：段美兰", "身份证号：110105194912310", "02X", NUMBER],
        &["来信人：段美兰", ID, NUMBER],
        &["来信人：段美兰", "身份证号：11010519491231002X", NUMBER],
        &[
            "来信人：段美兰 身份证 11010519491231002X",
            "电话 13872514096",
        ],
        &[
            "来信人：段美兰",
            "身份证号码 11010519491231002X 手机 13872514096",
        ],
        &[
            "来信人：段美兰",
            "身份证号：11010519491231002X",
            "电话：1387251",
            "4096",
        ],
        &["来信人：段美兰", "身份证号：", ID, "电话：", NUMBER],
        &[
            "来信人：段美兰",
            "身份证：110105 19491231 002X",
            "手机：138 7251 4096",
        ],
        &[
            "来信人：段美兰 电话1387251",
            "4096",
            "身份证号1101051949",
            "1231002X",
        ],
    ];
    all(&tops, |tail| {
        let rows = ["霍市长：", "楼道的灯坏了半年，没有人修。", "此致", "敬礼"];
        let rows: Vec<&str> = rows.iter().chain(tail.iter()).copied().collect();
        let fields = letter(&rows);
        let right = sender(&fields) == "段美兰"
            && numbers(&fields) == [NUMBER]
            && fields.id_number.field.value.as_deref() == Some(ID);
        (!right).then(|| format!("{tail:?}: {}", told(&fields)))
    });
    let sheets: [&[&str]; 3] = [
        &[
            "信访登记表",
            "姓名 段美兰 身份证号 11010519491231002X",
            "电话 13872514096 住址 宜昌市西陵区珍珠路21号",
            "反映问题：低保停了半年。请核实。",
        ],
        &[
            "信访登记表",
            "姓名：段美兰　身份证号：1101051949",
            "1231002X",
            "电话：13872514096",
            "住址：宜昌市西陵区珍珠路21号",
            "反映问题：低保停了半年。请核实。",
        ],
        &[
            "信访登记表",
            "姓名：段美兰",
            "证件号码：11010519491231",
            "002X",
            "联系方式：1387251",
            "4096",
            "现居住地：宜昌市西陵区珍珠路21号",
            "反映问题：低保停了半年。请核实。",
        ],
    ];
    all(&sheets, |rows| {
        let fields = letter(rows);
        let right = sender(&fields) == "段美兰"
            && numbers(&fields) == [NUMBER]
            && fields.id_number.field.value.as_deref() == Some(ID)
            && fields.address.value.as_deref() == Some(ADDRESS);
        (!right).then(|| format!("{rows:?}: {}", told(&fields)))
    });
}

#[test]
fn the_letters_own_address_goes_before_the_same_on_the_envelope() {
    let tails: [&[&str]; 6] = [
        &["来信人：段美兰", "住址：宜昌市西陵区珍珠路21号"],
        &["来信人：段美兰", "宜昌市西陵区珍珠路21号"],
        &["宜昌市西陵区珍珠路21号", "段美兰"],
        &["段美兰（宜昌市西陵区珍珠路21号）"],
        &["来信人：段美兰，住宜昌市西陵区珍珠路21号"],
        &["宜昌市西陵区珍珠路21号 段美兰"],
    ];
    all(&tails, |tail| {
        let rows = ["霍市长：", "楼道的灯坏了半年，没有人修。", "此致", "敬礼"];
        let rows: Vec<&str> = rows.iter().chain(tail.iter()).copied().collect();
        let front = envelope("霍市长 收", &["宜昌市西陵区珍珠路21号", "段美兰 寄"]);
        let fields = with_envelope(&rows, front);
        let right = fields.address.value.as_deref() == Some(ADDRESS)
            && fields.address.source == Source::LetterSignedAddress
            && sender(&fields) == "段美兰";
        (!right).then(|| format!("{tail:?}: {}", told(&fields)))
    });
    let told_in_text = [
        "我家住宜昌市西陵区珍珠路21号，楼道的灯坏了半年。",
        "我叫段美兰，家住宜昌市西陵区珍珠路21号。楼道的灯坏了半年。",
        "我是宜昌市西陵区珍珠路21号的居民段美兰。楼道的灯坏了半年。",
        "我是住在宜昌市西陵区珍珠路21号的段美兰，楼道的灯坏了半年。",
    ];
    all(&told_in_text, |told_in| {
        let rows = [
            "霍市长：",
            told_in,
            "请派人修好。",
            "此致",
            "敬礼",
            "段美兰",
        ];
        let front = envelope("霍市长 收", &["宜昌市西陵区珍珠路21号", "段美兰 寄"]);
        let fields = with_envelope(&rows, front);
        let right = fields.address.value.as_deref() == Some(ADDRESS);
        (!right).then(|| format!("{told_in}: {}", told(&fields)))
    });
    let head = [
        "住址：宜昌市西陵区珍珠路21号",
        "姓名：段美兰",
        "霍市长：",
        "楼道的灯坏了半年。",
        "此致",
        "敬礼",
    ];
    let front = envelope("霍市长 收", &["宜昌市西陵区珍珠路21号", "段美兰 寄"]);
    let fields = with_envelope(&head, front);
    assert_eq!(
        fields.address.source,
        Source::LetterSignedAddress,
        "{}",
        told(&fields)
    );
}

#[test]
fn short_names_of_autonomous_divisions_are_places() {
    let cases = [
        ("四川省马边县民建镇光明路5号", "马边彝族自治县"),
        ("马边民建镇光明路5号", "马边彝族自治县"),
        ("四川省峨边县沙坪镇新林路3号", "峨边彝族自治县"),
        ("云南省元江县澧江街道红河街8号", "元江哈尼族彝族傣族自治县"),
        ("云南镇沅县恩乐镇哀牢路6号", "镇沅彝族哈尼族拉祜族自治县"),
        ("湖北省长阳县龙舟坪镇清江路9号", "长阳土家族自治县"),
        ("湖北恩施州来凤县翔凤镇解放路2号", "来凤县"),
        ("贵州黔东南州凯里市北京路4号", "凯里市"),
        ("广西三江县古宜镇兴宜街7号", "三江侗族自治县"),
        ("四川凉山州木里县乔瓦镇河西街1号", "木里藏族自治县"),
        ("甘肃张家川县张家川镇中城路2号", "张家川回族自治县"),
    ];
    all(&cases, |(address, whole)| {
        let found = divisions_in(address)?;
        let last = found.steps.last()?.place;
        let gazetteer = Gazetteer::shared();
        let path: Vec<&str> = gazetteer
            .lineage(last)
            .into_iter()
            .chain([last])
            .map(|place| gazetteer.name(place))
            .collect();
        (!path.contains(whole)).then(|| format!("{address}: {path:?}"))
    });
}

#[test]
fn who_is_complained_of_or_stands_beside_is_not_the_sender() {
    let letters: [&[&str]; 9] = [
        &[
            "霍市长：",
            "我家与邻居高长林因宅基地有纠纷，他把墙砌到我家门口。",
            "请派人调解。",
            "此致",
            "敬礼",
            "段美兰",
        ],
        &[
            "霍市长：",
            "我在顺达装饰公司做工，老板高长林拖欠我工资八千元。",
            "请帮我要回来。",
            "此致",
            "敬礼",
            "段美兰",
        ],
        &[
            "霍市长：",
            "市二院医生高长林给我父亲做手术后伤口感染。",
            "请派人调查。",
            "此致",
            "敬礼",
            "段美兰",
        ],
        &[
            "霍市长：",
            "二中班主任高长林收补课费。",
            "请派人调查。",
            "此致",
            "敬礼",
            "段美兰",
        ],
        &[
            "投诉信",
            "被投诉人：高长林，电话13987654321",
            "投诉人：段美兰",
            "霍市长：",
            "他欠我工钱不给。",
            "此致",
            "敬礼",
        ],
        &[
            "投诉信",
            "欠薪老板：高长林",
            "霍市长：",
            "他欠我工钱不给。",
            "此致",
            "敬礼",
            "段美兰",
        ],
        &[
            "霍市长：",
            "他欠我工钱不给。",
            "此致",
            "敬礼",
            "段美兰",
            "对方：高长林 13987654321",
        ],
        &[
            "霍市长：",
            "他欠我工钱不给。",
            "此致",
            "敬礼",
            "段美兰",
            "欠款老板高长林 13987654321",
        ],
        &[
            "霍市长：",
            "他家的水漏到我家。",
            "此致",
            "敬礼",
            "段美兰",
            "楼上邻居：高长林",
        ],
    ];
    all(&letters, |rows| {
        let fields = letter(rows);
        let right = sender(&fields) == "段美兰" && fields.joint.count == 1;
        (!right).then(|| format!("{rows:?}: {}", told(&fields)))
    });
    all(&letters, |rows| {
        let rows: Vec<&str> = rows
            .iter()
            .copied()
            .filter(|r| !r.contains("段美兰"))
            .collect();
        let fields = letter(&rows);
        (sender(&fields) == "高长林").then(|| format!("{rows:?}: {}", told(&fields)))
    });
}

#[test]
fn a_name_in_one_page_of_two_is_found() {
    let pages = [
        page(
            1,
            PageKind::Letter,
            &["霍市长：", "楼道的灯坏了半年，没有人修。"],
        ),
        page(
            2,
            PageKind::Letter,
            &["恳请派人修好。", "此致", "敬礼", "一位居民：段美兰"],
        ),
    ];
    assert_eq!(sender(&all_of(&pages)), "段美兰");
}

#[test]
fn a_purpose_is_held_where_an_official_is_accused_by_name() {
    let letters = [
        "村里的路烂了三年没人修，交通局局长高长林收了钱不办事。",
        "我们镇的路坏了，多次找交通局局长高长林，他把修路款挪作他用。",
        "这条路修了两年，城建局副局长高长林把工程包给他弟弟，偷工减料。",
        "水管漏了半年，水务局局长高长林吃拿卡要，不给钱不修。",
        "楼道没有灯，物业办主任高长林打人骂人，不许我们反映。",
    ];
    all(&letters, |told_in| {
        let rows = [
            "霍市长：",
            told_in,
            "请求派人修好。",
            "此致",
            "敬礼",
            "段美兰",
        ];
        let fields = letter(&rows);
        let held = fields.purpose.signs.iter().any(|s| s.name == "veto");
        (!held).then(|| format!("{told_in}: {:?} {}", fields.purpose.value, told(&fields)))
    });
}
