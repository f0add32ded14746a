"""What an agent sends to buy, and what every answer must keep to."""

from typing import Any
from uuid import UUID

from ucp_sdk.models.schemas.shopping import cart, checkout, fulfillment, order
from ucp_sdk.models.schemas.ucp import ResponseCheckoutSchema

DESTINATION = {
    "id": "home",
    "type": "shipping_address",
    "first_name": "Na",
    "last_name": "Li",
    "phone_number": "+8613800000000",
    "address_country": "CN",
    "address_region": "上海市",
    "address_locality": "上海市",
    "street_address": "南京西路 1 号",
    "postal_code": "200040",
}
BUYER = {"first_name": "Na", "last_name": "Li", "email": "lina@example.com"}


def lines(*wanted: tuple[UUID, int]) -> list[dict[str, Any]]:
    return [{"item": {"id": str(sku_id)}, "quantity": quantity} for sku_id, quantity in wanted]


def methods(option: UUID | None = None, **changes: Any) -> dict[str, Any]:
    """One method, as on create: it names no lines, so it is meant for all."""
    method: dict[str, Any] = {
        "type": "shipping",
        "destinations": [{**DESTINATION, **changes}],
        "selected_destination_id": "home",
    }
    if option:
        method["groups"] = [{"selected_option_id": str(option)}]
    return {"methods": [method]}


def purchase(*wanted: tuple[UUID, int], **changes: Any) -> dict[str, Any]:
    return {"line_items": lines(*wanted), "buyer": BUYER, "fulfillment": methods(), **changes}


def payment(token: str = "tok_approve") -> dict[str, Any]:
    credential = {"type": "token", "token": token}
    return {
        "payment": {"instruments": [{"id": "pi_1", "handler_id": "simpay", "type": "card", "credential": credential}]}
    }


def assert_checkout(said: dict[str, Any]) -> dict[str, Any]:
    """A checkout that keeps to the protocol's models and to what they do not check."""
    fulfillment.Checkout.model_validate(said)
    checkout.Checkout.model_validate(said)
    ResponseCheckoutSchema.model_validate(said["ucp"])
    assert_totals(said["totals"])
    for line in said["line_items"]:
        assert_totals(line["totals"])
    assert sum(total_of(line, "subtotal") for line in said["line_items"]) == total_of(said, "subtotal")
    match said["status"]:
        case "completed":
            assert said["order"]["id"]
            assert "continue_url" not in said
        case "canceled":
            assert "continue_url" not in said
        case "incomplete":
            assert any(message["type"] == "error" for message in said["messages"])
        case "requires_escalation":
            severities = {message.get("severity") for message in said["messages"]}
            assert severities & {"requires_buyer_input", "requires_buyer_review"}
    if said["status"] not in ("completed", "canceled"):
        assert said["continue_url"].startswith("http")
    for method in said.get("fulfillment", {}).get("methods", []):
        assert len(method["groups"]) <= 1
        ids = [destination["id"] for destination in method["destinations"]]
        if "selected_destination_id" in method:
            assert ids.count(method["selected_destination_id"]) == 1
    assert "credential" not in str(said)
    return said


def assert_cart(said: dict[str, Any]) -> dict[str, Any]:
    cart.Cart.model_validate(said)
    assert_totals(said["totals"])
    return said


def assert_order(said: dict[str, Any]) -> dict[str, Any]:
    order.Order.model_validate(said)
    assert_totals(said["totals"])
    known = {line["id"] for line in said["line_items"]}
    promised = said["fulfillment"]["expectations"] + said["fulfillment"]["events"]
    for part in promised:
        assert {line["id"] for line in part["line_items"]} <= known
    return said


def assert_totals(totals: list[dict[str, Any]]) -> None:
    """Exactly one total, which is the sum of all others; exactly one subtotal."""
    kinds = [total["type"] for total in totals]
    assert kinds.count("total") == 1
    assert kinds.count("subtotal") == 1
    others = sum(total["amount"] for total in totals if total["type"] != "total")
    assert others == next(total["amount"] for total in totals if total["type"] == "total")


def total_of(said: dict[str, Any], kind: str = "total") -> int:
    return next(total["amount"] for total in said["totals"] if total["type"] == kind)


def codes(said: dict[str, Any]) -> set[str]:
    return {message["code"] for message in said.get("messages", [])}
