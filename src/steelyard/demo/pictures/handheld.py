# ruff: noqa: E501  the outline of a shape reads best on one line
"""What lies in the hand: pens, rule, shaver, clipper, razor, umbrellas."""

from math import cos, pi, sin

from steelyard.demo.pictures.canvas import COLOURS, Canvas, Drawing, darker, lighter

_STEEL = COLOURS["steel"]


def pen(c: Canvas) -> Drawing:
    """A fountain pen without its cap, which lies beside it."""
    gold = COLOURS["gold"]
    c.shapes.append('<g transform="rotate(-38 300 300)">')
    c.path("M60 250C60 236 66 230 80 230H330V290H80C66 290 60 284 60 270Z", c.shade(c.colour, 0.5, 0.44, across=False))
    c.path("M60 244C62 234 68 230 80 230H330V244Z", lighter(c.colour, 0.5), 0.5)
    c.box(326, 228, 16, 64, 3, c.round_metal(gold, upright=True))
    c.path("M342 236L430 244V276L342 284Z", c.shade(darker(c.colour, 0.3), 0.4, 0.4))
    c.path("M430 242C480 246 520 254 556 260 520 266 480 274 430 278 440 266 440 254 430 242Z", c.shade(gold, 0.6, 0.3))
    c.line("M470 260H552", darker(gold, 0.6), 2.4)
    c.oval(470, 260, 5, 5, darker(gold, 0.7))
    c.line("M84 240H320", "#ffffff", 5, min(0.7, 0.4 * c.gloss))
    c.path(
        "M120 350C112 350 106 356 106 364V396C106 406 112 412 122 412H330C346 412 352 402 352 381S346 350 330 350Z",
        c.shade(c.colour, 0.5, 0.44),
    )
    c.box(300, 346, 14, 70, 3, c.round_metal(gold, upright=True))
    c.path(
        "M124 342H300C308 342 312 346 312 351S308 358 300 358L160 362C150 362 124 356 124 342Z", c.shade(gold, 0.6, 0.3)
    )
    c.line("M120 362H296", "#ffffff", 5, min(0.6, 0.36 * c.gloss))
    c.shapes.append("</g>")
    return c.done(360, (360, 230), flat=True)


def rollerball(c: Canvas) -> Drawing:
    """Two pens side by side, and what they wrote."""
    for dy, colour in ((0, c.colour), (96, darker(c.accent, 0.2))):
        c.shapes.append(f'<g transform="translate(0 {dy}) rotate(-34 300 260)">')
        c.path(
            "M70 236H430L520 254C528 256 528 264 520 266L430 284H70C58 284 52 276 52 260S58 236 70 236Z",
            c.shade(colour, 0.46, 0.42),
        )
        c.path("M430 236L520 254C528 256 528 264 520 266L430 284Z", c.round_metal(COLOURS["silver"], upright=True))
        c.box(396, 234, 12, 52, 3, c.round_metal(COLOURS["gold"], upright=True))
        c.box(70, 236, 10, 48, 3, c.round_metal(COLOURS["gold"], upright=True))
        c.path(
            "M84 226H250C258 226 262 230 262 234S258 242 250 242H96C86 242 84 234 84 226Z",
            c.shade(COLOURS["gold"], 0.6, 0.3),
        )
        c.line("M90 246H390", "#ffffff", 4, min(0.6, 0.34 * c.gloss))
        c.shapes.append("</g>")
    c.line(
        "M60 500C100 440 120 560 160 500S220 440 250 500 310 560 350 498 410 470 450 492", darker(c.colour, 0.2), 7, 0.8
    )
    return c.done(380, (330, 260), flat=True)


def rule(c: Canvas) -> Drawing:
    """A folding rule, two limbs open."""
    for turn, y in ((-30, 330), (24, 330)):
        c.shapes.append(f'<g transform="rotate({turn} 130 {y})">')
        c.box(96, y - 36, 440, 72, 12, c.round_metal(c.colour, upright=True))
        for step in range(39):
            long = 34 if step % 10 == 0 else 24 if step % 5 == 0 else 15
            c.line(f"M{150 + step * 9.6:.1f} {y - 34}v{long}", darker(c.colour, 0.7), 2)
        c.shapes.append("</g>")
    c.oval(130, 330, 32, 32, c.round_metal(lighter(c.colour, 0.2)))
    c.oval(130, 330, 12, 12, c.ball(_STEEL))
    return c.done(380, (240, 300), flat=True)


