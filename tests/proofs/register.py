"""Where proofs register themselves.

    @proof("rush", group="exact")
    async def prove_rush() -> str:
        ...
        return "500 of 5,000 booked, 4,500 refused"

A proof returns what it counted and raises `AssertionError` when a promise does not hold.
"""

from tests.support.frame import Register

PROOFS = Register()


def proof(name: str, *, group: str):
    """Register a function as a proof."""
    return PROOFS.add(name, group=group)
