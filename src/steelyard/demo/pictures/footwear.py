# ruff: noqa: E501  the outline of a shape reads best on one line
"""Shoes, seen from the side, toe to the left."""

from steelyard.demo.pictures.canvas import Canvas, Drawing, darker, lighter


def sneaker(c: Canvas) -> Drawing:
    white, dark = "#f3f1ec", darker(c.colour, 0.38)
    c.path("M356 318C400 286 470 292 516 276L526 330 380 352Z", darker(c.colour, 0.62))
    c.path("M318 338C330 292 344 252 378 236 402 232 416 250 408 274L376 344Z", c.shade(lighter(c.colour, 0.18)))
    upper = "M52 506C44 452 92 424 160 406 236 386 286 344 338 306 352 340 392 352 432 338 468 326 492 300 516 274"
    c.path(f"{upper} C548 300 552 420 548 506Z", c.shade(c.colour))
    c.path("M52 506C44 456 88 430 146 412 190 430 208 470 206 506Z", c.shade(lighter(c.colour, 0.2)))
    c.path("M438 506C428 430 470 380 530 330 552 380 552 450 548 506Z", c.shade(dark))
    c.path("M206 506C252 500 344 452 420 366L448 372C400 450 330 500 286 506Z", c.shade(white, 0.2, 0.14))
    c.path(
        "M214 386C262 360 302 334 338 306 346 322 358 334 372 340 330 382 286 410 244 428Z",
        c.shade(dark, 0.2, 0.3),
    )
    for step in range(5):
        x, y = 232 + step * 27, 392 - step * 18
        c.line(f"M{x} {y}L{x + 34} {y + 22}", darker(white, 0.3), 11, 0.35)
        c.line(f"M{x} {y - 3}L{x + 34} {y + 18}", white, 9)
    c.line("M338 306C352 340 392 352 432 338 468 326 492 300 516 274", lighter(c.colour, 0.3), 7, 0.8)
    c.line("M150 416C190 434 212 470 210 502", darker(c.colour, 0.5), 2.5, 0.5, "6 5")
    c.shine("M84 452C110 430 150 420 186 410 150 432 112 448 92 474Z", 0.3)
    c.path(
        "M46 498C38 540 58 560 104 560H512C548 560 560 540 556 498 470 506 380 516 300 514 200 512 120 506 46 498Z",
        c.shade(white, 0.3, 0.2),
    )
    c.path(
        "M44 526C44 552 64 560 104 560H512C542 560 556 548 558 528 480 540 120 540 44 526Z",
        c.shade(c.accent, 0.1, 0.3),
    )
    c.line("M70 520C200 532 400 532 538 520", darker(white, 0.25), 3, 0.6)
    return c.done(520, (250, 420), top=236)


def shoe(c: Canvas) -> Drawing:
    sole, seam = darker(c.colour, 0.68), darker(c.colour, 0.5)
    c.path("M362 362C410 338 470 340 524 322L530 372 380 392Z", darker(c.colour, 0.72))
    upper = "M40 524C36 484 84 462 150 446 226 428 292 392 352 346 380 372 440 374 524 320"
    c.path(f"{upper} C548 370 552 450 548 526Z", c.shade(c.colour, 0.24, 0.42))
    c.path(
        "M244 420C286 398 322 372 352 346 380 372 420 376 448 364 452 420 430 470 392 500 330 490 268 462 244 420Z",
        c.shade(lighter(c.colour, 0.07), 0.22, 0.34),
    )
    c.path("M40 524C36 484 84 462 142 448 178 466 192 496 190 524Z", c.shade(lighter(c.colour, 0.09), 0.3, 0.34))
    c.line("M142 448C178 466 192 496 190 520", seam, 3, 0.8)
    c.line("M150 446C188 466 202 496 200 520", seam, 2, 0.6, "1 7")
    c.line("M244 420C268 462 330 490 392 500 430 470 452 420 448 364", seam, 3, 0.75)
    c.line("M256 420C280 456 334 480 388 490 420 462 440 420 438 370", seam, 2, 0.6, "1 7")
    c.line("M474 350C470 420 476 480 480 524", seam, 3, 0.7)
    for step in range(4):
        x, y = 282 + step * 27, 412 - step * 17
        c.line(f"M{x} {y}l34 18", darker(c.colour, 0.72), 8)
        c.oval(x + 38, y + 21, 5, 5, c.ball(COPPER))
    c.line("M352 346C380 372 440 374 524 320", darker(c.colour, 0.55), 6, 0.8)
    c.shine("M62 498C74 478 112 464 146 458 116 474 88 486 78 510Z", 0.42)
    c.shine("M492 360C512 352 520 346 526 340 536 390 538 430 536 470 520 430 506 390 492 360Z", 0.16)
    c.path("M32 520C120 534 300 538 552 522L554 540C400 550 140 550 36 540Z", c.shade(lighter(sole, 0.18)))
    c.line("M44 528C160 540 380 540 544 529", lighter(c.colour, 0.55), 2, 0.7, "5 6")
    c.path("M36 540C80 550 300 546 380 540L372 560H90C60 560 38 552 36 540Z", c.shade(sole))
    c.path("M408 540H554V560H414Z", c.shade(sole))
    return c.done(520, (300, 430), top=320)


