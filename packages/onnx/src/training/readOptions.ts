import { adagrad, adam, adamW, checkOptionNames, type Optimizer, rmsProp, sgd } from '@clr/core';
import { fail } from '../errors.ts';
import { knownLosses, termsOf } from '../loss/terms.ts';
import { show } from '../show.ts';
import { answered, predicateAdvice } from './namePredicate.ts';
import type { BuildOptions, ParameterGroup } from './options.ts';

/** A rule for an option: the expected value in words, and a test of the value. */
type Rule = readonly [expected: string, legal: (value: unknown) => boolean];

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isFunction = (value: unknown): boolean => typeof value === 'function';
const oneOf = (...values: readonly string[]): Rule => [
  values.map((value) => `"${value}"`).join(' or '),
  (value) => values.includes(value as string),
];

const groupRules: Readonly<Record<keyof ParameterGroup, Rule>> = {
  match: ['a function of a name', isFunction],
  lrScale: ['a number', (value) => typeof value === 'number'],
  weightDecayScale: ['a number', (value) => typeof value === 'number'],
};

const rules: Readonly<
  Record<
    | keyof BuildOptions
    | 'session'
    | 'externalData'
    | 'deterministic'
    | 'formsFile'
    | 'reduce'
    | 'statistics'
    | 'cacheFeatures',
    Rule
  >
> = {
  loss: [
    knownLosses,
    // `termsOf` checks its fields.
    (loss) => typeof loss === 'string' || (typeof loss === 'object' && loss !== null),
  ],
  optimizer: ['made by sgd(), adam(), adamW(), rmsProp() or adagrad() of @clr/core', isObject],
  trainable: ['a function of a name', isFunction],
  groups: ['a list of { match, lrScale, weightDecayScale }', Array.isArray],
  sizes: ['an object with a number for each dynamic axis, or a shape for each input', isObject],
  output: ['the name of an output', (value) => typeof value === 'string'],
  target: oneOf('indices', 'distribution'),
  provider: oneOf('cpu', 'webgpu', 'any'),
  schedule: ['an object with the table lr', isObject],
  clipNorm: ['a number', (value) => typeof value === 'number'],
  hyperparameters: [
    'a list of "weightDecay" and "clipNorm"',
    (list) => Array.isArray(list) && list.every((name) => name === 'weightDecay' || name === 'clipNorm'),
  ],
  checkpoint: oneOf('activations'),
  channelBlock: ['a number', (value) => typeof value === 'number'],
  forms: [
    "a trainer's `forms`: an object of strings",
    (value) => isObject(value) && Object.values(value).every((form) => typeof form === 'string'),
  ],
  // The builders ignore these, so that they accept createTrainer's options.
  formsFile: ['the path of a file', (value) => typeof value === 'string' && value !== ''],
  deterministic: ['true or false', (value) => typeof value === 'boolean'],
  reduce: ['the result of mpi() of @clr/mpi', isObject],
  statistics: oneOf('averaged', 'local'),
  cacheFeatures: ['a function from a batch to an id for each example', isFunction],
  externalData: ["a function of a file's name, an offset and a length", isFunction],
  session: ['session options of ONNX Runtime', isObject],
};

/** The advice for a value of the wrong kind. */
function adviceFor(name: string, value: unknown): string {
  switch (name) {
    case 'trainable':
      return typeof value === 'number'
        ? `For the last layers pass freezeExcept(model, ${value}).`
        : predicateAdvice(value);
    case 'match':
      return predicateAdvice(value);
    case 'optimizer':
      return 'Pass sgd({ momentum: 0.9 }) or adam(), for example.';
    case 'loss':
      return "For example, pass 'crossEntropy' for classes or 'mse' for numbers.";
    case 'groups':
      return 'Put a single group into a list, too: [{ match, lrScale: 0.1 }].';
    case 'provider':
      return "Choose execution providers in the session's options: session: { executionProviders: ['webgpu'] }.";
    default:
      return 'Leave it out for the default.';
  }
}

/** Checks that an object has only these fields, each legal or absent. */
function checkFields(given: unknown, at: string, known: Readonly<Record<string, Rule>>): void {
  checkOptionNames('clr/onnx', at, given as object, Object.keys(known));
  for (const [name, value] of Object.entries(given as object)) {
    const [expected, legal] = known[name] as Rule;
    if (value === undefined || legal(value)) continue;
    throw fail(`${name} to be ${expected}`, `${name} = ${show(value)}`, adviceFor(name, value));
  }
}

function checkProviders(list: unknown): void {
  if (list === undefined || Array.isArray(list)) return;
  throw fail(
    'session.executionProviders to be a list of names',
    `session.executionProviders = ${show(list)}`,
    `Pass [${typeof list === 'string' ? show(list) : "'webgpu'"}].`,
  );
}

const optimizers = { sgd, adam, adamW, rmsProp, adagrad };

/**
 * The optimizer with its numbers checked and its defaults filled in. It may come from JSON or be written by hand.
 */
function readOptimizer(given: Optimizer): Optimizer {
  const { type, ...fields } = given;
  const make = Object.hasOwn(optimizers, type)
    ? (optimizers[type] as (fields: object) => Optimizer)
    : undefined;
  if (!make) {
    throw fail(
      `optimizer.type to be one of ${Object.keys(optimizers).join(', ')}`,
      `optimizer.type = ${show(type)}`,
      'Make the optimizer with sgd(), adam(), adamW(), rmsProp() or adagrad() of @clr/core.',
    );
  }
  return make(fields);
}

/**
 * Options as the builders use them, with names, kinds and numbers checked and the optimizer's defaults filled in.
 *
 * @param without - options that the caller does not accept
 * @throws {ClrError} for an unknown name or a value of the wrong kind
 * @throws {PolicyError} for a number of the optimizer that is outside its range
 */
export function readOptions<Options extends BuildOptions>(
  given: Options,
  without: readonly string[] = [],
  call = 'the build',
): Options {
  const known = Object.entries(rules).filter(([name]) => !without.includes(name));
  checkFields(given, call, Object.fromEntries(known));
  const { loss, optimizer, trainable, groups } = given;
  for (const [name, value] of Object.entries({ loss, optimizer })) {
    if (value === undefined) throw fail(`${name} to be ${rules[name as 'loss'][0]}`, 'none', `Add ${name}.`);
  }
  checkProviders((given as { session?: { executionProviders?: unknown } }).session?.executionProviders);
  const terms = termsOf(given);
  if (given.target !== undefined && !terms.some(({ type }) => type === 'crossEntropy')) {
    throw fail(
      'the option target only for cross-entropy',
      `target = ${show(given.target)}, with the loss ${terms.map(({ type }) => `"${type}"`).join(', ')}`,
      'Leave it out: this loss takes only one kind of target.',
    );
  }
  for (const [i, group] of groups?.entries() ?? []) {
    checkFields(group, `groups[${i}]`, groupRules);
    if (!group.match)
      throw fail(`groups[${i}] to have a function match`, 'none', 'Add match: (name) => boolean.');
  }
  return {
    ...given,
    optimizer: readOptimizer(optimizer),
    ...(trainable ? { trainable: answered(trainable, 'trainable') } : {}),
    ...(groups
      ? { groups: groups.map((group) => ({ ...group, match: answered(group.match, 'match') })) }
      : {}),
  };
}
