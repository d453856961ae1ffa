//! What a personal name, a unit's name, an incomplete or a false name look like.
//!
//! Surnames are a prior, not a must: a signature with a surname nobody listed is still a signature, with less confidence.

use crate::domain::zones::{Row, is_han};

use super::glyphs::has_any;

/// Single surnames, most of the Hundred Family Surnames and the frequent newer ones.
const SURNAMES: &str = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方俞任袁柳酆鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵湛汪祁毛禹狄米贝明臧计伏成戴谈宋茅庞熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯昝管卢莫经房裘缪干解应宗丁宣贲邓郁单杭洪包诸左石崔吉钮龚程嵇邢滑裴陆荣翁荀羊於惠甄曲家封芮羿储靳汲邴糜松井段富巫乌焦巴弓牧隗山谷车侯宓蓬全郗班仰秋仲伊宫宁仇栾暴甘钭厉戎祖武符刘景詹束龙叶幸司韶郜黎蓟薄印宿白怀蒲邰从鄂索咸籍赖卓蔺屠蒙池乔阴胥能苍双闻莘党翟谭贡劳逄姬申扶堵冉宰郦雍郤璩桑桂濮牛寿通边扈燕冀郏浦尚农温别庄晏柴瞿阎充慕连茹习宦艾鱼容向古易慎戈廖庾终暨居衡步都耿满弘匡国文寇广禄阙东欧殳沃利蔚越夔隆师巩厍聂晁勾敖融冷訾辛阚那简饶空曾毋沙乜养鞠须丰巢关蒯相查后荆红游竺权逯盖益桓公肖覃付代涂邸岳帅亢况郈有琴归海晋楚闫法汝鄢佟仝丛苑迟矫逢卓邝佘揭訚兰闪阳原伦冼粟库苟仉笪年哈谯巨种佴";

/// Compound surnames.
const COMPOUND: &[&str] = &[
    "欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "司徒", "司空",
    "夏侯", "长孙", "宇文", "端木", "南宫", "西门", "轩辕", "申屠", "太史", "澹台", "淳于", "单于",
    "钟离", "鲜于", "闾丘", "百里", "呼延", "东郭", "独孤", "拓跋", "万俟", "濮阳", "赫连", "公冶",
];

/// Words under a letter that are no names although their first character is a surname.
const NOT_NAMES: &[&str] = &[
    "致以", "崇高", "致敬", "于敬", "本人", "和信", "全体", "元整", "何时", "何处", "何人", "任何",
    "方便", "应有", "成都", "应予", "万元", "此致", "敬礼", "盼复", "望复", "信笺", "谢谢", "您好",
    "你好", "特此", "人民", "来信", "地址", "住址", "电话", "手机", "姓名", "附件", "日期", "签名",
    "情况", "反映", "信访", "苏州", "年月", "月日", "农历", "附", "内详", "邮编", "单位", "职业",
    "性别", "年龄", "附后", "公章", "盖章", "手印", "如下", "时间", "身份", "联系", "同上", "以上",
    "万分", "感谢", "金额", "方式", "和谐", "平安", "全家", "于此", "敬上", "谨上", "安康", "高兴",
    "都好", "明白", "白天", "经常", "从此", "应当", "那么", "于是", "有关", "时候", "相关", "成立",
    "国家", "明年", "今年", "去年", "元月", "查收", "公民", "党员", "广大", "工作", "顺利", "汇报",
    "申请", "祝好", "祝您", "寄信", "收信", "通信", "邮戳", "敬祝", "健康", "幸福", "快乐", "投诉",
    "控告", "举报", "诉求", "请求", "单元", "单位", "方向", "路口", "党委", "农村", "应急", "和平",
];

/// Characters that do not stand in a given name.
const NOT_GIVEN: &str = "的了是们这那号室幢您吗呢吧啊我你他她它不没请寄缄件址话码签";

