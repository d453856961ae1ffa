// Keeps the parts marked data-live as the station shows them: fetches this page again and changes only what differs,
// so focus, typed text and open dialogs stay. Says so when the link is lost: old values never pass for new ones.
"use strict";

(() => {
  const body = document.body;
  const lost = document.getElementById("lost");
  const frozen = document.getElementById("frozen");

  function sameAttributes(now, next) {
    for (const { name } of [...now.attributes]) {
      // What a person unfolded stays so.
      const isUnfolded = name === "open" && now.nodeName === "DETAILS";
      if (!next.hasAttribute(name) && !isUnfolded && name !== "aria-invalid" && !name.startsWith("data-kept")) now.removeAttribute(name);
    }
    for (const { name, value } of next.attributes) {
      if (now.getAttribute(name) !== value) now.setAttribute(name, value);
    }
  }

  /** Whether a person is at work in this node, so that it must be left alone. */
  function inUse(node) {
    if (node.nodeName === "DIALOG" && node.open) return true;
    if ("keptTyped" in (node.dataset || {})) return true;
    return node === document.activeElement && /^(INPUT|SELECT|TEXTAREA)$/.test(node.nodeName) && node.value !== node.dataset.saved;
  }

  /** Somebody else saved another value where a person is typing: nothing is overwritten, the page is told. */
  function theirs(now, next) {
    if (now.dataset.saved === undefined || now.dataset.saved === next.dataset.saved) return;
    now.dataset.saved = next.dataset.saved;
    now.dispatchEvent(new CustomEvent("laixin-theirs", { bubbles: true, detail: next.dataset.saved }));
  }

  function become(now, next) {
    if (now.nodeType !== next.nodeType || now.nodeName !== next.nodeName || (now.id || "") !== (next.id || "")) {
      now.replaceWith(next.cloneNode(true));
      return;
    }
    if (now.nodeType !== Node.ELEMENT_NODE) {
      if (now.nodeValue !== next.nodeValue) now.nodeValue = next.nodeValue;
      return;
    }
    // What a script draws is not in the page that the station sends.
    if ("say" in now.dataset || "choices" in now.dataset || now.nodeName === "CANVAS") return;
    if (inUse(now)) { theirs(now, next); return; }
    const kept = ["chosen", "typed", "choosing"].filter((look) => now.classList.contains(look));
    const wasSaved = now.dataset.saved;
    sameAttributes(now, next);
    now.classList.add(...kept);
    if (wasSaved !== undefined && now.value === wasSaved) now.value = next.dataset.saved;
    children(now, next);
  }

  /** Whether a person is typing in a part that somebody else took away: it stays, and he is told. */
  function isTypedIn(part) {
    const places = part.querySelectorAll ? [...part.querySelectorAll("[data-kept-typed]")] : [];
    if (places.length && !("keptGone" in part.dataset)) {
      part.dataset.keptGone = "";
      for (const place of places) place.dispatchEvent(new CustomEvent("laixin-theirs", { bubbles: true, detail: "" }));
    }
    return places.length > 0;
  }

  function children(now, next) {
    const byId = new Map([...now.children].filter((child) => child.id).map((child) => [child.id, child]));
    let at = now.firstChild;
    for (const wanted of [...next.childNodes]) {
      const known = wanted.id && byId.get(wanted.id);
      if (known && known !== at) {
        now.insertBefore(known, at);
        become(known, wanted);
      } else if (at && (!at.id || at.id === wanted.id)) {
        const after = at.nextSibling;
        become(at, wanted);
        at = after;
      } else {
        now.insertBefore(wanted.cloneNode(true), at);
      }
    }
    while (at) {
      const after = at.nextSibling;
      if (!(at.nodeName === "DIALOG" && at.open) && !isTypedIn(at)) at.remove();
      at = after;
    }
  }

  function linkIs(up) {
    lost.hidden = up;
    if (frozen) frozen.hidden = up;
    body.classList.toggle("unlinked", !up);
  }

  let running = null;
  let again = false;

  async function fetchAndShow() {
    const asked = location.href;
    let answer;
    try {
      answer = await fetch(asked, { headers: { Accept: "text/html" }, credentials: "same-origin", cache: "no-store", signal: AbortSignal.timeout(8000) });
    } catch {
      linkIs(false);
      return;
    }
    const text = answer.ok ? await answer.text().catch(() => null) : "";
    // Another letter lies on the desk by now: this one's page has no place there.
    if (location.href !== asked) { again = true; return; }
    if (text === null) { linkIs(false); return; }
    if (answer.redirected && new URL(answer.url).pathname === "/") {
      // Signed out: leave at once unless something is typed here that would be lost.
      if (document.querySelector("[data-kept-typed]")) await window.laixinAgain(); else location.assign(answer.url);
      return;
    }
    if (answer.redirected && new URL(answer.url).pathname !== location.pathname) { location.replace(answer.url); return; }
    // What is no longer to be seen by this person does not stay on his screen.
    if (answer.status === 403 || answer.status === 404) { location.reload(); return; }
    if (!answer.ok) { linkIs(false); return; }
    const next = new DOMParser().parseFromString(text, "text/html");
    linkIs(true);
    document.querySelector('meta[name="csrf"]').content = next.querySelector('meta[name="csrf"]').content;
    const focus = window.laixinFocus.mark();
    for (const part of document.querySelectorAll("[data-live]")) {
      const wanted = next.getElementById(part.id);
      if (wanted) become(part, wanted);
    }
    // What a dialog asks may be over by now.
    for (const dialog of document.querySelectorAll("dialog[data-while-opener][open]")) {
      if (!document.querySelector(`[data-open="${dialog.id}"]`)) dialog.close();
    }
    window.laixinFocus.back(focus);
    document.dispatchEvent(new CustomEvent("laixin-refreshed"));
  }

  /** Fetches once; calls that come meanwhile lead to one more. */
  function refresh() {
    if (running) { again = true; return running; }
    running = fetchAndShow().finally(() => {
      running = null;
      if (again) { again = false; refresh(); }
    });
    return running;
  }
  window.laixinRefresh = refresh;

  const kinds = (body.dataset.listen || "").split(" ").filter(Boolean);
  let soon = 0;
  function hint(event) {
    if (body.dataset.subject && !event.data.includes(JSON.stringify(body.dataset.subject))) return;
    if (!soon) soon = setTimeout(() => { soon = 0; refresh(); }, 250);
  }
  if (kinds.length) {
    const events = new EventSource("/v1/events");
    for (const kind of kinds) events.addEventListener(kind, hint);
    events.addEventListener("missed", refresh);
    // The stream ends now and then by itself and comes back at once: only a lasting silence is a lost link.
    let silent = 0;
    events.addEventListener("open", () => {
      clearTimeout(silent);
      silent = 0;
      if (body.classList.contains("unlinked")) refresh();
    });
    events.addEventListener("error", () => { if (!silent) silent = setTimeout(() => linkIs(false), 4000); });
    addEventListener("pagehide", () => { clearTimeout(silent); events.close(); });
  }

  const every = Number(body.dataset.every);
  if (every) {
    const turn = () => setTimeout(async () => { if (!document.hidden) await refresh(); turn(); }, every);
    turn();
    document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
  }
})();
