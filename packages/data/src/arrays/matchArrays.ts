import { checkOptionNames } from '@clr/core';
import { type Axis, checkShape } from '../checks/checkShape.ts';
import type { Dataset } from '../dataset.ts';
import { fail } from '../errors.ts';
import { type ArrayField, arraysDataset } from './arraysDataset.ts';
import type { RawArray } from './rawArray.ts';

/** An input of a model, as `describeModel` of `@clr/onnx` returns it. */
export interface ModelInput {
  /** The name of the input. */
  readonly name: string;
  /** The type of its elements, such as `'float32'`. */
  readonly type: string;
  /** Its shape with the batch first; undefined if the model does not state it. */
  readonly dims: readonly Axis[] | undefined;
  /** For whole numbers: the legal values are 0 to `vocabulary` − 1. Default: all values are legal. */
  readonly vocabulary?: number;
}

/** Options of {@link matchArrays}. */
export interface MatchOptions {
  /** The file of the arrays, for messages. */
  readonly file: string;
  /** The inputs of the model. Default: one input of floats, of any shape. */
  readonly inputs?: readonly ModelInput[];
  /** The arrays in a separate file, which holds the targets. */
  readonly labels?: readonly RawArray[];
  /**
   * The name of the array with the targets. Default: the only array in `labels`, or else one called y, label, labels,
   * target or class.
   */
  readonly target?: string;
  /** False if the targets are not needed. Default true. */
  readonly labelled?: boolean;
  /** True if the targets are class indices. Default: true unless they are floats. */
  readonly classes?: boolean;
  /** True to leave the bytes of images as they are. Default: false, which divides them by 255. */
  readonly raw?: boolean;
  /** The advice in the error that no array holds the targets. Default: save one beside the inputs. */
  readonly advice?: string;
}

/** The result of {@link matchArrays}. */
export interface Matched {
  /** The arrays as examples. */
  readonly dataset: Dataset;
  /** The arrays whose bytes are divided by 255. */
  readonly divided: readonly string[];
}

const inputNames = /^(x|inputs?|images?|data|features?|x_?train|train_?x|x_?test|test_?x)$/i;
const targetNames = /^(y|labels?|targets?|class|classes|y_?train|train_?y|y_?test|test_?y)$/i;

const shown = (arrays: readonly RawArray[]): string =>
  arrays.map(({ name, dims }) => `${name} [${dims.join(', ')}]`).join(', ') || 'none';

/**
 * Matches the arrays of a file with the inputs of a model, by name. A model with one input also takes the only array,
 * or one called x, input, images, data or features.
 *
 * @throws {ClrError} if an input or the target has no array, or a shape does not fit
 *
 * @example
 * ```ts
 * const idx = (...values) => bytesSource(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, values.length, ...values));
 * const [[x], [y]] = [await openArrays(idx(5, 7), 'x'), await openArrays(idx(0, 1), 'y')];
 * const { dataset } = await matchArrays([x, y], { file: 'data.npz' });
 * [dataset.fields.input.type, dataset.fields.target.type]; // ['float32', 'int64']
 * ```
 */
export async function matchArrays(arrays: readonly RawArray[], options: MatchOptions): Promise<Matched> {
  const known = [
    ...(['file', 'inputs', 'labels', 'target', 'labelled', 'classes', 'raw', 'advice'] as const),
  ] as const;
  const given = checkOptionNames('clr/data', 'matchArrays', options, known);
  const { file, inputs = [{ name: 'input', type: 'float32', dims: undefined }], labelled = true } = given;
  const target = labelled ? pickTarget(arrays, given) : undefined;
  const rest = arrays.filter((array) => array !== target);
  const fields: Record<string, ArrayField> = {};
  const divided: string[] = [];
  for (const { name, type, dims, vocabulary } of inputs) {
    const array =
      rest.find((each) => each.name === name) ?? (inputs.length === 1 ? onlyInput(rest) : undefined);
    if (!array) {
      throw fail(
        `an array for the model's input "${name}" in ${file}`,
        shown(arrays),
        `Save it under that name: np.savez(path, ${name}=…).`,
      );
    }
    checkShape(array.name, array.dims, dims);
    const isBytes = array.dtype === 'u1' && type === 'float32' && array.dims.length > 2 && !given.raw;
    if (isBytes) divided.push(array.name);
    fields[name] = {
      array,
      type: type === 'int64' ? 'int64' : 'float32',
      ...(isBytes && { scale: 1 / 255 }),
      ...(vocabulary !== undefined && { vocabulary }),
    };
  }
  if (target) {
    const isClasses = given.classes ?? !/^b?f/.test(target.dtype);
    fields['target'] = { array: answers(target, isClasses), type: isClasses ? 'int64' : 'float32' };
  }
  return { dataset: await arraysDataset(fields), divided };
}

const onlyInput = (arrays: readonly RawArray[]): RawArray | undefined =>
  arrays.length === 1 ? arrays[0] : arrays.find(({ name }) => inputNames.test(name));

function pickTarget(
  arrays: readonly RawArray[],
  { file, labels = [], target, advice }: MatchOptions,
): RawArray {
  const all = [...labels, ...arrays];
  const found =
    target !== undefined
      ? all.find(({ name }) => name === target)
      : labels.length === 1
        ? labels[0]
        : all.find(({ name }) => targetNames.test(name));
  if (found) return found;
  throw fail(
    target === undefined
      ? `an array with the targets in ${file}: y, labels or target`
      : `an array "${target}"`,
    shown(all),
    advice ?? 'Save the targets beside the inputs: np.savez(path, x=…, y=…).',
  );
}

/** Gives the targets the shape that the loss needs: [N] for classes, at least [N, 1] for numbers. */
function answers(target: RawArray, isClasses: boolean): RawArray {
  const { dims, name } = target;
  if (!isClasses) return dims.length === 1 ? { ...target, dims: [...dims, 1] } : target;
  if (dims.length === 2 && dims[1] === 1) return { ...target, dims: dims.slice(0, 1) };
  if (dims.length === 2 && (dims[1] as number) > 1) {
    throw fail(
      `one class index for each example in "${name}"`,
      `${dims[1]} numbers for each, as in one-hot vectors`,
      `Give ${name}.argmax(1), or train on the numbers with the loss mse or bceWithLogits.`,
    );
  }
  return target;
}
