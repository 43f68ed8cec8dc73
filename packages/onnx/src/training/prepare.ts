import { fail } from '../errors.ts';
import { operators } from '../gradients/index.ts';
import type { Target } from '../lower/target.ts';
import { dequantised } from '../read/dequantise.ts';
import { readSource } from '../read/readSource.ts';
import { applySizes, type SizedModel } from '../read/sizes.ts';
import { show } from '../show.ts';
import type { BuildOptions } from './options.ts';
import { readOptions } from './readOptions.ts';
import { buildInference, buildWhole, type Inference, type Whole } from './whole.ts';

/** The kind of target of cross-entropy, which has a form for each. */
export type TargetKind = NonNullable<BuildOptions['target']>;

/** A model that has been read once; everything that is trained or evaluated with it is a part of these graphs. */
export interface Prepared {
  readonly options: BuildOptions;
  /** The model as it was read. Nothing changes it. */
  readonly source: SizedModel;
  /** The way there, the way back and the update: step, gradients and update are parts of it. Made once. */
  readonly whole: (target?: TargetKind) => Whole;
  /** The way there in inference form. */
  readonly inference: (target?: TargetKind) => Inference;
}

/** What the models are written for. */
function targetOf({ channelBlock = 1, provider = 'any' }: BuildOptions): Target {
  if (channelBlock === 1 || (provider !== 'webgpu' && (channelBlock === 8 || channelBlock === 16)))
    return { provider, channelBlock };
  throw fail(
    "channelBlock to be 1, 8 or 16 (only 1 with provider 'webgpu')",
    `channelBlock = ${show(channelBlock)}${provider === 'webgpu' ? " with provider 'webgpu'" : ''}`,
    'Leave it out for a model that runs everywhere.',
  );
}

/** The results of a function, each made when it is first asked for. */
function kept<T>(make: (target: TargetKind) => T): (target: TargetKind) => T {
  const made = new Map<TargetKind, T>();
  return (target) => {
    const known = made.get(target) ?? make(target);
    made.set(target, known);
    return known;
  };
}

/**
 * Reads a model and checks the options.
 *
 * @throws {ClrError} on bytes that are no model, or options that are wrong by themselves
 */
export function prepare(bytes: Uint8Array, given: BuildOptions): Prepared {
  const options = readOptions(given);
  const target = targetOf(options);
  const read = dequantised(readSource(bytes), options.trainable);
  const source: SizedModel = options.sizes
    ? { ...read, resize: applySizes(read, options.sizes, operators) }
    : read;
  const preset = options.target ?? 'indices';
  const whole = kept((kind) => buildWhole(source, { ...options, target: kind }, target));
  const inference = kept((kind) => buildInference(source, { ...options, target: kind }, target));
  return {
    options,
    source,
    whole: (kind = preset) => whole(kind),
    inference: (kind = preset) => inference(kind),
  };
}
