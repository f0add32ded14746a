# ruff: noqa: E501  the outline of a shape reads best on one line
"""Fittings of metal: ball valve, tap, gauge, padlocks, door handle, key ring, zip."""

from math import cos, pi, sin

from steelyard.demo.pictures.canvas import COLOURS, Canvas, Drawing, darker, lighter

_STEEL = COLOURS["steel"]


def ball_valve(c: Canvas) -> Drawing:
    """A ball valve with its lever."""
    lever = COLOURS[("red", "blue", "yellow")[c.chance("lever", 3)]]
    for x in (40, 460):
        c.path(f"M{x} 356l18-22h64l18 22v168l-18 22h-64l-18-22Z", c.round_metal(lighter(c.colour, 0.1), upright=True))
        for step in range(3):
            c.line(f"M{x + 24 + step * 26} 346V534", darker(c.colour, 0.45), 3, 0.35)
    c.box(130, 372, 340, 136, 26, c.round_metal(c.colour, upright=True))
    c.path(
        "M206 376C220 340 260 324 300 324S380 340 394 376V504C380 540 340 556 300 556S220 540 206 504Z",
        c.ball(c.colour, 0.5, 0.44),
    )
    c.box(262, 268, 76, 74, 10, c.round_metal(lighter(c.colour, 0.08)))
    c.box(274, 240, 52, 34, 6, c.round_metal(_STEEL))
    c.path(
        "M262 216H330L548 162C562 158 572 168 572 180S562 200 548 204L336 258H262C250 258 244 248 244 237S250 216 262 216Z",
        c.shade(lever, 0.3, 0.36),
    )
    c.line("M346 228L540 180", lighter(lever, 0.6), 5, 0.6)
    c.oval(300, 237, 18, 13, c.round_metal(_STEEL))
    c.line("M268 430h64M278 456h44", darker(c.colour, 0.5), 7, 0.55)
    c.shine("M228 392C238 364 260 350 286 346 260 372 250 410 248 452 232 434 226 412 228 392Z", 0.34)
    return c.done(500, (320, 290), top=165)


def faucet(c: Canvas) -> Drawing:
    """A tap with a bowed spout, and a drop."""
    c.oval(356, 544, 118, 18, darker(c.colour, 0.5))
    c.path("M244 540C246 520 290 508 356 508S466 520 468 540 424 560 356 560 242 556 244 540Z", c.round_metal(c.colour))
    c.path("M316 300H396L408 520H304Z", c.round_metal(c.colour))
    c.line("M356 330C356 140 150 130 150 300", darker(c.colour, 0.42), 62)
    c.line("M356 330C356 144 152 134 152 296", c.shade(c.colour, 0.5, 0.3), 52)
    c.line("M338 300C330 180 190 160 176 262", lighter(c.colour, 0.75), 9, 0.7)
    c.box(112, 284, 78, 42, 8, c.round_metal(lighter(c.colour, 0.08)))
    c.box(120, 322, 62, 14, 5, darker(c.colour, 0.6))
    c.path(
        "M151 366C162 386 170 396 170 408A19 19 0 0 1 132 408C132 396 140 386 151 366Z", c.glass("#8fb9cf", 0.75, 0.95)
    )
    c.oval(144, 404, 5, 8, "#ffffff", 0.8)
    c.oval(356, 312, 52, 26, c.ball(c.colour, 0.5, 0.4))
    c.path(
        "M372 282L520 206C534 200 546 208 548 220S542 240 530 244L392 316C372 316 356 300 372 282Z",
        c.shade(c.colour, 0.52, 0.4),
    )
    c.line("M392 292L522 226", lighter(c.colour, 0.7), 5, 0.6)
    c.oval(430, 530, 6, 6, COLOURS["red"])
    c.oval(448, 530, 6, 6, COLOURS["blue"])
    return c.done(300, (300, 270), centre=356, top=150)


