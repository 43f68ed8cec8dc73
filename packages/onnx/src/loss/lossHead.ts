import { fail } from '../errors.ts';
import type { Ops } from '../graph/ops.ts';
import { shapeText } from '../show.ts';
import { classAxis, crossEntropy } from './crossEntropy.ts';
import { ctc } from './ctc.ts';
import { type Logits, logitOf, logitsOf, softmaxAxis } from './logits.ts';
import { regressions } from './regression.ts';
import type { Target, TermHead } from './target.ts';
import type { Term } from './terms.ts';

/** The loss appended to a model, and the gradients that the backward pass starts with. */
export interface LossHead {
  /** The loss, a scalar: the weighted sum of all terms. */
  readonly loss: string;
  /** The share of targets that the first output with a cross-entropy predicts correctly, a scalar. */
  readonly accuracy?: string;
  /**
   * The model's prediction; probabilities for classifiers. It exists only with a single loss that the model does not
   * compute itself.
   */
  readonly outputs?: string;
  /** The targets of the losses. */
  readonly targets: readonly Target[];
  /** The gradients of the loss with respect to values of the model. */
  readonly seeds: ReadonlyMap<string, string>;
}

/** A scalar output that is itself the loss. */
function modelLoss(b: Ops, wanted: string): TermHead {
  const dims = b.dims(wanted);
  if (dims?.some((dim) => dim !== 1)) {
    throw fail(
      'a scalar output as the loss',
      `"${wanted}" of shape ${shapeText(dims)}`,
      'Let the model output the mean of its elements.',
    );
  }
  const scalar = dims?.length === 0 ? b.emit('Identity', [wanted]) : b.reshape(wanted, []);
  return { loss: scalar, seeds: new Map([[wanted, b.filled(b.shapeOf(wanted), 1, wanted)]]) };
}

/** The unweighted loss of one output. */
function headOf(b: Ops, wanted: string, term: Term, name: string, distribution: boolean): TermHead {
  const nodes = [...b.nodes];
  if (term.type === 'model') return modelLoss(b, wanted);
  if (term.type === 'crossEntropy') {
    const axis = classAxis(b.shape(wanted), term.axis, () => softmaxAxis(b, nodes, wanted));
    return crossEntropy(b, logitsOf(b, nodes, wanted, axis.axis), axis, name, distribution, term);
  }
  if (term.type === 'ctc') return ctc(b, logitsOf(b, nodes, wanted, 2), name, term);
  const { value: y, back }: Logits =
    term.type === 'bceWithLogits'
      ? logitOf(b, nodes, wanted)
      : { value: wanted, back: (gradient) => new Map([[wanted, gradient]]) };
  const { type } = b.type(wanted);
  const dims = b.shape(y);
  b.declare(name, type, dims);
  const { loss, outputs, seed } = regressions[term.type](b, y, name, term);
  const axes = dims.map((_, axis) => axis);
  return { loss, outputs, target: { name, type, dims, of: y, axes }, seeds: back(seed) };
}

/** Multiplies a loss and its gradients by its weight. */
function weighed(b: Ops, head: TermHead, weight: number): TermHead {
  if (weight === 1) return head;
  const times = (value: string): string => b.mul(value, b.scalar(weight, value));
  const seeds = new Map([...head.seeds].map(([value, seed]) => [value, times(seed)]));
  return { ...head, loss: times(head.loss), seeds };
}

/**
 * Appends the losses and their sum to the graph.
 *
 * @param wanted - the value that each loss is computed on; see `lossInput`
 * @param names - the names of the targets
 * @param distribution - whether the targets of classifiers are distributions
 * @throws {ClrError} if an output does not fit its loss
 */
export function appendLosses(
  b: Ops,
  terms: readonly Term[],
  wanted: readonly string[],
  names: readonly string[],
  distribution: boolean,
): LossHead {
  const heads = terms.map((term, i) => {
    const head = headOf(b, wanted[i] as string, term, names[i] as string, distribution);
    return weighed(b, head, term.weight);
  });
  const seeds = new Map<string, string>();
  for (const head of heads) {
    for (const [value, seed] of head.seeds) {
      const other = seeds.get(value);
      seeds.set(value, other === undefined ? seed : b.add(other, seed));
    }
  }
  const accuracy = heads.find((head) => head.accuracy !== undefined)?.accuracy;
  const outputs = heads.length === 1 ? heads[0]?.outputs : undefined;
  const [first] = heads;
  const sum = b.sum(heads.map(({ loss }) => (heads.length > 1 ? b.castLike(loss, first?.loss ?? '') : loss)));
  return {
    loss: sum,
    ...(accuracy === undefined ? {} : { accuracy }),
    ...(outputs === undefined ? {} : { outputs }),
    targets: heads.flatMap(({ target }) => target ?? []),
    seeds,
  };
}
