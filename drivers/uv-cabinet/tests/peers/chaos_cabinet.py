"""A cabinet on a pseudo-terminal that answers wrongly in time: by hand from the Modbus papers, standard library only.

Usage: chaos_cabinet.py late|twice REQUESTS
Prints the terminal's path. For REQUESTS requests, 15 % of the replies are late (35 to 90 ms after their request) or are sent
twice; then prints how many were, and answers well from there on. Input register N holds 1000+N, from 100 on 0; coils are off. Ends by itself after two minutes.
"""

import os
import random
import signal
import sys
import time
import tty

LATEST = 0.1  # what the cabinet promises: after this no reply comes any more


def crc(frame):
    value = 0xFFFF
    for byte in frame:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value.to_bytes(2, "little")


HOLDING = {16: 0x4C58, 17: 0x2D44, 18: 0x454D, 19: 0x4F31}  # the model's name, LX-DEMO1


def reply(request):
    function, start, count = request[1], int.from_bytes(request[2:4], "big"), int.from_bytes(request[4:6], "big")
    if function == 4:
        body = bytes([2 * count]) + b"".join((1000 + at if at < 100 else 0).to_bytes(2, "big") for at in range(start, start + count))
    elif function == 3:
        body = bytes([2 * count]) + b"".join(HOLDING.get(at, 0).to_bytes(2, "big") for at in range(start, start + count))
    elif function == 1:
        body = bytes([(count + 7) // 8]) + bytes((count + 7) // 8)
    elif function == 6:
        HOLDING[start] = count
        body = request[2:6]
    else:
        sys.exit(f"no such function here: {request.hex()}")
    frame = request[:2] + body
    return frame + crc(frame)


def main(fault, requests):
    chance = random.Random(20)
    master, line = os.openpty()  # `line` stays open here: the driver may close and open it
    tty.setraw(line)
    print(os.ttyname(line), flush=True)
    heard, served, spoilt, kept = b"", 0, 0, 0
    while True:
        heard += os.read(master, 256)
        asked_at = time.monotonic()
        while len(heard) >= 8:
            request, heard = heard[:8], heard[8:]
            if crc(request[:6]) != request[6:]:
                sys.exit(f"bad request {request.hex()}")
            answer = reply(request)
            served += 1
            if served <= int(requests) and chance.random() < 0.15:
                spoilt += 1
                if fault == "late":
                    time.sleep(chance.uniform(0.035, 0.09))
                    if time.monotonic() - asked_at > LATEST:  # this machine was busy: keep the promise
                        kept += 1
                        answer = b""
                else:
                    answer += answer
            os.write(master, answer)
            if served == int(requests):
                print(f"{spoilt} {kept}", flush=True)


signal.alarm(120)
main(*sys.argv[1:])
