import type * as Onnx from '@clr/onnx';
import type { Loss, ParameterGroup } from '@clr/onnx';
import { UsageError, unusable } from '../errors.ts';
import { listOf, numberOf, oneOf, type TrainingValues, wholeOf } from './flags.ts';

type Trainable = (name: string) => boolean;

/** A model that is ready to train. */
export interface Prepared {
  readonly model: Uint8Array;
  readonly trainable?: Trainable;
  /** Converts the file of the trained model to the file that is written. */
  readonly finish: (trained: Uint8Array) => Uint8Array;
}

/** The numbers of classes of the data and of the given model's output, if they are known. */
interface Classes {
  readonly classes: number | undefined;
  readonly outputs: number | undefined;
}

/** Replaces the head and adds adapters, as the options ask, and selects the weights to train. */
export function prepareModel(
  onnx: typeof Onnx,
  given: Uint8Array,
  command: string,
  values: TrainingValues,
  { classes, outputs }: Classes,
): Prepared {
  const seed = wholeOf(command, 'seed', values.seed, 0) ?? 0;
  let model = given;
  let predicted = outputs;
  if (values.head !== undefined) {
    const wanted = values.head === 'auto' ? classes : wholeOf(command, 'head', values.head);
    if (wanted === undefined) {
      throw unusable({
        expected: 'data with classes, for --head auto',
        received: 'data whose targets are numbers',
        advice: 'Give --head 1.',
      });
    }
    model = onnx.replaceHead(model, { classes: wanted, seed });
    predicted = wanted;
  }
  checkClasses(predicted, classes);
  const rank = wholeOf(command, 'lora', values.lora);
  if (rank !== undefined) {
    if (values.freeze !== undefined) {
      throw unusable({
        expected: '--lora or --freeze',
        received: 'both',
        advice: 'With --lora all weights except the adapters and a new head are frozen anyway.',
      });
    }
    const adapted = onnx.addLora(model, { rank, seed });
    const head = values.head === undefined ? [] : headOf(onnx, model);
    const trainable: Trainable = (name) => onnx.isLora(name) || head.includes(name);
    return {
      model: onnx.freezeBatchNorm(adapted),
      trainable,
      finish: (trained) => onnx.mergeLora(trained),
    };
  }
  const finish = (trained: Uint8Array): Uint8Array => onnx.freezeBatchNorm(trained);
  if (values.freeze === undefined) return { model, finish };
  const trainable =
    values.freeze === 'body'
      ? onnx.freezeExcept(model, 1)
      : onnx.freezeExcept(model, notNamed(onnx, model, values.freeze));
  return { model: onnx.freezeBatchNorm(model, { except: trainable }), trainable, finish };
}

function headOf(onnx: typeof Onnx, model: Uint8Array): string[] {
  const { weight, bias } = onnx.describeHead(model);
  return bias === undefined ? [weight] : [weight, bias];
}

/** Selects all weights except those that match a list of names with asterisks. */
function notNamed(onnx: typeof Onnx, model: Uint8Array, list: string): Trainable {
  const named = list.split(',').map((text) => namedBy(onnx, model, 'freeze', text));
  const left: Trainable = (name) => !named.some((matches) => matches(name));
  if (onnx.describeModel(model).weights.some(({ name, trained }) => trained && left(name))) return left;
  throw unusable({
    expected: '--freeze to leave a weight to train',
    received: `--freeze ${list}`,
    advice: 'Name fewer weights. "body" freezes all but the last layer.',
  });
}

/** Selects the weights that match a name with asterisks. Refuses a name that matches no weight. */
function namedBy(onnx: typeof Onnx, model: Uint8Array, flag: string, text: string): Trainable {
  const parts = text.split('*').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  const pattern = new RegExp(`^${parts.join('.*')}$`);
  const names = onnx.describeModel(model).weights.map(({ name }) => name);
  if (names.some((name) => pattern.test(name))) return (name) => pattern.test(name);
  const body = flag === 'freeze' ? ' "body" freezes all but the last layer.' : '';
  throw unusable({
    expected: `names of weights for --${flag}`,
    received: text,
    advice: `The first are ${names.slice(0, 4).join(', ')}; clr inspect lists all.${body}`,
  });
}

