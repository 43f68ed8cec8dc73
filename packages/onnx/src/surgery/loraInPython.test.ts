import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { addLora, buildModel, saveLora } from '../index.ts';

// Reads the safetensors format in Python without a package: https://github.com/huggingface/safetensors#format
const reader = `
import json, struct, sys
file = open(sys.argv[1], 'rb').read()
length, = struct.unpack('<Q', file[:8])
header = json.loads(file[8:8 + length])
data, tensors = file[8 + length:], {}
for name, entry in header.items():
    if name == '__metadata__': continue
    begin, end = entry['data_offsets']
    values = struct.unpack('<%df' % ((end - begin) // 4), data[begin:end])
    tensors[name] = {'dtype': entry['dtype'], 'shape': entry['shape'], 'first': values[0], 'sum': sum(values)}
print(json.dumps({'metadata': header['__metadata__'], 'tensors': tensors}))
`;

const python = process.env.CLR_PYTHON ?? '/usr/bin/python3';
const isMissing = spawnSync(python, ['--version']).status !== 0;

it.skipIf(isMissing)(`Python reads an adapter file, with PEFT’s names and shapes (needs ${python})`, () => {
  const model = buildModel({
    input: [3, 8, 8],
    layers: [
      { type: 'conv2d', filters: 4, kernel: 3 },
      { type: 'relu' },
      { type: 'dense', units: 5 },
      { type: 'relu' },
      { type: 'dense', units: 2 },
    ],
  });
  const isHead = (name: string): boolean => name.startsWith('dense2.');
  const { adapter, config } = saveLora(
    addLora(model, { rank: 2, alpha: 8, targets: ['conv2d1', 'dense1'] }),
    {
      and: isHead,
    },
  );
  const folder = mkdtempSync(join(tmpdir(), 'clr-lora-'));
  try {
    const file = join(folder, 'adapter_model.safetensors');
    writeFileSync(file, adapter);
    const { stdout, stderr } = spawnSync(python, ['-c', reader, file], { encoding: 'utf8' });
    expect(stderr).toBe('');
    const { metadata, tensors } = JSON.parse(stdout);
    expect(metadata).toMatchObject({ format: 'pt', r: '2', lora_alpha: '8' });
    const shapes = Object.entries<{ shape: number[] }>(tensors).map(([name, { shape }]) => [name, shape]);
    // Linear: A [r, in], B [out, r]. Conv2d: A [r, in, k, k], B [out, r, 1, 1].
    expect(Object.fromEntries(shapes)).toEqual({
      'base_model.model.conv2d1.lora_A.weight': [2, 3, 3, 3],
      'base_model.model.conv2d1.lora_B.weight': [4, 2, 1, 1],
      'base_model.model.dense1.lora_A.weight': [2, 144],
      'base_model.model.dense1.lora_B.weight': [5, 2],
      'base_model.model.dense2.weight': [2, 5],
      'base_model.model.dense2.bias': [2],
    });
    for (const [name, { dtype, first, sum }] of Object.entries<Record<string, unknown>>(tensors)) {
      expect(dtype).toBe('F32');
      if (name.includes('lora_B')) expect(sum).toBe(0);
      else expect(first).not.toBe(0);
    }
    expect(config).toMatchObject({ peft_type: 'LORA', r: 2, lora_alpha: 8, modules_to_save: ['dense2'] });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
