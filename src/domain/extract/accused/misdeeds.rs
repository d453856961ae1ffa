//! The words of what officials are reproached with, of who else may have done it, and of whom a letter only turns to.

/// What no office and nobody of one may do, beside the crimes that a clue is taken from (`alert/crime.rs`).
pub(super) const MISDEEDS: &[&str] = &[
    "贪赃",
    "贪腐",
    "腐败",
    "变卖公",
    "倒卖公",
    "不入账",
    "不入公账",
    "账外账",
    "公款私存",
    "虚报冒领",
    "索要",
    "索取",
    "红包",
    "黑钱",
    "收钱",
    "收礼",
    "送钱",
    "敛财",
    "吃喝卡要",
    "吃请",
    "大吃大喝",
    "公款",
    "勾结",
    "串通",
    "官商",
    "买通",
    "收买",
    "权色交易",
    "买官",
    "卖官",
    "利用职权",
    "以权谋私",
    "以权压",
    "谋私",
    "谋取私利",
    "徇私",
    "枉法",
    "舞弊",
    "弄虚作假",
    "渎职",
    "打击报复",
    "报复陷害",
    "包庇",
    "违法乱纪",
    "违纪违法",
    "巨额财产",
    "压案不查",
    "有案不查",
    "扣押群众来信",
    "扣押信件",
    "私拆信件",
];

/// How somebody of an office must not treat people: of an office as a whole every second letter says so.
pub(super) const RUDENESS: &[&str] = &[
    "辱骂",
    "谩骂",
    "破口大骂",
    "骂人",
    "骂我",
    "骂群众",
    "侮辱",
    "羞辱",
    "刁难",
    "态度恶劣",
    "态度蛮横",
    "态度粗暴",
    "态度极差",
    "态度很差",
    "态度差",
    "态度生硬",
    "态度傲慢",
    "粗暴",
    "蛮横",
    "推搡",
    "呵斥",
    "训斥",
    "恐吓",
    "威胁",
    "打人",
    "打骂",
    "欺负",
    "冷嘲热讽",
];

/// Money or goods behind 收了, within so many characters.
pub(super) const TAKEN: &[&str] = &[
    "收了", "收过", "收下", "收取", "拿了", "要了", "吃了", "捞了",
];
pub(super) const GOODS: &[&str] = &[
    "万",
    "元",
    "钱",
    "红包",
    "好处",
    "礼",
    "回扣",
    "购物卡",
    "贿",
    "现金",
];
pub(super) const GOODS_WITHIN: usize = 14;

/// Right before such a word: it is denied, refused or fought.
pub(super) const DENIED: &[&str] = &[
    "不",
    "没",
    "没有",
    "从未",
    "未",
    "拒",
    "拒绝",
    "杜绝",
    "反",
    "反对",
    "痛恨",
    "打击",
    "整治",
    "抵制",
    "无",
    "严禁",
    "禁止",
    "防止",
    "避免",
    "诬告",
    "诬告我",
    "诬陷",
    "诬陷我",
    "污蔑",
    "污蔑我",
    "冤枉",
    "说我",
];

/// What an office does about the misdeeds of others.
pub(super) const HANDLING: &[&str] = &[
    "查处", "查办", "查清", "查明", "彻查", "严查", "清查", "调查", "核查", "核实", "处理", "处置",
    "严惩", "惩处", "惩治", "制止", "制裁", "责令", "督促", "督办", "立案", "追究", "过问", "受理",
    "解决", "整顿",
];

/// Behind it handling is what somebody was at, and no request.
pub(super) const MEANWHILE: &[&str] = &["时", "期间", "过程", "中", "后", "不公", "不当", "不力"];

/// Right before these a request is made of whoever follows: of him nothing bad is said.
pub(super) const ASKED: &[&str] = &[
    "请",
    "恳请",
    "请求",
    "恳求",
    "希望",
    "望",
    "盼",
    "盼望",
    "期盼",
    "要求",
    "建议",
    "求",
    "拜托",
    "麻烦",
    "敦促",
    "相信",
    "感谢",
    "谢谢",
    "多谢",
    "感激",
    "尊敬的",
    "敬爱的",
    "亲爱的",
    "恳望",
    "祝",
    "祝愿",
    "求求",
];

