//! Words that stand where one signs and are nobody's name, although they begin with a surname: wishes, where and when a letter was written, callings,
//! heroes of proverb and opera, sayings. Closed lists; whatever is not in them may be a name.

use super::lists::GIVEN;
use crate::domain::gazetteer::{Gazetteer, Level};

/// What a text is that reads like a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// 庄稼人, 包青天, 万人怨: in place of a name.
    InPlaceOfName,
    /// 高兴, 于长春: somebody may be called so all the same. For a person to say.
    OrName,
}

/// Which such word a text is.
pub(crate) fn word(text: &str) -> Option<Word> {
    let n = text.chars().count();
    let calling = CALLINGS.contains(&text) || (3..=4).contains(&n) && text.ends_with('者');
    let saying = (3..=4).contains(&n) && text.ends_with(BITTER) || SAYINGS.contains(&text);
    if calling || saying || HEROES.contains(&text) {
        return Some(Word::InPlaceOfName);
    }
    let doubtful = n == 2 && (EVERYDAY.contains(&text) || is_place(text));
    (doubtful || leads_to_place(text)).then_some(Word::OrName)
}

/// 祝 康乐, 于株洲, 草于灯下, 叩首: a row by itself that wishes the reader well, is a courtesy, or says where or when the letter was written.
pub(crate) fn beside_letter(text: &str) -> bool {
    let text = text.trim_end_matches(['!', '。', '.', ',', '~']);
    wishes(text) || set_down(text) || COURTESIES.contains(&text)
}

/// An opening of wishes, whom for, and nothing but words of wishes behind it.
fn wishes(text: &str) -> bool {
    let mut openings = WISHING.iter().filter_map(|word| text.strip_prefix(*word));
    openings.any(|rest| {
        let rest = rest.trim_start_matches([':', ',']);
        let whom = WHOM.iter().find_map(|word| rest.strip_prefix(*word));
        let rest = whom.unwrap_or(rest);
        ["好", "安", "福", "寿"].contains(&rest) || !rest.is_empty() && made_of(rest, WISHES)
    })
}

/// 于 and a place or a time, after a word of writing or without one.
fn set_down(text: &str) -> bool {
    let Some((written, rest)) = text.split_once('于') else {
        return false;
    };
    if !(written.is_empty() || made_of(written, WRITING)) || rest.is_empty() {
        return false;
    }
    let behind = behind_places(rest);
    let named = behind.is_empty() && (!written.is_empty() || !may_be_given(rest));
    named || PLACES.contains(&rest) || behind.len() < rest.len() && PLACES.contains(&behind)
}

/// What is left of a text behind the divisions it begins with: 家中 of 湖南岳阳家中.
fn behind_places(text: &str) -> &str {
    let gazetteer = Gazetteer::shared();
    let is_one = |name: &str| {
        ["", "省", "市", "县", "区"].iter().any(|level| {
            let named = gazetteer.named(&format!("{name}{level}"));
            named
                .iter()
                .any(|place| gazetteer.level(*place) < Level::Town)
        })
    };
    let mut rest = text;
    loop {
        let ends = rest.char_indices().map(|(at, c)| at + c.len_utf8());
        let ends: Vec<usize> = ends.take(LONGEST_PLACE).skip(1).collect();
        match ends.into_iter().rev().find(|end| is_one(&rest[..*end])) {
            Some(end) => rest = &rest[end..],
            None => return rest,
        }
    }
}

/// Characters of a division's name: 内蒙古自治区 has six, those of the longest counties more.
const LONGEST_PLACE: usize = 12;

/// 于长春, 于黎明: 于 and what may be a place, a time or a given name.
fn leads_to_place(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('于') else {
        return false;
    };
    DAYTIMES.contains(&rest) || may_be_given(rest) && is_place(rest)
}

/// Whether a word is the name of a province or a city, with the word for its level or without.
fn is_place(word: &str) -> bool {
    let gazetteer = Gazetteer::shared();
    ["", "市", "省"].iter().any(|level| {
        let named = gazetteer.named(&format!("{word}{level}"));
        let mut above = named.iter().map(|place| gazetteer.level(*place));
        above.any(|level| level < Level::County)
    })
}

