#!/usr/bin/env python3
"""A scripted operator in a real Chromium: reviews letters that the station has really read, with the keyboard alone, while it reads on.

Starts a station of its own with the letters (tests/letters, or --letters DIR with `ID.json` truths beside the images), waits for the first
drafts, opens the queue and presses what a person would: Enter on each field that wants a look, Enter to confirm; a letter that cannot be
confirmed is left with F8. Counts keys and what a mouse does, times the next letter from the press to the second frame after it is drawn, and the
other pages of a day from the address to the page that can be used. Prints one line `name value unit` each. Python's standard library and
chromedriver. Usage: bench/scripted_operator.py [--letters DIR] [--laixin PROGRAM] [--first N]
"""

import argparse
import http.client
import json
import re
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "demo"))
import station as demo  # noqa: E402

ENTER, F8 = "\ue007", "\ue038"
WATCH = """
window.waits = [];
window.pointed = 0;
let pressed = 0;
addEventListener('pointerdown', () => { window.pointed += 1; }, true);
addEventListener('keydown', (event) => { if (event.key === 'Enter' && event.target.id === 'confirm') pressed = performance.now(); }, true);
document.addEventListener('laixin-letter', () => requestAnimationFrame(() => requestAnimationFrame(() => {
    if (pressed) window.waits.push(performance.now() - pressed);
    pressed = 0;
})));
"""
THERE = "const at = performance.getEntriesByType('navigation')[0]; return at && at.domContentLoadedEventEnd;"
PAGES = ("/today", "/batches", "/letters", "/cabinets/cabinet-1", "/review")
HERE = "const form = document.getElementById('live-form'); return form && [form.dataset.letter, document.activeElement.id, document.getElementById('image').complete];"


