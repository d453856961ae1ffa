// The fields of a draft: choosing one lights its box, Enter saves it and goes to the next that wants a look, Esc takes
// back. A refusal or a lost link is told beside the field; what was typed stays.
"use strict";

(() => {
  const { call, Refusal, said, fill } = window.laixin;
  const viewer = window.laixinViewer;
  const form = () => document.getElementById("live-form");
  const fields = () => [...document.querySelectorAll("#fields .field")];
  const control = (field) => field.querySelector("input, select, textarea");
  const address = () => `/v1/letters/${encodeURIComponent(form().dataset.letter)}`;
  const etag = () => `"${form().dataset.version}"`;
  let busy = false;

  function say(field, text, look) {
    const place = field.querySelector("[data-say]");
    place.textContent = text;
    place.className = `say ${look || ""}`;
  }

  function choose(field) {
    for (const other of fields()) other.classList.toggle("chosen", other === field);
    viewer.light(field.dataset);
    field.scrollIntoView({ block: "nearest" });
  }

  const typed = (field) => control(field).value.trim() !== control(field).dataset.saved;

  function mark(field) {
    const dirty = typed(field);
    control(field).toggleAttribute("data-kept-typed", dirty);
    field.classList.toggle("typed", dirty);
  }

  function go(field) {
    const place = control(field);
    place.focus();
    if (place.select) place.select();
  }

  /** The next field that wants a look, after this one and then from the top; without one the confirm button. */
  function next(field) {
    const all = fields();
    const at = all.indexOf(field);
    const wanted = [...all.slice(at + 1), ...all.slice(0, at)].find((other) => "wants" in other.dataset && !("keptLooked" in control(other).dataset));
    if (wanted) return go(wanted);
    const confirm = document.getElementById("confirm");
    if (confirm) confirm.focus();
    const told = document.getElementById("confirm-say");
    if (told) told.textContent = said.script.all_checked;
  }

  /** Every value of one name: telephones go together. */
  function valuesOf(field) {
    const { name } = field.dataset;
    const value = (other) => control(other).value.trim() || null;
    if (name === "anonymous") return value(field) ? { value: true, reason: value(field) } : { value: false };
    if (name === "joint") return { signatories: (value(field) || "").split(/[、，,；;]/).map((one) => one.trim()).filter(Boolean) };
    if (name === "summary") return value(field) || "";
    if (name !== "phones") return { value: value(field) };
    return fields().filter((other) => other.dataset.name === name).map(value).filter(Boolean);
  }

  async function settle(field, saved) {
    control(field).dataset.saved = saved;
    for (const other of fields()) {
      if (other.dataset.name === field.dataset.name) control(other).dataset.saved = control(other).value.trim();
      mark(other);
    }
    if (window.laixinRefresh) await window.laixinRefresh();
  }

  /** Why it was not saved: for a value of the wrong form, what this field takes. */
  function refused(field, error) {
    if (!(error instanceof Refusal)) return said.script.lost_typed;
    return (error.code === "correction_invalid" && said.allowed[field.dataset.name]) || error.message;
  }

  /** Saves a field. When somebody else changed the letter in between, but not this field, it is sent once more. */
  async function save(field) {
    if (busy) return;
    control(field).dataset.keptLooked = "";
    if (!typed(field)) return next(field);
    busy = true;
    say(field, said.script.saving, "");
    const value = control(field).value.trim();
    const before = control(field).dataset.saved;
    const send = () => call("PATCH", `${address()}/fields`, { [field.dataset.name]: valuesOf(field) }, { "If-Match": etag() });
    try {
      try {
        await send();
      } catch (error) {
        if (!(error instanceof Refusal) || error.status !== 412) throw error;
        await window.laixinRefresh();
        if (control(field).dataset.saved !== before) return;
        await send();
      }
      await settle(field, value);
      say(field, said.script.saved, "good");
      next(field);
    } catch (error) {
      say(field, refused(field, error), "warn");
    } finally {
      busy = false;
    }
  }

  function revert(field) {
    if (!typed(field)) return;
    control(field).value = control(field).dataset.saved;
    mark(field);
    say(field, said.script.reverted, "");
  }

  async function confirm() {
    const told = document.getElementById("confirm-say");
    if (fields().some(typed)) { told.textContent = said.script.leave; return; }
    try {
      await call("POST", `${address()}/confirm`, {}, { "If-Match": etag() });
      await window.laixinRefresh();
      document.getElementById("confirm-say").textContent = said.script.confirmed;
    } catch (error) {
      told.textContent = error instanceof Refusal ? error.message : said.script.lost;
      if (error instanceof Refusal && error.status === 412) await window.laixinRefresh();
    }
  }

  /** An officer says which earlier letter this one repeats, or that it is a first one. */
  async function repeats(of) {
    const told = () => document.getElementById("repeat-say");
    told().textContent = said.script.saving;
    try {
      await call("PATCH", `${address()}/fields`, { repeat: { value: of || null } }, { "If-Match": etag() });
      await window.laixinRefresh();
      told().textContent = said.script.saved;
    } catch (error) {
      told().textContent = error instanceof Refusal ? (error.code === "correction_invalid" && said.allowed.repeat) || error.message : said.script.lost;
      if (error instanceof Refusal && error.status === 412) await window.laixinRefresh();
    }
  }

  document.addEventListener("focusin", (event) => {
    const field = event.target.closest && event.target.closest("#fields .field");
    if (field) choose(field);
  });
  document.addEventListener("input", (event) => {
    const field = event.target.closest("#fields .field");
    if (field) { mark(field); say(field, "", ""); }
  });
  document.addEventListener("laixin-theirs", (event) => {
    const field = event.target.closest("#fields .field");
    mark(field);
    // They saved what stands here already: nothing to compare.
    if (!typed(field)) { say(field, "", ""); return; }
    say(field, `${said.problem.changed} ${fill(said.script.theirs, event.detail || "—")}`, "warn");
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    const field = event.target.closest("#fields .field");
    if (button && button.id === "confirm") confirm();
    if (button && "repeats" in button.dataset) { repeats(button.dataset.repeats); return; }
    if (button && "take" in button.dataset) {
      control(field).value = button.dataset.take;
      mark(field);
      go(field);
      save(field);
    } else if (field && !button) {
      // Also a field that is chosen already: its place may have been scrolled away.
      if (field.classList.contains("chosen")) choose(field);
      if (!event.target.closest("input, select, textarea")) go(field);
    }
  });
  document.addEventListener("keydown", (event) => {
    // While an input method composes, Enter and Esc belong to it.
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && event.ctrlKey) { event.preventDefault(); confirm(); return; }
    const field = event.target.closest("#fields .field");
    if (!field || event.altKey || event.ctrlKey || event.metaKey || event.target.nodeName === "BUTTON") return;
    if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); save(field); }
    if (event.key === "Escape") { event.preventDefault(); revert(field); }
    if (event.target.nodeName === "INPUT" && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      const all = fields();
      const other = all[all.indexOf(field) + (event.key === "ArrowDown" ? 1 : -1)];
      if (other) { event.preventDefault(); go(other); }
    }
  });
  addEventListener("beforeunload", (event) => { if (fields().some(typed)) event.preventDefault(); });

  const first = fields().find((field) => "wants" in field.dataset) || fields()[0];
  if (first) go(first);
})();
