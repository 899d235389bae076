// Runs one piece of web/page on files, for test_modules.py: node modules.mjs FOLDER QUESTION, where FOLDER holds the modules.

import { readFileSync, writeFileSync } from 'node:fs';

const [folder, question] = process.argv.slice(2);
const asked = JSON.parse(readFileSync(question, 'utf8'));
const load = (name) => import(`${folder}/${name}.js`);
const photograph = () => ({ ...asked, pixels: new Uint8Array(readFileSync(asked.pixels)) });

const answers = {
  async view() {
    const { viewPhotograph } = await load('segmenter');
    const { region, ...told } = viewPhotograph(photograph());
    writeFileSync(asked.output, region);
    return told;
  },
  async frame() {
    const { findBox, frameImage, measureBrightness, normaliseTile, selectChannels } = await load('preprocessing');
    const region = new Uint8Array(readFileSync(asked.region));
    const working = frameImage(photograph(), region, findBox(region, asked.width, asked.height), asked.diameter);
    const planes = selectChannels(working, asked.preprocessing);
    const brightness = measureBrightness(planes, working.region, asked.preprocessing);
    const whole = { left: 0, top: 0, width: working.width, height: working.height };
    writeFileSync(asked.output, normaliseTile(planes, working.region, working.width, brightness, whole, whole));
    return { width: working.width, height: working.height, brightness };
  },
  async tiles() {
    const { planTiles } = await load('tiling');
    return asked.shapes.map((shape) => planTiles(shape, asked.tiling, asked.memory));
  },
  async levels() {
    const { quantise } = await load('levels');
    return asked.probabilities.map((each) => quantise(each, asked.threshold, asked.cut));
  },
  async segment() {
    const { segment, viewPhotograph } = await load('segmenter');
    const picture = photograph();
    const run = async (values, [, , height, width]) => Float32Array.from({ length: height * width }, (_, i) => values[i] * asked.gain);
    const [{ levels, smallest }] = await segment(picture, viewPhotograph(picture), asked.model, run, asked.memory);
    writeFileSync(asked.output, levels);
    return { smallest };
  },
};
console.log(JSON.stringify(await answers[asked.question]()));
