"""Things of metal: lighter, buttons, valve, lamp."""

from math import cos, pi, sin

from steelyard.demo.pictures.canvas import COLOURS, Canvas, Drawing, darker
from steelyard.demo.pictures.canvas import lighter as lighten

_STEEL = COLOURS["steel"]


def lighter_body(c: Canvas) -> None:
    c.box(206, 300, 188, 260, 14, c.round_metal(c.colour))
    c.box(206, 300, 188, 8, 4, lighten(c.colour, 0.6), 0.8)
    pattern = c.chance("engraving", 3)
    if pattern == 0:
        for step in range(7):
            c.line(f"M230 {350 + step * 28}H370", darker(c.colour, 0.45), 2.5, 0.45)
    elif pattern == 1:
        c.ring(300, 440, 48, 48, darker(c.colour, 0.45), 3, 0.6)
        c.ring(300, 440, 34, 34, darker(c.colour, 0.45), 2, 0.5)
        c.path("M300 408l9 22 23 2-18 15 6 23-20-13-20 13 6-23-18-15 23-2Z", darker(c.colour, 0.4), 0.55)
    else:
        for step in range(6):
            c.line(f"M216 {340 + step * 40}L{260 + step * 22} 552", darker(c.colour, 0.4), 2, 0.3)


def lighter_flame(c: Canvas) -> None:
    c.path(
        "M292 216C262 190 268 150 296 108 300 140 328 160 326 190 324 210 308 220 292 216Z",
        c.glass("#f39a3d", 0.95, 0.7),
    )
    c.path("M296 214C280 198 284 176 298 154 302 174 314 184 312 198 310 210 304 214 296 214Z", "#fff1c4", 0.95)


def lighter(c: Canvas) -> Drawing:
    """A flip lighter, open, burning."""
    lighter_flame(c)
    c.box(232, 214, 136, 92, 6, c.round_metal(_STEEL))
    for row in range(2):
        for column in range(5):
            c.oval(250 + column * 24, 246 + row * 28, 7, 7, darker(_STEEL, 0.6))
    c.oval(348, 226, 22, 22, c.ball(darker(_STEEL, 0.25)))
    for step in range(12):
        turn = step * pi / 6
        c.line(
            f"M{348 + 15 * cos(turn):.1f} {226 + 15 * sin(turn):.1f}L{348 + 21 * cos(turn):.1f} {226 + 21 * sin(turn):.1f}",
            darker(_STEEL, 0.6),
            3,
        )
    c.path(
        "M394 302L396 288 520 160C530 150 546 150 556 160L580 186C588 196 588 208 578 218L420 330 394 330Z",
        c.shade(c.colour, 0.5, 0.4),
    )
    c.path("M404 300L524 178 540 176 560 198 560 212 420 316Z", darker(c.colour, 0.45), 0.55)
    c.oval(400, 306, 11, 11, c.ball(_STEEL))
    lighter_body(c)
    c.shine("M226 312h18v240h-18Z", 0.26)
    return c.done(220, (300, 280))


def button(c: Canvas) -> Drawing:
    """Three buttons on cloth, seen from above."""
    _button(c, 262, 330, 176, c.colour, 4)
    _button(c, 470, 168, 92, c.accent, 2)
    _button(c, 476, 470, 74, darker(c.colour, 0.3), 4)
    return c.done(400, (262, 330), flat=True)


def _button(c: Canvas, x: float, y: float, r: float, colour: str, holes: int) -> None:
    c.oval(x, y, r, r, c.shade(colour, 0.36, 0.42))
    c.oval(x, y, r * 0.93, r * 0.93, c.ball(colour, 0.24, 0.2))
    c.oval(x, y, r * 0.74, r * 0.74, darker(colour, 0.3), 0.7)
    c.oval(x + 2, y + 4, r * 0.72, r * 0.72, c.shade(lighten(colour, 0.14), 0.02, 0.3))
    c.ring(x, y, r * 0.84, r * 0.84, lighten(colour, 0.14), r * 0.02, 0.6)
    gap = r * 0.2
    places = [(-gap, -gap), (gap, -gap), (-gap, gap), (gap, gap)] if holes == 4 else [(-gap, 0), (gap, 0)]
    for dx, dy in places:
        c.oval(x + dx, y + dy, r * 0.1, r * 0.1, darker(colour, 0.72))
        c.oval(x + dx + r * 0.02, y + dy + r * 0.025, r * 0.075, r * 0.075, darker(colour, 0.5))
    reach = r * 0.86
    c.line(
        f"M{x - reach} {y}A{reach} {reach} 0 0 1 {x} {y - reach}",
        "#ffffff",
        r * 0.05,
        min(0.8, 0.5 * c.gloss),
    )