def shaver(c: Canvas) -> Drawing:
    """Three round heads on a waisted body."""
    c.path(
        "M214 250C200 340 196 470 222 540 228 556 240 560 256 560H344C360 560 372 556 378 540 404 470 400 340 386 250Z",
        c.shade(c.colour, 0.36, 0.46, across=True),
    )
    c.path(
        "M256 270H344C352 360 350 470 336 530H264C250 470 248 360 256 270Z", c.shade(darker(c.colour, 0.5), 0.24, 0.3)
    )
    c.box(266, 330, 68, 68, 34, c.round_metal(_STEEL))
    c.ring(300, 364, 15, 15, darker(_STEEL, 0.6), 4)
    c.line("M300 344v16", darker(_STEEL, 0.6), 5)
    for step in range(4):
        c.box(284, 424 + step * 18, 32, 8, 4, COLOURS["sky"] if step < 3 else darker(c.colour, 0.3), 0.9)
    c.path(
        "M170 214C170 190 196 180 300 180S430 190 430 214 420 270 380 276H220C180 270 170 238 170 214Z",
        c.round_metal(_STEEL),
    )
    for x, y, r in ((206, 128, 72), (394, 128, 72), (300, 194, 76)):
        c.oval(x, y, r, r * 0.86, darker(_STEEL, 0.4))
        c.oval(x, y - 4, r * 0.96, r * 0.82, c.shade(_STEEL, 0.5, 0.4))
        c.oval(x, y - 4, r * 0.74, r * 0.62, darker(_STEEL, 0.62))
        for step in range(18):
            turn = step * pi / 9
            c.line(
                f"M{x + r * 0.4 * cos(turn):.1f} {y - 4 + r * 0.33 * sin(turn):.1f}L{x + r * 0.7 * cos(turn):.1f} {y - 4 + r * 0.58 * sin(turn):.1f}",
                lighter(_STEEL, 0.3),
                3,
                0.8,
            )
        c.oval(x, y - 4, r * 0.34, r * 0.28, c.ball(c.colour, 0.4, 0.3))
    c.shine("M224 280C214 350 214 450 230 520 240 450 238 350 242 280Z", 0.4)
    return c.done(190, (300, 150), top=60)


def clipper(c: Canvas) -> Drawing:
    """A hair clipper with its comb."""
    c.path(
        "M236 190C226 300 222 470 236 536 240 554 250 560 264 560H336C350 560 360 554 364 536 378 470 374 300 364 190Z",
        c.shade(c.colour, 0.36, 0.46, across=True),
    )
    c.box(276, 280, 48, 120, 24, c.shade(darker(c.colour, 0.55), 0.2, 0.2))
    c.box(284, 292, 32, 44, 16, c.round_metal(_STEEL))
    c.path("M206 100H394L378 196H222Z", c.round_metal(_STEEL))
    c.box(196, 62, 208, 40, 6, c.shade(lighter(_STEEL, 0.2), 0.4, 0.3))
    for step in range(20):
        c.path(f"M{200 + step * 10.2:.1f} 66l5-26 5 26Z", c.shade(_STEEL, 0.4, 0.3))
    c.line("M226 200H374", darker(c.colour, 0.6), 6, 0.6)
    c.line("M258 440h84M258 462h84M258 484h84", darker(c.colour, 0.55), 7, 0.5)
    c.shine("M246 214C238 300 238 440 248 520 256 440 254 300 258 214Z", 0.4)
    return c.done(170, (300, 150), top=40)


def razor(c: Canvas) -> Drawing:
    """A safety razor on its stand of shadow."""
    c.box(272, 196, 56, 350, 20, c.round_metal(c.colour))
    for row in range(14):
        for column in range(4):
            c.path(f"M{276 + column * 13} {268 + row * 18}l6 8 6-8-6-8Z", darker(c.colour, 0.5), 0.4)
    for y in (248, 528):
        c.box(264, y, 72, 14, 7, c.round_metal(lighter(c.colour, 0.2)))
    c.oval(300, 548, 34, 12, c.ball(c.colour, 0.5, 0.4))
    c.path("M276 196L288 150H312L324 196Z", c.round_metal(c.colour))
    c.path(
        "M126 148C126 134 134 128 150 128H450C466 128 474 134 474 148L462 160H138Z", c.round_metal(_STEEL, upright=True)
    )
    c.box(112, 118, 376, 7, 3, lighter(_STEEL, 0.6))
    c.path("M140 118C150 84 210 72 300 72S450 84 460 118Z", c.round_metal(c.colour, upright=True))
    for step in range(22):
        c.line(f"M{146 + step * 14.6:.1f} 130v16", darker(_STEEL, 0.55), 4, 0.6)
    c.shine("M190 100C220 86 270 82 320 84 270 90 230 98 206 108Z", 0.5)
    return c.done(150, (300, 140), top=72)


