"use strict";
// The viewer: one canvas of the screen's size into which image and layers are drawn through one transform. Masks are
// tinted by compositing, never read back, so that browsers which guard canvases against fingerprinting show the truth.

const viewer = document.getElementById("viewer");
if (!viewer) return;
const settings = JSON.parse(document.getElementById("viewer-settings").textContent);
const stage = viewer.querySelector(".stage");
const canvas = viewer.querySelector("canvas");
const context = canvas.getContext("2d");
const zoomReadout = viewer.querySelector("output");
const fader = viewer.querySelector("[data-fader]");
const boxes = [...viewer.querySelectorAll("[data-layer]")];
const tasks = Object.keys(settings.tasks);
const ALL = "all";
const MAX_ZOOM = 40;

const scratch = { area: document.createElement("canvas"), line: document.createElement("canvas") };
// What is switched on, separately for one task (its errors) and for all tasks at once (their areas).
const shown = {
  one: { tp: true, fp: true, fn: true, truth: false, prediction: false },
  all: { tp: false, fp: false, fn: false, truth: true, prediction: true },
};
let task = tasks.length > 1 ? ALL : tasks[0];
let data = null;
let photograph = null;
let masks = {};
let view = { scale: 1, x: 0, y: 0 };
let fitted = true;
let bare = false;
let queued = false;
let order = 0;

const mode = () => (task === ALL ? "all" : "one");
const ratio = () => window.devicePixelRatio || 1;

// --- loading ---------------------------------------------------------------------------------------------------------
function loadPicture(source) {
  const picture = new Image();
  picture.src = source;
  return picture.decode().then(() => picture);
}

async function showCase(number) {
  const mine = ++order;
  const element = document.getElementById(`case-data-${number}`);
  if (!element) return;
  const read = JSON.parse(element.textContent);
  const loaded = {};
  const pending = [];
  for (const [name, parts] of Object.entries(read.masks)) {
    loaded[name] = {};
    for (const [part, source] of Object.entries(parts)) {
      pending.push(loadPicture(source).then((picture) => { loaded[name][part] = picture; }));
    }
  }
  const picture = read.image ? await loadPicture(read.image) : null;
  await Promise.all(pending);
  if (mine !== order) return; // the reader has gone on to another case
  const sameGrid = data && String(data.shown) === String(read.shown);
  [data, photograph, masks] = [read, picture, loaded];
  viewer.hidden = false;
  viewer.dataset.case = number;
  if (!sameGrid || fitted) fit();
  describe();
  queue();
}

function describe() {
  const [width, height] = data.size;
  const reduced = data.shown[0] < width ? `, shown at ${data.shown[0]} × ${data.shown[1]}` : "";
  const title = viewer.querySelector("#viewer-title");
  const detail = document.createElement("small");
  detail.textContent = `${width} × ${height}${reduced}`;
  title.replaceChildren(data.name, detail);
  canvas.setAttribute("aria-label", `${data.name} with ${boxes.filter((box) => box.checked).map((box) => box.dataset.layer).join(", ") || "no layers"}`);
  const readout = viewer.querySelector(".readout");
  const entries = [];
  for (const [name, metrics] of Object.entries(data.metrics)) {
    if (task !== ALL && name !== task) continue;
    for (const [label, value] of task === ALL ? metrics.slice(0, 1) : metrics) {
      const [entry, term, number] = ["div", "dt", "dd"].map((kind) => document.createElement(kind));
      term.textContent = task === ALL ? `${settings.tasks[name].label} ${label}` : label;
      number.textContent = value;
      entry.append(term, number);
      entries.push(entry);
    }
  }
  readout.replaceChildren(...entries);
}

// --- drawing ---------------------------------------------------------------------------------------------------------
function queue() {
  if (queued) return;
  queued = true;
  requestAnimationFrame(() => { queued = false; draw(); });
}

function fitCanvas() {
  const [width, height] = [Math.round(stage.clientWidth * ratio()), Math.round(stage.clientHeight * ratio())];
  if (!width || !height) return;
  for (const surface of [canvas, scratch.area, scratch.line]) {
    if (surface.width !== width) surface.width = width;
    if (surface.height !== height) surface.height = height;
  }
}

function place(target, picture) {
  const scale = view.scale * ratio();
  target.imageSmoothingEnabled = scale < 2;
  target.imageSmoothingQuality = "high";
  target.drawImage(picture, view.x * ratio(), view.y * ratio(), data.shown[0] * scale, data.shown[1] * scale);
}

