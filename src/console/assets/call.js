// Sends a form, or a button's wish, to the API as JSON, and says in one sentence what came of it. Draws nothing itself.
"use strict";

const said = window.laixinWords;

const fill = (text, value) => text.replace("{}", value);

/** A random key, so that the station does a thing once even when it is sent twice. */
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const csrf = () => document.querySelector('meta[name="csrf"]').content;

/** What a field is called on the page: by its label, else as the desk calls it. */
function nameOf(field, form) {
  const name = field.split(/[.[]/)[0];
  const place = form && form.elements && form.elements.namedItem(name);
  const label = place && place.labels && place.labels[0] && place.labels[0].cloneNode(true);
  if (label) for (const inner of label.querySelectorAll("input, select, textarea, small")) inner.remove();
  return (label && label.textContent.trim()) || said.field[name] || said.asked[`field_${name}`] || name;
}

/** Which field does not fit, and what it takes. */
function wanted({ reason, values }, form) {
  const text = reason && values && said.asked[reason];
  if (!text) return null;
  const [field, ...limits] = values;
  const shown = limits.map((limit) => (reason === "moment" ? limit.slice(0, 16).replace("T", " ") : limit));
  return [nameOf(field, form), ...shown].reduce(fill, text);
}

/** What a problem document means, in the reader's language; an unknown code shows itself. */
function sentence(problem, status, form) {
  const code = (problem && problem.code) || String(status);
  if (code === "body_invalid") return wanted(problem, form) || said.problem.body_invalid;
  if (code === "cabinet_refuses") {
    // Beside the code stands the cabinet's own.
    const at = problem.trouble;
    if (at) {
      const read = at.read.replace(/^Modbus exception (\d+)$/, (_, number) => fill(said.script.exception, number));
      const parts = [said.point[at.point] || at.point, at.point, said.missing[at.code] || at.code, at.place, read, at.expected];
      return parts.reduce(fill, said.script.trouble);
    }
    const why = problem.load ? fill(said.script.other_load, problem.load) : said.fault[problem.reason];
    const next = said.fault_do[problem.reason];
    if (why) return next ? `${why}${said.script.stop}${next}` : why;
  }
  if (code === "setting_refused" && said.setting_fault[problem.reason]) return problem.values.reduce(fill, said.setting_fault[problem.reason]);
  if (code === "forbidden" && problem.roles && problem.roles.length) {
    return fill(said.script.who_may, problem.roles.map((role) => said.role[role] || role).join(said.script.or));
  }
  return said.problem[code] || fill(said.problem.unknown, code);
}

/** Thrown when the station answered with a refusal. */
class Refusal extends Error {
  constructor(status, problem) {
    super(sentence(problem, status));
    this.status = status;
    this.problem = problem;
    this.code = problem && problem.code;
  }
}

/** One call of the API. Throws a Refusal, or a TypeError when there is no link. When the session ran out, the person signs in again on this page
 *  and the call is made once more, unless `isBackground`. */
async function call(method, address, body, more, isBackground) {
  try {
    return await once(method, address, body, more);
  } catch (error) {
    if (isBackground || !window.laixinAgain || !["not_signed_in", "csrf"].includes(error.code)) throw error;
    await window.laixinAgain(error.code);
    return once(method, address, body, more);
  }
}

async function once(method, address, body, more) {
  const headers = { Accept: "application/json", "X-CSRF-Token": csrf(), "Idempotency-Key": newKey(), ...more };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const answer = await fetch(address, {
    method, headers, credentials: "same-origin", body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  let document_ = null;
  try { document_ = text ? JSON.parse(text) : null; } catch { document_ = null; }
  if (!answer.ok) throw new Refusal(answer.status, document_);
  return { body: document_, etag: answer.headers.get("ETag") };
}

/** A field's value as the API wants it. */
function valueOf(field) {
  const text = field.value.trim();
  if (field.dataset.as === "yes") return field.checked;
  if (field.dataset.as === "number") return text ? Number(text) : null;
  if (field.dataset.as === "numbers") return (text.match(/[0-9]+/g) || []).map(Number);
  if (field.dataset.as === "list") return text.split(/[、，,；;]+/).map((one) => one.trim()).filter(Boolean);
  if (field.dataset.as === "count") {
    if (!/^[0-9]+$/.test(text) || Number(text) < 1) throw new RangeError(said.script.not_a_count);
    if (Number(text) > Number(field.dataset.most ?? Infinity)) throw new RangeError(fill(said.script[field.dataset.tooMany || "too_many"], field.dataset.most));
    return Number(text);
  }
  if (field.dataset.as === "moment") return text + (text.length === 16 ? ":00" : "") + field.dataset.zone;
  return field.type === "password" ? field.value : text;
}

function bodyOf(form) {
  const body = {};
  for (const field of form.elements) {
    if (field.dataset.as === "tick") {
      body[field.name] = body[field.name] || [];
      if (field.checked) body[field.name].push(Number(field.value));
      continue;
    }
    if (field.name && field.dataset.as !== "none") body[field.name] = valueOf(field);
  }
  const isEmpty = (field) => field.dataset.as === "tick" && !body[field.name].length;
  if ([...form.elements].some(isEmpty)) throw new RangeError(said.script.nothing_ticked);
  return body;
}

/** A secret that the station says once: shown until the page is left. */
function showOnce(form, text) {
  const place = form.querySelector("[data-result-label]");
  place.querySelector("output").textContent = text;
  place.hidden = false;
}

/** What follows; in an address, `{}` is the number of what was made. */
function after(then, made) {
  if (then === "stay") return undefined;
  if (then === "refresh" && window.laixinRefresh) return window.laixinRefresh();
  if (then === "refresh" || then === "reload") return location.reload();
  return location.assign(made ? fill(then, made.id) : then);
}

const repeatKeys = new WeakMap();

async function send(from, body) {
  const say = from.querySelector("[data-say]") || (from.form && from.form.querySelector("[data-say]"));
  const buttons = from.matches("button") ? [from] : [...from.querySelectorAll("button")];
  const [method, address] = from.dataset.call.split(" ");
  // The same key until the station has answered: sent again after a lost answer, it is still done once.
  if (!repeatKeys.has(from)) repeatKeys.set(from, newKey());
  // A button that may not be pressed loses the focus.
  const focus = window.laixinFocus.mark();
  buttons.forEach((button) => { button.disabled = true; });
  try {
    const answer = await call(method, address, body, { "Idempotency-Key": repeatKeys.get(from) });
    repeatKeys.delete(from);
    if (from.dataset.result) showOnce(from, answer.body[from.dataset.result]);
    const dialog = from.closest("dialog");
    if (dialog) dialog.close();
    await after(from.dataset.then, answer.body);
  } catch (error) {
    if (error instanceof Refusal) repeatKeys.delete(from);
    const text = error instanceof Refusal ? sentence(error.problem, error.status, from) : said.script.lost;
    if (say) say.textContent = text; else window.alert(text);
    const [name] = (error.problem && error.problem.values) || [];
    const place = name && from.elements && from.elements.namedItem(name.split(/[.[]/)[0]);
    if (place && place.setAttribute) place.setAttribute("aria-invalid", "true");
  } finally {
    buttons.forEach((button) => { button.disabled = false; });
    window.laixinFocus.back(focus);
  }
}

/** Calls of one kind, one after another. One that is refused (somebody else did it meanwhile) keeps none of the others back. */
async function each(button) {
  const addresses = button.dataset.each.split(" ");
  let refused = [];
  button.disabled = true;
  try {
    for (const address of addresses) {
      await call("POST", address).catch((error) => { if (error instanceof Refusal) refused.push(error); else throw error; });
    }
    if (refused.length < addresses.length) { location.reload(); return; }
  } catch (error) {
    refused = [error];
  }
  button.disabled = false;
  button.parentElement.querySelector("[data-say]").textContent = refused[0] instanceof Refusal ? refused[0].message : said.script.lost;
}

/** What a browser finds wrong with a field before it is sent, in the reader's language and not in the browser's. */
function fault(field) {
  const { validity, dataset } = field;
  const limits = { tooShort: field.minLength, tooLong: field.maxLength, rangeUnderflow: field.min, rangeOverflow: field.max };
  const which = ["valueMissing", "tooShort", "tooLong", "rangeUnderflow", "rangeOverflow", "typeMismatch", "patternMismatch", "stepMismatch", "badInput"].find((one) => validity[one]);
  if (which === "valueMissing" && field.type === "checkbox") return said.validity.unticked;
  const limit = dataset.as === "moment" || field.type === "datetime-local" ? String(limits[which] || "").replace("T", " ") : limits[which];
  return fill(said.validity[which] || said.validity.other, limit);
}

document.addEventListener("invalid", ({ target }) => {
  target.setCustomValidity("");
  if (!target.validity.valid) target.setCustomValidity(fault(target));
  target.setAttribute("aria-invalid", "true");
}, true);
// What was said of a field holds until it is changed, or the form is sent anew.
const unsaid = (field) => {
  if (!field.setCustomValidity) return;
  field.setCustomValidity("");
  if (!field.closest("#fields")) field.removeAttribute("aria-invalid");
};
document.addEventListener("input", ({ target }) => unsaid(target), true);
document.addEventListener("click", ({ target }) => {
  const button = target.closest("button, input[type=submit]");
  if (button && button.form) for (const field of button.form.elements) unsaid(field);
}, true);

// Where every field wants a look, Enter goes on to the next one and only the last sends the form.
document.addEventListener("keydown", (event) => {
  const { form } = event.target;
  if (event.key !== "Enter" || event.isComposing || !form || !("enterNext" in form.dataset) || event.target.nodeName !== "INPUT") return;
  const inputs = [...form.querySelectorAll("input:not([type=hidden])")];
  const next = inputs[inputs.indexOf(event.target) + 1];
  if (next) { event.preventDefault(); next.focus(); }
});

// What has a key of its own.
document.addEventListener("keydown", (event) => {
  const pressed = /^(F\d+|Escape)$/.test(event.key) && document.querySelector(`[data-press="${event.key}"]:not([hidden])`);
  if (pressed && !event.repeat && !document.querySelector("dialog[open]")) { event.preventDefault(); pressed.click(); }
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.export) { event.preventDefault(); takeAlong(form); return; }
  if (!form.dataset.call) return;
  event.preventDefault();
  const say = form.querySelector("[data-say]");
  if (say) say.textContent = "";
  let body;
  try {
    body = bodyOf(form);
  } catch (error) {
    if (say) say.textContent = error.message;
    return;
  }
  send(form, body);
});

/** Hands bytes to the browser as a file. */
async function save(answer, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** A form whose answer is a file. */
async function takeAlong(form) {
  const say = form.querySelector("[data-say]");
  const [method, address] = form.dataset.export.split(" ");
  const button = form.querySelector("[type=submit]");
  say.textContent = "";
  button.disabled = true;
  try {
    const headers = { "X-CSRF-Token": csrf(), "Content-Type": "application/json" };
    const answer = await fetch(address, { method, headers, credentials: "same-origin", body: JSON.stringify(bodyOf(form)) });
    if (!answer.ok) throw new Refusal(answer.status, await answer.json().catch(() => null));
    await save(answer, form.dataset.file);
    form.reset();
    const dialog = form.closest("dialog");
    if (dialog) dialog.close();
  } catch (error) {
    say.textContent = error instanceof TypeError ? said.script.lost : error.message;
  } finally {
    button.disabled = false;
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.call) send(button, button.dataset.body && JSON.parse(button.dataset.body));
  if (button.dataset.each) each(button);
  if (button.dataset.open) document.getElementById(button.dataset.open).showModal();
  if ("close" in button.dataset) button.closest("dialog").close();
});

// What a desk remembers is its person's: nothing of it is left to whoever signs in next.
if (!document.querySelector(".bar .user")) for (const one of ["laixin-undo", "laixin-trail", "laixin-folded", "laixin-unfolded"]) sessionStorage.removeItem(one);

window.laixin = { call, Refusal, said, fill };