def umbrella(c: Canvas) -> Drawing:
    """Open, and leaning a little."""
    wood = COLOURS["tan"]
    c.shapes.append('<g transform="rotate(-9 300 320)">')
    c.line("M300 190V486C300 546 366 546 366 494", darker(wood, 0.4), 22)
    c.line("M299 190V486C299 540 364 540 364 494", c.shade(wood, 0.4, 0.3), 15)
    c.path(
        "M28 300C40 140 150 54 300 54S560 140 572 300C536 268 494 268 464 300 424 264 344 264 300 300 256 264 176 264 136 300 106 268 64 268 28 300Z",
        c.shade(darker(c.colour, 0.34), 0.1, 0.2),
    )
    ribs = (
        "M300 54C150 54 40 140 28 300C64 268 106 268 136 300 150 190 210 90 300 54Z",
        "M300 54C210 90 150 190 136 300 176 264 256 264 300 300Z",
        "M300 54V300C344 264 424 264 464 300 450 190 390 90 300 54Z",
        "M300 54C390 90 450 190 464 300 494 268 536 268 572 300 560 140 450 54 300 54Z",
    )
    for d, tone in zip(ribs, (0.12, 0.04, -0.1, -0.24), strict=True):
        colour = lighter(c.colour, tone) if tone > 0 else darker(c.colour, -tone)
        c.path(d, c.shade(colour, 0.16, 0.2))
    if c.chance("edge", 2):
        c.line(
            "M28 296C64 264 106 264 136 296 176 260 256 260 300 296 344 260 424 260 464 296 494 264 536 264 572 296",
            lighter(c.colour, 0.6),
            7,
            0.6,
        )
    for d in ("M300 54C210 90 150 190 136 300", "M300 54V300", "M300 54C390 90 450 190 464 300"):
        c.line(d, darker(c.colour, 0.5), 3, 0.45)
    c.box(294, 22, 12, 40, 5, c.round_metal(COLOURS["brass"]))
    c.shine("M62 250C84 160 150 100 220 78 160 130 116 200 104 262 88 258 74 254 62 250Z", 0.2)
    c.shapes.append("</g>")
    return c.done(330, (220, 190), centre=330, top=50)


def folded(c: Canvas) -> Drawing:
    """Folded short, with its strap."""
    c.path(
        "M230 130C222 260 216 380 222 470H378C384 380 378 260 370 130 350 104 250 104 230 130Z",
        c.shade(c.colour, 0.34, 0.46, across=True),
    )
    for x, bend in ((258, -8), (296, 0), (336, 8)):
        c.line(f"M{x} 122C{x + bend} 240 {x + bend} 360 {x} 466", darker(c.colour, 0.5), 6, 0.34)
        c.line(f"M{x + 6} 122C{x + 6 + bend} 240 {x + 6 + bend} 360 {x + 6} 466", lighter(c.colour, 0.4), 2.4, 0.4)
    c.path("M218 306C260 326 340 326 382 306V346C340 366 260 366 218 346Z", c.shade(darker(c.colour, 0.26), 0.24, 0.3))
    c.oval(330, 340, 12, 12, c.ball(COLOURS["silver"], 0.5))
    c.box(252, 84, 96, 40, 14, c.round_metal(_STEEL))
    c.box(286, 60, 28, 30, 8, c.round_metal(COLOURS["brass"]))
    c.path("M246 466H354L362 536C362 554 340 560 300 560S238 554 238 536Z", c.shade("#33343a", 0.34, 0.3))
    c.oval(300, 500, 20, 20, c.round_metal(_STEEL))
    c.line("M352 540C420 560 430 440 392 400", darker(c.colour, 0.4), 9)
    c.line("M352 538C416 556 426 442 390 402", lighter(c.colour, 0.1), 5)
    c.shine("M244 150C238 260 234 370 238 450 252 370 250 260 258 146Z", 0.3)
    return c.done(190, (300, 310), top=60)