function clear(surface) {
  const target = surface.getContext("2d");
  target.globalCompositeOperation = "source-over";
  target.clearRect(0, 0, surface.width, surface.height);
  return target;
}

function drawArea(pictures) { // the union; "lighter" adds the soft edges of two parts that touch, so that no seam shows
  const target = clear(scratch.area);
  target.globalCompositeOperation = "lighter";
  for (const picture of pictures) place(target, picture);
  return target;
}

function paint(surface, opacity) {
  context.globalAlpha = opacity;
  context.drawImage(surface, 0, 0);
  context.globalAlpha = 1;
}

function tint(target, paintwork) {
  target.globalCompositeOperation = "source-in";
  target.fillStyle = paintwork;
  target.fillRect(0, 0, target.canvas.width, target.canvas.height);
}

function fill(pictures, paintwork, opacity) {
  if (!pictures.length) return;
  tint(drawArea(pictures), paintwork);
  paint(scratch.area, opacity);
}

function outline(pictures, colour, width, style) { // inside the area, so that nothing looks larger than it is
  if (style.outside) rim(pictures, colour, width);
  else edge(pictures, [[style.casing, width + 1, 0.6], [colour, width, 1]]);
}

function shift(target, reach) {
  for (let turn = 0; turn < 16; turn += 1) {
    const angle = (turn * Math.PI) / 8;
    target.drawImage(scratch.area, reach * ratio() * Math.cos(angle), reach * ratio() * Math.sin(angle));
  }
}

function rim(pictures, colour, width) { // outside: thin vessels stay visible
  if (!pictures.length) return;
  drawArea(pictures);
  const target = clear(scratch.line);
  shift(target, width);
  target.globalCompositeOperation = "destination-out";
  target.drawImage(scratch.area, 0, 0);
  tint(target, colour);
  paint(scratch.line, 1);
}

function edge(pictures, lines) {
  if (!pictures.length) return;
  drawArea(pictures);
  for (const [paintwork, width, opacity] of lines) {
    const target = clear(scratch.line);
    target.drawImage(scratch.area, 0, 0);
    target.globalCompositeOperation = "destination-in"; // what stays lies deeper than the line
    shift(target, width);
    target.globalCompositeOperation = "source-out"; // and the line is the rest of the area
    target.drawImage(scratch.area, 0, 0);
    tint(target, paintwork);
    paint(scratch.line, opacity);
  }
}

function ring(circles, style, dashes, apart) { // one width and one least size on the screen, at every zoom
  for (const [x, y, radius] of circles) {
    for (const [paintwork, width] of [[style.casing, 3.5], [style.colour, 1.8]]) {
      context.beginPath();
      const reach = Math.max(radius * view.scale + 4, 6) + apart;
      context.arc((view.x + x * view.scale) * ratio(), (view.y + y * view.scale) * ratio(), reach * ratio(), 0, 7);
      context.strokeStyle = paintwork;
      context.lineWidth = width * ratio();
      context.setLineDash(dashes.map((dash) => dash * ratio()));
      context.stroke();
    }
  }
  context.setLineDash([]);
}

function makePattern(colour, pattern) { // the patterns that the overlays have
  const side = Math.round(12 * ratio());
  const tile = document.createElement("canvas");
  tile.width = tile.height = side;
  const target = tile.getContext("2d");
  target.fillStyle = target.strokeStyle = colour;
  target.globalAlpha = pattern === "solid" ? 0.75 : 0.25;
  target.fillRect(0, 0, side, side);
  target.globalAlpha = 1;
  const lines = { stripes: [1], backstripes: [-1], crosshatch: [1, -1] }[pattern] ?? [];
  target.lineWidth = side * (lines.length === 2 ? 0.14 : 0.3);
  for (const slope of lines) {
    for (const shift of [-side, 0, side]) {
      target.beginPath();
      target.moveTo(shift - side, slope > 0 ? 2 * side : -side);
      target.lineTo(shift + 2 * side, slope > 0 ? -side : 2 * side);
      target.stroke();
    }
  }
  if (pattern === "dots" || pattern === "rings") {
    target.beginPath();
    target.arc(side / 2, side / 2, side * 0.3, 0, 7);
    if (pattern === "dots") target.fill();
    else target.stroke();
  }
  if (pattern === "bars" || pattern === "grid") target.fillRect(0, 0, side, side * 0.3);
  if (pattern === "grid") target.fillRect(0, 0, side * 0.3, side);
  return context.createPattern(tile, "repeat");
}

