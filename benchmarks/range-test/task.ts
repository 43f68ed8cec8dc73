import { readFile } from 'node:fs/promises';
import { random, shuffledIndices } from '@clr/datasets';
import { type Batch, createTrainer, type OnnxTrainer } from '@clr/onnx';
import * as ort from 'onnxruntime-node';
import { type Examples, loadProblem, type Problem } from './data.ts';
import type { Setting } from './settings.ts';

/** A setting with one seed's weights, ready to train. */
export interface Task {
  readonly trainer: OnnxTrainer;
  /** Endless batches, epoch after epoch, in an order given by `seed`. */
  batches(seed: number): Generator<Batch, never>;
  /** The batches of one epoch. */
  epoch(seed: number, index: number): Generator<Batch, void>;
  readonly validation: readonly Batch[];
}

/** Options of {@link createTask}. */
export interface TaskOptions {
  /** Gives the training examples random labels, so that there is nothing to learn. */
  readonly randomLabels?: boolean;
  /** Times no alternative ways to write an operation, so that all machines use the same way. */
  readonly deterministic?: boolean;
}

/** Loads a setting's data and net. The trainer's session runs on one thread. */
export async function createTask(
  setting: Pick<Setting, 'data' | 'net' | 'optimizer' | 'batch'>,
  seed: number,
  options: TaskOptions = {},
): Promise<Task> {
  const problem = await loadProblem(setting.data);
  const { validation } = problem;
  const train = options.randomLabels ? scrambled(problem.train) : problem.train;
  const model = await readFile(new URL(`./models/${setting.net}-${seed}.onnx`, import.meta.url));
  const trainer = await createTrainer(ort, new Uint8Array(model), {
    loss: 'crossEntropy',
    optimizer: setting.optimizer,
    session: { intraOpNumThreads: 1, interOpNumThreads: 1 },
    ...(options.deterministic && { deterministic: true }),
  });
  function* epoch(order: number, index: number): Generator<Batch, void> {
    const indices = shuffledIndices(train.count, 1000 * order + index);
    for (let from = 0; from + setting.batch <= train.count; from += setting.batch) {
      yield toBatch(train, problem, indices.subarray(from, from + setting.batch));
    }
  }
  return {
    trainer,
    *batches(order) {
      for (let index = 0; ; index++) yield* epoch(order, index);
    },
    epoch,
    validation: Array.from({ length: validation.count / 250 }, (_, i) =>
      toBatch(
        validation,
        problem,
        Uint32Array.from({ length: 250 }, (_, k) => 250 * i + k),
      ),
    ),
  };
}

function toBatch(examples: Examples, { shape }: Problem, indices: Uint32Array): Batch {
  const { inputs } = examples;
  const size = shape.reduce((product, dim) => product * dim, 1);
  const dims = [indices.length, ...shape];
  const target = BigInt64Array.from(indices, (index) => BigInt(examples.labels[index]!));
  const gather = <Data extends Float32Array | BigInt64Array>(from: Data, to: Data): Data => {
    indices.forEach((index, i) => {
      to.set(from.subarray(index * size, (index + 1) * size) as never, i * size);
    });
    return to;
  };
  return {
    input:
      inputs instanceof Float32Array
        ? new ort.Tensor('float32', gather(inputs, new Float32Array(indices.length * size)), dims)
        : new ort.Tensor('int64', gather(inputs, new BigInt64Array(indices.length * size)), dims),
    target: new ort.Tensor('int64', target, [indices.length]),
  };
}

function scrambled(examples: Examples): Examples {
  const next = random(7);
  const classes = Math.max(...examples.labels) + 1;
  return { ...examples, labels: examples.labels.map(() => Math.floor(next() * classes)) };
}
