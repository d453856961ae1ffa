#!/usr/bin/env python3
"""Runs a command as if somebody sat at a terminal: waits for its question, types, prints everything the terminal showed.

Usage: terminal.py QUESTION TYPED COMMAND…; exit code of the command, 128 + signal where it was ended by one. TYPED may be ^C. Behind the
command's end the last line says whether the terminal shows again what is typed.
"""

import os
import pty
import signal
import sys
import termios
import time


def main():
    question, typed, command = sys.argv[1].encode(), sys.argv[2], sys.argv[3:]
    # The command's side is kept open here too, so that it can be looked at when the command has gone.
    terminal, same = pty.openpty()
    child = os.fork()
    if child == 0:
        os.close(terminal)
        os.login_tty(same)
        # Whoever starts the tests in the background has this ignored, and so would the command.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.execvp(command[0], command)
    shown, asked, status, deadline = b"", 0, None, time.monotonic() + 120
    while time.monotonic() < deadline:
        os.set_blocking(terminal, False)
        try:
            shown += os.read(terminal, 4096)
        except BlockingIOError:
            if status is not None:
                break
            time.sleep(0.02)
        # Whoever gives up presses it until something happens.
        if question in shown and (not asked or typed == "^C" and time.monotonic() > asked + 2):
            asked = time.monotonic()
            os.write(terminal, b"\x03" if typed == "^C" else typed.encode() + b"\n")
        if status is None:
            ended, status_now = os.waitpid(child, os.WNOHANG)
            status = status_now if ended else None
    else:
        os.kill(child, 9)
        sys.exit("the command did not end")
    time.sleep(0.2)
    echo = bool(termios.tcgetattr(same)[3] & termios.ECHO)
    sys.stdout.buffer.write(shown + f"\nthe terminal shows what is typed: {echo}\n".encode())
    sys.exit(os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))


main()
