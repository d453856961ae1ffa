//! The set phrases in which a letter only turns to somebody: calls, greets, thanks or asks him, or says that it writes to him.
//!
//! A closed grammar: a clause is one of them where every word of it is known here, up to what is told to whoever is written to and what somebody else is to be
//! made to do. It looks for no bad words. A word that is missing costs an officer a look; a word too many might cost the writer his safety, so there is no
//! “not”, no “give”, no money and no body in here.

/// What stands in a clause for the one whose mention is looked at, and for any other.
pub(super) const HE: char = '\u{e000}';
pub(super) const ANOTHER: char = '\u{e001}';

/// A stretch of text between two marks, and the mark behind it.
#[derive(Debug, Clone)]
pub(super) struct Clause {
    pub(super) text: String,
    pub(super) mark: char,
}

/// What a clause does with whom it mentions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phrase {
    /// 钱局长
    Calls,
    /// 您好, 打扰您了, 给您写信
    Greets,
    /// 特向信访局反映…
    Tells,
    /// 请贵局调查处理
    Asks,
    /// 祝您健康
    Wishes,
    /// 已由贵局转交城管部门
    Passes,
    /// 建议市政府增设健身器材
    Suggests,
    /// 感谢贵局, 我向贵局反映过
    Closed,
}

const I: &str = "我 我们 本人 大家 全家 全体 业主 村民 居民 群众 我家 我们全家 全体业主 全体村民 全体居民 老百姓 百姓 也 都 还 并 就 只 只能 只好 只有 特 特此 现 \
    今 兹 谨 在此 再次 首先 先 最后 一 又 再 一起 共同 一致 衷心 诚挚 诚挚地 诚恳 诚恳地 强烈 恳切 恳切地 真诚 真诚地 真心 由衷 由衷地 深深 深深地 殷切 殷切地 迫切 \
    非常 十分 万分 特别 无比 实在 因此 所以 为此 故 故此 从心里 打心里 打心眼里";
const HONOURS: &str = "尊敬的 敬爱的 亲爱的 尊敬 敬爱 致 谨致 敬致 写给 给 此致 谨呈 敬请 恳请 恭请 敬呈 恭呈 上呈 呈 呈报 并呈 并转 转 转呈 抄送 烦请 各位 各位领导 领导 、 和 及";
const ADDRESSED: &str = "收 启 亲启 钧启 收启 台启 敬启 台鉴 钧鉴 勋鉴 惠鉴 大鉴 均鉴 的一封信 一封信 的信 公开信 的公开信 收信专用章 收文专用章 信访专用章 领导 同志 市长 副市长 市常 书记 \
    副书记 书计 主任 副主任 主仼 局长 副局长 县长 区长 省长 主席 院长 部长 秘书长 科长 处长 阅 阅示 审阅 垂阅";
const HELLO: &str =
    "好 们好 新年好 春节好 过年好 早上好 上午好 下午好 辛苦 辛苦了 们辛苦了 大家好 首先 先 , ";
