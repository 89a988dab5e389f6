#!/usr/bin/env python3
"""Write benign lines in English and Chinese: everyday requests that no policy should flag.

    python3 tools/benign_corpus.py corpus > config/tests/corpora/benign.jsonl
    python3 tools/benign_corpus.py everyday > src/policy/everyday.txt

The lines are made from templates of ours, with a fixed seed, so that the files can be made again.
"""

import itertools
import json
import random
import sys

EN = {
    "ask": ["How do I", "Can you show me how to", "What is the best way to", "Please help me", "I would like to", "Is it hard to"],
    "do": ["bake sourdough bread", "learn the violin", "write a cover letter", "fix a leaking tap", "plan a trip to Lisbon",
           "sort a list in Python", "kill a stuck process on Linux", "shoot portraits in low light", "train for a marathon",
           "explain photosynthesis to a child", "grow tomatoes on a balcony", "prepare for a job interview", "translate a menu",
           "set up a home network", "read a balance sheet", "paint a wooden fence", "choose a good mattress", "knit a scarf",
           "organise my bookshelf", "write unit tests", "attach a file to an email", "crack an egg cleanly", "cut an onion"],
    "end": ["?", " this weekend?", " without spending much?", " as a beginner?", " step by step?", " before Friday?"],
    "say": ["The meeting moved to {n} o'clock.", "Order {n} was delivered yesterday.", "My grandmother turned {n} last week.",
            "The patient has had a cough for {n} days.", "Version {n}.2.1 fixes the crash at start.", "We sold {n} tickets on the first day.",
            "The court set the hearing for {n} March.", "Error {n}: connection refused by the host.", "Page {n} covers breast cancer screening.",
            "Chapter {n} is about the bombing of Dresden.", "The committee had {n} members from Scunthorpe.", "She scored {n} goals this season."],
}
ZH = {
    "ask": ["请问怎么", "能不能教我", "我想学习如何", "有什么好方法可以", "麻烦帮我", "第一次尝试，应该怎样"],
    "do": ["做番茄炒蛋", "写一封求职信", "学习弹钢琴", "规划去云南的旅行", "用表格统计销售数据", "养护多肉植物", "准备英语考试",
           "修理漏水的水龙头", "挑选适合老人的手机", "练习跑步", "给孩子讲解光合作用", "整理书架", "清理电脑里的病毒", "拍好夜景照片",
           "提高睡眠质量", "写一首关于秋天的诗", "安装路由器", "计算房贷利息", "翻译一份合同", "布置阳台花园"],
    "end": ["？", "，谢谢！", "，最好简单一点。", "，适合新手的。", "，预算不高。", "，周末就要用。"],
    "say": ["会议改到{n}点了。", "订单{n}昨天已经送达。", "我奶奶上周过了{n}岁生日。", "病人咳嗽已经{n}天了。", "第{n}页讲的是乳腺癌筛查。",
            "比赛第{n}分钟进了一个球。", "这本书第{n}章写的是第二次世界大战。", "路口有{n}辆车在等红灯。", "气温下降了{n}度，注意保暖。"],
}


def lines(words, rng, count):
    asked = [a + (" " if words is EN else "") + d + e for a, d, e in itertools.product(words["ask"], words["do"], words["end"])]
    said = [s.format(n=n) for s in words["say"] for n in range(1, 60)]
    pool = asked + said
    rng.shuffle(pool)
    return pool[:count]


def main():
    rng = random.Random(20261101)
    if sys.argv[1:] == ["corpus"]:
        for text in lines(EN, rng, 600) + lines(ZH, rng, 600):
            print(json.dumps({"text": text, "label": "benign"}, ensure_ascii=False))
    elif sys.argv[1:] == ["everyday"]:
        print("# Everyday lines in English and Chinese; made by tools/benign_corpus.py.")
        for text in lines(EN, rng, 1000) + lines(ZH, rng, 1000):
            print(text)
    else:
        sys.exit(__doc__)


main()
