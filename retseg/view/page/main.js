// The page: photographs come in, masks are drawn as they are done, and the controls act on what is shown.

import { fillDownloads } from './downloads.js';
import { cutMask, putBit } from './masks.js';
import { parseColour } from './paint.js';
import { make, Panel } from './panel.js';
import { Source } from './source.js';
import { Stage } from './stage.js';
import { plural } from './words.js';

const REST = 350; // milliseconds after the last change of a threshold, then the masks are measured
const $ = (selector) => document.querySelector(selector);
const source = new Source();
const known = new Map(); // number of a photograph to its state
const shown = { number: 0, levels: new Map(), masks: new Map(), lesions: new Map(), cuts: {}, bits: null, measures: { rows: [], warnings: [] } };
const measured = new Map(); // photograph and cuts to their measures
const hidden = new Set(); // tasks that are switched off
let [settings, panel, stage] = [null, null, null];
let following = Promise.resolve();

function complain(error) {
  $('#trouble span').textContent = error.message ?? `${error}`;
  $('#trouble').hidden = false;
}

const guarded = (work) => async (...given) => {
  try {
    return await work(...given);
  } catch (error) {
    return complain(error);
  }
};

/** Give files to the source, one after the other, then follow them. */
const take = guarded(async (files) => {
  $('#trouble').hidden = true;
  let first = 0;
  const refused = [];
  for (const file of files) {
    try {
      const reason = file.size > settings.mostBytes ? `${file.name} has more than ${settings.mostBytes >> 20} MB, and that is the limit: give a smaller file` : '';
      if (reason) throw new Error(reason);
      const number = await source.add(file);
      first ||= number;
    } catch (error) {
      refused.push(error.message);
    }
  }
  if (refused.length) complain(new Error(refused.join(' ')));
  if (first) await follow(first);
});

/** Show the states as they change, until all is done; the photograph `first` is opened when it is read. */
function follow(first = 0) {
  following = following.then(guarded(() => source.follow(async (photographs) => {
    known.clear();
    for (const photograph of photographs) known.set(photograph.number, photograph);
    await showStrip();
    const wanted = known.get(first) ?? (shown.number ? null : photographs[0]);
    if (wanted && wanted.number !== shown.number && (wanted.width || wanted.stage === 'failed')) {
      await open(wanted.number);
      if (wanted.number === first) first = 0;
    } else if (!shown.number && wanted) document.documentElement.dataset.state = 'working';
    if (known.has(shown.number)) await refresh();
  })));
  return following;
}

const open = guarded(async (number) => {
  const photograph = known.get(number);
  Object.assign(shown, { number, levels: new Map(), masks: new Map(), lesions: new Map(), bits: null, measures: { rows: [], warnings: [] } });
  shown.cuts = Object.fromEntries(settings.tasks.map(({ name, cut }) => [name, cut]));
  panel.clear();
  document.documentElement.dataset.state = photograph.stage === 'failed' ? 'failed' : 'open';
  $('#welcome').hidden = true;
  $('#found').hidden = false;
  $('#table').hidden = photograph.stage === 'failed';
  $('#title').textContent = photograph.name;
  document.title = `${photograph.name} · retseg`;
  markCurrent();
  if (photograph.stage !== 'failed') {
    const bitmap = await source.image(number);
    if (shown.number !== number) return;
    shown.bits = new Uint8Array(photograph.width * photograph.height);
    shown.bitmap = bitmap;
    stage.open(bitmap, photograph.width, photograph.height);
  }
  await refresh();
});

/** Take in what has been done since the last time for the photograph that is shown. */
async function refresh() {
  const photograph = known.get(shown.number);
  for (const [task, smallest] of Object.entries(photograph.smallest)) {
    if (shown.levels.has(task) || !shown.bits) continue;
    const number = shown.number;
    const levels = await source.levels(number, task);
    if (shown.number !== number) return;
    shown.levels.set(task, levels);
    recut(task, smallest);
  }
  panel.tell(photograph, shown.lesions);
  $('#progress').textContent = { waiting: 'Waiting', reading: 'Reading', segmenting: 'Segmenting…', done: '', failed: '' }[photograph.stage];
  $('#download').disabled = photograph.stage !== 'done';
  document.documentElement.dataset.stage = photograph.stage;
  if (photograph.stage === 'done' && !shown.measures.rows.length) await measure();
}

