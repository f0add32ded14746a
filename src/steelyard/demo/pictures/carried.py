# ruff: noqa: E501  the outline of a shape reads best on one line
"""Things one wears or carries: scarf, bag, watch."""

from math import cos, pi, sin

from steelyard.demo.pictures.canvas import COLOURS, Canvas, Drawing, darker, lighter


def scarf(c: Canvas) -> Drawing:
    """Folded in a loop, fringes down."""
    stripe = c.accent if c.chance("pattern", 3) else lighter(c.colour, 0.4)
    for x, bottom, lean in ((190, 496, -16), (330, 456, 18)):
        for step in range(12):
            px = x + 4 + step * 9.4 + lean
            c.line(
                f"M{px} {bottom - 4}q{4 * (step % 3 - 1)} 26 {3 * (step % 2)} 54",
                darker(c.colour, 0.12 + 0.1 * (step % 3)),
                5,
            )
        c.path(
            f"M{x} 230H{x + 112}L{x + 112 + lean} {bottom}H{x + lean}Z",
            c.shade(c.colour, 0.22, 0.36, across=True),
        )
        for step in range(3):
            y = bottom - 34 - step * 36
            shift = lean * (y - 230) / (bottom - 230)
            c.path(f"M{x + shift:.0f} {y}h112v{16 if step != 1 else 8}h-112Z", stripe, 0.85)
        c.line(f"M{x + 36} 250L{x + 30 + lean} {bottom - 8}", darker(c.colour, 0.5), 7, 0.18)
        c.line(f"M{x + 76} 250L{x + 80 + lean} {bottom - 8}", darker(c.colour, 0.5), 7, 0.16)
    c.path(
        "M300 46C440 46 500 120 470 200 440 270 370 292 300 292S160 270 130 200C100 120 160 46 300 46Z",
        c.shade(c.colour, 0.24, 0.4),
    )
    c.path(
        "M300 96C384 96 424 134 408 178 392 214 350 226 300 226S208 214 192 178C176 134 216 96 300 96Z",
        darker(c.colour, 0.62),
    )
    c.path(
        "M300 96C384 96 424 134 408 178 380 140 340 128 300 128S220 140 192 178C176 134 216 96 300 96Z",
        c.shade(darker(c.colour, 0.22), 0.1, 0.3),
    )
    for d in (
        "M150 150C190 240 300 262 452 176",
        "M142 190C200 270 320 284 446 226",
        "M172 96C240 56 360 56 430 98",
    ):
        c.line(d, darker(c.colour, 0.5), 7, 0.22)
        c.line(d, lighter(c.colour, 0.4), 3, 0.25)
    c.path(
        "M226 262C236 220 372 216 388 262 392 306 376 340 306 342S222 306 226 262Z",
        c.shade(lighter(c.colour, 0.06), 0.2, 0.42),
    )
    c.line("M246 262C270 246 344 244 372 264M244 296C280 314 340 312 374 292", darker(c.colour, 0.5), 6, 0.24)
    return c.done(330, (300, 250), flat=True)


def bag(c: Canvas) -> Drawing:
    """A tote with a pocket."""
    strap = darker(c.colour, 0.32)
    c.line("M206 240C206 60 394 60 394 240", darker(strap, 0.3), 22)
    c.path("M108 220H492L530 548C532 558 526 560 516 560H84C74 560 68 558 70 548Z", c.shade(c.colour, 0.28, 0.38))
    c.path("M108 220H492L496 250C400 266 200 266 104 250Z", darker(c.colour, 0.3), 0.45)
    c.path(
        "M84 470L70 548C68 558 74 560 84 560H516C526 560 532 558 530 548L518 462C400 486 200 486 84 470Z",
        darker(c.colour, 0.5),
        0.3,
    )
    c.path(
        "M196 340H404L412 500C412 510 406 514 398 514H202C194 514 188 510 188 500Z",
        c.shade(lighter(c.colour, 0.07), 0.16, 0.24),
    )
    c.line("M204 350H396L403 498H197Z", lighter(c.colour, 0.5), 2.5, 0.75, "8 6")
    c.line("M118 262H482", lighter(c.colour, 0.5), 2.5, 0.6, "8 6")
    c.line("M86 540H514", lighter(c.colour, 0.5), 2.5, 0.6, "8 6")
    for x in (206, 394):
        c.path(f"M{x - 15} 214h30v78l-15 18-15-18Z", c.shade(strap))
        for y in (236, 278):
            c.oval(x, y, 7, 7, c.ball(COLOURS["brass"], 0.5))
    c.line("M206 240C206 92 394 92 394 240", c.shade(strap, 0.3, 0.2), 20)
    c.box(268, 376, 64, 42, 4, c.shade(strap))
    c.line("M284 397h32", COLOURS["brass"], 4)
    c.shine("M126 240C134 236 150 238 160 240L130 540H100Z", 0.14)
    return c.done(440, (300, 330))


