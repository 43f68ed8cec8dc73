import { describe, expect, it } from 'vitest';
import { bytesSource } from '../byteSource.ts';
import { matchArrays } from './matchArrays.ts';
import { type Dtype, type RawArray, sizeOf, widthOf } from './rawArray.ts';

/** An array of zeros. */
const array = (name: string, dtype: Dtype, ...dims: number[]): RawArray => ({
  ...{ name, dtype, dims, offset: 0 },
  source: bytesSource(new Uint8Array(sizeOf(dims) * widthOf(dtype))),
});
const float = (name: string, ...dims: (number | string)[]) => ({ name, type: 'float32', dims });
const file = 'data.npz';
const fieldsOf = async (...given: Parameters<typeof matchArrays>) =>
  (await matchArrays(...given)).dataset.fields;

describe('matchArrays', () => {
  it('prefers the array with the name of the input', async () => {
    const arrays = [array('x', 'f4', 4, 2), array('image', 'f4', 4, 3), array('y', 'i8', 4)];
    const fields = await fieldsOf(arrays, { file, inputs: [float('image', 'batch', 3)] });
    expect(fields).toEqual({
      image: { type: 'float32', dims: [3] },
      target: { type: 'int64', dims: [] },
    });
  });

  it.each(['x', 'X_train', 'images', 'features', 'test_x'])(
    'matches an array called %s with the only input',
    async (name) => {
      const arrays = [array('ids', 'i8', 4), array(name, 'f4', 4, 2), array('labels', 'u1', 4)];
      expect(await fieldsOf(arrays, { file })).toEqual({
        input: { type: 'float32', dims: [2] },
        target: { type: 'int64', dims: [] },
      });
    },
  );

  it('matches an array of any name with the only input if no other array is left', async () => {
    const arrays = [array('pixels', 'f4', 4, 2), array('y', 'f4', 4)];
    expect(await fieldsOf(arrays, { file })).toMatchObject({ input: {}, target: { dims: [1] } });
  });

  it('matches several inputs only by their names', async () => {
    const arrays = [array('a', 'f4', 4, 2), array('x', 'i4', 4, 3), array('y', 'i8', 4, 1)];
    const tokens = { name: 'tokens', type: 'int64', dims: ['batch', 3] };
    await expect(matchArrays(arrays, { file, inputs: [float('a', 'batch', 2), tokens] })).rejects.toThrow(
      'an array for the model\'s input "tokens" in data.npz.\nReceived: a [4, 2], x [4, 3], y [4, 1]',
    );
    const inputs = [float('a', 'batch', 2), { ...tokens, name: 'x', vocabulary: 9 }];
    expect(await fieldsOf(arrays, { file, inputs })).toEqual({
      a: { type: 'float32', dims: [2] },
      x: { type: 'int64', dims: [3] },
      target: { type: 'int64', dims: [] },
    });
  });

  it('divides bytes of images by 255 unless raw bytes are requested', async () => {
    const arrays = [array('x', 'u1', 4, 2, 2), array('y', 'i8', 4)];
    expect((await matchArrays(arrays, { file })).divided).toEqual(['x']);
    expect((await matchArrays(arrays, { file, raw: true })).divided).toEqual([]);
    const flat = [array('x', 'u1', 4, 4), array('y', 'i8', 4)];
    expect((await matchArrays(flat, { file })).divided).toEqual([]);
  });

  it('takes the targets from another file or from a named array, or leaves them out', async () => {
    const x = array('x', 'f4', 4, 2);
    const labels = [array('anything', 'u1', 4)];
    expect(await fieldsOf([x], { file, labels })).toHaveProperty('target.type', 'int64');
    const arrays = [x, array('price', 'f8', 4, 2), array('y', 'i8', 4)];
    expect(await fieldsOf(arrays, { file, target: 'price' })).toMatchObject({ target: { dims: [2] } });
    expect(await fieldsOf([x], { file, labelled: false })).not.toHaveProperty('target');
  });

  it.each([
    ['bfloat16 numbers', 'bf2', 'float32'],
    ['float16 numbers', 'f2', 'float32'],
    ['booleans', 'b1', 'int64'],
    ['whole numbers', 'i2', 'int64'],
  ] as const)('reads targets that are %s as %s', async (_, dtype, type) => {
    const fields = await fieldsOf([array('x', 'f4', 4, 2), array('y', dtype, 4)], { file });
    expect(fields).toMatchObject({ target: { type } });
  });

  it.each([
    ['arrays without targets', [array('x', 'f4', 4, 2)], {}, 'np.savez(path, x=…, y=…)'],
    ['a target that does not exist', [array('x', 'f4', 4, 2)], { target: 'z' }, 'an array "z"'],
    ['one-hot targets', [array('x', 'f4', 4, 2), array('y', 'u1', 4, 3)], {}, 'y.argmax(1)'],
    [
      'an input of the wrong shape',
      [array('x', 'f4', 4, 2), array('y', 'u1', 4)],
      { inputs: [float('x', 'n', 3)] },
      '[3]',
    ],
  ])('refuses %s', async (_, arrays, options, message) => {
    await expect(matchArrays(arrays, { file, ...options })).rejects.toThrow(message);
  });
});
