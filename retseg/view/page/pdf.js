// One page as PDF: pictures as JPEG, text in Helvetica, which every reader has. Written after ISO 32000-1.

import { join } from './files.js';
import { covers } from './paint.js';

const [WIDTH, HEIGHT, MARGIN] = [595, 842, 44];
const WINDOWS = { '\u2013': 150, '\u2014': 151, '\u2018': 145, '\u2019': 146, '\u201c': 147, '\u201d': 148, '\u2026': 133, '\u2022': 149 };

// Widths of Helvetica and Helvetica-Bold from the space to the tilde, in thousandths of the size (Adobe's metrics).
const FONTS = [
  '278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 278 278 584 584 584 556 1015 '
    + '667 667 722 722 667 611 778 722 278 500 667 556 833 722 778 667 778 722 667 611 722 667 944 667 667 611 278 278 278 469 556 333 '
    + '556 556 500 556 556 278 556 556 222 222 500 222 833 556 556 556 556 333 500 278 556 500 722 500 500 500 334 260 334 584',
  '278 333 474 556 556 889 722 238 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 333 333 584 584 584 611 975 '
    + '722 722 722 722 667 611 778 722 278 556 722 611 833 722 778 667 778 722 667 611 722 667 944 667 667 611 333 278 333 584 556 333 '
    + '556 611 556 611 556 333 611 611 278 278 556 278 889 611 611 611 611 389 556 333 611 556 778 556 556 500 389 280 389 584',
].map((widths) => widths.split(' ').map(Number));
const OTHER = { '\u00b2': 333, '\u2013': 556 };

const encode = (text) => Uint8Array.from(text, (letter) => {
  const code = letter.codePointAt(0);
  return WINDOWS[letter] ?? (code < 256 ? code : 63);
});

/** Text between brackets, as a content stream writes it: letters that the font lacks become question marks. */
function quote(text) {
  const letters = [...text].map((letter) => (letter === '(' || letter === ')' || letter === '\\' ? `\\${letter}` : letter));
  return `(${letters.join('')})`;
}

/** Collects the content of a page, from the top down. */
class Sheet {
  constructor() {
    this.operators = [];
    this.y = MARGIN;
  }

  measure(text, size, bold) {
    const widths = FONTS[bold ? 1 : 0];
    return [...text].reduce((sum, letter) => sum + (widths[letter.charCodeAt(0) - 32] ?? OTHER[letter] ?? 600), 0) * size / 1000;
  }

  /** One line at x, with its baseline `size` below the present place; the place does not move. */
  write(text, x, size, { bold = false, grey = 0.1 } = {}) {
    const y = HEIGHT - this.y - size;
    this.operators.push(`BT /${bold ? 'B' : 'F'} ${size} Tf ${grey} g ${x.toFixed(1)} ${y.toFixed(1)} Td ${quote(text)} Tj ET`);
  }

  /** A paragraph, broken into lines; the place moves below it. */
  paragraph(text, size, style = {}) {
    let line = '';
    for (const part of text.split(/\s+/)) {
      const longer = line ? `${line} ${part}` : part;
      if (line && this.measure(longer, size, style.bold) > WIDTH - 2 * MARGIN) {
        this.write(line, MARGIN, size, style);
        this.y += size * 1.35;
        line = part;
      } else line = longer;
    }
    this.write(line, MARGIN, size, style);
    this.y += size * 1.35;
  }

  picture(number, x, width, height) {
    const y = HEIGHT - this.y - height;
    this.operators.push(`q ${width.toFixed(1)} 0 0 ${height.toFixed(1)} ${x.toFixed(1)} ${y.toFixed(1)} cm /P${number} Do Q`);
  }
}

/**
 * @param {{title: string, lines: string[], pictures: {jpeg: Uint8Array, width: number, height: number, caption: string}[],
 *   legend: {colour: number[], pattern: string, outside: boolean, text: string}[], rows: string[][], notes: string[]}} page rows have four cells
 */
export function writePdf(page) {
  const sheet = new Sheet();
  sheet.paragraph(page.title, 19, { bold: true });
  for (const line of page.lines) sheet.paragraph(line, 9.5, { grey: 0.35 });
  sheet.y += 8;
  drawPictures(sheet, page.pictures);
  drawLegend(sheet, page.legend);
  const room = HEIGHT - MARGIN - sheet.y - page.notes.length * 24;
  const leading = Math.max(7, Math.min(13, room / (page.rows.length + 1)));
  drawRows(sheet, page.rows, leading);
  sheet.y += 6;
  for (const note of page.notes) sheet.paragraph(note, 8, { grey: 0.35 });
  return assemble(sheet.operators.join('\n'), page.pictures);
}

function drawPictures(sheet, pictures) {
  const gap = 12;
  const width = (WIDTH - 2 * MARGIN - gap) / 2;
  const height = Math.min(260, Math.max(...pictures.map((each) => (width * each.height) / each.width)));
  pictures.forEach((each, number) => {
    const scale = Math.min(width / each.width, height / each.height);
    sheet.picture(number, MARGIN + number * (width + gap), each.width * scale, each.height * scale);
  });
  sheet.y += height + 3;
  pictures.forEach((each, number) => sheet.write(each.caption, MARGIN + number * (width + gap), 8, { grey: 0.35 }));
  sheet.y += 18;
}