const ASK: &str = "请 请求 恳请 恳求 敬请 祈请 烦请 务请 诚请 特请 特恳请 望 希望 盼望 期望 期盼 盼 恳望 深望 万望 渴望 热切盼望 要求 求 求求 跪求 拜托 麻烦 建议 呼吁 要 信 相信 坚信 热切 早日 尽快 收到 得到 能";
const REQUESTED: &str = "查处 查办 查清 查明 彻查 严查 清查 调查 核查 核实 处理 处置 解决 协调 督促 督办 过问 受理 办理 研究 采纳 考虑 关注 重视 关心 支持 帮助 \
    帮忙 指导 答复 回复 解答 告知 转交 转送 转达 介入 调解 落实 安排 维修 修缮 修理 修好 来修 安排 安排人 派人来 恢复 改善 加强 改进 主持公道 做主 作主 为民做主 为民作主 为我做主 伸张正义 秉公办理 秉公处理 \
    督导 监督 协助 出面 牵头 现场办公 催 催一催 催催 催办 查一查 查查 问 问一问 问问 管一管 看一看 看看 想想办法 想办法 派人 派员 派专人 派工作组 前来 来 到现场 现场 实地 查看 \
    察看 查验 了解 了解情况 调研 走访 勘察 伸出援手 援助 救助 救 救救 体谅 理解 谅解 酌情 明察 审查 审阅 批示 阅示 查收 往下看 看完 垂阅 垂询 垂察 的批示 的回信 的回音 的答复 赐复 回信 回音 伸手 帮一把 给查一查 给看一看 给问一问 给我解决 给我们解决 给群众解决 给大家解决 给大伙解决 抽空 抽时间 费心 费费心 操心 答案 说法 交代 \
    公道 公正 公平 明确 满意 书面 结果 早日 尽快 尽早 及时 立即 立刻 抓紧 依法 依规 依法依规 严肃 认真 彻底 妥善 百忙之中 能 能够 会 可以 一定 继续 予以 给予 为 帮 替 对 和 与 及 \
    以及 以 并 一下 此事 此问题 此信 这件事 这事 这个问题 该问题 上述问题 以上问题 上述情况 以上情况 我的 我们的 问题 诉求 困难 难题 情况 事情 实际 的 这一 有关部门 相关部门 有关单位 \
    相关单位 职能部门 有关方面 各方 群众 百姓 老百姓 业主 村民 居民 人民群众 农民工 合法权益 权益 利益 正当 合理 维护 保护 保障 还我公道 还我们公道 还我们一个公道 还我一个公道 \
    还百姓公道 还群众公道 讨个公道 讨回公道 给个说法 给个答复 给个回音 给我答复 给我们答复 给我一个答复 给我们一个答复 给我一个说法 给我们一个说法 给一个答复 给一个说法 讨回血汗钱 \
    讨回工资 追回工资 要回工资 追回欠款 追讨工资 追讨欠薪 原因 在 从 中 为荷 为盼 为感 为谢 谢谢 感谢 不胜感激 感激不尽 万分感谢 非常感谢 十分感谢 致谢 特此 盼复 望复 多多 再 \
    我 我们 本人 我家 大家 一次 一个 个 圆满 顺利 促成";
/// How to reach the writer.
const CONTACT: &str = "有空 有空时 有空的话 方便 方便时 方便的时候 方便的话 打电话给我 打个电话给我 给我打电话 给我打个电话 给我回电话 给我回个电话 给我来电 给我来个电话 给我回电 \
    回个电话 回电话 来电 来电话 与我联系 和我联系 跟我联系 同我联系 联系我 电话联系 通知我 告诉我 告知我 电话 电话号码 手机 手机号 手机号码 号码 地址 住址 我的 换了 变了 改了 已换 已变 \
    换成 改成 改为 按 新 新的 寄送 寄到 寄给我 答复 请";
/// 已由贵局转交城管部门: what came of it is told of others.
const PASSED_LEAD: &str = "上次 上次的 上次来信 来信 问题 的 由 经 承蒙 蒙 信 材料";
const PASSED: &[&str] = &[
    "转交给",
    "转交",
    "转送给",
    "转送",
    "转给",
    "转到",
    "转至",
    "移交给",
    "移交",
    "批转",
    "交给",
];
const AT_ONCE: &[&str] = &["已经", "已", "及时", "很快", "随后", "当天"];
/// What an office is asked to make for everybody.
const PUBLIC: &[&str] = &[
    "增设", "增加", "加设", "设置", "设立", "修建", "兴建", "新建", "建设", "加装", "安装", "开通",
    "延长", "加密", "组织", "开展", "推广", "出台", "制定", "完善", "公布", "修订",
];
/// No suggestion and no result speaks of these.
const PERSONAL: &[&str] = &[
    "他", "她", "你", "您", "我", "官", "领导", "干部", "钱", "收", "送", "拿", "打", "骂", "抓",
    "关押", "贪", "吃", "喝", "烟", "酒", "礼", "包养", "亲戚", "偷", "抢", "扣", "罚", "骗", "谁",
];
const ASKING: &str = "请问 想 问 想问 请教 咨询 想知道 知道 想了解 何时 几时 什么时候 什么 哪里 哪些 怎么 怎样 如何 几点 是否 能 能够 可以 需要 应该 要 来 去 前来 补 准备 带 交来 提交 递交 \
    材料 手续 证件 答复 回复 结果 进展 办理 办到 哪一步 哪一步了 到 了 呢 吗 现在 目前 的 是 有 在 上班 时间 上班时间 办公时间 接待时间 地址 电话 星期六 星期天 周末 节假日 \
    接待 受理 我 我们 本人 麻烦 告知 一下";
