// Times loading and the first answer of a model in onnxruntime-node, with the memory of the process:
//   node first.mjs MODEL.onnx INPUTS.npz THREADS     (in a folder with bench.mjs, npz.mjs and node_modules)
import { createRequire } from 'node:module';
import { readNpz, series } from './npz.mjs';
const ort = createRequire(import.meta.url)('onnxruntime-node');
const [model, npz, threads] = process.argv.slice(2);
const inputs = series(readNpz(npz), 'input', 1);
const t0 = process.hrtime.bigint();
const s = await ort.InferenceSession.create(model, { intraOpNumThreads: Number(threads), interOpNumThreads: 1, executionMode: 'sequential', graphOptimizationLevel: 'all' });
const t1 = process.hrtime.bigint();
await s.run(Object.fromEntries(s.inputNames.map((n, i) => [n, new ort.Tensor(inputs[i].dtype, inputs[i].data, inputs[i].shape)])));
const t2 = process.hrtime.bigint();
console.log('ort load', Number(t1 - t0) / 1e6, 'first', Number(t2 - t1) / 1e6, 'rss MB', process.memoryUsage().rss >> 20);
