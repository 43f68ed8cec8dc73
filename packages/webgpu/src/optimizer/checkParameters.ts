import { checkOptionNames } from '@clr/core';
import { describeUsage, usage } from '../device/flags.ts';
import { badArgument } from '../errors.ts';
import type { Parameter } from './parameter.ts';

/** Refuses parameters that a kernel cannot read or write, and values that overlap. */
export function checkParameters(parameters: readonly Parameter[]): void {
  const advice = 'Pass { value, gradient, length } for each tensor.';
  if (!Array.isArray(parameters)) throw badArgument('a list of parameters', String(parameters), advice);
  if (parameters.length === 0) throw badArgument('at least one parameter', 'none', advice);
  parameters.forEach((parameter: Parameter, index) => {
    const name = `parameters[${index}]`;
    const {
      length,
      valueOffset = 0,
      gradientOffset = 0,
    } = checkOptionNames('clr/webgpu', name, parameter, [
      ...(['value', 'gradient', 'length', 'valueOffset', 'gradientOffset', 'name', 'dims'] as const),
    ]);
    for (const [field, count, least] of [
      ['length', length, 1],
      ['valueOffset', valueOffset, 0],
      ['gradientOffset', gradientOffset, 0],
    ] as const) {
      if (!Number.isSafeInteger(count) || count < least) {
        throw badArgument(
          `${field} of ${name} to be an integer of at least ${least}`,
          `${field} = ${String(count)}`,
          'Count in numbers (f32), not in bytes.',
        );
      }
    }
    checkStorage(`value of ${name}`, parameter.value, (valueOffset + length) * 4);
    checkStorage(`gradient of ${name}`, parameter.gradient, (gradientOffset + length) * 4);
  });
  checkNames(parameters);
  checkOverlap(parameters);
}

/** The name of a parameter in snapshots and errors. */
export function nameOf({ name }: Parameter, index: number): string {
  return name ?? `parameters[${index}]`;
}

function checkNames(parameters: readonly Parameter[]): void {
  const names = new Map<string, number>();
  parameters.forEach((parameter, index) => {
    const name = nameOf(parameter, index);
    if (typeof name !== 'string') {
      throw badArgument(`the name of parameters[${index}] to be a string`, String(name), 'Correct the name.');
    }
    const before = names.get(name);
    if (before !== undefined) {
      throw badArgument(
        'every parameter to have a unique name',
        `parameters[${before}] and parameters[${index}] are both "${name}"`,
        'Rename one: snapshots find parameters by name.',
      );
    }
    names.set(name, index);
    const { dims, length } = parameter;
    if (dims === undefined) return;
    const isShape = Array.isArray(dims) && dims.every((size) => Number.isSafeInteger(size) && size > 0);
    if (!isShape || dims.reduce((product, size) => product * size, 1) !== length) {
      throw badArgument(
        `the dims of ${name} to have ${length} numbers`,
        Array.isArray(dims) ? `[${dims.join(', ')}]` : String(dims),
        'Correct dims or length.',
      );
    }
  });
}

/** Refuses a buffer that is too small or lacks usage flags. */
export function checkStorage(
  name: string,
  buffer: GPUBuffer,
  bytes: number,
  flags: number = usage.storage,
): void {
  if (typeof buffer?.usage !== 'number' || typeof buffer.size !== 'number') {
    throw badArgument(`the ${name} to be a GPUBuffer`, String(buffer), 'Make it with device.createBuffer().');
  }
  if ((buffer.usage & flags) !== flags) {
    throw badArgument(
      `the ${name} to have the usage ${describeUsage(flags)}`,
      describeUsage(buffer.usage),
      'Give the buffer these flags when you create it.',
    );
  }
  if (buffer.size < bytes) {
    throw badArgument(
      `the ${name} to hold ${bytes} bytes`,
      `a buffer of ${buffer.size} bytes`,
      'Make the buffer larger, or correct length and offset: they count numbers of 4 bytes.',
    );
  }
}

function checkOverlap(parameters: readonly Parameter[]): void {
  const ranges = new Map<GPUBuffer, { start: number; end: number; index: number }[]>();
  parameters.forEach(({ value, valueOffset = 0, length }, index) => {
    const list = ranges.get(value) ?? [];
    list.push({ start: valueOffset, end: valueOffset + length, index });
    ranges.set(value, list);
  });
  for (const list of ranges.values()) {
    list.sort((a, b) => a.start - b.start);
    list.forEach((range, position) => {
      const before = list[position - 1];
      if (before && before.end > range.start) {
        throw badArgument(
          'every weight to belong to one parameter',
          `parameters[${before.index}] and parameters[${range.index}] overlap in one value buffer`,
          'Pass a shared weight once, with the sum of its gradients.',
        );
      }
    });
  }
  parameters.forEach(({ gradient, gradientOffset = 0, length }, index) => {
    const end = gradientOffset + length;
    const weights = ranges.get(gradient)?.find((range) => range.start < end && range.end > gradientOffset);
    if (weights === undefined) return;
    throw badArgument(
      'weights and gradients to be different numbers',
      `the gradient of parameters[${index}] and the value of parameters[${weights.index}] overlap in one buffer`,
      'Use a buffer for each, or correct the offsets: they count numbers of 4 bytes.',
    );
  });
}
