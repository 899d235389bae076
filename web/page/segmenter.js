// From a photograph to levels: the whole of inference, as retseg/predictor.py does it.

import { findFieldOfView } from './field-of-view.js';
import { quantise, toProbability } from './levels.js';
import { findBox, findDiameters, frameImage, measureBrightness, normaliseTile, scaleComponentSize, selectChannels } from './preprocessing.js';
import { resizeFloats } from './resize.js';
import { planTiles } from './tiling.js';

const SMALLEST_FIELD_OF_VIEW = 32; // pixels of the shorter side: a smaller one shows no retina
const FLIPS = { none: [[false, false]], horizontal: [[false, false], [true, false]], mirror: [[false, false], [false, true], [true, false], [true, true]] };

/** The field of view of a photograph: {region: 0 and 1, box, field: its pixels, seen: whether it can hold a retina}. */
export function viewPhotograph(photograph) {
  const region = findFieldOfView(photograph);
  const box = findBox(region, photograph.width, photograph.height);
  const field = region.reduce((sum, each) => sum + each, 0);
  return { region, box, field, seen: Math.min(box.width, box.height) >= SMALLEST_FIELD_OF_VIEW };
}

/**
 * The levels of all tasks of a model: [{task, levels: bytes (H, W), smallest}].
 * @param {{pixels, width, height}} photograph
 * @param {object} view of `viewPhotograph`
 * @param {object} model of settings.json: tasks, preprocessing, inference
 * @param {function} run floats (1, planes, h, w) and their shape to logits (tasks, h, w)
 * @param {number} memory bytes that a network may use
 */
export async function segment(photograph, { region, box, seen }, model, run, memory) {
  const { width, height } = photograph;
  if (!seen) return model.tasks.map(({ name }) => ({ task: name, levels: new Uint8Array(width * height), smallest: 1 }));
  let total = null;
  let size = null;
  const diameters = findDiameters(Math.max(box.width, box.height), model.preprocessing, model.inference);
  for (const diameter of diameters) {
    const working = frameImage(photograph, region, box, diameter);
    const logits = await computeLogits(working, model, run, memory);
    total = total
      ? total.map((plane, task) => add(resizeFloats(plane, size.width, size.height, working), logits[task]))
      : logits;
    size = { width: working.width, height: working.height };
  }
  return model.tasks.map((task, index) => {
    const probabilities = total[index].map((logit) => toProbability(logit / diameters.length));
    return {
      task: task.name,
      levels: enlarge(resizeFloats(probabilities, size.width, size.height, box), photograph, region, box, task),
      smallest: Math.max(1, scaleComponentSize(task.minimum, box, model.preprocessing.diameter)),
    };
  });
}

const add = (first, second) => first.map((value, i) => value + second[i]);

/** The logits of all tasks of a working image, a plane of floats each, averaged over mirror images. */
async function computeLogits(working, model, run, memory) {
  const planes = selectChannels(working, model.preprocessing);
  const brightness = measureBrightness(planes, working.region, model.preprocessing);
  const { tile, tiles } = planTiles(working, model.inference.tiling, memory);
  const flips = FLIPS[model.inference.flips];
  const joined = model.tasks.map(() => new Float32Array(working.width * working.height));
  for (const { window, kept } of tiles) {
    const values = normaliseTile(planes, working.region, working.width, brightness, window, tile);
    for (const [down, across] of flips) {
      const logits = await run(mirror(values, planes.length, tile, down, across), [1, planes.length, tile.height, tile.width]);
      const turned = mirror(logits, model.tasks.length, tile, down, across);
      joined.forEach((plane, task) => {
        for (let y = kept.top; y < kept.top + kept.height; y++) {
          const from = (task * tile.height + y - window.top) * tile.width - window.left;
          for (let x = kept.left; x < kept.left + kept.width; x++) plane[y * working.width + x] += turned[from + x] / flips.length;
        }
      });
    }
  }
  return joined;
}

/** Planes (count, h, w) upside down, or left to right, or both. */
function mirror(values, count, { width, height }, down, across) {
  if (!down && !across) return values;
  const result = new Float32Array(values.length);
  for (let row = 0; row < count * height; row++) {
    const plane = Math.floor(row / height) * height;
    const from = (down ? plane + height - 1 - (row - plane) : row) * width;
    for (let x = 0; x < width; x++) result[row * width + x] = values[from + (across ? width - 1 - x : x)];
  }
  return result;
}

/** Probabilities of the box as levels of the photograph, 0 outside the field of view. */
function enlarge(probabilities, { width, height }, region, box, { threshold, cut }) {
  const levels = new Uint8Array(width * height);
  for (let y = 0; y < box.height; y++) {
    const start = (box.top + y) * width + box.left;
    for (let x = 0; x < box.width; x++) {
      if (region[start + x]) levels[start + x] = quantise(probabilities[y * box.width + x], threshold, cut);
    }
  }
  return levels;
}