/** The mask of a task anew, from its levels and its cut. */
function recut(task, smallest) {
  const index = settings.tasks.findIndex(({ name }) => name === task);
  const counted = settings.tasks[index].kind === 'lesion';
  const { width } = known.get(shown.number);
  const { mask, components } = cutMask(shown.levels.get(task), shown.cuts[task], width, smallest, counted);
  shown.masks.set(task, mask);
  shown.lesions.set(task, counted ? components.length : 0);
  shown[task] = components;
  putBit(shown.bits, mask, index);
  panel.enable(task, counted ? components.length : undefined);
  draw();
}

/** The layers as they are switched: vessels lie lowest. */
export function listLayers() {
  const visible = settings.tasks.map((task, index) => ({ ...task, index })).filter(({ name }) => shown.masks.has(name) && !hidden.has(name));
  return {
    bits: shown.bits,
    styles: visible.map((task) => ({ bit: 1 << task.index, colour: parseColour(task.colour), casing: parseColour(task.casing), pattern: task.pattern, outside: task.outside, vessel: task.kind === 'vessel' })),
    rings: visible.filter(({ pattern }) => pattern === 'ring').flatMap((task) => shown[task.name].map((each) => ({ ...each, colour: task.colour, casing: task.casing }))),
  };
}

function draw() {
  stage.setLayers(listLayers());
}

const measure = guarded(async () => {
  const { number } = shown;
  const cuts = Object.fromEntries([...shown.levels.keys()].map((task) => [task, shown.cuts[task]]));
  const key = JSON.stringify([number, cuts]);
  if (!measured.has(key)) measured.set(key, await source.measure(number, cuts));
  const measures = measured.get(key);
  if (shown.number !== number) return;
  shown.measures = measures;
  panel.measure(measures);
  document.documentElement.dataset.measured = `${number}`;
});

let resting = 0;
function changeCut(task, cut) {
  shown.cuts[task] = cut;
  recut(task, known.get(shown.number).smallest[task]);
  panel.tell(known.get(shown.number), shown.lesions);
  clearTimeout(resting);
  resting = setTimeout(measure, REST);
}

let place = -1;
function step(by, task = '') {
  const visible = task ? [task] : settings.tasks.map(({ name }) => name).filter((name) => !hidden.has(name));
  const lesions = visible.flatMap((name) => shown[name] ?? []).filter(Boolean);
  if (!lesions.length) return;
  place = (place + by + lesions.length) % lesions.length;
  const lesion = lesions[place];
  stage.fitted = false;
  stage.moveTo(lesion.x, lesion.y, Math.max(stage.scale, 60 / Math.max(8, lesion.radius), 3 * stage.fitScale()));
  stage.setCursor({ x: lesion.x, y: lesion.y });
}

function read(point) {
  const output = $('#readout');
  if (!point) {
    output.textContent = '';
    return;
  }
  const { width } = known.get(shown.number);
  const [x, y] = [Math.floor(point.x), Math.floor(point.y)];
  const found = settings.tasks.filter(({ name }) => shown.levels.has(name)).map(({ name, title, colour }) => {
    const text = make('span', {}, `${plural(title)} `, make('b', {}, (shown.levels.get(name)[y * width + x] / 255).toFixed(2)));
    text.style.setProperty('--colour', colour);
    text.classList.toggle('inside', Boolean(shown.masks.get(name)[y * width + x]));
    return text;
  });
  output.replaceChildren(make('span', { class: 'place' }, `${x}, ${y}`), ...found);
}

async function showStrip() {
  const strip = $('#strip');
  for (const button of [...strip.children]) if (!known.has(Number(button.dataset.number))) button.remove();
  for (const { number, name, width, stage: at } of known.values()) {
    let button = strip.querySelector(`[data-number="${number}"]`);
    if (!button) {
      const close = make('button', { type: 'button', class: 'close', 'aria-label': `Remove ${name}`, onclick: () => remove(number) }, '×');
      button = make('div', { 'data-number': number }, make('button', { type: 'button', class: 'pick', onclick: () => open(number) }, make('span', {}, name)), close);
      strip.append(button);
    }
    button.dataset.stage = at;
    if (width && !button.querySelector('img')) {
      button.querySelector('.pick').prepend(make('img', { src: await source.thumbnail(number), alt: '' }));
    }
  }
  strip.hidden = known.size < 2;
  markCurrent();
}

