// Where results come from: the server of `retseg view` on this machine. `source-browser.js` has the same functions.

const WAIT = 200; // milliseconds between two questions while something is being worked on

export class Source {
  privacy = 'They stay on this machine: nothing is uploaded.';

  constructor() {
    this.token = location.hash.slice(1);
  }

  async ask(path, options = {}) {
    let answer;
    try {
      answer = await fetch(path, { ...options, headers: { ...options.headers, 'x-retseg-token': this.token } });
    } catch {
      throw new Error('The program behind this page has ended: start `retseg view` again.');
    }
    if (answer.ok) return answer;
    const { detail } = await answer.json().catch(() => ({ detail: `the server answered ${answer.status}` }));
    throw new Error(typeof detail === 'string' ? detail : 'the request was refused');
  }

  /** The settings, see retseg/view/settings.py. */
  async open() {
    return (await this.ask('settings')).json();
  }

  /** Give a file; the answer is the number of the photograph. */
  async add(file) {
    const path = `photographs?name=${encodeURIComponent(file.name)}`;
    return (await (await this.ask(path, { method: 'POST', body: file })).json()).number;
  }

  /** Ask for the state of all photographs until all are done or failed; `show` gets each state. */
  async follow(show) {
    for (;;) {
      const photographs = await (await this.ask('photographs')).json();
      await show(photographs);
      if (photographs.every(({ stage }) => stage === 'done' || stage === 'failed')) return;
      await new Promise((resolve) => setTimeout(resolve, WAIT));
    }
  }

  async image(number) {
    const blob = await (await this.ask(`photographs/${number}/image`)).blob();
    return createImageBitmap(blob, { colorSpaceConversion: 'none' });
  }

  async thumbnail(number) {
    return URL.createObjectURL(await (await this.ask(`photographs/${number}/thumbnail`)).blob());
  }

  async levels(number, task) {
    return new Uint8Array(await (await this.ask(`photographs/${number}/levels/${task}`)).arrayBuffer());
  }

  /** The measures of the masks at these cuts: {rows: [{task, measure, value, unit}], warnings}. */
  async measure(number, cuts) {
    const headers = { 'content-type': 'application/json' };
    return (await this.ask(`photographs/${number}/measures`, { method: 'POST', headers, body: JSON.stringify(cuts) })).json();
  }

  async remove(number) {
    await this.ask(`photographs/${number}`, { method: 'DELETE' });
  }
}
