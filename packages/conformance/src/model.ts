import type { Hyperparameters } from '@clr/core';
import { fail } from './assert.ts';
import type { Subject, TestModel, Weights } from './subject.ts';

/** The subject's rate, at which training goes well. */
export const rateOf = <Batch>(subject: Subject<Batch>): number => subject.rate ?? 0.05;

/** Makes a fresh model, passes it to `use`, and frees it whatever happens. */
export async function withModel<Batch, Result>(
  create: () => TestModel<Batch> | Promise<TestModel<Batch>>,
  use: (model: TestModel<Batch>) => Promise<Result>,
): Promise<Result> {
  const model = await create();
  try {
    return await use(model);
  } finally {
    await model.trainable.dispose();
    await model.release?.();
  }
}

/** The function that makes a subject's plain model. */
export function plain<Batch>(subject: Subject<Batch>): () => TestModel<Batch> | Promise<TestModel<Batch>> {
  return () => subject.create();
}

/** The function that makes the model with the most state: with momentum if the adapter supports it. */
export function richest<Batch>(subject: Subject<Batch>): () => TestModel<Batch> | Promise<TestModel<Batch>> {
  return () => subject.createWithMomentum?.() ?? subject.create();
}

/** The hyperparameters of a step, with momentum if the subject can set it. */
export function hyperparameters<Batch>(subject: Subject<Batch>, step: number): Hyperparameters {
  const lr = rateOf(subject) / (step + 1);
  return subject.createWithMomentum ? { lr, momentum: 0.5 + 0.1 * (step % 3) } : { lr };
}

/** Batch number `index` of a subject. The batches repeat. */
export function batchOf<Batch>({ batches }: Subject<Batch>, index: number): Batch {
  return batches[index % batches.length]!;
}

/** Takes one step and awaits its metrics, so that the device has finished. */
export async function step<Batch>(
  { trainable }: TestModel<Batch>,
  batch: Batch,
  hyper: Hyperparameters,
): Promise<{ loss: number; accuracy?: number }> {
  const { loss, accuracy } = await trainable.trainStep(batch, hyper);
  return accuracy === undefined ? { loss: await loss } : { loss: await loss, accuracy: await accuracy };
}

/** Takes the steps `from … to − 1` of the run that all checks use, and returns the weights after them. */
export async function steps<Batch>(
  model: TestModel<Batch>,
  subject: Subject<Batch>,
  from: number,
  to: number,
): Promise<Weights> {
  for (let at = from; at < to; at++) await step(model, batchOf(subject, at), hyperparameters(subject, at));
  return model.weights();
}

/** `[who] Expected …`, then `Received: …`, then what to do. */
const shape = /^\[[^\]]+\] Expected .+\.\nReceived: .+\n.+/s;

/** Fails unless `action` throws or rejects with a helpful message. */
export async function refusal(what: string, advice: string, action: () => Promise<unknown>): Promise<void> {
  try {
    await action();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (shape.test(message)) return;
    throw fail(`${what} to be refused with "[who] Expected …", "Received: …" and advice`, message, advice);
  }
  throw fail(`${what} to be refused`, 'a successful step', advice);
}
