"""A clock in the picture that a program reads: 32 cells of a moment in milliseconds, and below them the same inverted."""

CELLS = 32
CELL_WIDTH, CELL_HEIGHT = 20, 32
LEFT, TOP = 40, 140
_WHITE, _BLACK = 235, 16


def stamp(luma: bytearray, line_bytes: int, moment_ms: int) -> None:
    """Write a moment (its low 32 bits) into the luma plane of a picture at least 720 wide."""
    bits = [moment_ms >> (CELLS - 1 - cell) & 1 for cell in range(CELLS)]
    for row, wanted in enumerate((1, 0)):
        line = b"".join(bytes([_WHITE if bit == wanted else _BLACK]) * CELL_WIDTH for bit in bits)
        for y in range(TOP + row * CELL_HEIGHT, TOP + (row + 1) * CELL_HEIGHT):
            at = y * line_bytes + LEFT
            luma[at : at + len(line)] = line


def centres() -> list[tuple[int, int, int]]:
    """Where a reader looks: x, y of the upper cell, y of the lower one."""
    half = CELL_HEIGHT // 2
    return [(LEFT + cell * CELL_WIDTH + CELL_WIDTH // 2, TOP + half, TOP + CELL_HEIGHT + half) for cell in range(CELLS)]
