import { readFile } from 'node:fs/promises';
import { shuffledIndices } from '@clr/datasets';
import { type Batch, createTrainer, type OnnxTrainer } from '@clr/onnx';
import * as ort from 'onnxruntime-node';
import type { Examples } from '../range-test/data.ts';
import { loadProblem, type Problem } from './data.ts';
import { withFreshHead } from './freshHead.ts';
import type { Setting } from './settings.ts';

/** A setting with one seed's weights, ready to train. */
export interface Task {
  readonly setting: Setting;
  readonly seed: number;
  readonly model: Uint8Array;
  readonly trainer: OnnxTrainer;
  readonly stepsPerEpoch: number;
  /** One pass over the training data, in an order given by `order` and `index`. */
  epoch(order: number, index: number): Generator<Batch, void>;
  /** Endless batches, epoch after epoch. */
  batches(order: number): Generator<Batch, never>;
  readonly validation: readonly Batch[];
  readonly test: readonly Batch[];
}

/** Sessions run on one thread, so that each of two worker processes has its own core. */
export const session = { intraOpNumThreads: 1, interOpNumThreads: 1 } as const;

const fileOf = async (name: string, seed: number): Promise<Uint8Array> =>
  new Uint8Array(await readFile(new URL(`./models/${name}-${seed}.onnx`, import.meta.url)));

async function modelOf({ net, start }: Setting, seed: number): Promise<Uint8Array> {
  if (start === 'scratch') return fileOf(net, seed);
  const trained = await fileOf(`${net}-trained`, seed);
  return start === 'trained' ? trained : withFreshHead(trained, await fileOf(net, seed));
}

/** Loads a setting's data and net. */
export async function createTask(setting: Setting, seed: number): Promise<Task> {
  const problem = await loadProblem(setting.data);
  const { train, validation, test } = problem;
  const model = await modelOf(setting, seed);
  const trainer = await createTrainer(ort, model, {
    loss: 'crossEntropy',
    optimizer: setting.optimizer,
    session,
  });
  const inOrder = (part: Examples): Batch[] => {
    const indices = Uint32Array.from({ length: part.count }, (_, index) => index);
    const size = 250;
    return Array.from({ length: Math.ceil(part.count / size) }, (_, i) =>
      toBatch(part, problem, indices.subarray(size * i, size * (i + 1))),
    );
  };
  function* epoch(order: number, index: number): Generator<Batch, void> {
    const indices = shuffledIndices(train.count, 1000 * order + index);
    for (let from = 0; from + setting.batch <= train.count; from += setting.batch) {
      yield toBatch(train, problem, indices.subarray(from, from + setting.batch));
    }
  }
  return {
    setting,
    seed,
    model,
    trainer,
    stepsPerEpoch: Math.floor(train.count / setting.batch),
    epoch,
    *batches(order) {
      for (let index = 0; ; index++) yield* epoch(order, index);
    },
    validation: inOrder(validation),
    test: inOrder(test),
  };
}

function toBatch(examples: Examples, { shape, targetShape }: Problem, indices: Uint32Array): Batch {
  const size = shape.reduce((product, dim) => product * dim, 1);
  const targets = targetShape.reduce((product, dim) => product * dim, 1);
  const gather = <Data extends Float32Array | BigInt64Array>(from: Data, to: Data): Data => {
    indices.forEach((index, i) => {
      to.set(from.subarray(index * size, (index + 1) * size) as never, i * size);
    });
    return to;
  };
  const target = new BigInt64Array(indices.length * targets);
  indices.forEach((index, i) => {
    for (let k = 0; k < targets; k++) target[i * targets + k] = BigInt(examples.labels[index * targets + k]!);
  });
  const dims = [indices.length, ...shape];
  const { inputs } = examples;
  return {
    input:
      inputs instanceof Float32Array
        ? new ort.Tensor('float32', gather(inputs, new Float32Array(indices.length * size)), dims)
        : new ort.Tensor('int64', gather(inputs, new BigInt64Array(indices.length * size)), dims),
    target: new ort.Tensor('int64', target, [indices.length, ...targetShape]),
  };
}
