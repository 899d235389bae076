// Resize planes of pixels, as OpenCV does: by area to make them smaller, bilinearly to make them larger.

import { roundEven } from './numbers.js';

/** Bytes (h, w, channels) at another size; `area` averages what a new pixel covers. */
export function resizeBytes(pixels, width, height, channels, size, area) {
  const across = area ? findCovered(width, size.width) : findNeighbours(width, size.width);
  const down = area ? findCovered(height, size.height) : findNeighbours(height, size.height);
  const result = new Uint8Array(size.width * size.height * channels);
  const row = new Float32Array(width * channels);
  for (let y = 0; y < size.height; y++) {
    row.fill(0);
    for (const [from, weight] of down[y]) {
      const start = from * width * channels;
      for (let i = 0; i < row.length; i++) row[i] += weight * pixels[start + i];
    }
    for (let x = 0; x < size.width; x++) {
      for (let channel = 0; channel < channels; channel++) {
        let sum = 0;
        for (const [from, weight] of across[x]) sum += weight * row[from * channels + channel];
        result[(y * size.width + x) * channels + channel] = roundEven(sum);
      }
    }
  }
  return result;
}

/** A mask of 0 and 1 at another size, by the nearest pixel. */
export function resizeMask(mask, width, height, size) {
  const result = new Uint8Array(size.width * size.height);
  const columns = Array.from({ length: size.width }, (_, x) => Math.min(width - 1, Math.floor((x * width) / size.width)));
  for (let y = 0; y < size.height; y++) {
    const start = Math.min(height - 1, Math.floor((y * height) / size.height)) * width;
    for (let x = 0; x < size.width; x++) result[y * size.width + x] = mask[start + columns[x]];
  }
  return result;
}

/** A plane of floats (h, w), bilinearly at another size. */
export function resizeFloats(plane, width, height, size) {
  if (width === size.width && height === size.height) return plane;
  const across = findNeighbours(width, size.width);
  const down = findNeighbours(height, size.height);
  const result = new Float32Array(size.width * size.height);
  const row = new Float32Array(width);
  for (let y = 0; y < size.height; y++) {
    row.fill(0);
    for (const [from, weight] of down[y]) for (let x = 0; x < width; x++) row[x] += weight * plane[from * width + x];
    for (let x = 0; x < size.width; x++) {
      const [[left, first], [right, second]] = across[x];
      result[y * size.width + x] = first * row[left] + second * row[right];
    }
  }
  return result;
}

/** For each of `wanted` places, the two of `length` values around it and their weights; places are middles. */
function findNeighbours(length, wanted) {
  return Array.from({ length: wanted }, (_, index) => {
    const place = Math.min(length - 1, Math.max(0, ((index + 0.5) * length) / wanted - 0.5));
    const lower = Math.floor(place);
    const weight = place - lower;
    return [[lower, 1 - weight], [Math.min(lower + 1, length - 1), weight]];
  });
}

/** For each of `wanted` places, the values that it covers and the share of each. */
function findCovered(length, wanted) {
  const scale = length / wanted;
  return Array.from({ length: wanted }, (_, index) => {
    const [start, end] = [index * scale, (index + 1) * scale];
    const covered = [];
    for (let from = Math.floor(start); from < Math.min(length, Math.ceil(end - 1e-9)); from++) {
      covered.push([from, (Math.min(end, from + 1) - Math.max(start, from)) / scale]);
    }
    return covered;
  });
}
