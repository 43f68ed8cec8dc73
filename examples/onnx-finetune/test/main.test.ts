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

  it('trains a backbone from scratch, fine-tunes it as floats and as integers, and writes the files', async () => {
    const args = ['--import', 'tsx', 'src/main.ts', '--steps', '150', '--tuning', '60', '--out', out];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder });
    const shares = [...stdout.matchAll(/([\d.]+) %/g)].map(([, share]) => Number(share));
    const [own = 0, head, cached, ...rest] = shares;
    expect(rest).toHaveLength(3 + 2 * 5);
    // Guessing gives 20 %.
    for (const share of shares) expect(share).toBeGreaterThan(60);
    expect(cached).toBe(head);
    const [eight = 0, four = 0] = [rest[3], rest[8]];
    expect(Math.abs(eight - own)).toBeLessThan(0.5);
    expect(Math.abs(four - own)).toBeLessThan(2);
    const ways = ['LoRA-of-rank-4', 'all-layers', 'head-only', 'last-2-layers'];
    expect((await readdir(out)).sort()).toEqual(
      [
        ...['', 'int8-', 'int4-'].flatMap((bits) => ways.map((way) => `digits-${bits}${way}.onnx`)),
        'digits-head-only-features-cached.onnx',
        'digits-LoRA-of-rank-4.safetensors',
      ].sort(),
    );
  });
});
