import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const folder = fileURLToPath(new URL('..', import.meta.url));

describe('the example', () => {
  let out = '';
  beforeAll(async () => {
    out = await mkdtemp(join(tmpdir(), 'clr-finetune-'));
  });
  afterAll(() => rm(out, { recursive: true, force: true }));

  it('trains a backbone from nothing, fine-tunes it in five ways, and writes the files', async () => {
    const args = ['--import', 'tsx', 'src/main.ts', '--steps', '150', '--tuning', '60', '--out', out];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder });
    const shares = [...stdout.matchAll(/([\d.]+) %/g)].map(([, share]) => Number(share));
    expect(shares).toHaveLength(6);
    // Guessing gives 20 %.
    for (const share of shares) expect(share).toBeGreaterThan(60);
    expect(shares[2]).toBe(shares[1]);
    expect((await readdir(out)).sort()).toEqual([
      'digits-LoRA-of-rank-4.onnx',
      'digits-LoRA-of-rank-4.safetensors',
      'digits-all-layers.onnx',
      'digits-head-only-features-cached.onnx',
      'digits-head-only.onnx',
      'digits-last-2-layers.onnx',
    ]);
  });
}, 300_000);
