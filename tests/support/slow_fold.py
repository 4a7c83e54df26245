"""Where a parcel stands, calculated the long way, independently of the product's own fold."""

from integrations.contracts.carrier import TrackStep

LAST = {"delivered", "returned", "lost"}
ENDS = LAST | {"cancelled"}
ONLY_PROVEN = ENDS | {"attempt_failed"}


def calculate_slowly(events):
    """Mark struck events in a table, revocation by revocation, then read the table backwards."""
    events = list(events)
    proven = [one for one in events if one.is_confirmed]
    last = _last(_left(proven))
    if last is not None and last.step.value in LAST:
        return last.step.value, last.occurred_at
    if last is not None and last.step.value == "cancelled":
        return _in_hand(proven) or ("cancelled", last.occurred_at)
    sure = [one for one in _left(events) if one.step.value not in ENDS and _is_sure(one)]
    if sure:
        return sure[-1].step.value, sure[-1].occurred_at
    return _in_hand(events)


def _left(chosen):
    order = sorted(
        range(len(chosen)),
        key=lambda i: (
            chosen[i].occurred_at,
            1 if chosen[i].revokes else 0,
            -1 if chosen[i].step is None else list(TrackStep).index(chosen[i].step),
            chosen[i].code,
            chosen[i].office_code,
        ),
    )
    struck = dict.fromkeys(order, False)
    for rank, index in enumerate(order):
        for code in chosen[index].revokes:
            for other in reversed(order[:rank]):
                if chosen[other].code == code and not struck[other]:
                    struck[other] = True
                    break
    return [chosen[i] for i in order if not struck[i] and chosen[i].step is not None]


def _last(left):
    moving = [one for one in left if one.step.value != "cancelled"]
    return (moving or left or [None])[-1]


def _is_sure(one):
    return one.is_confirmed or one.step.value not in ONLY_PROVEN


def _in_hand(chosen):
    """A parcel that was ever seen beyond its collection is with the carrier, revoked or not."""
    silent = {None, "collected", "cancelled"}
    times = [
        one.occurred_at
        for one in chosen
        if (one.step and one.step.value) not in silent and _is_sure(one)
    ]
    return ("collected", min(times)) if times else None