fn may_be_given(word: &str) -> bool {
    word.chars().all(|c| GIVEN.contains(c))
}

/// Whether a text is nothing but such words, one after the other.
fn made_of(text: &str, words: &[&str]) -> bool {
    if text.chars().count() > LONGEST {
        return false;
    }
    // reached[at]: the text before this byte is made of whole words.
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for at in 0..text.len() {
        if !reached[at] {
            continue;
        }
        let rest = text[at..].trim_start_matches([',', '、']);
        let from = text.len() - rest.len();
        for word in words.iter().filter(|word| rest.starts_with(**word)) {
            reached[from + word.len()] = true;
        }
    }
    reached[text.len()]
}

/// Characters of a wish.
const LONGEST: usize = 24;

/// How wishes for the reader open; 祝 is a surname, too.
const WISHING: &[&str] = &[
    "祝",
    "敬祝",
    "顺祝",
    "恭祝",
    "谨祝",
    "遥祝",
    "预祝",
    "并祝",
    "再祝",
    "此祝",
    "即祝",
    "衷心祝",
    "诚祝",
    "祝愿",
    "祝福",
    "颂",
    "敬颂",
    "顺颂",
    "即颂",
    "恭颂",
    "谨颂",
    "此颂",
    "问",
    "即问",
    "顺问",
    "敬问",
    "此问",
    "请",
    "敬请",
    "顺请",
    "即请",
    "此请",
    "恭请",
    "候",
    "敬候",
    "顺候",
    "此候",
];

/// For whom.
const WHOM: &[&str] = &[
    "您全家",
    "你全家",
    "您一家",
    "您们",
    "你们",
    "各位领导",
    "领导们",
    "领导",
    "各位",
    "大家",
    "全体",
    "好人",
    "恩人",
    "您",
    "你",
];

/// What is wished.
const WISHES: &[&str] = &[
    "康乐",
    "安康",
    "康健",
    "康宁",
    "康泰",
    "康福",
    "健康",
    "平安",
    "安好",
    "安乐",
    "安宁",
    "安泰",
    "安顺",
    "安祺",
    "长寿",
    "高寿",
    "福寿",
    "福安",
    "福祉",
    "长乐",
    "永健",
    "永康",
    "文安",
    "吉祥",
    "吉利",
    "吉安",
    "大吉",
    "快乐",
    "欢乐",
    "喜乐",
    "开心",
    "愉快",
    "幸福",
    "美满",
    "如意",
    "顺利",
    "顺遂",
    "顺心",
    "成功",
    "胜利",
    "进步",
    "高升",
    "荣升",
    "兴旺",
    "发财",
    "万福",
    "百福",
    "多福",
    "春安",
    "夏安",
    "秋安",
    "冬安",
    "近安",
    "大安",
    "台安",
    "钧安",
    "政安",
    "撰安",
    "公安",
    "道安",
    "德安",
    "暑安",
    "节安",
    "旅安",
    "俪安",
    "教安",
    "勤安",
    "编安",
    "时安",
    "日安",
    "晚安",
    "早安",
    "勋安",
    "钧祺",
    "政祺",
    "时祺",
    "春祺",
    "夏祺",
    "秋祺",
    "冬祺",
    "台祺",
    "近祺",
    "教祺",
    "大祺",
    "时绥",
    "台绥",
    "新禧",
    "春禧",
    "年禧",
    "健旺",
    "健在",
    "硬朗",
    "身体",
    "工作",
    "生活",
    "家庭",
    "事业",
    "学习",
    "全家",
    "阖家",
    "合家",
    "阖府",
    "万事",
    "百事",
    "一切",
    "一生",
    "心想事成",
    "步步高升",
    "寿比南山",
    "福如东海",
    "国泰民安",
    "新年",
    "新春",
    "春节",
    "节日",
    "中秋",
    "国庆",
    "夏日",
    "冬日",
    "永远",
    "早日",
    "康复",
    "都好",
    "好运",
];

