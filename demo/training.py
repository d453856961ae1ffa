"""Starts a training station for `make train`: sample letters, cabinets simulated by the station itself, and an account for whoever learns.
What was practised stays in run/training; with --fresh it is forgotten.
"""

import argparse
import secrets
import signal
import sys

import station as demo

LEARNER = "学员"


class Training(demo.Station):
    """A station's folder and settings with `[training]`."""

    def __init__(self, letters, port):
        super().__init__(letters, port)
        self.home = demo.PROJECT / "run" / "training"
        self.inbox, self.config = self.home / "data" / "scanner-1", self.home / "station.toml"

    def settings(self):
        plain = super().settings().replace('[handoff]\noffer = "read"\n', "")
        plain = plain.replace('folder = "scanner-1"', 'folder = "data/scanner-1"')
        return plain.replace("`make run`", "`make train`") + f"[training]\nletters = {demo.toml_string(self.letters)}\n"


def main():
    wants = argparse.ArgumentParser(description=__doc__)
    wants.add_argument("--letters", type=demo.Path, default=demo.PROJECT / "tests" / "letters")
    wants.add_argument("--port", type=int, default=8471)
    wants.add_argument("--fresh", action="store_true")
    options = wants.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    station = Training(options.letters, options.port)
    try:
        station.prepare(options.fresh)
        is_new = not (station.home / "password").exists()
        password = station.secret("password", lambda: secrets.token_urlsafe(9))
        if is_new:
            station.command("user", "add", LEARNER, "--role", "confirming_officer", "--password-stdin", stdin=password + "\n")
        station.start("run", "--config", str(station.config), log="station.log")
        demo.wait_until(station.up, 60, "the station to answer")
        demo.say(f"练习站 training station: http://127.0.0.1:{station.port}/training · {LEARNER} / {password} (Ctrl-C)")
        while True:
            station.check_alive()
            demo.time.sleep(2)
    except demo.Failed as failed:
        sys.exit("\n".join(str(part) for part in failed.args))
    except KeyboardInterrupt:
        pass
    finally:
        station.stop()


if __name__ == "__main__":
    main()
