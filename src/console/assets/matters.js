// What the letter is about: each matter's title, category and place are fields like others, saved as one list. Typing finds a category by its name or
// by a word that tells of it; the digit beside it, or Enter for the first, takes it.
"use strict";

(() => {
  const { said, fill } = window.laixin;
  const MOST = 8;
  const control = (field) => field.querySelector("input");
  const rows = () => [...document.querySelectorAll("#fields .matter")];
  const isListed = (text) => window.laixinCategories.some(([path]) => path === text);

  /** The list as corrections name it, out of one value for each field; a matter without a title is none. */
  function of(one) {
    const part = (row, name) => {
      const field = row.querySelector(`[data-part="${name}"]`);
      return field ? one(control(field)) : null;
    };
    const matter = (row) => {
      const n = Number(row.dataset.n);
      const told = { title: part(row, "title"), place: part(row, "place"), category: part(row, "category"), main: "main" in row.dataset };
      return n ? { n, ...told } : told;
    };
    return rows().map(matter).filter((told) => told.title);
  }

  /** The categories that a text may mean: by its letters in their order, or by one of their words. */
  function found(text) {
    const said_ = text.replace(/[\s/]+/g, "");
    const inOrder = (path) => {
      let at = -1;
      return [...said_].every((c) => { at = path.indexOf(c, at + 1); return at >= 0; });
    };
    const weigh = ([path, words]) => {
      const plain = path.replaceAll("/", "");
      if (plain.includes(said_)) return 3;
      if (words.some((word) => word.includes(said_) || (said_.length > 1 && said_.includes(word)))) return 2;
      return inOrder(plain) ? 1 : 0;
    };
    const weighed = window.laixinCategories.map((entry) => [weigh(entry), entry[0]]).filter(([weight]) => weight);
    return weighed.sort((one, other) => other[0] - one[0]).map(([, path]) => path);
  }

  const typed = (field) => control(field).value.trim() !== control(field).dataset.saved;
  const choicesOf = (field) => field.querySelector("[data-choices]");

  /** Shows below a category what it may become while it is typed. */
  function offer(field) {
    const place = choicesOf(field);
    if (!place) return;
    const text = control(field).value.trim();
    const open = typed(field) && text && !isListed(text);
    const all = open ? found(text) : [];
    field.classList.toggle("choosing", Boolean(open));
    const buttons = all.slice(0, MOST).map((path, at) => {
      const button = document.createElement("button");
      const key = document.createElement("kbd");
      button.type = "button";
      button.tabIndex = -1;
      button.dataset.take = path;
      key.textContent = at ? String(at + 1) : "Enter";
      button.append(key, ` ${path}`);
      return button;
    });
    const words = document.createElement("span");
    if (open && !all.length) words.textContent = said.script.no_such_category;
    if (all.length > MOST) words.textContent = fill(said.script.more_categories, all.length - MOST);
    place.replaceChildren(...buttons, ...(words.textContent ? [words] : []));
    if (open && field.contains(document.activeElement)) field.scrollIntoView({ block: "nearest" });
  }

  /** What a digit or Enter takes: what is offered, else what the station proposes. */
  function choices(field) {
    const place = choicesOf(field);
    const offered = place ? [...place.querySelectorAll("[data-take]")] : [];
    return offered.length || field.classList.contains("choosing") ? offered : [...field.querySelectorAll(".alternatives:not([data-choices]) [data-take]")];
  }

  /** What Enter makes of what is typed: the first that is offered. */
  function meant(field) {
    if (!choicesOf(field) || !field.classList.contains("choosing")) return null;
    const [first] = choices(field);
    return first ? first.dataset.take : null;
  }

  /** Not all of a category is typed yet: nothing to save by itself. */
  const isHalf = (field) => field.classList.contains("choosing");

  /** The list with another main matter, or without one. */
  function changed(list, row, act) {
    const n = Number(row.dataset.n);
    if (act === "main") return list.map((one) => ({ ...one, main: one.n === n }));
    return list.filter((one) => one.n !== n);
  }

  /** Where a person goes on after a matter was added: to its category. */
  const latest = () => {
    const known = rows().filter((row) => Number(row.dataset.n));
    return known.length ? known[known.length - 1].querySelector("[data-part='category']") : null;
  };

  document.addEventListener("input", (event) => {
    const field = event.target.closest("#fields .field");
    if (field) offer(field);
  });
  document.addEventListener("laixin-refreshed", () => { for (const place of document.querySelectorAll("#fields [data-choices]")) offer(place.closest(".field")); });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-make-main], [data-take-out]");
    if (button) window.laixinFields.changeMatters(button.closest(".field"), "makeMain" in button.dataset ? "main" : "out");
  });
  document.addEventListener("keydown", (event) => {
    const field = event.target.closest && event.target.closest("#fields .matter .field");
    if (!field || !event.altKey || event.ctrlKey || event.metaKey || event.isComposing) return;
    const act = { KeyM: "main", Delete: "out" }[event.code];
    const row = field.closest(".matter");
    if (!act || !Number(row.dataset.n) || control(field).readOnly) return;
    event.preventDefault();
    if (!event.repeat) window.laixinFields.changeMatters(field, act);
  });

  window.laixinMatters = { of, choices, meant, isHalf, changed, latest, offer };
})();