function markCurrent() {
  for (const button of document.querySelectorAll('#strip .pick')) {
    const own = Number(button.parentElement.dataset.number) === shown.number;
    if (own) button.setAttribute('aria-current', 'true');
    else button.removeAttribute('aria-current');
  }
}

const remove = guarded(async (number) => {
  await source.remove(number);
  known.delete(number);
  await showStrip();
  const [left] = known.keys();
  if (number === shown.number && left) await open(left);
});

function listenToFiles() {
  const input = $('#files');
  input.accept = settings.suffixes.join(',');
  input.addEventListener('change', () => take([...input.files]).then(() => { input.value = ''; }));
  for (const button of document.querySelectorAll('#open, [data-open]')) button.addEventListener('click', () => input.click());
  $('#example').hidden = !source.example;
  $('#example').addEventListener('click', guarded(async () => take([await source.example()])));
  const root = document.documentElement;
  for (const kind of ['dragenter', 'dragover']) {
    addEventListener(kind, (event) => {
      event.preventDefault();
      root.toggleAttribute('data-dropping', true);
    });
  }
  addEventListener('dragleave', (event) => event.relatedTarget ?? root.toggleAttribute('data-dropping', false));
  addEventListener('drop', (event) => {
    event.preventDefault();
    root.toggleAttribute('data-dropping', false);
    take([...event.dataTransfer.files]);
  });
  addEventListener('paste', (event) => event.clipboardData.files.length && take([...event.clipboardData.files]));
}

function listenToControls() {
  for (const input of document.querySelectorAll('[name="panes"]')) input.addEventListener('change', () => stage.showTwo(input.value === 'two'));
  for (const input of document.querySelectorAll('[name="drawing"]')) input.addEventListener('change', () => stage.setHow({ fill: input.value === 'fill' }));
  $('#opacity').addEventListener('input', (event) => stage.setHow({ opacity: event.target.value / 100 }));
  const zooms = { in: () => stage.zoom(1.5), out: () => stage.zoom(1 / 1.5), fit: () => stage.fit(), full: () => stage.zoomTo(1) };
  for (const button of document.querySelectorAll('[data-zoom]')) button.addEventListener('click', zooms[button.dataset.zoom]);
  $('#trouble button').addEventListener('click', () => { $('#trouble').hidden = true; });
  const typing = (target) => target.matches?.('input, button, select, textarea');
  const flip = (name) => $(`[name="${name}"]:not(:checked)`).click();
  const keys = { b: () => flip('panes'), o: () => flip('drawing'), n: () => step(1), p: () => step(-1) };
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !shown.number) return;
    if (event.key === ' ' && !typing(event.target)) {
      event.preventDefault();
      stage.showBare(true);
    } else if (!event.target.matches?.('input[type="range"]')) keys[event.key.toLowerCase()]?.();
  });
  addEventListener('keyup', (event) => event.key === ' ' && stage.showBare(false));
}

function listenToTheme() {
  const button = $('#theme');
  const themes = { auto: ['◐', 'as the system'], light: ['○', 'light'], dark: ['●', 'dark'] };
  const names = Object.keys(themes);
  button.addEventListener('click', () => {
    const name = names[(names.indexOf(document.documentElement.dataset.theme ?? 'auto') + 1) % names.length];
    document.documentElement.dataset.theme = name;
    button.firstElementChild.textContent = themes[name][0];
    button.setAttribute('aria-label', `Theme: ${themes[name][1]}`);
  });
}

const begin = guarded(async () => {
  listenToTheme();
  settings = await source.open();
  $('#formats').textContent = `${settings.suffixes.filter((each) => !/tiff|jpeg|nii$/.test(each)).map((each) => each.slice(1).toUpperCase()).join(', ')}`;
  $('#privacy').textContent = source.privacy;
  panel = new Panel(settings, {
    onToggle: (task, on) => {
      if (on) hidden.delete(task);
      else hidden.add(task);
      draw();
    },
    onCut: changeCut,
    onStep: step,
  });
  stage = new Stage($('.panes'), { onCursor: read, onView: (scale) => { $('#zoom').textContent = `${Math.round(scale * 100)} %`; } });
  if (settings.cautions.length) complain(settings.cautions.join(' '));
  listenToFiles();
  listenToControls();
  fillDownloads({ source, settings, shown, stage, name: () => known.get(shown.number), listLayers, complain });
  document.documentElement.dataset.ready = '';
  await follow();
});

begin();
