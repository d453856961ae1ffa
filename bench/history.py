"""How well and how quickly repeat letters are found among many: generated registrations in, questions with known answers out.

Usage: bench/history.py --laixin BINARY [--n 100000] [--asked 1000] [--seed 7] [--part fit|check|all] [--at-rest] [--signs FILE] [--keep FOLDER]
Makes n registrations of an invented town, imports them (`laixin history import`), asks with letters that repeat one of them in the same
words misread, in other words, from another address, about another matter, by another sender, or with nothing of the kind
(`laixin history compare`), and prints one line a figure: `name value unit`. Every name, number and matter is invented; the wordings are
this file's own. Matters of part `fit` were used to choose the content score's constants, those of `check` were not.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time

SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜谢邹喻柏水窦章云苏潘葛范彭鲁韦马方俞任袁柳史唐费廉岑薛雷贺倪汤滕罗郝安常于傅皮卞齐康伍余顾孟平黄和穆萧尹姚邵湛汪祁毛狄米明计成戴谈宋庞熊纪舒屈项祝董梁"
GIVEN = "建国 建华 志强 志明 秀英 桂兰 淑芬 玉梅 丽华 红霞 国庆 国强 文斌 文静 海燕 海涛 小平 小明 永福 永贵 春生 春梅 秋生 冬梅 长根 水根 阿毛 巧珍 金妹 银凤 家俊 家琪 思远 思齐 雨欣 雨泽 子涵 子轩 伟 芳 娜 敏 静 强 磊 洋 勇 艳 杰 涛 超 霞 刚 燕 平 辉 玲 桂英 德才 福根 兴旺 如意 满仓 守业 立新 爱珍 惠芳 佩琴 月华 根发".split()
COUNTIES = [("姑苏区", ["平江街道", "沧浪街道", "金阊街道"]), ("吴中区", ["木渎镇", "甪直镇", "长桥街道"]), ("相城区", ["元和街道", "黄埭镇", "望亭镇"]), ("虎丘区", ["狮山街道", "浒墅关镇", "通安镇"]), ("吴江区", ["盛泽镇", "震泽镇", "平望镇"]), ("常熟市", ["虞山街道", "海虞镇", "梅李镇"]), ("昆山市", ["玉山镇", "巴城镇", "周市镇"])]
ESTATES = [a + b for a in ["金桂", "银杏", "紫藤", "碧波", "翠湖", "明珠", "康乐", "富华", "锦绣", "祥和", "东方", "南塘", "西郊", "北桥", "清风", "朝阳", "望月", "临溪", "梧桐", "香樟"] for b in ["花园", "新村", "苑", "家园", "公寓"]]
ROADS = [a + b for a in ["中山", "解放", "建设", "文化", "新民", "和平", "育才", "振兴", "工农", "胜利", "环城", "滨河", "学士", "书院", "东吴", "胥江"] for b in ["路", "东路", "西路", "街", "巷"]]
FIRMS = [a + b for a in ["宏达", "恒泰", "鑫源", "华盛", "瑞丰", "永安", "金鼎", "兴业", "天成", "汇通", "正大", "海纳"] for b in ["物业公司", "建筑公司", "纺织厂", "置业公司", "电子厂", "化工厂"]]

# Three wordings of each matter; the first half is part `fit`, the second `check`.
MATTERS = [
    ["{e}地下车库一到梅雨季就积水，最深处有{n}0公分，我的车被泡过{k}回。开发商说是设计缺陷，物业推给开发商。请求彻底整改车库排水。", "我们小区车库年年夏天被淹，今年水位到了{n}0厘米，好几辆轿车进水报废，我那辆已修了{k}次。{f}和开发商互相踢皮球。要求重做防水和排水泵。", "反映{e}车库淹水：排水沟堵塞，水泵坏了没人修，{y}年以来业主车辆多次受损，找{f}索赔遭拒。"],
    ["楼下{f}开了家烧烤店，每晚营业到凌晨{k}点，油烟顺着外墙灌进卧室，吵得老人小孩没法睡。城管来过{n}次，罚完照旧。恳请取缔。", "我住二楼，窗下烧烤摊从傍晚摆到后半夜{k}点，烟熏火燎，划拳声不断，孩子第二天上课打瞌睡。打过{n}次城管电话，走了又来。希望坚决清理。", "夜市摊油烟噪声扰民，排烟管直接对着居民楼，{y}年起投诉不断，至今未装净化设备。"],
    ["我父亲{y}年在{f}上班时从脚手架摔下，腰椎骨折，单位只付了头{k}个月医药费就不管了，工伤认定也拖着不给办。请帮我们讨个公道。", "家父在{f}打工，{y}年高空坠落致残，老板垫了{k}万元后失联，没签合同，人社部门说证据不足不予受理工伤。求领导过问。", "反映工伤待遇不落实：职工坠落受伤，企业未缴社保，拒绝支付伤残补助金{n}万元。"],
    ["村里{y}年征了我家{k}亩水田修快速路，补偿款说好每亩{n}万，到手只有一半，村干部说剩下的入了集体账。请查一查征地款去向。", "修快速路占了我们组的承包地，我家{k}亩多，公告上写的补偿标准是{n}万元一亩，实际发的差了一大截，账目从来没公开过。要求足额兑付并公开账目。", "关于征地补偿被截留一事：青苗费和安置费均未发放到户，{y}年至今村里没有开过一次会。"],
    ["我女儿今年上小学，户口房产都在{e}，学校却说学位满了，把我们统筹到{n}公里外。同小区晚搬来的反而进去了。请求公平安排入学。", "孩子到了入学年龄，我们是{e}的老业主，材料齐全，报名时被告知名额已满，要去{n}公里以外的学校。听说有人托关系插队。望教育部门查明录取顺序。", "学区划分不公，{y}年起对口学校突然变更，家长没有得到任何通知。"],
    ["我买的{e}期房，合同约定{y}年交付，到现在楼还没封顶，贷款每月照扣{n}千元。开发商办公室已经人去楼空。请政府出面保交楼。", "{e}烂尾了！当年交了{k}十万首付，说好{y}年拿房，如今工地长满荒草，我一家五口租房还贷，每月{n}千元压得喘不过气。盼早日复工。", "预售资金被挪用，楼盘停工，购房人连续{k}次到住建局反映未果。"],
    ["河对岸{f}半夜偷排废水，河面漂着白沫，鱼死了一层，我们{k}户人家的井水都有怪味。环保局取过样，结果一直没公布。", "{f}趁下雨天把污水放进河里，水发黑发臭，下游鱼塘损失{n}万元，全村人不敢喝井水。求环保部门突击检查并公布检测数据。", "工厂污染河道，{y}年以来夜间排放刺鼻废水，附近居民皮肤瘙痒。"],
    ["我在{f}干了{n}年，去年{k}月被口头辞退，没有一分补偿，社保也只交了{k}年。仲裁说过了时效。请劳动部门主持公道。", "工作了{n}个年头，厂里一句话就让我走人，经济补偿金不给，养老保险断断续续只缴{k}年。申请仲裁被以超期为由驳回，实在想不通。", "企业违法解除劳动关系，拖欠加班费，{y}年搬迁后不予安置职工。"],
    ["{r}路面坑坑洼洼，下雨像水塘，上个月我母亲骑车摔断了胳膊。市政说属于开发商未移交道路，没人修。请明确责任单位尽快修复。", "家门口的{r}破损{n}年了，到处是坑，老人孩子摔倒{k}起。问市政说没移交，问开发商说早就交了。要求落实养护单位，铺平路面。", "道路失修，窨井盖缺失，{y}年至今已发生多起交通事故。"],
    ["我是失独母亲，丈夫{y}年病故，特扶金从每月{n}百元停发了，街道说系统里状态不对，跑了{k}趟都没恢复。请核实补发。", "儿子走后我独自生活，计划生育特别扶助金去年忽然没了，问社区说是信息比对不一致，来回{k}趟盖章，到现在{n}个月没领到。求尽快恢复并补发。", "反映特殊家庭扶助金停发问题，审核材料反复退回，{y}年以来一直没有说法。"],
    ["{e}电梯三天两头困人，{y}年装的，维保公司换了{k}家都修不好，物业说动用维修资金要三分之二业主签字。恳请质监部门强制检验。", "我们这栋楼的电梯经常突然下坠，上周把孕妇关在里面{n}十分钟。物业以业主签字不够为由不肯大修。要求停用检测，应急动用维修资金。", "老旧电梯带病运行，急停故障频发，投诉{k}次无果。"],
    ["邻居在承重墙上开门洞，我家墙体裂了{n}条缝，物业贴了告知单也拦不住。住建局让我自己找鉴定。请求责令恢复原状并鉴定安全。", "楼上装修把承重墙砸了，天花板跟着开裂，裂缝有{n}毫米宽，全楼{k}户提心吊胆。执法部门至今没有下达整改决定。希望尽快做房屋安全鉴定。", "违法拆改承重结构，{y}年施工以来多户墙体开裂，危及整栋楼安全。"],
    ["我在健身房办了{n}千元年卡，不到{k}个月就关门了，老板电话不接。市场监管说找不到人调解不了。请帮忙追回余款。", "预付卡充了{n}千多块，店面{k}月突然贴出停业通知，几百名会员退费无门，微信群也解散了。恳请有关方面立案追查老板。", "预付式消费跑路，涉及会员众多，{y}年开业时承诺可以随时退卡。"],
    ["{r}公交站撤销后，我们老年人去医院要走{n}里地。{k}路车改线没有征求过意见。希望恢复站点或者增开接驳车。", "{k}路公交改道，{r}一带没有车了，看病买菜得步行{n}里，腿脚不好的根本出不了门。请交通局听听老年人的声音，恢复原线路。", "公交线路调整不合理，{y}年以来片区出行困难。"],
    ["医院给我老伴做手术后感染，住院{n}个月花了{k}十万，院方不承认有过失，病历也复印不全。请卫健委组织医疗鉴定。", "老伴在医院动完刀伤口化脓，前后躺了{n}个月，费用{k}十多万，医院只说是并发症，不给完整病历。要求封存病历，依法鉴定责任。", "医疗纠纷：术后感染致残，调解委员会{y}年受理后没有进展。"],
    ["小区门口建垃圾中转站，臭气熏天，苍蝇成群，离我家阳台只有{n}0米。环评公示我们没见过。请求另行选址。", "垃圾站就盖在{e}围墙外{n}0米的地方，夏天不敢开窗，清运车凌晨{k}点轰隆作响。当初选址根本没问过居民。希望搬走或全封闭改造。", "垃圾转运站选址扰民，渗滤液流到路上，{y}年投用至今异味严重。"],
    ["我是退役士兵，{y}年回来安置在{f}，厂子改制后下岗，社保断缴{n}年，接续政策迟迟不落实。请退役军人事务局帮助补缴。", "当兵{k}年，转业到{f}，企业破产后没了饭碗，养老保险中断{n}年。听说有接续补缴的文件，可我跑遍了窗口都说不归自己管。", "反映退役人员保险接续问题，个人档案在企业改制中遗失，{y}年起反复申请。"],
    ["村口高压线从我家屋顶过，下雨天嗡嗡响，电表箱冒过{k}次火花。供电所说迁改要{n}万元自己出。请求消除隐患。", "高压线离我家楼顶不到{n}米，孩子在平台上玩都不敢，雷雨天火星四溅{k}回。要求供电部门免费迁移线路。", "输电线路净空不足，{y}年建房后未按承诺迁改。"],
    ["宅基地批了{n}年还不让建，村里说规划冻结，可村主任的侄子今年{k}月就盖起了三层楼。请查明为什么同村不同待遇。", "我家五口人挤在{k}间危房里，建房申请交了{n}年没批，有关系的人家却一栋接一栋地起。要求公开宅基地审批名单。", "农村建房审批不公开，{y}年至今申请材料无人答复。"],
    ["银行理财经理推荐的产品亏了{n}万，当初说保本，签字是代签的。银行让我去法院。希望金融监管部门调查代签一事。", "存折里的养老钱被客户经理换成了基金，亏掉{n}万多，合同上的名字不是我写的。去网点交涉{k}次都被敷衍。求监管部门查录音录像。", "误导销售，老年人{y}年购买的产品到期不能兑付。"],
]
WHO = ["隔壁老太太", "对门小伙子", "楼长", "社区干部", "村会计", "片区民警", "门卫师傅", "我小舅子", "退休教师", "修车师傅", "街道办的小年轻", "值班经理", "包工头", "热线接线员", "业委会主任", "镇里驻村干部", "收废品的", "快递员"]
DID = ["说过风凉话", "劝我算了", "拍过照片", "写过证明", "答应作证", "留了底单", "拿走了复印件", "让我等通知", "登记在本子上", "当场打了电话", "把材料退回来", "讲不归他管", "送来一张表", "签了字", "带人量过尺寸", "开会时提过"]
WHEN = ["开春那阵", "入梅以后", "中秋前后", "年三十", "上个礼拜三", "五一放假", "立冬那天", "开学头一天", "台风过境", "下大雪时", "双休日", "前年腊月", "国庆长假", "清明扫墓回来"]
ALSO = ["材料一式两份", "录音还在手机里", "照片洗出来了", "票据装在信封里", "身份证复印件附后", "原件在我手上", "门牌看得清楚", "日期写得明白", "证人愿意到场", "监控应当还有"]
ENDS = ["盼复。", "望早日答复。", "请依法处理。", "此致敬礼。", "恳请回音。", "谢谢领导。"]
TO = ["周明远", "林伯年", "韩立群", "钱正阳", "苏州市人民政府", "苏州市信访局"]
CONFUSED = "未末土士日曰己已人入大太天夫干千于干午牛由甲申田目自白百王玉主住往佳车东乐木本术体休刀力九几八入儿几"


class Town:
    def __init__(self, seed, part):
        self.r = random.Random(seed)
        half = len(MATTERS) // 2
        self.matters = {"fit": range(half), "check": range(half, len(MATTERS)), "all": range(len(MATTERS))}[part]

    def person(self):
        return self.r.choice(SURNAMES) + self.r.choice(GIVEN)

    def phone(self):
        return self.r.choice(["138", "139", "150", "158", "186", "189"]) + f"{self.r.randrange(10**8):08}"

    def home(self):
        county, towns = self.r.choice(COUNTIES)
        home = {"county": county, "town": self.r.choice(towns), "n": self.r.randint(1, 60), "u": self.r.randint(1, 4),
                "room": self.r.randint(1, 18) * 100 + self.r.randint(1, 6)}
        home["way"], home["estate"] = (self.r.choice(ESTATES), True) if self.r.random() < 0.6 else (self.r.choice(ROADS), False)
        return home

    def written(self, home):
        head = self.r.choice(["江苏省苏州市", "苏州市", ""]) + home["county"] + self.r.choice([home["town"], ""])
        n, u, room = home["n"], home["u"], home["room"]
        if home["estate"]:
            return head + home["way"] + self.r.choice([f"{n}幢{u}单元{room}室", f"{n}-{u}-{room}", f"{n}号楼{u}单元{room}"])
        return head + home["way"] + self.r.choice([f"{n}号{room}室", f"{n}号{room}"])

    def slots(self):
        r = self.r
        return {"e": r.choice(ESTATES), "f": r.choice(FIRMS), "r": r.choice(ROADS), "n": r.randint(2, 9), "k": r.randint(2, 9), "y": r.randint(2012, 2024)}

    def gossip(self):
        r = self.r
        return f"{r.choice(WHEN)}{r.choice(WHO)}{r.choice(DID)}，{r.choice(ALSO)}。"

    def text(self, matter, wording, slots, gossip):
        return "尊敬的领导：您好！" + MATTERS[matter][wording].format(**slots) + "".join(gossip) + self.r.choice(ENDS)

    def misread(self, text, share):
        def one(c):
            if self.r.random() >= share or c in "，。：！":
                return c
            return self.r.choice(CONFUSED) if self.r.random() < 0.7 else ""
        return "".join(one(c) for c in text)

    def letter(self, at):
        matter = self.r.choice(self.matters)
        letter = {"matter": matter, "wording": self.r.randrange(2), "slots": self.slots(), "gossip": [self.gossip() for _ in range(self.r.randint(1, 4))],
                  "name": self.person(), "home": self.home(), "phone": self.phone() if self.r.random() < 0.7 else "", "case": f"H{at:07}",
                  "to": self.r.choice(TO), "date": f"{self.r.randint(2015, 2024)}-{self.r.randint(1, 12):02}-{self.r.randint(1, 28):02}"}
        return letter

    def row(self, letter, **other):
        row = {"case_number": letter["case"], "name": letter["name"], "address": self.written(letter["home"]), "phone": letter["phone"],
               "date": letter["date"], "addressee": letter["to"],
               "text": self.text(letter["matter"], letter["wording"], letter["slots"], letter["gossip"])}
        return {**row, **other}

    def question(self, old, kind, at):
        """A letter that has to do with an old one in a known way."""
        r, row = self.r, self.row(old, case_number=f"Q{at:05}", date="2026-03-02")
        others = [m for m in self.matters if m != old["matter"]]
        other_words = self.text(old["matter"], 1 - old["wording"], old["slots"], [self.gossip()])
        if kind == "misread":
            row["text"] = self.misread(row["text"], r.choice([0.02, 0.05, 0.08]))
        elif kind == "reworded":
            row["text"] = self.misread(other_words, 0.02)
        elif kind == "moved":
            row.update(text=other_words, address=self.written(self.home()))
        elif kind == "name_misread":
            name = list(old["name"])
            name[r.randrange(1, len(name))] = r.choice(CONFUSED)
            row.update(name="".join(name), text=other_words)
        elif kind == "other_matter":
            row["text"] = self.text(r.choice(others), r.randrange(2), self.slots(), [self.gossip()])
        elif kind == "other_matter_same_place":
            row["text"] = self.text(r.choice(others), r.randrange(2), old["slots"], [self.gossip()])
        elif kind == "other_sender":
            row.update(name=self.person(), address=self.written(self.home()), phone=self.phone(), text=self.misread(row["text"], 0.02))
        elif kind == "namesake":
            row.update(address=self.written(self.home()), phone=self.phone(), text=self.text(r.choice(others), 0, self.slots(), [self.gossip()]))
        elif kind == "copy":
            row.update(addressee=r.choice([t for t in TO if t != old["to"]]), text=self.misread(row["text"], 0.01), date=old["date"])
        elif kind == "new":
            fresh = self.letter(0)
            row = self.row(fresh, case_number=f"Q{at:05}", date="2026-03-02")
        return row


KINDS = ["misread", "reworded", "moved", "name_misread", "other_matter", "other_matter_same_place", "other_sender", "namesake", "copy", "new"]
IS_REPEAT = {"misread", "reworded", "moved", "copy"}


def tell_times(name, times):
    times = sorted(times)
    if times:
        at = lambda share: times[min(int(len(times) * share), len(times) - 1)]
        print(f"{name}_p50 {at(0.5):.1f} ms\n{name}_p95 {at(0.95):.1f} ms\n{name}_max {times[-1]:.1f} ms   ({len(times)})")


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        sys.exit(f"{' '.join(command)}: {done.stderr}")
    return done.stdout


def settings(folder, laixin, at_rest):
    key = os.path.join(folder, "station.key")
    if at_rest and not os.path.exists(key):
        run(laixin, "key", "new", "--to", key)
    with open(os.path.join(folder, "station.toml"), "w", encoding="utf-8") as file:
        file.write('[station]\nname = "x"\ndata_dir = "data"\n[registration]\nroster = "roster.toml"\ndeadlines = "deadlines.toml"\n')
        if at_rest:
            file.write('[at_rest]\nkey_file = "station.key"\n')
    return os.path.join(folder, "station.toml")


def percent(part, whole):
    return 100.0 * part / max(whole, 1)


def main():
    ask = argparse.ArgumentParser()
    ask.add_argument("--laixin", required=True)
    ask.add_argument("--n", type=int, default=100_000)
    ask.add_argument("--asked", type=int, default=1000)
    ask.add_argument("--seed", type=int, default=7)
    ask.add_argument("--part", choices=["fit", "check", "all"], default="check")
    ask.add_argument("--signs", help="writes what each question came to")
    ask.add_argument("--at-rest", action="store_true", help="in an encrypted database")
    ask.add_argument("--keep", help="folder of the database, to be used again")
    args = ask.parse_args()
    town = Town(args.seed, args.part)
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.keep or temporary
        os.makedirs(folder, exist_ok=True)
        config = settings(folder, args.laixin, args.at_rest)
        letters = [town.letter(at) for at in range(args.n)]
        earlier = os.path.join(folder, "earlier.jsonl")
        with open(earlier, "w", encoding="utf-8") as file:
            for letter in letters:
                file.write(json.dumps(town.row(letter), ensure_ascii=False) + "\n")
        questions = []
        for at in range(args.asked):
            old, kind = town.r.choice(letters), KINDS[at % len(KINDS)]
            if kind == "moved":
                while not old["phone"]:
                    old = town.r.choice(letters)
            questions.append((kind, old["case"], town.question(old, kind, at)))
        asked = os.path.join(folder, "asked.jsonl")
        with open(asked, "w", encoding="utf-8") as file:
            for _, _, row in questions:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
        started = time.monotonic()
        importing = [args.laixin, "history", "import", earlier, "--config", config]
        run(*importing)
        print(f"history.import {args.n / (time.monotonic() - started):.0f} records/s")
        answers = [json.loads(line) for line in run(args.laixin, "history", "compare", asked, "--json", "--config", config).splitlines()]
        size = os.path.getsize(os.path.join(folder, "data", "station.sqlite3"))
    tell(args, questions, answers, size)


def tell(args, questions, answers, size):
    print(f"history.size {size / 2**20 / max(args.n, 1) * 1e5:.0f} MiB/100000")
    print(f"history.first_answer {answers[0]['ms']:.1f} ms")
    tell_times("history.answer", [answer["ms"] for answer in answers[1:]])
    shown, repeat, linked, count = ({kind: 0 for kind in KINDS} for _ in range(4))
    as_what = {kind: {} for kind in KINDS}
    for (kind, case, _), answer in zip(questions, answers):
        found = answer["repeat"]
        count[kind] += 1
        repeat[kind] += found["relation"] == "repeat"
        linked[kind] += found["of"] == case
        one = next((c for c in found.get("candidates", []) if c["of"] == case), None)
        shown[kind] += one is not None
        word = one["is"] if one else "not shown"
        as_what[kind][word] = as_what[kind].get(word, 0) + 1
    for kind in KINDS:
        print(f"history.{kind}.proposed_repeat {percent(repeat[kind], count[kind]):.1f} %   ({count[kind]} asked; " + ", ".join(f"{w} {n}" for w, n in sorted(as_what[kind].items(), key=lambda x: -x[1])) + ")")
    true = sum(repeat[k] for k in IS_REPEAT)
    false = sum(repeat[k] for k in KINDS if k not in IS_REPEAT and k != "name_misread")
    print(f"history.repeat_recall {percent(true, sum(count[k] for k in IS_REPEAT)):.1f} %")
    print(f"history.repeat_precision {percent(true, true + false):.1f} %")
    print(f"history.linked_to_the_right_one {percent(sum(linked[k] for k in IS_REPEAT), true):.1f} %")
    if args.signs:
        with open(args.signs, "w", encoding="utf-8") as file:
            for (kind, case, row), answer in zip(questions, answers):
                file.write(json.dumps({"kind": kind, "case": case, "repeat": answer["repeat"]}, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