def boot(c: Canvas) -> Drawing:
    sole, seam = darker(c.colour, 0.7), darker(c.colour, 0.5)
    c.path("M318 96C370 84 470 84 524 98L520 132H322Z", darker(c.colour, 0.72))
    shaft = "M316 98C370 116 470 116 526 98 518 200 532 330 544 420 550 460 550 500 548 524H44"
    c.path(
        f"{shaft} C38 476 96 450 170 428 256 402 318 360 322 270 324 210 318 150 316 98Z",
        c.shade(c.colour, 0.26, 0.42),
    )
    c.path("M44 524C38 480 90 456 156 434 196 456 212 492 210 524Z", c.shade(lighter(c.colour, 0.1), 0.3, 0.34))
    c.path(
        "M392 112C430 114 462 112 486 108 480 200 486 270 470 330 450 352 420 344 408 322 394 260 396 190 392 112Z",
        c.shade(darker(c.colour, 0.52), 0.16, 0.3),
    )
    for step in range(9):
        x = 400 + step * 9.5
        c.line(f"M{x} 124C{x - 2} 200 {x} 260 {x + 4} {318 + 8 * (step % 2)}", lighter(c.colour, 0.12), 1.6, 0.35)
    c.line("M156 434C196 456 212 492 210 520", seam, 3, 0.75)
    c.line("M408 322C420 344 450 352 470 330", seam, 3.5, 0.8)
    c.line("M440 348C446 420 440 480 436 522", seam, 3, 0.6)
    c.line("M316 100C370 118 470 118 526 100", lighter(c.colour, 0.24), 6, 0.9)
    c.path(
        "M514 62C540 56 552 70 548 96L540 150 522 146 528 100C528 88 522 84 514 88Z",
        c.shade(darker(c.colour, 0.3)),
    )
    c.shine("M66 492C80 470 120 456 160 446 126 466 96 480 84 508Z", 0.36)
    c.shine("M334 130C346 134 356 136 364 136 370 220 366 300 334 356 344 280 340 200 334 130Z", 0.24)
    c.path("M36 516C140 530 380 532 552 518L556 540C400 548 150 548 38 538Z", c.shade(lighter(sole, 0.22)))
    c.line("M48 526C170 536 390 536 546 527", lighter(c.colour, 0.55), 2, 0.7, "5 6")
    c.path("M38 536C80 546 300 544 386 538L378 560H96C64 560 42 550 38 536Z", c.shade(sole))
    c.path("M410 538H556V560H416Z", c.shade(sole))
    return c.done(520, (330, 300))


COPPER = "#b98a55"


