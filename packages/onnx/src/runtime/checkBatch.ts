import { fail } from '../errors.ts';
import { shapeText, show } from '../show.ts';
import type { TargetInfo, TensorInfo, TrainingModel } from '../training/trainingModel.ts';
import type { Batch, Tensor } from './ort.ts';

function isTensor(value: unknown): value is Tensor {
  return (
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    Array.isArray((value as Partial<Tensor>).dims)
  );
}

/**
 * Whether a float target holds one number for each example although a distribution is expected. The numbers are then
 * most likely labels of the wrong type.
 */
function isLabels({ dims, classes, type }: TensorInfo & Partial<TargetInfo>, value: Tensor): boolean {
  if (classes === undefined || !type.startsWith('float') || !dims) return false;
  const shape = value.dims.at(-1) === 1 ? value.dims.slice(0, -1) : value.dims;
  return shape.length === dims.length - 1;
}

/** Checks one tensor. Free axes of the same name must have the same size in all tensors of the batch. */
function checkTensor(info: TensorInfo, value: unknown, free: Map<string, number>): void {
  const named = `"${info.name}"`;
  if (!isTensor(value)) {
    throw fail(
      `a tensor for ${named}`,
      `${info.name} = ${show(value)}`,
      ArrayBuffer.isView(value)
        ? `State its shape: new ort.Tensor('${info.type}', data, ${shapeText(info.dims ?? [])}).`
        : 'Make it with `new ort.Tensor(type, data, dims)`.',
    );
  }
  if (value.type !== info.type) {
    throw fail(
      `${named} of type ${info.type}`,
      `a tensor of type ${value.type}`,
      `Make it with \`new ort.Tensor('${info.type}', …)\`.`,
    );
  }
  const { dims } = info;
  const fits =
    !dims ||
    (dims.length === value.dims.length &&
      dims.every((dim, i) => {
        const size = value.dims[i] as number;
        if (typeof dim === 'number') return dim === size;
        const known = free.get(dim);
        free.set(dim, size);
        return known === undefined || known === size;
      }));
  if (!fits) {
    const labels = isLabels(info, value);
    throw fail(
      labels
        ? `class labels as int64, or a distribution of shape ${shapeText(dims ?? [])} as ${info.type}`
        : `${named} of shape ${shapeText(dims ?? [])}`,
      `${labels ? `${info.name} as ${value.type} of ` : ''}shape [${value.dims.join(', ')}]`,
      labels
        ? "Labels are numbered from 0: new ort.Tensor('int64', BigInt64Array.from(labels, BigInt), [labels.length])."
        : 'Give a tensor of that shape. Axes of the same name have the same size in all tensors of a batch.',
    );
  }
  if (value.dims.includes(0)) {
    throw fail(
      `${named} with at least one example`,
      `shape [${value.dims.join(', ')}]`,
      'Leave empty batches out.',
    );
  }
}

function checkLabels({ name, classes, ignored, classWeights }: TargetInfo, target: Tensor): void {
  if (classes === undefined) return;
  const labels = target.data as BigInt64Array;
  const limit = BigInt(classes);
  const left = ignored === undefined ? undefined : BigInt(ignored);
  let counted = 0;
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i] as bigint;
    if (label === left) continue;
    if (classWeights?.[Number(label)] !== 0) counted += 1;
    if (label < 0n || label >= limit) {
      throw fail(
        `labels from 0 to ${classes - 1}`,
        `${name}[${i}] = ${label}`,
        'Number the classes from 0, and check that the model has an output for each.',
      );
    }
  }
  if (counted === 0) {
    throw fail(
      `at least one label of "${name}" that counts`,
      classWeights?.includes(0)
        ? 'only labels that are ignored, or whose class has the weight 0'
        : `only the label ${ignored}, which is ignored`,
      'Leave such batches out.',
    );
  }
}

/**
 * Refuses a target that fits two possible class axes of the output, if none was chosen. Otherwise the loss could be
 * silently wrong.
 */
function checkAxis({ name, others = [] }: TargetInfo, target: Tensor, free: Map<string, number>): void {
  const fits = others.some(
    (dims) =>
      dims.length === target.dims.length &&
      dims.every((dim, i) => (typeof dim === 'number' ? dim : free.get(dim)) === target.dims[i]),
  );
  if (fits) {
    throw fail(
      `a batch whose "${name}" fits only one axis of classes`,
      `shape [${target.dims.join(', ')}], which fits two axes of the logits`,
      "State the axis of the classes: loss: { type: 'crossEntropy', axis: 1 }, or −1 for the last.",
    );
  }
}

/**
 * Checks a batch against a model before anything runs.
 *
 * @throws {ClrError} for a tensor that is missing, unknown, empty or of the wrong type or shape, or for a label out of
 * range
 */
export function checkBatch(model: TrainingModel, batch: Batch): void {
  if (typeof batch !== 'object' || batch === null) {
    throw fail('a batch: tensors by name', show(batch), 'Pass { input: tensor, target: tensor }.');
  }
  const wanted = [...model.data, ...model.targets];
  const free = new Map<string, number>();
  for (const info of wanted) {
    if (!Object.hasOwn(batch, info.name)) {
      throw fail(
        `a batch with ${wanted.map(({ name }) => `"${name}"`).join(', ')}`,
        `only ${Object.keys(batch).join(', ') || 'an empty object'}`,
        `Add the tensor "${info.name}".`,
      );
    }
    checkTensor(info, batch[info.name], free);
  }
  const names = new Set(wanted.map(({ name }) => name));
  const extra = Object.keys(batch).find((name) => !names.has(name));
  if (extra !== undefined) {
    throw fail(
      `a batch with only ${[...names].map((name) => `"${name}"`).join(', ')}`,
      `also "${extra}"`,
      'Name each tensor after an input of the model.',
    );
  }
  for (const info of model.targets) {
    const target = batch[info.name] as Tensor;
    checkAxis(info, target, free);
    if (target.type === 'int64' && target.location === 'cpu') checkLabels(info, target);
  }
}