/// What one closes with, too.
const COURTESIES: &[&str] = &[
    "叩首",
    "顿首",
    "稽首",
    "再拜",
    "百拜",
    "叩请",
    "叩求",
    "跪求",
    "恳请",
    "恳求",
    "切切",
    "急盼",
    "急切",
    "万急",
    "盼望",
    "期盼",
    "祈盼",
    "祈望",
    "拜托",
    "千万拜托",
    "万分感激",
    "感激不尽",
    "感恩不尽",
    "万望",
    "为盼",
    "为荷",
    "为感",
    "是盼",
    "至盼",
    "祈复",
    "候复",
    "敬候",
    "静候",
    "路安",
    "万谢",
    "敬谢",
    "祈谅",
    "见谅",
    "海涵",
    "多多包涵",
    "多多海涵",
    "万万拜托",
];

/// Words of writing before 于.
const WRITING: &[&str] = &[
    "写", "书", "作", "草", "记", "拟", "笔", "抄", "寄", "发", "草书", "泣书", "泣笔", "敬书",
    "谨书", "手书", "急书", "亲笔", "匆匆", "夜", "匆", "完稿", "定稿", "落笔", "搁笔", "寄自",
];

/// Where and when letters are written.
const PLACES: &[&str] = &[
    "家",
    "家中",
    "家里",
    "寒舍",
    "陋室",
    "蜗居",
    "斗室",
    "书房",
    "宿舍",
    "工棚",
    "老屋",
    "老宅",
    "旧居",
    "新居",
    "病榻",
    "病床",
    "病房",
    "病中",
    "床前",
    "床榻",
    "医院",
    "灯下",
    "窗前",
    "案头",
    "桌前",
    "台灯下",
    "油灯下",
    "深夜",
    "半夜",
    "夜半",
    "午夜",
    "子夜",
    "雨夜",
    "雪夜",
    "夜里",
    "夜间",
    "夜晚",
    "晚上",
    "早上",
    "上午",
    "中午",
    "下午",
    "傍晚",
    "黄昏",
    "拂晓",
    "凌晨",
    "当日",
    "当天",
    "当晚",
    "即日",
    "今日",
    "今天",
    "今夜",
    "今晚",
    "昨夜",
    "同日",
    "工地",
    "工厂",
    "车间",
    "厂里",
    "单位",
    "办公室",
    "学校",
    "教室",
    "田间",
    "田头",
    "地头",
    "田边",
    "村头",
    "村口",
    "村里",
    "村中",
    "乡下",
    "乡里",
    "农村",
    "山村",
    "山里",
    "镇上",
    "城里",
    "城中",
    "县城",
    "市区",
    "老家",
    "故里",
    "故乡",
    "家乡",
    "异乡",
    "他乡",
    "外地",
    "客居",
    "旅途",
    "旅馆",
    "旅社",
    "途中",
    "路上",
    "车上",
    "火车上",
    "车站",
    "船上",
    "狱中",
    "看守所",
    "监狱",
    "敬老院",
    "养老院",
    "福利院",
    "出租屋",
    "租屋",
    "本地",
    "本村",
    "本市",
    "本县",
    "此地",
    "此",
];

/// Times of day that are given names as well.
const DAYTIMES: &[&str] = &[
    "清晨", "黎明", "早晨", "晨曦", "立春", "春分", "初春", "初夏", "初秋", "初冬", "春天", "秋天",
];

