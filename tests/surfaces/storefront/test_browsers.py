"""A browser is told by its name and system, not by the line that it sends."""

import pytest

from steelyard.surfaces.storefront.browsers import browser_name

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Mobile Safari/604.1"


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        (WINDOWS, "Chrome · Windows"),
        (f"{WINDOWS} Edg/131.0", "Edge · Windows"),
        (IPHONE, "Safari · iPhone"),
        (f"{IPHONE} MicroMessenger/8.0", "微信 WeChat · iPhone"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0", "Firefox · Linux"),
        ("curl/8.5", "curl/8.5"),
        ("", ""),
    ],
)
def test_a_browser_has_a_name(sent: str, name: str) -> None:
    assert browser_name(sent) == name
