"""The API's description: valid, complete, and to be had by everybody."""

from openapi_spec_validator import OpenAPIV31SpecValidator

from steelyard.kernel.db import Database
from steelyard.parties import access
from steelyard.parties.access.model import AccountKind
from tests.surfaces.api.served import Served
from tests.surfaces.api.v1.caller import described, operations


async def test_the_description_is_valid_and_needs_no_key(served: Served) -> None:
    answer = await served.http.get("/api/v1/openapi.json")

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == described()
    assert answer.json()["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(answer.json()).validate()


def test_every_operation_and_shape_says_what_it_is() -> None:
    for method, path, operation in operations():
        assert operation["summary"] and operation["description"], (method, path)
        assert operation["tags"], (method, path)
        assert ("Idempotency-Key" in {each["name"] for each in operation.get("parameters", [])}) is (method == "POST")
    for name, shape in described()["components"]["schemas"].items():
        assert shape.get("description") or "enum" in shape, name


async def test_every_scope_is_a_permission_that_its_callers_may_have(db: Database) -> None:
    known = {
        kind: {each.permission for each in await db.ask(access.permissions, kind)}
        for kind in (AccountKind.MERCHANT, AccountKind.OPERATOR)
    }
    for _, path, operation in operations():
        kind = AccountKind.OPERATOR if path.startswith("/api/v1/operator/") else AccountKind.MERCHANT
        ((scope,),) = (needed["api_key"] for needed in operation["security"])
        assert scope in known[kind], (path, scope)