/// What one is or does, in place of one's name.
const CALLINGS: &[&str] = &[
    "庄稼人",
    "庄户人",
    "庄稼汉",
    "农家人",
    "农村人",
    "乡下人",
    "山里人",
    "渔家人",
    "城里人",
    "本地人",
    "外地人",
    "外乡人",
    "异乡人",
    "种田人",
    "种地人",
    "耕田人",
    "放牛人",
    "打鱼人",
    "打工人",
    "打工仔",
    "打工妹",
    "手艺人",
    "生意人",
    "买卖人",
    "读书人",
    "教书人",
    "写信人",
    "来信人",
    "陈情人",
    "明白人",
    "糊涂人",
    "老实人",
    "忠厚人",
    "本分人",
    "守法人",
    "正直人",
    "正派人",
    "公道人",
    "公正人",
    "知情人",
    "有心人",
    "热心人",
    "好心人",
    "善良人",
    "苦命人",
    "可怜人",
    "伤心人",
    "受苦人",
    "受害人",
    "受难人",
    "受骗人",
    "蒙冤人",
    "含冤人",
    "冤枉人",
    "无辜人",
    "无助人",
    "无奈人",
    "绝望人",
    "失望人",
    "寒心人",
    "痛心人",
    "过来人",
    "过路人",
    "路过人",
    "局外人",
    "局中人",
    "旁观人",
    "见证人",
    "夜归人",
    "赶路人",
    "行路人",
    "出门人",
    "归来人",
    "流浪人",
    "平凡人",
    "平常人",
    "普通人",
    "穷苦人",
    "贫苦人",
    "穷人家",
    "老街坊",
    "老邻居",
    "老百姓",
    "老人家",
    "小人物",
    "小市民",
    "小百姓",
    "小农民",
    "纳税人",
    "消费人",
    "残疾人",
    "病残人",
    "失业人",
    "下岗人",
    "退休人",
    "拆迁人",
    "买房人",
    "购房人",
    "养路工",
    "清洁工",
    "环卫工",
    "泥瓦匠",
    "农夫",
    "农妇",
    "农家",
    "草民",
    "蚁民",
    "良民",
    "顺民",
    "愚民",
    "平民",
    "边民",
    "山民",
    "乡民",
    "老农",
    "老兵",
    "老者",
    "房奴",
    "路人",
    "路人甲",
    "甲乙丙",
    "王麻子",
    "冤大头",
    "和事佬",
    "直肠子",
    "直性子",
    "白头翁",
    "白发翁",
    "钓鱼翁",
    "万家灯火",
    "江湖人",
    "江湖客",
    "江南客",
    "高山流水",
    "金不换",
    "应声虫",
    "管闲事",
    "常青树",
];

/// Of proverb, opera, novel and school-book; also the three whom everybody is.
const HEROES: &[&str] = &[
    "张三",
    "李四",
    "王五",
    "赵六",
    "王二小",
    "王二麻子",
    "张三李四",
    "包青天",
    "包公",
    "包拯",
    "包龙图",
    "海青天",
    "海瑞",
    "况钟",
    "寇准",
    "狄仁杰",
    "杨白劳",
    "白毛女",
    "黄世仁",
    "南霸天",
    "祥林嫂",
    "孔乙己",
    "石敢当",
    "武大郎",
    "武松",
    "宋江",
    "李逵",
    "鲁智深",
    "林冲",
    "孙悟空",
    "孙大圣",
    "猪八戒",
    "沙和尚",
    "唐三藏",
    "牛魔王",
    "铁扇公主",
    "白骨精",
    "钟馗",
    "关云长",
    "诸葛亮",
    "秦香莲",
    "陈世美",
    "窦娥",
    "杜十娘",
    "杨三姐",
    "杨乃武",
    "小白菜",
    "孟姜女",
    "祝英台",
    "梁山伯",
    "白素贞",
    "白娘子",
    "花木兰",
    "穆桂英",
    "佘太君",
    "樊梨花",
    "程咬金",
    "薛平贵",
    "王宝钏",
    "刘姥姥",
    "林黛玉",
    "贾宝玉",
    "王熙凤",
    "雷锋",
    "焦裕禄",
    "孔繁森",
    "董存瑞",
    "黄继光",
    "邱少云",
    "刘胡兰",
    "张思德",
    "白求恩",
    "杨子荣",
    "东方朔",
    "东郭先生",
    "司马光",
    "司马迁",
    "屈原",
    "岳飞",
    "秦桧",
    "文天祥",
    "张无忌",
    "令狐冲",
    "黄飞鸿",
    "霍元甲",
    "方世玉",
    "萧何",
    "华佗",
    "时迁",
    "齐天大圣",
    "何仙姑",
    "吕洞宾",
    "铁拐李",
    "张果老",
    "柳下惠",
];

