import { DataType } from '../format/dataType.ts';
import { identityModel } from '../format/identityModel.ts';
import { declaration } from '../graph/declaration.ts';

/** What a copy of an input is called. */
export const copyName = (input: string): string => `copy.${input}`;

/** A vector of floats, by the input that takes it. */
interface Vector {
  readonly input: string;
  readonly double: boolean;
  readonly length: number;
}

/**
 * A model that gives its inputs back: how vectors come from a device to memory on every runtime.
 * (onnxruntime-node ends the process when a device tensor is asked for its data.)
 */
export function copyModel(state: readonly Vector[]): Uint8Array {
  const vectors = state.map(({ input, double, length }) => ({
    input,
    type: double ? DataType.DOUBLE : DataType.FLOAT,
    dims: [length],
  }));
  return identityModel(
    vectors.map(({ input }) => [input, copyName(input)]),
    {
      name: 'copy',
      input: vectors.map(({ input, type, dims }) => declaration(input, type, dims)),
      output: vectors.map(({ input, type, dims }) => declaration(copyName(input), type, dims)),
    },
  );
}
