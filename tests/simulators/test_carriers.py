"""The carriers: waybills, parcels that move, and those who follow them."""

import httpx
import pytest

from steelyard.simulators import carriers
from steelyard.simulators.carriers.yard import new_number, s10_check_digit
from tests.simulators.world import HOOK, Simulated, settings_in, simulate

STAGES = ["accepted", "picked_up", "in_transit", "arrived", "out_for_delivery", "delivered"]


async def waybill(yard: Simulated, /, reference: str = "parcel-1", **changes: object) -> httpx.Response:
    asked = {
        "reference": reference,
        "carrier": "simpost",
        "from": {"name": "茶叶铺", "phone": "13800000000", "city": "杭州", "street": "<龙井路> 1 号"},
        "to": {"name": "Ada Example", "country": "GB", "city": "London", "postcode": "N1"},
        "weight_grams": 1250,
        "webhook_url": HOOK,
        **changes,
    }
    return await yard.http.post("/v1/waybills", json=asked)


async def advance(carrier: Simulated, path: str, to: str | None = None) -> httpx.Response:
    return await carrier.http.post(f"/v1/trackings/{path}/advance", json={"to": to} if to else {})


def test_numbers_of_the_post_have_the_check_digit_of_the_standard() -> None:
    # The example of UPU standard S10: RR 473124829 GB has serial 47312482 and check digit 9.
    assert s10_check_digit("47312482") == 9
    number = new_number("simpost")
    assert (len(number), number[:2], number[-2:]) == (13, "SP", "CN")
    assert int(number[10]) == s10_check_digit(number[2:10])


async def test_a_waybill_asked_for_twice_is_one_parcel(carrier: Simulated) -> None:
    first = await waybill(carrier)
    again = await waybill(carrier)
    other = await waybill(carrier, weight_grams=1)

    assert first.status_code == 201
    assert again.content == first.content
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    label = await carrier.browser.get(first.json()["label_url"].removeprefix("http://127.0.0.1:8102") + "?lang=en")
    assert first.json()["number"] in label.text
    assert "&lt;龙井路&gt; 1 号" in label.text
    assert "1.25 kg" in label.text


async def test_a_parcel_moves_one_stage_at_a_time_and_tells_of_each(carrier: Simulated) -> None:
    made = (await waybill(carrier)).json()
    for _ in range(8):
        await carrier.after(10)

    tracking = (await carrier.http.get(f"/v1/trackings/{made['carrier']}/{made['number']}")).json()
    assert tracking["status"] == "delivered"
    assert [event["code"] for event in tracking["events"]] == STAGES
    assert [event["place"] for event in tracking["events"]][:2] == ["杭州", "杭州"]
    assert tracking["events"][-1]["place"] == "London"
    assert tracking["events"][-1]["text_zh"] == "已签收"
    assert set(carrier.shop.types) == {"tracking.updated"}
    assert [webhook.data["status"] for webhook in carrier.shop.got] == STAGES
    assert carrier.shop.got[-1].data == tracking


async def test_what_is_collected_at_doors_is_paid_on_by_a_file(carrier: Simulated) -> None:
    made = (await waybill(carrier, reference="S-7K3M9", collect=True)).json()
    cash = {"amount": 12_345, "currency": "CNY"}
    await carrier.http.post("/v1/trackings", json={**made, "webhook_url": HOOK, "cash": cash})
    for _ in range(8):
        await carrier.after(10)
    events = (await carrier.http.get(f"/v1/trackings/{made['carrier']}/{made['number']}")).json()["events"]
    day = events[-1]["at"][:10]

    told = (await carrier.http.get(f"/v1/remittances/{made['carrier']}/{day}.csv")).text.split()

    assert told[0] == "time,number,order,amount,currency,fee"
    assert told[1].split(",")[1:] == [made["number"], "S-7K3M9", "123.45", "CNY", "1.23"]
    assert (await carrier.http.get(f"/v1/remittances/{made['carrier']}/2999-01-01.csv")).status_code == 404


