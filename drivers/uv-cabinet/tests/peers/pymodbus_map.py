"""Units with any map, served by pymodbus.

Usage: pymodbus_map.py tcp MAP        → prints the port of 127.0.0.1 it listens on
       pymodbus_map.py rtu MAP PORT   → prints "ready" when the serial port is open
MAP is JSON: {unit: [coils, discrete inputs, holding registers, input registers]}, each of the four {first address: [values]}.
It holds values and obeys writes. Ends by itself after two minutes.
"""

import asyncio
import json
import signal
import sys

from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

NOWHERE = {"65000": [0]}  # pymodbus wants every table to have something


def table(places, datatype):
    kind = bool if datatype == DataType.BITS else int
    return [SimData(int(at), values=[kind(v) for v in values], datatype=datatype) for at, values in sorted((places or NOWHERE).items())]


def units(description):
    kinds = (DataType.BITS, DataType.BITS, DataType.REGISTERS, DataType.REGISTERS)
    return [SimDevice(id=int(unit), simdata=tuple(map(table, tables, kinds))) for unit, tables in json.loads(description).items()]


async def main(wire, description, port=None):
    if wire == "tcp":
        server = ModbusTcpServer(units(description), address=("127.0.0.1", 0))
    else:
        server = ModbusSerialServer(units(description), port=port, baudrate=19200)
    await server.serve_forever(background=True)
    print(server.transport.sockets[0].getsockname()[1] if wire == "tcp" else "ready", flush=True)
    await asyncio.Event().wait()


signal.alarm(120)
asyncio.run(main(*sys.argv[1:]))
