// From letter to letter: confirming brings the next one of the queue, which was fetched while this one was read. Keys for
// the whole desk, the sheet that lists them, and the written rule behind a field.
"use strict";

(() => {
  const { call, Refusal, said, fill } = window.laixin;
  const viewer = window.laixinViewer;
  const desk = window.laixinFields;
  /** A key that bounces, or is still held from the letter before, confirms nothing. */
  const BLIND_MS = 250;
  const form = () => document.getElementById("live-form");
  const told = () => document.getElementById("confirm-say");
  const address = () => `/v1/letters/${encodeURIComponent(form().dataset.letter)}`;
  const etag = () => `"${form().dataset.version}"`;
  /** The second screen, for visitors: it is cleared when another letter lies on the desk, or none. */
  const screen = new BroadcastChannel("laixin-desk");
  let ahead = null;
  let shownAt = performance.now();
  let busy = false;
  let underway = 0;

  async function fetched(id) {
    const answer = await fetch(`/letters/${encodeURIComponent(id)}`, { headers: { Accept: "text/html" }, credentials: "same-origin", cache: "no-store" });
    if (!answer.ok || answer.redirected) return null;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    // A letter that asks for a reason is opened as a page of its own.
    if (!page.getElementById("live-form")) return null;
    const wanted = page.querySelector("#fields [data-wants][data-page]:not([data-page=''])") || page.querySelector("#fields [data-page]:not([data-page=''])");
    const first = (wanted && wanted.dataset.page) || "1";
    const tab = page.querySelector(`#tabs [data-page="${CSS.escape(first)}"]`);
    let image = null;
    if (tab) {
      image = new Image();
      image.src = tab.dataset.src;
      try {
        await image.decode();
        viewer.decoded(image, await createImageBitmap(image));
      } catch {
        image = null;
      }
    }
    return { id, page, first, image };
  }

  /** The next letter, fetched while this one is read. */
  function prefetch() {
    const { next } = form().dataset;
    if (!next || (ahead && ahead.id === next)) return;
    const mine = { id: next, found: null };
    mine.found = fetched(next).catch(() => null);
    ahead = mine;
  }
  window.laixinPrefetch = prefetch;

  function place(found) {
    history.pushState({}, "", `/letters/${encodeURIComponent(found.id)}`);
    document.title = found.page.title;
    document.body.dataset.subject = found.id;
    for (const id of ["pages", "live-form"]) document.getElementById(id).replaceWith(document.adoptNode(found.page.getElementById(id)));
    viewer.another(found.first, found.image);
    desk.begin();
    lies();
    shownAt = performance.now();
    document.dispatchEvent(new CustomEvent("laixin-letter", { detail: found.id }));
    screen.postMessage(found.id);
    ahead = null;
    prefetch();
    // It may have changed since it was fetched, and so may what comes next.
    if (window.laixinRefresh) window.laixinRefresh().then(prefetch);
  }

  /** Goes to the next letter of the queue; without one stays here. */
  async function onward(words) {
    const { next } = form().dataset;
    if (!next) return false;
    if (!ahead || ahead.id !== next) { ahead = null; prefetch(); }
    const found = await ahead.found;
    if (!found) { location.assign(`/letters/${encodeURIComponent(next)}`); return true; }
    place(found);
    told().textContent = words;
    return true;
  }

  /** What became of a letter that is not on the desk any more, where it was not what its officer thinks. */
  function outcome(letter, text) {
    const line = document.createElement("li");
    const link = document.createElement("a");
    link.href = `/letters/${encodeURIComponent(letter)}`;
    link.textContent = letter;
    line.append(link, ` ${text}`);
    document.getElementById("outcome").append(line);
  }

  const why = (error) => (error instanceof Refusal ? error.message : said.script.lost);

  /** Confirms the letter on the desk. The next one is laid out meanwhile; what is refused comes back with its reason. */
  async function confirmed(letter) {
    const asked = call("POST", `${address()}/confirm`, {}, { "If-Match": etag() });
    underway += 1;
    asked.catch(() => {}).finally(() => { underway -= 1; });
    const { next } = form().dataset;
    const found = next && ahead && ahead.id === next ? await Promise.race([ahead.found, asked.then(() => null, () => null)]) : null;
    if (!found) {
      await asked;
      return onward(fill(said.script.confirmed_next, letter));
    }
    place(found);
    told().textContent = fill(said.script.confirming, letter);
    asked.then(
      () => { if (document.body.dataset.subject === found.id) told().textContent = fill(said.script.confirmed_next, letter); },
      (error) => {
        if (told().textContent === fill(said.script.confirming, letter)) told().textContent = "";
        outcome(letter, fill(said.script.not_confirmed, why(error)));
      },
    );
    return true;
  }

  async function confirm() {
    if (busy || !document.getElementById("confirm")) return;
    const open = desk.fields().filter((field) => desk.isOpen(field) && !desk.typed(field));
    if (open.length) {
      desk.go(open[0]);
      told().textContent = fill(said.script.still_open, open.length);
      return;
    }
    busy = true;
    try {
      if (!(await desk.settled())) { told().textContent = said.script.leave; return; }
      if (await confirmed(form().dataset.letter)) return;
      await window.laixinRefresh();
      told().textContent = said.script.confirmed;
      const done = document.getElementById("confirmed");
      if (done) done.focus();
    } catch (error) {
      told().textContent = why(error);
      if (error instanceof Refusal && error.status === 412) await window.laixinRefresh();
    } finally {
      busy = false;
    }
  }

  // What a button says is of the letter on which it was pressed, also when the next one lies on the desk before it is sent.

  /** An officer says which earlier letter this one repeats, or that it is a first one. */
  async function repeats(of) {
    const place_ = () => document.getElementById("repeat-say");
    const at = address();
    if (!(await desk.mayChange())) { place_().textContent = said.script.stays_confirmed; return; }
    place_().textContent = said.script.saving;
    try {
      await desk.settled();
      await call("PATCH", `${at}/fields`, { repeat: { value: of || null } }, { "If-Match": etag() });
      await window.laixinRefresh();
      place_().textContent = said.script.saved;
    } catch (error) {
      place_().textContent = error instanceof Refusal ? (error.code === "correction_invalid" && said.allowed.repeat) || error.message : said.script.lost;
      if (error instanceof Refusal && error.status === 412) await window.laixinRefresh();
    }
  }

  /** An officer says, with his reason, that the letter accuses nobody of an office, or nobody beside whom it names already. */
  async function nobody() {
    const place_ = () => document.getElementById("nobody-say");
    const at = address();
    const why_ = document.getElementById("nobody-why");
    const reason = why_.value.trim();
    if (!reason) { place_().textContent = said.script.nobody_reason; why_.focus(); return; }
    if (!(await desk.mayChange())) { place_().textContent = said.script.stays_confirmed; return; }
    place_().textContent = said.script.saving;
    try {
      await desk.settled();
      if (address() !== at) return;
      const accused = { ...desk.accused(), reason };
      await call("PATCH", `${at}/fields`, { accused }, { "If-Match": etag() });
      await window.laixinRefresh();
      told().textContent = said.script.saved;
    } catch (error) {
      place_().textContent = why(error);
      if (error instanceof Refusal && error.status === 412) await window.laixinRefresh();
    }
  }

  /** An officer says whether the letter accuses an office that it speaks of; with his reason, or with the words of the button. */
  async function judge(button) {
    const part = button.closest("[data-office]");
    const place_ = part.querySelector("[data-office-say]");
    const reason = part.querySelector("input").value.trim() || button.dataset.why;
    const accuses = button.dataset.judge === "yes";
    const at = address();
    place_.textContent = said.script.saving;
    try {
      await desk.settled();
      await call("POST", `${at}/offices`, { office: part.dataset.office || null, accuses, reason });
      await window.laixinRefresh();
      told().textContent = said.script.saved;
    } catch (error) {
      place_.textContent = why(error);
    }
  }

  /** Whoever reads it says that the letter speaks of an office which would receive it: it waits for an officer. */
  async function speaksOf(buttons) {
    const place_ = document.querySelector("[data-speaks-say]");
    const at = address();
    place_.textContent = said.script.saving;
    try {
      await desk.settled();
      for (const button of buttons) await call("POST", `${at}/offices/named`, { office: button.dataset.speaksOf });
      await window.laixinRefresh();
      told().textContent = said.script.saved;
    } catch (error) {
      place_.textContent = why(error);
    }
  }

  /** The written rule of the chosen field, in its own words. */
  function rule() {
    const field = document.querySelector("#fields .field.chosen");
    const number = (field && field.dataset.rule) || "7.4.2.1";
    const sheet = document.getElementById("rule");
    sheet.querySelector("h2").textContent = fill(said.rule.heading, number);
    sheet.querySelector("[data-text]").textContent = said.rule[number] || said.rule["7.4.2.1"];
    sheet.showModal();
  }

  const lies = () => window.laixinTrail.lies(form().dataset.letter);

  /** Back to the letter that lay here before this one. */
  async function back() {
    if (!(await desk.settled())) { told().textContent = said.script.leave; return; }
    if (!window.laixinTrail.back(form().dataset.letter)) told().textContent = said.script.no_letter_before;
  }

  async function skip() {
    if (busy) return;
    busy = true;
    try {
      if (!(await desk.settled())) { told().textContent = said.script.leave; return; }
      const { letter } = form().dataset;
      if (!(await onward(fill(said.script.skipped, letter)))) told().textContent = said.script.queue_empty;
    } finally {
      busy = false;
    }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.id === "confirm") confirm();
    if (button.id === "skip") skip();
    if (button.id === "nobody") nobody();
    if ("judge" in button.dataset) judge(button);
    if ("speaksOf" in button.dataset) speaksOf([button]);
    if (button.id === "show-rule") rule();
    if ("repeats" in button.dataset) repeats(button.dataset.repeats);
  });

  const keys = {
    F1: () => document.getElementById("keys").showModal(),
    F2: rule,
    F7: () => {
      const buttons = [...document.querySelectorAll("[data-speaks-of]")];
      if (buttons.length) speaksOf(buttons);
    },
    F8: skip,
    F9: back,
  };
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229 || event.altKey) return;
    const open = document.querySelector("dialog[open]");
    if (open) return;
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.nodeName);
    const act = event.key === "?" && !typing ? keys.F1 : keys[event.key];
    if (act && !event.ctrlKey) { event.preventDefault(); if (!event.repeat) act(); return; }
    const early = event.repeat || performance.now() - shownAt < BLIND_MS;
    if (event.key === "Enter" && event.ctrlKey) { event.preventDefault(); if (!early) confirm(); }
    if (event.key === "Enter" && event.target.id === "confirm" && early) event.preventDefault();
  });
  addEventListener("beforeunload", (event) => { if (underway) event.preventDefault(); });
  addEventListener("pagehide", () => screen.postMessage(null));
  // Back and forward between letters are pages of their own.
  addEventListener("popstate", () => location.reload());

  lies();
  if (document.readyState === "complete") prefetch(); else addEventListener("load", prefetch);
})();
