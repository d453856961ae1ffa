"""Letters as text alone, to fit how sure a purpose is: every wording of every matter of a bank, its thanks, questions, proposals and accusations, and complaints with one of them beside.

Usage: purposes.py --bank BANK.json --seed N --out FOLDER
Writes ID.json files that `laixin evaluate FOLDER --truth-text --roster config/roster.toml --signs FILE` registers; every second letter has characters misread. What a
letter wants does not hang on how it is laid out, so no page is drawn; the wordings are what there is too little of, and all of them are used.
"""

import argparse
import itertools
import json
import os
import random
import re

CONFUSED = "未末土士曰日己已人入大太天夫干千于午牛由甲申田目自白百王玉主住往佳车东乐木本术体休刀力九几八入儿几"
MISREAD = 0.03
OTHERS = {"accuse": "检举控告", "thanks": "感谢", "consult": "咨询", "suggest": "意见建议"}


class Filled(dict):
    def __missing__(self, _):
        return "三"


def main():
    ask = argparse.ArgumentParser()
    ask.add_argument("--bank", required=True)
    ask.add_argument("--seed", type=int, required=True)
    ask.add_argument("--out", required=True)
    asked = ask.parse_args()
    chance = random.Random(asked.seed)
    with open(asked.bank, encoding="utf-8") as file:
        bank = json.load(file)
    os.makedirs(asked.out, exist_ok=True)
    made = 0

    def filled(text):
        slots = Filled(name="汪小满", age="六十二岁", addr="河东区柳林路3号", y=chance.randint(2012, 2024), n=chance.randint(2, 9), m=chance.randint(2, 9), k=chance.randint(2, 9),
                       org="村委会", accused="段国平", staff="李明", estate="柳林新村", t="道路破损")
        return re.sub(r"\{[^{}]*\}", "三", text.format_map(slots))

    def misread(text):
        return "".join(chance.choice(CONFUSED) if c not in "，。！？：；" and chance.random() < MISREAD else c for c in text)

    def put(purpose, scenario, body):
        nonlocal made
        made += 1
        text = [(filled(chance.choice(bank["open"]).replace("{to}", "霍市长")), "salutation"), (chance.choice(bank["greet"]), "body")]
        text += [(filled(part), "body") for part in body] + [("此致", "close"), ("敬礼", "close_l"), ("来信人：汪小满", "signature"), ("2025年3月4日", "date")]
        if made % 2 == 0:
            text = [(misread(part), role) for part, role in text]
        name = f"{bank['name']}{made:05}"
        truth = {"id": name, "scenario": scenario, "lines": [{"text": part, "role": role} for part, role in text if part],
                 "fields": {"sender_name": {"value": "汪小满"}, "anonymous": {"value": False, "reason": None}, "joint": {"is_joint": False, "count": 1}, "purpose": purpose, "flags": {}}}
        with open(os.path.join(asked.out, f"{name}.json"), "w", encoding="utf-8") as file:
            json.dump(truth, file, ensure_ascii=False)

    for at, matter in enumerate(bank["matters"]):
        for parts in itertools.product(*matter["s"]):
            for request in matter["r"]:
                put("投诉请求", f"matter{at}", [chance.choice(bank["selfintro"]), *parts, request])
        # Who complains may thank, ask or propose something beside it; who proposes may tell first what is wrong.
        told = [chance.choice(parts) for parts in matter["s"]]
        for key in ("thanks", "consult", "suggest"):
            put("投诉请求", f"beside-{key}{at}", [chance.choice(bank["selfintro"]), *told, chance.choice(bank[key]), chance.choice(matter["r"])])
        put("意见建议", f"after{at}", [chance.choice(bank["selfintro"]), told[0], *bank["suggest"]])
    for key, purpose in OTHERS.items():
        for intro in bank["selfintro"] * 2:
            put(purpose, key, [intro, *bank[key]])
            put(purpose, key, [*bank[key]])
            for part in bank[key]:
                put(purpose, key, [intro, part])


if __name__ == "__main__":
    main()
