// Prepare a photograph for a network, as retseg/preprocessing.py does: crop, resize, normalise, zero outside the region.

import { roundEven } from './numbers.js';
import { resizeBytes, resizeMask } from './resize.js';

const IMAGENET = { mean: [0.485, 0.456, 0.406].map((each) => each * 255), deviation: [0.229, 0.224, 0.225].map((each) => each * 255) };
const CAFFE = { mean: [123.68, 116.779, 103.939], deviation: [1, 1, 1] };

/** The smallest rectangle that holds every set pixel of a mask: {left, top, width, height}; of width 0 when none is set. */
export function findBox(mask, width, height) {
  let [left, right, top, bottom] = [width, -1, height, -1];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!mask[y * width + x]) continue;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      bottom = y;
    }
  }
  return right < 0 ? { left: 0, top: 0, width: 0, height: 0 } : { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/** The diameters at which a network sees a region whose longer side is `longest`; 0 keeps the size. */
export function findDiameters(longest, { diameter }, { growth, scales }) {
  if (!diameter) return [0];
  const middle = diameter * (longest / diameter) ** growth;
  return scales.map((scale) => roundEven(middle * scale));
}

/** The size of a region of (width, height) at the scale of a network. */
export function findWorkingSize({ width, height }, diameter) {
  const scale = diameter ? diameter / Math.max(width, height) : 1;
  return { width: Math.max(1, roundEven(width * scale)), height: Math.max(1, roundEven(height * scale)) };
}

/**
 * What a network sees of a photograph: {pixels: bytes (h, w, 3), region: 0 and 1, width, height}.
 * @param {{pixels, width, height}} photograph bytes (H, W, 3)
 * @param {Uint8Array} region 0 and 1, (H, W)
 * @param {object} box of the region
 */
export function frameImage({ pixels, width }, region, box, diameter) {
  const crop = new Uint8Array(box.width * box.height * 3);
  const seen = new Uint8Array(box.width * box.height);
  for (let y = 0; y < box.height; y++) {
    const start = (box.top + y) * width + box.left;
    crop.set(pixels.subarray(start * 3, (start + box.width) * 3), y * box.width * 3);
    seen.set(region.subarray(start, start + box.width), y * box.width);
  }
  const size = findWorkingSize(box, diameter);
  if (size.width === box.width && size.height === box.height) return { pixels: crop, region: seen, ...size };
  const smaller = Math.max(size.width, size.height) < Math.max(box.width, box.height);
  return {
    pixels: resizeBytes(crop, box.width, box.height, 3, size, smaller),
    region: resizeMask(seen, box.width, box.height, size),
    ...size,
  };
}

/** The planes that the network takes, one byte a pixel each. */
export function selectChannels({ pixels }, { channels }) {
  const count = pixels.length / 3;
  const pick = (channel) => Uint8Array.from({ length: count }, (_, i) => pixels[3 * i + channel]);
  if (channels === 'green') return [pick(1)];
  if (channels === 'grey') {
    return [Uint8Array.from({ length: count }, (_, i) => Math.round(0.299 * pixels[3 * i] + 0.587 * pixels[3 * i + 1] + 0.114 * pixels[3 * i + 2]))];
  }
  return (channels === 'bgr' ? [2, 1, 0] : [0, 1, 2]).map(pick);
}

/** Mean and deviation that the normalisation subtracts and divides by, for each plane. */
export function measureBrightness(planes, region, { normalise, channels }) {
  const constants = { unit: { mean: [0, 0, 0], deviation: [255, 255, 255] }, none: { mean: [0, 0, 0], deviation: [1, 1, 1] }, imagenet: IMAGENET, caffe: CAFFE };
  const known = constants[normalise];
  if (known) {
    const order = (values) => (channels === 'bgr' ? [...values].reverse() : values);
    return planes.map((_, index) => ({ mean: order(known.mean)[index], deviation: order(known.deviation)[index] }));
  }
  return planes.map((plane) => {
    let [count, sum, squares] = [0, 0, 0];
    for (let i = 0; i < plane.length; i++) {
      if (!region[i]) continue;
      count += 1;
      sum += plane[i];
      squares += plane[i] * plane[i];
    }
    const mean = sum / Math.max(1, count);
    return { mean, deviation: Math.max(1, Math.sqrt(Math.max(0, squares / Math.max(1, count) - mean * mean))) };
  });
}

/** A tile for the network: floats (planes, tile.height, tile.width), zero outside the region and outside the image. */
export function normaliseTile(planes, region, width, brightness, window, tile) {
  const values = new Float32Array(planes.length * tile.height * tile.width);
  planes.forEach((plane, channel) => {
    const { mean, deviation } = brightness[channel];
    for (let y = 0; y < window.height; y++) {
      const from = (window.top + y) * width + window.left;
      const to = (channel * tile.height + y) * tile.width;
      for (let x = 0; x < window.width; x++) if (region[from + x]) values[to + x] = (plane[from + x] - mean) / deviation;
    }
  });
  return values;
}

/** A component's size in pixels of the photograph, from its size at the scale of the network. */
export function scaleComponentSize(size, box, diameter) {
  const working = findWorkingSize(box, diameter);
  return roundEven((size * box.width * box.height) / (working.width * working.height));
}
