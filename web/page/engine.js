// Networks by onnxruntime-web, from files whose SHA-256 is checked before they are read.

const FILES = new URL('./onnxruntime/', import.meta.url);

/** Fetch a model and make it ready: floats and their shape to logits. */
export async function openModel({ name, file, sha256 }) {
  const content = await fetchChecked(new URL(file, import.meta.url), sha256, name);
  const { InferenceSession, Tensor, env } = await import(new URL('ort.wasm.min.mjs', FILES));
  env.wasm.wasmPaths = FILES.href;
  env.wasm.numThreads = self.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency) : 1;
  const session = await InferenceSession.create(content, { executionProviders: ['wasm'] });
  return async (values, shape) => {
    const answer = await session.run({ [session.inputNames[0]]: new Tensor('float32', values, shape) });
    return answer[session.outputNames[0]].data;
  };
}

/** The bytes of a file; an error where they are not those that were published. */
export async function fetchChecked(address, sha256, name) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`The model '${name}' is not there: the server answered ${answer.status}.`);
  const content = new Uint8Array(await answer.arrayBuffer());
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', content));
  const found = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  if (found !== sha256) throw new Error(`The file of the model '${name}' is not the one that was published: its SHA-256 differs. Load the page again.`);
  return content;
}
