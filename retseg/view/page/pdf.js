// One page as PDF: pictures as JPEG, text in Helvetica, which every reader has. Written after ISO 32000-1.

import { join } from './files.js';

const [WIDTH, HEIGHT, MARGIN] = [595, 842, 44];
const WINDOWS = { '\u2013': 150, '\u2014': 151, '\u2018': 145, '\u2019': 146, '\u201c': 147, '\u201d': 148, '\u2026': 133, '\u2022': 149 };

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
    this.ruler = new OffscreenCanvas(1, 1).getContext('2d');
  }

  measure(text, size, bold) {
    this.ruler.font = `${bold ? 'bold ' : ''}${size}px Helvetica, Arial, "Liberation Sans", sans-serif`;
    return this.ruler.measureText(text).width;
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

  box(x, width, height, colour) {
    const [r, g, b] = colour.map((part) => (part / 255).toFixed(3));
    this.operators.push(`${r} ${g} ${b} rg ${x} ${(HEIGHT - this.y - height).toFixed(1)} ${width} ${height} re f`);
  }

  picture(number, x, width, height) {
    const y = HEIGHT - this.y - height;
    this.operators.push(`q ${width.toFixed(1)} 0 0 ${height.toFixed(1)} ${x.toFixed(1)} ${y.toFixed(1)} cm /P${number} Do Q`);
  }
}

/**
 * @param {{title: string, lines: string[], pictures: {jpeg: Uint8Array, width: number, height: number, caption: string}[],
 *   legend: {colour: number[], text: string}[], rows: string[][], notes: string[]}} page rows have four cells
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
  for (const { colour, text } of legend) {
    const wide = sheet.measure(text, 8.5) + 30;
    if (x + wide > WIDTH - MARGIN) {
      x = MARGIN;
      sheet.y += 14;
    }
    sheet.operators.push('0.6 G 0.5 w');
    sheet.box(x, 9, 9, colour);
    sheet.operators.push(`${x} ${(HEIGHT - sheet.y - 9).toFixed(1)} 9 9 re S`);
    sheet.write(text, x + 14, 8.5);
    x += wide;
  }
  sheet.y += 22;
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