def dial(c: Canvas) -> Drawing:
    """A pressure gauge on its thread."""
    c.box(264, 470, 72, 40, 6, c.round_metal(COLOURS["brass"]))
    c.box(276, 506, 48, 54, 4, c.round_metal(COLOURS["brass"]))
    for step in range(5):
        c.line(f"M276 {514 + step * 10}h48", darker(COLOURS["brass"], 0.5), 3, 0.55)
    c.oval(300, 270, 214, 214, c.shade(c.colour, 0.5, 0.5))
    c.oval(300, 270, 196, 196, darker(c.colour, 0.5))
    c.oval(300, 270, 190, 190, c.ball("#f6f4ec", 0.3, 0.1))
    for step in range(41):
        turn = pi * (0.75 + step * 1.5 / 40)
        inner = 142 if step % 5 == 0 else 156
        ink = COLOURS["red"] if step > 32 else "#2b2d31"
        c.line(
            f"M{300 + inner * cos(turn):.1f} {270 + inner * sin(turn):.1f}L{300 + 170 * cos(turn):.1f} {270 + 170 * sin(turn):.1f}",
            ink,
            6 if step % 5 == 0 else 2.4,
        )
    c.line("M262 344h76M274 362h52", "#2b2d31", 5, 0.55)
    turn = pi * (0.95 + c.chance("pressure", 6) * 0.14)
    c.line(
        f"M{300 - 40 * cos(turn):.1f} {270 - 40 * sin(turn):.1f}L{300 + 134 * cos(turn):.1f} {270 + 134 * sin(turn):.1f}",
        darker(COLOURS["red"], 0.2),
        8,
    )
    c.oval(300, 270, 18, 18, c.ball("#33343a"))
    c.path("M148 210C176 134 250 98 330 106 250 126 196 186 178 280 150 260 142 234 148 210Z", "#ffffff", 0.26)
    return c.done(240, (300, 270), top=60)


def _shackle(c: Canvas) -> None:
    c.line("M204 330V206C204 86 396 86 396 206V330", darker(_STEEL, 0.45), 50)
    c.line("M204 330V206C204 90 396 90 396 206V330", c.shade(_STEEL, 0.5, 0.4), 42)
    c.line("M192 300V208C194 150 240 116 290 114", "#ffffff", 7, 0.55)


def padlock(c: Canvas) -> Drawing:
    """A padlock with its key beside it."""
    _shackle(c)
    c.box(150, 290, 300, 270, 26, c.shade(c.colour, 0.44, 0.44))
    c.box(150, 290, 300, 26, 13, lighter(c.colour, 0.4), 0.6)
    c.line("M170 352H430M170 500H430", darker(c.colour, 0.4), 4, 0.45)
    c.oval(300, 414, 44, 44, c.round_metal(lighter(c.colour, 0.14)))
    c.oval(300, 414, 34, 34, darker(c.colour, 0.34))
    c.path("M292 396h16v16l8 30h-32l8-30Z", darker(c.colour, 0.8))
    c.shine("M172 322C184 316 200 314 214 316L196 540C182 540 172 534 168 524Z", 0.34)
    key = COLOURS["gold"]
    c.oval(520, 516, 40, 40, c.ball(key, 0.5, 0.36))
    c.oval(528, 516, 15, 15, darker(key, 0.66))
    c.path("M484 506H404V532H418V544H434V532H450V540H464V528H486Z", c.shade(key, 0.4, 0.3))
    return c.done(380, (300, 400), centre=320, top=100)


def combination_lock(c: Canvas) -> Drawing:
    """A padlock with four wheels of figures."""
    _shackle(c)
    c.box(140, 286, 320, 274, 40, c.shade(c.colour, 0.4, 0.42))
    c.box(176, 366, 248, 112, 14, darker(c.colour, 0.6))
    for step in range(4):
        x = 184 + step * 60
        c.box(x, 372, 52, 100, 6, c.round_metal("#d8dde2", upright=True))
        c.shapes.append(
            f'<text x="{x + 26}" y="438" font-family="sans-serif" font-size="46" font-weight="700" fill="#24262b" text-anchor="middle">{c.chance(f"wheel{step}", 10)}</text>'
        )
        c.line(f"M{x} 422h52", "#ffffff", 2, 0.35)
    c.path("M168 422l-18-12v24ZM432 422l18-12v24Z", lighter(c.colour, 0.6))
    c.shine("M166 330C180 316 200 308 220 308L200 352H170Z", 0.4)
    return c.done(340, (300, 420), top=100)