/// Characters given names are usually made of; others occur, less often than misreadings do.
const GIVEN: &str = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀英华玉兰桂珍建国志平文斌辉刚健峰波宁飞鹏浩宇轩然梓涵子欣怡佳琪琳雪梅红霞燕玲萍丹凤莲菊花香春夏秋冬云月星晨晓东南北西江河海湖山川林森木根树生成长永福禄寿喜康乐安宝贵金银铜铁富财发旺兴盛隆昌荣光耀亮辰晖阳昊天宏鸿洪伯仲叔季元亨利贞仁义礼智信忠孝廉德才学武彬艺博思雨诗语书琴棋画雅芬芝蓉芸荷莉薇蕾蓓琼瑶瑞珊珠瑜瑾璐莹颖婷婉娴姣娇妍媛嫣美好佩俊豪雄威龙虎彪豹鹤鹰凯旋胜捷达通顺和祥吉庆祖宗先耕种田丰收满仓大小中正直诚实守卫援朝抗跃进革向前步新民爱家邦定治清政法全友朋伦传继承绍绪业勤俭朴素克己奉公立坚毅恒柔淑惠慧贤良善真纯洁净冰晶澜润泽沛滨渊源泉溪澄沁汐淼浦泓漫霖霏露雯霜虹岚岩峻岭崇嵩嘉禾秉稷稳穆程科培坤基城增境土均垚圣理琛玮珂琦璇璟环球权人仕任佑佐作伊依侠俏倩儒修允兆兵其典冠凌凡刘初剑力功加劲勋化升卓厚双可史同名君启周品哲唐唯商喻四五九三二一万千百士声多奇奋如妮妹姗姑姐娅娥存孟官宜室宽宾密寒察尚尧岁岗岳峥州工左巧巨师希帆常干年广应府度廷弘弟张弦彤彦彩影征律得心必忆怀恩恬恺悦情惜愉意愿慈慕懿戎战房所扬技抒拓振掌提攀教敬数斗方无日旭昂昆昕易映是显晋晏晔晗晟晴景暖暄曙曦曼有朔望本术朵村杏松板极柏柱柳栋校格桃桐桥梁梦棠楚楠榕榆槐樱橙欢欧歌殿比毓水汉汶沈沐沙津流浙浪涌深温游湘溢滔漪澈瀚灵灿炎炜炫炳烈烨焕煜照熙燃爽牛牧特犇狄独猛献王玖玛珏班琬琰瑛瑗璋瓒甜甫申男留畅益盈相睿石砚硕碧社祎禧秦积穗竞章童端竹笑笛策筠简箫米粉紫约纲经绣维绮缘罗羽翔翠翰老聪胤能腾自致航舒艾芃芊芮苏苑若茂茗茜茵荃莎莫菁菲萌萱营葆葵蒙蓝蔚蕊藝融行衍衡裕观角解言誉训谊谦谷贝越路踏载迅迎近远连迪适逸逢道遥遵郁郡重野鑫钊钦钧钰铎铭锋锐锦镇镜门闯闻阔陆陵雁雷震霄青靓靖非音韵韶顶顾颂颜风馨驰骁骅骏高鲁鲜鸣鹃麒麟黎默齐龄细毛仔狗娃丫囡阿娣招来运火";

/// Whether a character is a surname by itself, or begins a compound one.
pub(crate) fn is_surname(ch: char) -> bool {
    SURNAMES.contains(ch) || COMPOUND.iter().any(|c| c.starts_with(ch))
}

/// Whether a character is usual in given names.
pub(crate) fn is_given(ch: char) -> bool {
    GIVEN.contains(ch)
}

