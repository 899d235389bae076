// Where results come from: the networks run in this browser. `source-server.js` of `retseg view` has the same functions.

import { cutMask } from './masks.js';

const WAIT = 200; // milliseconds between two looks at what was done
const THUMBNAIL = 160; // pixels of the longer side
const LEFT_OUT = 'Length, width, tortuosity and branching of vessels are measured by the installed program only.';

export class Source {
  privacy = 'They stay in this browser: nothing is uploaded.';

  photographs = new Map();

  next = 1;

  /** The settings, see web/build.py. */
  async open() {
    this.settings = await (await fetch('settings.json')).json();
    this.worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
    this.worker.addEventListener('message', ({ data }) => this.take(data));
    this.worker.postMessage({ models: this.settings.networks });
    return this.settings;
  }

  /** A photograph of a healthy eye, as a file. */
  async example() {
    const { name } = this.settings.example;
    return new File([await (await fetch(name)).blob()], name, { type: 'image/jpeg' });
  }

  take({ number, task, levels, smallest, ...state }) {
    const photograph = this.photographs.get(number);
    if (!photograph) return;
    Object.assign(photograph.state, state);
    if (!task) return;
    photograph.levels.set(task, levels);
    photograph.state.smallest = { ...photograph.state.smallest, [task]: smallest };
  }

  async add(file) {
    const number = this.next++;
    const state = { number, name: file.name, stage: 'waiting', sentence: '', width: 0, height: 0, warnings: [], smallest: {}, field: 0 };
    this.photographs.set(number, { file, state, levels: new Map() });
    this.worker.postMessage({ number, file });
    return number;
  }

  async follow(show) {
    for (;;) {
      const states = [...this.photographs.values()].map(({ state }) => ({ ...state }));
      await show(states);
      if (states.every(({ stage }) => stage === 'done' || stage === 'failed')) return;
      await new Promise((resolve) => setTimeout(resolve, WAIT));
    }
  }

  async image(number) {
    return createImageBitmap(this.photographs.get(number).file, { colorSpaceConversion: 'none' });
  }

  async thumbnail(number) {
    const { file, state: { width, height } } = this.photographs.get(number);
    const factor = THUMBNAIL / Math.max(width, height);
    const [resizeWidth, resizeHeight] = [width, height].map((side) => Math.max(1, Math.round(side * factor)));
    const canvas = new OffscreenCanvas(resizeWidth, resizeHeight);
    canvas.getContext('2d').drawImage(await createImageBitmap(file, { resizeWidth, resizeHeight }), 0, 0);
    return URL.createObjectURL(await canvas.convertToBlob({ type: 'image/jpeg' }));
  }

  async levels(number, task) {
    return this.photographs.get(number).levels.get(task);
  }

  /** Number, area and share of lesions, and the share of vessels. */
  async measure(number, cuts) {
    const { state, levels } = this.photographs.get(number);
    const rows = [];
    for (const [task, cut] of Object.entries(cuts)) {
      const counted = this.settings.tasks.find(({ name }) => name === task).kind === 'lesion';
      const { mask, components } = cutMask(levels.get(task), cut, state.width, state.smallest[task], counted);
      const area = mask.reduce((sum, each) => sum + each, 0);
      const share = state.field ? `${Number((area / state.field).toPrecision(6))}` : '';
      if (counted) rows.push({ task, measure: 'count', value: `${components.length}`, unit: '1' }, { task, measure: 'area', value: `${area}`, unit: 'px2' });
      rows.push({ task, measure: counted ? 'area_fraction' : 'density', value: share, unit: '1' });
    }
    return { rows, warnings: [LEFT_OUT] };
  }

  async remove(number) {
    this.photographs.delete(number);
  }
}
