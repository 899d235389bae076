// The field of view: the lit disc of a photograph, from its pixels.
//
// What is lit is told from a dark surround; where its outline is a circle, the circle is taken, and the bars or the frame
// that cut it. This is simpler than retseg/image/field_of_view.py, which also reads film scans, montages and writing.

import { findComponents } from './masks.js';
import { findBox } from './preprocessing.js';
import { resizeBytes, resizeMask } from './resize.js';

const WORKING_SIDE = 640;
const DARKNESS = 6; // grey levels added before the logarithm, so that noise in the dark is no edge
const LEAST_CONTRAST = 0.6; // between the logarithms of what is lit and of the surround
const DIM = 0.3; // of the way between them: what is darker is surround
const LEAST_SURROUND = 0.35; // of the rim that a dark surround takes
const LEAST_AREA = 0.05; // of the frame
const LEAST_ROUND = 0.6; // of the outline that lies on the circle
const NEAR = 2; // pixels of the working size
const DIRECTIONS = 360; // in which the edge is looked for
const STEPS = 41; // along each of them
const [INSIDE, SEARCHED, OUTSIDE] = [[2, 15], [10, 31], [27, 39]]; // of these steps, from 0.9 to 1.1 of the radius
const EDGE = 0.4; // of the way from the brightness outside to that inside

/** 1 where the retina is, (H, W); all 1 where there is no dark surround, all 0 where nothing is lit. */
export function findFieldOfView({ pixels, width, height }) {
  const scale = Math.min(1, WORKING_SIDE / Math.max(width, height));
  const size = { width: Math.max(16, Math.round(width * scale)), height: Math.max(16, Math.round(height * scale)) };
  const small = scale < 1 ? resizeBytes(pixels, width, height, 3, size, true) : pixels;
  const { width: across, height: down } = scale < 1 ? size : { width, height };
  const brightness = takeMedian(takeBrightest(small), across, down);
  const lit = separateLit(Float32Array.from(brightness, (each) => Math.log(each + DARKNESS)), across, down);
  if (!lit) return new Uint8Array(width * height).fill(1);
  const part = keepLargest(lit, across, down);
  const box = findBox(part, across, down);
  if (!box.width) return new Uint8Array(width * height);
  const circle = fitCircle(listOutline(part, across, down, box));
  if (!circle) return resizeMask(fillRows(part, across, box), across, down, { width, height });
  const edge = traceEdge(brightness, across, down, circle);
  return drawDisc(fitCircle(edge) ?? circle, box, { width: across, height: down }, { width, height });
}

function takeBrightest(pixels) {
  return Uint8Array.from({ length: pixels.length / 3 }, (_, i) => Math.max(pixels[3 * i], pixels[3 * i + 1], pixels[3 * i + 2]));
}

/** The median of 3 x 3 pixels. */
function takeMedian(brightness, width, height) {
  const result = new Uint8Array(brightness.length);
  const near = new Uint8Array(9);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let count = 0;
      for (let dy = -1; dy <= 1; dy++) {
        const row = Math.min(height - 1, Math.max(0, y + dy)) * width;
        for (let dx = -1; dx <= 1; dx++) near[count++] = brightness[row + Math.min(width - 1, Math.max(0, x + dx))];
      }
      near.sort();
      result[y * width + x] = near[4];
    }
  }
  return result;
}

/** 1 where an image is brighter than its dark surround; null where it has none. */
function separateLit(logarithm, width, height) {
  const [low, high] = logarithm.reduce(([least, most], each) => [Math.min(least, each), Math.max(most, each)], [Infinity, -Infinity]);
  const levels = Uint8Array.from(logarithm, (each) => ((each - low) * 255) / Math.max(high - low, 1e-6));
  const cut = findOtsu(levels);
  const dark = logarithm.filter((_, i) => levels[i] <= cut).sort();
  const bright = logarithm.filter((_, i) => levels[i] > cut).sort();
  const border = dark[dark.length >> 1];
  const contrast = bright[bright.length >> 1] - border;
  let [rim, dim] = [0, 0];
  const look = (x, y) => {
    rim += 1;
    dim += levels[y * width + x] <= cut ? 1 : 0;
  };
  for (let x = 0; x < width; x++) [0, height - 1].forEach((y) => look(x, y));
  for (let y = 0; y < height; y++) [0, width - 1].forEach((x) => look(x, y));
  if (!(contrast >= LEAST_CONTRAST) || dim / rim < LEAST_SURROUND) return null;
  return Uint8Array.from(logarithm, (each) => (each > border + DIM * contrast ? 1 : 0));
}

