"use strict";
// Theme, tables and plots. The viewer listens for "retseg:case" and "retseg:task" on the document.

const say = (name, detail) => document.dispatchEvent(new CustomEvent(`retseg:${name}`, { detail }));

// --- theme -----------------------------------------------------------------------------------------------------------
const THEMES = ["auto", "light", "dark"];
const themeButton = document.getElementById("theme");
const remember = (theme) => { try { localStorage.setItem("retseg-theme", theme); } catch { /* a file may have no store */ } };
const recall = () => { try { return localStorage.getItem("retseg-theme"); } catch { return null; } };

function setTheme(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  themeButton.textContent = `Theme: ${theme}`;
  themeButton.dataset.theme = theme;
}

themeButton.addEventListener("click", () => {
  const next = THEMES[(THEMES.indexOf(themeButton.dataset.theme) + 1) % THEMES.length];
  setTheme(next);
  remember(next);
});
setTheme(THEMES.includes(recall()) ? recall() : "auto");
themeButton.hidden = false;

// --- tables of cases -------------------------------------------------------------------------------------------------
const names = new Intl.Collator("en", { numeric: true });
const panels = [...document.querySelectorAll(".panel")];
const shownPanel = () => panels.find((panel) => !panel.hidden);
const shownRows = () => (shownPanel() ? [...shownPanel().querySelectorAll("tbody tr")] : []);
let current = null;

function readValue(row, column) {
  const cell = row.cells[column];
  if (column === 0) return cell.dataset.value;
  return cell.dataset.value === undefined ? null : Number(cell.dataset.value);
}

function sortTable(table, column, direction) {
  const sign = direction === "ascending" ? 1 : -1;
  const rows = [...table.tBodies[0].rows];
  rows.sort((a, b) => {
    const [left, right] = [readValue(a, column), readValue(b, column)];
    if (left === null || right === null) return (left === null) - (right === null); // undefined values stay last
    return sign * (column === 0 ? names.compare(left, right) : left - right);
  });
  table.tBodies[0].append(...rows);
  for (const header of table.tHead.rows[0].cells) header.removeAttribute("aria-sort");
  table.tHead.rows[0].cells[column].setAttribute("aria-sort", direction);
}

function openCase(number, { focus = false, reveal = true } = {}) {
  if (number === undefined || number === null) return;
  current = String(number);
  for (const marked of document.querySelectorAll("[data-case].current, tr[aria-current]")) {
    marked.classList.remove("current");
    marked.removeAttribute("aria-current");
  }
  for (const circle of document.querySelectorAll(`circle[data-case="${current}"]`)) circle.classList.add("current");
  for (const row of document.querySelectorAll(`tr[data-case="${current}"]`)) row.setAttribute("aria-current", "true");
  markTabStop();
  const row = shownRows().find((candidate) => candidate.dataset.case === current);
  if (row && focus) row.querySelector("button").focus({ preventScroll: true });
  if (row && reveal) revealRow(row);
  say("case", { number: current });
}

function markTabStop() {
  for (const panel of panels) {
    for (const button of panel.querySelectorAll(".case-name")) button.tabIndex = -1;
    const row = panel.querySelector("tr[aria-current]") ?? panel.querySelector("tbody tr");
    if (row) row.querySelector(".case-name").tabIndex = 0;
  }
}

function revealRow(row) { // inside the table's own scroll only: the page must not jump
  const frame = row.closest(".scroll");
  const [top, bottom] = [row.offsetTop - row.closest("table").tHead.offsetHeight, row.offsetTop + row.offsetHeight];
  if (top < frame.scrollTop) frame.scrollTop = top;
  else if (bottom > frame.scrollTop + frame.clientHeight) frame.scrollTop = bottom - frame.clientHeight;
}

function step(by, options) {
  const rows = shownRows();
  const at = rows.findIndex((row) => row.dataset.case === current);
  const next = rows[Math.max(0, Math.min(rows.length - 1, at + by))];
  if (next) openCase(next.dataset.case, options);
}

for (const panel of panels) {
  const table = panel.querySelector("table");
  table.tHead.addEventListener("click", (event) => {
    const header = event.target.closest("th");
    if (!header || !event.target.closest("button")) return;
    const again = header.getAttribute("aria-sort") === "ascending";
    sortTable(table, header.cellIndex, again ? "descending" : "ascending");
  });
  table.tBodies[0].addEventListener("click", (event) => openCase(event.target.closest("tr")?.dataset.case, { reveal: false }));
  table.tBodies[0].addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    step(by, { focus: true });
  });
  panel.querySelector(".strip")?.addEventListener("click", (event) => openCase(event.target.closest("circle")?.dataset.case));
}

for (const input of document.querySelectorAll('input[name="task"]')) {
  input.addEventListener("change", () => showTask(input.value));
}

function showTask(task) {
  for (const panel of panels) panel.hidden = panel.dataset.task !== task;
  say("task", { task });
  const row = shownRows().find((candidate) => candidate.dataset.case === current);
  if (row) revealRow(row);
}

document.addEventListener("retseg:step", (event) => step(event.detail.by));

for (const data of document.querySelectorAll(".case-data[data-thumbnail]")) {
  const number = data.id.slice("case-data-".length);
  for (const button of document.querySelectorAll(`tr[data-case="${number}"] .case-name`)) {
    const picture = new Image();
    picture.alt = "";
    picture.decoding = "async";
    picture.src = data.dataset.thumbnail;
    button.prepend(picture);
  }
}

// --- plots: read a curve where the pointer is ------------------------------------------------------------------------
const SVG = "http://www.w3.org/2000/svg";

for (const figure of document.querySelectorAll(".plot")) {
  const drawing = figure.querySelector("svg");
  const caption = figure.querySelector("figcaption");
  const resting = caption.textContent;
  const plot = JSON.parse(figure.querySelector("script").textContent);
  const [left, top, width, height] = drawing.dataset.area.split(" ").map(Number);
  const cursor = document.createElementNS(SVG, "circle");
  cursor.setAttribute("class", "cursor");
  cursor.setAttribute("r", "7");
  const toDrawing = ([x, y]) => [left + x * width, top + (1 - y) * height];

  drawing.addEventListener("pointermove", (event) => {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(drawing.getScreenCTM().inverse());
    let best = null;
    for (const line of plot.lines) {
      for (const point of line.points) {
        const [x, y] = toDrawing(point);
        const distance = Math.hypot(x - at.x, y - at.y);
        if (best === null || distance < best.distance) best = { distance, point, label: line.label };
      }
    }
    if (best === null) return;
    const [x, y] = toDrawing(best.point);
    cursor.setAttribute("cx", x);
    cursor.setAttribute("cy", y);
    if (!cursor.isConnected) drawing.append(cursor);
    const threshold = ["pr", "roc", "froc"].includes(plot.key) ? `, threshold ${best.point[2].toPrecision(3)}` : "";
    caption.textContent = `${best.label}: ${plot.x} ${(best.point[3] ?? best.point[0]).toFixed(3)}, ${plot.y} ${best.point[1].toFixed(3)}${threshold}`;
  });
  drawing.addEventListener("pointerleave", () => {
    cursor.remove();
    caption.textContent = resting;
  });
}

// --- begin with the worst case, or the one in the address ------------------------------------------------------------
addEventListener("load", () => {
  const wanted = /^#case-(\d+)$/.exec(location.hash)?.[1];
  openCase(wanted && document.getElementById(`case-data-${wanted}`) ? wanted : shownRows()[0]?.dataset.case);
});
