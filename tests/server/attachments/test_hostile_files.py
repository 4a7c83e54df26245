import asyncio

import pytest

from server.attachments.inspection import Inspection, inspect
from tests.server.attachments.hostile import HOSTILE


@pytest.fixture(scope="module")
async def judged(tmp_path_factory):
    """Every file of the corpus, judged side by side: its folder and the verdict on it."""

    async def judge(build):
        folder = tmp_path_factory.mktemp("hostile")
        path = folder / "upload"
        path.write_bytes(build())
        return folder, await inspect(path)

    verdicts = await asyncio.gather(*(judge(build) for build, _ in HOSTILE.values()))
    return dict(zip(HOSTILE, verdicts, strict=True))


def test_the_corpus_has_its_size():
    assert len(HOSTILE) == 99


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_and_leaves_no_copy(name, judged):
    folder, inspection = judged[name]

    assert inspection == Inspection(refusal=HOSTILE[name][1])
    assert [file.name for file in folder.iterdir()] == ["upload"]