def loafer(c: Canvas) -> Drawing:
    """A penny loafer: the shoe's line, a strap in place of laces."""
    sole, seam = darker(c.colour, 0.68), darker(c.colour, 0.5)
    c.path("M330 372C396 344 470 350 526 334L530 376 370 396Z", darker(c.colour, 0.74))
    upper = "M40 524C36 484 84 462 150 448 214 436 262 414 306 384 352 410 440 396 526 332"
    c.path(f"{upper} C548 378 552 452 548 526Z", c.shade(c.colour, 0.24, 0.42))
    c.path(
        "M64 506C84 474 150 462 214 448 258 436 290 418 310 400 330 412 344 416 358 418 330 452 262 486 190 500 130 510 84 512 64 506Z",
        c.shade(lighter(c.colour, 0.1), 0.26, 0.3),
    )
    c.line("M64 506C84 474 150 462 214 448 258 436 290 418 310 400", seam, 4, 0.7)
    c.line("M70 514C110 520 180 508 236 492 300 472 340 446 362 418", seam, 3, 0.7)
    c.line("M74 508C112 512 180 502 232 486 292 468 332 444 352 418", lighter(c.colour, 0.5), 2, 0.6, "2 7")
    c.path(
        "M250 424C286 408 318 392 336 380L398 470C374 492 340 506 312 514Z", c.shade(darker(c.colour, 0.1), 0.24, 0.3)
    )
    c.path("M292 432L326 414 346 442 310 462Z", darker(c.colour, 0.62))
    c.line("M250 424C286 408 318 392 336 380M312 514C340 506 374 492 398 470", seam, 3, 0.7)
    c.line("M306 384C352 410 440 396 526 332", darker(c.colour, 0.55), 6, 0.8)
    c.line("M470 372C466 430 474 484 478 524", seam, 3, 0.6)
    c.shine("M66 496C90 474 130 466 176 458 136 474 104 488 88 504Z", 0.4)
    c.shine("M492 366C512 358 520 352 526 346 536 392 538 430 536 470 520 430 506 396 492 366Z", 0.16)
    c.path("M32 520C120 534 300 538 552 522L554 542C400 552 140 552 36 542Z", c.shade(lighter(sole, 0.18)))
    c.path("M36 542C80 552 300 548 380 542L372 560H90C60 560 38 554 36 542Z", c.shade(sole))
    c.path("M412 540H554V560H418Z", c.shade(sole))
    return c.done(520, (300, 430), top=330)


def sandal(c: Canvas) -> Drawing:
    """Two broad straps and one around the heel, over a cork bed."""
    cork = "#c39a6b"
    c.path(
        "M34 508C36 484 70 470 130 474 240 482 330 488 420 470 480 458 540 452 560 476 572 492 568 508 556 516L548 536H52Z",
        c.shade(lighter(cork, 0.2), 0.2, 0.24),
    )
    c.path(
        "M470 470C486 404 520 372 548 376 566 380 566 400 556 424 546 450 548 470 552 486Z",
        c.shade(darker(c.colour, 0.2), 0.2, 0.4),
    )
    for left, right, peak in ((70, 250, 398), (262, 430, 372)):
        c.path(
            f"M{left} 516C{left + 12} 452 {left + 58} {peak} {(left + right) / 2 + 20:.0f} {peak}S{right - 6} 440 {right} 500L{right + 4} 518C{right - 50} 530 {left + 50} 532 {left} 516Z",
            darker(c.colour, 0.5),
            0.5,
        )
        c.path(
            f"M{left} 510C{left + 12} 446 {left + 58} {peak - 6} {(left + right) / 2 + 20:.0f} {peak - 6}S{right - 6} 434 {right} 496L{right + 4} 514C{right - 50} 526 {left + 50} 528 {left} 510Z",
            c.shade(c.colour, 0.34, 0.44),
        )
        c.line(
            f"M{left + 14} 504C{left + 26} 452 {left + 64} {peak + 6} {(left + right) / 2 + 18:.0f} {peak + 6}S{right - 20} 444 {right - 12} 500",
            lighter(c.colour, 0.5),
            2.4,
            0.65,
            "7 6",
        )
        x, y = (left + right) / 2 + 16, peak + 58
        c.box(x - 30, y - 20, 60, 46, 8, c.round_metal("#c79d4a"))
        c.box(x - 19, y - 10, 38, 26, 4, darker(c.colour, 0.36))
        c.line(f"M{x} {y - 16}v38", "#ead9ae", 5)
    c.line("M548 380C520 384 494 414 482 470", lighter(c.colour, 0.4), 3, 0.5, "7 6")
    c.path(
        "M34 508C60 526 160 532 300 530S520 522 564 500C570 520 564 534 548 540 400 552 180 552 60 542 40 538 34 526 34 508Z",
        c.shade(cork, 0.16, 0.34),
    )
    for step in range(26):
        c.oval(60 + step * 19, 534 + 4 * (c.chance(f"cork{step}", 3) - 1), 3.4, 2.2, darker(cork, 0.4), 0.5)
    c.path(
        "M38 532C180 548 420 548 562 526L556 552C540 560 520 560 500 560H96C62 560 44 552 38 532Z",
        c.shade("#3a3430", 0.2, 0.3),
    )
    c.shine("M92 496C104 452 132 420 164 408 136 436 118 462 112 504Z", 0.26)
    return c.done(520, (190, 450), top=366)