/// Sayings of three or four characters that begin with a surname.
const SAYINGS: &[&str] = &[
    "常不平",
    "路不平",
    "言无忌",
    "何时了",
    "何日了",
    "何处诉",
    "何以堪",
    "何时休",
    "向谁诉",
    "向青天",
    "盼青天",
    "望青天",
    "求公道",
    "讨公道",
    "盼公道",
    "盼公正",
    "还公道",
    "要公道",
    "乐天派",
    "安天命",
    "于心不忍",
    "于理不容",
    "万般无奈",
    "万不得已",
    "解不开",
    "和为贵",
    "明是非",
    "明事理",
    "公道在",
    "天地良心",
    "程门立雪",
    "向前看",
    "钱难挣",
    "时难过",
    "金难买",
];

/// Characters no parents would end a name with.
const BITTER: [char; 16] = [
    '冤', '怨', '恨', '仇', '苦', '哭', '泪', '悲', '惨', '穷', '贪', '骗', '死', '痛', '难', '累',
];

/// Words of every day of two characters, the first of them a surname. Real names are among them.
const EVERYDAY: &[&str] = &[
    "高兴", "高尚", "高贵", "高山", "高原", "高峰", "方便", "方正", "方圆", "方向", "方言", "平静",
    "平等", "平凡", "平常", "平反", "平民", "平原", "平和", "平安", "安静", "安宁", "安心", "安定",
    "安居", "安全", "安分", "安康", "安乐", "文明", "文静", "文化", "文艺", "和平", "和睦", "和气",
    "和谐", "和解", "公平", "公正", "公道", "公民", "公开", "明白", "明天", "明月", "明星", "明亮",
    "常常", "常年", "常规", "经常", "经历", "何必", "何苦", "何故", "何方", "田园", "田野", "田间",
    "江河", "江山", "江湖", "江南", "江西", "江苏", "云南", "广西", "广东", "青海", "海南", "马路",
    "马上", "马力", "路灯", "路途", "路边", "车站", "车间", "周全", "周围", "周到", "康庄", "康乐",
    "康健", "康宁", "康泰", "柳条", "柳絮", "成功", "成长", "成熟", "成立", "成年", "容易", "严肃",
    "严重", "严格", "严明", "水平", "水田", "水手", "温暖", "温和", "温馨", "温饱", "关心", "关注",
    "关怀", "关爱", "关键", "金钱", "金山", "金星", "金秋", "米饭", "石头", "石英", "石榴", "花草",
    "花园", "花朵", "山水", "山河", "山村", "黄土", "黄昏", "黄河", "黄山", "黎明", "白云", "白雪",
    "白天", "白杨", "雷雨", "雷鸣", "时光", "时间", "时代", "东方", "东风", "阳光", "阳春", "向往",
    "向上", "向善", "向前", "向阳", "相信", "相思", "纪念", "国法", "国安", "国家", "家园", "家乡",
    "乐观", "乐意", "全心", "全民", "全家", "生活", "生存", "解脱", "解放", "解决", "应该", "支持",
    "支援", "言论", "言行", "申请", "申诉", "申述", "申冤", "谈心", "史实", "章程", "边远", "边疆",
    "农忙", "农友", "农民", "晚年", "晚秋", "晚霞", "冷暖", "冷静", "柴米", "万难", "万众", "万民",
    "万家", "万里", "万年", "千家", "千里", "终身", "终老", "习惯", "管理", "管教", "盼望", "期盼",
    "诚实", "诚信", "诚恳", "善良", "祝福", "祝愿", "祝贺", "强大", "强者", "童年", "童心", "童话",
    "凌云", "凌晨", "包容", "包涵", "宁静", "长江", "长城", "长安", "长寿", "长乐", "长春", "春天",
    "春风", "春雨", "夏天", "秋天", "秋风", "冬天", "冬雪", "秋水", "林海", "森林", "海洋", "海燕",
    "海浪", "沙漠", "钟声", "钟情", "池塘", "连年", "连心", "通达", "通顺", "易懂", "习作", "牛马",
    "牛羊", "鱼水", "蓝天", "紫云", "青春", "青年", "青松", "青天", "丁香", "苗木", "景色", "景象",
    "喻言", "甘心", "甘愿", "甘露", "古稀", "古道", "古今", "贺喜", "贺年", "费心", "费力", "任意",
    "任务", "任命", "危难", "危房", "危机", "别离", "司法", "司机", "师傅", "帅气", "幸福", "幸运",
    "戎马", "曲直", "曲折", "战士", "战友", "双喜", "满意", "满足", "满天", "步行", "武功", "武装",
    "游子", "游客", "滑稽", "焦急", "焦虑", "年年", "年轻", "年老", "富贵", "富强", "富裕", "宗旨",
    "家长", "实情", "实事", "乡亲", "原因", "原来", "商人", "商量", "荣誉", "荣光", "华夏", "华侨",
    "鲜花", "云霞", "隆冬", "巢湖", "红星", "红旗", "红日", "红梅", "巩固", "权利", "权力", "谷雨",
    "谷子", "房子", "房东", "房主", "堵心", "都好", "空气", "空间", "空巢", "宣传", "莫名", "莫非",
    "莫愁", "尚可", "余生", "余热", "余晖", "顾客", "顾虑", "项目", "梅花", "盛世", "胡闹", "胡说",
    "应有", "应急", "耿直", "归来", "粮食", "利民", "利国", "利益", "忻悦", "慕名", "连累", "毕业",
    "毕竟", "元旦", "元宵", "伏天", "纪律", "纪委", "谢意", "谢谢", "谢恩",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::extract::names;

    #[test]
    fn wishes_and_where_one_writes_are_no_names() {
        for text in [
            "祝康乐",
            "祝安康",
            "祝长寿",
            "敬祝康健",
            "祝您全家平安",
            "祝身体健康,万事如意",
            "颂秋祺",
            "即问近安",
            "祝好",
            "于株洲",
            "于株洲市",
            "于湖南株洲家中",
            "于家中",
            "草于灯下",
            "于工地",
            "于深夜",
            "写于长春",
            "于醴陵",
            "叩首",
        ] {
            assert!(beside_letter(text), "{text}");
        }
        for text in [
            "祝康",
            "祝延年",
            "祝枝山",
            "祝家福",
            "祝海平",
            "于谦",
            "于长春",
            "于得水",
            "于建中",
            "于正",
            "于海",
            "安康",
            "请",
            "于",
            "祝",
            "",
        ] {
            assert!(!beside_letter(text), "{text}");
        }
    }

    #[test]
    fn a_word_in_place_of_a_name_is_told_from_a_name() {
        for text in [
            "庄稼人",
            "包青天",
            "石敢当",
            "万人怨",
            "明白人",
            "期盼者",
            "任命苦",
        ] {
            assert_eq!(word(text), Some(Word::InPlaceOfName), "{text}");
        }
        for text in ["高兴", "康乐", "于长春", "于黎明", "常德", "和平"] {
            assert_eq!(word(text), Some(Word::OrName), "{text}");
        }
        for text in [
            "包庆田",
            "石敢",
            "庄稼勤",
            "万人杰",
            "明百川",
            "任明库",
            "张可人",
            "王善人",
            "于建华",
            "汪小满",
            "祝康健",
            "孙悟",
            "康乐平",
            "李难得",
            "张恨水",
        ] {
            assert_eq!(word(text), None, "{text}");
        }
    }

    #[test]
    fn every_word_listed_reads_like_a_name_or_is_told_by_another_list() {
        // A word twice in a list is a slip of whoever wrote it.
        for words in [CALLINGS, HEROES, SAYINGS, EVERYDAY, WISHES, PLACES] {
            let mut sorted = words.to_vec();
            sorted.sort_unstable();
            sorted.dedup();
            assert_eq!(sorted.len(), words.len());
        }
        assert!(names::person("庄稼人") > 0.8 && names::person("祝康乐") > 0.8);
    }
}
