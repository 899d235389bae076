// The stage: one or two pictures of the same part of a photograph, moved and zoomed together, with a linked cursor.

import { paintMasks } from './paint.js';

const CLOSEST = 64; // screen pixels per image pixel
const MARGIN = 0.97; // of the picture that a fitted photograph fills
const SINGLE = 8; // screen pixels per image pixel from which the cursor frames one pixel
const KEY_STEP = 60; // CSS pixels that an arrow key moves

export class Stage {
  /**
   * @param {HTMLElement} root holds the two figures
   * @param {{onCursor: function({x: number, y: number}|null), onView: function(number)}} listeners
   */
  constructor(root, listeners) {
    this.listeners = listeners;
    this.figures = new Map([...root.querySelectorAll('figure')].map((figure) => [figure.dataset.pane, figure]));
    this.how = { fill: false, opacity: 0.85 };
    this.layers = { bits: null, styles: [], rings: [] };
    this.pointers = new Map();
    for (const figure of this.figures.values()) this.listen(figure.querySelector('canvas'));
    new ResizeObserver(() => this.resize()).observe(root);
  }

  /** Show another photograph, fitted; `bitmap` is anything that a canvas draws. */
  open(bitmap, width, height) {
    Object.assign(this, { bitmap, width, height, cursor: null });
    this.layers = { bits: null, styles: [], rings: [] };
    this.fit();
  }

  /** Draw other masks: bits, styles as `paintMasks` takes them, and circles {x, y, radius, colour, casing}. */
  setLayers(layers) {
    this.layers = layers;
    this.draw();
  }

  setHow(changes) {
    Object.assign(this.how, changes);
    this.draw();
  }

  showTwo(two) {
    this.figures.get('original').hidden = !two;
    this.resize();
  }

  showBare(bare) {
    if (this.bare === bare) return;
    this.bare = bare;
    this.draw();
  }

  /** Screen pixels per CSS pixel, and the size of a picture in screen pixels. */
  measure() {
    const canvas = this.figures.get('overlay').querySelector('canvas');
    const dense = Math.min(2, window.devicePixelRatio || 1);
    return {
      dense,
      width: Math.max(1, Math.round(canvas.clientWidth * dense)),
      height: Math.max(1, Math.round(canvas.clientHeight * dense)),
    };
  }

  fitScale() {
    const { width, height } = this.measure();
    return Math.min(width / this.width, height / this.height) * MARGIN;
  }

  fit() {
    if (!this.bitmap) return;
    this.fitted = true;
    this.moveTo(this.width / 2, this.height / 2, this.fitScale());
  }

  resize() {
    if (!this.bitmap) return;
    if (this.fitted) this.fit();
    else this.draw();
  }

  moveTo(x, y, scale = this.scale) {
    this.scale = Math.min(CLOSEST * this.measure().dense, Math.max(Math.min(1, this.fitScale()), scale));
    this.x = Math.min(this.width, Math.max(0, x));
    this.y = Math.min(this.height, Math.max(0, y));
    this.listeners.onView(this.scale / this.measure().dense);
    this.draw();
  }

  /** Zoom by a factor about a point of the image; the middle of the picture by default. */
  zoom(factor, about = { x: this.x, y: this.y }) {
    this.fitted = false;
    const before = this.scale;
    const { dense } = this.measure();
    const after = Math.min(CLOSEST * dense, Math.max(Math.min(1, this.fitScale()), before * factor));
    const kept = before / after;
    this.moveTo(about.x + (this.x - about.x) * kept, about.y + (this.y - about.y) * kept, after);
  }

  zoomTo(cssScale) {
    this.zoom((cssScale * this.measure().dense) / this.scale);
  }

  move(dx, dy) {
    this.fitted = false;
    const step = this.measure().dense / this.scale;
    this.moveTo(this.x + dx * step, this.y + dy * step);
  }

  /** The window onto the image: where it begins on the screen, in whole screen pixels, so that nothing shimmers. */
  view() {
    const { width, height } = this.measure();
    return {
      scale: this.scale,
      left: Math.round(width / 2 - this.x * this.scale),
      top: Math.round(height / 2 - this.y * this.scale),
    };
  }

