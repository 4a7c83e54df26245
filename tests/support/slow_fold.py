"""Where a parcel stands, calculated the long way, independently of the product's own fold."""

from integrations.contracts.carrier import TrackStep

ENDS = {"delivered", "returned", "lost", "cancelled"}


def calculate_slowly(events):
    """Mark struck events in a table, revocation by revocation, then read the table backwards."""

    def read(chosen, *, without_ends):
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
        left = [chosen[i] for i in order if not struck[i] and chosen[i].step is not None]
        if without_ends:
            left = [one for one in left if one.step.value not in ENDS]
        moving = [one for one in left if one.step.value != "cancelled"]
        return (moving or left or [None])[-1]

    proven = read([one for one in events if one.is_confirmed], without_ends=False)
    last = proven
    if proven is None or proven.step.value not in ENDS:
        last = read(list(events), without_ends=True)
    return None if last is None else (last.step.value, last.occurred_at)
