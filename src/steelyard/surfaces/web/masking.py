"""Personal data as staff see them until they reveal them: enough to recognise what one knows already."""

SHOWN_LETTERS = 1


def masked(words: str) -> str:
    """The first letter, and stars."""
    return f"{words[:SHOWN_LETTERS]}{'*' * min(max(len(words) - SHOWN_LETTERS, 2), 6)}" if words else ""


def masked_email(email: str | None) -> str:
    """The first letter before the sign, and what stands behind it."""
    name, sign, house = (email or "").partition("@")
    return f"{masked(name)}{sign}{house}"


def masked_phone(phone: str) -> str:
    """The last four digits."""
    return f"***{phone[-4:]}" if phone else ""
