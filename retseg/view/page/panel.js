// The panel beside the photograph: what was found, the quality of the photograph, and each task with its threshold.

import { isLight } from './paint.js';
import { formatRow, nameMeasure, plural, summarise } from './words.js';

const FIT = 'The photograph can be read: a retina, in focus, with visible vessels.';

/** An element with attributes and children; text is always text, never HTML. */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, '');
    else if (value !== false) element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

export class Panel {
  /**
   * @param {object} settings of the page
   * @param {{onToggle, onCut, onStep}} listeners a task is shown or not; has another threshold; the next lesion is asked for
   */
  constructor(settings, listeners) {
    this.settings = settings;
    this.rows = new Map(settings.tasks.map((task) => [task.name, buildRow(task, listeners)]));
    document.getElementById('tasks').replaceChildren(...[...this.rows.values()].map(({ item }) => item));
    this.rows.get(settings.tasks[0].name).expand(true);
  }

  /** A photograph was opened: nothing is known yet. */
  clear() {
    for (const row of this.rows.values()) row.clear();
    document.getElementById('measuring').textContent = '';
  }

  /** The state of the photograph: its stage, sentence and warnings. `counts` maps finished tasks to their lesions. */
  tell({ stage, sentence, warnings }, counts) {
    const working = stage !== 'done' && stage !== 'failed';
    const pending = this.settings.tasks.find(({ name }) => !counts.has(name));
    const lesions = this.settings.tasks.filter(({ kind }) => kind === 'lesion');
    const looking = pending ? `Looking for ${pending.kind === 'vessel' ? 'vessels' : 'lesions'}…` : 'Measuring…';
    const headline = document.getElementById('headline');
    if (stage === 'failed') headline.textContent = 'This photograph cannot be shown';
    else if (working) headline.textContent = stage === 'segmenting' ? looking : 'Reading the photograph…';
    else if (!lesions.length) headline.textContent = 'Vessels were marked';
    else headline.textContent = summarise(lesions.map(({ name, title }) => [title, counts.get(name) ?? 0]));
    headline.toggleAttribute('data-working', working);
    const verdict = document.getElementById('verdict');
    verdict.dataset.kind = sentence ? 'failed' : warnings.length ? 'care' : 'fit';
    if (sentence) verdict.replaceChildren(make('p', {}, sentence));
    else if (warnings.length) verdict.replaceChildren(make('h3', {}, 'Read with care'), ...warnings.map((text) => make('p', {}, text)));
    else verdict.replaceChildren(make('p', {}, working ? '' : this.settings.fit ?? FIT));
    document.getElementById('tasks').hidden = stage === 'failed';
  }

  /** A task is done: its threshold can be moved. */
  enable(task, lesions) {
    this.rows.get(task).enable(lesions);
  }

  /** The measures of all tasks. */
  measure({ rows, warnings, quality }) {
    for (const [task, row] of this.rows) row.measure(rows.filter((each) => each.task === task));
    document.getElementById('measuring').textContent = [quality, ...warnings].filter(Boolean).join(' ');
  }
}

function buildRow(task, listeners) {
  const id = `task-${task.name}`;
  const shown = make('input', { type: 'checkbox', id, checked: true, 'data-pattern': task.pattern, onchange: () => listeners.onToggle(task.name, shown.checked) });
  shown.style.setProperty('--colour', task.colour);
  shown.style.setProperty('--tick', isLight(task.colour) ? '#000' : '#fff');
  const value = make('output', { class: 'value', for: id });
  const more = make('div', { class: 'more', id: `${id}-more`, hidden: true });
  const opener = make('button', {
    type: 'button', class: 'opener', 'aria-expanded': 'false', 'aria-controls': `${id}-more`, 'aria-label': `${task.title}: threshold and measures`,
    onclick: () => expand(more.hidden),
  });
  const slider = buildSlider(task, listeners);
  const steps = make('div', { class: 'steps', hidden: true },
    make('button', { type: 'button', onclick: () => listeners.onStep(-1, task.name) }, 'Previous'),
    make('button', { type: 'button', onclick: () => listeners.onStep(1, task.name) }, 'Next one'));
  const list = make('dl', {});
  more.append(slider.root, steps, list, ...describeNorm(task));
  const head = make('div', { class: 'row' }, make('label', { for: id }, shown, make('span', { class: 'name' }, plural(task.title))), value, opener);
  const item = make('li', { 'data-task': task.name }, head, more);
  function expand(open) {
    more.hidden = !open;
    opener.setAttribute('aria-expanded', `${open}`);
  }
  return {
    item,
    expand,
    clear() {
      item.removeAttribute('data-ready');
      slider.reset();
      slider.input.disabled = true;
      value.textContent = '';
      steps.hidden = true;
      list.replaceChildren();
    },
    enable(lesions) {
      item.setAttribute('data-ready', '');
      slider.input.disabled = false;
      steps.hidden = !lesions;
      if (task.kind === 'lesion') value.textContent = lesions === 0 ? 'none' : `${lesions}`;
    },
    measure(rows) {
      const density = rows.find(({ measure }) => measure === 'density');
      if (density) value.textContent = formatRow(density);
      list.replaceChildren(...rows.flatMap((row) => [make('dt', {}, nameMeasure(row.measure)), make('dd', {}, formatRow(row))]));
    },
  };
}

/** What is normal by a source, and what the model does on eyes that it was not trained on. */
function describeNorm({ norm, expect, kind }) {
  const lines = [];
  if (norm.text) lines.push(make('p', { class: 'norm' }, make('strong', {}, 'Normal: '), norm.text, ' ', make('cite', {}, norm.source)));
  else if (kind === 'vessel') lines.push(make('p', { class: 'norm' }, 'No source gives a norm for these numbers that holds for every camera.'));
  if (expect) lines.push(make('p', { class: 'norm' }, expect));
  return lines;
}

function buildSlider(task, listeners) {
  const own = task.threshold.toFixed(2);
  const id = `threshold-${task.name}`;
  const output = make('output', { for: id });
  const input = make('input', { type: 'range', id, min: '0.01', max: '0.99', step: '0.01', value: own, list: `${id}-own` });
  const back = make('button', { type: 'button', class: 'plain', hidden: true, onclick: () => change(own) }, `Back to ${own}`);
  const mark = make('span', { class: 'own', 'aria-hidden': 'true', title: `${own}, the threshold of the model's card` });
  mark.style.setProperty('--place', (task.threshold - 0.01) / 0.98);
  function tell() {
    const changed = input.value !== own && Number(input.value) !== Number(own);
    const value = Number(input.value).toFixed(2);
    back.hidden = !changed;
    output.textContent = changed ? `${value} (the model's own is ${own})` : `${value}, the model's own`;
    input.setAttribute('aria-valuetext', output.textContent);
  }
  function change(value) {
    input.value = value;
    tell();
    listeners.onCut(task.name, toCut(task, Number(value)));
  }
  input.addEventListener('input', () => change(input.value));
  const root = make('div', { class: 'threshold' },
    make('label', { for: id }, 'Threshold'), output, make('div', { class: 'track' }, mark, input), make('datalist', { id: `${id}-own` }, make('option', { value: own })), back);
  tell();
  return {
    root,
    input,
    reset() {
      input.value = own;
      tell();
    },
  };
}

/** The smallest level that belongs to the mask of a threshold, as retseg/view/levels.py finds it. */
function toCut(task, threshold) {
  if (threshold.toFixed(2) === task.threshold.toFixed(2)) return task.cut;
  return Math.max(1, Math.ceil(threshold * 255 - 1e-9));
}
