// The overlay of what is on the screen: every screen pixel is looked up in the masks, so lines are one width at any zoom.

const CASING = 0.55; // opacity of the line inside an outline, which is dark beside a light colour and light beside a dark one
const FILL = 0.72; // of what is inside an outline
const QUIET = 0.5; // of what is inside the outline of a vessel
const CLOSE = 6; // screen pixels per image pixel from which the mask of what has a ring is outlined too

/**
 * Paint masks on a transparent picture of the size of the screen.
 * @param {Uint8Array} bits one byte a pixel of the image, a bit for each task
 * @param {number} columns of the image
 * @param {{scale: number, left: number, top: number}} view screen pixels per image pixel; where the image begins
 * @param {{width: number, height: number}} size of the screen, in pixels
 * @param {{bit: number, colour: number[], casing: number[], pattern: string, outside: boolean, vessel: boolean}[]} styles
 *   of the shown tasks, lowest first
 * @param {{fill: boolean, opacity: number, line: number}} how `line` is the width of outlines in screen pixels
 */
export function paintMasks(bits, columns, view, size, styles, how) {
  const picture = new ImageData(size.width, size.height);
  if (!styles.length || how.opacity === 0) return picture;
  const rows = bits.length / columns;
  const seen = view.scale < 1 ? gather(bits, columns, rows, view, size, styles) : look(bits, columns, rows, view, size);
  for (const style of styles) {
    if (style.outside) drawAround(picture.data, seen, size, style, how);
    else if (style.pattern !== 'ring' || how.fill || view.scale >= CLOSE) drawInside(picture.data, seen, size, style, how);
  }
  return picture;
}

/** Each screen pixel takes the bits of the image pixel under it. */
function look(bits, columns, rows, view, size) {
  const seen = new Uint8Array(size.width * size.height);
  for (let y = 0, at = 0; y < size.height; y++) {
    const row = Math.floor((y + 0.5 - view.top) / view.scale);
    for (let x = 0; x < size.width; x++, at++) {
      const column = Math.floor((x + 0.5 - view.left) / view.scale);
      if (row >= 0 && row < rows && column >= 0 && column < columns) seen[at] = bits[row * columns + column];
    }
  }
  return seen;
}

/** Each screen pixel covers many of the image: vessels must cover half of it, lesions are seen from one pixel on. */
function gather(bits, columns, rows, view, size, styles) {
  const area = size.width * size.height;
  const [from, to] = [span(view.left, view.scale, columns, size.width), span(view.top, view.scale, rows, size.height)];
  const place = new Int32Array(columns);
  for (let column = 0; column < columns; column++) place[column] = Math.floor((column + 0.5) * view.scale + view.left);
  const seen = new Uint8Array(area);
  const counts = new Map(styles.filter((style) => style.vessel).map((style) => [style.bit, new Uint16Array(area)]));
  for (let row = to.first; row < to.last; row++) {
    const line = Math.floor((row + 0.5) * view.scale + view.top) * size.width;
    for (let column = from.first, at = row * columns + from.first; column < from.last; column++, at++) {
      if (!bits[at]) continue;
      const on = line + place[column];
      seen[on] |= bits[at];
      for (const [bit, count] of counts) if (bits[at] & bit) count[on]++;
    }
  }
  const enough = 0.5 / (view.scale * view.scale);
  for (const [bit, count] of counts) for (let i = 0; i < area; i++) if (count[i] < enough) seen[i] &= ~bit;
  return seen;
}

/** The pixels of the image, along one side, that are on the screen. */
function span(start, scale, length, shown) {
  return {
    first: Math.max(0, Math.ceil(-start / scale)),
    last: Math.max(0, Math.min(length, Math.floor((shown - start) / scale))),
  };
}

/** One task: the fill and the inner edge of its mask, so that no lesion gets larger, and a line inside of that edge. */
function drawInside(data, seen, size, style, how) {
  const reach = Math.max(1, Math.round(how.line));
  for (let y = 0, at = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++, at++) {
      if (!(seen[at] & style.bit)) continue;
      const depth = findEdge(seen, at, x, y, size, reach + 1, (bits) => !(bits & style.bit));
      if (depth <= reach) blend(data, at * 4, style.colour, how.opacity);
      else {
        if (how.fill && covers(style.pattern, x, y, reach)) blend(data, at * 4, style.colour, how.opacity * FILL);
        if (depth === reach + 1) blend(data, at * 4, style.casing, how.opacity * CASING);
      }
    }
  }
}

/** A vessel: a line beside it, which leaves it visible however thin it is. */
function drawAround(data, seen, size, style, how) {
  const reach = Math.max(1, Math.round(how.line / 1.5));
  for (let y = 0, at = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++, at++) {
      if (seen[at] & style.bit) {
        if (how.fill) blend(data, at * 4, style.colour, how.opacity * QUIET);
      } else if (findEdge(seen, at, x, y, size, reach, (bits) => bits & style.bit) <= reach) {
        blend(data, at * 4, style.colour, how.opacity);
      }
    }
  }
}

/** Steps up, down, left or right to the next pixel that is `sought`; more than `most` where none is that near. */
function findEdge(seen, at, x, y, { width, height }, most, sought) {
  for (let step = 1; step <= most; step++) {
    if (x >= step && sought(seen[at - step])) return step;
    if (x + step < width && sought(seen[at + step])) return step;
    if (y >= step && sought(seen[at - step * width])) return step;
    if (y + step < height && sought(seen[at + step * width])) return step;
  }
  return most + 1;
}

/** Whether a stroke of a pattern lies on a pixel of the screen: tasks differ by more than colour. */
export function covers(pattern, x, y, unit) {
  const period = 7 * unit;
  const along = (value) => ((value % period) + period) % period;
  if (pattern === 'stripes') return along(x + y) < period * 0.5;
  if (pattern === 'backstripes') return along(x - y) < period * 0.5;
  if (pattern === 'crosshatch') return along(x + y) < period * 0.3 || along(x - y) < period * 0.3;
  if (pattern === 'bars') return along(y) < period * 0.5;
  if (pattern === 'grid') return along(x) < period * 0.3 || along(y) < period * 0.3;
  if (pattern === 'dots' || pattern === 'rings') {
    const away = Math.hypot(along(x) - period / 2, along(y) - period / 2);
    return away < period * 0.4 && (pattern === 'dots' || away > period * 0.18);
  }
  return true;
}

function blend(data, at, colour, opacity) {
  const below = data[at + 3] / 255;
  const alpha = opacity + below * (1 - opacity);
  if (alpha === 0) return;
  for (let i = 0; i < 3; i++) {
    data[at + i] = Math.round((colour[i] * opacity + data[at + i] * below * (1 - opacity)) / alpha);
  }
  data[at + 3] = Math.round(alpha * 255);
}

/** "#0072b2" as [0, 114, 178]. */
export function parseColour(text) {
  return [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
}

/** Whether black is read better than white on a colour, by its relative luminance. */
export function isLight(text) {
  const [r, g, b] = parseColour(text).map((part) => (part / 255) ** 2.2);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18;
}