/// Right before these somebody was only met or written to: 我向钱局长反映. What 他 did then is told of him.
pub(super) const MET: &[&str] = &[
    "向",
    "给",
    "找",
    "由",
    "经",
    "让",
    "到",
    "去",
    "往",
    "在",
    "求见",
    "找过",
    "找了",
    "找到",
    "去过",
    "去了",
    "到过",
    "到了",
    "见过",
    "见了",
    "见到",
    "通过",
    "问",
    "问过",
    "告诉",
    "寄给",
    "交给",
    "写给",
    "交到",
    "寄到",
    "送到",
    "告到",
    "反映到",
    "转给",
    "转到",
    "转交",
    "递交",
    "联系",
    "联系过",
    "来到",
];

/// He of whom something was said just before.
pub(super) const PRONOUNS: &[&str] = &["他", "她", "其", "此人", "该", "你们", "您", "你"];

/// Right behind a name: it says where, or how one reaches somebody.
pub(super) const PLACES: &[&str] = &[
    "门口", "门前", "大门", "对面", "附近", "旁", "隔壁", "宿舍", "家属", "大院", "大楼", "大厅",
    "信箱", "热线", "电话", "网站", "周边",
];

/// Others who act, beside titles and units.
pub(super) const OTHERS: &[&str] = &[
    "邻居",
    "楼上",
    "楼下",
    "有人",
    "他人",
    "别人",
    "某人",
    "对方",
    "前夫",
    "前妻",
    "丈夫",
    "妻子",
    "老公",
    "老婆",
    "儿子",
    "女婿",
    "物业",
    "开发商",
    "施工队",
    "施工方",
    "承包商",
    "中介",
    "业委会",
    "商家",
    "店家",
    "房东",
    "骗子",
    "团伙",
    "村霸",
    "恶霸",
    "村干部",
    "村里",
    "村委",
    "居委",
    "街道",
    "派出所",
    "法院",
    "学校",
    "小学",
    "中学",
    "医院",
    "银行",
    "公司",
    "工厂",
    "厂家",
    "集团",
    "单位领导",
    "镇政府",
    "乡政府",
    "网友",
    "罪犯",
    "分子",
];

/// Between the one named before and another one: this one is acted with or upon.
pub(super) const BESIDE: &str = "与和跟同为给替向从把将帮伙及、收拿";

/// What stands for a title beside the list of them.
pub(super) const MORE_TITLES: &[&str] = &[
    "一把手",
    "主要领导",
    "主要负责人",
    "有关领导",
    "人员",
    "窗口",
    "接访人员",
    "接待人员",
    "值班人员",
    "窗口人员",
    "窗口工作人员",
];

/// How far before the words the one is named who did it.
pub(super) const REACH: usize = 60;

/// What people do, and no office as a whole.
pub(super) const VICES: &[&str] = &[
    "生活作风",
    "包养",
    "情妇",
    "二奶",
    "不正当关系",
    "不正当男女关系",
    "通奸",
    "嫖",
    "欺压",
    "巧取豪夺",
];

/// Goods or money that somebody is given.
pub(super) const GIVEN_TO: &[&str] = &["送给", "塞给", "孝敬"];

/// Whoever did it, the one named right behind is in it.
pub(super) const INVOLVES: &[&str] = &[
    "勾结", "串通", "行贿", "贿赂", "买通", "收买", "送给", "塞给", "孝敬",
];

/// Alone at the beginning of a clause: of the office that was named last.
pub(super) const STAFF: &[&str] = &[
    "工作人员",
    "接访人员",
    "接待人员",
    "办事人员",
    "窗口人员",
    "值班人员",
    "执法人员",
    "局长",
    "领导",
    "科长",
];
