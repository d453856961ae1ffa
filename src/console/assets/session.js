// When the session ran out in the middle of work: the same person signs in again on top of the page, and what was typed
// stays. What the page shows is covered meanwhile; somebody else who signs in gets a page of his own.
"use strict";

(() => {
  const dialog = document.getElementById("again");
  if (!dialog) return;
  const { said } = window.laixin;
  const form = dialog.querySelector("form");
  const say = dialog.querySelector("[data-say]");
  let waiting = null;
  let done = null;

  function taken(session) {
    if (session.user !== dialog.dataset.user) { location.reload(); return; }
    document.querySelector('meta[name="csrf"]').content = session.csrf;
    form.reset();
    if (dialog.open) dialog.close();
    done();
    waiting = null;
  }

  /** Somebody signed in again in another window: nothing to ask. */
  async function elsewhere() {
    const answer = await fetch("/v1/session", { headers: { Accept: "application/json" }, credentials: "same-origin" });
    return answer.ok ? answer.json() : null;
  }

  /** Fulfilled once the same person is signed in. */
  window.laixinAgain = () => {
    if (waiting) return waiting;
    waiting = new Promise((fulfil) => { done = fulfil; });
    elsewhere().catch(() => null).then((session) => {
      if (session) { taken(session); return; }
      say.textContent = "";
      dialog.showModal();
      form.elements.password.focus();
    });
    return waiting;
  };

  // Only signing in leads back to what lies below.
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = JSON.stringify({ user: dialog.dataset.user, password: form.elements.password.value });
    try {
      const answer = await fetch("/v1/session", {
        method: "POST", headers: { "Content-Type": "application/json", Accept: "application/json" }, credentials: "same-origin", body,
      });
      const told = await answer.json();
      if (answer.ok) { taken(told); return; }
      say.textContent = said.problem[told.code] || said.problem.sign_in_failed;
      form.elements.password.select();
    } catch {
      say.textContent = said.script.lost;
    }
  });
})();
