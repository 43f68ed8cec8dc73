import { resolve, sep } from 'node:path';
import { ClrError, sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { asOneFile } from '../src/format/content.ts';
import { buildTrainingModel, createTrainer } from '../src/index.ts';
import { readOutside } from '../src/runtime/externalData.ts';
import { mutate } from './mutate.ts';
import type { OracleModel } from './oracleModel.ts';

/** The legal outcomes for a mutated model: a clear error, or a model that the runtime accepts. */
export type Ending = 'refused' | 'built' | 'trained';

/** A model to mutate, and the options and batch to train it with. */
export interface FuzzSource {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly loss: OracleModel['loss'];
  readonly batch: Readonly<Record<string, ort.Tensor>>;
}

const untouched = [
  ...Object.getOwnPropertyNames(Object.prototype),
  ...Object.getOwnPropertyNames(Array.prototype),
];

function checkPrototypes(): void {
  const now = [
    ...Object.getOwnPropertyNames(Object.prototype),
    ...Object.getOwnPropertyNames(Array.prototype),
  ];
  if (now.join() !== untouched.join()) throw new Error(`prototypes changed: ${now.join()}`);
}

/** A reader that returns data for every file in the model's folder, and fails for any other path. */
async function readInside(location: string, offset: number, length: number | undefined): Promise<Uint8Array> {
  if (!`${resolve('/model', location)}${sep}`.startsWith(`/model${sep}`))
    throw new Error(`a read outside the model's folder: "${location}"`);
  if (offset + (length ?? 0) > 4096)
    throw new ClrError('clr/onnx', { expected: 'a longer file', received: location, advice: '' });
  return new Uint8Array(length ?? 16);
}

/**
 * Mutates a model and builds its training model. With `run`, it also creates a trainer and takes a step.
 *
 * @param maxMs - a limit on the CPU time of a case; only hangs exceed the default, even on a slow machine
 * @throws if the outcome is neither a clear error nor a model
 */
export async function fuzzCase(
  source: FuzzSource,
  seed: number,
  run: boolean,
  maxMs = 10_000,
): Promise<{ ending: Ending; how: string; ms: number }> {
  const { bytes, how } = mutate(source.bytes, seed);
  // CPU time, which does not include other processes on a busy machine.
  const begun = process.cpuUsage();
  const time = (): number => {
    const { user, system } = process.cpuUsage(begun);
    return (user + system) / 1000;
  };
  const options = { loss: source.loss, optimizer: sgd({ momentum: 0.9 }) };
  const found = (what: string, cause?: unknown): Error =>
    new Error(`${source.name}, seed ${seed} (${how}): ${what}`, { cause });
  let ending: Ending = 'refused';
  try {
    const inside = asOneFile(await readOutside(bytes, readInside));
    buildTrainingModel(inside, { ...options, channelBlock: (seed >> 3) % 2 === 0 ? 1 : 8 });
    ending = 'built';
    if (run) {
      const trainer = await createTrainer(ort, inside, {
        ...options,
        session: { intraOpNumThreads: 1, logSeverityLevel: 4 },
      });
      try {
        await trainer.trainStep(source.batch, { lr: 0.01 });
        ending = 'trained';
        await trainer.exportModel();
      } finally {
        await trainer.dispose();
      }
    }
  } catch (error) {
    if (!(error instanceof ClrError))
      throw found(String((error as Error)?.stack ?? error).slice(0, 900), error);
    if (!error.message.startsWith('[clr/onnx] Expected ')) throw found(error.message, error);
  }
  checkPrototypes();
  const ms = time();
  if (ms > maxMs) throw found(`${ms.toFixed(0)} ms of CPU time, more than ${maxMs}`);
  return { ending, how, ms };
}
