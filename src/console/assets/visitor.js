// The second screen follows the desk: what another visitor brought is not on it any more once another letter lies there.
"use strict";

(() => {
  const { letter } = document.body.dataset;
  if (!letter) return;
  new BroadcastChannel("laixin-desk").addEventListener("message", (event) => {
    // A desk that only loads this letter anew leaves it first: what is opened then says so itself.
    if (event.data !== letter) location.replace("/visitor");
  });
})();
