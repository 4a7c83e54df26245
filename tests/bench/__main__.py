"""`make bench`: run the measurements and print `name value` lines."""

import sys

import tests.bench
from tests.bench.register import BENCHES
from tests.support.frame import Report, load_modules, read_only, run_entry, say


def main() -> int:
    only = read_only("measure throughput and latency")
    load_modules(tests.bench)
    reports = []
    for entry in BENCHES.choose(only):
        sys.stderr.write(f"{entry.name} …\n")
        reports.append(run_entry(entry))
        say("\n".join(_lines(reports[-1])))
    return int(any(report.failure for report in reports))


def _lines(report: Report) -> list[str]:
    if report.failure:
        return [f"{report.entry.name} FAIL {report.failure}"]
    return [f"{report.entry.name}_{name} {_round(value)}" for name, value in report.result.items()]


def _round(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    sys.exit(main())
