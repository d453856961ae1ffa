// The fields of a draft: choosing one lights its box, Enter goes on to the next that wants a look, digits take an
// alternative, Esc takes back. What is typed is saved by itself, one after the other; a refusal, a lost link or somebody
// else's change is told beside the field, and what was typed stays.
"use strict";

(() => {
  const { call, Refusal, said, fill } = window.laixin;
  const viewer = window.laixinViewer;
  const matters = window.laixinMatters;
  const IDLE_MS = 2500, AGAIN_MS = 3000;
  const form = () => document.getElementById("live-form");
  const fields = () => [...document.querySelectorAll("#fields .field")];
  const control = (field) => field.querySelector("input, select, textarea");
  const address = () => `/v1/letters/${encodeURIComponent(form().dataset.letter)}`;
  const etag = () => `"${form().dataset.version}"`;
  const told = () => document.getElementById("confirm-say");
  /** Saves wait for each other: each is meant for the version that the one before has made. */
  let chain = Promise.resolve();
  let idle = 0;
  let again = 0;
  let undo = [];
  /** What was saved from this desk, by its place: whoever saved it is told when somebody else changes it. */
  let mine = new WeakMap();

  // What can be taken back outlives a reload and a look at another letter, while nobody else has changed the letter since.
  const UNDO = "laixin-undo", MOST_LETTERS = 20;
  const who = () => (document.querySelector(".bar .user") || document.body).textContent.trim();
  function keepUndo() {
    const { letter, version } = form().dataset;
    const others = JSON.parse(sessionStorage.getItem(UNDO) || "[]").filter((one) => one.letter !== letter);
    sessionStorage.setItem(UNDO, JSON.stringify([...others, { letter, version, who: who(), steps: undo }].slice(-MOST_LETTERS)));
  }
  function keptUndo() {
    const { letter, version } = form().dataset;
    const kept = JSON.parse(sessionStorage.getItem(UNDO) || "[]").find((one) => one.letter === letter);
    return kept && kept.version === version && kept.who === who() ? kept.steps : [];
  }

  function say(field, text, look) {
    const place = field.querySelector("[data-say]");
    place.textContent = text;
    place.className = `say ${look || ""}`;
  }

  /** What stays at the top and at the bottom of the form covers no field that is scrolled to. */
  function measure() {
    for (const part of ["head", "foot"]) {
      const { offsetHeight } = form().querySelector(`.letter-${part}`);
      document.documentElement.style.setProperty(`--letter-${part}`, `${offsetHeight + 4}px`);
    }
  }

  function choose(field) {
    measure();
    for (const other of fields()) other.classList.toggle("chosen", other === field);
    viewer.light(field.dataset);
    field.scrollIntoView({ block: "nearest" });
  }

  const typed = (field) => control(field).value.trim() !== control(field).dataset.saved;

  function mark(field) {
    const dirty = typed(field);
    if (!dirty) delete control(field).dataset.keptTheirs;
    control(field).toggleAttribute("data-kept-typed", dirty);
    if (control(field).dataset.keptRefused !== control(field).value.trim()) control(field).removeAttribute("aria-invalid");
    field.classList.toggle("typed", dirty);
  }

  function go(field) {
    const place = control(field);
    place.focus();
    if (place.select) place.select();
  }

  const isOpen = (field) => "wants" in field.dataset && !("keptLooked" in control(field).dataset);

  /** The next field that wants a look, after this one and then from the top; without one the confirm button. */
  function next(field) {
    const all = fields();
    const at = all.indexOf(field);
    const wanted = [...all.slice(at + 1), ...all.slice(0, at + 1)].find(isOpen);
    if (wanted) return go(wanted);
    const confirm = document.getElementById("confirm");
    if (!confirm) return undefined;
    confirm.focus();
    told().textContent = said.script.all_checked;
    return undefined;
  }

  /** 王大明（姑苏区城市管理局局长）、恒发公司 理由：读错: everybody who is accused with his office, and why somebody was taken away. */
  function accusedOf(text) {
    const [list, reason] = text.split(/(?:理由|reason)\s*[:：]/i);
    const named = list.split(/[、，,；;]/).map((one) => one.trim()).filter(Boolean).map((one) => {
      const parts = /^(.+?)\s*[（(](.+)[）)]$/.exec(one);
      return parts ? { name: parts[1].trim(), office: parts[2].trim() } : { name: one };
    });
    return reason && reason.trim() ? { named, reason: reason.trim() } : { named };
  }

  /** What a correction of this name is made of, out of one value for each field of it. */
  function valuesOf(name, one) {
    if (name === "matters") return matters.of(one);
    const of = fields().filter((other) => other.dataset.name === name).map((field) => one(control(field)));
    const first = of[0] || null;
    if (name === "anonymous") return first ? { value: true, reason: first } : { value: false };
    if (name === "joint") return { signatories: (first || "").split(/[、，,；;]/).map((one_) => one_.trim()).filter(Boolean) };
    if (name === "accused") return accusedOf(first || "");
    if (name === "summary") return first || "";
    return name === "phones" ? of.filter(Boolean) : { value: first };
  }
  const asTyped = (one) => one.value.trim() || null;
  const asSaved = (one) => one.dataset.saved || null;

  /** Whether a change may be made. It takes a confirmation away: whoever changes a confirmed letter says first that he means it. */
  let answer = null;
  function mayChange() {
    if (!("confirmed" in form().dataset)) return Promise.resolve(true);
    answer ||= new Promise((done) => {
      const dialog = document.getElementById("was-confirmed");
      const opened = performance.now();
      // The Enter that saved the field, held a moment longer, answers nothing.
      const early = (event) => { if (event.key === "Enter" && (event.repeat || performance.now() - opened < 250)) event.preventDefault(); };
      dialog.addEventListener("keydown", early);
      dialog.addEventListener("close", () => {
        dialog.removeEventListener("keydown", early);
        done(dialog.returnValue === "change");
      }, { once: true });
      dialog.returnValue = "";
      dialog.showModal();
    }).finally(() => { answer = null; });
    return answer;
  }

  const patch = (corrections) => changed("PATCH", "", corrections);

  async function changed(method, part, body) {
    const answer = await call(method, `${address()}/fields${part}`, body, { "If-Match": etag() });
    form().dataset.version = answer.etag.replaceAll('"', "");
    if (window.laixinPrefetch) window.laixinPrefetch();
  }

  /** It was not saved: told beside the field and, to whoever went on, below. As it stands it is sent again only by Enter. */
  function unsaved(field, text) {
    say(field, text, "warn");
    control(field).dataset.keptRefused = control(field).value.trim();
    control(field).setAttribute("aria-invalid", "true");
    delete control(field).dataset.keptLooked;
    if (!field.contains(document.activeElement)) told().textContent = `${field.querySelector("label").textContent}: ${text}`;
  }

  /** Why it was not saved: for a value of the wrong form, what this field takes. */
  function refused(field, error) {
    const { name, part } = field.dataset;
    if (error instanceof Refusal) { unsaved(field, (error.code === "correction_invalid" && said.allowed[part ? `${name}_${part}` : name]) || error.message); return; }
    // The link is lost, or the station starts anew: asked again until it answers.
    say(field, said.script.lost_typed, "warn");
    if (!again) again = setTimeout(() => { again = 0; for (const one of fields()) save(one); }, AGAIN_MS);
  }

  /** Sends one field. When somebody else changed the letter in between, but not this field, it is sent once more. */
  async function patched(field, corrections) {
    const { saved } = control(field).dataset;
    try {
      await patch(corrections());
    } catch (error) {
      if (!(error instanceof Refusal) || error.status !== 412) throw error;
      await window.laixinRefresh();
      if (!typed(field)) return true;
      if (control(field).dataset.saved !== saved) {
        unsaved(field, field.querySelector("[data-say]").textContent);
        return false;
      }
      await patch(corrections());
    }
    return true;
  }

  async function send(field) {
    if (!field.isConnected || !typed(field)) return true;
    const { name, key } = field.dataset;
    const value = control(field).value.trim();
    // A part of a matter is saved beside the others as they stand, whatever is typed there.
    const isPart = name === "matters";
    const asSent = (one) => (isPart && one !== control(field) ? asSaved(one) : asTyped(one));
    let before = null;
    const correction = () => {
      before = valuesOf(name, asSaved);
      return { [name]: valuesOf(name, asSent) };
    };
    if (!(await mayChange())) {
      revert(field);
      say(field, said.script.stays_confirmed, "");
      return false;
    }
    say(field, said.script.saving, "");
    try {
      if (!(await patched(field, correction))) return false;
      undo.push({ name, before, key });
      keepUndo();
      control(field).dataset.saved = value;
      // Whoever wrote it has looked at it, also before the page says so.
      control(field).dataset.keptLooked = "";
      for (const other of fields().filter((one) => one.dataset.name === name)) {
        if (other !== field && !isPart) control(other).dataset.saved = control(other).value.trim();
        mark(other);
      }
      const { version } = form().dataset;
      await window.laixinRefresh();
      const isOurs = form().dataset.version === version || control(field).dataset.saved === value;
      if (!typed(field)) say(field, isOurs ? said.script.saved : said.script.overwritten, isOurs ? "good" : "warn");
      mine.set(control(field), control(field).dataset.saved);
      return true;
    } catch (error) {
      refused(field, error);
      return false;
    }
  }

  /** Saves a field after those before it; fulfilled with whether it is kept. What was refused is not sent again unless it is asked for. */
  function save(field, isAsked) {
    clearTimeout(idle);
    if (isAsked) for (const why of ["keptRefused", "keptTheirs"]) delete control(field).dataset[why];
    // Somebody else saved another value meanwhile: whoever typed has been told, and says by Enter that his goes over it.
    if ("keptTheirs" in control(field).dataset) return chain.then(() => !typed(field));
    if (!typed(field) || control(field).dataset.keptRefused === control(field).value.trim()) return chain.then(() => !typed(field));
    chain = chain.then(() => send(field));
    return chain;
  }

  /** Saves whatever is typed and says whether everything is kept. */
  async function settled() {
    for (const field of fields()) save(field);
    await chain;
    return !fields().some(typed);
  }

  /** On to the next field; what was typed in this one is saved first. */
  async function onward(field) {
    control(field).dataset.keptLooked = "";
    const meant = matters.meant(field);
    if (meant) { control(field).value = meant; mark(field); matters.offer(field); }
    if (!typed(field)) { next(field); return; }
    const isAdded = field.dataset.key === "matters-0-title";
    if ((await save(field, true)) && field.contains(document.activeElement)) {
      control(field).dataset.keptLooked = "";
      // Whoever adds a matter says next what it is about.
      const about = isAdded && matters.latest();
      if (about) go(about); else next(field);
    }
  }

  /** Another main matter, or one taken out: saved at once, and taken back like what is typed. */
  function changeMatters(field, act) {
    const row = field.closest(".matter");
    for (const one of row.querySelectorAll(".field")) revert(one);
    chain = chain.then(async () => {
      if (!(await mayChange())) { say(field, said.script.stays_confirmed, ""); return; }
      let before = null;
      const correction = () => {
        before = matters.of(asSaved);
        return { matters: matters.changed(before, row, act) };
      };
      try {
        try {
          await patch(correction());
        } catch (error) {
          if (!(error instanceof Refusal) || error.status !== 412) throw error;
          await window.laixinRefresh();
          await patch(correction());
        }
        undo.push({ name: "matters", before, key: field.dataset.key });
        keepUndo();
        mine = new WeakMap();
        await window.laixinRefresh();
        const there = document.getElementById(field.id) || document.getElementById("f-matters-0-title");
        go(there);
        say(there, act === "out" ? said.script.taken_out : said.script.saved, "good");
      } catch (error) {
        say(field, error instanceof Refusal ? error.message : said.script.lost, "warn");
      }
    });
  }

  /** Takes back the last change that was saved on this letter. */
  function takeBack() {
    chain = chain.then(async () => {
      const last = undo.pop();
      const field = last && fields().find((one) => one.dataset.name === last.name);
      if (!field) { told().textContent = said.script.nothing_to_undo; return; }
      if (!(await mayChange())) {
        undo.push(last);
        told().textContent = said.script.stays_confirmed;
        return;
      }
      try {
        // Whom the letter accuses is changed with a reason only; every other field is what it was, its stop as well.
        if (last.name === "accused") await patch({ accused: last.before }); else await changed("POST", "/undo", { field: last.name });
        keepUndo();
        mine = new WeakMap();
        await window.laixinRefresh();
        const there = document.getElementById(`f-${last.key}`) || field;
        delete control(there).dataset.keptLooked;
        go(there);
        say(there, said.script.undone, "good");
      } catch (error) {
        if (error.code !== "nothing_to_undo") undo.push(last);
        say(field, error instanceof Refusal ? error.message : said.script.lost, "warn");
      }
    });
  }

  function revert(field) {
    if (!typed(field)) return;
    control(field).value = control(field).dataset.saved;
    mark(field);
    matters.offer(field);
    say(field, said.script.reverted, "");
  }

  function take(field, value) {
    control(field).value = value;
    mark(field);
    matters.offer(field);
    if (!field.contains(document.activeElement)) control(field).focus();
    onward(field);
  }

  /** With Alt a digit is an alternative everywhere; alone only where a list is chosen from. Whatever can be typed may begin with a digit: 1号院, 12345热线. */
  function digit(event, field) {
    const at = /^(?:Digit|Numpad)([1-8])$/.exec(event.code);
    const isList = control(field).matches("select, [data-listed]");
    if (!at || event.shiftKey || event.ctrlKey || event.metaKey || !(event.altKey || isList)) return false;
    const button = matters.choices(field)[Number(at[1]) - 1];
    if (button) take(field, button.dataset.take);
    return true;
  }

  document.addEventListener("focusin", (event) => {
    const field = event.target.closest && event.target.closest("#fields .field");
    if (field) choose(field);
  });
  document.addEventListener("focusout", (event) => {
    const field = event.target.closest && event.target.closest("#fields .field");
    if (field && field.isConnected && !field.contains(event.relatedTarget)) save(field);
  });
  document.addEventListener("input", (event) => {
    const field = event.target.closest("#fields .field");
    if (!field) return;
    // Of several rows, and one line all the same: what was pasted may have more.
    if ("line" in event.target.dataset && event.target.value.includes("\n")) event.target.value = event.target.value.replace(/\s*\n\s*/g, "");
    mark(field);
    if ("keptTheirs" in event.target.dataset) return;
    const isConfirmed = "confirmed" in form().dataset;
    say(field, isConfirmed ? said.script.was_confirmed : "", isConfirmed ? "warn" : "");
    clearTimeout(idle);
    // Of a confirmed letter nothing is saved by itself: it is asked first.
    if (!isConfirmed && !event.isComposing && !matters.isHalf(field)) idle = setTimeout(() => save(field), IDLE_MS);
  });
  document.addEventListener("laixin-theirs", (event) => {
    const field = event.target.closest("#fields .field");
    mark(field);
    // They saved what stands here already: nothing to compare.
    if (!typed(field)) { say(field, "", ""); return; }
    control(field).dataset.keptTheirs = "";
    say(field, `${said.problem.changed} ${fill(said.script.theirs, event.detail || "—")}`, "warn");
  });
  document.addEventListener("laixin-refreshed", () => {
    for (const field of fields()) {
      const saved = mine.get(control(field));
      if (saved === undefined || saved === control(field).dataset.saved) continue;
      mine.delete(control(field));
      if (!typed(field)) say(field, said.script.overwritten, "warn");
    }
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    const field = event.target.closest("#fields .field");
    if (button && "take" in button.dataset) {
      take(field, button.dataset.take);
    } else if (field && !button) {
      // Also a field that is chosen already: its place may have been scrolled away.
      if (field.classList.contains("chosen")) choose(field);
      if (!event.target.closest("input, select, textarea")) go(field);
    }
  });

  function step(field, by) {
    const all = fields();
    const other = all[all.indexOf(field) + by];
    if (other) go(other);
  }

  document.addEventListener("keydown", (event) => {
    // While an input method composes, Enter and Esc belong to it.
    if (event.isComposing || event.keyCode === 229) return;
    const field = event.target.closest("#fields .field");
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "z" && (!field || !typed(field))) {
      event.preventDefault();
      takeBack();
      return;
    }
    if (!field || event.target.nodeName === "BUTTON") return;
    if (digit(event, field)) { event.preventDefault(); return; }
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      // A key that is held down looks at nothing.
      if (!event.repeat) onward(field);
    }
    if (event.key === "Escape") { event.preventDefault(); revert(field); }
    if (event.target.matches("input, [data-line]") && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      step(field, event.key === "ArrowDown" ? 1 : -1);
    }
  });
  addEventListener("beforeunload", (event) => { if (fields().some(typed)) event.preventDefault(); });

  /** Begins a letter: at the first field that wants a look, else at the confirm button with the sender lit. Of one that is confirmed no field is begun. */
  function begin() {
    undo = keptUndo();
    mine = new WeakMap();
    chain = Promise.resolve();
    const first = fields().find(isOpen);
    const confirm = document.getElementById("confirm");
    const confirmed = document.getElementById("confirmed") || document.getElementById("being-read");
    if (first) go(first);
    else if (confirmed && fields().length) { choose(fields()[0]); confirmed.focus(); } else if (confirm && fields().length) { choose(fields()[0]); confirm.focus(); } else if (fields().length) go(fields()[0]);
  }

  /** Whom the letter accuses, as it is saved. */
  const accused = () => accusedOf(asSaved(control(fields().find((one) => one.dataset.name === "accused"))) || "");

  // An alert or a banner takes room: where somebody is stays in sight.
  new ResizeObserver(() => {
    requestAnimationFrame(() => {
      const chosen = document.querySelector("#fields .field.chosen");
      if (chosen && chosen.contains(document.activeElement)) { measure(); chosen.scrollIntoView({ block: "nearest" }); }
    });
  }).observe(document.querySelector(".review"));

  window.laixinFields = { begin, accused, changeMatters, mayChange, settled, go, fields, isOpen, typed };
  begin();
  // A search leads to the page where it found something.
  const asked = /^#page-(\d+)$/.exec(location.hash);
  if (asked) viewer.show(asked[1]);
})();
