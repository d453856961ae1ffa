//! Whether a sentence of a letter to an office says that somebody there took a gift, or was given one: who took it, what it was, and the writer's affair or
//! his wish to have it back. It names nobody, or it would be found by that; of whom else it speaks, `unnamed` looks.

/// What he did.
const TOOK: &str = "拿走 拿去 拿了 拿我 拿人 收了 收下 收走 收去 收我 收礼 收钱 搬走 牵走 抱走 拎走 提走 取走 带走 顺走 留下的 让我留下 \
    叫我留下 吃了 吃进 喝了 抽了我 抽走 要我请 要我送 要我给 让我请 让我送 叫我送 揣 塞进 放进抽屉 放进口袋 笑纳 索要 伸手要 \
    开口要 收着 要了 要过 要走 借去 借走 拿着 手里 手上 收过 拿过 得了我 得过 接了我 留着 扣着 吞了 占了 伸手 抓走 装走 拖走 \
    背走 要去 扣去 让我买 叫我买 要我买 打开数";
/// What the writer did.
const GAVE: &str = "送去 送了 送过 送的 送给 送上 再送 送礼 送钱 送东西 送红包 要送 塞 捎 拎去 提去 给了 给他 给她 给一 给两 给三 给五 放在桌 \
    放在抽屉 放在窗口 托人 孝敬 打点 汇给 送两 送一 送三 送五 送几 送来 给过 给十 给几 要带 带东西 递给 递了 破费 请吃 凑了 \
    垫了 拿出去 寄到他 寄到她 白干 随了 递进";
/// What it was.
const GIFT: &str = "红包 礼品 礼物 送礼 收礼 贺礼 重礼 厚礼 回礼 两回礼 的礼 香烟 条烟 烟酒 茅台 五粮液 中华 茶叶 月饼 粽子 人参 海参 虫草 \
    购物卡 那张卡 手表 怀表 金表 项链 戒指 耳环 耳坠 镯 玉石 玉佩 首饰 字画 幅画 古董 砚台 花瓶 盆景 皮箱 火腿 腊肉 咸肉 蜂蜜 \
    鸡蛋 鸭蛋 核桃 土产 特产 好处费 信封里 存单 存折 棺材本 养老钱 金子 银子 银元 心意 人情钱";
/// Other things, which a letter may speak of anyway.
const THING: &str = "烟 酒 玉器 手机 相机 羊 鸡 鸭 鹅 猪 牛 鱼 水果 点心 球鞋 皮鞋 皮包 好处 东西 人情 饭 信封 家具 电视 电脑 自行车 电动车 \
    摩托 布料 被子 衣服 粮 米 油 蛋 药材 木料 空调 冰箱 密码 抚恤金 砚 钱 元 块 百 千 万 费 押金 保证金 的礼";
/// What the office does for him.
const AFFAIR: &str = "不批 批到 没批 的章 盖章 章到 没有盖 办事 给我办 帮我办 没办 没有办 未办 不办 不给办 办我 办成 我的信 我这封信 我的事 我这事 \
    这件事 我的案 我的材料 我的申请 我的低保 事情 立案 登记 受理 答复 回音 消息 压着 压在 压了 拖着 拖我 没有解决 没解决 能解决 \
    才能 才给 才肯 就能 手续 材料 下文 交上去 结案 大厅 接待 窗口 柜台 没有人管 没人管 替人 签字 事办 办不成 排号 压信 信还 \
    信没 回信 进门 办事人 不接我电话 上访 审批 排队 没动静 动静 不理 不见我 等消息 推托 推三 说情 走后门 通融 等通知 来访 放我进 \
    主事的 管事的 经手人 状子 状纸";
/// Of that only what it does with his letter.
const HANDLING: &str = "答复 回音 回信 我的信 的信 信都 大厅 办公室 柜台 盖章 的章 章到 签字 手续 压着 压在 压信 交上去 放凉 来访 上访 立案 受理 \
    办事 说情";
