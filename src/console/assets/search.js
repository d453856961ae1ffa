// The search field of every page: "/" leads to it, Esc leaves it.
"use strict";

(() => {
  const field = document.getElementById("search");
  if (!field) return;
  document.addEventListener("keydown", (event) => {
    // While an input method composes, every key belongs to it.
    if (event.isComposing || event.keyCode === 229 || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Escape" && event.target === field) { document.getElementById("main").focus(); return; }
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.nodeName);
    if (event.key !== "/" || typing || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    field.focus();
    field.select();
  });
})();
