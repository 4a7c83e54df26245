"""`make prove`: run the proofs, one line each as they end, a table of all at the end."""

import sys

import tests.proofs
from tests.proofs.register import PROOFS
from tests.support.frame import Report, load_modules, read_only, run_entry, say


def main() -> int:
    only = read_only("prove what is promised")
    load_modules(tests.proofs)
    chosen = PROOFS.choose(only)
    reports = []
    for number, entry in enumerate(chosen, start=1):
        say(f"[{number}/{len(chosen)}] {entry.name} …")
        reports.append(run_entry(entry))
        say(_line(reports[-1]))
    say("\n".join(_table(reports)))
    return int(any(report.failure for report in reports))


def _line(report: Report) -> str:
    verdict = f"FAIL {report.failure}" if report.failure else f"ok {report.result}"
    return f"{report.entry.name} {verdict}"


def _table(reports: list[Report]) -> list[str]:
    width = max((len(report.entry.name) for report in reports), default=0)
    failed = sum(bool(report.failure) for report in reports)
    rows = [
        f"{report.entry.group:<10} {report.entry.name:<{width}} {report.duration_s:7.1f} s  "
        f"{'FAIL' if report.failure else 'ok  '} {report.failure or report.result}"
        for report in reports
    ]
    return ["", *rows, "", f"{len(reports) - failed} of {len(reports)} proofs hold"]


if __name__ == "__main__":
    sys.exit(main())