const THANK: &str =
    "感谢 谢谢 多谢 感激 表扬 表示感谢 道谢 向 对 要 要向 想 想对 说声 说一声 此 借此机会 写信";
const PRAISED: &str = "的 多年来 一直 一直以来 长期 以来 以来的 这些年 对 我 我们 我家 群众 百姓 老百姓 关心 支持 帮助 帮忙 重视 关怀 关爱 指导 辛勤 辛苦 付出 工作 努力 耐心 耐心细致 热情 \
    热心 认真 细致 负责 周到 接待 接待了 接访 冒雨 冒雪 上门 调解 协调 处理 解决 解决了 解决好了 答复 回复 解答 帮 帮助了 多年的 多年 的难题 难题 问题 困难 大难题 事情 得到 得到了 已 \
    已经 圆满 顺利 及时 迅速 很 特 非常 十分 特此 致谢 表示 感谢 衷心 衷心的 诚挚 诚挚的 谢意 敬意 为 为民 服务 为人民服务 办实事 办了实事 办好事 办了好事 好 好干部 好领导 好公仆 \
    公仆 人民的好公仆 人民的好干部 是 和 与 及 、 并 在 百忙之中 要回了 讨回了 追回了 追回 要回 拖欠的 工资 工钱 邻居 我和邻居 和好 和解 看完 读完 看 我的信 来信 百忙中 抽空 办好 办妥 办好了 办妥了 落实 落实了 到位 修好 \
    修好了 恢复 恢复了 通 亮 致以 深深的 由衷的 崇高的 崇高 送上 锦旗 感激 感激不尽 感激之情 大力 鼎力 相助 公正 秉公 高效 快速 一切 让 感到 感受到 温暖 政府的 党和政府 党 党的 \
    政府 接待的同志 同志";
const WISH: &str = "祝 祝愿 顺祝 敬祝 恭祝 谨祝 预祝 愿 也祝 祝福";
const WISHED: &str = "工作顺利 身体健康 健康长寿 工作愉快 生活愉快 阖家欢乐 合家欢乐 万事如意 阖家幸福 合家幸福 家庭幸福 幸福安康 一切顺利 事业有成 事业顺利 节日快乐 新年快乐 新春快乐 心想事成 平安 健康 快乐 幸福 顺利 安康 工作 身体 \
    在 新的一年里 新的一年 里 好人一生平安 好人一生 全家 和 及 家人 、 们";
const TOWARDS: &str = "向 给 对 写信给 致信 怀着 焦急的心情 沉重的心情 联名 冒昧 冒昧地 提笔 写信 写信向 今天 今日 鼓起勇气 百忙之中 问候 打扰 打扰了 打搅 占用 只占 耽误 知道 晓得 我知道 \
    我晓得 深知 久仰 久闻 平时 很少 从心里 让 怕 、 和 想 要";
const GREETED: &str = "问好 问声好 问个好 问安 鞠个躬 鞠躬 道一声辛苦 道声辛苦 拜年 拜个早年 写信 写这封信 写了这封信 写下这封信 写此信 去信 致信 致敬 致意 敬礼 报个喜 添麻烦 添麻烦了 了 的 \
    清净 宝贵 宝贵时间 时间 几分钟 一点 工作 繁忙 工作繁忙 很忙 公务 公务繁忙 公务缠身 日理万机 事务繁忙 辛苦 辛苦了 百忙之中 为民 为民办实事 为百姓 办实事 是 人民 父母官 好官 清官 \
    致以 诚挚 诚挚的 崇高 崇高的 谢意 敬意 问候 敬礼 求助 诉说 倾诉 、 和 与 各位同志 同志们 和各位同志 各位 领导 都 很 我 我们 好";