/// Labels that open a line under a letter.
pub(crate) const TAIL_LABELS: &[&str] = &[
    "来信人",
    "反映人",
    "申请人",
    "信访人",
    "举报人",
    "检举人",
    "控告人",
    "投诉人",
    "写信人",
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

/// Words that say a signature stands for someone unnamed.
const ROLES: &[&str] = &[
    "老党员",
    "共产党员",
    "党员",
    "知情群众",
    "群众",
    "居民",
    "村民",
    "业主",
    "市民",
    "老百姓",
    "百姓",
    "职工",
    "员工",
    "工人",
    "农民工",
    "农民",
    "家长",
    "知情人",
    "知情者",
    "受害人",
    "受害者",
    "公民",
    "住户",
    "租户",
    "学生",
    "商户",
    "老兵",
    "退役军人",
    "军人",
    "干部",
    "代表",
    "有心人",
    "教师",
    "老人",
    "读者",
    "纳税人",
    "消费者",
    "乘客",
    "司机",
    "个体户",
    "经营户",
    "拆迁户",
    "股东",
    "社员",
    "邻居",
    "老师",
    "医生",
    "患者",
    "同志",
    "人士",
    "一员",
    "一份子",
    "一分子",
    "老太",
    "老头",
    "妇女",
    "青年",
    "正义",
    "路人",
    "网友",
    "打工者",
    "打工人",
    "下岗工人",
    "残疾人",
    "退休工人",
    "低保户",
];

/// Words that only an unnamed sender signs with.
const UNNAMED: &[&str] = &[
    "匿名", "化名", "无名", "一名", "一个", "一群", "一位", "部分", "全体", "众多", "广大", "知情",
    "热心", "假名", "笔名",
];

/// Endings of the names of units.
const UNITS: &[&str] = &[
    "公司",
    "工厂",
    "厂",
    "商店",
    "商行",
    "店",
    "合作社",
    "超市",
    "中心",
    "工程队",
    "经营部",
    "书画社",
    "社",
    "村委会",
    "居委会",
    "村民委员会",
    "居民委员会",
    "业主委员会",
    "业委会",
    "委员会",
    "集团",
    "事务所",
    "站",
    "学校",
    "小学",
    "中学",
    "大学",
    "幼儿园",
    "医院",
    "协会",
    "商会",
    "学会",
    "工会",
    "联合会",
    "饭店",
    "酒店",
    "宾馆",
    "研究所",
    "研究院",
    "设计院",
    "养老院",
    "敬老院",
    "门市部",
    "服务部",
    "项目部",
    "施工队",
    "车队",
    "支部",
    "农场",
    "林场",
    "市场",
    "银行",
    "信用社",
    "分行",
    "支行",
    "俱乐部",
    "剧团",
    "艺术团",
    "工作室",
    "房",
    "馆",
    "城",
    "小组",
    "村",
    "社区",
    "队",
    "行",
    "部",
    "坊",
    "基金会",
    "党支部",
    "庙",
    "寺",
    "诊所",
    "药店",
    "餐厅",
    "网吧",
    "加油站",
    "养殖场",
    "加工厂",
    "作坊",
    "工坊",
    "茶社",
    "茶楼",
    "园",
    "所",
    "客栈",
    "旅社",
    "旅馆",
    "书社",
    "供销社",
    "联社",
    "杂技团",
    "卫生院",
    "卫生室",
    "服务站",
    "管委会",
    "筹委会",
    "村民小组",
    "居民小组",
    "养殖户",
    "种植户",
    "团",
    "堂",
    "铺",
    "台",
];

/// How many characters of `chars` are a surname: 0, 1 or 2.
pub(crate) fn surname_length(chars: &[char]) -> usize {
    let two: String = chars.iter().take(2).collect();
    if chars.len() > 2 && COMPOUND.contains(&two.as_str()) {
        2
    } else if chars.first().is_some_and(|c| SURNAMES.contains(*c)) {
        1
    } else {
        0
    }
}

/// How much a text reads like a full personal name: 0 not at all, 1 surely.
pub(crate) fn person(text: &str) -> f32 {
    let chars: Vec<char> = text.chars().collect();
    if chars.contains(&'·') {
        let parts: Vec<&str> = text.split('·').collect();
        let sound = parts
            .iter()
            .all(|p| (1..=8).contains(&p.chars().count()) && p.chars().all(is_han));
        return if sound && parts.len() <= 4 { 0.8 } else { 0.0 };
    }
    let n = chars.len();
    if !(2..=4).contains(&n)
        || !chars.iter().all(|c| is_han(*c))
        || NOT_NAMES.contains(&text)
        || incomplete(text)
    {
        return 0.0;
    }
    if has_any(
        text,
        &[
            "群众", "居民", "村民", "业主", "代表", "公司", "党员", "匿名", "化名", "领导", "此致",
            "敬礼", "人民",
        ],
    ) {
        return 0.0;
    }
    let surname = surname_length(&chars);
    let given = &chars[surname.max(1)..];
    if given.iter().any(|c| NOT_GIVEN.contains(*c)) {
        return 0.0;
    }
    match (surname, n) {
        (2, 3 | 4) => 0.97,
        (1, 2) => 0.9,
        (1, 3) => 0.97,
        (1, _) => 0.4,
        (_, 2 | 3) => 0.45,
        _ => 0.2,
    }
}

/// How much a text reads like the name of a unit.
pub(crate) fn unit(text: &str) -> f32 {
    let n = text.chars().count();
    let ends = UNITS
        .iter()
        .filter(|u| text.ends_with(*u))
        .map(|u| u.chars().count())
        .max();
    // A signed address ends like a unit too: …新村, …小区.
    let place = matches!(ends, Some(1)) || text.ends_with("社区");
    if place && starts_with_divisions(text) {
        return 0.0;
    }
    match ends {
        Some(_) if has_any(text, &["全体", "部分", "一名", "广大", "请", "我们"]) => 0.0,
        Some(2..) if (4..=30).contains(&n) => 0.95,
        Some(1) if (5..=30).contains(&n) => 0.8,
        Some(1) if n == 4 => 0.5,
        _ => 0.0,
    }
}

/// Whether a text begins with at least two levels of divisions, or a county and a town.
fn starts_with_divisions(text: &str) -> bool {
    super::divisions_in(text).is_some_and(|d| d.steps.len() >= 2 && d.repairs() == 0)
}

/// A name with a part withheld: 王某某, 李先生, 张××, 老赵 (requirement A5).
pub(crate) fn incomplete(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    if chars.is_empty() || chars.len() > 7 {
        return false;
    }
    let surname = surname_length(&chars).max(1).min(chars.len());
    let rest: String = chars[surname..].iter().collect();
    let masked = |c: char| {
        matches!(
            c,
            '某' | '×'
                | 'x'
                | 'X'
                | '*'
                | '?'
                | '口'
                | '□'
                | '乂'
                | '_'
                | '.'
                | '…'
                | 'o'
                | 'O'
                | '〇'
        )
    };
    if !rest.is_empty() && rest.chars().all(masked) && chars.iter().any(|c| is_han(*c)) {
        return true;
    }
    let titles = [
        "先生", "女士", "小姐", "大爷", "大妈", "阿姨", "师傅", "老师", "同志", "大叔", "大姐",
        "大哥", "老伯", "太太", "夫人", "氏", "老太", "老汉", "医生", "工",
    ];
    if chars.len() <= 4 && titles.contains(&rest.as_str()) {
        return true;
    }
    let first = chars[0];
    chars.len() == 2
        && (first == '老' || first == '小' || first == '阿')
        && SURNAMES.contains(chars[1])
        || chars.len() >= 3 && rest.chars().any(|c| c == '某' || c == '×') && chars.len() <= 4
}

/// The person's name after a role: `村民代表王建国` → the last three characters; `None` when only the role is there.
pub(crate) fn after_role(text: &str) -> Option<usize> {
    let chars: Vec<char> = text.chars().collect();
    let end = ROLES
        .iter()
        .chain(UNNAMED)
        .filter_map(|r| {
            text.rfind(r)
                .map(|b| text[..b].chars().count() + r.chars().count())
        })
        .max()?;
    let rest: String = chars[end..].iter().collect();
    let rest = rest.trim_start_matches([':', ' ']);
    let skipped = chars.len() - rest.chars().count();
    (person(rest) > 0.8 || incomplete(rest)).then_some(skipped)
}

/// Whether a text signs for someone unnamed: 一名老党员, 知情群众, 小区部分业主, 苏小民(化名).
pub(crate) fn pseudonym(text: &str) -> bool {
    let n = text.chars().count();
    if !(2..=20).contains(&n) || has_any(text, &["。", ",", "?"]) {
        return false;
    }
    has_any(text, &["化名", "匿名", "假名", "笔名", "无名氏"])
        || (has_any(text, UNNAMED) || ROLES.iter().any(|r| text.ends_with(r)))
            && after_role(text).is_none()
}

/// Whether a row is a list of names: at least two, parted by gaps.
pub(crate) fn list_like(row: &Row) -> bool {
    let text: String = row.chars().into_iter().collect();
    let parts: Vec<&str> = text
        .split([' ', '、', ','])
        .filter(|p| !p.is_empty())
        .collect();
    parts.len() >= 2 && parts.iter().all(|p| person(p) > 0.0 || unit(p) > 0.0)
}
