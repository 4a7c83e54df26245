"""The code tables, row by row where a mistake would cost a parcel."""

import pytest

from integrations.contracts.carrier import TrackStep
from integrations.ems import codes


@pytest.mark.parametrize(
    ("code", "step"),
    [
        ("203", TrackStep.COLLECTED),
        ("O_001", TrackStep.COLLECTED),
        ("356", TrackStep.IN_TRANSIT),
        ("394", TrackStep.IN_TRANSIT),
        ("516", TrackStep.IN_TRANSIT),
        ("713", TrackStep.IN_TRANSIT),
        ("702", TrackStep.OUT_FOR_DELIVERY),
        ("749", TrackStep.OUT_FOR_DELIVERY),
        ("747", TrackStep.WAITING_AT_POINT),
        ("705", TrackStep.ATTEMPT_FAILED),
        ("723", TrackStep.ATTEMPT_FAILED),
        ("704", TrackStep.DELIVERED),
        ("748", TrackStep.DELIVERED),
        ("O_016", TrackStep.DELIVERED),
        ("708", TrackStep.RETURNING),
        ("750", TrackStep.RETURNING),
        ("447", TrackStep.RETURNING),
        ("711", TrackStep.RETURNED),
        ("O_011", TrackStep.RETURNED),
        ("013", TrackStep.INTERCEPTED),
        ("993", TrackStep.INTERCEPTED),
        ("987", TrackStep.LOST),
        ("801", TrackStep.CANCELLED),
        ("802", None),
        ("207", None),
        ("743", None),
        ("355", None),
        ("395", None),
        ("XYZ", None),
    ],
)
def test_each_code_says_its_step(code, step):
    assert codes.find_step(code) is step


@pytest.mark.parametrize(
    ("revoking", "revoked"), [("207", "203"), ("742", "702"), ("743", "704"), ("744", "705")]
)
def test_a_revocation_names_what_it_revokes(revoking, revoked):
    assert codes.REVOKED_BY[revoking] == {revoked}


def test_every_revoked_code_has_a_step_and_no_revocation_has_one():
    assert {code for revoked in codes.REVOKED_BY.values() for code in revoked} <= set(codes.STEPS)
    assert not set(codes.REVOKED_BY) & set(codes.STEPS)


@pytest.mark.parametrize(("code", "known"), [("203", True), ("743", True), ("803", True)])
def test_codes_of_the_tables_are_known(code, known):
    assert codes.is_known(code) is known
    assert codes.is_known(code + "9") is False


def test_a_parcel_signed_for_by_a_claim_is_lost():
    assert codes.find_step("704", delivered_how="180") is TrackStep.LOST
    assert codes.find_step("705", failed_why="13") is TrackStep.LOST


@pytest.mark.parametrize(
    ("step", "how", "why", "reason"),
    [
        (TrackStep.DELIVERED, "10", "", "本人签收"),
        (TrackStep.DELIVERED, "161", "", "家门口签收"),
        (TrackStep.DELIVERED, "999", "", "其他方式签收"),
        (TrackStep.DELIVERED, "", "4", ""),
        (TrackStep.ATTEMPT_FAILED, "", "7", "收件人拒收"),
        (TrackStep.ATTEMPT_FAILED, "10", "99", "其他原因"),
        (TrackStep.LOST, "180", "", "理赔签收"),
        (TrackStep.IN_TRANSIT, "10", "7", ""),
        (None, "10", "7", ""),
    ],
)
def test_reasons_are_told_in_chinese(step, how, why, reason):
    assert codes.find_reason(step, delivered_how=how, failed_why=why) == reason