  draw() {
    if (!this.bitmap || this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = 0;
      const size = this.measure();
      for (const [name, figure] of this.figures) if (!figure.hidden) this.drawPane(name, figure, size);
      const stage = this.figures.get('overlay').parentElement;
      stage.dataset.drawn = `${Number(stage.dataset.drawn ?? 0) + 1}`;
    });
  }

  drawPane(name, figure, size) {
    const canvas = figure.querySelector('canvas');
    if (canvas.width !== size.width || canvas.height !== size.height) {
      [canvas.width, canvas.height] = [size.width, size.height];
    }
    const context = canvas.getContext('2d');
    const view = this.view();
    context.clearRect(0, 0, size.width, size.height);
    drawPhotograph(context, this.bitmap, this.width, this.height, view);
    if (name === 'overlay' && !this.bare) {
      drawMasks(context, this.layers, this.width, view, size, { ...this.how, line: 1.25 * size.dense });
    }
    if (this.cursor) drawCross(context, this.cursor, view, size);
  }

  /** The point of the image under a pointer. */
  locate(canvas, event) {
    const box = canvas.getBoundingClientRect();
    const { dense } = this.measure();
    const view = this.view();
    return {
      x: ((event.clientX - box.left) * dense - view.left) / view.scale,
      y: ((event.clientY - box.top) * dense - view.top) / view.scale,
    };
  }

  setCursor(point) {
    const inside = point && point.x >= 0 && point.y >= 0 && point.x < this.width && point.y < this.height;
    this.cursor = inside ? point : null;
    this.listeners.onCursor(this.cursor);
    this.draw();
  }

  listen(canvas) {
    canvas.addEventListener('wheel', (event) => {
      event.preventDefault();
      if (this.bitmap) this.zoom(Math.exp(-event.deltaY / 400), this.locate(canvas, event));
    }, { passive: false });
    canvas.addEventListener('pointerdown', (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, event);
      this.setCursor(this.locate(canvas, event));
    });
    canvas.addEventListener('pointermove', (event) => this.follow(canvas, event));
    for (const end of ['pointerup', 'pointercancel']) {
      canvas.addEventListener(end, (event) => this.pointers.delete(event.pointerId));
    }
    canvas.addEventListener('pointerleave', (event) => event.pointerType === 'mouse' && this.setCursor(null));
    canvas.addEventListener('dblclick', (event) => this.zoom(2.5, this.locate(canvas, event)));
    canvas.addEventListener('keydown', (event) => this.obey(event));
  }

  follow(canvas, event) {
    const before = this.pointers.get(event.pointerId);
    if (before && this.pointers.size === 2) {
      const other = [...this.pointers.values()].find((each) => each.pointerId !== event.pointerId);
      const apart = (each) => Math.hypot(each.clientX - other.clientX, each.clientY - other.clientY);
      this.zoom(apart(event) / Math.max(1, apart(before)), this.locate(canvas, other));
    } else if (before) this.move(before.clientX - event.clientX, before.clientY - event.clientY);
    if (before) this.pointers.set(event.pointerId, event);
    else this.setCursor(this.locate(canvas, event));
  }

  obey(event) {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (moves[event.key]) {
      const [dx, dy] = moves[event.key];
      const step = event.shiftKey ? this.scale / this.measure().dense : KEY_STEP;
      this.move(dx * step, dy * step);
      this.setCursor({ x: this.x, y: this.y });
    } else if (event.key === '+' || event.key === '=') this.zoom(1.5);
    else if (event.key === '-') this.zoom(1 / 1.5);
    else if (event.key === '0') this.fit();
    else if (event.key === '1') this.zoomTo(16);
    else return;
    event.preventDefault();
  }
}

export function drawPhotograph(context, bitmap, width, height, view) {
  context.imageSmoothingEnabled = view.scale < 2;
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, view.left, view.top, width * view.scale, height * view.scale);
}

/** Masks and rings over a photograph that is already drawn. */
export function drawMasks(context, layers, columns, view, size, how) {
  if (!layers.bits) return;
  const over = new OffscreenCanvas(size.width, size.height);
  over.getContext('2d').putImageData(paintMasks(layers.bits, columns, view, size, layers.styles, how), 0, 0);
  context.drawImage(over, 0, 0);
  context.save();
  context.globalAlpha = how.opacity;
  for (const ring of layers.rings) {
    const radius = Math.max(ring.radius * view.scale + 3 * how.line, 5 * how.line);
    for (const [colour, width] of [[ring.casing, 2.8 * how.line], [ring.colour, 2 * how.line]]) {
      context.beginPath();
      context.arc(ring.x * view.scale + view.left, ring.y * view.scale + view.top, radius, 0, 2 * Math.PI);
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.stroke();
    }
  }
  context.restore();
}

function drawCross(context, point, view, size) {
  if (view.scale >= SINGLE) {
    for (const [colour, grow] of [['#000', 1], ['#fff', 0]]) {
      const [x, y] = [Math.floor(point.x) * view.scale + view.left, Math.floor(point.y) * view.scale + view.top];
      context.strokeStyle = colour;
      context.lineWidth = size.dense;
      context.strokeRect(x - grow - 0.5, y - grow - 0.5, view.scale + 2 * grow, view.scale + 2 * grow);
    }
    return;
  }
  const x = Math.round(point.x * view.scale + view.left) + 0.5;
  const y = Math.round(point.y * view.scale + view.top) + 0.5;
  const arm = 9 * size.dense;
  for (const [colour, width] of [['#000b', 3 * size.dense], ['#fff', size.dense]]) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.beginPath();
    for (const side of [-1, 1]) {
      context.moveTo(x + (side * arm) / 3, y);
      context.lineTo(x + side * arm, y);
      context.moveTo(x, y + (side * arm) / 3);
      context.lineTo(x, y + side * arm);
    }
    context.stroke();
  }
}