def handle(c: Canvas) -> Drawing:
    """A door lever on its plate."""
    c.box(196, 40, 150, 520, 22, c.shade(c.colour, 0.36, 0.4))
    c.box(206, 50, 130, 500, 16, c.shade(lighter(c.colour, 0.06), 0.26, 0.3))
    for y in (78, 522):
        c.oval(271, y, 11, 11, c.ball(_STEEL, 0.5))
        c.line(f"M264 {y}h14", darker(_STEEL, 0.6), 3)
    c.oval(271, 210, 62, 62, darker(c.colour, 0.44), 0.6)
    c.oval(268, 204, 58, 58, c.round_metal(c.colour))
    c.path(
        "M268 176H520C548 176 560 190 560 206S548 238 520 238H430C400 238 372 234 340 234H268Z",
        c.round_metal(c.colour, upright=True),
    )
    c.line("M286 188H516", lighter(c.colour, 0.8), 6, 0.5)
    c.oval(268, 206, 30, 30, c.ball(c.colour, 0.4, 0.3))
    c.oval(271, 400, 40, 40, c.round_metal(lighter(c.colour, 0.14)))
    c.path("M262 382a14 14 0 1 1 18 0l6 40h-30Z", darker(c.colour, 0.82))
    c.shine("M214 66H246L232 530H214Z", 0.2)
    return c.done(190, (320, 210), centre=271, top=40)


def key_ring(c: Canvas) -> Drawing:
    """A snap hook, a split ring and two keys, from above."""
    c.line("M220 128C220 60 330 60 330 128V300C330 350 220 350 220 300Z", darker(c.colour, 0.5), 40)
    c.line("M220 126C220 58 330 58 330 126V298C330 348 220 348 220 298Z", c.shade(c.colour, 0.5, 0.4), 32)
    c.line("M330 150V270", lighter(c.colour, 0.5), 22)
    c.line("M210 140V290", "#ffffff", 5, 0.5)
    c.oval(330, 284, 10, 10, c.ball(_STEEL))
    for radius, width in ((86, 9), (74, 7)):
        c.ring(290, 404, radius, radius, darker(_STEEL, 0.3), width + 3, 0.6)
        c.ring(290, 403, radius, radius, c.shade(_STEEL, 0.6, 0.3), width)
    for turn, metal in ((-24, COLOURS["gold"]), (26, _STEEL)):
        c.shapes.append(f'<g transform="rotate({turn} 290 470)">')
        c.oval(290, 470, 40, 36, c.ball(metal, 0.5, 0.36))
        c.oval(290, 462, 12, 10, darker(metal, 0.7))
        c.path("M280 500h22v78l-6 8h-10l-6-8v-12l8-6-8-8v-12l8-6-8-8Z", c.shade(metal, 0.4, 0.36))
        c.shapes.append("</g>")
    return c.done(260, (290, 300), flat=True)


def _teeth(d: str, metal: str) -> str:
    """Teeth along a line: each dash is one, lit from above."""
    return "".join(
        f'<path d="{d}" fill="none" stroke="{colour}" stroke-width="{width}" stroke-dasharray="8 5"/>'
        for colour, width in ((darker(metal, 0.4), 20), (metal, 16), (lighter(metal, 0.5), 5))
    )


def zip_(c: Canvas) -> Drawing:
    """A zip half open, from above."""
    metal = COLOURS["brass"] if c.chance("teeth", 2) else COLOURS["silver"]
    for side in (-1, 1):
        edge = 300 + side * 150
        c.path(
            f"M{300 + side * 3} 290V576H{300 + side * 96}V290C{300 + side * 96} 200 {edge} 130 {edge + side * 10} 30L{300 + side * 64} 24C{300 + side * 60} 130 {300 + side * 6} 220 {300 + side * 3} 290Z",
            c.shade(c.colour, 0.26, 0.34),
        )
        c.line(f"M{300 + side * 70} 300V570", lighter(c.colour, 0.45), 2.4, 0.6, "8 7")
        c.shapes.append(_teeth(f"M{300 + side * 12} 348V572", metal))
        c.shapes.append(
            _teeth(f"M{300 + side * 62} 30C{300 + side * 58} 130 {300 + side * 12} 210 {300 + side * 8} 262", metal)
        )
    body = c.round_metal(lighter(metal, 0.1))
    c.path("M258 246H342L354 322C354 342 336 350 300 350S246 342 246 322Z", darker(metal, 0.5))
    c.path("M262 244H338L350 316C350 336 334 344 300 344S250 336 250 316Z", body)
    c.box(282, 236, 36, 40, 10, c.round_metal(lighter(metal, 0.24)))
    c.path("M282 330C282 306 318 306 318 330L332 452C332 474 268 474 268 452Z", darker(metal, 0.5), 0.5)
    c.path("M284 326C284 304 316 304 316 326L328 446C328 468 272 468 272 446Z", c.shade(metal, 0.56, 0.3))
    c.oval(300, 432, 13, 15, darker(metal, 0.66))
    return c.done(300, (300, 320), flat=True)
