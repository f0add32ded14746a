# ruff: noqa: E501  the outline of a shape reads best on one line
"""Where things are shown besides the studio: on a table at home, and on paper with their measures."""

from steelyard.demo.pictures.canvas import Drawing, darker, lighter, mix

# Where the object stands in a drawing of its measures.
MEASURED = "translate(150 120) scale(.86)"
_SCALE, _LEFT, _UP = 0.86, 150, 120
_INK = "#5b6470"


def room(ground: str, tone: str, plant: str, pick: int) -> str:
    """A wall with a picture or a window, a plant or a lamp, and the table in front."""
    wall = mix(lighter(tone, 0.62), ground, 0.4)
    wood = ("#c8a06d", "#a9794d", "#d8bd92")[pick % 3]
    parts = [
        f'<path d="M0 0h800v640H0z" fill="{wall}"/>',
        f'<path d="M0 0h800v640H0z" fill="{darker(wall, 0.5)}" opacity=".06"/>',
        (_window, _frames, _shelf)[pick % 3](wall),
        f'<path d="M0 610h800v190H0z" fill="{wood}"/>',
        f'<path d="M0 610h800v16H0z" fill="{lighter(wood, 0.34)}"/>',
        "".join(
            f'<path d="M0 {y}q200 {bend} 400 0t400 0" fill="none" stroke="{darker(wood, 0.32)}" stroke-width="2" opacity=".3"/>'
            for y, bend in ((652, 10), (688, -12), (724, 8), (764, -10))
        ),
        _plant(plant, 700 if pick % 2 else 96),
    ]
    return "".join(parts)


def table(plant: str, pick: int) -> str:
    """A table seen from above, with a leaf's shadow and a cup at the edge."""
    wood = ("#d2b083", "#b58a5c", "#dcc6a0")[pick % 3]
    planks = "".join(
        f'<path d="M0 {y}h800v{196}H0z" fill="{darker(wood, 0.03 * (place % 3))}"/><path d="M0 {y}h800" stroke="{darker(wood, 0.4)}" stroke-width="3" opacity=".5"/>'
        f'<path d="M0 {y + 60}q240 {18 - 12 * place} 470-4t330 10M0 {y + 130}q200-20 420 2t380-8" fill="none" stroke="{darker(wood, 0.36)}" stroke-width="2" opacity=".26"/>'
        for place, y in enumerate(range(0, 800, 200))
    )
    leaf = "".join(
        f'<path d="M{x} {y}q{70} {-60} {150} {-20}q{-40} {70} {-150} {20}z" fill="{tone}" opacity="{opacity}"/>'
        for x, y, tone, opacity in (
            (590, 92, "#1c1620", 0.1),
            (640, 190, "#1c1620", 0.1),
            (606, 66, plant, 0.95),
            (662, 160, darker(plant, 0.2), 0.95),
        )
    )
    cup = (
        '<ellipse cx="112" cy="716" rx="112" ry="112" fill="#1c1620" opacity=".16"/><circle cx="98" cy="700" r="108" fill="#f2ede2"/>'
        '<circle cx="98" cy="700" r="76" fill="#e3dccd"/><circle cx="98" cy="700" r="68" fill="#5b3a26"/><path d="M52 668q34-34 78-18" fill="none" stroke="#8a6244" stroke-width="8" opacity=".7"/>'
    )
    return planks + leaf + cup


def _window(wall: str) -> str:
    light = lighter(wall, 0.82)
    return (
        f'<path d="M470 60h250v330H470z" fill="{darker(wall, 0.12)}"/><path d="M482 72h226v306H482z" fill="{light}"/>'
        f'<path d="M590 72h10v306h-10zM482 216h226v10H482z" fill="{darker(wall, 0.1)}"/>'
        f'<path d="M482 378L300 640H560L708 378Z" fill="{light}" opacity=".22"/>'
        f'<path d="M454 384h282v18H454z" fill="{lighter(wall, 0.5)}"/>'
    )


def _frames(wall: str) -> str:
    found: list[str] = []
    for x, y, w, h, tone in ((80, 90, 150, 200, 0.24), (260, 60, 190, 140, 0.36), (560, 90, 160, 220, 0.3)):
        found.append(
            f'<path d="M{x} {y}h{w}v{h}h-{w}z" fill="{darker(wall, 0.5)}"/><path d="M{x + 8} {y + 8}h{w - 16}v{h - 16}h-{w - 16}z" fill="{lighter(wall, 0.8)}"/>'
            f'<path d="M{x + 26} {y + h - 30}L{x + w * 0.42:.0f} {y + h * 0.4:.0f} {x + w * 0.6:.0f} {y + h * 0.66:.0f} {x + w * 0.72:.0f} {y + h * 0.5:.0f} {x + w - 26} {y + h - 30}Z" fill="{darker(wall, tone)}"/>'
            f'<circle cx="{x + w * 0.7:.0f}" cy="{y + h * 0.26:.0f}" r="{w * 0.08:.0f}" fill="{mix(wall, "#e0a050", 0.6)}"/>'
        )
    return "".join(found)