const PARTS = { tp: ["tp"], fp: ["fp"], fn: ["fn"], truth: ["tp", "fn"], prediction: ["tp", "fp"] };
const pick = (name, layer) => PARTS[layer].map((part) => masks[name]?.[part]).filter(Boolean);

function draw() {
  if (!data || !stage.clientWidth) return;
  fitCanvas();
  context.clearRect(0, 0, canvas.width, canvas.height);
  if (photograph) place(context, photograph);
  else {
    context.fillStyle = "#1a222a";
    const scale = view.scale * ratio();
    context.fillRect(view.x * ratio(), view.y * ratio(), data.shown[0] * scale, data.shown[1] * scale);
  }
  const on = shown[mode()];
  const opacity = Number(fader.value) / 100;
  if (!bare) {
    if (task === ALL) {
      for (const name of tasks) {
        const style = settings.tasks[name];
        const circles = data.circles[name];
        if (circles) {
          if (on.prediction) ring(circles.prediction, style, [], 0);
          if (on.truth) ring(circles.truth, style, [2.5, 2.5], 4);
          continue;
        }
        if (on.prediction) fill(pick(name, "prediction"), makePattern(style.colour, style.pattern), opacity * (style.outside ? 0.5 : 1));
        if (on.truth) outline(pick(name, "truth"), style.colour, style.outside ? 1 : 1.6, style);
      }
    }
    for (const layer of ["tp", "fp", "fn"]) {
      if (on[layer]) for (const name of task === ALL ? tasks : [task]) fill(pick(name, layer), settings.layers[layer], opacity);
    }
    if (task !== ALL) {
      for (const layer of ["truth", "prediction"]) if (on[layer]) outline(pick(task, layer), settings.layers[layer], 1.5, { ...settings.tasks[task], casing: "#000" });
    }
  }
  const percent = Math.round(view.scale * 100 * (data.shown[0] / data.size[0]));
  zoomReadout.textContent = `${percent} %`;
  viewer.dataset.zoom = String(percent);
  viewer.dataset.drawn = `${viewer.dataset.case} ${task} ${Object.keys(on).filter((layer) => on[layer] && !bare).join(" ")}`;
}

// --- moving and zooming ----------------------------------------------------------------------------------------------
const fitScale = () => Math.min(stage.clientWidth / data.shown[0], stage.clientHeight / data.shown[1]);

function fit() {
  if (!data || !stage.clientWidth) return;
  const scale = fitScale();
  view = { scale, x: (stage.clientWidth - data.shown[0] * scale) / 2, y: (stage.clientHeight - data.shown[1] * scale) / 2 };
  fitted = true;
  stage.classList.remove("zoomed");
  queue();
}

function hold(position, length, room) { // an image larger than the stage covers it, a smaller one stays in the middle
  return length <= room ? (room - length) / 2 : Math.min(0, Math.max(room - length, position));
}

function move(dx, dy) {
  view.x = hold(view.x + dx, data.shown[0] * view.scale, stage.clientWidth);
  view.y = hold(view.y + dy, data.shown[1] * view.scale, stage.clientHeight);
  queue();
}

function zoom(factor, x = stage.clientWidth / 2, y = stage.clientHeight / 2) {
  if (!data) return;
  const lowest = fitScale();
  const scale = Math.max(lowest, Math.min(MAX_ZOOM, view.scale * factor));
  if (scale <= lowest * 1.001) return fit();
  fitted = false;
  stage.classList.add("zoomed");
  view.x = x - ((x - view.x) * scale) / view.scale;
  view.y = y - ((y - view.y) * scale) / view.scale;
  view.scale = scale;
  return move(0, 0);
}

const ZOOMS = {
  in: () => zoom(1.5),
  out: () => zoom(1 / 1.5),
  fit,
  full: () => zoom(data.size[0] / data.shown[0] / view.scale),
};
for (const button of viewer.querySelectorAll("[data-zoom]")) button.addEventListener("click", () => ZOOMS[button.dataset.zoom]());

