// Keeps the focus where a person has put it when a part of the page is drawn anew: on the same control, or, where that is gone,
// on what comes next in its place. Without it the next key would go nowhere, and nobody would be told.
"use strict";

(() => {
  const CONTROLS = "button.danger, button.primary, button, select, input:not([type=hidden]), textarea, a[href], [tabindex]";
  const isFree = (one) => !one.disabled && one.offsetParent !== null && !one.closest("dialog:not([open])");
  /** What tells a control from its neighbours, also after it was drawn anew. */
  const name = (one) => [one.nodeName, one.type, one.name, one.getAttribute("href"), one.dataset.open, one.dataset.call, one.closest("form")?.dataset.call].join(" ");

  /** Where the focus is now: the control, and what it lies in, from the inside out. */
  function mark() {
    const at = document.activeElement;
    if (!at || at === document.body) return null;
    const around = [];
    for (let part = at.parentElement; part && part !== document.body; part = part.parentElement) around.push(part);
    return { at, id: at.id, name: name(at), around };
  }

  /** Back to where it was. A focus that somebody has moved meanwhile is left alone. */
  function back(to) {
    if (!to || (document.activeElement && document.activeElement !== document.body)) return;
    const around = to.around.filter((part) => part.isConnected);
    if (!around.length) return;
    const same = (to.at.isConnected && isFree(to.at) && to.at) || (to.id && document.getElementById(to.id));
    if (same && isFree(same)) { same.focus({ preventScroll: true }); return; }
    for (const part of around) {
      const controls = CONTROLS.split(", ").flatMap((kind) => [...part.querySelectorAll(kind)]).filter(isFree);
      const next = controls.find((one) => name(one) === to.name) || controls[0];
      if (next) { next.focus({ preventScroll: true }); return; }
    }
  }

  window.laixinFocus = { mark, back };
})();
