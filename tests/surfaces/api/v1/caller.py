"""A program that uses the API, and holds every answer against the API's description."""

import copy
import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import UUID, uuid4

import httpx
from jsonschema import Draft202012Validator, FormatChecker

from steelyard.kernel.db import Database
from steelyard.parties import access
from steelyard.parties.access.model import AccountId, Actor
from steelyard.surfaces.api import v1
from steelyard.surfaces.api.v1 import document
from tests.surfaces.api.served import Served

Json = Any


@cache
def described() -> document.Document:
    return document.describe(v1.operations())


@cache
def strict_components() -> dict[str, Json]:
    """The shapes, with no room for members that they do not name: what is answered is described, and nothing more."""
    components = copy.deepcopy(described()["components"])
    for name, shape in components["schemas"].items():
        if "properties" in shape and name != "Problem":
            shape["additionalProperties"] = False
    return components


def check(schema: dict[str, Json], value: Json) -> None:
    """The value is what the schema says."""
    whole = {**schema, "components": strict_components()}
    Draft202012Validator(whole, format_checker=FormatChecker()).validate(value)


def operation_of(method: str, path: str) -> dict[str, Json]:
    """The description of this request."""
    for template, item in described()["paths"].items():
        if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), path) and method.lower() in item:
            return item[method.lower()]
    raise AssertionError(f"{method} {path} is not described")


def operations() -> list[tuple[str, str, dict[str, Json]]]:
    """Every operation as (method, path template, description)."""
    return [
        (method.upper(), path, operation)
        for path, item in described()["paths"].items()
        for method, operation in item.items()
    ]


async def key_of(db: Database, account_id: UUID, *scopes: str) -> str:
    """A key of this account with these scopes."""
    account = await db.ask(access.account, AccountId(account_id))
    assert account is not None
    needed = {"api_keys.manage", "settings.manage", *scopes}
    actor = Actor(account=account, permissions=frozenset(needed))
    _, key = await db.transact(access.create_api_key, actor, name="test", scopes=scopes)
    return key


def all_scopes(prefix: str = "/api/v1") -> list[str]:
    """The scopes that the operations below this path need; the operator's for /api/v1/operator."""
    wanted = prefix.endswith("/operator")
    return sorted(
        {
            operation["security"][0]["api_key"][0]
            for _, path, operation in operations()
            if path.startswith("/api/v1/operator/") is wanted
        }
    )


@dataclass
class Caller:
    """Calls with one key. `reached` are the operations that were answered as they should be."""

    served: Served
    key: str | None
    reached: set[str] = field(default_factory=set)

    async def send(
        self, method: str, path: str, body: Json = None, *, idempotency_key: str | None = None, **query: Json
    ) -> httpx.Response:
        headers = {} if self.key is None else {"authorization": f"Bearer {self.key}"}
        if method == "POST":
            headers["idempotency-key"] = idempotency_key or str(uuid4())
        answer = await self.served.http.request(
            method, f"/api/v1{path}", json=body, headers=headers, params={k: v for k, v in query.items() if v}
        )
        operation = operation_of(method, f"/api/v1{path}")
        told = operation["responses"][str(answer.status_code)]
        media_type = answer.headers["content-type"].partition(";")[0]
        assert media_type in told["content"], (answer.status_code, media_type)
        check(told["content"][media_type]["schema"], answer.json())
        if answer.is_success:
            if body is not None:
                check(operation["requestBody"]["content"]["application/json"]["schema"], body)
            self.reached.add(operation["operationId"])
        return answer

    async def get(self, path: str, **query: Json) -> Json:
        answer = await self.send("GET", path, **query)
        assert answer.is_success, answer.text
        return answer.json()

    async def post(self, path: str, body: Json = None, **more: Json) -> Json:
        answer = await self.send("POST", path, body, **more)
        assert answer.is_success, answer.text
        return answer.json()

    async def refused(self, method: str, path: str, body: Json = None, **more: Json) -> tuple[int, str]:
        """The status and the code of a refusal."""
        answer = await self.send(method, path, body, **more)
        assert not answer.is_success, answer.text
        assert answer.json()["status"] == answer.status_code
        return answer.status_code, answer.json()["code"]
