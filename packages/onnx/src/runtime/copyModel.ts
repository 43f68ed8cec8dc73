import { DataType } from '../format/dataType.ts';
import { identityModel } from '../format/identityModel.ts';
import { declaration } from '../graph/declaration.ts';

/** The name of an input's copy. */
export const copyName = (input: string): string => `copy.${input}`;

/** A vector of floats, named after its input. */
interface Vector {
  readonly input: string;
  readonly double: boolean;
  readonly length: number;
}

/**
 * A model that returns its inputs. In every runtime, it can copy vectors from a device to memory. (onnxruntime-node
 * aborts the process if the data of a device tensor is read directly.)
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