def valve(c: Canvas) -> Drawing:
    """A gate valve with its hand wheel."""
    brass = c.round_metal(c.colour, upright=True)
    c.box(60, 392, 480, 116, 10, brass)
    for x in (44, 484):
        c.box(x, 362, 72, 176, 12, c.round_metal(lighten(c.colour, 0.1), upright=True))
        for step in range(3):
            c.line(f"M{x + 18 + step * 18} 368V532", darker(c.colour, 0.5), 3, 0.4)
    c.path(
        "M206 420C206 350 240 322 300 322S394 350 394 420 360 560 300 560 206 490 206 420Z",
        c.ball(c.colour, 0.5, 0.45),
    )
    c.path("M236 332L250 250H350L364 332C330 350 270 350 236 332Z", c.round_metal(c.colour))
    c.box(228, 300, 144, 34, 8, c.round_metal(lighten(c.colour, 0.12)))
    c.path("M264 252l10-34h52l10 34Z", c.round_metal(c.colour))
    c.box(286, 128, 28, 100, 4, c.round_metal(_STEEL))
    wheel = COLOURS["red"] if c.chance("wheel", 2) else COLOURS["teal"]
    c.ring(300, 136, 158, 42, darker(wheel, 0.45), 30)
    c.ring(300, 130, 158, 42, c.shade(wheel, 0.3, 0.3), 26)
    for dx, dy in ((-150, 0), (150, 0), (-60, -38), (60, -38), (-74, 38), (74, 38)):
        c.line(f"M300 130l{dx} {dy}", c.shade(wheel), 14)
    c.oval(300, 128, 30, 14, c.ball(wheel))
    c.oval(300, 124, 14, 7, c.ball(_STEEL))
    c.shine("M234 372C244 348 266 338 292 336 262 356 250 392 246 440 234 420 230 396 234 372Z", 0.34)
    c.line("M272 440h56M280 462h40", darker(c.colour, 0.55), 6, 0.6)
    return c.done(470, (300, 250))


def lamp(c: Canvas) -> Drawing:
    """A desk lamp, on."""
    c.path("M96 250L270 190 420 556H20Z", c.glass("#ffe2a0", 0.5, 0.0))
    c.oval(390, 548, 130, 20, darker(c.colour, 0.5))
    c.path(
        "M260 540C260 516 318 504 390 504S520 516 520 540 462 560 390 560 260 560 260 540Z",
        c.shade(c.colour, 0.4, 0.4),
    )
    c.oval(390, 524, 118, 16, lighten(c.colour, 0.3), 0.5)
    c.line("M392 520L452 318", c.round_metal(COLOURS["brass"]), 17)
    c.line("M452 318L250 150", darker(COLOURS["brass"], 0.3), 17)
    c.line("M450 314L248 146", lighten(COLOURS["brass"], 0.2), 8)
    c.oval(452, 318, 24, 24, c.ball(c.colour))
    c.oval(452, 318, 9, 9, c.ball(COLOURS["brass"]))
    c.oval(180, 226, 92, 36, "#fff3cf")
    c.path(
        "M84 262C92 190 150 118 226 102 262 96 292 118 290 150 288 180 284 196 276 204 236 186 130 216 84 262Z",
        c.shade(c.colour, 0.42, 0.4),
    )
    c.path("M84 262C130 216 236 186 276 204 262 236 130 288 84 262Z", "#fff6dc")
    c.path("M84 262C130 216 236 186 276 204 240 200 140 226 84 262Z", darker(c.colour, 0.4), 0.5)
    c.oval(190, 234, 34, 18, "#ffffff")
    c.shine("M118 214C138 168 180 132 226 120 192 142 160 176 146 206Z", 0.4)
    c.oval(262, 122, 17, 17, c.ball(COLOURS["brass"]))
    return c.done(280, (240, 200), centre=390)