class Browser:
    """The few WebDriver commands this needs."""

    def __init__(self):
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True)
        for line in self.driver.stdout:
            if found := re.search(r"started successfully on port (\d+)", line):
                self.link = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=120)
                break
        self.profile = tempfile.TemporaryDirectory()
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
                 "--lang=zh-CN", "--window-size=1366,768", f"--user-data-dir={self.profile.name}"]
        wanted = {"capabilities": {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": {"args": flags}}}}
        self.session = ""
        self.session = "/session/" + self.tell("POST", "/session", wanted)["sessionId"]
        self.pressed = 0

    def tell(self, method, path, body=None):
        self.link.request(method, self.session + path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"})
        answer = self.link.getresponse()
        value = json.loads(answer.read())["value"]
        if answer.status >= 300:
            raise RuntimeError(value.get("message", "")[:300])
        return value

    def ask(self, script, *given):
        return self.tell("POST", "/execute/sync", {"script": script, "args": list(given)})

    def press(self, key):
        self.pressed += 1
        self.tell("POST", "/actions", {"actions": [{"type": "key", "id": "keys", "actions": [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]}]})

    def until(self, holds, seconds=15):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if found := holds():
                    return found
            except RuntimeError:
                pass  # while a page is left, its scripts are not run
            time.sleep(0.02)
        return None

    def close(self):
        try:
            self.tell("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait(10)
            self.profile.cleanup()


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, round((len(values) - 1) * share))] if values else float("nan")


def is_right(draft, truth):
    """Whether every registered field is what the letter says."""
    fields, plain = draft["fields"], lambda one: one.get("value") if isinstance(one, dict) else one
    names = ("sender_name", "address", "addressee", "letter_date", "purpose", "id_number")
    numbers = lambda phones: sorted(phone["value"] for phone in phones if phone["value"])
    return all(plain(fields[name]) == plain(truth[name]) for name in names) and numbers(fields["phones"]) == numbers(truth["phones"])


def say_reasons(station, said):
    """The operator may read restricted letters: he has said why."""
    for letter in station.all("/v1/letters"):
        if letter["restricted"] and letter["id"] not in said:
            station.call("POST", f"/v1/letters/{letter['id']}/views", {"reason": "核对登记稿"})
            said.add(letter["id"])


def review(station, browser, password, letters):
    """Goes through the queue; what each letter took, and how long the next was waited for."""
    base = f"http://127.0.0.1:{station.port}"
    browser.tell("POST", "/url", {"url": base + "/"})
    browser.ask("document.querySelector('#user').value = arguments[0]; document.querySelector('#password').value = arguments[1]; document.querySelector('form').requestSubmit();",
                demo.OPERATOR, password)
    browser.until(lambda: browser.ask("return location.pathname === '/today';"))
    said, done, waits, paints, left, pages = set(), {}, [], [], [], []
    browser.pointed = 0
    while len(done) + len(left) < len(letters):
        say_reasons(station, said)
        for page in PAGES:
            browser.tell("POST", "/url", {"url": base + page})
            pages.append(browser.ask(THERE))
        if not browser.ask("return Boolean(document.querySelector('#live-queue a.primary'));"):
            if station.home.joinpath("all-read").exists():
                break
            time.sleep(1)
            continue
        browser.press(ENTER)
        if not browser.until(lambda: (browser.ask(HERE) or [0, 0, 0])[2]):
            break
        painted = "return (performance.getEntriesByName('first-contentful-paint')[0] || {}).startTime;"
        if (paint := browser.until(lambda: browser.ask(painted), 5)) is not None:
            paints.append(paint)
        browser.ask(WATCH)
        time.sleep(0.4)
        is_further = one_after_the_other(browser, done, left, len(letters))
        waits += browser.ask("return window.waits;")
        browser.pointed += browser.ask("return window.pointed;")
        if not is_further and station.home.joinpath("all-read").exists():
            break
        time.sleep(0 if is_further else 2)
    return done, left, waits, paints, pages


def one_after_the_other(browser, done, left, all_of_them):
    """Letter after letter until the queue is empty or comes round; whether anything was confirmed."""
    before, passed = len(done), 0
    while len(done) + len(left) < all_of_them:
        letter = browser.ask(HERE)[0]
        if letter in done:
            break
        if letter in left:
            browser.press(F8)
            passed += 1
            if passed > len(left) or not browser.until(lambda: (browser.ask(HERE) or [letter])[0] != letter, 4):
                break
            time.sleep(0.4)
            continue
        browser.pressed = 0
        gone = lambda: (browser.ask(HERE) or [letter])[0] != letter or browser.ask("return Boolean(document.querySelector('.letter-foot .allgood'));")
        for _ in range(20):
            focus = browser.ask(HERE)[1]
            browser.press(ENTER)
            if focus == "confirm":
                break
        if not browser.until(gone, 6):
            left.append(letter)
            browser.press(F8)
            if not browser.until(gone, 4):
                break
        elif browser.ask("return document.getElementById('outcome').textContent;").startswith(letter):
            left.append(letter)
        else:
            done[letter] = browser.pressed
        time.sleep(0.4)
        if browser.ask("return Boolean(document.querySelector('.letter-foot .allgood'));"):
            break
    return len(done) > before


def main():
    wants = argparse.ArgumentParser(description=__doc__)
    wants.add_argument("--letters", type=Path, default=demo.PROJECT / "tests" / "letters")
    wants.add_argument("--laixin", type=Path, default=demo.LAIXIN, help="another binary, an optimised one above all")
    wants.add_argument("--first", type=int, default=3, help="drafts that are there when the operator begins")
    options = wants.parse_args()
    demo.LAIXIN = options.laixin
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    letters = demo.pages_of(options.letters)
    station = demo.Station(options.letters, port)
    station.home = demo.PROJECT / "run" / "operator"
    station.inbox, station.config = station.home / "scanner-1", station.home / "station.toml"
    station.prepare(True)
    browser = None
    try:
        station.start("cabinet", "simulate", "--listen", station.cabinet, "--speed", "20", log="cabinet.log")
        password = secrets.token_urlsafe(12)
        station.command("user", "add", demo.OPERATOR, "--role", "confirming_officer", "--password-stdin", stdin=password + "\n")
        station.start("run", "--config", str(station.config), log="station.log")
        demo.wait_until(station.up, 30, "the station to answer")
        station.csrf = station.call("POST", "/v1/session", {"user": demo.OPERATOR, "password": password})["csrf"]
        station.released_batch(len(letters))
        station.feed([file for files in letters.values() for file in files])
        drafted = lambda: [one for one in station.all("/v1/letters") if one["stage"] in demo.DONE]
        demo.wait_until(lambda: len(drafted()) >= min(options.first, len(letters)), 120, "the first drafts")
        threading.Thread(target=note_the_end, args=(station.home, port, len(letters), password), daemon=True).start()
        browser = Browser()
        outcome = review(station, browser, password, letters)
        report(station, options.letters, outcome, browser.pointed)
    finally:
        if browser:
            browser.close()
        station.stop()


def note_the_end(home, port, count, password):
    """Leaves a mark when everything is read; with a session of its own, because one connection serves one thread."""
    other = demo.Station(home, port)
    other.csrf = other.call("POST", "/v1/session", {"user": demo.OPERATOR, "password": password})["csrf"]
    while sum(one["stage"] in demo.DONE for one in other.all("/v1/letters")) < count:
        time.sleep(1)
    (home / "all-read").touch()


def report(station, folder, outcome, pointed):
    done, left, waits, paints, pages = outcome
    right = []
    for letter, keys in done.items():
        truth = folder / f"{letter}.json"
        draft = station.call("GET", f"/v1/letters/{letter}")["draft"]["draft"]
        if truth.exists() and is_right(draft, json.loads(truth.read_text(encoding="utf-8"))["fields"]):
            right.append(keys)
    print(f"operator_letters {len(done)} confirmed")
    print(f"operator_left {len(left)} letters ({' '.join(left)})")
    print(f"operator_drafts_right {len(right)} letters")
    print(f"operator_keys_right_median {percentile(right, 0.5):.0f} keys")
    print(f"operator_keys_right_most {percentile(right, 1):.0f} keys")
    print(f"operator_keys_median {percentile(list(done.values()), 0.5):.0f} keys")
    print(f"operator_mouse {pointed} actions")
    print(f"operator_next_letter_p50 {percentile(waits, 0.5):.0f} ms ({len(waits)} waits)")
    print(f"operator_next_letter_p95 {percentile(waits, 0.95):.0f} ms")
    print(f"operator_page_p50 {percentile(pages, 0.5):.0f} ms ({len(pages)} pages)")
    print(f"operator_page_p95 {percentile(pages, 0.95):.0f} ms")
    print(f"operator_first_paint_most {percentile(paints, 1):.0f} ms ({len(paints)} pages)")


if __name__ == "__main__":
    main()
