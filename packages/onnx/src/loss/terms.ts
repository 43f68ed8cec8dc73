import { checkOptionNames, nearest } from '@clr/core';
import { fail } from '../errors.ts';
import { show } from '../show.ts';
import type { LossOptions } from './loss.ts';

/** One loss with all its defaults filled in. */
export interface Term {
  /** `model` means an output that is itself a loss. */
  readonly type: 'crossEntropy' | 'mse' | 'l1' | 'huber' | 'bceWithLogits' | 'ctc' | 'model';
  /** The output that the loss is computed on. Default: the first float output. */
  readonly output: string | undefined;
  readonly weight: number;
  /** The name of the target in a batch, unless a value of the model has that name. */
  readonly target: string;
  readonly axis: number | undefined;
  readonly ignoreIndex: number | undefined;
  readonly classWeights: readonly number[] | undefined;
  readonly labelSmoothing: number;
  readonly delta: number;
  /** For CTC: the class that means no label, and the axis of the steps. */
  readonly blank: number;
  readonly timeAxis: 0 | 1;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isWhole = (value: unknown): boolean => Number.isSafeInteger(value);
const isNumber = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value);

type Rule = readonly [expected: string, legal: (value: unknown) => boolean];

/** The options of each loss, with their rules. */
const options: Readonly<Record<Exclude<Term['type'], 'model'>, Readonly<Record<string, Rule>>>> = {
  crossEntropy: {
    axis: ['a whole number other than 0, the axis of the examples', (axis) => isWhole(axis) && axis !== 0],
    ignoreIndex: ['a whole number', isWhole],
    classWeights: [
      'a list of finite numbers of at least 0, one for each class, not all of them 0',
      (list) =>
        Array.isArray(list) &&
        list.every((weight) => isNumber(weight) && weight >= 0) &&
        list.some((weight) => weight > 0),
    ],
    labelSmoothing: [
      'a number of at least 0 and below 1',
      (share) => isNumber(share) && (share as number) >= 0 && (share as number) < 1,
    ],
  },
  mse: {},
  l1: {},
  huber: {
    delta: ['a finite number above 0', (delta) => isNumber(delta) && (delta as number) > 0],
  },
  bceWithLogits: {},
  ctc: {
    blank: ['a whole number of at least 0', (blank) => isWhole(blank) && (blank as number) >= 0],
    timeAxis: ['0 or 1', (axis) => axis === 0 || axis === 1],
  },
};

const names = Object.keys(options);
/** The valid losses, as an error message lists them. */
export const knownLosses: string = `${names.map((name) => `"${name}"`).join(', ')}, { type, … } with one of these, { output: name } or a list of { output, loss, weight, target }`;

function wrong(expected: string, received: string): Error {
  return fail(expected, received, 'See `loss` in the options of @clr/onnx.');
}

/** Other libraries' names for losses. */
const otherNames: Readonly<Record<string, Term['type']>> = {
  ...{ mae: 'l1', nll: 'crossEntropy', categoricalcrossentropy: 'crossEntropy' },
  ...{ binarycrossentropy: 'bceWithLogits', smoothl1: 'huber' },
};

function unknownLoss(at: string, given: unknown, type: unknown): Error {
  const other =
    typeof type === 'string' ? otherNames[type.toLowerCase().replaceAll(/[-_ ]/g, '')] : undefined;
  const advice = typeof type === 'string' ? nearest(type, names) : "Pass 'crossEntropy', for example.";
  return fail(
    `${at} to be ${knownLosses}`,
    `${at} = ${show(given)}`,
    other ? `Did you mean "${other}"?` : advice,
  );
}

function checkFields(
  given: Readonly<Record<string, unknown>>,
  rules: Readonly<Record<string, Rule>>,
  at: string,
): void {
  checkOptionNames<object, readonly string[]>('clr/onnx', at, given, Object.keys(rules));
  for (const [name, value] of Object.entries(given)) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (rule && value !== undefined && !rule[1](value)) {
      throw wrong(`${name} of ${at} to be ${rule[0]}`, `${name} = ${show(value)}`);
    }
  }
}

const bare = {
  output: undefined,
  weight: 1,
  target: 'target',
  axis: undefined,
  ignoreIndex: undefined,
  classWeights: undefined,
  labelSmoothing: 0,
  delta: 1,
  blank: 0,
  timeAxis: 1,
} as const;

/** Reads a loss on one output: a name, or an object with `type` and options. */
function readOutputLoss(given: unknown, at: string): Term {
  const fields = isObject(given) ? given : { type: given };
  const { type } = fields;
  if (typeof type !== 'string' || !Object.hasOwn(options, type)) {
    throw unknownLoss(at, given, type);
  }
  const kind = type as Exclude<Term['type'], 'model'>;
  checkFields(fields, { type: ['a name', () => true], ...options[kind] }, at);
  const set = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  return { ...bare, ...set, type: kind };
}

const termRules: Readonly<Record<string, Rule>> = {
  output: ['the name of an output', (name) => typeof name === 'string'],
  loss: ['a loss', () => true],
  weight: ['a finite number', isNumber],
  target: ['the name of a tensor of the batch', (name) => typeof name === 'string' && name !== ''],
};

function readTerm(given: unknown, at: string): Term {
  if (!isObject(given) || typeof given.output !== 'string') {
    throw wrong(`${at} to be an object with output, loss, weight and target`, `${at} = ${show(given)}`);
  }
  checkFields(given, termRules, at);
  const {
    output,
    loss,
    weight = 1,
    target = `target.${output}`,
  } = given as {
    output: string;
    loss?: unknown;
    weight?: number;
    target?: string;
  };
  const term: Term = loss === undefined ? { ...bare, type: 'model' } : readOutputLoss(loss, `${at}.loss`);
  return { ...term, output, weight, target };
}

/**
 * The losses to sum, checked, with their defaults filled in.
 *
 * @throws {ClrError} for an unknown loss, an unknown option, or a value out of range
 */
export function termsOf({ loss, output }: Pick<LossOptions, 'loss' | 'output'>): Term[] {
  if (Array.isArray(loss)) {
    if (loss.length === 0) throw wrong('at least one loss', 'loss = []');
    if (output !== undefined) {
      throw wrong(
        'no option output, because each loss of the list names its output',
        `output = ${show(output)}`,
      );
    }
    const terms = loss.map((term, i) => readTerm(term, `loss[${i}]`));
    const twice = terms.find(
      ({ type, target }, i) => type !== 'model' && terms.findIndex((other) => other.target === target) !== i,
    );
    if (twice) throw wrong('a separate target for each loss', `"${twice.target}" twice`);
    return terms;
  }
  if (isObject(loss) && !('type' in loss)) {
    const fields = Object.keys(loss).join();
    if (fields !== 'output' || typeof loss.output !== 'string') {
      throw unknownLoss('loss', loss, undefined);
    }
    if (output !== undefined) {
      throw wrong('no option output, because the loss is an output itself', `output = ${show(output)}`);
    }
    return [{ ...bare, type: 'model', output: loss.output }];
  }
  return [{ ...readOutputLoss(loss, 'loss'), output }];
}
