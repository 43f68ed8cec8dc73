import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { oracleModel } from '../../test/oracle.ts';
import { type Batch, createTrainer, type Forms, type OnnxTrainer, type Ort } from '../index.ts';
import { rows } from '../lower/rows.ts';
import { prepare } from '../training/prepare.ts';
import { channelBlockOf } from './channelBlock.ts';

const { bytes, loss, batches } = oracleModel('lenet');
const optimizer = sgd({ momentum: 0.9 });
const options = { loss, optimizer };
const { asked } = prepare(bytes, {
  ...options,
  provider: 'cpu',
  channelBlock: await channelBlockOf(ort, {}),
}).questions();

/** For each node with several forms, a form that the rule of thumb does not choose. */
const others: Forms = Object.fromEntries(asked.map(({ key, forms }) => [key, forms[1] as string]));

const losses = async (trainer: OnnxTrainer, count: number): Promise<number[]> => {
  const found: number[] = [];
  for (let i = 0; i < count; i++)
    found.push(await (await trainer.trainStep(batches[0] as Batch, { lr: 0.01 })).loss);
  return found;
};

/** A runtime that runs races on a fake clock. The form numbered `winner` takes `fast` times as long as the others. */
function staged(winner: number, fast: number): Ort {
  let clock = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => clock);
  const create = async (model: Uint8Array, session?: object) => {
    const race = new TextDecoder().decode(model).includes('which');
    if (!race) return ort.InferenceSession.create(model, session);
    return {
      run: async ({ which }: Record<string, ort.Tensor>) => {
        clock += Number(which?.data[0]) === winner ? fast : 1;
        return {};
      },
      release: async () => {},
    };
  };
  return { ...ort, InferenceSession: { create } } as unknown as Ort;
}