/** The level that parts bytes into two groups of the least variance (Otsu, 1979). */
function findOtsu(levels) {
  const histogram = new Float64Array(256);
  for (const level of levels) histogram[level] += 1;
  const total = levels.length;
  const sum = histogram.reduce((all, count, level) => all + count * level, 0);
  let [best, cut, weight, below] = [-1, 0, 0, 0];
  for (let level = 0; level < 256; level++) {
    weight += histogram[level];
    below += level * histogram[level];
    if (!weight || weight === total) continue;
    const between = (sum * weight - below * total) ** 2 / (weight * (total - weight));
    if (between > best) [best, cut] = [between, level];
  }
  return cut;
}

function keepLargest(lit, width, height) {
  const components = [...findComponents(lit, width)];
  const largest = components.reduce((best, each) => (each.pixels.length > best.pixels.length ? each : best), { pixels: [] });
  const kept = new Uint8Array(width * height);
  if (largest.pixels.length >= LEAST_AREA * kept.length) for (const pixel of largest.pixels) kept[pixel] = 1;
  return kept;
}

/** The first and last pixels of rows and columns, without those on the straight cuts of the box. */
function listOutline(part, width, height, box) {
  const points = [];
  const straight = (x, y) => x <= box.left + 1 || y <= box.top + 1 || x >= box.left + box.width - 2 || y >= box.top + box.height - 2;
  const add = (x, y) => straight(x, y) || points.push({ x, y });
  for (let y = 0; y < height; y++) {
    const row = part.subarray(y * width, (y + 1) * width);
    const [first, last] = [row.indexOf(1), row.lastIndexOf(1)];
    if (first >= 0) [first, last].forEach((x) => add(x, y));
  }
  for (let x = 0; x < width; x++) {
    let [first, last] = [-1, -1];
    for (let y = 0; y < height; y++) {
      if (!part[y * width + x]) continue;
      if (first < 0) first = y;
      last = y;
    }
    if (first >= 0) [first, last].forEach((y) => add(x, y));
  }
  return points;
}

/** Where brightness has fallen to a fixed part of what it is just inside, in each direction that shows it: points. */
function traceEdge(brightness, width, height, { x, y, radius }) {
  const place = (direction, step) => {
    const [angle, distance] = [(2 * Math.PI * direction) / DIRECTIONS, radius * (0.9 + (0.2 * step) / (STEPS - 1))];
    return [x + distance * Math.cos(angle), y + distance * Math.sin(angle)];
  };
  const rays = Array.from({ length: DIRECTIONS }, (_, direction) => (
    Array.from({ length: STEPS }, (_unused, step) => look(brightness, width, height, ...place(direction, step)))));
  const [inside, outside] = [INSIDE, OUTSIDE].map((part) => smoothAround(rays.map((values) => takeMiddle(values.slice(...part)))));
  const points = [];
  rays.forEach((values, direction) => {
    const [farX, farY] = place(direction, OUTSIDE[0]);
    if (farX < 0 || farY < 0 || farX > width - 1 || farY > height - 1 || inside[direction] - outside[direction] < 2) return;
    const threshold = outside[direction] + EDGE * (inside[direction] - outside[direction]);
    let [sum, most, last] = [0, -Infinity, 0];
    for (let step = SEARCHED[0]; step < SEARCHED[1]; step++) {
      sum += values[step] - threshold;
      if (sum > most) [most, last] = [sum, step];
    }
    if (last === SEARCHED[0] || last === SEARCHED[1] - 1) return;
    const [edgeX, edgeY] = place(direction, last + (values[last] - threshold) / Math.max(1e-6, values[last] - values[last + 1]));
    points.push({ x: edgeX, y: edgeY });
  });
  return points;
}

const takeMiddle = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

