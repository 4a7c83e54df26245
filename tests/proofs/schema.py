"""Schemathesis over the whole OpenAPI document: nothing is answered that is not documented."""

import asyncio
import json
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import httpx
import tomli_w

from models.appointments import Appointment, Hold
from models.attachments import Attachment
from models.cases import Case
from models.delivery import CourierOrder, Parcel, PickupRound
from models.people import SessionKind, WechatAccount
from models.prereview import PreReview
from models.queueing import QueueTicket
from models.staff import CourierAccount, StaffAccount
from server.identity.sessions import open_session
from server.kit.access import Role
from server.kit.ports import Ports
from tests.proofs.register import proof
from tests.security.demonstration import start_demonstration

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "negative_data_rejection",
    "missing_required_header",
    "ignored_auth",
    "unsupported_method",
    "allow_header_conformance",
    "use_after_free",
)
FIRST_ASKED = ("citizen", "clerk", "manager", "handler", "courier", "supervisor", "admin")
"""Who asks where several may: in this order, or in the reverse."""
KNOWN_SHARE = 0.6
"""How often an id is one that is there."""
EXAMPLES = 6
ROUNDS = (
    (20261123, FIRST_ASKED, "coverage,fuzzing,stateful"),
    (20261124, FIRST_ASKED[::-1], "fuzzing,stateful"),
)
"""Seed, who is asked first, phases."""
TIMEOUT_S = 200.0
REPORT = "report.json"
QUICKLY = ("--no-shrink", "--workers", "2")

Mint = Callable[[str], Awaitable[str]]
"""Opens a session of a role and returns its token."""


@proof("schemathesis", group="refuses")
async def prove_schema() -> str:
    """Coverage, fuzzing and sequences on real servers, first as the lowest role, then the highest.

    Every route has a session of its own, so that a log-out ends nobody else's. How often one
    person may book is lifted, or the limit would be all that is seen of these routes.
    """
    with start_demonstration(BOOKINGS_PER_PERSON="6000/minute") as running:
        system, api, reports = running.system, running.api, []
        running.play()
        running.begin()
        for seed_number, roles, phases in ROUNDS:
            async with system.engine() as engine:
                mint, words = await _staff_of_play(engine.ports), await collect_ids()
                config = await configure(api.url, mint, words=words, roles=roles)
            limits = {"seed_number": seed_number, "examples": EXAMPLES, "phases": phases}
            reports.append(await run(api.url, config, **limits))
        unexpected = api.log.read_text().count("unexpected_error")
    assert unexpected == 0, f"{unexpected} faults of ours in the log"
    tried = sum(report["test_cases"]["generated"] for report in reports)
    return f"{tried} requests to {reports[0]['operations']['tested']} routes, all as documented"


async def configure(
    url: str,
    mint: Mint,
    *,
    words: Mapping[str, list[str]],
    roles: tuple[str, ...] = FIRST_ASKED,
) -> dict[str, object]:
    """Return the configuration: a session for each route, ids that are there for its parameters."""
    async with httpx.AsyncClient(trust_env=False) as client:
        document = (await client.get(f"{url}/docs/openapi.json")).raise_for_status().json()
    operations = [
        {
            "include-operation-id": operation["operationId"],
            "headers": {"Authorization": f"Bearer {await mint(_first(operation, roles))}"},
        }
        for methods in document["paths"].values()
        for operation in methods.values()
        if "x-roles" in operation
    ]
    known = {name: values for name, values in words.items() if values}
    return {
        "continue-on-failure": True,
        "operations": operations,
        "dictionaries": {_plain(name): {"values": values} for name, values in known.items()},
        "parameters": {
            name: {"dictionary": _plain(name), "probability": KNOWN_SHARE} for name in known
        },
    }


async def collect_ids() -> dict[str, list[str]]:
    """Return what there is, by the parameter that asks for it; call it with an engine open."""
    sources = (
        ("path.appointment_id", Appointment, "id"),
        ("path.hold_id", Hold, "id"),
        ("path.attachment_id", Attachment, "id"),
        ("path.pre_review_id", PreReview, "id"),
        ("path.ticket_id", QueueTicket, "id"),
        ("path.case_no", Case, "case_no"),
        ("path.parcel_id", Parcel, "id"),
        ("path.order_id", CourierOrder, "id"),
        ("path.round_id", PickupRound, "id"),
        ("path.code", Appointment, "point_code"),
        ("path.item_code", Case, "item_code"),
        ("query.item_code", Case, "item_code"),
        ("query.items", Case, "item_code"),
        ("body.item_code", Case, "item_code"),
        ("body.point_code", Appointment, "point_code"),
        ("body.pre_review_id", PreReview, "id"),
        ("body.hold_id", Hold, "id"),
        ("body.ticket_id", QueueTicket, "id"),
    )
    found = {
        name: sorted(set(await model.all().limit(50).values_list(column, flat=True)))
        for name, model, column in sources
    }
    return found | {"path.no": ["1", "2"], "path.seq": ["1", "2", "3"]}


async def run(
    url: str,
    config: Mapping[str, object],
    *,
    seed_number: int,
    examples: int,
    phases: str,
) -> dict[str, object]:
    """Run schemathesis in a process of its own; return its report, fail with what it found."""
    options = f"--phases {phases} --max-examples {examples} --seed {seed_number}"
    with tempfile.TemporaryDirectory(prefix="tongban-schema-") as folder:
        output = await _run([*_command(url, folder, config), *options.split(), *QUICKLY], folder)
        report = _read_report(folder, output)
    assert not report["failures"], f"{report['failures']}\n{output}"
    assert not report["errors"], f"{report['errors']}\n{output}"
    return report


def _command(url: str, folder: str, config: Mapping[str, object]) -> list[str]:
    settings = Path(folder, "schemathesis.toml")
    settings.write_text(tomli_w.dumps(config))
    program = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(settings)]
    told = str(Path(folder, REPORT))
    where = ["run", f"{url}/docs/openapi.json", "--url", url, "--report-json-path", told]
    return [*program, *where, "--checks", ",".join(CHECKS)]


def _read_report(folder: str, output: str) -> dict[str, object]:
    told = Path(folder, REPORT)
    assert told.exists(), output[-2000:]
    return json.loads(told.read_text())


async def _run(command: list[str], folder: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        async with asyncio.timeout(TIMEOUT_S):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return output.decode()


def _first(operation: Mapping[str, list[str]], roles: tuple[str, ...]) -> str:
    return next(role for role in roles if role in operation["x-roles"])


def _plain(name: str) -> str:
    return name.replace(".", "_")


async def _staff_of_play(ports: Ports) -> Mint:
    """Return who opens sessions for the citizen of the last case and those it lies with."""
    case = await Case.all().order_by("-id").first()
    account = await WechatAccount.get(person_id=case.person_id)
    couriers = await CourierAccount.all()
    courier = next(one for one in couriers if case.point_code in one.point_codes)
    logins = {
        "clerk": f"clerk-{case.point_code}",
        "manager": f"manager-{case.point_code}",
        "handler": f"handler-{case.department_code}",
    }

    async def mint(role: str) -> str:
        if role == Role.CITIZEN:
            kind, subject_id = SessionKind.CITIZEN, account.id
        elif role == Role.COURIER:
            kind, subject_id = SessionKind.COURIER, courier.id
        else:
            member = await StaffAccount.get(login=logins.get(role, role))
            kind, subject_id = SessionKind.STAFF, member.id
        return (await open_session(kind, subject_id, ports=ports, now=ports.now())).token

    return mint