const MET: &str = "我 我们 本人 曾 曾经 已 已经 于 去年 前年 今年 上月 上个月 本月 上周 昨天 日前 前不久 此前 之前 以前 在 向 给 到 因 就 此 此事 初 底 中旬 上旬 下旬 年 月 日 0 1 \
    2 3 4 5 6 7 8 9 一 二 三 四 五 六 七 八 九 十 〇 写信 来信";
const MET_FOR: &str = "反映 反映过 反映了 递交 递交过 递交了 提交 提交过 提交了 交过 寄过 寄去 寄出 寄来 写过 写过信 写信 来信 去信 来访 咨询 咨询过 登记 登记过 材料 情况 问题 此事 这件事 \
    这事 书面材料 信 一封信 信件 信访件 诉求 的 过 一次 书面 相关 有关";
/// Told to whoever is written to: what, is the letter's affair.
const PERFORMED: &[&str] = &["特", "现", "今", "兹", "联名", "谨"];
const TELLING: &[&str] = &[
    "反映", "反应", "汇报", "报告", "求助", "咨询", "请教", "投诉", "举报", "检举", "控告", "申诉",
    "陈述", "诉说", "提出", "提交", "递交",
];
/// Behind an office: it is still the office that is turned to.
const OF_IT: &[&str] = &[
    "的各位领导",
    "各位领导",
    "主要领导",
    "有关领导",
    "负责同志",
    "的领导们",
    "的领导",
    "领导们",
    "领导",
    "的同志们",
    "各位同志",
    "的同志",
    "同志们",
    "同志",
    "的工作人员",
    "工作人员",
    "全体",
    "各位",
    "们",
];
const JOINTS: &[&str] = &["、", "和", "与", "及", "以及", "并", "或"];
/// Behind these somebody else is the one who is to do something or has done it.
const MADE_TO: &[&str] = &[
    "督促",
    "责成",
    "责令",
    "协调",
    "要求",
    "转交",
    "转送",
    "催促",
    "通知",
    "联系",
    "查处",
    "调查",
    "核查",
    "处理",
    "制止",
    "监督",
    "会同",
    "帮我向",
    "帮我找",
    "帮我催",
    "帮助我向",
];
pub(super) const OTHERS: &[&str] = &[
    "公司",
    "物业",
    "开发商",
    "施工单位",
    "施工方",
    "施工队",
    "包工头",
    "承包商",
    "村委会",
    "居委会",
    "业委会",
    "街道",
    "社区",
    "镇政府",
    "乡政府",
    "区政府",
    "县政府",
    "有关部门",
    "相关部门",
    "有关单位",
    "相关单位",
    "职能部门",
    "主管部门",
    "公安局",
    "派出所",
    "城管",
    "法院",
    "学校",
    "医院",
    "银行",
    "邻居",
    "住户",
    "商家",
    "房东",
    "工厂",
    "供电局",
    "物价局",
    "教育局",
    "住建局",
    "环保局",
    "民政局",
    "人社局",
    "医保局",
    "监管局",
    "管理局",
    "交通局",
    "水务局",
    "卫健委",
];
/// How far behind the verb they may end.
const OTHERS_WITHIN: usize = 10;
/// Whoever was spoken of goes on: in the next clause or sentence.
const GOES_ON: &[&str] = &[
    "他",
    "她",
    "其",
    "该",
    "此人",
    "这些人",
    "那些人",
    "这帮人",
    "那帮人",
    "工作人员",
    "接访人员",
    "接待人员",
    "里面的人",
    "局长",
];

/// What begins like those and goes on with something else.
const OTHERWISE: &[&str] = &["其实", "其他", "其它", "其次", "其中", "他人"];

