import { readdirSync, readFileSync } from 'node:fs';
import * as bullmq from '@clr/bullmq';
import * as checkpoint from '@clr/checkpoint';
import * as conformance from '@clr/conformance';
import * as core from '@clr/core';
import * as data from '@clr/data';
import * as mpi from '@clr/mpi';
import * as onnx from '@clr/onnx';
import * as report from '@clr/report';
import * as curves from '@clr/report/curves';
import * as terminal from '@clr/report/terminal';
import * as sweep from '@clr/sweep';
import * as sweepNode from '@clr/sweep/node';
import * as tfjs from '@clr/tfjs';
import * as webgpu from '@clr/webgpu';
import * as tf from '@tensorflow/tfjs';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';

// A misspelt option must never be ignored, so this test passes one to every public function that takes options.

type Call = (...given: unknown[]) => unknown;
const calls = <Module extends object>(module: Module): Record<keyof Module, Call> => module as never;
const [c, o, d, s, n, r, w, t] = [
  calls(core),
  calls(onnx),
  calls(data),
  calls(sweep),
  calls(sweepNode),
  calls(report),
  calls(webgpu),
  calls(tfjs),
];

const policy = core.triangular({ baseLr: 0.1, maxLr: 0.2, stepSize: 10 });
const points = Array.from({ length: 60 }, (_, step) => ({
  step,
  lr: 1e-6 * 1.26 ** step,
  loss: 2 - step / 60,
}));
const trace = { version: 1, spacing: 'exponential', startLr: 1e-6, endLr: 1, points } as const;
const finding = core.analyzeRangeTest(trace);
const reference = conformance.referenceTrainable({ features: 2, classes: 2 });
const batches = [{}];

const model = onnx.buildModel({ input: [4], layers: [{ type: 'dense', units: 3 }] });
const adapted = onnx.addLora(model, { rank: 1, targets: () => true });
const training = { loss: 'crossEntropy', optimizer: core.sgd() } as const;
const trainer = await onnx.createTrainer(ort, model, training);
const batch = {
  input: new ort.Tensor('float32', new Float32Array(4), [1, 4]),
  target: new ort.Tensor('int64', BigInt64Array.of(0n), [1]),
};

const table = data.readCsvTable(new TextEncoder().encode('a,b\n1,x\n2,y\n3,x\n4,y'), 'table.csv');
const { encoding } = await data.fitTable(table);
const dataset = await data.tableDataset(table, encoding);

const layers = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] });
layers.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
layers.setUserDefinedMetadata({ clr: { version: 1, policy, step: 3 } });
const layersTrainable = tfjs.createTrainable(tf, layers);
const variable = tf.variable(tf.tensor1d([1]));
const loop = { optimizer: tf.train.sgd(0.1), variables: [variable], loss: () => variable };

const builds = [
  'buildTrainingModel',
  'buildGradientModel',
  'buildApplyModel',
  'buildEvaluationModel',
] as const;
const optimizers = ['sgd', 'adam', 'adamW', 'rmsProp', 'adagrad'] as const;

type Row = readonly [call: string, make: () => unknown, nearest: string];

