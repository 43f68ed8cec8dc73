import { fail } from '../errors.ts';
import { DataType } from '../format/dataType.ts';
import { patchTensors } from '../format/patch.ts';
import { readSource } from '../read/readSource.ts';
import { floatValues, Opened } from '../surgery/opened.ts';
import { splitFrozen } from '../surgery/splitFrozen.ts';
import type { Plan } from '../training/plan.ts';
import { CachedTrainer } from './cachedTrainer.ts';
import { type ExampleIds, FeatureCache } from './featureCache.ts';
import type { OnnxTrainer } from './onnxTrainer.ts';
import type { InferenceSession, Ort } from './ort.ts';

/** The model, the plan of its training, and a function that makes a trainer for a part of the model. */
interface Parts {
  /** The original file, and the file with shapes added. */
  readonly source: Uint8Array;
  readonly model: Uint8Array;
  readonly plan: Plan;
  readonly session: InferenceSession.SessionOptions;
  readonly trainerOf: (head: Uint8Array, trainable: (name: string) => boolean) => Promise<OnnxTrainer>;
}

/** Refuses options that cannot be combined with cached features. */
export function checkCacheable(sizes: boolean, several: boolean): void {
  if (!sizes && !several) return;
  throw fail(
    `cacheFeatures without ${sizes ? 'sizes' : 'reduce'}`,
    `both cacheFeatures and ${sizes ? 'sizes' : 'reduce'}`,
    `Leave out one of them${sizes ? ', or export the model with these sizes' : ''}.`,
  );
}

/**
 * Makes a trainer of the head, that is, of the part after the frozen body. The outputs of the body (features) are
 * computed once for each example.
 */
export async function createCached(ort: Ort, ids: ExampleIds, parts: Parts): Promise<OnnxTrainer> {
  const { source, model, plan, session, trainerOf } = parts;
  const trained = new Set(plan.parameters.map(({ name }) => name));
  const { body, head, features } = splitFrozen(model, trained);
  const stored = readSource(head).stored ?? new Map();
  const lost = [...trained].find((name) => !stored.has(name));
  if (lost !== undefined) {
    throw fail(
      'trained weights in the main graph, for cacheFeatures',
      `"${lost}" inside a loop, a branch or a function`,
      'Train without cacheFeatures.',
    );
  }
  const trainer = await trainerOf(head, (name) => trained.has(name));
  const inputs = new Opened(head).graph.input.map(({ name }) => name);
  const cache = new FeatureCache(
    ort,
    await ort.InferenceSession.create(body, session),
    features,
    inputs,
    ids,
  );
  const changed = [...trained, ...plan.buffers.map(({ tensor }) => tensor.name)];
  const places = readSource(source).stored;
  return new CachedTrainer(trainer, cache, (bytes) => {
    const opened = new Opened(bytes);
    return patchTensors(
      source,
      changed.map((name) => {
        const values = floatValues(opened, name);
        const double = opened.type(name).type === DataType.DOUBLE;
        return {
          name,
          place: places?.get(name)?.place ?? '',
          data: double ? values : Float32Array.from(values),
        };
      }),
    );
  });
}
