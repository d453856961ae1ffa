#!/usr/bin/python3
"""A page worker that does as it is told: beside the link it was started by lies `plan`, a line for each process in turn with what it
answers to a page, the code of a refusal or `read`. Each process adds a line to `started`."""

import json
import pathlib
import socket
import struct
import sys

folder = pathlib.Path(sys.argv[0]).parent
with open(folder / "started", "a") as started:
    started.write("one\n")
turn = len((folder / "started").read_text().split())
answer = (folder / "plan").read_text().split()[turn - 1]
station = socket.socket(fileno=0)


def received(length):
    came = b""
    while len(came) < length:
        part = station.recv(length - len(came))
        if not part:
            sys.exit()
        came += part
    return came


def sent(document):
    text = json.dumps(document).encode()
    station.sendall(struct.pack("<I", len(text)) + text + struct.pack("<Q", 0))


while True:
    (length,) = struct.unpack("<I", received(4))
    task = json.loads(received(length))
    (length,) = struct.unpack("<Q", received(8))
    received(length)
    if "Open" in task:
        sent({"Opened": {"engine": "fake", "note": None}})
    elif answer == "read":
        sent({"Read": {"engine": "fake", "width": 10, "height": 10, "turned_deg": 0, "lines": [], "seconds": 0.1, "blank": False}})
    else:
        sent({"Refused": {"code": answer, "detail": "as planned"}})
