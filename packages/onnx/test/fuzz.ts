import { resolve, sep } from 'node:path';
import { ClrError, sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { asOneFile } from '../src/format/content.ts';
import { buildTrainingModel, createTrainer } from '../src/index.ts';
import { readOutside } from '../src/runtime/externalData.ts';
import { mutate } from './mutate.ts';
import type { OracleModel } from './oracleModel.ts';

/** What a mutated model may end in: a clear error, or a model that the runtime takes. */
export type Ending = 'refused' | 'built' | 'trained';

/** A model to mutate, and what it is trained with. */
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

/** A reader that has every file in the model's folder, and notices a wish for another. */
async function readInside(location: string, offset: number, length: number | undefined): Promise<Uint8Array> {
  if (!`${resolve('/model', location)}${sep}`.startsWith(`/model${sep}`))
    throw new Error(`asked for "${location}"`);
  if (offset + (length ?? 0) > 4096)
    throw new ClrError('clr/onnx', { expected: 'a longer file', received: location, advice: '' });
  return new Uint8Array(length ?? 16);
}

/**
 * Mutates a model, builds its training model, and with `run` creates a trainer and takes a step.
 *
 * @param maxMs - the processor's time that a case may take; the default finds hangs on the slowest machine
 * @throws whatever is neither a clear error nor a model: a finding
 */
export async function fuzzCase(
  source: FuzzSource,
  seed: number,
  run: boolean,
  maxMs = 10_000,
): Promise<{ ending: Ending; how: string; ms: number }> {
  const { bytes, how } = mutate(source.bytes, seed);
  // The processor's time: what a busy machine adds is no fault of the model's.
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
  if (ms > maxMs) throw found(`${ms.toFixed(0)} ms`);
  return { ending, how, ms };
}
