// Masks from levels: what is cut at a threshold, its components, and one byte a pixel with a bit for each task.

/** The mask of a plane of levels: {mask: Uint8Array of 0 and 1, components} without components under `smallest`. */
export function cutMask(levels, cut, width, smallest, counted) {
  const mask = new Uint8Array(levels.length);
  for (let i = 0; i < levels.length; i++) if (levels[i] >= cut) mask[i] = 1;
  if (!counted && smallest <= 1) return { mask, components: [] };
  const components = [];
  for (const found of findComponents(mask, width)) {
    if (found.pixels.length >= smallest) components.push(describe(found.pixels, width));
    else for (const pixel of found.pixels) mask[pixel] = 0;
  }
  return { mask, components };
}

/** The 8-connected components of a mask, each {pixels: Int32Array}, in the order of their first pixel. */
export function* findComponents(mask, width) {
  const seen = new Uint8Array(mask.length);
  for (let start = 0; start < mask.length; start++) {
    if (!mask[start] || seen[start]) continue;
    const pixels = [start];
    seen[start] = 1;
    for (let next = 0; next < pixels.length; next++) {
      const at = pixels[next];
      const column = at % width;
      for (let dy = -width; dy <= width; dy += width) {
        for (let dx = column ? -1 : 0; dx <= (column < width - 1 ? 1 : 0); dx++) {
          const near = at + dy + dx;
          if (near < 0 || near >= mask.length || !mask[near] || seen[near]) continue;
          seen[near] = 1;
          pixels.push(near);
        }
      }
    }
    yield { pixels };
  }
}

function describe(pixels, width) {
  let [x, y, left, right, top, bottom] = [0, 0, Infinity, 0, Infinity, 0];
  for (const at of pixels) {
    const column = at % width;
    const row = (at - column) / width;
    x += column;
    y += row;
    if (column < left) left = column;
    if (column > right) right = column;
    if (row < top) top = row;
    if (row > bottom) bottom = row;
  }
  const radius = Math.hypot(right - left + 1, bottom - top + 1) / 2;
  return { x: x / pixels.length + 0.5, y: y / pixels.length + 0.5, radius, size: pixels.length };
}

/** Write one task's mask into the bits of all tasks. */
export function putBit(bits, mask, number) {
  const set = 1 << number;
  for (let i = 0; i < bits.length; i++) bits[i] = mask[i] ? bits[i] | set : bits[i] & ~set;
}
