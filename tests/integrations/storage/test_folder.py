import asyncio
import os
import resource
import stat
from pathlib import Path
from threading import Event

import pytest

from integrations.gm.cipher import ColumnCipher
from integrations.storage.folder import FolderStore

CONTENT = b"\xff\xd8 a photo of an identity card" * 1_000


@pytest.fixture
def cipher():
    return ColumnCipher({"k1": bytes(16)}, bytes(16))


@pytest.fixture
def store(tmp_path, cipher):
    return FolderStore(tmp_path / "kept", cipher)


def files_in(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


class SlowCipher(ColumnCipher):
    """Encrypts once it is told to go on."""

    def __init__(self):
        super().__init__({"k1": bytes(16)}, bytes(16))
        self.has_begun, self.may_go_on = Event(), Event()

    def encrypt_bytes(self, plain):
        self.has_begun.set()
        self.may_go_on.wait()
        return super().encrypt_bytes(plain)


@pytest.mark.parametrize("content", [CONTENT, b""])
async def test_what_was_stored_is_loaded(store, content):
    assert await store.load(await store.store(content)) == content


async def test_another_process_reads_the_same_folder(store, tmp_path, cipher):
    key = await store.store(CONTENT)

    assert await FolderStore(tmp_path / "kept", cipher).load(key) == CONTENT


async def test_the_same_bytes_twice_have_two_keys(store):
    first, second = await store.store(CONTENT), await store.store(CONTENT)

    assert first != second
    assert len(first) == len(second) == 64


async def test_a_blob_lies_two_levels_deep_and_only_its_owner_reads_it(store, tmp_path):
    key = await store.store(CONTENT)

    path = tmp_path / "kept" / "blobs" / key[:2] / key[2:4] / key
    assert files_in(tmp_path) == [path]
    assert mode_of(path) == 0o600
    folders = [folder for folder in tmp_path.rglob("*") if folder.is_dir()]
    assert {mode_of(folder) for folder in folders} == {0o700}


async def test_a_blob_is_unreadable_on_the_disk(store, tmp_path):
    await store.store(CONTENT)

    sealed = files_in(tmp_path)[0].read_bytes()

    assert CONTENT[:20] not in sealed
    assert sealed.startswith(b"v1.k1.")


async def test_an_altered_blob_is_not_loaded(store, tmp_path):
    key = await store.store(CONTENT)
    path = files_in(tmp_path)[0]
    sealed = bytearray(path.read_bytes())
    sealed[100] ^= 1
    path.write_bytes(sealed)

    with pytest.raises(ValueError, match="altered"):
        await store.load(key)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "0" * 64,
        "0" * 63,
        "0" * 65,
        "A" * 64,
        "0" * 64 + "\n",
        "../" * 21 + "x",
        "../../../outside",
        "/etc/passwd",
        "٣" * 64,
        "0" * 63 + "\0",
    ],
)
async def test_a_key_that_is_not_one_of_ours_reads_and_deletes_nothing(store, tmp_path, key):
    kept = await store.store(CONTENT)
    (tmp_path / "outside").write_bytes(b"secret")

    with pytest.raises(FileNotFoundError):
        await store.load(key)
    await store.delete(key)

    assert await store.load(kept) == CONTENT
    assert (tmp_path / "outside").read_bytes() == b"secret"


async def test_a_key_with_a_path_behind_it_reads_and_deletes_nothing(store):
    kept = await store.store(CONTENT)

    for key in (f"{kept}/x", f"{kept}/../{kept}", f"./{kept}"):
        with pytest.raises(FileNotFoundError):
            await store.load(key)
        await store.delete(key)

    assert await store.load(kept) == CONTENT


async def test_a_deleted_blob_is_gone(store, tmp_path):
    key = await store.store(CONTENT)

    await store.delete(key)
    await store.delete(key)

    assert files_in(tmp_path) == []
    with pytest.raises(FileNotFoundError):
        await store.load(key)


async def test_a_blob_reaches_the_disk_before_its_name_and_its_name_before_the_answer(
    store, tmp_path, monkeypatch
):
    steps = []

    def sync(descriptor, real=os.fsync):
        real(descriptor)
        steps.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))

    def rename(source, target, real=Path.rename):
        real(source, target)
        steps.append(("renamed", str(source), str(target)))

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(Path, "rename", rename)

    key = await store.store(CONTENT)

    root = str(tmp_path / "kept")
    partial, folder = f"{root}/partial/{key}", f"{root}/blobs/{key[:2]}/{key[2:4]}"
    assert steps == [
        partial,
        f"{root}/blobs",
        f"{root}/blobs/{key[:2]}",
        ("renamed", partial, f"{folder}/{key}"),
        folder,
    ]


async def test_a_full_disk_leaves_nothing(store, tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            await store.store(bytes(1_500_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert files_in(tmp_path) == []


async def cancel_a_store(folder):
    cipher = SlowCipher()
    task = asyncio.create_task(FolderStore(folder, cipher).store(CONTENT))
    await asyncio.to_thread(cipher.has_begun.wait)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        cipher.may_go_on.set()
        raise


async def test_a_cancelled_store_does_not_hold_the_loop_and_leaves_nothing(tmp_path):
    # A loop of its own, whose end waits for the thread that goes on writing.
    with pytest.raises(asyncio.CancelledError):
        await asyncio.to_thread(asyncio.run, cancel_a_store(tmp_path))

    assert files_in(tmp_path) == []


def test_the_quarantine_is_a_private_folder(store, tmp_path):
    assert store.quarantine() == tmp_path / "kept" / "quarantine"
    assert mode_of(store.quarantine()) == 0o700


def test_a_folder_that_was_open_to_others_is_closed(tmp_path, cipher):
    (tmp_path / "kept" / "quarantine").mkdir(parents=True, mode=0o755)

    store = FolderStore(tmp_path / "kept", cipher)

    assert mode_of(store.quarantine()) == mode_of(tmp_path / "kept") == 0o700
