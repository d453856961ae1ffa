// Shows a page of the letter, zooms, pans and turns it, and lights the box of the chosen field. The boxes are drawn in the
// pixels of the original, so they fit at every zoom and however it is turned.
"use strict";

(() => {
  const table = document.getElementById("table");
  const paper = document.getElementById("paper");
  let image = document.getElementById("image");
  const boxes = document.getElementById("boxes");
  const failed = document.getElementById("image-failed");
  const now = document.getElementById("zoom-now");
  const tabs = () => [...document.querySelectorAll("#tabs [role=tab]")];
  const svg = "http://www.w3.org/2000/svg";
  const { said, fill } = window.laixin;
  const AGAIN_MS = 3000;
  const least = 0.05, most = 3, step = 1.25, edge = 16;

  let page = null;
  let asking = 0;
  let once = null;
  let scale = null;
  let fit = "width";
  let lit = null;
  /** Quarter turns clockwise of the page that is shown; what a person chose is kept while the letter lies on the table. */
  let turned = 0;
  const chosenTurns = new Map();
  const bitmaps = new WeakMap();

  /** The original in its own pixels, and as it lies on the table. */
  const original = () => ({ width: image.naturalWidth || 1, height: image.naturalHeight || 1 });
  const size = () => {
    const { width, height } = original();
    return turned % 2 ? { width: height, height: width } : { width, height };
  };
  const asItLies = ([x, y]) => {
    const { width, height } = original();
    return [[x, y], [height - y, x], [width - x, height - y], [y, width - x]][turned];
  };
  const corners = (quad) => quad.split(/[ ;]+/).map((pair) => pair.split(",").map(Number));

  function draw() {
    boxes.replaceChildren();
    for (const field of document.querySelectorAll("#fields .field[data-quad]:not([data-quad='']):not([data-unlit])")) {
      if (field.dataset.page === page) add(field.dataset.quad, field.className.replace("field ", ""), field.dataset.key);
    }
    if (lit && lit.page === page) for (const quad of lit.quad.split(";")) add(quad, "lit", "lit");
  }

  function add(quad, look, key) {
    const box = document.createElementNS(svg, "polygon");
    box.setAttribute("points", quad);
    box.setAttribute("class", look);
    box.setAttribute("data-key", key);
    boxes.append(box);
  }

  function zoomTo(next, keep) {
    const before = scale || 1;
    scale = Math.min(most, Math.max(least, next));
    const { width, height } = original();
    const sides = [width, height].map((side) => `${Math.floor(side * scale)}px`);
    paper.style.setProperty("--wide", sides[0]);
    paper.style.setProperty("--high", sides[1]);
    [paper.style.width, paper.style.height] = turned % 2 ? sides.reverse() : sides;
    now.textContent = `${Math.round(scale * 100)}%`;
    if (keep) {
      table.scrollLeft = (table.scrollLeft + keep.x) * (scale / before) - keep.x;
      table.scrollTop = (table.scrollTop + keep.y) * (scale / before) - keep.y;
    }
  }

  function fitTo(kind) {
    fit = kind;
    if (!image.naturalWidth) return;
    const { width, height } = size();
    const wide = (table.clientWidth - 2 * edge) / width;
    zoomTo(kind === "page" ? Math.min(wide, (table.clientHeight - 2 * edge) / height) : wide);
  }

  function lie(turns) {
    turned = turns;
    paper.dataset.turned = turned;
  }

  /** Turns how the page is shown; the original stays as it is. */
  function rotate(by) {
    lie((turned + by + 4) % 4);
    chosenTurns.set(page, turned);
    if (fit === "place") fit = "width";
    if (fit) fitTo(fit); else zoomTo(scale);
    reveal();
  }

  const middle = () => ({ x: table.clientWidth / 2, y: table.clientHeight / 2 });
  function zoom(kind) {
    if (kind === "width" || kind === "page") return fitTo(kind);
    fit = null;
    zoomTo(kind === "in" ? scale * step : scale / step, middle());
  }

  function reveal() {
    if (!lit || lit.page !== page || !scale) return;
    const points = corners(lit.quad).map(asItLies);
    const xs = points.map((point) => point[0] * scale), ys = points.map((point) => point[1] * scale);
    // In the middle; what is larger than the window shows its beginning.
    const from = (places, room) => {
      const first = Math.min(...places) + edge, last = Math.max(...places) + edge;
      return last - first + 2 * edge > room ? first - edge : (first + last - room) / 2;
    };
    table.scrollTo({ left: from(xs, table.clientWidth), top: from(ys, table.clientHeight) });
  }

  /** Which tab is of the page that is shown. */
  function mark() {
    for (const tab of tabs()) {
      const isShown = tab.dataset.page === page;
      tab.setAttribute("aria-selected", String(isShown));
      tab.tabIndex = isShown ? 0 : -1;
    }
  }

  /** Shows a page; `ready` is its image where it was loaded ahead. */
  function show(wanted, ready) {
    const tab = tabs().find((tab) => tab.dataset.page === wanted);
    if (!tab || wanted === page) return;
    page = wanted;
    lie(chosenTurns.get(page) ?? Number(tab.dataset.turn));
    mark();
    tab.scrollIntoView({ block: "nearest", inline: "nearest" });
    failed.hidden = true;
    paper.hidden = false;
    if (ready) {
      ready.id = "image";
      ready.draggable = false;
      image.replaceWith(ready);
      image = ready;
      listen();
    } else {
      paper.classList.add("loading");
      image.src = tab.dataset.src;
    }
    image.alt = tab.dataset.alt;
    if (ready) loaded();
  }

  function loaded() {
    paper.hidden = false;
    failed.hidden = true;
    paper.classList.remove("loading");
    const { width, height } = original();
    boxes.setAttribute("viewBox", `0 0 ${width} ${height}`);
    if (fit === "place") fit = "width";
    if (fit || !scale) fitTo(fit || "width"); else zoomTo(scale);
    draw();
    reveal();
    // Once more when the page has its final size: a scroll bar may have come or gone.
    requestAnimationFrame(reveal);
    snippet();
  }

  function listen() {
    image.addEventListener("load", loaded);
    image.addEventListener("error", fail);
  }
  listen();

  /** Asks for the same image once more. */
  function again() {
    clearTimeout(asking);
    if (!failed.hidden && page) image.src = tabs().find((tab) => tab.dataset.page === page)?.dataset.src || image.src;
  }

  /** No image: for want of a link, which is asked again until it is back, or for a reason that the station tells. */
  async function fail() {
    const { src } = image;
    paper.hidden = true;
    failed.hidden = false;
    clearTimeout(asking);
    const answer = await fetch(src, { credentials: "same-origin", cache: "no-store" }).catch(() => null);
    if (image.src !== src || failed.hidden) return;
    const told = answer && !answer.ok ? await answer.json().catch(() => null) : null;
    const why = told && said.problem[told.code];
    const because = why && told.code !== "not_read_yet" ? fill(said.script.image_because, why) : why;
    failed.textContent = answer ? because || failed.dataset.otherwise : said.script.image_lost;
    if (!answer) asking = setTimeout(again, AGAIN_MS);
    // The link came back in between.
    else if (answer.ok && once !== src) { once = src; again(); }
  }

  /** The page's pixels, decoded once and beside the page's own work: drawing out of the image itself decodes it at every stroke. */
  function pixels() {
    const known = bitmaps.get(image);
    if (known && known.src === image.src) return known.bitmap;
    const fresh = { src: image.src, bitmap: null };
    bitmaps.set(image, fresh);
    createImageBitmap(image).then((bitmap) => { fresh.bitmap = bitmap; snippet(); }, () => {});
    return null;
  }

  /** The lit place enlarged beside its value: in as many rows as it needs to be read at arm's length. */
  function snippet() {
    const canvas = document.querySelector("#fields .field.chosen canvas.snippet");
    if (!canvas) return;
    const field = canvas.closest(".field");
    const isHere = field.dataset.quad && field.dataset.page === page && image.complete && image.naturalWidth && !paper.classList.contains("loading");
    const source = isHere ? pixels() : null;
    canvas.hidden = !source;
    if (canvas.hidden) return;
    const drawn = `${image.src} ${field.dataset.quad} ${canvas.parentElement.clientWidth}`;
    if (canvas.laixinDrawn === drawn) return;
    canvas.laixinDrawn = drawn;
    // Along the first line of the box: a skewed line stands level here.
    const [one, two, , four] = corners(field.dataset.quad.split(";")[0]);
    const across = (from, to) => Math.hypot(to[0] - from[0], to[1] - from[1]);
    const angle = Math.atan2(two[1] - one[1], two[0] - one[0]);
    const pad = Math.max(6, across(one, four) * 0.15);
    const area = { width: across(one, two) + 2 * pad, height: across(one, four) + 2 * pad };
    const room = canvas.parentElement.clientWidth - 28;
    const rows = area.width * 0.5 > room ? 2 : 1;
    // The rows overlap a little: no character is cut in both.
    const part = rows === 1 ? area.width : area.width * 0.54;
    const by = Math.min(room / part, 64 / area.height, 1.6);
    const density = window.devicePixelRatio || 1;
    canvas.style.width = `${Math.round(part * by)}px`;
    canvas.style.height = `${Math.round(area.height * by * rows)}px`;
    canvas.width = Math.round(part * by * density);
    canvas.height = Math.round(area.height * by * rows * density);
    const pen = canvas.getContext("2d");
    pen.imageSmoothingQuality = "high";
    for (let row = 0; row < rows; row += 1) {
      pen.save();
      pen.beginPath();
      pen.rect(0, row * (canvas.height / rows), canvas.width, canvas.height / rows);
      pen.clip();
      pen.scale(by * density, by * density);
      pen.translate(pad - row * (area.width - part), pad + row * area.height);
      pen.rotate(-angle);
      pen.drawImage(source, -one[0], -one[1]);
      pen.restore();
    }
    // It takes room above the value, which must not be pushed out of sight.
    for (const part of [field, field.querySelector(".value")]) part.scrollIntoView({ block: "nearest" });
  }

  /** Lights a place: its page is shown, and scrolled to. */
  function light(place) {
    lit = place && place.quad ? { page: place.page, quad: place.quad } : null;
    if (lit && lit.page !== page) show(lit.page); else { draw(); reveal(); }
    snippet();
  }

  /** Close to the lit place, and back to the width of the page. */
  function closer() {
    if (!lit || lit.page !== page || fit === "place") { fitTo("width"); reveal(); return; }
    const xs = corners(lit.quad).map((point) => asItLies(point)[0]);
    zoomTo((table.clientWidth * 0.8) / (Math.max(...xs) - Math.min(...xs)));
    fit = "place";
    reveal();
  }

  /** Another letter lies on the table. */
  function another(first, ready) {
    page = null;
    lit = null;
    fit = "width";
    chosenTurns.clear();
    boxes.replaceChildren();
    show(first, ready);
  }

  function turn(by) {
    const all = tabs();
    const at = all.findIndex((tab) => tab.dataset.page === page);
    const next = all[at + by];
    if (next) show(next.dataset.page);
  }

  /** Shows the page whose number was typed, or the one that comes nearest. */
  function goTo(place) {
    const wanted = Number(place.value.trim());
    place.value = "";
    if (!Number.isInteger(wanted)) return;
    const all = tabs();
    const near = all.findLast((tab) => Number(tab.dataset.page) <= wanted) || all[0];
    show(near.dataset.page);
    table.focus();
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.zoom) zoom(button.dataset.zoom);
    if ("rotate" in button.dataset) rotate(1);
    if (button.getAttribute("role") === "tab") show(button.dataset.page);
    if ("show" in button.dataset) light(button.dataset);
  });

  table.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    const frame = table.getBoundingClientRect();
    fit = null;
    zoomTo(scale * (event.deltaY < 0 ? 1.1 : 1 / 1.1), { x: event.clientX - frame.left, y: event.clientY - frame.top });
  }, { passive: false });

  let held = null;
  table.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    held = { x: event.clientX, y: event.clientY, left: table.scrollLeft, top: table.scrollTop };
    table.setPointerCapture(event.pointerId);
    table.classList.add("held");
  });
  table.addEventListener("pointermove", (event) => {
    if (held) table.scrollTo(held.left + held.x - event.clientX, held.top + held.y - event.clientY);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    table.addEventListener(end, () => { held = null; table.classList.remove("held"); });
  }

  const keys = { "-": "out", "_": "out", "=": "in", "+": "in", "0": "width", "9": "page" };
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey) return;
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.nodeName);
    if ((event.altKey || !typing) && keys[event.key]) { event.preventDefault(); zoom(keys[event.key]); }
    if ((event.altKey || !typing) && event.code === "KeyR") { event.preventDefault(); rotate(event.shiftKey ? -1 : 1); }
    const toPage = document.getElementById("to-page");
    if (event.altKey && event.code === "KeyG" && toPage) { event.preventDefault(); toPage.focus(); }
    if (event.key === "Enter" && event.target === toPage) { event.preventDefault(); goTo(toPage); }
    if (event.key === "F4") { event.preventDefault(); closer(); }
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (event.altKey && way) {
      event.preventDefault();
      table.scrollBy({ left: way[0] * table.clientWidth * 0.3, top: way[1] * table.clientHeight * 0.3, behavior: "smooth" });
      return;
    }
    if (event.key === "PageDown" || event.key === "PageUp") {
      event.preventDefault();
      turn(event.key === "PageDown" ? 1 : -1);
    }
    if (event.target.getAttribute("role") === "tab" && /^Arrow(Left|Right)$/.test(event.key)) {
      turn(event.key === "ArrowRight" ? 1 : -1);
      tabs().find((tab) => tab.dataset.page === page).focus();
    }
  });
  addEventListener("resize", () => { if (fit && fit !== "place" && scale) fitTo(fit); reveal(); snippet(); });
  // Scroll bars and banners take room too: a fitted page goes on fitting, and stays where it was scrolled to.
  new ResizeObserver(() => { if (fit && fit !== "place" && scale) fitTo(fit); }).observe(table);
  document.addEventListener("laixin-refreshed", () => {
    again();
    // Pages may have come, or gone into another letter.
    const all = tabs();
    if (all.length && !all.some((tab) => tab.dataset.page === page)) show(all[0].dataset.page); else mark();
    draw();
    snippet();
  });

  window.laixinViewer = { light, show, turn, another, decoded: (ready, bitmap) => bitmaps.set(ready, { src: ready.src, bitmap }) };
  const first = tabs()[0];
  if (first) show(first.dataset.page);
})();
