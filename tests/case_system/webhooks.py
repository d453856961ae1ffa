#!/usr/bin/env python3
"""The reference case system, its listening half: takes webhooks as the Standard Webhooks specification has them.

Python's standard library only. A message counts once, by its id, which is in the ledger (ledger.py) before the answer. Refused: a message
without a valid signature (401), one whose time is more than five minutes off (400), one that is no message (400).
With --library the specification's own library has to take each message, too. Prints the port it listens on.
"""

import argparse
import base64
import hashlib
import hmac
import http.server
import json
import os
import ssl
import sys
import time

from ledger import Ledger

TOLERANCE_S = 300
LONGEST = 64 * 1024


def secrets_of(file):
    with open(file, encoding="utf-8") as lines:
        words = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    return [base64.b64decode(word.removeprefix("whsec_")) for word in words]


def is_signed(secrets, message, at, body, signatures):
    """Whether one of the signatures is by one of our secrets; compared in a time that says nothing."""
    signed = f"{message}.{at}.".encode() + body
    ours = ["v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode() for secret in secrets]
    pairs = [hmac.compare_digest(mine.encode(), theirs.encode()) for mine in ours for theirs in signatures.split(" ")]
    return any(pairs)


def is_taken_by_library(secrets, body, headers):
    """The same question to `standardwebhooks`, which nobody here wrote."""
    import standardwebhooks

    def takes(secret):
        try:
            standardwebhooks.Webhook(secret).verify(body, dict(headers.items()))
        except standardwebhooks.WebhookVerificationError:
            return False
        return True

    return any(takes(secret) for secret in secrets)


class Taker(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        options = self.server.options
        length = int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(min(length, LONGEST))
        if options.refuse > 0:
            options.refuse -= 1
            return self.answer(options.status)
        message, at = self.headers.get("webhook-id", ""), self.headers.get("webhook-timestamp", "")
        if not message or not at.isdigit() or length > LONGEST:
            return self.answer(400)
        if abs(time.time() - int(at)) > TOLERANCE_S:
            return self.answer(400)
        if not is_signed(secrets_of(options.secret_file), message, at, body, self.headers.get("webhook-signature", "")):
            return self.answer(401)
        if options.library and not is_taken_by_library(secrets_of(options.secret_file), body, self.headers):
            return self.answer(401)
        try:
            told = json.loads(body)
            kind, letter = told["type"], told["data"].get("letter")
        except (ValueError, KeyError, AttributeError, TypeError):
            return self.answer(400)
        self.server.ledger.take_message(message, kind, letter)
        if options.die_after > 0:
            options.die_after -= 1
            if options.die_after == 0:
                os._exit(9)  # killed between the ledger and the answer
        return self.answer(204)

    def answer(self, status):
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", self.server.options.location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def main():
    wants = argparse.ArgumentParser(description=__doc__)
    wants.add_argument("--ledger", required=True)
    wants.add_argument("--secret-file", required=True)
    wants.add_argument("--port", type=int, default=0)
    wants.add_argument("--certificate", help="PEM with certificate and key: then it speaks TLS")
    wants.add_argument("--refuse", type=int, default=0, help="answer so many messages with --status")
    wants.add_argument("--status", type=int, default=503)
    wants.add_argument("--location", default="http://127.0.0.1:9/")
    wants.add_argument("--die-after", type=int, default=0, help="die after so many messages, before the answer")
    wants.add_argument("--library", action="store_true", help="ask the Python package standardwebhooks about each message as well")
    options = wants.parse_args()
    server = http.server.HTTPServer(("127.0.0.1", options.port), Taker)
    if options.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.options, server.ledger = options, Ledger(options.ledger)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    sys.exit(main())
