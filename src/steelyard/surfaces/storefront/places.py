"""The regions of China for the selections of an address form: small lists, level by level, kept by browsers for ever."""

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from steelyard.kernel.errors import NotFound
from steelyard.surfaces.storefront.addresses import known_places
from steelyard.surfaces.storefront.house import FOR_EVER
from steelyard.surfaces.web.regions import COUNTRIES, data_release, gazetteer
from steelyard.surfaces.web.visit import Visit

ALL = "cn"


@get("/regions/{release_name:str}/{region:str}")
async def regions(visit: NamedDependency[Visit], release_name: FromPath[str], region: FromPath[str]) -> Response[bytes]:
    """The regions below one, as [code, name, level]; below `cn` the provinces."""
    await known_places()
    places = gazetteer()
    if region == ALL:
        found = [each for each in places.provinces if each.code not in COUNTRIES]
    elif region in places.by_code:
        found = places.by_code[region].children
    else:
        raise NotFound()
    kept = FOR_EVER if release_name == data_release() else "no-cache"
    body = msgspec.json.encode([(each.code, each.name, each.level) for each in found])
    return Response(body, media_type="application/json", headers={"cache-control": kept})
