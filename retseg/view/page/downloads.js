// The menu of downloads: masks, measures, and one page with pictures and numbers.

import { encodeMask, save, stemOf, writeTable, zip } from './files.js';
import { parseColour } from './paint.js';
import { writePdf } from './pdf.js';
import { drawMasks, drawPhotograph } from './stage.js';
import { formatRow, nameGroup, nameMeasure, summarise } from './words.js';

const LONGEST = 1600; // pixels of a picture on the page

/** Wire the menu; `page` gives what is shown. */
export function fillDownloads(page) {
  const button = document.getElementById('download');
  const menu = document.getElementById('downloads');
  const openMenu = (open) => {
    menu.hidden = !open;
    button.setAttribute('aria-expanded', `${open}`);
  };
  button.addEventListener('click', () => {
    openMenu(menu.hidden);
    if (!menu.hidden) menu.querySelector('button').focus();
  });
  menu.addEventListener('keydown', (event) => {
    const items = [...menu.querySelectorAll('button')];
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) items[(items.indexOf(document.activeElement) + by + items.length) % items.length].focus();
    if (event.key === 'Escape') {
      openMenu(false);
      button.focus();
    }
  });
  document.addEventListener('click', (event) => event.target.closest('.menu') ?? openMenu(false));
  const makers = { masks: saveMasks, csv: saveTable, pdf: savePage };
  for (const item of menu.querySelectorAll('[data-download]')) {
    item.addEventListener('click', () => {
      openMenu(false);
      makers[item.dataset.download](page).catch(page.complain);
    });
  }
}

async function saveMasks({ shown, settings, name }) {
  const { width, height, name: file } = name();
  const stem = stemOf(file, settings.suffixes);
  const files = [];
  for (const [task, mask] of shown.masks) files.push([`${task}/${stem}.png`, await encodeMask(mask, width, height)]);
  save(zip(files), `${stem}-masks.zip`, 'application/zip');
}

async function saveTable({ shown, settings, name }) {
  const { name: file } = name();
  save(writeTable(file, shown.measures.rows), `${stemOf(file, settings.suffixes)}-measures.csv`, 'text/csv');
}

async function savePage(page) {
  const { shown, settings } = page;
  const photograph = page.name();
  const layers = page.listLayers();
  const titles = new Map(settings.tasks.map(({ name, title }) => [name, title]));
  const lesions = settings.tasks.filter(({ kind }) => kind === 'lesion').map(({ name, title }) => [title, shown.lesions.get(name) ?? 0]);
  const shownTasks = settings.tasks.filter((_, index) => layers.styles.some(({ bit }) => bit === 1 << index));
  const thresholds = settings.tasks.map(({ name, title, threshold, cut }) => `${title} ${shown.cuts[name] === cut ? threshold : (shown.cuts[name] / 255).toFixed(2)}`);
  const bytes = writePdf({
    title: lesions.length ? summarise(lesions) : 'Vessels were marked',
    lines: [photograph.name, `${photograph.width} x ${photograph.height} pixels, ${new Date().toISOString().slice(0, 10)}`],
    pictures: [await takePicture(page, null, 'Photograph'), await takePicture(page, layers, 'With masks')],
    legend: shownTasks.map(({ title, colour, pattern, outside }) => ({ colour: parseColour(colour), pattern, outside, text: title })),
    rows: shown.measures.rows.map((row) => {
      const task = settings.tasks.find(({ name }) => name === row.task);
      const norm = task?.norm.measure === row.measure ? task.norm.text : '';
      return [titles.get(row.task) ?? nameGroup(row.task), nameMeasure(row.measure), formatRow(row), norm];
    }),
    notes: [
      ...(shown.measures.quality ? [shown.measures.quality] : []), ...photograph.warnings, ...shown.measures.warnings, ...settings.cautions,
      ...new Set(settings.tasks.filter(({ norm }) => norm.source).map(({ norm }) => `Normal: ${norm.source}.`)),
      `Models: ${settings.models.map(({ name, version }) => `${name} ${version}`).join(', ')}; retseg ${settings.version}. Thresholds: ${thresholds.join(', ')}.`,
      'Masks come from a program and can be wrong. Research software, not a medical device.',
    ],
  });
  save(bytes, `${stemOf(photograph.name, settings.suffixes)}.pdf`, 'application/pdf');
}

/** The whole photograph, with the masks of `layers` where there are any, as JPEG. */
async function takePicture({ shown, stage, name }, layers, caption) {
  const { width, height } = name();
  const scale = Math.min(1, LONGEST / Math.max(width, height));
  const size = { width: Math.round(width * scale), height: Math.round(height * scale) };
  const canvas = new OffscreenCanvas(size.width, size.height);
  const context = canvas.getContext('2d');
  const view = { scale, left: 0, top: 0 };
  drawPhotograph(context, shown.bitmap, width, height, view);
  if (layers) drawMasks(context, layers, width, view, size, { ...stage.how, opacity: 1, line: 2 });
  const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.9 });
  return { jpeg: new Uint8Array(await blob.arrayBuffer()), ...size, caption };
}
