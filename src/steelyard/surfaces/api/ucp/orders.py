"""Orders: what became of a purchase. Only the platform that it came from may ask, and signs its question."""

from uuid import UUID

from litestar import get
from litestar.params import FromPath

from steelyard.channels import agents
from steelyard.channels.agents.model import ORDER
from steelyard.kernel.errors import NotFound
from steelyard.surfaces.api.ucp.discovery import ENDPOINT
from steelyard.surfaces.api.ucp.envelope import Answer, ApiRequest, Ask, Document, serve
from steelyard.surfaces.api.ucp.together import id_of
from steelyard.trade.orders.model import PurchaseId, PurchaseState


@get(f"{ENDPOINT}/orders/{{order_id:str}}")
async def get_order(request: ApiRequest, order_id: FromPath[str]) -> Answer:
    """The order whole, as it stands."""

    async def work(ask: Ask, _: UUID) -> tuple[int, Document]:
        found = await ask.db.ask(agents.facts, PurchaseId(id_of(order_id)))
        paid = found is not None and found.purchase.state is PurchaseState.PAID
        if found is None or not paid or found.purchase.source != ask.platform.client:
            raise NotFound()
        document = agents.order_document(found, ask.settings.base_url, ask.platform.version, ask.locale)
        return 200, {**document, "ucp": ask.envelope("order")}

    return await serve(request, work, capability=ORDER, signed=True)