/// That it come back.
const RETURN: &str = "还给我 还给俺 退给我 退给俺 退回 退还 归还 还来 还回 交还 吐出来 还我 送回 还给老 还给她 还给他 还给我们 拿回来 要回来 还回来 \
    还一 不还 没还 没有还 退给 退我 还钱 还东西 请还 还给";
const ASKED: &str = "请 望 求 麻烦 劳驾 拜托 不然 否则 要不 自觉 应该 应当 把 别再 再不";
/// His own things.
const MINE: &str = "我的 我家 我送 我那";
/// He asks that others be made to give it back.
const HELP: &str = "帮我 帮助 帮忙 替我 协助 协调 督促 责成 责令 讨回 追回 追讨 调解";
/// Somebody.
const WHO: &str = "的人 那位 那个 同志 领导 干部 谁 某人 某位 人员 先生 女士 师傅 小伙 姑娘 老同志 他 她 人家 有人 主事的 管事的 经手人";
/// Said of taking, or of a gift, by everybody.
const IDIOMS: &str =
    "表示过了 该送的 吃进去的 拿人钱财 拿人家的手短 收礼的时候 光收礼 烟酒研究 研究烟酒";

/// It was not taken, or not given.
const DECLINED: &str = "不肯收 不收我 不收群众 没收我 没有收我 没有收下 没收下 拒收 拒绝收 坚决不收 分文不收 谢绝 推辞 没有送过 没送过 从不送 从没送 \
    从未送 不想送 不愿送 不会送 不用送";
/// Lost and found, praised, or a flag.
const FOUND: &str =
    "捡 拾 遗失 丢失 丢的 丢了 忘在 忘了 落在 失主 锦旗 还给了我 送还给 表扬 归还了";
const QUESTION: &str = "请问 想问 问一下 咨询 想了解 想知道 如何举报 如何投诉 如何反映 怎么举报 怎么投诉 怎样举报 怎样投诉 向哪里 向谁反映 找哪个部门 \
    可以吗 能要回来吗";
/// It happened to the writer.
const TO_ME: &str = "我送 我给 收我 收了我 拿我 拿了我 要我 让我 叫我 我的信";

/// A sentence without what was declined, or not given: 不肯收我的水果.
pub(super) fn without_declined(sentence: &str) -> String {
    DECLINED
        .split_whitespace()
        .fold(sentence.to_owned(), |text, word| text.replace(word, ""))
}

/// Whether a sentence tells of what was lost and is found, or praises, and of nothing that was taken.
pub(super) fn only_found(sentence: &str) -> bool {
    has(sentence, FOUND) && !has(sentence, TOOK)
}

/// How surely a sentence tells of a gift that somebody there took or was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gift {
    No,
    /// Of money or ordinary things: whoever the letter speaks of elsewhere may be meant.
    Perhaps,
    Yes,
}

/// Whether a sentence does.
pub(super) fn gift_in(sentence: &str) -> Gift {
    let has = |words: &str| has(sentence, words);
    if has(QUESTION) && !has(TO_ME) {
        return Gift::No;
    }
    let passed = has(TOOK) || has(GAVE);
    let is_thing = has(GIFT) || has(THING);
    let is_asked = has(ASKED) || sentence.starts_with(['还', '退']);
    let is_own = is_thing && (passed || has(AFFAIR) || has(MINE));
    let wanted_back = has(RETURN) && is_asked && !has(HELP) && (is_own || passed || has(WHO));
    let beside_his_letter = has(GIFT) && has(HANDLING);
    let by_an_idiom = has(IDIOMS) && (has(AFFAIR) || has(ASKED));
    if wanted_back || beside_his_letter || by_an_idiom {
        return Gift::Yes;
    }
    let taken_by_somebody = has(TOOK) && is_thing && has(WHO);
    let for_something = passed && is_thing && has(AFFAIR);
    match taken_by_somebody || for_something {
        true if has(GIFT) || has(HANDLING) => Gift::Yes,
        true => Gift::Perhaps,
        false => Gift::No,
    }
}

fn has(sentence: &str, words: &str) -> bool {
    words.split_whitespace().any(|word| sentence.contains(word))
}
