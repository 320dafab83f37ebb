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
from tests.unit.router.shipped_config import TAXONOMY

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
]

NEAR_MISSES = [
    "充电器发烫，差点着火",
    "这个设计容易触电，请召回",
    "电池鼓包，有爆炸的危险",
    "高速上刹车失灵，差一点追尾",
    "The toaster could have caught fire",
    "The wiring is a fire hazard",
    "We were almost hit; the brakes failed on the highway",
]


@pytest.mark.parametrize("text", MUST_TRIP)
def test_danger_is_critical_and_comes_first(text: str) -> None:
    decided = classify(Narrative(text=text), TAXONOMY)
    assert (decided.severity, decided.priority, decided.safety) == (Severity.CRITICAL, 0, True)
    assert decided.evidence, "a danger names the term that signals it"


@pytest.mark.parametrize("text", MUST_NOT_TRIP)
def test_a_danger_denied_or_supposed_is_no_danger(text: str) -> None:
    decided = classify(Narrative(text=text), TAXONOMY)
    assert decided.severity != Severity.CRITICAL
    assert not decided.safety


@pytest.mark.parametrize("text", NEAR_MISSES)
def test_a_near_miss_is_urgent_though_nobody_was_harmed(text: str) -> None:
    decided = classify(Narrative(text=text), TAXONOMY)
    assert (decided.severity, decided.priority, decided.safety) == (Severity.HIGH, 1, True)


@pytest.mark.parametrize(
    "text", ["没有受伤。后来孩子又被烫伤了", "No one was hurt at first. Later my son was injured."]
)
def test_one_occurrence_that_is_not_taken_back_is_enough(text: str) -> None:
    assert classify(Narrative(text=text), TAXONOMY).priority == 0


def test_the_subject_line_counts() -> None:
    assert classify(Narrative(text="详见附件", subject="热水器爆炸"), TAXONOMY).priority == 0


@given(
    before=st.text("他说今天的货，。 abc,.", max_size=60),
    after=st.text("请尽快处理，。 xyz,.", max_size=60),
    danger=st.sampled_from(
        ["。热水器爆炸了。", ". The heater exploded. ", "。孩子烫伤了。", ". We got food poisoning. "]
    ),
)
def test_danger_is_found_wherever_it_stands(before: str, after: str, danger: str) -> None:
    assert classify(Narrative(text=before + danger + after), TAXONOMY).priority == 0


def test_danger_is_found_at_the_end_of_the_longest_text() -> None:
    text = "客服态度差，" * 3_320 + "。孩子被烫伤了"
    assert classify(Narrative(text=text), TAXONOMY).priority == 0