/// Whether the clause at `at`, whose [`HE`] it is, only turns to him. `is_framed`: above or below the letter's text, where he may stand alone.
pub(super) fn is_mere(clauses: &[Clause], at: usize, is_framed: bool) -> bool {
    let one = &clauses[at];
    let next = clauses.get(at + 1);
    let goes_on = |from: usize| {
        let behind = clauses[from..]
            .iter()
            .find(|clause| !clause.text.is_empty());
        behind.is_some_and(|clause| {
            let begins = |word: &&str| clause.text.starts_with(*word);
            let praised = GOES_ON
                .iter()
                .filter_map(|word| clause.text.strip_prefix(word))
                .any(|rest| made_of(rest, &[I, PRAISED, THANK]));
            GOES_ON.iter().any(begins) && !OTHERWISE.iter().any(begins) && !praised
        })
    };
    let is_alone = next.is_none_or(|next| next.text.is_empty()) || "\n。".contains(one.mark);
    if is_framed && is_alone && calls(&one.text) {
        return true;
    }
    match phrase(&one.text) {
        None => false,
        Some(Phrase::Greets) => !(goes_on(at + 1) || one.mark == ',' && toils_on(one, next)),
        Some(Phrase::Calls)
            if one.mark == ':' && HONOURED.iter().any(|word| one.text.contains(word)) =>
        {
            true
        }
        Some(Phrase::Calls) => {
            let begins = ["我是", "我叫", "我们是", "本人是", "本人叫"];
            next.is_some_and(|next| {
                matches!(
                    bare_phrase(&next.text),
                    Some(Phrase::Greets | Phrase::Tells | Phrase::Asks)
                ) || made_of(&next.text, &[I, HELLO])
                    || begins.iter().any(|word| next.text.starts_with(word))
            })
        }
        Some(Phrase::Tells) => !goes_on(at + 1),
        Some(Phrase::Asks) => {
            let end = end_of(clauses, at, "。!?;\n");
            clauses[at + 1..end].iter().all(is_set) && !goes_on(end)
        }
        Some(Phrase::Passes | Phrase::Suggests) => {
            let end = end_of(clauses, at, "。!?;\n");
            let is_told = |clause: &Clause| is_set(clause) || is_of_things(&clause.text);
            clauses[at + 1..end].iter().all(is_told) && !goes_on(end)
        }
        Some(Phrase::Wishes) => sentence(clauses, at, "。!?;\n").iter().all(is_set),
        Some(Phrase::Closed) => {
            sentence(clauses, at, "。").iter().all(is_set) && !goes_on(end_of(clauses, at, "。"))
        }
    }
}

/// 尊敬的钱局长: whatever follows, it is told to him.
const HONOURED: &[&str] = &["尊敬", "敬爱"];

/// 你们辛苦了,一天到晚喝茶看报: they still are whom the next clause is about.
fn toils_on(one: &Clause, next: Option<&Clause>) -> bool {
    let begins = [
        "我", "本人", "现", "今", "想", "请", "希望", "感谢", "谢谢", "恳", "特", "向", "写",
    ];
    one.text.contains("辛苦")
        && next.is_some_and(|next| {
            !next.text.is_empty()
                && !is_set(next)
                && !begins.iter().any(|word| next.text.starts_with(word))
        })
}

/// It says nothing of anybody.
fn is_of_things(text: &str) -> bool {
    !text.contains([HE, ANOTHER]) && !PERSONAL.iter().any(|word| text.contains(word))
}

fn sentence<'a>(clauses: &'a [Clause], at: usize, marks: &str) -> &'a [Clause] {
    let before = clauses[..at]
        .iter()
        .rposition(|clause| marks.contains(clause.mark));
    &clauses[before.map_or(0, |before| before + 1)..end_of(clauses, at, marks)]
}

fn end_of(clauses: &[Clause], at: usize, marks: &str) -> usize {
    let behind = clauses[at..]
        .iter()
        .position(|clause| marks.contains(clause.mark));
    behind.map_or(clauses.len(), |behind| at + behind + 1)
}