def watch(c: Canvas) -> Drawing:
    """A wrist watch, flat, at ten past ten."""
    metal = COLOURS["gold"] if c.chance("case", 2) else COLOURS["silver"]
    dial = "#f5f1e6" if c.chance("dial", 2) else darker(c.colour, 0.62)
    ink = darker(metal, 0.7) if dial.startswith("#f") else lighter(metal, 0.6)
    c.path(
        "M238 190L250 24C250 12 260 6 272 6H328C340 6 350 12 350 24L362 190Z",
        c.shade(c.colour, 0.24, 0.34, across=True),
    )
    c.path(
        "M238 410L252 580C254 592 262 596 274 596H326C338 596 346 592 348 580L362 410Z",
        c.shade(c.colour, 0.2, 0.4, across=True),
    )
    c.line(
        "M256 180L264 28M344 180L336 28M256 420L266 572M344 420L334 572",
        lighter(c.colour, 0.5),
        2.5,
        0.75,
        "8 6",
    )
    for step in range(4):
        c.oval(300, 470 + step * 28, 6, 8, darker(c.colour, 0.65))
    c.box(428, 282, 36, 36, 8, c.round_metal(metal, upright=True))
    c.oval(300, 300, 142, 142, c.shade(metal, 0.5, 0.42))
    c.oval(300, 300, 128, 128, c.shade(darker(metal, 0.2), 0.1, 0.0))
    c.oval(300, 300, 120, 120, c.ball(dial, 0.2, 0.16))
    for step in range(60):
        turn, inner = step * pi / 30, 100 if step % 5 == 0 else 109
        c.line(
            f"M{300 + inner * sin(turn):.1f} {300 - inner * cos(turn):.1f}L{300 + 113 * sin(turn):.1f} {300 - 113 * cos(turn):.1f}",
            ink,
            5 if step % 5 == 0 else 1.5,
            0.9,
        )
    c.oval(300, 352, 30, 30, darker(dial, 0.08), 0.9)
    c.ring(300, 352, 30, 30, ink, 1.5, 0.6)
    c.line("M300 352V330", COLOURS["red"], 2.5)
    for turn, length, width in ((-pi / 3.4, 62, 9), (pi / 3, 88, 6)):
        c.line(
            f"M300 300L{300 + length * sin(turn):.1f} {300 - length * cos(turn):.1f}",
            darker(metal, 0.6),
            width + 2,
            0.3,
        )
        c.line(f"M300 298L{300 + length * sin(turn):.1f} {298 - length * cos(turn):.1f}", ink, width)
    c.line("M288 330L330 214", COLOURS["red"], 2.5)
    c.oval(300, 300, 8, 8, c.ball(metal))
    c.path("M214 240C236 198 290 184 330 190 270 204 226 250 206 320 196 292 200 264 214 240Z", "#ffffff", 0.22)
    return c.done(240, (300, 290), flat=True)


def backpack(c: Canvas) -> Drawing:
    """A rucksack from the front, with a flap and a pocket."""
    strap, brass = darker(c.colour, 0.36), COLOURS["brass"]
    c.line("M254 78C254 34 346 34 346 78", darker(strap, 0.2), 20)
    for side in (-1, 1):
        c.path(
            f"M{300 + side * 168} 200C{300 + side * 244} 260 {300 + side * 250} 420 {300 + side * 196} 500L{300 + side * 164} 480Z",
            c.shade(strap),
        )
    c.path(
        "M300 66C420 66 470 120 476 214L492 520C494 548 480 560 452 560H148C120 560 106 548 108 520L124 214C130 120 180 66 300 66Z",
        c.shade(c.colour, 0.3, 0.42),
    )
    c.path(
        "M130 176C140 110 200 74 300 74S460 110 470 176L476 300C420 330 180 330 124 300Z",
        c.shade(lighter(c.colour, 0.08), 0.26, 0.3),
    )
    c.line("M136 296C200 318 400 318 464 296", lighter(c.colour, 0.5), 2.5, 0.6, "8 7")
    c.box(166, 368, 268, 166, 24, c.shade(lighter(c.colour, 0.05), 0.22, 0.3))
    c.path(
        "M166 400C240 424 360 424 434 400V392C434 378 424 368 410 368H190C176 368 166 378 166 392Z",
        darker(c.colour, 0.18),
        0.7,
    )
    for x in (222, 378):
        c.box(x - 15, 250, 30, 150, 6, c.shade(strap, 0.3, 0.24))
        c.box(x - 21, 326, 42, 34, 5, c.round_metal(brass))
        c.box(x - 12, 335, 24, 16, 3, strap)
    c.line("M140 540H460", darker(c.colour, 0.4), 5, 0.5)
    c.shine("M150 200C158 150 190 116 230 104 200 140 186 200 182 290 164 286 150 280 146 270Z", 0.2)
    return c.done(420, (300, 300), top=50)