/** Calls with a misspelt option, each with the legal name that the error must propose. */
const rows: readonly Row[] = [
  ['core constant', () => c.constant({ lr: 1, lrr: 1 }), 'lr'],
  ['core triangular', () => c.triangular({ ...policy, type: undefined, stepsize: 1 }), 'stepSize'],
  ['core triangular, momentum', () => c.triangular({ ...policy, momentum: { bas: 0.8, max: 0.9 } }), 'base'],
  ['core triangular2', () => c.triangular2({ baselr: 0.1, maxLr: 0.2, stepSize: 10 }), 'baseLr'],
  ['core expRange', () => c.expRange({ baseLr: 0.1, maxLr: 0.2, stepSize: 10, gama: 0.9 }), 'gamma'],
  ['core cyclic', () => c.cyclic({ baseLr: 0.1, maxLr: 0.2, stepSize: 10, windw: 'hann' }), 'window'],
  [
    'core cyclic, decay',
    () => c.cyclic({ baseLr: 0.1, maxLr: 0.2, stepSize: 10, decay: { type: 'geometric', facto: 0.5 } }),
    'factor',
  ],
  ['core oneCycle', () => c.oneCycle({ maxLr: 0.1, totalStep: 10 }), 'totalSteps'],
  ['core cosineRestarts', () => c.cosineRestarts({ baseLr: 0, maxLr: 1, firstCycl: 3 }), 'firstCycle'],
  ['core ramp', () => c.ramp({ startLr: 0.1, endlr: 1, steps: 3 }), 'endLr'],
  ['core table', () => c.table({ value: [1] }), 'values'],
  ['core decay', () => c.decay({ maxLr: 0.1, step: 10 }), 'steps'],
  ['core wsd', () => c.wsd({ maxLr: 0.1, steps: 10, cooldwn: 3 }), 'cooldown'],
  ['core sequence, a stage', () => c.sequence([{ policy, step: 3 }]), 'steps'],
  ['core cooldown', () => c.cooldown(policy, { from: { step: 5 }, steps: 5, shap: 'linear' }), 'shape'],
  ['core parsePolicy', () => c.parsePolicy({ ...policy, stepsize: 2 }), 'stepSize'],
  ...optimizers.map((name): Row => [`core ${name}`, () => c[name]({ weightdecay: 1 }), 'weightDecay']),
  ['core sampleSchedule', () => c.sampleSchedule(policy, { step: 5 }), 'steps'],
  ['core train', () => c.train(reference, batches, { policy, steps: 1, validaton: [] }), 'validation'],
  [
    'core train, checkpoint',
    () => c.train(reference, batches, { policy, steps: 1, checkpoint: { evry: {}, save: () => {} } }),
    'every',
  ],
  [
    'core train, checkpoint.every',
    () =>
      c.train(reference, batches, { policy, steps: 1, checkpoint: { every: { second: 1 }, save: () => {} } }),
    'seconds',
  ],
  ['core rangeTest', () => c.rangeTest(reference, batches, { startlr: 1 }), 'startLr'],
  ['core autoClr', () => c.autoClr(reference, batches, { steps: 100, patiance: 1 }), 'patience'],
  [
    'core planCycles',
    () => c.planCycles({ baseLr: 0.1, maxLr: 0.2, steps: 100, stepPerEpoch: 2 }),
    'stepsPerEpoch',
  ],
  ['core analyzeRangeTest', () => c.analyzeRangeTest(trace, { smothing: 1 }), 'smoothing'],
  ['core undoSmoothing', () => c.undoSmoothing(trace, { bet: 0.9 }), 'beta'],
  ['core peakFor', () => c.peakFor(policy, { findng: finding }), 'finding'],
  ['core batchSharpness', () => c.batchSharpness(reference, batches, { cont: 3 }), 'count'],
  ['core readTroughs', () => c.readTroughs([], { patiance: 1 }), 'patience'],
  [
    'core checkHyperparameters',
    () => c.checkHyperparameters({ lr: 1, momentm: 0.9 }, 'momentum'),
    'momentum',
  ],
  ['core checkOptionNames', () => c.checkOptionNames('clr/core', 'a call', { stepz: 1 }, ['steps']), 'steps'],

  ['onnx createTrainer', () => o.createTrainer(ort, model, { ...training, clipnorm: 1 }), 'clipNorm'],
  [
    'onnx createTrainer, a group',
    () => o.createTrainer(ort, model, { ...training, groups: [{ match: () => true, lrscale: 1 }] }),
    'lrScale',
  ],
  [
    'onnx createTrainer, the loss',
    () => o.createTrainer(ort, model, { ...training, loss: { type: 'huber', delt: 1 } }),
    'delta',
  ],
  [
    'onnx createTrainer, one of several losses',
    () => o.createTrainer(ort, model, { ...training, loss: [{ output: 'output', los: 'mse' }] }),
    'loss',
  ],
  [
    'onnx createTrainer, the optimizer',
    () => o.createTrainer(ort, model, { ...training, optimizer: { type: 'sgd', momentm: 0.9 } }),
    'momentum',
  ],
  ...builds.map(
    (name): Row => [`onnx ${name}`, () => o[name](model, { ...training, clipnorm: 1 }), 'clipNorm'],
  ),
  [
    'onnx buildTrainingModel, the schedule',
    () => o.buildTrainingModel(model, { ...training, schedule: { lr: Float32Array.of(1), momentm: [1] } }),
    'momentum',
  ],
  ['onnx buildModel', () => o.buildModel({ input: [4], layer: [] }), 'layers'],
  [
    'onnx buildModel, a layer',
    () => o.buildModel({ input: [4], layers: [{ type: 'dense', unit: 3 }] }),
    'units',
  ],
  ['onnx addLora', () => o.addLora(model, { rank: 1, alfa: 2 }), 'alpha'],
  ['onnx appendDense', () => o.appendDense(model, { unit: 1 }), 'units'],
  ['onnx replaceHead', () => o.replaceHead(model, { clases: 1 }), 'classes'],
  ['onnx describeHead', () => o.describeHead(model, { outpt: 'output' }), 'output'],
  ['onnx describeModel', () => o.describeModel(model, { bach: 1 }), 'batch'],
  ['onnx freezeBatchNorm', () => o.freezeBatchNorm(model, { excpt: 1 }), 'except'],
  ['onnx freezeExcept', () => o.freezeExcept(model, 1, { outpt: 'output' }), 'output'],
  ['onnx loadLora', () => o.loadLora(model, onnx.saveLora(adapted).adapter, { alfa: 1 }), 'alpha'],
  ['onnx saveLora', () => o.saveLora(adapted, { andd: () => true }), 'and'],
  ['onnx quantizeWeights', () => o.quantizeWeights(model, { bit: 8 }), 'bits'],
  [
    'onnx restore',
    async () => trainer.restore(await trainer.snapshot(), { partal: true } as never),
    'partial',
  ],
  ['onnx exportModel', () => trainer.exportModel({ nonfinite: true } as never), 'nonFinite'],
  ['onnx trainStep', () => trainer.trainStep(batch, { lr: 0.1, lrr: 0.9 } as never), 'lr'],

  ['data batchesOfRows', () => d.batchesOfRows(dataset, { siz: 2, make: Object }), 'size'],
  ['data splitRows', () => d.splitRows(20, { sed: 2 }), 'seed'],
  ['data fitTable', () => d.fitTable(table, { targt: 'b' }), 'target'],
  ['data fitTable, the split', () => d.fitTable(table, { split: { sed: 1 } }), 'seed'],
  ['data tableDataset', () => d.tableDataset(table, encoding, { labeled: false }), 'labelled'],
  ['data matchArrays', () => d.matchArrays([], { fil: 'data.npz' }), 'file'],
  ['data checkValues', () => d.checkValues({}, { clases: 2 }), 'classes'],
  ['data readCurve', () => d.readCurve(new Uint8Array(1), { smothing: 1 }), 'smoothing'],

  ['sweep runTrial', () => s.runTrial({}, { opn: 1 }), 'open'],
  ['sweep collect', () => s.collect([], { step: 1 }), 'steps'],
  ['sweep parseJob', () => s.parseJob({ id: 'a', tsk: {} }), 'task'],
  ['sweep runSweep', () => n.runSweep([], { modul: 'a' }), 'module'],
  ['sweep createTrialProcess', () => n.createTrialProcess({ modul: 'a' }), 'module'],
  ['bullmq submit', () => calls(bullmq).submit([], { queu: 'a' }), 'queue'],
  ['bullmq worker', () => calls(bullmq).worker({ queu: 'a' }), 'queue'],
  [
    'checkpoint encodeCheckpoint',
    () => calls(checkpoint).encodeCheckpoint({ step: 1, snapshot: {}, averge: 1 }),
    'average',
  ],

  ['report renderPolicy', () => r.renderPolicy(policy, { step: 10 }), 'steps'],
  ['report renderRangeTest', () => r.renderRangeTest(trace, finding, { widht: 10 }), 'width'],
  ['report renderRun', () => r.renderRun([], { widht: 10 }), 'width'],
  ['report renderReport', () => r.renderReport({ polcies: [policy] }), 'policies'],
  ['report policyPoints', () => calls(curves).policyPoints(policy, { step: 10 }), 'steps'],
  ['report plotPolicy', () => calls(terminal).plotPolicy(policy, { steps: 10, widht: 10 }), 'width'],
  ['report plotRangeTest', () => calls(terminal).plotRangeTest(trace, finding, { widht: 10 }), 'width'],

  ['conformance referenceTrainable', () => calls(conformance).referenceTrainable({ feature: 1 }), 'features'],
  ['conformance trainableChecks', () => calls(conformance).trainableChecks({ creat: 1 }), 'create'],
  [
    'conformance describeTrainable',
    () =>
      calls(conformance).describeTrainable(
        '',
        { creat: 1 },
        { describe: (_: string, run: Call) => run(), it },
      ),
    'create',
  ],
  [
    'conformance restore',
    async () => reference.restore(await reference.snapshot(), { partal: true } as never),
    'partial',
  ],
  ['mpi mpi', () => calls(mpi).mpi({ libary: 'libmpi.so' }), 'library'],
  ['mpi shareOfEpoch', () => calls(mpi).shareOfEpoch({ example: 10 }), 'examples'],

  ['webgpu network', () => w.network({ input: [1, 1, 1], layer: [] }), 'layers'],
  [
    'webgpu network, a layer',
    () => w.network({ input: [4, 4, 1], layers: [{ type: 'dense', unit: 3 }], loss: 'crossEntropy' }),
    'units',
  ],
  ['webgpu avgPool', () => w.avgPool({ sze: 2 }), 'size'],
  ['webgpu maxPool', () => w.maxPool({ sze: 2 }), 'size'],
  ['webgpu batchNorm', () => w.batchNorm({ momentm: 0.1 }), 'momentum'],
  ['webgpu conv2d', () => w.conv2d({ filter: 3 }), 'filters'],
  ['webgpu dense', () => w.dense({ unit: 3 }), 'units'],
  ['webgpu dropout', () => w.dropout({ rat: 0.5 }), 'rate'],
  ['webgpu requestDevice', () => w.requestDevice(undefined, { feature: [] }), 'features'],
  ['webgpu createTrainer', () => w.createTrainer({}, {}, { optimzer: 1 }), 'optimizer'],
  [
    'webgpu createOptimizer',
    () => w.createOptimizer({}, core.sgd(), [], policy, { clipnorm: 1 }),
    'clipNorm',
  ],
  [
    'webgpu createOptimizer, lossScale',
    () => w.createOptimizer({}, core.sgd(), [], policy, { lossScale: { intial: 1 } }),
    'initial',
  ],
  [
    'webgpu createOptimizer, a parameter',
    () => w.createOptimizer({ limits: {} }, core.sgd(), [{ value: {}, gradient: {}, lenght: 1 }], policy),
    'length',
  ],
  ['webgpu createTrainable', () => w.createTrainable({}, { optimzer: 1 }), 'optimizer'],

  ['tfjs cyclicLR', () => t.cyclicLR(policy, { cycle: 1 }), 'cycles'],
  ['tfjs resumeCyclicLR', () => t.resumeCyclicLR(layers, { cycle: 1 }), 'cycles'],
  ['tfjs createTrainable', () => t.createTrainable(tf, { ...loop, example: 1 }), 'examples'],
  [
    'tfjs setHyperparameters',
    () => t.setHyperparameters(tf.train.momentum(0.1, 0.9), { lr: 0.1, momentm: 0.9 }),
    'momentum',
  ],
  [
    'tfjs restore',
    async () => layersTrainable.restore(await layersTrainable.snapshot(), { partal: true } as never),
    'partial',
  ],
];

describe('a misspelt option', () => {
  it.each(rows)('%s is refused, and the error names the nearest option', async (_, make, legal) => {
    const error: unknown = await (async () => make())().then(
      () => 'nothing was thrown',
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(core.ClrError);
    expect((error as Error).message).toContain(`Did you mean "${legal}"?`);
  });
});

it('every public function that takes options is called with a misspelt option', () => {
  const api = new URL('../api/', import.meta.url);
  const takesOptions = /^export function (\w+).*(?:Options\b|options\??:|\w+: (?:ChartSize|Wanted)\b)/gm;
  const found = readdirSync(api).flatMap((file) =>
    [...readFileSync(new URL(file, api), 'utf8').matchAll(takesOptions)].map(
      ([, name]) => `${file.split('.')[0]} ${name}`,
    ),
  );
  expect(found.length).toBeGreaterThan(70);
  const tried = new Set(rows.map(([call]) => call.replace(/,.*/, '')));
  expect(found.filter((call) => !tried.has(call))).toEqual([]);
});