/// Whether nothing but known words stands in a clause.
fn is_set(clause: &Clause) -> bool {
    bare_phrase(&clause.text).is_some()
        || made_of(&clause.text, &[I, REQUESTED])
        || made_of(&clause.text, &[I, REQUESTED, CONTACT])
        || made_of(&clause.text, &[I, PRAISED, THANK])
        || made_of(&clause.text, &[ASKING])
        || made_of(&clause.text, &[WISH, WISHED])
        || made_of(&clause.text, &[HONOURS, HELLO])
}

/// The same whomever the clause mentions.
fn bare_phrase(text: &str) -> Option<Phrase> {
    if text.contains(HE) {
        return phrase(text);
    }
    phrase(&text.replacen(ANOTHER, HE.encode_utf8(&mut [0; 4]), 1))
}

/// 尊敬的苏州市信访局钱局长、林市长: each of those who are written to.
fn calls(text: &str) -> bool {
    let Some((lead, rest)) = text.split_once(HE) else {
        return false;
    };
    let lead = lead.rsplit('、').next().unwrap_or_default();
    let rest = behind_office(rest.split('、').next().unwrap_or_default());
    // 钱, 林伯年 before his title.
    let names = rest.char_indices().map(|(at, _)| at).take(4);
    let mut titled = names.chain([rest.len()]).map(|at| (at, &rest[at..]));
    made_of(without_joined(lead), &[HONOURS])
        && titled.any(|(at, title)| {
            (at == 0 || !title.is_empty()) && made_of(title, &[ADDRESSED, HELLO])
        })
}

fn phrase(text: &str) -> Option<Phrase> {
    let (lead, rest) = text.split_once(HE)?;
    let lead = without_joined(lead);
    let rest = behind_office(rest);
    if made_of(lead, &[HONOURS]) {
        if made_of(rest, &[ADDRESSED]) {
            return Some(Phrase::Calls);
        }
        if made_of(rest, &[HELLO, GREETED]) {
            return Some(Phrase::Greets);
        }
    }
    if asks(lead) && (made_of(rest, &[I, REQUESTED, CONTACT]) || made_of(rest, &[ASKING])) {
        return Some(Phrase::Asks);
    }
    if asks(lead) && is_about_others(rest) {
        return Some(Phrase::Asks);
    }
    if asks(lead) && is_of_things(rest) && PUBLIC.iter().any(|verb| rest.contains(verb)) {
        return Some(Phrase::Suggests);
    }
    if made_of(lead, &[I, MET, PASSED_LEAD]) && is_passed_on(rest) {
        return Some(Phrase::Passes);
    }
    let is_performed = PERFORMED.iter().any(|word| lead.contains(word));
    let is_told = TELLING.iter().any(|word| rest.starts_with(word));
    if lead.ends_with('向') && made_of(lead, &[I, TOWARDS]) && is_performed && is_told {
        return Some(Phrase::Tells);
    }
    if made_of(lead, &[I, TOWARDS]) && made_of(rest, &[GREETED]) {
        return Some(Phrase::Greets);
    }
    if made_of(lead, &[I, WISH]) && made_of(rest, &[WISHED]) {
        return Some(Phrase::Wishes);
    }
    let thanks = made_of(lead, &[I, THANK, HONOURS]);
    let is_closed = thanks && (made_of(rest, &[I, PRAISED]) || gave_back_what_was_lost(rest))
        || made_of(lead, &[MET]) && made_of(rest, &[MET_FOR])
        || made_of(lead, &[ASKING]) && made_of(rest, &[ASKING]);
    is_closed.then_some(Phrase::Closed)
}

fn asks(lead: &str) -> bool {
    let is_asked = ASK.split_whitespace().any(|word| lead.contains(word));
    is_asked && made_of(lead, &[I, ASK, HONOURS])
}