describe('forms', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('can be chosen for the convolutions and pools of a net', () => {
    expect(asked.length).toBeGreaterThan(3);
    const known = new Set(['as it is', ...rows.map(({ form }) => form)]);
    for (const { forms } of asked) {
      expect(forms.length).toBeGreaterThan(1);
      for (const form of forms) expect(known).toContain(form);
    }
  });

  it('follow the rule of thumb if nothing is measured', async () => {
    const trainer = await createTrainer(ort, bytes, { ...options, deterministic: true });
    for (const { key, forms } of asked) expect(trainer.forms[key]).toBe(forms[0]);
  });

  it('can be passed as an option, and change the losses only by rounding errors', async () => {
    const one = await createTrainer(ort, bytes, { ...options, deterministic: true });
    const other = await createTrainer(ort, bytes, { ...options, forms: others, deterministic: true });
    for (const { key, forms } of asked) expect(other.forms[key]).toBe(forms[1]);
    const [a, b] = [await losses(one, 3), await losses(other, 3)];
    a.forEach((loss, i) => {
      expect(b[i]).toBeCloseTo(loss, 5);
    });
  });

  it('are stored in a snapshot, so that a resumed run is bit-identical to the uninterrupted one', async () => {
    const first = await createTrainer(ort, bytes, { ...options, forms: others });
    await losses(first, 2);
    const snapshot = structuredClone(await first.snapshot());
    const second = await createTrainer(ort, bytes, { ...options });
    await losses(second, 1);
    await second.restore(snapshot);
    expect(await losses(second, 3)).toEqual(await losses(first, 3));
    expect(second.forms).toEqual(first.forms);
  });

  it('are not taken from a snapshot by a deterministic trainer', async () => {
    const first = await createTrainer(ort, bytes, { ...options, forms: others });
    const second = await createTrainer(ort, bytes, { ...options, deterministic: true });
    await second.restore(await first.snapshot());
    for (const { key, forms } of asked) expect(second.forms[key]).toBe(forms[0]);
  });

  it('are replaced if another form takes less than 0.85 of the time', async () => {
    const trainer = await createTrainer(staged(1, 0.8), bytes, options);
    expect(asked.filter(({ key, forms }) => trainer.forms[key] === forms[1]).length).toBeGreaterThan(3);
  });

  it('are kept if another form is hardly faster, or slower', async () => {
    for (const [winner, fast] of [
      [1, 0.9],
      [0, 0.5],
    ] as const) {
      const trainer = await createTrainer(staged(winner, fast), bytes, options);
      for (const { key, forms } of asked) expect(trainer.forms[key]).toBe(forms[0]);
    }
  });

  it('are kept if the runtime refuses the model that times them', async () => {
    const create = async (model: Uint8Array, session?: object) => {
      if (new TextDecoder().decode(model).includes('which')) throw new Error('no');
      return ort.InferenceSession.create(model, session);
    };
    const refusing = { ...ort, InferenceSession: { create } } as unknown as Ort;
    const trainer = await createTrainer(refusing, bytes, options);
    for (const { key, forms } of asked) expect(trainer.forms[key]).toBe(forms[0]);
  });

  it('are refused if they are not strings', async () => {
    const wrong = createTrainer(ort, bytes, { ...options, forms: { key: 1 } as never });
    await expect(wrong).rejects.toThrow("forms to be a trainer's `forms`: an object of strings");
    const trainer = await createTrainer(ort, bytes, options);
    const snapshot = { ...(await trainer.snapshot()), forms: 3 };
    await expect(trainer.restore(snapshot)).rejects.toThrow('forms = 3');
  });

  describe('in a file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'clr-forms-'));
    afterAll(() => rmSync(folder, { recursive: true }));

    it('are read by a later process, which measures nothing', async () => {
      const formsFile = join(folder, 'forms.json');
      const first = await createTrainer(staged(1, 0.8), bytes, { ...options, formsFile });
      const taken = asked.filter(({ key, forms }) => first.forms[key] === forms[1]);
      expect(taken.length).toBeGreaterThan(3);
      // Measured forms are kept per runtime object. A new object therefore acts like a new process.
      const second = await createTrainer(staged(0, 0.5), bytes, { ...options, formsFile });
      expect(second.forms).toEqual(first.forms);
      const without = await createTrainer(staged(0, 0.5), bytes, options);
      expect(without.forms).not.toEqual(first.forms);
    });

    it('are stored separately for each machine, and those of other machines are kept', async () => {
      const formsFile = join(folder, 'shared.json');
      const [usual] = asked;
      const strange = { [usual?.key as string]: usual?.forms[1] as string };
      const machines = { 'another processor, 64 threads': strange };
      writeFileSync(formsFile, JSON.stringify({ format: 'clr/onnx forms', machines }));
      const trainer = await createTrainer(staged(0, 0.5), bytes, { ...options, formsFile });
      expect(trainer.forms[usual?.key as string]).toBe(usual?.forms[0]);
      const content = JSON.parse(readFileSync(formsFile, 'utf8')) as { machines: Record<string, Forms> };
      expect(content.machines).toMatchObject(machines);
      const own = Object.entries(content.machines).find(([machine]) => machine.includes('onnxruntime'));
      expect(own?.[1]).toMatchObject(trainer.forms);
    });

    it('are not stored if the caller passed them', async () => {
      const formsFile = join(folder, 'given.json');
      await createTrainer(staged(0, 0.5), bytes, { ...options, forms: others, formsFile });
      const text = existsSync(formsFile) ? readFileSync(formsFile, 'utf8') : '';
      for (const { key } of asked) expect(text).not.toContain(JSON.stringify(key));
    });

    it('are refused if the file holds something else, and the file stays unchanged', async () => {
      for (const content of ['{"format":"clr/onnx forms","machines":{"m":{"k":1}}}', '[]', 'PK', '']) {
        const formsFile = join(folder, 'other');
        writeFileSync(formsFile, content);
        const made = createTrainer(ort, bytes, { ...options, formsFile });
        await expect(made).rejects.toThrow('formsFile to be a file that createTrainer wrote');
        expect(readFileSync(formsFile, 'utf8')).toBe(content);
      }
      const nowhere = join(folder, 'no', 'such', 'forms.json');
      const made = createTrainer(staged(0, 0.5), bytes, { ...options, formsFile: nowhere });
      await expect(made).rejects.toThrow('formsFile to be a file that can be written');
    });

    it('are refused if no forms are measured', async () => {
      const made = createTrainer(ort, bytes, { ...options, deterministic: true, formsFile: 'forms.json' });
      await expect(made).rejects.toThrow('formsFile only if forms are measured');
    });
  });
});
