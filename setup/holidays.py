"""Writes config/holidays.toml: China's days off and make-up working days, one table a year.

Usage: setup/holidays.py WHEEL FIRST_YEAR LAST_YEAR > config/holidays.toml
  WHEEL  PyPI chinesecalendar 1.11.0 (MIT): the State Council's yearly arrangements as its authors typed them
It is pinned by SHA-256 below, read as text and not run. The result is in git; for a new year an administrator types the published
arrangement into the file, or a later laixin brings it.
"""

import hashlib
import re
import sys
import zipfile

PIN = "9479ead6010e6001472efdf97317699882c16604c7858ba26862dc9d36d56d46"
SOURCE = "国务院办公厅关于{}年部分节假日安排的通知（据 PyPI chinesecalendar 1.11.0, MIT）"
HEAD = """\
# Days off and make-up working days, one [[year]] each; what "working" days are counted by (config/deadlines/*.toml).
# Made by setup/holidays.py. Put a new year below when the State Council publishes it, usually in November for the next one: it works
# from the next start of the station on, without network. A year that is not here counts weekends only, and every due date says so.
#   year    the year
#   source  the published arrangement; for whoever checks this file
#   off     days nobody works, weekends inside a holiday too
#   worked  Saturdays and Sundays that are worked instead"""


def days(text, name):
    """The dates of one dictionary of the package's constants."""
    body = re.search(rf"^{name} = \{{(.*?)^\}}", text, re.M | re.S).group(1)
    return [tuple(map(int, found)) for found in re.findall(r"year=(\d+), month=(\d+), day=(\d+)", body)]


def listed(key, dates):
    lines = [f'    "{y:04}-{m:02}-{d:02}",' for y, m, d in sorted(dates)]
    return "\n".join([f"{key} = [", *lines, "]"])


def main():
    wheel, first, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    with open(wheel, "rb") as file:
        found = hashlib.sha256(file.read()).hexdigest()
    if found != PIN:
        sys.exit(f"{wheel}: SHA-256 is {found}, pinned is {PIN}")
    with zipfile.ZipFile(wheel) as package:
        text = package.read("chinese_calendar/constants.py").decode()
    off, worked = days(text, "holidays"), days(text, "workdays")
    print(HEAD)
    for year in range(first, last + 1):
        mine = [d for d in off if d[0] == year]
        if not mine:
            sys.exit(f"{year} is not in the package")
        print(f"\n[[year]]\nyear = {year}\nsource = \"{SOURCE.format(year)}\"")
        print(listed("off", mine))
        print(listed("worked", [d for d in worked if d[0] == year]))


if __name__ == "__main__":
    main()
