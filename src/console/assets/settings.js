// Settings: looks at what a change would do, shows it, and puts it in force with the number that the look answered.
"use strict";

{
  const { call, Refusal, said, fill } = window.laixin;
  const LARGEST = 200 * 1024;
  const dialog = document.getElementById("settings-preview");
  let asked = null;

  const explain = (error) => (error instanceof Refusal ? error.message : said.script.lost);
  const cell = (kind, text, label) => {
    const one = document.createElement(kind);
    one.textContent = text;
    if (label) one.className = label;
    return one;
  };

  function table(heads, rows) {
    const whole = document.createElement("table");
    whole.className = "rows";
    const head = whole.createTHead().insertRow();
    heads.forEach((text) => head.append(cell("th", text)));
    const body = whole.createTBody();
    for (const row of rows) {
      const line = body.insertRow();
      row.forEach((text) => line.append(cell("td", text)));
    }
    return whole;
  }

  const nothing = said.settings.nothing;
  const shown = (text) => (text === null ? "–" : text || said.settings.there);
  const share = (effect) => [effect.of, effect.accepted, effect.wrong].reduce(fill, said.settings.came_to);
  const threshold = (value) => (value > 1 ? said.settings.never : value.toFixed(4));
  const field = (what) => said.field[what] || said.deadline[what] || what;

  /** What another role changes: what one may do then and what no more, and which letters one sees otherwise. */
  function otherRole(found, place) {
    const { role, right, sight, settings } = said;
    if (found.before === found.after) { place.append(cell("p", nothing)); return 0; }
    place.append(cell("p", [found.user, role[found.before], role[found.after]].reduce(fill, settings.other_role)));
    const rights = ["gains", "loses"].filter((verb) => found[verb].length);
    const told = rights.map((verb) => [settings[verb], found[verb].map((one) => right[one]).join(settings.between)]);
    place.append(table(["how", "what"].map((key) => settings[key]), told));
    place.append(cell("h3", settings.sees));
    const letters = found.letters.map((one) => [String(one.letters), sight[one.before], sight[one.after]]);
    if (letters.length) place.append(table(["letters_n", "before", "after"].map((key) => settings[key]), letters));
    else place.append(cell("p", settings.sees_the_same));
    return 1;
  }

  function show(found) {
    const place = document.getElementById("settings-changes");
    place.replaceChildren();
    if (found.gains) return otherRole(found, place);
    if (found.fields) {
      const rows = found.fields.map((one) => [field(one.field), threshold(one.before), share(one.was), threshold(one.after), share(one.becomes)]);
      if (rows.length) place.append(table(["field", "before", "so_far", "after", "then"].map((key) => said.settings[key]), rows));
      else place.append(cell("p", said.settings.no_suggestion));
      return rows.length;
    }
    const entries = found.entries.map((one) => [said.setting_entry[one.kind], field(one.name), shown(one.before), shown(one.after)]);
    const letters = found.letters.map((one) => [one.letter, field(one.what), shown(one.before), shown(one.after)]);
    const heads = (first) => [first, "name", "before", "after"].map((key) => said.settings[key]);
    if (entries.length) place.append(table(heads("kind"), entries));
    else place.append(cell("p", nothing));
    if (entries.length) {
      place.append(cell("h3", fill(said.settings.letters, letters.length)));
      if (letters.length) place.append(table(heads("letter"), letters));
      if (found.restricted) place.append(cell("p", fill(said.settings.restricted, found.restricted)));
    }
    return entries.length;
  }

  /** Says that more rows lie below, as long as they do. */
  function goesOn() {
    const place = document.getElementById("settings-changes");
    const below = place.scrollHeight - place.clientHeight - place.scrollTop > 4;
    place.classList.toggle("goes-on", below);
    document.getElementById("settings-goes-on").style.visibility = below ? "" : "hidden";
    document.getElementById("settings-goes-on").hidden = place.scrollHeight - place.clientHeight <= 4;
  }
  document.getElementById("settings-changes").addEventListener("scroll", goesOn);

  async function look(form) {
    const say = form.querySelector("[data-say]");
    say.textContent = "";
    const [method, address] = form.dataset.settings.split(" ");
    const body = {};
    if (form.dataset.change) body.change = Number(form.dataset.change);
    else for (const one of form.elements) if (one.name) body[one.name] = valueOf(one);
    try {
      const { body: found } = await call(method, address, body);
      asked = { method, address, body, preview: found.preview };
      const changes = show(found);
      document.getElementById("settings-second").hidden = !found.second_person || !changes;
      const apply = dialog.querySelector("button[type=submit]");
      apply.hidden = !changes;
      dialog.querySelector("[data-say]").textContent = "";
      dialog.showModal();
      goesOn();
    } catch (error) {
      say.textContent = explain(error);
    }
  }

  async function apply(form) {
    const say = form.querySelector("[data-say]");
    const button = form.querySelector("button[type=submit]");
    const body = { ...asked.body, preview: asked.preview };
    for (const one of form.elements) if (one.name && one.value) body[one.name] = one.value;
    button.disabled = true;
    try {
      await call(asked.method, asked.address, body);
      location.reload();
    } catch (error) {
      say.textContent = explain(error);
      button.disabled = false;
    }
  }

  /** UTF-8, or what spreadsheets on Chinese computers write. */
  async function take(input) {
    const [file] = input.files;
    if (!file) return;
    const say = input.form.querySelector("[data-say]");
    say.textContent = "";
    if (file.size > LARGEST) {
      say.textContent = said.problem.body_too_large;
      return;
    }
    const bytes = await file.arrayBuffer();
    let text;
    try { text = new TextDecoder("utf-8", { fatal: true }).decode(bytes); } catch { text = new TextDecoder("gb18030").decode(bytes); }
    document.getElementById(input.dataset.into).value = text;
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.settings) { event.preventDefault(); look(form); }
    if (form.id === "settings-apply") { event.preventDefault(); apply(form); }
  });
  document.addEventListener("change", (event) => { if (event.target.dataset.into) take(event.target); });
}