def _shelf(wall: str) -> str:
    books = "".join(
        f'<path d="M{x} {250 - h}h{w}v{h}h-{w}z" fill="{colour}"/><path d="M{x} {262 - h}h{w}v6h-{w}z" fill="#fff" opacity=".35"/>'
        for x, w, h, colour in (
            (110, 34, 130, "#7a8fa3"), (146, 26, 148, "#b0685a"), (174, 40, 120, "#d8b878"), (216, 22, 140, "#5f7f6e"),
            (560, 30, 128, "#a5846a"), (592, 36, 146, "#6d7f9a"), (630, 24, 118, "#c9a0a0"),
        )
    )  # fmt: skip
    return (
        f'{books}<circle cx="420" cy="196" r="54" fill="{lighter(wall, 0.6)}"/><path d="M392 250c0-30 56-30 56 0z" fill="{darker(wall, 0.3)}"/>'
        f'<path d="M70 250h660v16H70z" fill="{lighter(wall, 0.5)}"/><path d="M70 266h660v10H70z" fill="{darker(wall, 0.3)}" opacity=".5"/>'
    )


def _plant(green: str, x: float) -> str:
    leaves = "".join(
        f'<path d="M{x} 560C{x + dx * 0.3:.0f} {520 - h * 0.3:.0f} {x + dx} {500 - h} {x + dx * 1.16:.0f} {470 - h} {x + dx * 1.5:.0f} {510 - h * 0.6:.0f} {x + dx * 0.9:.0f} 540 {x} 560Z" fill="{darker(green, tone) if tone > 0 else lighter(green, -tone)}"/>'
        for dx, h, tone in ((-70, 60, 0.2), (64, 90, 0.1), (-34, 130, -0.12), (40, 30, -0.2), (-86, 0, 0.05))
    )
    return (
        f'<ellipse cx="{x + 8}" cy="650" rx="70" ry="14" fill="#1c1620" opacity=".25"/>{leaves}'
        f'<path d="M{x - 48} 556h96l-12 96h-72z" fill="#b5765a"/><path d="M{x - 54} 548h108v22h-108z" fill="#c98a6c"/>'
        f'<path d="M{x - 30} 572h12l-6 74h-12z" fill="#fff" opacity=".16"/>'
    )


def paper() -> str:
    """Paper with a fine grid."""
    lines = "".join(f"M{at} 0v800M0 {at}h800" for at in range(40, 800, 40))
    return f'<path d="M0 0h800v800H0z" fill="#f7f6f2"/><path d="{lines}" stroke="#dfe2e0" stroke-width="1"/>'


def measures(drawing: Drawing, box: tuple[int, int, int]) -> str:
    """Dimension lines below and beside the object, and its three measures."""
    wide, deep, high = box
    left = _LEFT + _SCALE * (drawing.centre - drawing.width / 2)
    right = _LEFT + _SCALE * (drawing.centre + drawing.width / 2)
    top = _UP + _SCALE * (60 if drawing.flat else drawing.top)
    bottom = _UP + _SCALE * (545 if drawing.flat else 560)
    if drawing.flat:
        left, right = _LEFT + _SCALE * 110, _LEFT + _SCALE * 490
    below, beside = bottom + 62, min(right + 64, 742)
    return (
        f'<g fill="none" stroke="{_INK}" stroke-width="2.4">'
        f'<path d="M{left:.0f} {below:.0f}H{right:.0f}M{left:.0f} {below - 14:.0f}v28M{right:.0f} {below - 14:.0f}v28"/>'
        f'<path d="M{beside:.0f} {top:.0f}V{bottom:.0f}M{beside - 14:.0f} {top:.0f}h28M{beside - 14:.0f} {bottom:.0f}h28"/>'
        f'<path d="M{left:.0f} {bottom + 8:.0f}V{below - 18:.0f}M{right:.0f} {bottom + 8:.0f}V{below - 18:.0f}" stroke-dasharray="4 6" opacity=".5"/></g>'
        f'<g font-family="sans-serif" font-size="30" fill="{_INK}" text-anchor="middle">'
        f'<text x="{(left + right) / 2:.0f}" y="{below + 44:.0f}">{wide} mm</text>'
        f'<text transform="translate({beside - 22:.0f} {(top + bottom) / 2:.0f}) rotate(-90)">{high} mm</text>'
        f'<text x="56" y="76" font-size="26" text-anchor="start">{wide} × {deep} × {high} mm</text></g>'
    )
