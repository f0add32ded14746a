"""Toys of wood, and the lorry."""

from steelyard.demo.pictures.canvas import COLOURS, Canvas, Drawing, darker, lighter

_BEECH = "#d9b27c"
_PAINTS = ("red", "sky", "yellow", "green", "orange", "teal")


def _paint(c: Canvas, place: int) -> str:
    return c.colour if place == 0 else COLOURS[_PAINTS[(place + c.chance("paint", 6)) % len(_PAINTS)]]


def _block(c: Canvas, x: float, y: float, w: float, h: float, colour: str) -> None:
    """A block with its upper and its right face."""
    c.path(f"M{x} {y}l28-24h{w}l-28 24Z", lighter(colour, 0.36))
    c.path(f"M{x + w} {y}l28-24v{h}l-28 24Z", darker(colour, 0.32))
    c.box(x, y, w, h, 5, c.shade(colour, 0.2, 0.18))
    for step in range(2):
        c.line(
            f"M{x + 10} {y + h * (0.36 + step * 0.3):.0f}q{w / 3:.0f} {-8 + 14 * step} {w - 22} 0",
            darker(colour, 0.3),
            2,
            0.25,
        )


def blocks(c: Canvas) -> Drawing:
    """A gate built of blocks, an arch and a ball on it."""
    _block(c, 96, 410, 110, 150, _paint(c, 0))
    _block(c, 364, 410, 110, 150, _paint(c, 1))
    _block(c, 96, 330, 378, 80, _BEECH)
    _block(c, 120, 240, 90, 90, _paint(c, 2))
    _block(c, 240, 240, 90, 90, _paint(c, 3))
    _block(c, 360, 240, 90, 90, _paint(c, 4))
    c.path("M150 236L285 116 420 236Z", c.shade(_paint(c, 0), 0.34, 0.3))
    c.path("M420 236l28-24L300 104 285 116Z", darker(_paint(c, 0), 0.34))
    c.oval(292, 84, 36, 36, c.ball(_paint(c, 5), 0.5, 0.36))
    c.oval(286, 498, 44, 62, c.ball(_BEECH, 0.4, 0.36))
    c.shapes.append('<g transform="rotate(-14 520 524)">')
    _block(c, 492, 496, 62, 62, _paint(c, 2))
    c.shapes.append("</g>")
    return c.done(470, (285, 270), top=60)


def tower(c: Canvas) -> Drawing:
    """Rings on a rod, the largest below."""
    c.box(290, 90, 20, 440, 8, c.shade(_BEECH, 0.3, 0.4))
    c.box(120, 526, 360, 34, 14, c.shade(_BEECH, 0.3, 0.36))
    for place, half in enumerate((166, 146, 126, 106, 86)):
        y = 458 - place * 72
        c.box(300 - half, y, half * 2, 68, 34, c.shade(_paint(c, place), 0.34, 0.4, across=True))
        c.oval(300 - half * 0.5, y + 16, half * 0.3, 7, "#ffffff", min(0.5, 0.3 * c.gloss))
    c.oval(300, 118, 52, 52, c.ball(_paint(c, 5), 0.44, 0.4))
    c.oval(282, 100, 13, 10, "#ffffff", 0.5)
    return c.done(380, (300, 300), top=66)


def train(c: Canvas) -> Drawing:
    """An engine and a wagon."""
    c.box(30, 504, 540, 12, 6, darker(_BEECH, 0.3))
    c.box(40, 350, 190, 150, 10, c.shade(_paint(c, 1), 0.26, 0.34))
    for step in range(3):
        c.oval(82 + step * 54, 344, 30, 30, c.ball(_paint(c, step + 2), 0.44, 0.36))
    c.box(40, 352, 190, 30, 6, c.shade(lighter(_paint(c, 1), 0.2)))
    c.box(226, 470, 60, 12, 6, darker(_BEECH, 0.4))
    c.box(276, 260, 120, 236, 10, c.shade(c.colour, 0.3, 0.34))
    c.box(262, 240, 148, 30, 12, c.shade(darker(c.colour, 0.3), 0.3, 0.3))
    c.box(300, 296, 72, 76, 8, c.shade("#dfeaf0", 0.3, 0.2))
    c.box(380, 366, 170, 130, 20, c.shade(lighter(c.colour, 0.08), 0.34, 0.4, across=False))
    for x in (428, 486):
        c.box(x, 366, 12, 130, 2, _BEECH, 0.8)
    c.path("M470 366h54l14-74h-82Z", c.shade(_BEECH, 0.3, 0.36))
    c.oval(497, 290, 42, 12, darker(_BEECH, 0.5))
    c.oval(420, 356, 22, 18, c.ball(COLOURS["yellow"], 0.5))
    c.oval(552, 430, 16, 26, c.ball(COLOURS["yellow"], 0.6, 0.2))
    for x, r in ((86, 38), (186, 38), (316, 44), (420, 38), (512, 38)):
        c.oval(x, 560 - r, r, r, c.ball(darker(_BEECH, 0.46), 0.3, 0.4))
        c.oval(x, 560 - r, r * 0.62, r * 0.62, c.ball(_BEECH, 0.3, 0.3))
        c.oval(x, 560 - r, 7, 7, darker(_BEECH, 0.6))
    for step in range(3):
        c.oval(506 + step * 22, 226 - step * 50, 26 + step * 8, 22 + step * 7, "#ffffff", 0.5 - step * 0.12)
    return c.done(520, (360, 380), top=200)


def lorry(c: Canvas) -> Drawing:
    """A tipper."""
    grey = "#3a3d44"
    c.box(40, 446, 520, 40, 8, grey)
    c.path("M226 250H560L528 430H250Z", c.shade(c.accent if c.accent != c.colour else COLOURS["yellow"], 0.34, 0.4))
    for step in range(5):
        c.line(f"M{276 + step * 58} 262L{288 + step * 52} 424", darker(c.accent, 0.5), 5, 0.4)
    c.path("M214 236H572V262H222Z", c.shade(darker(c.accent, 0.12)))
    c.path("M44 446V330C44 300 60 286 84 276L110 216C116 200 128 192 146 192H232V446Z", c.shade(c.colour, 0.36, 0.36))
    c.path("M92 300L124 226C128 216 134 212 144 212H206V300Z", c.shade("#bcd6e2", 0.5, 0.24))
    c.path("M104 294L136 222H160L128 294Z", "#ffffff", 0.5)
    c.line("M214 212V436", darker(c.colour, 0.5), 3, 0.5)
    c.line("M176 340h26", lighter(c.colour, 0.6), 8)
    c.box(30, 430, 52, 34, 10, c.round_metal(COLOURS["silver"], upright=True))
    c.oval(56, 390, 18, 20, c.ball("#fff0c0", 0.6, 0.25))
    for x in (136, 362, 486):
        c.path(f"M{x - 78} 486a78 78 0 0 1 156 0Z", darker(c.colour, 0.6) if x < 200 else "#2a2c32")
        c.oval(x, 494, 66, 66, c.ball("#33343a", 0.24, 0.4))
        c.oval(x, 494, 40, 40, c.ball(COLOURS["silver"], 0.4, 0.3))
        for dx, dy in ((-18, -18), (18, -18), (-18, 18), (18, 18)):
            c.oval(x + dx, 494 + dy, 6, 6, darker(COLOURS["steel"], 0.5))
        c.oval(x, 494, 12, 12, c.ball(c.colour))
    c.shine("M64 340C72 316 90 300 110 292 92 330 84 380 84 430H64Z", 0.3)
    return c.done(510, (180, 330), top=190)
