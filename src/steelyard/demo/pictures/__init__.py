"""Pictures of goods for the demo marketplace, drawn by this code: pure, deterministic, no files, no fonts.

`draw("teapot", "clay", "clay", 0, seed=7)` is an SVG of 800 by 800. All pictures share one light (from the
upper left), soft grounds and a contact shadow, so that a page of them looks like the work of one studio.
"""

from collections.abc import Callable, Sequence

from steelyard.demo.pictures import (
    carried,
    eyewear,
    fittings,
    footwear,
    handheld,
    hardware,
    signs,
    tabletop,
    toys,
    wooden,
)
from steelyard.demo.pictures.canvas import COLOURS, MATERIALS, Canvas, Drawing
from steelyard.demo.pictures.scene import ANGLES, compose

__all__ = ["ANGLES", "COLOURS", "KINDS", "MATERIALS", "banner", "draw", "logo"]

_DRAWERS: dict[str, Callable[[Canvas], Drawing]] = {
    "shoe": footwear.shoe,
    "sneaker": footwear.sneaker,
    "boot": footwear.boot,
    "spectacles": eyewear.spectacles,
    "sunglasses": eyewear.sunglasses,
    "lighter": hardware.lighter,
    "button": hardware.button,
    "valve": hardware.valve,
    "lamp": hardware.lamp,
    "toy car": toys.car,
    "toy robot": toys.robot,
    "plush": toys.plush,
    "teapot": tabletop.teapot,
    "mug": tabletop.mug,
    "vase": tabletop.vase,
    "notebook": tabletop.notebook,
    "scarf": carried.scarf,
    "bag": carried.bag,
    "watch": carried.watch,
    "backpack": carried.backpack,
    "loafer": footwear.loafer,
    "sandal": footwear.sandal,
    "halfrim": eyewear.halfrim,
    "case": eyewear.case,
    "ballvalve": fittings.ball_valve,
    "faucet": fittings.faucet,
    "dial": fittings.dial,
    "padlock": fittings.padlock,
    "combilock": fittings.combination_lock,
    "handle": fittings.handle,
    "keyring": fittings.key_ring,
    "zip": fittings.zip_,
    "toy truck": wooden.lorry,
    "blocks": wooden.blocks,
    "train": wooden.train,
    "tower": wooden.tower,
    "pen": handheld.pen,
    "rollerball": handheld.rollerball,
    "gauge": handheld.rule,
    "shaver": handheld.shaver,
    "clipper": handheld.clipper,
    "razor": handheld.razor,
    "umbrella": handheld.umbrella,
    "folded": handheld.folded,
    "bowl": tabletop.bowl,
    "flask": tabletop.flask,
    "candle": tabletop.candle,
}
KINDS = tuple(_DRAWERS)


def draw(
    kind: str,
    colour: str = "",
    material: str = "",
    angle: int = 0,
    seed: int = 0,
    *,
    measures: tuple[int, int, int] | None = None,
) -> str:
    """An SVG picture of one product.

    `kind` is one of KINDS (else a LookupError). `colour` is a name in COLOURS or "#rrggbb"; any other picks
    one by `seed`. `material` is one of MATERIALS or empty for smooth. `angle` counts the compositions of
    ANGLES, and wraps: alone, turned around, close, two together, on a pedestal, in a room, and with its
    `measures` (width, depth, height in millimetres). `seed` chooses the ground and small details.
    """
    if kind not in _DRAWERS:
        raise LookupError(f"no picture of a {kind!r}; there are {', '.join(KINDS)}")
    return compose(
        _DRAWERS[kind],
        kind,
        colour=colour,
        material=material,
        angle=angle % len(ANGLES),
        seed=seed,
        measures=measures,
    )


def logo(kind: str, colour: str, seed: int = 0) -> str:
    """A shop's sign: what it makes, on a disc of its colour."""
    return signs.logo(_DRAWERS[kind], colour, seed)


def banner(things: Sequence[tuple[str, str]], colour: str, seed: int = 0, width: int = 1600) -> str:
    """A broad picture with room for words on its left: `things` are (kind, colour), at most four, on a ground of `colour`."""
    return signs.banner([(_DRAWERS[kind], named) for kind, named in things], colour, seed, width)
