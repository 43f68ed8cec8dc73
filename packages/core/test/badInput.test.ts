import { describe, expect, it } from 'vitest';
import * as clr from '../src/index.ts';
import { examples, linearTrainable } from './linearTrainable.ts';

// Mistakes of beginners. Each must give one clear error that says what to do, before anything changes.

const {
  adam,
  analyzeRangeTest,
  autoClr,
  constant,
  cooldown,
  fitToCycles,
  oneCycle,
  planCycles,
  rangeTest,
  readTroughs,
  rmsProp,
  sampleSchedule,
  sgd,
  table,
  toSchedule,
  train,
  triangular,
} = clr as never as Record<string, (...given: unknown[]) => unknown>;

const trainable = linearTrainable();
const batches = examples;
const policy = constant!({ lr: 0.1 });
const promised = Promise.resolve(trainable);

/** A name, a call, and the parts of its error: what was received, and what to do. */
const cases: readonly [mistake: string, call: () => unknown, says: readonly string[]][] = [
  [
    'train without await before createTrainer',
    () => train!(promised, batches, { policy, steps: 1 }),
    ['a promise of one', 'Write `await`'],
  ],
  [
    'rangeTest without await before createTrainer',
    () => rangeTest!(promised, batches),
    ['a promise of one', 'Write `await`'],
  ],
  [
    'autoClr without await before createTrainer',
    () => autoClr!(promised, batches, { steps: 9 }),
    ['a promise of one', 'Write `await`'],
  ],
  [
    'train without a model',
    () => train!(undefined, batches, { policy, steps: 1 }),
    ['a Trainable', 'undefined', 'createTrainer'],
  ],
  [
    'train with a model instead of a Trainable',
    () => train!({ layers: [] }, batches, { policy, steps: 1 }),
    ['a Trainable', 'createTrainable'],
  ],
  [
    'train with a function as validation data',
    () => train!(trainable, batches, { policy, steps: 1, validation: () => batches }),
    ['validation', 'a function'],
  ],
  [
    'autoClr with a function as validation data',
    () => autoClr!(trainable, batches, { steps: 9, validation: () => batches }),
    ['validation', 'a function'],
  ],
  [
    'rangeTest with a function as validation data',
    () => rangeTest!(trainable, batches, { validation: () => batches }),
    ['validation', 'a function'],
  ],
  [
    'train with both names of the validation data',
    () => train!(trainable, batches, { policy, steps: 1, validation: batches, evaluate: batches }),
    ['`evaluate`', 'both'],
  ],
  [
    'train with fewer steps than the checkpoint has',
    () => train!(trainable, batches, { policy, steps: 8, from: { step: 20, snapshot: {} } }),
    ['steps = 8', '20'],
  ],
  ['cooldown without options', () => cooldown!(policy), ['the options of cooldown', 'from, steps']],
  [
    'cooldown with a peak of its own',
    () => cooldown!(policy, { from: { step: 5 }, steps: 10, maxLr: 5 }),
    ['maxLr = 5', 'from, steps, shape, finalLr'],
  ],
  [
    'train without options',
    () => train!(trainable, batches),
    ['the options of train', 'policy, steps', 'undefined'],
  ],
  [
    'train with a number of steps instead of options',
    () => train!(trainable, batches, 100),
    ['the options of train', '100'],
  ],
  [
    'train without batches',
    () => train!(trainable, undefined, { policy, steps: 1 }),
    ['batches that can be iterated', 'undefined'],
  ],
  [
    'train with a batch instead of a list of batches',
    () => train!(trainable, { features: [], classes: [] }, { policy, steps: 1 }),
    ['batches that can be iterated', 'Give an array'],
  ],
  [
    'train with an empty list of batches',
    () => train!(trainable, [], { policy, steps: 1 }),
    ['at least one batch', 'none in batches'],
  ],
  [
    'train without a policy',
    () => train!(trainable, batches, { steps: 1 }),
    ['policy = undefined', 'constant({ lr })'],
  ],
  [
    'train with a rate as policy',
    () => train!(trainable, batches, { policy: 0.01, steps: 1 }),
    ['policy = 0.01', 'pass constant({ lr: 0.01 })'],
  ],
  [
    'train with the name of a policy',
    () => train!(trainable, batches, { policy: 'triangular', steps: 1 }),
    ['policy = "triangular"', 'triangular({ baseLr, maxLr, stepSize })'],
  ],
  [
    'train with epochs',
    () => train!(trainable, batches, { policy, epochs: 3 }),
    ['the unknown option epochs = 3', 'steps'],
  ],
  [
    'train with lr',
    () => train!(trainable, batches, { lr: 0.1, steps: 3 }),
    ['the unknown option lr = 0.1', 'policy'],
  ],
  [
    'train with a misspelt option',
    () => train!(trainable, batches, { policy, steps: 1, validaton: batches }),
    ['validaton', 'Did you mean "validation"?'],
  ],
  [
    'train with onstep',
    () => train!(trainable, batches, { policy, steps: 1, onstep() {} }),
    ['onstep', 'Did you mean "onStep"?'],
  ],
  [
    'train with half a step',
    () => train!(trainable, batches, { policy, steps: 1.5 }),
    ['steps = 1.5', 'whole number'],
  ],
  ['train with steps as text', () => train!(trainable, batches, { policy, steps: '10' }), ['steps = "10"']],
  [
    'train with an AbortController as signal',
    () => train!(trainable, batches, { policy, steps: 1, signal: new AbortController() }),
    ['an AbortSignal', 'Pass `signal` of an AbortController'],
  ],
  [
    'train with a misspelt checkpoint',
    () => train!(trainable, batches, { policy, steps: 1, checkpoint: { save() {}, evry: { steps: 1 } } }),
    ['evry', 'Did you mean "every"?'],
  ],
  [
    'rangeTest with startlr',
    () => rangeTest!(trainable, batches, { startlr: 1e-4 }),
    ['startlr', 'Did you mean "startLr"?'],
  ],
  [
    'rangeTest with minLr',
    () => rangeTest!(trainable, batches, { minLr: 1e-4 }),
    ['minLr', 'startLr, endLr'],
  ],
  [
    'rangeTest with rates the wrong way round',
    () => rangeTest!(trainable, batches, { startLr: 1, endLr: 0.1 }),
    ['startLr', 'Swap them'],
  ],
  [
    'rangeTest with the spacing log',
    () => rangeTest!(trainable, batches, { spacing: 'log' }),
    ['"linear" or "exponential"', '"log"'],
  ],
  [
    'analyzeRangeTest without a trace',
    () => analyzeRangeTest!(undefined),
    ['the trace of a range test', 'undefined', 'the result of rangeTest()'],
  ],
  [
    'analyzeRangeTest with a promise',
    () => analyzeRangeTest!(Promise.resolve({})),
    ['the trace of a range test', 'a promise'],
  ],
  [
    'analyzeRangeTest with a list of losses',
    () => analyzeRangeTest!([1, 2, 3]),
    ['the trace of a range test', 'an array'],
  ],
  [
    'analyzeRangeTest with a misspelt option',
    () => analyzeRangeTest!({ points: [] }, { smothing: 'none' }),
    ['smothing', 'Did you mean "smoothing"?'],
  ],
  ['autoClr without options', () => autoClr!(trainable, batches), ['the options of autoClr', 'steps']],
  [
    'autoClr with evaluate',
    () => autoClr!(trainable, batches, { steps: 10, evaluate: batches }),
    ['the unknown option evaluate', 'validation'],
  ],
  [
    'autoClr with a rate as plan',
    () => autoClr!(trainable, batches, { steps: 10, plan: 0.01 }),
    ['plan = 0.01', '"decay" or "cycles"'],
  ],
  [
    'sgd with a rate instead of options',
    () => sgd!(0.01),
    ['no learning rate', '0.01', 'The policy gives the rate'],
  ],
  [
    'adam with a rate instead of options',
    () => adam!(1e-3),
    ['no learning rate', '0.001', 'The policy gives the rate'],
  ],
  ['sgd with lr', () => sgd!({ lr: 0.01 }), ['lr = 0.01', 'The policy gives the rate']],
  [
    'rmsProp with learningRate',
    () => rmsProp!({ learningRate: 0.01 }),
    ['learningRate = 0.01', 'The policy gives the rate'],
  ],
  ['sgd with weightdecay', () => sgd!({ weightdecay: 0.1 }), ['weightdecay', 'Did you mean "weightDecay"?']],
  [
    'sgd with Nesterov and no momentum',
    () => sgd!({ nesterov: true }),
    ['nesterov = true', 'sgd({ momentum: 0.9, nesterov: true })'],
  ],
  ['sgd with momentum 1', () => sgd!({ momentum: 1 }), ['momentum = 1', '[0, 1)']],
  ['adam with betas, as in PyTorch', () => adam!({ betas: [0.9, 0.999] }), ['betas', 'beta1']],
  ['triangular with null', () => triangular!(null), ['null', 'baseLr, maxLr, stepSize']],
  ['triangular with two numbers', () => triangular!(0.001, 0.006), ['0.001', 'baseLr, maxLr, stepSize']],
  ['triangular without stepSize', () => triangular!({ baseLr: 0.1, maxLr: 1 }), ['stepSize = undefined']],
  [
    'triangular with bounds the wrong way round',
    () => triangular!({ baseLr: 1, maxLr: 0.1, stepSize: 5 }),
    ['baseLr = 1', 'Swap them'],
  ],
  [
    'triangular with snake case',
    () => triangular!({ base_lr: 0.1, max_lr: 1, step_size: 5 }),
    ['base_lr', 'Did you mean "baseLr"?'],
  ],
  [
    'oneCycle with three phases that do not fit',
    () => oneCycle!({ maxLr: 0.1, totalSteps: 100, pctStart: 0.6, threePhase: true }),
    ['pctStart = 0.6', 'at most 0.5'],
  ],
  ['oneCycle without totalSteps', () => oneCycle!({ maxLr: 0.1 }), ['totalSteps = undefined']],
  ['constant with a number instead of options', () => constant!(0.1), ['0.1', 'lr']],
  ['constant with a rate below 0', () => constant!({ lr: -0.1 }), ['lr = -0.1', 'above 0']],
  ['table with a typed array', () => table!({ values: Float32Array.of(1) }), ['values', 'Array.from()']],
  [
    'a policy of an unknown type',
    () => toSchedule!({ type: 'triangluar', baseLr: 0, maxLr: 1, stepSize: 2 }),
    ['triangluar', 'Did you mean "triangular"?'],
  ],
  ['toSchedule with a number', () => toSchedule!(0.1), ['policy = 0.1', 'constant({ lr: 0.1 })']],
  [
    'sampleSchedule without options',
    () => sampleSchedule!(policy),
    ['the options of sampleSchedule', 'steps'],
  ],
  [
    'sampleSchedule of a rate by another name',
    () => sampleSchedule!(policy, { steps: 3, of: 'rate' }),
    ['of = "rate"'],
  ],
  ['sampleSchedule with count', () => sampleSchedule!(policy, { count: 5 }), ['count', 'steps']],
  [
    'planCycles with epochs',
    () => planCycles!({ baseLr: 0.1, maxLr: 1, epochs: 3 }),
    ['epochs', 'stepsPerEpoch'],
  ],
  [
    'readTroughs with a misspelt option',
    () => readTroughs!([], { patiance: 3 }),
    ['patiance', 'Did you mean "patience"?'],
  ],
  ['fitToCycles with text as budget', () => fitToCycles!(policy, 'ten'), ['"ten"']],
];

describe('a beginner’s mistake', () => {
  it.each(cases)('%s', async (_, call, says) => {
    const error: unknown = await (async () => call())().then(
      () => 'nothing was thrown',
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(clr.ClrError);
    const { message } = error as Error;
    for (const part of says) expect(message).toContain(part);
    // The message has three lines: what was expected, what was received, what to do.
    expect(message).toMatch(/^\[clr\/\w+\] Expected .+\.\nReceived: .+\n.+[.?!]$/);
  });
});
