// Alerts about letters on every page: asked for every few seconds, shown on top until a named person has said what it is.
"use strict";

(() => {
  const strip = document.getElementById("alerts");
  if (!strip) return;
  const { call, Refusal, said } = window.laixin;
  const words = said.alarm;
  const EVERY_MS = 3000;
  let shown = "";

  function element(name, text, more) {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    Object.assign(made, more);
    return made;
  }

  async function acknowledge(alert, verdict, row) {
    const say = row.querySelector("[data-say]");
    try {
      await call("POST", `/v1/alerts/${alert.id}/acknowledge`, { verdict, note: row.querySelector("input")?.value ?? "" });
      row.remove();
      shown = "";
      await look();
    } catch (error) {
      say.textContent = error instanceof Refusal ? error.message : said.script.lost;
    }
  }

  function line(alert) {
    const row = element("div", "", { className: `alarm ${alert.code ?? ""} level${alert.level}`, id: `alarm-${alert.id}` });
    const at = new Date(alert.raised_at).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    const told = words[alert.code ?? "some"].replace("{}", alert.letter);
    const numberOnly = "numberOnly" in strip.dataset;
    const link = numberOnly ? element("b", told) : element("a", told, { href: `/letters/${encodeURIComponent(alert.letter)}` });
    const what = element("p", "", { className: "what" });
    what.append(link, " ", element("span", [at, words[`level${alert.level}`]].filter(Boolean).join(" · "), { className: "small" }), " ");
    if (alert.verdict) {
      const said = [words[alert.verdict].replace("{}", alert.acknowledged_by), alert.note].filter(Boolean).join(" · ");
      what.append(element("span", said, { className: "small doubted" }));
    }
    for (const quote of alert.quotes) {
      const place = words[quote.late ? "on_late_page" : "on_page"].replace("{}", quote.page);
      what.append(element("span", quote.text ? `${place} “${quote.text}”` : place, { className: "quoted" }));
    }
    for (const answer of [...alert.later, ...alert.earlier]) {
      const told = words.before.replace("{}", answer.by).replace("{}", words[`said_${answer.verdict}`]);
      what.append(element("span", [told, answer.note].filter(Boolean).join(" · "), { className: "small doubted" }));
    }
    if (numberOnly) {
      row.append(what, element("p", words.number_only, { className: "small" }));
      return row;
    }
    const note = element("input", "", { placeholder: words.note, maxLength: 500 });
    note.setAttribute("aria-label", words.note);
    const of = (verdict) => words[`${alert.code}_${verdict}`] || words[verdict];
    const confirm = element("button", of("confirmed"), { type: "button", className: "danger" });
    const wrong = element("button", of("false_alarm"), { type: "button" });
    confirm.addEventListener("click", () => acknowledge(alert, "confirmed", row));
    wrong.addEventListener("click", () => acknowledge(alert, "false_alarm", row));
    const say = element("p", "", { className: "say" });
    say.setAttribute("role", "alert");
    say.dataset.say = "";
    // One that an operator doubts stands until an officer decides; another operator may still say that it is meant.
    const isDone = alert.verdict === "doubted" && !("decides" in strip.dataset);
    row.append(what, ...(isDone ? [confirm] : [note, confirm, wrong]), say);
    return row;
  }

  /** What was folded by hand on this tab; one that is new, or was raised to somebody else since, unfolds them all. */
  const FOLDED = "laixin-folded", FEWEST = 3;
  const known = () => JSON.parse(sessionStorage.getItem(FOLDED) || "[]");
  const name = ({ id, level }) => `${id}:${level}`;

  /** On the desk of a low window, or an enlarged one, they would leave no room for the letter: folded there until somebody unfolds them. */
  const UNFOLDED = "laixin-unfolded", LOW_PX = 600;
  const isLow = () => innerHeight < LOW_PX && document.body.classList.contains("desk");
  const isUnfolded = (alerts) => alerts.every((alert) => JSON.parse(sessionStorage.getItem(UNFOLDED) || "[]").includes(name(alert)));

  function keep(folded, alerts) {
    sessionStorage.setItem(FOLDED, JSON.stringify(folded.map(name)));
    sessionStorage.setItem(UNFOLDED, JSON.stringify(folded.length ? [] : alerts.map(name)));
    draw(alerts);
    strip.querySelector("button").focus();
  }

  function bar(alerts, isFolded) {
    const row = element("div", "", { className: "alarm all" });
    const letters = [...new Set(alerts.map(({ letter }) => letter))].join(said.app.and);
    const button = element("button", words[isFolded ? "unfold" : "fold"], { type: "button" });
    button.setAttribute("aria-expanded", String(!isFolded));
    button.addEventListener("click", () => keep(isFolded ? [] : alerts, alerts));
    row.append(element("p", words.folded.replace("{}", alerts.length).replace("{}", letters), { className: "what" }), button);
    return row;
  }

  function draw(alerts) {
    const isFolded = alerts.length >= FEWEST && (alerts.every((alert) => known().includes(name(alert))) || (isLow() && !isUnfolded(alerts)));
    const rows = isFolded ? [] : alerts.map(line);
    strip.replaceChildren(...(alerts.length >= FEWEST ? [bar(alerts, isFolded)] : []), ...rows);
    strip.hidden = alerts.length === 0;
  }

  async function look() {
    let alerts;
    try {
      alerts = (await call("GET", "/v1/alerts?open=true&limit=20", undefined, {}, true)).body.items;
    } catch {
      return; // the page's own link says so when it is lost
    }
    const now = JSON.stringify(alerts.map(({ id, level, verdict, raised_at, quotes }) => [id, level, verdict, raised_at, quotes]));
    if (now === shown) return;
    // A note that is being typed stays; the list is drawn anew when nobody is in it.
    if (strip.contains(document.activeElement) && document.activeElement.value) return;
    shown = now;
    draw(alerts);
  }

  const turn = () => setTimeout(async () => { if (!document.hidden) await look(); turn(); }, EVERY_MS);
  look();
  turn();
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
})();
