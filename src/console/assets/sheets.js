// Pages in small: arrows go from page to page, one key splits a letter before a page, joins a letter to the one above,
// says what a page is, or turns how it is shown. The originals stay as they are, and every move has its reason.
"use strict";

(() => {
  const { call, Refusal, said, fill } = window.laixin;
  const say = document.getElementById("sheets-say");
  const dialog = document.getElementById("move");
  const form = dialog.querySelector("form");
  const TURNS = ["", "quarter", "half", "three"];
  let planned = null;

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
    const thumb = sheet.querySelector("[data-sheet]");
    const now = TURNS.findIndex((turned) => turned && thumb.classList.contains(turned));
    if (now > 0) thumb.classList.remove(TURNS[now]);
    const next = TURNS[(Math.max(now, 0) + 1) % TURNS.length];
    if (next) thumb.classList.add(next);
  }

  function plan(move, title, reason) {
    planned = move;
    dialog.querySelector("h2").textContent = title;
    dialog.querySelector("[data-say]").textContent = "";
    form.elements.reason.value = reason;
    dialog.showModal();
    form.elements.reason.select();
  }

  const numbers = (group, from) => [...group.querySelectorAll(".sheet")].map((one) => Number(one.dataset.n)).filter((n) => n >= from);

  /** This page and those after it become a letter of their own. */
  function split(sheet) {
    const group = groupOf(sheet);
    const from = Number(sheet.dataset.n);
    if (numbers(group, 1)[0] === from) { say.textContent = said.sheets.not_first; return; }
    const move = numbers(group, from);
    plan({ letter: group.dataset.letter, pages: move, to: null }, fill(fill(said.sheets.split_title, group.dataset.letter), move.join("、")), said.sheets.split_reason);
  }

  /** The letter of this page is joined to the one above. */
  function merge(sheet) {
    const group = groupOf(sheet);
    const above = group.previousElementSibling;
    if (!above || !above.dataset.letter) { say.textContent = said.sheets.nothing_above; return; }
    const move = { letter: group.dataset.letter, pages: numbers(group, 1), to: above.dataset.letter };
    plan(move, fill(fill(said.sheets.merge_title, move.letter), move.to), said.sheets.merge_reason);
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { letter, pages: moved, to } = planned;
    const body = { pages: moved, reason: form.elements.reason.value.trim(), ...(to ? { to } : {}) };
    try {
      const answer = await call("POST", `/v1/letters/${encodeURIComponent(letter)}/pages/move`, body);
      dialog.close();
      await window.laixinRefresh();
      say.textContent = fill(said.sheets.moved, answer.body.letter);
      go(document.querySelector(`#group-${CSS.escape(answer.body.letter)} .sheet`));
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

  document.addEventListener("keydown", (event) => {
    const sheet = here();
    if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey || dialog.open) return;
    if (!sheet) {
      if (event.key === "ArrowDown" && document.activeElement === document.body) { event.preventDefault(); go(document.querySelector(".sheet")); }
      return;
    }
    const { letter } = groupOf(sheet).dataset;
    if (event.target.nodeName === "SELECT") {
      if (event.key === "Escape") go(sheet);
      return;
    }
    const mayMove = "openLetter" in groupOf(sheet).dataset;
    const keys = {
      ArrowRight: () => step(sheet, 1),
      ArrowLeft: () => step(sheet, -1),
      ArrowDown: () => go(beside(sheet, 1)),
      ArrowUp: () => go(beside(sheet, -1)),
      Enter: () => location.assign(`/letters/${encodeURIComponent(letter)}`),
      r: () => turn(sheet),
      k: () => sheet.querySelector("select").focus(),
      ...(mayMove ? { s: () => split(sheet), m: () => merge(sheet) } : {}),
    };
    const act = keys[event.key] || keys[event.key.toLowerCase()];
    if (act) { event.preventDefault(); act(); }
  });
})();
