# ruff: noqa: E501  the outline of a shape reads best on one line
"""What hangs over a shop and at the top of a page: logos and banners. They carry no words; those are the page's."""

from collections.abc import Callable, Sequence

from steelyard.demo.pictures.canvas import COLOURS, Canvas, Drawing, darker, lighter, mix
from steelyard.demo.pictures.scene import placed, shared

Drawer = Callable[[Canvas], Drawing]
_BANNER_HEIGHT = 520


def _canvas(colour: str, seed: int, prefix: str) -> Canvas:
    return Canvas(COLOURS.get(colour, colour), COLOURS["gold"], 1.0, seed, prefix)


def logo(drawer: Drawer, colour: str, seed: int) -> str:
    """The thing in a light tone on a disc of the shop's colour, with a fine ring."""
    ground = COLOURS.get(colour, colour)
    canvas = _canvas(lighter(ground, 0.78), seed, "a")
    thing = drawer(canvas)
    lift = 0 if thing.flat else max(0.0, thing.top - 100) * 0.4
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 240 240" width="240" height="240"><defs>'
        f'<linearGradient id="g" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="{lighter(ground, 0.14)}"/>'
        f'<stop offset="1" stop-color="{darker(ground, 0.24)}"/></linearGradient>{"".join(canvas.defs)}</defs>'
        f'<rect width="240" height="240" rx="54" fill="url(#g)"/>'
        f'<circle cx="120" cy="120" r="98" fill="none" stroke="{lighter(ground, 0.6)}" stroke-width="3" opacity=".7"/>'
        f'<g transform="translate(39 {34 - lift * 0.27:.0f}) scale(.27)">{thing.markup}</g></svg>'
    )


def banner(things: Sequence[tuple[Drawer, str]], colour: str, seed: int, width: int) -> str:
    """Things on steps to the right, a wide quiet ground to the left."""
    base = COLOURS.get(colour, colour)
    ground = mix("#ece6db", base, 0.34)
    defs, parts = shared(ground, 0, 0), [
        f'<path d="M0 0h{width}v{_BANNER_HEIGHT}H0z" fill="url(#wall)"/>',
        f'<circle cx="{width * 0.74:.0f}" cy="210" r="250" fill="{lighter(ground, 0.5)}" opacity=".7"/>',
        f'<circle cx="{width * 0.92:.0f}" cy="70" r="120" fill="{mix(ground, base, 0.4)}" opacity=".35"/>',
        f'<path d="M0 420q{width / 3:.0f}-40 {width / 1.6:.0f} 0T{width} 400V{_BANNER_HEIGHT}H0z" fill="{darker(ground, 0.08)}" opacity=".6"/>',
    ]  # fmt: skip
    room = width * 0.56 / max(1, len(things))
    for place, (drawer, named) in enumerate(things):
        canvas = _canvas(named, seed + place, f"b{place}-")
        thing = drawer(canvas)
        defs += canvas.defs
        scale = min(0.62, room / 560)
        x = width * 0.42 + place * room + (room - 600 * scale) / 2
        step = 40 if place % 2 else 0
        foot = 470 - step
        parts.append(
            f'<path d="M{x + 60 * scale:.0f} {foot - 6}h{480 * scale:.0f}v{_BANNER_HEIGHT - foot + 6}h-{480 * scale:.0f}z" '
            f'fill="{lighter(ground, 0.3)}" opacity=".85"/>'
        )
        y = foot - (520 if thing.flat else 560) * scale
        parts.append(placed(thing, 0, f"translate({x:.0f} {y:.0f}) scale({scale:.2f})"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {_BANNER_HEIGHT}" width="{width}" '
        f'height="{_BANNER_HEIGHT}"><defs>{"".join(defs)}</defs>{"".join(parts)}</svg>'
    )
