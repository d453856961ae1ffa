// The search field of every page: "/" leads to it, where something is typed Alt and "/"; Esc leaves it.
"use strict";

(() => {
  const field = document.getElementById("search");
  if (!field) return;
  document.addEventListener("keydown", (event) => {
    // While an input method composes, every key belongs to it.
    if (event.isComposing || event.keyCode === 229 || event.ctrlKey || event.metaKey) return;
    if (event.key === "Escape" && !event.altKey && event.target === field) { document.getElementById("main").focus(); return; }
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.nodeName);
    if (event.key !== "/" || (typing && !event.altKey) || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    field.focus();
    field.select();
  });
})();
