// The work beside the page: photographs are decoded and segmented here, one after the other.

import { openModel } from './engine.js';
import { segment, viewPhotograph } from './segmenter.js';

const MEMORY = 1.5e9; // bytes that a network may use; larger photographs are cut into tiles
const NOTHING = 'No field of view was found, so the masks are empty: is this a retinal image?';
let models = null; // of settings.json, each with `run` once it is open
let queue = Promise.resolve();

addEventListener('message', ({ data }) => {
  if (data.models) models = data.models.map((model) => ({ ...model, run: null }));
  else queue = queue.then(() => work(data).catch((error) => postMessage({ number: data.number, stage: 'failed', sentence: error.message })));
});

async function work({ number, file }) {
  postMessage({ number, stage: 'reading' });
  const photograph = await decode(file);
  const view = viewPhotograph(photograph);
  const { width, height } = photograph;
  postMessage({ number, stage: 'segmenting', width, height, field: view.field, warnings: view.seen ? [] : [NOTHING] });
  for (const model of models) {
    model.run ??= await openModel(model);
    for (const { task, levels, smallest } of await segment(photograph, view, model, model.run, MEMORY)) {
      if (model.tasks.find(({ name }) => name === task).shown) postMessage({ number, task, levels, smallest }, [levels.buffer]);
    }
  }
  postMessage({ number, stage: 'done' });
}

async function decode(file) {
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: 'none' }).catch(() => {
    throw new Error(`${file.name} cannot be read as an image: give a PNG or JPEG file.`);
  });
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const pixels = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < pixels.length; from += 4, to += 3) {
    pixels[to] = data[from];
    pixels[to + 1] = data[from + 1];
    pixels[to + 2] = data[from + 2];
  }
  return { pixels, width, height };
}
