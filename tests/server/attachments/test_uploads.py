"""An upload is quarantined, checked, kept as rewritten, seen on record, and deleted in time."""

import asyncio
import os
from dataclasses import replace

import pytest

from integrations.contracts.errors import VendorUnavailable
from integrations.contracts.scanner import Verdict
from models.attachments import Attachment, FileView
from models.audit import AuditEntry
from models.notifications import Notice
from models.states import AttachmentState
from server.attachments import access
from server.attachments.access import access_attachment_at_desk, access_own_attachment
from server.attachments.errors import (
    FileNotAccepted,
    NotViewable,
    UploadQuotaReached,
    UploadUnreadable,
)
from server.attachments.service import bind, open_attachment, receive_upload, unbind
from server.attachments.tasks import check_quarantined, sweep_uploads
from server.kit.errors import NotFound, TooLarge
from server.kit.transaction import in_transaction
from tests.support.papers import CENTER, clerk, make_citizen, picture, take_in, upload_of

CLEAN, QUARANTINED = AttachmentState.CLEAN, AttachmentState.QUARANTINED
REFUSED, DELETED = AttachmentState.REFUSED, AttachmentState.DELETED


class Scanner:
    """A scanner that is away, or says what it was told."""

    name = "told"

    def __init__(self, *, is_away=False, finds=""):
        self.is_away = is_away
        self.finds = finds

    async def scan(self, path):
        assert path.read_bytes()
        if self.is_away:
            raise VendorUnavailable(self.name, code="timeout")
        return Verdict(clean=not self.finds, signature=self.finds)


@pytest.fixture
async def citizen(ports):
    del ports
    return await make_citizen()


@pytest.fixture(autouse=True)
def quarantine(ports):
    """The folder; every test leaves it as it found it: empty."""
    folder = ports.blobs.quarantine()
    assert names_in(folder) == []
    yield folder
    for file in folder.iterdir():
        file.unlink()


def names_in(folder):
    return sorted(file.name for file in folder.iterdir())


def blobs_of(ports):
    folder = ports.settings.data_folder / "blobs" / "blobs"
    return [file for file in folder.rglob("*") if file.is_file()]


async def bind_to(bound_to, attachment, citizen):
    owner_id = citizen.person_id
    await in_transaction(lambda: bind(attachment.id, owner_id=owner_id, bound_to=bound_to))


async def test_an_upload_is_clean_at_once_and_its_raw_file_gone(ports, citizen, quarantine):
    attachment = await take_in(ports, citizen)
    row = await Attachment.get(id=attachment.id)
    assert (row.state, row.media_type, row.owner_id) == (CLEAN, "image/png", citizen.person_id)
    assert (row.quarantine_name, row.refusal, row.bound_to) == ("", "", "")
    assert names_in(quarantine) == []
    kept = await ports.blobs.load(row.blob_key)
    assert kept.startswith(b"\x89PNG")
    assert len(kept) == row.size_bytes