/// 把我遗失的手表送还给我
fn gave_back_what_was_lost(rest: &str) -> bool {
    const LOST: &[&str] = &["遗失的", "丢失的", "丢掉的", "忘在", "落在", "遗落"];
    const BACK: &[&str] = &[
        "送还给",
        "交还给",
        "归还给",
        "寄还给",
        "还给",
        "送还",
        "归还",
    ];
    const OWNER: &str = "我 我们 本人 失主 了";
    let Some(told) = rest.strip_prefix("把").or_else(|| rest.strip_prefix("将")) else {
        return false;
    };
    let lost = LOST.iter().filter_map(|word| told.split_once(word));
    lost.filter(|(whose, _)| made_of(whose, &[I]))
        .any(|(_, thing)| {
            let back = BACK.iter().filter_map(|word| thing.split_once(word));
            back.filter(|(thing, _)| is_of_things(thing) && thing.chars().count() <= 12)
                .any(|(_, to)| made_of(to, &[OWNER]))
        })
}

/// 转交城管部门办理
fn is_passed_on(mut rest: &str) -> bool {
    while let Some(behind) = AT_ONCE.iter().find_map(|word| rest.strip_prefix(word)) {
        rest = behind;
    }
    let Some(to) = PASSED.iter().find_map(|word| rest.strip_prefix(word)) else {
        return false;
    };
    let others = OTHERS
        .iter()
        .filter(|who| who.ends_with(['局', '委', '府', '门', '位', '管', '院', '道', '区']));
    let behind = others
        .filter_map(|who| to.strip_prefix(who))
        .min_by_key(|behind| behind.len());
    behind
        .or_else(|| to.strip_prefix(ANOTHER))
        .is_some_and(|behind| {
            let behind = behind.strip_prefix("部门").unwrap_or(behind);
            let behind = behind.strip_suffix('了').unwrap_or(behind);
            made_of(behind, &[REQUESTED])
        })
}

/// 督促物业公司退还多收的费用: what they are to do is theirs.
fn is_about_others(rest: &str) -> bool {
    let others_behind = |rest: &str| {
        rest.starts_with(ANOTHER)
            || OTHERS.iter().any(|who| {
                let at = rest.find(who);
                at.is_some_and(|at| {
                    let before = &rest[..at];
                    before.chars().count() + who.chars().count() <= OTHERS_WITHIN
                        && !before.contains(ANOTHER)
                })
            })
    };
    MADE_TO.iter().any(|verb| {
        let at = rest.find(verb);
        at.is_some_and(|at| {
            made_of(&rest[..at], &[I, REQUESTED]) && others_behind(&rest[at + verb.len()..])
        })
    })
}

/// Without 林市长和 before 信访局: what is said before holds of both.
fn without_joined(mut lead: &str) -> &str {
    loop {
        let joint = JOINTS
            .iter()
            .chain([&""])
            .filter_map(|joint| lead.strip_suffix(joint))
            .map(|before| {
                OF_IT
                    .iter()
                    .find_map(|word| before.strip_suffix(word))
                    .unwrap_or(before)
            })
            .find_map(|before| before.strip_suffix(ANOTHER));
        match joint {
            Some(before) => lead = before,
            None => return lead,
        }
    }
}

/// What follows an office, its 领导 and 同志们 and whoever else is joined to it.
fn behind_office(mut rest: &str) -> &str {
    loop {
        if let Some(behind) = OF_IT.iter().find_map(|word| rest.strip_prefix(word)) {
            rest = behind;
            continue;
        }
        if let Some(behind) = rest.strip_prefix(ANOTHER) {
            rest = behind;
            continue;
        }
        let joint = JOINTS.iter().find_map(|joint| rest.strip_prefix(joint));
        let joined = joint.and_then(|behind| {
            let behind = behind.strip_prefix("各位").unwrap_or(behind);
            behind.strip_prefix(ANOTHER).or_else(|| {
                OF_IT
                    .iter()
                    .filter(|word| word.chars().count() > 1)
                    .find_map(|word| behind.strip_prefix(word))
            })
        });
        match joined {
            Some(behind) => rest = behind,
            None => return rest,
        }
    }
}

