import { create } from '@bufbuild/protobuf';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { DataType } from '../format/dataType.ts';
import { type TensorProto, TensorProtoSchema } from '../generated/onnx_pb.ts';
import { FedWeights } from './fedWeights.ts';

const values = [1.5, -2, 3e-8, Number.NaN, 0, 7, 1e30, -1];

/** A file with one weight after each header. `headers` are the lengths of the headers, `rest` is that of other data. */
function fileWith(
  headers: readonly number[],
  rest = 0,
): { file: Uint8Array<ArrayBuffer>; weights: TensorProto[] } {
  const size = 4 * values.length;
  const file = new Uint8Array(headers.reduce((sum, header) => sum + header + size, rest)).fill(255);
  let at = 0;
  const weights = headers.map((header, i) => {
    at += header;
    const rawData = file.subarray(at, at + size);
    rawData.set(new Uint8Array(Float32Array.from(values).buffer));
    at += size;
    return create(TensorProtoSchema, { name: `w${i}`, dims: [2n, 4n], dataType: DataType.FLOAT, rawData });
  });
  return { file, weights };
}

describe('weights that are fed', () => {
  it.each([
    ['of a file that is no longer used', false, 0],
    ['of a file that is mostly other data', false, 1000],
    ['of a file that the caller keeps', true, 0],
  ])('%s keep their elements, at any offset', (_, given, rest) => {
    const { file, weights } = fileWith([4, 5, 6, 7], rest);
    const before = file.slice();
    const fed = new FedWeights(ort);
    fed.hold(weights);
    fed.settle([file], given);
    const feeds = fed.feeds(weights);
    for (const { name } of weights) {
      const { data, dims } = feeds[name] as ort.Tensor;
      expect([...(data as Float32Array)]).toEqual([...Float32Array.from(values)]);
      expect(dims).toEqual([2, 4]);
      const inPlace = given ? (data as Float32Array).byteOffset % 4 === 0 && name === 'w0' : rest === 0;
      expect((data as Float32Array).buffer === file.buffer).toBe(inPlace);
    }
    if (given) expect(file).toEqual(before);
  });

  it('are kept when a model is written again', () => {
    const { file, weights } = fileWith([5]);
    const fed = new FedWeights(ort);
    fed.hold(weights);
    fed.settle([file], false);
    const { w0 } = fed.feeds(weights);
    const again = fileWith([6]);
    fed.hold(again.weights);
    fed.settle([again.file], false);
    expect(fed.feeds(again.weights).w0).toBe(w0);
  });
});
