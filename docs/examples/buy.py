"""Buy something from a Steelyard marketplace as a shopping agent does: two requests, nothing but Python's library.

    python docs/examples/buy.py --server http://127.0.0.1:8000 --search hammer --country CN

Against the demo this pays with the payment simulator's token. A real agent has a profile of its own, which the marketplace
fetches (docs/guide/ucp.md), and asks its person before it completes.
"""

import argparse
import json
import sys
import urllib.error
import urllib.request
import uuid

SECONDS_MAX = 30


class Shop:
    """A marketplace, found by its profile."""

    def __init__(self, server: str, agent_profile: str) -> None:
        self._headers = {"UCP-Agent": f'profile="{agent_profile}"', "Accept-Language": "en"}
        profile = self._ask("GET", f"{server.rstrip('/')}/.well-known/ucp")
        service = next(one for one in profile["ucp"]["services"]["dev.ucp.shopping"] if one["transport"] == "rest")
        self.endpoint = service["endpoint"]
        handlers = [handler for group in profile["ucp"]["payment_handlers"].values() for handler in group]
        if not handlers:
            sys.exit("This marketplace offers agents no way to pay.")
        self.handler_id = handlers[0]["id"]

    def post(self, path: str, body: dict) -> dict:
        """Each change has a key of its own: sent again after a broken connection, it is done once."""
        return self._ask("POST", self.endpoint + path, body)

    def _ask(self, method: str, url: str, body: dict | None = None) -> dict:
        headers = {**self._headers, "Request-Id": str(uuid.uuid4())}
        if method == "POST":
            headers |= {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310  # the user names the server
        try:
            with urllib.request.urlopen(request, timeout=SECONDS_MAX) as answer:  # noqa: S310  # the user names the server
                return json.load(answer)
        except urllib.error.HTTPError as error:
            sys.exit(f"{error.code}: {error.read().decode(errors='replace')}")


def find(shop: Shop, words: str) -> str:
    """The first variant in stock that the words find."""
    for product in shop.post("/catalog/search", {"query": words})["products"]:
        for variant in product["variants"]:
            if variant["availability"]["available"]:
                return variant["id"]
    sys.exit(f"Nothing in stock for “{words}”.")


def create(shop: Shop, item: str, quantity: int, country: str) -> dict:
    """The first request: what is wanted, by whom, to where."""
    home = {
        "id": "home",
        "type": "shipping_address",
        "first_name": "Na",
        "last_name": "Li",
        "phone_number": "+8613800000000",
        "address_country": country,
        "address_region": "浙江省",
        "address_locality": "温州市",
        "street_address": "五马街 1 号",
        "postal_code": "325000",
    }
    return shop.post(
        "/checkout-sessions",
        {
            "line_items": [{"item": {"id": item}, "quantity": quantity}],
            "buyer": {"first_name": "Na", "last_name": "Li", "email": "na.li@example.com"},
            "fulfillment": {
                "methods": [{"type": "shipping", "destinations": [home], "selected_destination_id": "home"}]
            },
        },
    )


def complete(shop: Shop, checkout: dict, token: str) -> dict:
    """The second request: the payment. Whoever buys for a person asks them first."""
    credential = {"type": "token", "token": token}
    instrument = {"id": "card_1", "handler_id": shop.handler_id, "type": "card", "credential": credential}
    return shop.post(f"/checkout-sessions/{checkout['id']}/complete", {"payment": {"instruments": [instrument]}})


def explain(checkout: dict) -> None:
    """Why it is not bought."""
    messages = [f"{said.get('code')}: {said.get('content')}" for said in checkout.get("messages", [])]
    sys.exit("\n".join([f"The checkout is {checkout.get('status', 'refused')}.", *messages]))


def main() -> None:
    arguments = argparse.ArgumentParser(description="Buy something as a shopping agent does.")
    arguments.add_argument("--server", default="http://127.0.0.1:8000")
    arguments.add_argument("--profile", default="https://agents.example/profile.json", help="the agent's own profile")
    arguments.add_argument("--search", default="*", help="words to find something by, unless --item is given")
    arguments.add_argument("--item", help="the id of a variant")
    arguments.add_argument("--quantity", type=int, default=1)
    arguments.add_argument("--country", default="CN")
    arguments.add_argument("--token", default="tok_approve", help="tok_decline, tok_3ds and tok_hang go otherwise")
    wanted = arguments.parse_args()

    shop = Shop(wanted.server, wanted.profile)
    item = wanted.item or find(shop, wanted.search)
    checkout = create(shop, item, wanted.quantity, wanted.country)
    if checkout.get("status") != "ready_for_complete":
        explain(checkout)
    for line in checkout["line_items"]:
        print(f"{line['quantity']} × {line['item']['title']}, from {line['merchant']['name']}")
    for total in checkout["totals"]:
        print(f"  {total['type']:<12} {total['amount']:>10} {checkout['currency']} (minor units)")
    checkout = complete(shop, checkout, wanted.token)
    if checkout.get("status") != "completed":
        explain(checkout)
    print(f"Order {checkout['order']['label']}: {checkout['order']['permalink_url']}")
    print(json.dumps(checkout["order"], ensure_ascii=False))


if __name__ == "__main__":
    main()
