import type { Builder } from './builder.ts';
import { DataType } from './dataType.ts';
import type { Attributes } from './graphBuilder.ts';

/** ONNX Runtime's own operators on channels in blocks: its CPU provider has them, on processors with wide registers. */
export const blockedDomain = 'com.microsoft.nchwc';

/** Emits one of them; its result is told apart from others by its element type alone. */
export function emitBlocked(
  b: Builder,
  op: 'Conv' | 'ReorderInput' | 'ReorderOutput',
  inputs: readonly string[],
  attributes: Attributes = {},
): string {
  const result = b.emit(`${blockedDomain}:${op}`, inputs, attributes);
  return b.declare(result, DataType.FLOAT, undefined);
}
