import { fail } from '../errors.ts';
import type { Content } from '../format/content.ts';
import { operators } from '../gradients/index.ts';
import type { Graph } from '../graph/graph.ts';
import { type Lowered, lower } from '../lower/lower.ts';
import { chooseFrom, type Forms, type Question, questionsOf } from '../lower/question.ts';
import type { Target } from '../lower/target.ts';
import { dequantised } from '../read/dequantise.ts';
import { readSource } from '../read/readSource.ts';
import { applySizes, type SizedModel } from '../read/sizes.ts';
import { show } from '../show.ts';
import type { BuildOptions } from './options.ts';
import { readOptions } from './readOptions.ts';
import { buildInference, buildWhole, type Inference, type Whole } from './whole.ts';

/** The kind of target for cross-entropy. Each kind has its own loss operators. */
export type TargetKind = NonNullable<BuildOptions['target']>;

/** A model that was read once. All training and evaluation models are cut from its graphs `whole` and `inference`. */
export interface Prepared {
  readonly options: BuildOptions;
  /** The model that was read. It is never changed. */
  readonly source: SizedModel;
  /** The execution provider and the NCHWc block size that the models are lowered for. */
  readonly target: Target;
  /** Whether large frozen weights become inputs of the models; see `takeWeights`. */
  readonly feedsWeights: boolean;
  /** Forward, backward and update in one graph, made once. Step, gradient and update models are cut from it. */
  readonly whole: (target?: TargetKind) => Whole & Lowered;
  /** The forward pass in inference mode. */
  readonly inference: (target?: TargetKind) => Inference & Lowered;
  /** The nodes (`asked`) whose form a measurement on this machine chooses, and the graph (`by`) that contains them. */
  readonly questions: () => { readonly asked: readonly Question[]; readonly by: Graph };
  /** The forms chosen so far, for nodes that can be written as ONNX operators in several ways. */
  readonly forms: () => Forms;
  /** The same model, lowered with other forms. */
  readonly as: (forms: Forms) => Prepared;
}

/** Checks `channelBlock`. Returns the execution provider and the NCHWc block size to lower for. */
function targetOf({ channelBlock = 1, provider = 'any' }: BuildOptions): Target {
  if (channelBlock === 1 || (provider !== 'webgpu' && (channelBlock === 8 || channelBlock === 16)))
    return { provider, channelBlock };
  throw fail(
    "channelBlock to be 1, 8 or 16 (only 1 with provider 'webgpu')",
    `channelBlock = ${show(channelBlock)}${provider === 'webgpu' ? " with provider 'webgpu'" : ''}`,
    'Leave it out for a model that runs everywhere.',
  );
}

/** Graphs by kind of target, built on first use. Lowering changes a graph, so `take` hands each graph out only once. */
class Drafts<D> {
  readonly #build: (target: TargetKind) => D;
  readonly #ready = new Map<TargetKind, D>();

  constructor(build: (target: TargetKind) => D) {
    this.#build = build;
  }

  of(target: TargetKind): D {
    const draft = this.#ready.get(target) ?? this.#build(target);
    this.#ready.set(target, draft);
    return draft;
  }

  take(target: TargetKind): D {
    const draft = this.of(target);
    this.#ready.delete(target);
    return draft;
  }
}

/** Memoises a function. */
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
 * @param feedsWeights - see {@link Prepared}
 * @throws {ClrError} if the bytes are not a model, or if an option is invalid
 */
export function prepare(model: Uint8Array | Content, given: BuildOptions, feedsWeights = false): Prepared {
  const options = readOptions(given);
  const target = targetOf(options);
  const read = dequantised(readSource(model), options.trainable);
  const source: SizedModel = options.sizes
    ? { ...read, resize: applySizes(read, options.sizes, operators) }
    : read;
  const preset = options.target ?? 'indices';
  const wholes = new Drafts((kind) => buildWhole(source, { ...options, target: kind }));
  const inferences = new Drafts((kind) => buildInference(source, { ...options, target: kind }));
  const as = (forms: Forms): Prepared => {
    const taken = new Map<string, string>();
    const written = <D extends Whole | Inference>(drafts: Drafts<D>) =>
      kept((kind) => {
        const draft = drafts.take(kind);
        return { ...draft, ...lower(draft.b, target, chooseFrom(forms, target, taken)) };
      });
    const [whole, inference] = [written(wholes), written(inferences)];
    return {
      options,
      source,
      target,
      feedsWeights,
      whole: (kind = preset) => whole(kind),
      inference: (kind = preset) => inference(kind),
      questions: () => {
        const { b } = wholes.of(preset);
        return { asked: questionsOf(b, target), by: b };
      },
      forms: () => Object.fromEntries(taken),
      as,
    };
  };
  return as(options.forms ?? {});
}
