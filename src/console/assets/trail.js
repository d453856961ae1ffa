// The letters that lay on this desk, the one that lies there last: pages of other kinds between them are none. A key leads back to the letter
// before, also from the page that asks for a reason first.
"use strict";

(() => {
  const TRAIL = "laixin-trail", LONGEST = 50;
  const trail = () => JSON.parse(sessionStorage.getItem(TRAIL) || "[]");
  const keep = (letters) => sessionStorage.setItem(TRAIL, JSON.stringify(letters.slice(-LONGEST)));
  const before = (letter) => {
    const known = trail();
    return known.slice(0, known.findLastIndex((one) => one !== letter) + 1);
  };

  window.laixinTrail = {
    /** This letter lies on the desk now. */
    lies(letter) {
      const known = trail();
      if (known.at(-1) !== letter) keep([...known, letter]);
    },
    /** Back to the letter that lay here before this one; whether there is one. */
    back(letter) {
      const letters = before(letter);
      if (!letters.length) return false;
      keep(letters);
      location.assign(`/letters/${encodeURIComponent(letters.at(-1))}`);
      return true;
    },
  };

  const link = document.querySelector("[data-back]");
  if (link && before(link.dataset.back).length) {
    link.hidden = false;
    link.addEventListener("click", () => window.laixinTrail.back(link.dataset.back));
  }
})();
