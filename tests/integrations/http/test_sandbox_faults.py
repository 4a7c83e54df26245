from integrations.sandbox_faults import Fault, FaultKind, FaultSwitch
from integrations.wechat.sandbox.refusal import render_fault


def make_switch(*faults: Fault) -> FaultSwitch:
    switch = FaultSwitch(render_fault)
    for fault in faults:
        switch.set(fault)
    return switch


def test_a_fault_spoils_as_many_requests_as_it_counts():
    switch = make_switch(Fault(kind=FaultKind.SLOW, count=2))
    assert [bool(switch.take("/a")) for _ in range(3)] == [True, True, False]


def test_a_fault_without_a_count_lasts_until_it_is_cleared():
    switch = make_switch(Fault(kind=FaultKind.SLOW, count=None))
    assert all(switch.take("/a") for _ in range(10))
    switch.clear()
    assert switch.take("/a") is None


def test_a_fault_waits_for_its_path():
    switch = make_switch(Fault(kind=FaultKind.SLOW, path="/pay"))
    assert switch.take("/a") is None
    assert switch.take("/v1/pay/order").kind is FaultKind.SLOW


def test_faults_are_taken_in_the_order_in_which_they_were_set():
    switch = make_switch(Fault(kind=FaultKind.SLOW), Fault(kind=FaultKind.RESET))
    assert [switch.take("/a").kind for _ in range(2)] == [FaultKind.SLOW, FaultKind.RESET]


def test_a_fault_after_the_effect_is_not_taken_before_it():
    switch = make_switch(Fault(kind=FaultKind.SLOW, after=True))
    assert switch.take("/a") is None
    assert switch.take("/a", after=True).kind is FaultKind.SLOW


def test_the_control_surface_is_never_spoilt():
    switch = make_switch(Fault(kind=FaultKind.SLOW, count=None))
    assert switch.take("/sandbox/messages") is None
