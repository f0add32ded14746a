"""Pictures of every page in every variant, in build/screenshots; the chosen ones become the pictures of the documentation."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from PIL import Image

import browser

ROOT = Path(__file__).resolve().parent.parent
SHOTS = ROOT / "build" / "screenshots"
PICTURES = ROOT / "docs" / "images"
WALKS = "tests/journeys/test_every_page.py"
# What a reader sees without scrolling, by the width of the window.
HEIGHTS = {"desk": 900, "phone": 812}
COLOURS = 192
LANGUAGES = {"zh-Hans": "-zh", "en": ""}


class Picture(NamedTuple):
    """A picture of the documentation: whose walk it is from, which page, on what."""

    name: str
    walk: str
    page: str
    width: str = "desk"


CHOSEN = (
    Picture("storefront", "storefront_for_a_guest", "home"),
    Picture("storefront-375", "storefront_for_a_guest", "home", "phone"),
    Picture("category", "storefront_for_a_guest", "c-slug"),
    Picture("product", "storefront_for_a_guest", "products-product_id-slug"),
    Picture("product-375", "storefront_for_a_guest", "products-product_id-slug", "phone"),
    Picture("shop", "storefront_for_a_guest", "shops-slug"),
    Picture("cart-375", "storefront_for_a_guest", "cart", "phone"),
    Picture("orders-375", "storefront_for_a_buyer", "orders", "phone"),
    Picture("account-375", "storefront_for_a_buyer", "account", "phone"),
    Picture("merchant", "merchant_console", "merchant"),
    Picture("merchant-orders", "merchant_console", "merchant-orders"),
    Picture("merchant-products", "merchant_console", "merchant-products"),
    Picture("merchant-product", "merchant_console", "merchant-products-product_id"),
    Picture("merchant-stock", "merchant_console", "merchant-stock"),
    Picture("merchant-figures", "merchant_console", "merchant-figures-what"),
    Picture("operator", "operator_console", "operator"),
    Picture("operator-merchants", "operator_console", "operator-merchants"),
    Picture("operator-books", "operator_console", "operator-books"),
    Picture("operator-system", "operator_console", "operator-system"),
)


def main() -> int:
    """Walk through the house in every variant; then choose. Returns 1 when a page was not as it should be."""
    if not browser.provide():
        print(f"Pictures need a browser: {browser.HOW_TO_GET_ONE}", file=sys.stderr)
        return 1
    if "--choose" not in sys.argv[1:]:
        shutil.rmtree(SHOTS, ignore_errors=True)
        environment = {**os.environ, "STEELYARD_SHOTS": str(SHOTS), "PYTHONPATH": str(ROOT / "src")}
        command = [sys.executable, "-m", "pytest", WALKS, "--every-variant", "-n", "2"]
        if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode != 0:
            return 1
    missing = [name for picture in CHOSEN for language in LANGUAGES if (name := choose(picture, language))]
    for name in missing:
        print(f"no picture of {name}", file=sys.stderr)
    print(f"{len(CHOSEN) * len(LANGUAGES) - len(missing)} pictures in docs/images, all others in build/screenshots")
    return 1 if missing else 0


def choose(picture: Picture, language: str) -> str:
    """Cut a picture to what stands in the window, with few enough colours to be small; returns its name when it is missing."""
    folder = SHOTS / f"every_page_of_the_{picture.walk}-{language}-{picture.width}-light"
    source = folder / f"{picture.page}.png"
    if not source.exists():
        return str(source.relative_to(ROOT))
    with Image.open(source) as whole:
        seen = whole.convert("RGB").crop((0, 0, whole.width, min(whole.height, HEIGHTS[picture.width])))
    PICTURES.mkdir(parents=True, exist_ok=True)
    seen.quantize(COLOURS).save(PICTURES / f"{picture.name}{LANGUAGES[language]}.png", optimize=True)
    return ""


if __name__ == "__main__":
    sys.exit(main())
