// Pages in small: arrows go from page to page, one key splits a letter before a page, joins a letter to the one above,
// says what a page is, puts a page in the place of one that was scanned badly, or turns how it is shown. The originals stay
// as they are, and every move has its reason.
"use strict";

(() => {
  const { call, Refusal, said, fill } = window.laixin;
  const say = document.getElementById("sheets-say");
  const dialog = document.getElementById("move");
  const form = dialog.querySelector("form");
  const means = document.getElementById("move-means");
  let planned = null;
  let bad = null;

  const pages = () => [...document.querySelectorAll("[data-sheet]")];
  const here = () => document.activeElement.closest && document.activeElement.closest(".sheet");
  const groupOf = (sheet) => sheet.closest(".group");
  const why = (error) => (error instanceof Refusal ? error.message : said.script.lost);

  /** The page nearest above or below. */
  function beside(sheet, by) {
    const box = sheet.getBoundingClientRect();
    const others = [...document.querySelectorAll(".sheet")].map((one) => [one, one.getBoundingClientRect()]);
    const rows = others.filter(([, rect]) => (by > 0 ? rect.top > box.top + 20 : rect.top < box.top - 20));
    if (!rows.length) return null;
    const top = by > 0 ? Math.min(...rows.map(([, rect]) => rect.top)) : Math.max(...rows.map(([, rect]) => rect.top));
    const row = rows.filter(([, rect]) => Math.abs(rect.top - top) < 20);
    return row.sort((a, b) => Math.abs(a[1].left - box.left) - Math.abs(b[1].left - box.left))[0][0];
  }

  function go(sheet) {
    if (!sheet) return;
    sheet.querySelector("[data-sheet]").focus();
    sheet.scrollIntoView({ block: "nearest" });
  }

  function step(sheet, by) {
    const all = pages();
    const next = all[all.indexOf(sheet.querySelector("[data-sheet]")) + by];
    if (next) go(next.closest(".sheet"));
  }

  function turn(sheet) {
    const { dataset } = sheet.querySelector("[data-sheet]");
    dataset.keptTurn = (Number(dataset.keptTurn ?? dataset.turn) + 1) % 4;
  }

  function plan(act, title, reason) {
    planned = act;
    dialog.querySelector("h2").textContent = title;
    means.textContent = act.page ? means.dataset.ofRetake : means.dataset.ofMove;
    dialog.querySelector("[data-say]").textContent = "";
    form.elements.reason.value = reason;
    dialog.showModal();
    form.elements.reason.select();
  }

  /** The pages of a letter from this one on, also those that are not drawn. */
  const numbers = (group, from) => Array.from({ length: Number(group.dataset.last) - from + 1 }, (_, at) => from + at);
  const spoken = (pages_) => (pages_.length > 6 ? `${pages_[0]}–${pages_.at(-1)}` : pages_.join(said.app.and));

  /** This page and those after it become a letter of their own. */
  function split(sheet) {
    const group = groupOf(sheet);
    const from = Number(sheet.dataset.n);
    if (sheet === group.querySelector(".sheet")) { say.textContent = said.sheets.not_first; return; }
    const move = numbers(group, from);
    plan({ letter: group.dataset.letter, pages: move, to: null }, fill(fill(said.sheets.split_title, group.dataset.letter), spoken(move)), said.sheets.split_reason);
  }

  /** The letter of this page is joined to the one above. */
  function merge(sheet) {
    const group = groupOf(sheet);
    const above = group.previousElementSibling;
    // Above the first there is the last letter of the page before.
    const to = above ? above.dataset.letter : group.parentElement.dataset.above;
    if (!to) { say.textContent = said.sheets.nothing_above; return; }
    const move = { letter: group.dataset.letter, pages: numbers(group, 1), to };
    plan(move, fill(fill(said.sheets.merge_title, move.letter), move.to), said.sheets.merge_reason);
  }

  /** The sheet that shows the page to be scanned anew: known by its image, since its number may change while other pages come. */
  const badSheet = () => bad && document.querySelector(`.group[data-letter="${CSS.escape(bad.letter)}"] .sheet[data-image="${bad.image}"]`);

  function remember(page) {
    bad = page;
    const there = badSheet();
    for (const sheet of document.querySelectorAll(".sheet")) sheet.toggleAttribute("data-kept-bad", sheet === there);
  }
  document.addEventListener("laixin-refreshed", () => remember(bad));

  /** First on the page that was scanned badly, then on the one that was scanned anew, which may come only now. */
  function retake(sheet) {
    const place = (one) => [groupOf(one).dataset.letter, Number(one.dataset.n)];
    const old = badSheet();
    if (old === sheet) { remember(null); say.textContent = ""; return; }
    if (!old) {
      remember({ letter: groupOf(sheet).dataset.letter, image: sheet.dataset.image });
      say.textContent = place(sheet).reduce(fill, said.sheets.retake_next);
      return;
    }
    const [[letter, instead], [from, page]] = [place(old), place(sheet)];
    const title = [from, page, letter, instead].reduce(fill, said.sheets.retake_title);
    plan({ letter, instead, from, page }, title, said.sheets.retake_reason);
  }

  /** Sends what was planned; the letter and the words that tell of it. */
  async function done(act, reason) {
    const at = `/v1/letters/${encodeURIComponent(act.letter)}/pages`;
    if (act.page) {
      await call("POST", `${at}/${act.instead}/retake`, { letter: act.from, page: act.page, reason });
      remember(null);
      return [act.letter, [act.letter, act.instead].reduce(fill, said.sheets.retaken)];
    }
    const { body } = await call("POST", `${at}/move`, { pages: act.pages, reason, ...(act.to ? { to: act.to } : {}) });
    return [body.letter, fill(said.sheets.moved, body.letter)];
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const [letter, told] = await done(planned, form.elements.reason.value.trim());
      dialog.close();
      await window.laixinRefresh();
      say.textContent = told;
      go(document.querySelector(`#group-${CSS.escape(letter)} .sheet`));
    } catch (error) {
      dialog.querySelector("[data-say]").textContent = why(error);
    }
  });

  document.addEventListener("change", async (event) => {
    const list = event.target;
    if (!("kind" in list.dataset)) return;
    const sheet = list.closest(".sheet");
    const { letter } = groupOf(sheet).dataset;
    try {
      await call("PUT", `/v1/letters/${encodeURIComponent(letter)}/pages/${sheet.dataset.n}/kind`, { kind: list.value });
      list.dataset.saved = list.value;
      await window.laixinRefresh();
      say.textContent = fill(said.sheets.kind_kept, letter);
    } catch (error) {
      list.value = list.dataset.saved;
      say.textContent = why(error);
    }
  });

  document.addEventListener("click", (event) => {
    const thumb = event.target.closest("[data-sheet]");
    if (thumb && event.detail === 2) location.assign(`/letters/${encodeURIComponent(groupOf(thumb).dataset.letter)}`);
  });

  /** What a key does with a page, and so does its button with the page that was chosen last. */
  function acts(sheet) {
    const { letter } = groupOf(sheet).dataset;
    const mayMove = "openLetter" in groupOf(sheet).dataset;
    return {
      Enter: () => location.assign(`/letters/${encodeURIComponent(letter)}`),
      r: () => turn(sheet),
      k: () => sheet.querySelector("select").focus(),
      ...(mayMove ? { s: () => split(sheet), m: () => merge(sheet), t: () => retake(sheet) } : {}),
    };
  }

  const lastChosen = () => document.querySelector(".sheet[data-kept-chosen]");
  document.addEventListener("focusin", (event) => {
    const sheet = event.target.closest && event.target.closest(".sheet");
    if (!sheet) return;
    if (lastChosen()) delete lastChosen().dataset.keptChosen;
    sheet.dataset.keptChosen = "";
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-act]");
    if (!button) return;
    const sheet = lastChosen();
    const act = sheet && acts(sheet)[button.dataset.act];
    say.textContent = sheet ? "" : said.sheets.choose_first;
    if (act) act();
  });

  // The keys are about a page: the first one is chosen until somebody chooses another.
  if (document.activeElement === document.body) go(document.querySelector(".sheet"));

  document.addEventListener("keydown", (event) => {
    const sheet = here();
    if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey || dialog.open) return;
    if (!sheet) {
      const isFree = !document.activeElement.closest("a, button, input, select, textarea");
      if (/^Arrow/.test(event.key) && isFree) { event.preventDefault(); go(lastChosen() || document.querySelector(".sheet")); }
      return;
    }
    if (event.target.nodeName === "SELECT") {
      if (event.key === "Escape") go(sheet);
      return;
    }
    const keys = {
      ArrowRight: () => step(sheet, 1),
      ArrowLeft: () => step(sheet, -1),
      ArrowDown: () => go(beside(sheet, 1)),
      ArrowUp: () => go(beside(sheet, -1)),
      Escape: () => { if (bad) { remember(null); say.textContent = ""; } },
      ...acts(sheet),
    };
    const act = keys[event.key] || keys[event.key.toLowerCase()];
    if (act) { event.preventDefault(); act(); }
  });
})();
