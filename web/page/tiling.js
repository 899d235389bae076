// Divide a large image into tiles whose middles equal the whole image's, as retseg/tiling.py does for networks with a margin.

import { roundUp } from './numbers.js';

/**
 * The tiles of an image: [{window, kept}] and the size of each. A window is what the network sees, `kept` what is taken of it.
 * @param {{width, height}} shape of the image
 * @param {{multiple, margin, memory}} tiling of the model's card; memory is bytes a pixel
 * @param {number} memory bytes that a network may use
 */
export function planTiles(shape, { multiple, margin, memory: each }, memory) {
  const whole = { width: roundUp(shape.width, multiple), height: roundUp(shape.height, multiple) };
  const most = Math.floor(memory / each);
  if (whole.width * whole.height <= most) {
    const all = { left: 0, top: 0, width: shape.width, height: shape.height };
    return { tile: whole, tiles: [{ window: all, kept: all }] };
  }
  const reach = roundUp(margin, multiple);
  const side = Math.max(Math.floor(Math.floor(Math.sqrt(most)) / multiple) * multiple, 4 * reach);
  const tall = Math.min(whole.height, side);
  const wide = Math.min(whole.width, Math.max(side, Math.floor(most / tall / multiple) * multiple));
  const rows = spread(shape.height, tall, reach, multiple);
  const columns = spread(shape.width, wide, reach, multiple);
  const tiles = rows.parts.flatMap((row) => columns.parts.map((column) => ({
    window: { top: row.start, height: row.end - row.start, left: column.start, width: column.end - column.start },
    kept: { top: row.first, height: row.last - row.first, left: column.first, width: column.last - column.first },
  })));
  return { tile: { width: columns.size, height: rows.size }, tiles };
}

/** Tiles along one side: {size, parts: [{start, end} of the window, {first, last} of what is kept]}. */
function spread(length, size, reach, grid) {
  const padded = roundUp(length, grid);
  if (padded <= size) return { size: padded, parts: [{ start: 0, end: length, first: 0, last: length }] };
  const count = Math.ceil((padded - 2 * reach) / (size - 2 * reach));
  const step = Math.ceil((padded - 2 * reach) / (count * grid)) * grid;
  const starts = Array.from({ length: count }, (_, index) => Math.min(index * step, padded - step - 2 * reach));
  const edges = [0, ...starts.slice(1).map((start) => start + reach), length];
  const parts = starts.map((start, index) => ({ start, end: Math.min(start + step + 2 * reach, length), first: edges[index], last: edges[index + 1] }));
  return { size: step + 2 * reach, parts };
}
