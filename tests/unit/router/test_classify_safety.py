"""Danger comes first: what must be recognised as a danger to life or health, and what must not.

The lists are the promise. A miss is worse than a false alarm, so a new miss goes into MUST_TRIP before it is mended.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.router.domain.classify import classify
from shared.events.complaint import Narrative
from shared.events.decisions import Severity
from tests.unit.router.shipped_config import COMPILED

MUST_TRIP = [
    # injury
    "孩子被你们的玩具割破手指，缝了五针",
    "保温杯漏水，把我的手烫伤了",
    "扶手突然断裂，老人摔下来骨折",
    "商家没有对我烫伤的事负责",
    "没人管，我受伤了",
    "服务员不小心把汤泼到客人身上，客人被烫伤",
    "不能说没有受伤，手上缝了三针",
    "快递员动手打人，我被打伤住院",
    "没有贴小心烫伤的标识，导致孩子烫伤",
    "担心留疤，因为脸已经被面膜烧伤了",
    "并不是没有受伤，只是当时没去医院",
    "My son was injured when the high chair collapsed",
    "The blender lid came off and I burned my hand",
    "She needed stitches after the glass shattered",
    "No warning label anywhere, and my daughter was injured.",
    "The ladder folded and I ended up in the emergency room",
    "It is not true that nobody was hurt: my father broke his hip, a hip fracture",
    "He was taken to hospital by ambulance",
    # poisoning
    "吃了你们家的盒饭，全家上吐下泻",
    "疑似食物中毒，三个同事都进医院了",
    "可能食物中毒了，正在打点滴",
    "喝完这个牛奶孩子一直拉肚子",
    "We all got food poisoning after the buffet",
    "The salad made me sick, I was vomiting all night",
    # fire, explosion, gas
    "电动车充电时起火，烧了半个阳台",
    "充电宝在书包里爆炸了",
    "插座冒烟，吓得我赶紧拉闸",
    "师傅装完燃气灶后煤气泄漏",
    "怕再出事，因为昨天洗衣机已经起火了",
    "幸好没有人受伤，但是热水器爆炸把厨房炸了",
    "The dryer caught fire while we were asleep",
    "My phone exploded on the nightstand",
    "Nobody was hurt but the heater burst into flames",
    "There is a gas leak after your technician left",
    # electric shock
    "洗澡的时候热水器漏电，我被电了一下",
    "小孩摸到饮水机触电",
    "I got an electric shock from the kettle",
    "The lamp gave me a shock when I touched the switch",
    # self-harm: a condition is a threat
    "再不退款我就从你们楼上跳下去，跳楼给你们看",
    "被你们催收逼得不想活了",
    "如果今天不解决，我就自杀",
    "I cannot take it anymore, I want to kill myself",
    "If you do not return my money I will end my life",
    "My mother is suicidal because of your collectors",
    # said as unexpected, not as denied
    "没想到着火了",
    "没想到触电了",
    "孩子喝汤时没想到被烫伤了",
    "谁也没有想到会爆炸，玻璃飞了一屋子",
    "没料到热水袋爆裂，大腿烫伤",
    # a plea after the fact, not a hypothesis
    "热水器爆炸了怎么办",
    "孩子喝了你们的牛奶中毒了怎么办",
    "用了你们的面膜烂脸了怎么办？",
    "请问孩子被你们的水壶烫伤了怎么办",
    "充电的时候手机炸了怎么办",
    "宝宝被热水烫伤怎么办，你们客服一直不回",
    "能不能先赔我烫伤的医药费",
    "如果不赔偿孩子烫伤的医药费，我就去曝光",
    "If you do not pay for the burn injuries I will go to the press",
    "I do not know if you understand how badly my son was injured",
    # other words around the same characters
    "消防部门认定火灾由你们的电热毯引起",
    "消防员到场认定起火原因是充电器",
    "防盗门夹伤手指",
    "防滑垫不防滑摔伤",
    "防晒霜用了全身过敏",
    "国防路门店的电梯夹伤老人",
    "我很小心还是被烫伤",
    "小心翼翼倒水还是烫伤了手",
    "等到送医已经晚了",
    "等到消防车来的时候已经烧毁了两间房",
    "不是担心，是真的触电了",
    "哪怕孩子烫伤了你们也不管",
    "如果不是热水器爆炸，我也不会住院",
    "未能防止起火，自动断电根本没用",
    "被打断了两根肋骨，报警了",
    "烫伤可能会留疤，请你们负责",
    "会不会是因为漏电才触电的",
    "怎么会没有人受伤，我手上缝了三针",
    # somebody else denies it
    "商家否认食物中毒跟他们有关",
    "医生说不排除食物中毒",
    "They denied the injury and hung up on me",
    "孩子烫伤：没有人来看望",
    "Injury: no one ever called me back",
    # died
    "热水器把人电死了",
    "工人洗澡时在浴室电死了",
    "她差点死亡，在ICU抢救三天",
    "被电死的是我父亲",
    # before, until, when, after: a story in the past
    "It ran for ten minutes before it caught fire",
    "The charger worked fine until it caught fire",
    "I used the heater twice before it exploded",
    "We had it three days before this exploded on the counter",
    "You did nothing until a child was burned",
    "I was scared when it exploded",
    "My kids are terrified after the stove exploded",
    "We are still scared by the explosion",
    "I was waiting for a technician when the outlet caught fire",
    "They would not help my injured son",
    "I could see flames coming out of the dishwasher",
    "The cutoff failed to prevent the fire",
    # a denial of something else
    "The defect was not reported and caused a fire",
    "The store never reported the fire",
    "We had a kitchen fire. Your heater was on",
    "Nothing but trouble: injury. Attorney says to write to you",
    "I did not cause the fire, your heater did",
    "I would not buy it again after it burned my son",
    "I got nothing from them and burned my hand again",
    # not a figure of speech
    "my son was burned by this heater",
    "My daughter was hurt by your stroller when it folded",
    "She got hurt because of the broken step",
    "My hand was burned before I could let go",
    # traditional characters
    "產品著火了，我兒子燒傷送醫",
    "熱水器爆炸，把廚房炸開了",
    "喝了你們的牛奶，孩子上吐下瀉",
    "沒想到觸電了",
    # English words in Chinese sentences, and other neighbours of a word
    "吃了你们的外卖，我爸现在在ICU里躺着",
    "老人住进ICU了",
    "手机explode了",
    "烤箱突然on fire，吓死人",
    "the battery_exploded_in my pocket",
    "The fire's damage is everywhere",
]

MUST_NOT_TRIP = [
    # denied
    "椅子塌了，幸好没有受伤",
    "没有人受伤，但是要求换货",
    "未造成人员伤亡，只是外壳坏了",
    "没有发生火灾或爆炸，就是不制冷",
    "人没受伤，手机屏幕碎了",
    "所幸无人受伤，要求赔偿车损",
    "没有引起中毒，只是味道怪",
    "不是食物中毒，就是口味不对",
    "目前没有造成人员受伤和死亡",
    "人员伤亡情况：无",
    "我没有想自杀，只是生气",
    "nobody was hurt, but I want a refund",
    "There were no injuries, the shelf is just bent",
    "Luckily no one was injured",
    "It did not catch fire, it just stopped working",
    "No fire, no crash, no injuries or deaths were reported",
    "Thankfully we were not hurt",
    "I wasn't injured but the chair is broken",
    "The chair broke without causing any injury",
    "I am not suicidal, just angry about the fee",
    "Injuries: none",
    # feared, warned of, supposed
    "这个插头很热，怕着火，能不能换一个",
    "担心孩子触电，想退货",
    "万一爆炸怎么办，请告诉我怎么处理",
    "如果着火谁负责，请解释条款",
    "说明书写着小心烫伤，我想要退换",
    "要防止触电，请派人来检查接线",
    "会不会中毒，包装上没写成分",
    "I am afraid it will catch fire, please replace it",
    "Worried about fire, I unplugged it and want a refund",
    "What if someone gets hurt? Please send a new screw.",
    "In case of fire, who pays under this policy?",
    # other meanings
    "灭火器过期了，要求更换",
    "活动太火爆，订单爆炸，发货太慢",
    "天冷车子打不着火，经销商不给修",
    "买的跳楼机门票不能退",
    "商家被打假，我的订单也被取消",
    "意外伤害险的保费多扣了一次",
    "This hurt my credit score and the late fee is wrong",
    "To add insult to injury, they charged me twice",
    "The Fire TV stick never arrived",
    "Your app crashes whenever I open my order",
    "I was shocked when I saw the bill",
    "A personal injury lawyer called me after you sold my number",
    # denied, among the words of those above
    "没有想到会这么贵，幸好没有受伤",
    "没想过自杀，只是说气话",
    "已经排除食物中毒，只是想退货",
    "目前无人受伤、死亡",
    "受伤人数：0人",
    "受伤：无",
    "手机没有explode，就是电池不耐用",
    "椅子塌了，幸好沒有受傷",
    "擔心孩子觸電，想退貨",
    "幸好没进ICU，只要求退款",
    "There was no fire and no smoke, only a strange noise",
    "No fire or injuries, it just would not heat",
    "No smoke and fire, it simply stopped",
    "We did not have any reported injuries",
    "Injuries: none reported",
    "Nobody has been hurt by it so far",
    # feared, warned of, supposed, among the words of those above
    "万一炸了怎么办，能不能先换一个",
    "要是着火了怎么办，你们负责吗",
    "如果孩子中毒的话谁负责",
    "这个插座会不会触电，请回复",
    "难道要等到着火才处理吗",
    "别等到着火才来修",
    "请小心烫伤的标签掉了，要求换货",
    "防触电插座买回来是坏的",
    "防烫伤手套少发了一只",
    "怕烫伤，一直没敢用",
    "装防护栏是为了避免孩子摔伤，你们却不发货",
    "Please do something before someone gets injured",
    "I am afraid of a fire and want my money back",
    "If there is a fire, who is responsible?",
    "We are scared of an explosion, please collect it",
    "This cover is meant to prevent injuries but it never arrived",
    "I unplugged it to avoid electric shock",
    # other meanings, among the words of those above
    "消防栓的门牌没寄到",
    "防盗门的锁打不开",
    "笑死我了，这也叫客服",
    "I got burned by this company before they changed the fee",
    "I am being hurt financially by these fees",
    "All of us were burned by them, the interest doubled",
]

NEAR_MISSES = [
    "充电器发烫，差点着火",
    "这个设计容易触电，请召回",
    "电池鼓包，有爆炸的危险",
    "高速上刹车失灵，差一点追尾",
    "The toaster could have caught fire",
    "The wiring is a fire hazard",
    "We were almost hit; the brakes failed on the highway",
    "老人说没想到这么容易触电",
    "这样用下去随时会爆炸怎么办",
    "插座有漏电的可能，请派人来",
    "Please replace it before it catches fire",
    "Must I wait until it explodes?",
    "This heater almost killed me",
    "Gas smell in the kitchen, it could explode",
    "电梯突然下坠，幸好没受伤",
]


@pytest.mark.parametrize("text", MUST_TRIP)
def test_danger_is_critical_and_comes_first(text: str) -> None:
    decided = classify(Narrative(text=text), COMPILED)
    assert (decided.severity, decided.priority, decided.safety) == (Severity.CRITICAL, 0, True)
    assert decided.evidence, "a danger names the term that signals it"


@pytest.mark.parametrize("text", MUST_NOT_TRIP)
def test_a_danger_denied_or_supposed_is_no_danger(text: str) -> None:
    decided = classify(Narrative(text=text), COMPILED)
    assert decided.severity != Severity.CRITICAL
    assert not decided.safety


@pytest.mark.parametrize("text", NEAR_MISSES)
def test_a_near_miss_is_urgent_though_nobody_was_harmed(text: str) -> None:
    decided = classify(Narrative(text=text), COMPILED)
    assert (decided.severity, decided.priority, decided.safety) == (Severity.HIGH, 1, True)


@pytest.mark.parametrize(
    "text", ["没有受伤。后来孩子又被烫伤了", "No one was hurt at first. Later my son was injured."]
)
def test_one_occurrence_that_is_not_taken_back_is_enough(text: str) -> None:
    assert classify(Narrative(text=text), COMPILED).priority == 0


def test_the_subject_line_counts() -> None:
    assert classify(Narrative(text="详见附件", subject="热水器爆炸"), COMPILED).priority == 0


@given(
    before=st.text("他说今天的货，。 abc,.", max_size=60),
    after=st.text("请尽快处理，。 xyz,.", max_size=60),
    danger=st.sampled_from(
        ["。热水器爆炸了。", ". The heater exploded. ", "。孩子烫伤了。", ". We got food poisoning. "]
    ),
)
def test_danger_is_found_wherever_it_stands(before: str, after: str, danger: str) -> None:
    assert classify(Narrative(text=before + danger + after), COMPILED).priority == 0


def test_danger_is_found_at_the_end_of_the_longest_text() -> None:
    text = "客服态度差，" * 3_320 + "。孩子被烫伤了"
    assert classify(Narrative(text=text), COMPILED).priority == 0