/** The running median over 8 neighbours to either side, round the circle. */
const smoothAround = (values) => values.map((_, i) => takeMiddle(Array.from({ length: 17 }, (_unused, k) => values[(i + k - 8 + values.length) % values.length])));

/** A plane of bytes between its pixels. */
function look(plane, width, height, x, y) {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const at = (dx, dy) => plane[Math.min(height - 1, Math.max(0, top + dy)) * width + Math.min(width - 1, Math.max(0, left + dx))];
  const [a, b] = [x - left, y - top];
  return (1 - b) * ((1 - a) * at(0, 0) + a * at(1, 0)) + b * ((1 - a) * at(0, 1) + a * at(1, 1));
}

/** The circle that most points lie on, in pixels: {x, y, radius}; null where less than `LEAST_ROUND` do. */
function fitCircle(points) {
  let kept = points;
  let circle = null;
  for (let round = 0; round < 12 && kept.length >= 12; round++) {
    circle = solveCircle(kept);
    const far = points.map((point) => Math.abs(Math.hypot(point.x - circle.x, point.y - circle.y) - circle.radius));
    const limit = Math.max(NEAR, 2 * [...far].sort((a, b) => a - b)[far.length >> 1]);
    kept = points.filter((_, i) => far[i] <= limit);
  }
  if (!circle) return null;
  const near = points.filter((point) => Math.abs(Math.hypot(point.x - circle.x, point.y - circle.y) - circle.radius) <= NEAR);
  return near.length >= LEAST_ROUND * points.length ? circle : null;
}

/** The circle of least squares (Kåsa): x² + y² = 2 a x + 2 b y + c. */
function solveCircle(points) {
  const middle = { x: points.reduce((sum, { x }) => sum + x, 0) / points.length, y: points.reduce((sum, { y }) => sum + y, 0) / points.length };
  let [xx, xy, yy, xz, yz, zz] = [0, 0, 0, 0, 0, 0];
  for (const point of points) {
    const [x, y] = [point.x - middle.x, point.y - middle.y];
    const z = x * x + y * y;
    xx += x * x;
    xy += x * y;
    yy += y * y;
    xz += x * z;
    yz += y * z;
    zz += z;
  }
  const determinant = 2 * (xx * yy - xy * xy);
  const [a, b] = [(xz * yy - yz * xy) / determinant, (yz * xx - xz * xy) / determinant];
  return { x: middle.x + a, y: middle.y + b, radius: Math.sqrt(a * a + b * b + zz / points.length) };
}

/** From the first to the last pixel of each row: what lies inside is retina, too. */
function fillRows(part, width, box) {
  const filled = part.slice();
  for (let y = box.top; y < box.top + box.height; y++) {
    const row = part.subarray(y * width, (y + 1) * width);
    if (row.includes(1)) filled.fill(1, y * width + row.indexOf(1), y * width + row.lastIndexOf(1) + 1);
  }
  return filled;
}

/** The disc at the size of the photograph, cut where its box is. Pixels that its edge runs through belong to it, as in OpenCV. */
function drawDisc(circle, box, from, to) {
  const [across, down] = [to.width / from.width, to.height / from.height];
  const [x, y] = [(circle.x + 0.5) * across - 0.5, (circle.y + 0.5) * down - 0.5];
  const radius = circle.radius * ((across + down) / 2);
  const limits = { left: box.left * across - 1, right: (box.left + box.width) * across, top: box.top * down - 1, bottom: (box.top + box.height) * down };
  const mask = new Uint8Array(to.width * to.height);
  for (let row = Math.max(0, Math.ceil(limits.top)); row < Math.min(to.height, limits.bottom); row++) {
    const away = Math.abs(row - y);
    if (away > radius + 0.5) continue;
    const half = Math.max(Math.sqrt(Math.max(0, radius ** 2 - away ** 2)) + 0.5, Math.sqrt(Math.max(0, radius ** 2 - Math.max(0, away - 0.5) ** 2)));
    const first = Math.max(0, Math.ceil(Math.max(limits.left, x - half)));
    const last = Math.min(to.width - 1, Math.floor(Math.min(limits.right, x + half)));
    if (last >= first) mask.fill(1, row * to.width + first, row * to.width + last + 1);
  }
  return mask;
}
