"""The station's HTTP interface, as a case system calls it."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid


class Refused(Exception):
    """An answer other than 2xx, with the problem's code."""

    def __init__(self, status, code):
        super().__init__(f"{status} {code}")
        self.status, self.code = status, code


class Away(Exception):
    """The station did not answer until the time was up."""


def quoted(text):
    return urllib.parse.quote(text, safe="")


class Station:
    """Calls it. A station that is away, or says that it cannot just now, is asked again under the same key until the time is up."""

    def __init__(self, url, token, deadline, ledger, worker):
        self.url, self.token, self.deadline = url.rstrip("/"), token, deadline
        self.ledger, self.worker = ledger, worker

    def change(self, path, body, work):
        """A call that changes something. `work` gets its answer; the call is over once `work` is done with it, also after a restart."""
        key, text = str(uuid.uuid4()), json.dumps(body)
        self.ledger.begin_call(self.worker, key, "POST", path, text)
        return self.finish(key, "POST", path, text, work)

    def finish(self, key, method, path, text, work):
        try:
            done = work(self.call(method, path, text, key))
        except Refused:
            self.ledger.end_call(key)
            raise
        self.ledger.end_call(key)
        return done

    def call(self, method, path, text=None, key=None):
        while True:
            request = urllib.request.Request(self.url + path, data=None if text is None else text.encode(), method=method)
            request.add_header("Authorization", "Bearer " + self.token)
            if text is not None:
                request.add_header("Content-Type", "application/json")
                request.add_header("Idempotency-Key", key)
            try:
                with urllib.request.urlopen(request, timeout=20) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                problem = json.loads(error.read() or b"{}")
                if error.code < 500 or time.monotonic() > self.deadline:
                    raise Refused(error.code, problem.get("code", "?")) from None
            # A station killed in the middle of an answer leaves half of it: that is no answer.
            except (OSError, ValueError, EOFError, urllib.error.URLError) as error:
                if time.monotonic() > self.deadline:
                    raise Away(f"{self.url} does not answer: {error}") from None
            except Exception as error:  # http.client's own, e.g. IncompleteRead
                if time.monotonic() > self.deadline:
                    raise Away(f"{self.url} does not answer: {error}") from None
            time.sleep(0.1)

    def all(self, path):
        """Every item of a list."""
        items, cursor = [], ""
        while True:
            answer = self.call("GET", path + (f"&cursor={cursor}" if cursor else ""))
            items += answer["items"]
            cursor = answer["next"]
            if not cursor:
                return items