/** The groups of weights with their own rates. */
export function groupsOf(
  onnx: typeof Onnx,
  model: Uint8Array,
  command: string,
  list: string | undefined,
): ParameterGroup[] | undefined {
  return list?.split(',').map((part) => {
    const at = part.lastIndexOf('=');
    const [text, factor] = [part.slice(0, at), part.slice(at + 1)];
    const lrScale = at > 0 && factor.trim() !== '' ? Number(factor) : Number.NaN;
    if (Number.isFinite(lrScale) && lrScale >= 0)
      return { match: namedBy(onnx, model, 'lr-scale', text), lrScale };
    throw new UsageError("--lr-scale with names and factors, as in 'layer1*=0.1'", part, command);
  });
}

/** The number of classes that an output of this shape can predict, if the shape fixes it. */
export function classesOf(dims: readonly (number | string)[] | undefined): number | undefined {
  const size = dims?.[dims.length > 2 ? 1 : dims.length - 1];
  return typeof size === 'number' ? size : undefined;
}

function checkClasses(outputs: number | undefined, classes: number | undefined): void {
  if (classes === undefined || outputs === undefined || classes <= outputs) return;
  throw unusable({
    expected: `a model with an output for each of ${classes} classes`,
    received: `${outputs} outputs`,
    advice: 'Give it a new last layer: --head auto.',
  });
}

/** The loss that the flags ask for. Default: cross-entropy for classes, MSE for numbers. */
export function lossOf(
  command: string,
  values: TrainingValues,
  labels: ArrayLike<number> | undefined,
): Exclude<Loss, readonly unknown[]> {
  const names = ['crossEntropy', 'mse', 'l1', 'huber', 'bceWithLogits'] as const;
  const name = oneOf(command, 'loss', values.loss, names) ?? (labels ? 'crossEntropy' : 'mse');
  if (labels && name !== 'crossEntropy') {
    throw unusable({
      expected: '--loss crossEntropy for data with classes',
      received: `--loss ${name}`,
      advice: 'Leave out --loss.',
    });
  }
  const smoothing = numberOf(
    command,
    'label-smoothing',
    values['label-smoothing'],
    (n) => n >= 0 && n < 1,
    'a share in [0, 1)',
  );
  const ignore = values['ignore-index'];
  const weights =
    values['class-weights'] === 'balanced'
      ? balanced(labels, command)
      : listOf(command, 'class-weights', values['class-weights']);
  if (weights?.every((weight) => weight === 0))
    throw new UsageError('--class-weights with a weight above 0', values['class-weights']!, command);
  const options = {
    ...(weights && { classWeights: weights }),
    ...(smoothing !== undefined && { labelSmoothing: smoothing }),
    ...(ignore !== undefined && { ignoreIndex: Number(ignore) }),
  };
  if (Object.keys(options).length === 0) return name;
  if (name === 'crossEntropy') return { type: 'crossEntropy', ...options };
  throw unusable({
    expected: '--loss crossEntropy with options that only it supports',
    received: `--loss ${name}`,
    advice: 'Leave out --class-weights, --label-smoothing and --ignore-index.',
  });
}

/** Class weights: the mean class size divided by the size of each class. */
function balanced(labels: ArrayLike<number> | undefined, command: string): number[] {
  if (!labels)
    throw new UsageError('--class-weights for data with classes', 'data whose targets are numbers', command);
  const counts: number[] = [];
  for (let i = 0; i < labels.length; i++)
    counts[labels[i] as number] = (counts[labels[i] as number] ?? 0) + 1;
  return Array.from(counts, (count) => (count ? labels.length / (counts.length * count) : 0));
}
