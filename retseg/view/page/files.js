// Files that are made in the page: grey PNG pictures, a ZIP of them, and a table.

const CRC = new Uint32Array(256).map((_, n) => {
  let value = n;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

export function crc32(bytes) {
  let value = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) value = CRC[(value ^ bytes[i]) & 255] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

export function join(parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

async function deflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function word(value, little = false) {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, little);
  return bytes;
}

const ascii = (text) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

/** A mask of 0 and 1 as an 8-bit grey PNG of 0 and 255, as `retseg predict` writes it. */
export async function encodeMask(mask, width, height) {
  const lines = new Uint8Array((width + 1) * height);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      if (mask[row * width + column]) lines[row * (width + 1) + column + 1] = 255;
    }
  }
  const chunk = (kind, data) => {
    const body = join([ascii(kind), data]);
    return join([word(data.length), body, word(crc32(body))]);
  };
  const header = join([word(width), word(height), Uint8Array.of(8, 0, 0, 0, 0)]);
  return join([
    Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10),
    chunk('IHDR', header), chunk('IDAT', await deflate(lines)), chunk('IEND', new Uint8Array()),
  ]);
}

/** A ZIP archive, stored; `files` is a list of [name, bytes]. */
export function zip(files) {
  const [parts, directory] = [[], []];
  let offset = 0;
  const short = (value) => word(value, true).slice(0, 2);
  for (const [name, bytes] of files) {
    const letters = new TextEncoder().encode(name);
    const common = [
      short(20), short(0x800), short(0), short(0), short(0x21), word(crc32(bytes), true), word(bytes.length, true),
      word(bytes.length, true), short(letters.length), short(0),
    ];
    parts.push(word(0x04034b50, true), ...common, letters, bytes);
    directory.push(
      word(0x02014b50, true), short(20), ...common, short(0), short(0), short(0), word(0, true), word(offset, true), letters,
    );
    offset += 30 + letters.length + bytes.length;
  }
  const list = join(directory);
  const count = short(files.length);
  const end = [word(0x06054b50, true), short(0), short(0), count, count, word(list.length, true), word(offset, true), short(0)];
  return join([...parts, list, ...end]);
}

/** The table of docs/measures.md; a cell that a spreadsheet would run as a formula gets an apostrophe. */
export function writeTable(name, rows) {
  const cell = (text) => {
    const safe = /^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const lines = rows.map((row) => [name, row.task, row.measure, row.value, row.unit].map(cell).join(','));
  return `${['image,task,measure,value,unit', ...lines].join('\n')}\n`;
}

/** The stem of a name, without its image suffix and without what no file name may hold. */
export function stemOf(name, suffixes) {
  const suffix = suffixes.find((each) => name.toLowerCase().endsWith(each)) ?? '';
  const stem = name.slice(0, name.length - suffix.length).replace(/[\\/:*?"<>|\u0000-\u001f]/g, '_');
  return stem.replace(/^\.+/, '') || 'photograph';
}

export function save(bytes, name, type) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([bytes], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
