"""What of a person's data may be shown to somebody who need not see it whole."""

SHORTEST_SHOWN = 8
"""A shorter number would be given away by its ends."""


def mask_name(name: str) -> str:
    """Keep the first character: `张*`, `欧**`."""
    return name[:1] + "*" * max(1, len(name) - 1)


def mask_phone(phone: str) -> str:
    """Keep the first three and the last four digits."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= SHORTEST_SHOWN else "*" * len(phone)


def mask_id_number(id_number: str) -> str:
    """Keep the first four and the last two characters."""
    return id_number[:4] + "*" * (len(id_number) - 6) + id_number[-2:]


def mask_address(address: str) -> str:
    """Keep what names a street, hide the number and all after it."""
    digits = [place for place, character in enumerate(address) if character.isdigit()]
    kept = digits[0] if digits else len(address) // 2
    return address[:kept] + "***"
