"""A cabinet with the map of config/cabinets/demo.toml, served by pymodbus: a Modbus stack that shares nothing with ours.

Usage: pymodbus_cabinet.py tcp        → prints the port of 127.0.0.1 it listens on
       pymodbus_cabinet.py rtu PORT   → prints "ready" when the serial port is open
It holds values and obeys writes; no physics. Ends by itself after two minutes.
"""

import asyncio
import signal
import sys

from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice


def bits(*values):
    return [SimData(0, values=list(values), datatype=DataType.BITS)]


def registers(*values):
    return [SimData(0, values=list(values), datatype=DataType.REGISTERS)]


CABINET = SimDevice(
    id=1,
    simdata=(
        bits(False, False, False),  # coils: lamp, fan, lock
        bits(True, False, False, True, False),  # door_closed, locked, estop_pressed, lamp_on, fan_on
        # heartbeat; from 16 on the model's name, LX-DEMO1
        registers(*[0] * 16, 0x4C58, 0x2D44, 0x454D, 0x4F31),
        # irradiance, ozone, temperature -5.5 °C, lamp hours 12345.6 low word first, strikes, scan counter
        registers(12345, 87, 65481, 0xE240, 1, 4321, 777),
    ),
)


async def main(kind, port=None):
    if kind == "tcp":
        server = ModbusTcpServer(CABINET, address=("127.0.0.1", 0))
    else:
        server = ModbusSerialServer(CABINET, port=port, baudrate=19200)
    await server.serve_forever(background=True)
    print(server.transport.sockets[0].getsockname()[1] if kind == "tcp" else "ready", flush=True)
    await asyncio.Event().wait()


signal.alarm(120)
asyncio.run(main(*sys.argv[1:]))