/// Whether a text is nothing but these words, one behind the other.
fn made_of(text: &str, words: &[&str]) -> bool {
    let mut ends = vec![false; text.len() + 1];
    ends[0] = true;
    for at in 0..text.len() {
        if !ends[at] {
            continue;
        }
        for word in words.iter().flat_map(|words| words.split_whitespace()) {
            if text[at..].starts_with(word) {
                ends[at + word.len()] = true;
            }
        }
    }
    ends[text.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each mention stands as 〇 here.
    fn mere(text: &str) -> bool {
        (0..text.matches('〇').count()).all(|he| {
            let mut n = 0;
            let told: String = text
                .chars()
                .map(|c| {
                    n += usize::from(c == '〇');
                    match c {
                        '〇' if n == he + 1 => HE,
                        '〇' => ANOTHER,
                        c => c,
                    }
                })
                .collect();
            let clauses: Vec<Clause> = told
                .split_inclusive([',', '。', '!', '?', ':', ';'])
                .map(|part| {
                    let mark = part.chars().last().unwrap_or('。');
                    let text = part.trim_end_matches(mark).to_owned();
                    Clause { text, mark }
                })
                .collect();
            let at = clauses.iter().position(|clause| clause.text.contains(HE));
            at.is_some_and(|at| is_mere(&clauses, at, false))
        })
    }

    #[test]
    fn whoever_only_turns_to_an_office_uses_known_words() {
        for text in [
            "〇,〇好!我是村民,楼上噪音扰民。",
            "首先向〇问好!打扰〇了。",
            "现联名向〇反映一件关系大家切身利益的事情。",
            "特向〇反映如下情况:楼道被占。",
            "恳请〇领导派人实地查看,尽快解决。",
            "恳请〇依法调查处理并给予书面答复,维护群众合法权益。",
            "请〇督促物业公司退还多收的停车费。",
            "感谢〇多年来的关心和支持,请求〇派人调查处理。",
            "感谢〇和〇的同志们,帮我解决了多年的难题,特此致谢。",
            "我于上月向〇递交的材料,请问何时能够答复?",
            "请问〇的上班时间是几点?",
            "祝〇工作顺利,身体健康。",
            "请尽快解决。祝〇万事如意!签名人:张兴旺",
            "我知道〇工作繁忙。其实我不想写信。",
            "尊敬的〇:建议〇在社区增设健身器材,方便残疾人锻炼。",
            "本人上月来信,已由〇转交城管部门,现已修好。",
            "请〇的同志有空打电话给我,我的电话号码换了。",
            "感谢〇的同志把我遗失的手表送还给我。",
            "感谢〇。工作人员热情接待了我,问题解决了。",
        ] {
            assert!(mere(text), "{text}");
        }
    }

    #[test]
    fn whatever_else_is_said_of_an_office_is_outside_whatever_its_words() {
        for text in [
            "感谢〇收下我的两万元。",
            "感谢〇的关心。他拿了我三万块。",
            "感谢〇!派来的推土机把祖坟挖了。",
            "请〇不要再派人跟踪我。",
            "请调查〇。",
            "请〇调查门口的打手。",
            "请〇处理此事,上次收走的钱还没有还。",
            "希望〇把牛还给我。",
            "请〇还我的工资。",
            "〇,三套房子。",
            "祝〇步步高升,多收多得。",
            "我向〇反映后被打断了腿。",
            "我向〇反映过此事,他们让我交钱。",
            "祝贺〇又立新功:打断了老张的腿。",
            "关于〇情况的反映。",
            "〇:收了我三万元。",
            "打扰〇了,他们收了我三万元。",
            "我母亲的牛没了,感谢〇。",
            "〇辛苦了,一天到晚喝茶看报。",
            "建议〇在大厅增设收钱的窗口。",
            "信已由〇转交被我告的村支书。",
            "感谢〇的同志把我送的手表还给我。",
            "感谢〇。工作人员热情接待了我的红包。",
            "请〇通知我还钱。",
        ] {
            assert!(!mere(text), "{text}");
        }
    }
}
