"""The shipped regions come from a release of the package that is kept up to date."""

import zipfile

from deploy.regions import TABLE, read_wheel, write_table

ROWS = """country,sheng,shi,qu
中国,河南省,济源市,
中国,河南省,郑州市,
中国,河南省,郑州市,中原区
中国,国外,国外,国外
美国,加州,洛杉矶,
"""


def test_a_city_without_counties_is_its_own_and_abroad_is_left_out(tmp_path):
    with zipfile.ZipFile(tmp_path / "data.whl", "w") as archive:
        archive.writestr(TABLE, ROWS.encode("utf-8-sig"))
    regions = read_wheel(tmp_path / "data.whl")
    assert regions == [("河南省", "济源市", "济源市"), ("河南省", "郑州市", "中原区")]
    write_table(regions, tmp_path / "regions.csv")
    assert (tmp_path / "regions.csv").read_text() == (
        "province,city,county\n河南省,济源市,济源市\n河南省,郑州市,中原区\n"
    )
