"""A short run of what `make prove ONLY=schemathesis` does whole."""

import pytest

from tests.proofs.schema import collect_ids, configure, run


@pytest.mark.usefixtures("catalogue")
async def test_nothing_is_answered_that_is_not_documented(api_url, world):
    async def mint(role):
        who = "owner" if role == "citizen" else role
        headers = await world.headers(who)
        return headers["authorization"].removeprefix("Bearer ")

    config = await configure(api_url, mint, words=await collect_ids())
    report = await run(api_url, config, seed_number=1, examples=2, phases="fuzzing,stateful")
    assert report["operations"]["tested"] == report["operations"]["total"]