let scrolled = 0;
addEventListener("scroll", () => { scrolled = performance.now(); }, { passive: true });
canvas.addEventListener("wheel", (event) => {
  // A page that is being scrolled goes on scrolling when the image comes to lie under the pointer.
  if (performance.now() - scrolled < 250 && document.activeElement !== canvas) return;
  event.preventDefault();
  const box = canvas.getBoundingClientRect();
  const lines = event.deltaMode === 1 ? 16 : 1;
  zoom(Math.exp((-event.deltaY * lines) / 400), event.clientX - box.left, event.clientY - box.top);
}, { passive: false });

const pointers = new Map();
canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, event);
});
canvas.addEventListener("pointermove", (event) => {
  const before = pointers.get(event.pointerId);
  if (!before) return;
  const other = [...pointers.values()].find((pointer) => pointer.pointerId !== event.pointerId);
  if (other) {
    const box = canvas.getBoundingClientRect();
    const spread = (pointer) => Math.hypot(pointer.clientX - other.clientX, pointer.clientY - other.clientY) || 1;
    zoom(spread(event) / spread(before), (event.clientX + other.clientX) / 2 - box.left, (event.clientY + other.clientY) / 2 - box.top);
  } else {
    move(event.clientX - before.clientX, event.clientY - before.clientY);
  }
  pointers.set(event.pointerId, event);
});
for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, (event) => pointers.delete(event.pointerId));
canvas.addEventListener("dblclick", (event) => {
  const box = canvas.getBoundingClientRect();
  zoom(2.5, event.clientX - box.left, event.clientY - box.top);
});

// --- controls --------------------------------------------------------------------------------------------------------
function showLayers() {
  for (const box of boxes) box.checked = shown[mode()][box.dataset.layer];
  const lesions = viewer.querySelector(".lesions");
  lesions.hidden = task !== ALL;
  viewer.dataset.mode = mode();
  if (data) describe();
  queue();
}

for (const box of boxes) {
  box.addEventListener("change", () => {
    shown[mode()][box.dataset.layer] = box.checked;
    showLayers();
  });
}
fader.addEventListener("input", queue);
for (const button of viewer.querySelectorAll("[data-step]")) {
  button.addEventListener("click", () => document.dispatchEvent(new CustomEvent("retseg:step", { detail: { by: Number(button.dataset.step) } })));
}

const MOVES = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
canvas.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (MOVES[event.key]) move(...MOVES[event.key]);
  else if (event.key === "+" || event.key === "=") zoom(1.5);
  else if (event.key === "-") zoom(1 / 1.5);
  else if (event.key === "0") fit();
  else if (event.key === "[" || event.key === "]") viewer.querySelector(`[data-step="${event.key === "]" ? 1 : -1}"]`).click();
  else if (event.key === " ") { bare = true; queue(); }
  else if (/^[1-5]$/.test(event.key)) boxes[Number(event.key) - 1].click();
  else return;
  event.preventDefault();
});
const cover = (event) => { if (bare && (event.type === "blur" || event.key === " ")) { bare = false; queue(); } };
canvas.addEventListener("keyup", cover);
canvas.addEventListener("blur", cover);

function drawSample(target, style) {
  const { width, height } = target.canvas;
  target.strokeStyle = style.colour;
  target.lineWidth = 2 * ratio();
  if (style.pattern === "ring") {
    target.beginPath();
    target.arc(width / 2, height / 2, height / 2 - 2 * ratio(), 0, 7);
    target.stroke();
    return;
  }
  target.fillStyle = makePattern(style.colour, style.pattern);
  target.globalAlpha = style.outside ? 0.5 : 1;
  target.fillRect(0, style.outside ? height / 4 : 0, width, style.outside ? height / 2 : height);
  target.globalAlpha = 1;
  target.strokeRect(style.outside ? -width : 0, style.outside ? height / 4 : 0, style.outside ? 3 * width : width, style.outside ? height / 2 : height);
}

const lesions = viewer.querySelector(".lesions");
lesions.append(...tasks.map((name) => {
  const [item, sample] = [document.createElement("li"), document.createElement("canvas")];
  [sample.width, sample.height] = [30 * ratio(), 17 * ratio()];
  const target = sample.getContext("2d");
  drawSample(target, settings.tasks[name]);
  item.append(sample, settings.tasks[name].label);
  return item;
}));

document.addEventListener("retseg:case", (event) => showCase(event.detail.number));
document.addEventListener("retseg:task", (event) => { task = event.detail.task; showLayers(); });
new ResizeObserver(() => { if (fitted) fit(); else move(0, 0); }).observe(stage);
addEventListener("beforeprint", () => { if (fitted) fit(); draw(); });
showLayers();