async def test_a_refused_upload_leaves_no_file_and_says_why(ports, citizen, quarantine):
    before = blobs_of(ports)
    with pytest.raises(FileNotAccepted) as refusal:
        await take_in(ports, citizen, b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    assert refusal.value.data["reason"] == "not_an_accepted_type"
    assert refusal.value.detail == "文件未能通过检查:只接受JPG、PNG图片和PDF文件"
    row = await Attachment.get()
    assert (row.state, row.refusal, row.blob_key) == (REFUSED, "not_an_accepted_type", "")
    assert names_in(quarantine) == []
    assert blobs_of(ports) == before


async def test_malware_is_refused(ports, citizen, quarantine):
    with pytest.raises(FileNotAccepted) as refusal:
        await take_in(replace(ports, scanner=Scanner(finds="Eicar")), citizen)
    assert refusal.value.data["reason"] == "malware"
    assert (await Attachment.get()).state is REFUSED
    assert names_in(quarantine) == []


async def test_while_the_scanner_is_away_a_file_waits_and_is_shown_to_nobody(
    ports, citizen, quarantine, clock
):
    scanner = Scanner(is_away=True)
    away = replace(ports, scanner=scanner)
    attachment = await take_in(away, citizen)
    assert attachment.state is QUARANTINED
    assert names_in(quarantine) == [attachment.quarantine_name]
    with pytest.raises(NotViewable):
        await open_attachment(attachment, citizen, purpose="own", request_id="r", ports=away)
    clock.advance(minutes=2)
    await check_quarantined(away)
    assert (await Attachment.get()).state is QUARANTINED
    scanner.is_away = False
    await check_quarantined(away)
    row = await Attachment.get()
    assert row.state is CLEAN
    assert (await ports.blobs.load(row.blob_key)).startswith(b"\x89PNG")
    assert names_in(quarantine) == []
    assert await Notice.all().count() == 0


async def test_the_job_leaves_a_fresh_upload_to_its_request(ports, citizen, clock):
    await take_in(replace(ports, scanner=Scanner(is_away=True)), citizen)
    clock.advance(seconds=30)
    await check_quarantined(ports)
    assert (await Attachment.get()).state is QUARANTINED


async def test_the_owner_of_a_file_that_is_refused_later_is_told(ports, citizen, quarantine, clock):
    await take_in(replace(ports, scanner=Scanner(is_away=True)), citizen)
    clock.advance(minutes=2)
    await check_quarantined(replace(ports, scanner=Scanner(finds="Eicar")))
    assert (await Attachment.get()).state is REFUSED
    notice = await Notice.get()
    assert (notice.account_id, notice.kind) == (citizen.id, "upload_refused")
    assert names_in(quarantine) == []


async def test_a_quarantined_file_that_vanished_is_not_waited_for(
    ports, citizen, quarantine, clock
):
    waiting = await take_in(replace(ports, scanner=Scanner(is_away=True)), citizen)
    (quarantine / waiting.quarantine_name).unlink()
    clock.advance(minutes=2)
    await check_quarantined(ports)
    row = await Attachment.get()
    assert (row.state, row.refusal) == (REFUSED, "file_lost")


async def test_an_upload_that_is_too_large_leaves_nothing(ports, citizen, quarantine):
    small = replace(ports, settings=ports.settings.model_copy(update={"upload_limit_bytes": 1024}))
    with pytest.raises(TooLarge):
        await take_in(small, citizen, b"\x89PNG" + bytes(2000))
    assert await Attachment.all().count() == 0
    assert names_in(quarantine) == []


async def test_a_form_without_a_file_is_unreadable(ports, citizen, quarantine):
    form = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b--\r\n'
    upload = upload_of(form, "multipart/form-data; boundary=b")
    with pytest.raises(UploadUnreadable) as refusal:
        await receive_upload(upload, citizen.person_id, actor=citizen, ports=ports)
    assert refusal.value.data["reason"] == "no_file"
    assert await Attachment.all().count() == 0
    assert names_in(quarantine) == []


async def test_a_form_with_one_file_is_taken(ports, citizen):
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="../../x"\r\n\r\n'
    upload = upload_of(head + picture() + b"\r\n--b--\r\n", "multipart/form-data; boundary=b")
    taken = await receive_upload(upload, citizen.person_id, actor=citizen, ports=ports)
    assert taken.state is CLEAN


async def test_the_quota_of_a_day_holds_and_ends_with_the_day(ports, citizen, quarantine, clock):
    few = replace(ports, settings=ports.settings.model_copy(update={"uploads_per_day": 2}))
    await take_in(few, citizen)
    await take_in(few, citizen)
    with pytest.raises(UploadQuotaReached):
        await take_in(few, citizen)
    assert await Attachment.all().count() == 2
    assert names_in(quarantine) == []
    await take_in(few, await make_citizen(2))
    clock.advance(hours=14, minutes=59)
    with pytest.raises(UploadQuotaReached):
        await take_in(few, citizen)
    clock.advance(minutes=1)
    await take_in(few, citizen)
    assert await Attachment.filter(owner_id=citizen.person_id).count() == 3


async def test_uploads_at_once_do_not_pass_the_quota(ports, citizen, quarantine):
    few = replace(ports, settings=ports.settings.model_copy(update={"uploads_per_day": 3}))
    await take_in(few, citizen)
    taken = await asyncio.gather(*(take_in(few, citizen) for _ in range(6)), return_exceptions=True)
    assert (
        sorted(type(one).__name__ for one in taken)
        == ["Attachment"] * 2 + ["UploadQuotaReached"] * 4
    )
    assert await Attachment.all().count() == 3
    assert names_in(quarantine) == []


async def test_a_file_is_bound_once_and_by_its_owner_only(ports, citizen):
    attachment = await take_in(ports, citizen)
    other = await make_citizen(2)
    with pytest.raises(NotFound):
        await bind_to("pre_review:stolen", attachment, other)
    assert (await Attachment.get()).bound_to == ""
    await bind_to("pre_review:a", attachment, citizen)
    with pytest.raises(NotFound):
        await bind_to("pre_review:b", attachment, citizen)
    assert (await Attachment.get()).bound_to == "pre_review:a"


async def test_a_view_at_the_desk_is_on_record_and_shown_to_the_owner(ports, citizen):
    attachment = await take_in(ports, citizen)
    content = await open_attachment(
        attachment, clerk(1), purpose="pre_review", request_id="request-1", ports=ports
    )
    assert content.body == await ports.blobs.load(attachment.blob_key)
    assert content.media_type == "image/png"
    assert content.name == f"材料-{attachment.id[-8:]}.png"
    view = await FileView.get()
    assert (view.attachment_id, view.owner_id) == (attachment.id, citizen.person_id)
    assert (view.viewer, view.viewer_name) == (clerk(1).name, "鼓楼区行政服务中心 窗口人员")
    assert (view.purpose, view.viewed_at) == ("pre_review", ports.now())
    entry = await AuditEntry.get(action="attachment.view")
    assert (entry.actor, entry.subject_id) == (clerk(1).name, attachment.id)
    assert (entry.request_id, entry.detail) == ("request-1", {"purpose": "pre_review"})


async def test_ones_own_look_is_audited_but_not_listed(ports, citizen):
    attachment = await take_in(ports, citizen)
    await open_attachment(attachment, citizen, purpose="own", request_id="r", ports=ports)
    assert await FileView.all().count() == 0
    assert await AuditEntry.filter(action="attachment.view").count() == 1


async def test_a_file_is_reached_by_its_owner_only(ports, citizen):
    attachment = await take_in(ports, citizen)
    own = await access_own_attachment(attachment.id, person_id=citizen.person_id)
    assert own.id == attachment.id
    other = await make_citizen(2)
    with pytest.raises(NotFound):
        await access_own_attachment(attachment.id, person_id=other.person_id)


async def test_staff_reach_a_file_only_through_work_that_names_a_purpose(
    ports, citizen, monkeypatch
):
    async def for_the_center(attachment, actor, now):
        assert now == ports.now()
        is_work = attachment.bound_to == "pre_review:a" and actor.point_code == CENTER
        return "pre_review" if is_work else None

    async def for_nobody(*_):
        return None

    monkeypatch.setattr(access, "_checks", [for_nobody, for_the_center])
    attachment = await take_in(ports, citizen)
    with pytest.raises(NotFound):
        await access_attachment_at_desk(attachment.id, actor=clerk(1), now=ports.now())
    await bind_to("pre_review:a", attachment, citizen)
    found, purpose = await access_attachment_at_desk(attachment.id, actor=clerk(1), now=ports.now())
    assert (found.id, purpose) == (attachment.id, "pre_review")
    with pytest.raises(NotFound):
        await access_attachment_at_desk(attachment.id, actor=clerk(2, "350102-B"), now=ports.now())
    with pytest.raises(NotFound):
        await access_attachment_at_desk("0" * 32, actor=clerk(1), now=ports.now())


async def test_a_file_that_serves_for_nothing_is_deleted_after_a_week(ports, citizen, clock):
    unused, used = [await take_in(ports, citizen) for _ in range(2)]
    await bind_to("pre_review:a", used, citizen)
    clock.advance(days=7)
    await sweep_uploads(ports)
    assert (await Attachment.get(id=unused.id)).state is CLEAN
    clock.advance(seconds=1)
    await sweep_uploads(ports)
    row = await Attachment.get(id=unused.id)
    assert (row.state, row.blob_key) == (DELETED, "")
    with pytest.raises(FileNotFoundError):
        await ports.blobs.load(unused.blob_key)
    assert (await Attachment.get(id=used.id)).state is CLEAN
    assert await ports.blobs.load(used.blob_key)


async def test_a_file_that_was_let_go_is_deleted_in_time(ports, citizen, clock):
    attachment = await take_in(ports, citizen)
    await bind_to("pre_review:a", attachment, citizen)
    await in_transaction(lambda: unbind("pre_review:a"))
    clock.advance(days=8)
    await sweep_uploads(ports)
    assert (await Attachment.get()).state is DELETED


async def test_unused_files_that_could_never_be_checked_are_given_up(
    ports, citizen, quarantine, clock
):
    await take_in(replace(ports, scanner=Scanner(is_away=True)), citizen)
    clock.advance(days=8)
    await sweep_uploads(ports)
    row = await Attachment.get()
    assert (row.state, row.refusal) == (REFUSED, "never_used")
    assert names_in(quarantine) == []


async def test_what_lies_in_quarantine_without_a_row_is_deleted(ports, citizen, quarantine):
    waiting = await take_in(replace(ports, scanner=Scanner(is_away=True)), citizen)
    long_ago = ports.now().timestamp() - 3601
    kept = [waiting.quarantine_name, f"{waiting.quarantine_name}.clean", "arriving"]
    for name in (*kept, "left", "left.clean"):
        (quarantine / name).touch()
        os.utime(quarantine / name, (long_ago, long_ago))
    os.utime(quarantine / "arriving", (long_ago + 2, long_ago + 2))
    await sweep_uploads(ports)
    assert names_in(quarantine) == sorted(kept)