async def test_a_number_that_was_typed_in_becomes_a_parcel_and_is_told_to_all_who_follow(carrier: Simulated) -> None:
    asked = {"carrier": "simex", "number": "SF-123456", "webhook_url": HOOK}
    other = {**asked, "webhook_url": "http://other.test/hook"}
    assert (await carrier.http.get("/v1/trackings/simex/SF-123456")).status_code == 404
    first = await carrier.http.post("/v1/trackings", json=asked)
    assert (first.status_code, first.json()["status"]) == (201, "accepted")
    await carrier.http.post("/v1/trackings", json=asked)
    await carrier.http.post("/v1/trackings", json=other)

    await carrier.after(10)
    assert [(webhook.url, webhook.data["status"]) for webhook in carrier.shop.got] == [
        (HOOK, "accepted"),
        (HOOK, "picked_up"),
        ("http://other.test/hook", "picked_up"),
    ]


async def test_a_parcel_is_moved_at_once_but_never_back(carrier: Simulated) -> None:
    made = (await waybill(carrier)).json()
    path = f"{made['carrier']}/{made['number']}"

    moved = (await advance(carrier, path, "arrived")).json()
    assert [event["code"] for event in moved["events"]] == STAGES[:4]
    assert (await advance(carrier, path, "arrived")).json() == moved, "where it is already, it stays"
    back = await advance(carrier, path, "picked_up")
    assert (back.status_code, back.json()["code"]) == (409, "parcel_is_further")
    assert (await advance(carrier, path)).json()["status"] == "out_for_delivery"
    assert (await advance(carrier, path, "delivered")).json()["status"] == "delivered"
    ended = await advance(carrier, path, "exception")
    assert (ended.status_code, ended.json()["code"]) == (409, "parcel_delivered")
    assert (await advance(carrier, path, "lost")).status_code == 400
    await carrier.run_due()
    assert [webhook.data["status"] for webhook in carrier.shop.got] == STAGES


async def test_a_parcel_with_a_problem_waits_until_it_is_moved_on(carrier: Simulated) -> None:
    made = (await waybill(carrier)).json()
    path = f"{made['carrier']}/{made['number']}"
    await advance(carrier, path, "in_transit")
    await advance(carrier, path, "exception")
    await carrier.after(1000)

    tracking = (await carrier.http.get(f"/v1/trackings/{path}")).json()
    assert [event["code"] for event in tracking["events"]] == [*STAGES[:3], "exception"]
    assert (await advance(carrier, path)).json()["status"] == "arrived"
    await carrier.after(10)
    assert (await carrier.http.get(f"/v1/trackings/{path}")).json()["status"] == "out_for_delivery"


async def test_parcels_go_on_after_a_restart_and_stand_still_at_speed_zero(tmp_path) -> None:
    first = simulate(carriers, settings_in(tmp_path, stage_seconds=10))
    made = (await waybill(first)).json()
    path = f"{made['carrier']}/{made['number']}"
    await first.close()

    second = simulate(carriers, settings_in(tmp_path, stage_seconds=0), first.clock)
    await second.after(10)
    await second.after(100)
    assert (await second.http.get(f"/v1/trackings/{path}")).json()["status"] == "picked_up"
    await second.close()


async def test_the_page_lists_parcels_and_its_buttons_move_them(carrier: Simulated) -> None:
    made = (await waybill(carrier)).json()
    path = f"/parcels/{made['carrier']}/{made['number']}"
    for button in ({}, {"to": "delivered"}, {"to": "delivered"}, {}):
        assert (await carrier.browser.post(path, data=button)).status_code == 303
    assert made["number"] in (await carrier.browser.get("/?lang=en")).text
    page = (await carrier.browser.get(f"{path}?lang=en")).text
    assert page.count("<time") == len(STAGES)
    assert "Deliver now" not in page


@pytest.mark.parametrize("wrong", [{"carrier": "other"}, {"weight_grams": 0}, {"to": {}}, {"reference": "a/b"}])
async def test_a_malformed_waybill_is_refused(carrier: Simulated, wrong: dict) -> None:
    assert (await waybill(carrier, **wrong)).status_code == 400
    assert (await carrier.browser.post("/v1/waybills", json={})).status_code == 401