function drawLegend(sheet, legend) {
  let x = MARGIN;
  for (const { text, ...style } of legend) {
    const wide = sheet.measure(text, 8.5) + 40;
    if (x + wide > WIDTH - MARGIN) {
      x = MARGIN;
      sheet.y += 14;
    }
    drawSample(sheet, x, style);
    sheet.write(text, x + 23, 8.5);
    x += wide;
  }
  sheet.y += 22;
}

/** A field of 18 by 9 points in the colour of a retina, with a ring, two lines, or the strokes of a pattern. */
function drawSample(sheet, x, { colour, pattern, outside }) {
  const [wide, high] = [18, 9];
  const bottom = HEIGHT - sheet.y - high;
  const rgb = colour.map((part) => (part / 255).toFixed(3)).join(' ');
  const field = `${x} ${bottom} ${wide} ${high} re`;
  sheet.operators.push(`0.77 0.42 0.26 rg ${field} f ${rgb} RG ${rgb} rg 1.2 w`);
  if (pattern === 'ring') {
    const [middle, centre, reach, handle] = [x + wide / 2, bottom + high / 2, 3.2, 3.2 * 0.5523];
    const arcs = [[1, 0], [0, 1], [-1, 0], [0, -1]].map(([a, b]) => [
      middle + a * reach - b * handle, centre + b * reach + a * handle,
      middle - b * reach + a * handle, centre + a * reach + b * handle, middle - b * reach, centre + a * reach,
    ].map((part) => part.toFixed(2)).join(' '));
    sheet.operators.push(`${middle + reach} ${centre} m ${arcs.map((arc) => `${arc} c`).join(' ')} S`);
  } else if (outside) {
    for (const part of [0.25, 0.75]) sheet.operators.push(`${x} ${bottom + part * high} m ${x + wide} ${bottom + part * high} l S`);
  } else {
    const cells = [];
    for (let row = 0; row < 12; row++) {
      for (let column = 0; column < 24; column++) {
        if (covers(pattern, column, row, 1)) cells.push(`${x + column * 0.75} ${(bottom + row * 0.75).toFixed(2)} 0.75 0.75 re`);
      }
    }
    sheet.operators.push(`${cells.join(' ')} f ${field} S`);
  }
}

function drawRows(sheet, rows, leading) {
  const size = leading * 0.7;
  const columns = [MARGIN, MARGIN + 110, MARGIN + 240, MARGIN + 310];
  rows.forEach((row, number) => {
    if (number && row[0] && row[0] !== rows[number - 1][0]) {
      sheet.operators.push(`0.85 G 0.5 w ${MARGIN} ${(HEIGHT - sheet.y).toFixed(1)} m ${WIDTH - MARGIN} ${(HEIGHT - sheet.y).toFixed(1)} l S`);
    }
    const repeated = number && row[0] === rows[number - 1][0];
    row.forEach((cell, column) => {
      if (column === 0 && repeated) return;
      const x = column === 2 ? columns[3] - 8 - sheet.measure(cell, size, true) : columns[column];
      sheet.write(cell, x, size, { bold: column === 2, grey: column === 3 ? 0.35 : 0.1 });
    });
    sheet.y += leading;
  });
}

function assemble(content, pictures) {
  const images = pictures.map((_, number) => `/P${number} ${7 + number} 0 R`).join(' ');
  const text = encode(content);
  const objects = [
    ['<< /Type /Catalog /Pages 2 0 R >>'],
    ['<< /Type /Pages /Kids [3 0 R] /Count 1 >>'],
    [`<< /Type /Page /Parent 2 0 R /MediaBox [0 0 ${WIDTH} ${HEIGHT}] /Contents 6 0 R /Resources << /Font << /F 4 0 R /B 5 0 R >> /XObject << ${images} >> >> >>`],
    ['<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>'],
    ['<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>'],
    [`<< /Length ${text.length} >>`, text],
    ...pictures.map((each) => [
      `<< /Type /XObject /Subtype /Image /Width ${each.width} /Height ${each.height} /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode /Length ${each.jpeg.length} >>`,
      each.jpeg,
    ]),
  ];
  const parts = [encode('%PDF-1.4\n%\u00e2\u00e3\u00cf\u00d3\n')];
  const offsets = [];
  let at = parts[0].length;
  const add = (bytes) => {
    parts.push(bytes);
    at += bytes.length;
  };
  objects.forEach(([dictionary, stream], number) => {
    offsets.push(at);
    add(encode(`${number + 1} 0 obj\n${dictionary}\n`));
    if (stream) for (const part of [encode('stream\n'), stream, encode('\nendstream\n')]) add(part);
    add(encode('endobj\n'));
  });
  const table = offsets.map((offset) => `${`${offset}`.padStart(10, '0')} 00000 n \n`).join('');
  add(encode(`xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${table}trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${at}\n%%EOF\n`));
  return join(parts);
}
