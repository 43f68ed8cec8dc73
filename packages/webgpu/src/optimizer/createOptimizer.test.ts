import golden from '@clr/conformance/golden/optimizers.json' with { type: 'json' };
import {
  adagrad,
  adam,
  adamW,
  constant,
  type Optimizer,
  type Policy,
  rmsProp,
  sequence,
  sgd,
  table,
  triangular2,
} from '@clr/core';
import oracle from '@clr/tooling/oracle/optimizers.json' with { type: 'json' };
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { download, submit, upload } from '../../test/buffers.ts';
import { countBuffers } from '../../test/countBuffers.ts';
import { hasDevice, openDevice } from '../../test/device.ts';
import { fromPyTorch, type OptimizerRun, scheduleOf } from '../../test/pytorch.ts';
import { usage } from '../device/flags.ts';
import { createTrainable } from '../train/createTrainable.ts';
import { createOptimizer } from './createOptimizer.ts';

interface Quadratic {
  readonly A: readonly (readonly number[])[];
  readonly c: readonly number[];
  readonly w0: readonly number[];
}

/** 0.5 (w − c)ᵀ A (w − c) on the device: the gradient is A (w − c). */
function quadraticKernel({ A, c }: Quadratic): string {
  const n = c.length;
  return `@group(0) @binding(0) var<storage, read> w: array<f32>;
@group(0) @binding(1) var<storage, read_write> g: array<f32>;
const A = array<f32, ${n * n}>(${A.flat().join(', ')});
const c = array<f32, ${n}>(${c.join(', ')});
@compute @workgroup_size(1) fn main(@builtin(global_invocation_id) id: vec3u) {
  var sum = 0.0;
  for (var j = 0u; j < ${n}u; j++) { let a = A[id.x * ${n}u + j]; sum += a * (w[j] - c[j]); }
  g[id.x] = sum;
}`;
}

describe.skipIf(!hasDevice)('createOptimizer', () => {
  let device: GPUDevice;
  beforeAll(async () => {
    device = await openDevice();
  });
  afterAll(() => device.destroy());

  function quadraticGradients(problem: Quadratic, value: GPUBuffer, gradient: GPUBuffer) {
    const module = device.createShaderModule({ code: quadraticKernel(problem) });
    const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module } });
    const group = device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: [value, gradient].map((buffer, binding) => ({ binding, resource: { buffer } })),
    });
    return (encoder: GPUCommandEncoder): void => {
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(problem.c.length);
      pass.end();
    };
  }

  describe('follows PyTorch over 20 steps in one submission', () => {
    const problem = oracle.problems.quadratic;
    const runs = (oracle.runs as unknown as readonly OptimizerRun[]).filter(
      (run) => run.problem === 'quadratic',
    );
    it.each(runs.map((run) => [run.optimizer, run] as const))('%s', async (_, run) => {
      const value = upload(device, problem.w0);
      const gradient = upload(device, problem.w0);
      const parameters = [{ value, gradient, length: problem.w0.length }];
      const optimizer = createOptimizer(device, fromPyTorch(run), parameters, scheduleOf(run));
      const encodeGradients = quadraticGradients(problem, value, gradient);
      submit(device, (encoder) => {
        for (let step = 0; step < 20; step++) {
          encodeGradients(encoder);
          optimizer.encode(encoder);
        }
      });
      const weights = await download(device, value);
      const expected = run.parameters.w as readonly number[];
      expected.forEach((w, index) => {
        expect(Math.abs((weights[index] as number) - w)).toBeLessThan(1e-5);
      });
      expect(optimizer.step).toBe(20);
      optimizer.dispose();
    });
  });

  describe('follows the golden cases at every step', () => {
    const problem = { A: golden.problem.matrix, c: golden.problem.centre, w0: golden.problem.start };
    const cases = golden.cases as unknown as readonly {
      readonly optimizer: Optimizer;
      readonly policy: Policy;
      readonly weights: readonly (readonly number[])[];
    }[];
    it.each(
      cases.map((entry) => [`${JSON.stringify(entry.optimizer)} ${entry.policy.type}`, entry] as const),
    )('%s', async (_, { optimizer: spec, policy, weights }) => {
      const [value, gradient] = [upload(device, problem.w0), upload(device, problem.w0)];
      const size = problem.w0.length * 4;
      const log = device.createBuffer({ size: size * weights.length, usage: 12 });
      const parameters = [{ value, gradient, length: problem.w0.length }];
      const optimizer = createOptimizer(device, spec, parameters, policy);
      const encodeGradients = quadraticGradients(problem, value, gradient);
      submit(device, (encoder) => {
        for (let step = 0; step < weights.length; step++) {
          encodeGradients(encoder);
          optimizer.encode(encoder);
          encoder.copyBufferToBuffer(value, 0, log, step * size, size);
        }
      });
      const seen = await download(device, log);
      for (const [index, want] of weights.flat().entries()) {
        expect(Math.abs((seen[index] as number) - want)).toBeLessThan(1e-5);
      }
      optimizer.dispose();
    });
  });

  /** Updates with fixed gradients and returns the weights after `steps`. */
  async function run(
    spec: Optimizer,
    {
      w = [1, -2, 3],
      g = [0.5, 1, -1],
      steps = 5,
      schedule = constant({ lr: 0.1 }) as Parameters<typeof createOptimizer>[3],
      ...options
    } = {},
  ): Promise<number[]> {
    const value = upload(device, w);
    const optimizer = createOptimizer(
      device,
      spec,
      [{ value, gradient: upload(device, g), length: w.length }],
      schedule,
      options,
    );
    submit(device, (encoder) => {
      for (let step = 0; step < steps; step++) optimizer.encode(encoder);
    });
    const weights = Array.from(await download(device, value));
    optimizer.dispose();
    return weights;
  }

  const close = (got: readonly number[], want: readonly number[]): void => {
    for (const [index, x] of want.entries()) expect(got[index]).toBeCloseTo(x, 5);
  };

  it('computes both kinds of velocity, which differ while the rate changes', async () => {
    const rates = table({ values: [0.1, 0.01, 0.2, 0.05, 0.1] });
    const reference = (form: 'gradient' | 'update', nesterov: boolean): number => {
      let [w, v] = [1, 0];
      for (const lr of rates.values) {
        const before = v;
        v = 0.9 * v + (form === 'gradient' ? 0.5 : lr * 0.5);
        if (form === 'gradient') w -= lr * (nesterov ? 0.5 + 0.9 * v : v);
        else w -= nesterov ? 1.9 * v - 0.9 * before : v;
      }
      return w;
    };
    for (const velocity of ['gradient', 'update'] as const) {
      for (const nesterov of [false, true]) {
        const spec = sgd({ momentum: 0.9, velocity, nesterov });
        const [w] = await run(spec, { w: [1], g: [0.5], schedule: rates });
        expect(w).toBeCloseTo(reference(velocity, nesterov), 5);
      }
    }
    expect(reference('gradient', false)).not.toBeCloseTo(reference('update', false), 2);
  });

  it('runs centered RMSProp with momentum, which has three slots', async () => {
    const spec = rmsProp({ alpha: 0.9, momentum: 0.8, centered: true, epsilon: 1e-3 });
    let [w, s, m, b] = [1, 0, 0, 0];
    for (let step = 0; step < 5; step++) {
      s = 0.9 * s + 0.1 * 0.25;
      m = 0.9 * m + 0.1 * 0.5;
      b = 0.8 * b + 0.5 / (Math.sqrt(s - m * m) + 1e-3);
      w -= 0.1 * b;
    }
    close(await run(spec, { w: [1], g: [0.5] }), [w]);
  });

  it('reads every rate bit for bit, also past the end of its table, however steps are submitted', async () => {
    const policy = triangular2({
      baseLr: 1e-4,
      maxLr: 0.37,
      stepSize: 7,
      momentum: { base: 0.8, max: 0.95 },
    });
    const schedule = (await import('@clr/core')).toSchedule(policy);
    const value = upload(device, [0]);
    const parameters = [{ value, gradient: upload(device, [0]), length: 1 }];
    const optimizer = createOptimizer(device, sgd({ momentum: 0.9 }), parameters, policy, { tableSteps: 16 });
    const log = device.createBuffer({ size: 150 * 8, usage: 12 });
    const commands: GPUCommandBuffer[] = [];
    let encoder = device.createCommandEncoder();
    for (let step = 0; step < 150; step++) {
      optimizer.encode(encoder);
      encoder.copyBufferToBuffer(optimizer.state, 24, log, step * 8, 8);
      if (step % 37 === 36) {
        commands.push(encoder.finish());
        encoder = device.createCommandEncoder();
      }
    }
    device.queue.submit([...commands, encoder.finish()]); // Everything is encoded before anything is submitted.
    const seen = await download(device, log);
    for (let step = 0; step < 150; step++) {
      expect(seen[2 * step]).toBe(Math.fround(schedule.lr(step)));
      expect(seen[2 * step + 1]).toBe(Math.fround(schedule.momentum(step) as number));
    }
    optimizer.dispose();
  });

  it('encodes a hundred steps with no host write between them', async () => {
    const value = upload(device, [1, 2, 3]);
    const parameters = [{ value, gradient: upload(device, [1, 1, 1]), length: 3 }];
    const optimizer = createOptimizer(device, adam(), parameters, (step) => 1 / (step + 1));
    submit(device, (encoder) => optimizer.encode(encoder)); // uploads the table
    const { queue, createBuffer } = device;
    const { writeBuffer } = queue;
    let writes = 0;
    queue.writeBuffer = () => {
      writes += 1;
    };
    device.createBuffer = (descriptor) => {
      writes += 1;
      return createBuffer.call(device, descriptor);
    };
    submit(device, (encoder) => {
      for (let step = 0; step < 100; step++) optimizer.encode(encoder);
    });
    queue.writeBuffer = writeBuffer;
    device.createBuffer = createBuffer;
    expect(writes).toBe(0);
    expect(await optimizer.counters()).toMatchObject({ step: 101, updates: 101, lr: Math.fround(1 / 101) });
    optimizer.dispose();
  });

  it.each([2 ** 32 - 2, 2 ** 32 + 5, 3 * 2 ** 32 - 1, 10_000])('counts upwards from %d', async (from) => {
    const [value, gradient] = [upload(device, [1]), upload(device, [1])];
    const parameters = [{ value, gradient, length: 1 }];
    const optimizer = createOptimizer(device, sgd(), parameters, () => 0, { from });
    for (let step = from; step < from + 4; step++) {
      submit(device, (encoder) => optimizer.encode(encoder));
      expect((await optimizer.counters()).step).toBe(step + 1);
    }
    optimizer.seek(7);
    // The seek takes effect with the next step.
    expect((await optimizer.counters()).step).toBe(from + 4);
    submit(device, (encoder) => optimizer.encode(encoder));
    expect((await optimizer.counters()).step).toBe(8);
    optimizer.dispose();
  });

  it("stops Adam's count of updates at its maximum instead of wrapping to 0", async () => {
    const [value, gradient] = [upload(device, [1]), upload(device, [1])];
    const optimizer = createOptimizer(
      device,
      adam(),
      [{ value, gradient, length: 1 }],
      constant({ lr: 0.5 }),
    );
    device.queue.writeBuffer(optimizer.state, 4, Uint32Array.of(2 ** 32 - 2));
    for (let step = 0; step < 3; step++) submit(device, (encoder) => optimizer.encode(encoder));
    expect((await optimizer.counters()).updates).toBe(2 ** 32 - 1);
    expect(Number.isFinite((await download(device, value))[0])).toBe(true);
    optimizer.dispose();
  });

  it('works without a policy if every step passes its rate', async () => {
    const [value, gradient, loss] = [upload(device, [1]), upload(device, [1]), upload(device, [0])];
    const { createBuffer } = device;
    const sizes: number[] = [];
    device.createBuffer = (descriptor) => {
      if (descriptor.label?.startsWith('clr schedule')) sizes.push(descriptor.size);
      return createBuffer.call(device, descriptor);
    };
    const optimizer = createOptimizer(device, sgd(), [{ value, gradient, length: 1 }]);
    const trainable = createTrainable(device, { optimizer, loss, encodeGradients: () => {} });
    for (const lr of [0.5, 0.25, 0.125]) trainable.trainStep(undefined, { lr });
    expect(await download(device, value)).toEqual(Float32Array.of(0.125));
    const { lr, step } = await optimizer.counters();
    expect([lr, step]).toEqual([0.125, 3]);
    expect(sizes).toEqual([16]);
    device.createBuffer = createBuffer;
    const encoder = device.createCommandEncoder();
    expect(() => optimizer.encode(encoder)).toThrow(/a policy that gives the rate of step 3/);
    trainable.dispose();
  });

  it('mixes steps of its policy with steps that pass their own rate', async () => {
    const [value, gradient, loss] = [upload(device, [0]), upload(device, [-1]), upload(device, [0])];
    const optimizer = createOptimizer(device, sgd(), [{ value, gradient, length: 1 }], (step) => 2 ** step, {
      tableSteps: 4,
    });
    const trainable = createTrainable(device, { optimizer, loss, encodeGradients: () => {} });
    for (const step of [0, 1, 2, 3, 4, 5, 6]) {
      if (step % 2) trainable.trainStep(undefined, { lr: 1000 });
      else submit(device, (encoder) => optimizer.encode(encoder));
    }
    expect(await download(device, value)).toEqual(Float32Array.of(1 + 4 + 16 + 64 + 3000));
    trainable.dispose();
  });

  it('seeks to any step, in encode order, and beyond 2^32', async () => {
    const schedule = (step: number): number => 1 / (step + 3);
    const value = upload(device, [0]);
    const optimizer = createOptimizer(
      device,
      sgd(),
      [{ value, gradient: upload(device, [0]), length: 1 }],
      schedule,
      {
        from: 100_000,
        tableSteps: 64,
      },
    );
    const steps = [100_000, 100_001, 5, 63, 64, 2 ** 32 - 1, 2 ** 32, 10_000_000, 3, 4];
    const log = device.createBuffer({ size: steps.length * 4, usage: 12 });
    submit(device, (encoder) => {
      steps.forEach((step, index) => {
        if (step !== optimizer.step) optimizer.seek(step);
        optimizer.encode(encoder);
        encoder.copyBufferToBuffer(optimizer.state, 24, log, index * 4, 4);
      });
    });
    expect(Array.from(await download(device, log))).toEqual(steps.map((step) => Math.fround(schedule(step))));
    expect((await optimizer.counters()).step).toBe(5);
    optimizer.dispose();
  });

  it('clips by the global norm over all parameters', async () => {
    const values = [upload(device, [1, 2]), upload(device, [3])];
    const gradients = [upload(device, [3, 0]), upload(device, [4])];
    const parameters = values.map((value, index) => ({
      value,
      gradient: gradients[index] as GPUBuffer,
      length: value.size / 4,
    }));
    const optimizer = createOptimizer(device, sgd(), parameters, constant({ lr: 1 }), { clipNorm: 2.5 });
    submit(device, (encoder) => optimizer.encode(encoder));
    close(Array.from(await download(device, values[0] as GPUBuffer)), [1 - 1.5, 2]);
    close(Array.from(await download(device, values[1] as GPUBuffer)), [3 - 2]);
    expect((await optimizer.counters()).norm).toBeCloseTo(5, 5);
    optimizer.dispose();
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'skips and counts a step with a gradient of %d',
    async (bad) => {
      const n = 3000; // several blocks
      const value = upload(
        device,
        Array.from({ length: n }, (_, i) => i / n),
      );
      const gradient = upload(device, new Float32Array(n).fill(0.5));
      const optimizer = createOptimizer(
        device,
        adamW(),
        [{ value, gradient, length: n }],
        constant({ lr: 0.1 }),
        {
          skipNonFinite: true,
        },
      );
      submit(device, (encoder) => optimizer.encode(encoder));
      const before = await download(device, value);
      device.queue.writeBuffer(gradient, 2048 * 4, new Float32Array([bad]));
      submit(device, (encoder) => optimizer.encode(encoder));
      expect(await download(device, value)).toEqual(before);
      expect(await optimizer.counters()).toMatchObject({ step: 2, updates: 1, skipped: 1 });
      device.queue.writeBuffer(gradient, 2048 * 4, new Float32Array([0.5]));
      submit(device, (encoder) => optimizer.encode(encoder));
      const after = await download(device, value);
      expect(after).not.toEqual(before);
      // Adam's t went from 1 to 2, as in two clean steps.
      const clean = await run(adamW(), { w: [2048 / n], g: [0.5], steps: 2 });
      expect(after[2048]).toBe(clean[0]);
      optimizer.dispose();
    },
  );

  it('changes the loss scale as GradScaler does, and divides gradients by it', async () => {
    const value = upload(device, [1]);
    const gradient = upload(device, [8]);
    const optimizer = createOptimizer(device, sgd(), [{ value, gradient, length: 1 }], constant({ lr: 1 }), {
      lossScale: { initial: 16, growthInterval: 2 },
    });
    const step = async (g: number): Promise<number> => {
      device.queue.writeBuffer(gradient, 0, new Float32Array([g]));
      submit(device, (encoder) => optimizer.encode(encoder));
      return (await optimizer.counters()).lossScale;
    };
    expect(await step(8)).toBe(16); // w −= 8/16
    expect(await step(8)).toBe(32);
    expect(await step(Number.NaN)).toBe(16);
    expect(await step(4)).toBe(16);
    expect(await download(device, value)).toEqual(Float32Array.of(1 - 0.5 - 0.5 - 0.25));
    optimizer.dispose();
  });

  it('updates a thousand parameters of shared buffers in one dispatch', async () => {
    const n = 1000;
    const value = upload(
      device,
      Array.from({ length: n * 3 }, (_, i) => i),
    );
    const gradient = upload(
      device,
      Array.from({ length: n * 3 }, (_, i) => i % 7),
    );
    const packed = Array.from({ length: n }, (_, i) => ({
      value,
      gradient,
      length: 2,
      valueOffset: i * 3,
      gradientOffset: (n - 1 - i) * 3,
    }));
    const optimizer = createOptimizer(device, sgd(), packed, constant({ lr: 1 }));
    expect(optimizer.dispatches).toBe(1);
    submit(device, (encoder) => optimizer.encode(encoder));
    const weights = await download(device, value);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < 3; j++) {
        const at = i * 3 + j;
        const g = j < 2 ? ((n - 1 - i) * 3 + j) % 7 : 0; // Every third number belongs to no parameter.
        expect(weights[at]).toBe(at - g);
      }
    }
    optimizer.dispose();
  });

  it('updates 2,001 separate buffers, in each dispatch as many as the bindings allow', async () => {
    const separate = Array.from({ length: 2001 }, (_, i) => ({
      value: upload(device, new Float32Array(1 + (i % 9)).fill(i)),
      gradient: upload(device, new Float32Array(1 + (i % 9)).fill(i % 2 ? 1 : -2)),
      length: 1 + (i % 9),
    }));
    const perDispatch = Math.floor((device.limits.maxStorageBuffersPerShaderStage - 2) / 2);
    const optimizer = createOptimizer(device, adam(), separate, constant({ lr: 0.5 }), { clipNorm: 1e9 });
    expect(optimizer.dispatches).toBe(Math.ceil(2001 / perDispatch));
    submit(device, (encoder) => optimizer.encode(encoder));
    const all = device.createBuffer({ size: 2001 * 36, usage: usage.copySource | usage.copyTarget });
    submit(device, (encoder) => {
      separate.forEach(({ value, length }, i) => {
        encoder.copyBufferToBuffer(value, 0, all, i * 36, length * 4);
      });
    });
    const weights = await download(device, all);
    separate.forEach(({ length }, i) => {
      const expected = new Float32Array(9).fill(i % 2 ? i - 0.5 : i + 0.5, 0, length);
      close(Array.from(weights.subarray(i * 9, i * 9 + 9)), Array.from(expected));
    });
    optimizer.dispose();
    for (const { value, gradient } of separate) {
      value.destroy();
      gradient.destroy();
    }
    all.destroy();
  });

  it('frees staging buffers while a run continues', async () => {
    const { live, stop } = countBuffers(device);
    const parameters = [{ value: upload(device, [0]), gradient: upload(device, [0]), length: 1 }];
    const own = live();
    const optimizer = createOptimizer(device, sgd(), parameters, (step) => step, { tableSteps: 8 });
    const made = live();
    for (let round = 0; round < 20; round++) {
      submit(device, (encoder) => {
        for (let step = 0; step < 24; step++) optimizer.encode(encoder);
      });
      await device.queue.onSubmittedWorkDone();
    }
    await optimizer.counters();
    expect(live() - made).toBeLessThan(10); // 60 uploads were made
    optimizer.dispose();
    await new Promise((done) => setTimeout(done, 50));
    expect(live()).toBe(own);
    stop();
  });

  it('refuses bad arguments before it changes anything', () => {
    const value = upload(device, [1, 2]);
    const gradient = upload(device, [1, 2]);
    const plain = device.createBuffer({ size: 8, usage: 12 });
    const make =
      (parameter: object, options = {}) =>
      () =>
        createOptimizer(
          device,
          sgd(),
          [{ value, gradient, length: 2, ...parameter }],
          constant({ lr: 1 }),
          options,
        );
    expect(make({ length: 3 })).toThrow(/value of parameters\[0\] to hold 12 bytes/);
    expect(make({ gradientOffset: 1 })).toThrow(/gradient of parameters\[0\] to hold 12 bytes/);
    expect(make({ length: 0.5 })).toThrow(/length of parameters\[0\] to be an integer/);
    expect(make({ gradient: plain })).toThrow(/usage STORAGE[\s\S]*COPY_SRC \| COPY_DST/);
    expect(make({}, { clipNorm: -1 })).toThrow(/clipNorm/);
    expect(make({}, { tableSteps: 100 })).toThrow(/power of two/);
    expect(make({}, { from: -1 })).toThrow(/integer of at least 0/);
    expect(make({}, { skipNonFinite: 'no' })).toThrow(/skipNonFinite to be true or false/);
    expect(make({ offset: 1 })).toThrow(/unknown option offset/);
    expect(make({ gradient: undefined })).toThrow(/gradient of parameters\[0\] to be a GPUBuffer/);
    expect(make({ dims: [-1, -2] })).toThrow(/dims of parameters\[0\] to have 2 numbers/);
    expect(make({ gradient: value })).toThrow(
      /gradient of parameters\[0\] and the value of parameters\[0\] overlap/,
    );
    for (const list of [undefined, { value, gradient, length: 2 }, [undefined]]) {
      expect(() => createOptimizer(device, sgd(), list as never, constant({ lr: 1 }))).toThrow(/Received: /);
    }
    for (const [lossScale, field] of [
      [{ initial: 1e39 }, 'initial'],
      [{ growth: 0.5 }, 'growth'],
      [{ backoff: 2 }, 'backoff'],
      [{ growthInterval: 1.5 }, 'growthInterval'],
      [{ growthInterval: 1e12 }, 'growthInterval'],
    ] as const) {
      expect(make({}, { lossScale })).toThrow(`lossScale.${field}`);
    }
    expect(() => createOptimizer(device, sgd(), [], constant({ lr: 1 }))).toThrow(/at least one parameter/);
    const twice = { value, gradient, length: 2 };
    expect(() =>
      createOptimizer(device, sgd(), [twice, { ...twice, length: 1, valueOffset: 1 }], constant({ lr: 1 })),
    ).toThrow(/overlap/);
    const cycled = triangular2({ baseLr: 0, maxLr: 1, stepSize: 2, momentum: { base: 0.8, max: 0.9 } });
    const plainSgd = createOptimizer(device, sgd(), [twice], (step) => step);
    expect(() => createOptimizer(device, sgd(), [twice], cycled)).not.toThrow(); // The policy's momentum adds the slot.
    plainSgd.dispose();
    // A policy that the optimizer cannot follow is refused before the first step.
    expect(() => createOptimizer(device, adagrad(), [twice], cycled)).toThrow(/no velocity/);
    expect(() => createOptimizer(device, sgd(), [twice], () => Number.NaN)).toThrow(/lr\(0\) = NaN/);
  });

  it('checks an optimizer that no factory made, and fills in its defaults', async () => {
    const value = upload(device, [1, 2]);
    const parameters = [{ value, gradient: upload(device, [1, 2]), length: 2 }];
    const make = (spec: object) => createOptimizer(device, spec as never, parameters, constant({ lr: 1 }));
    for (const [spec, received] of [
      [{ type: 'adam', beta1: 1 }, 'beta1 = 1'],
      [{ ...adam(), epsilon: Number.NaN }, 'epsilon = NaN'],
      [{ type: 'adam', amsgrad: true }, 'amsgrad'],
      [{ type: 'adamax' }, 'type = adamax'],
      [{ type: 'toString' }, 'type = toString'],
      ['sgd', 'a value of the type string'],
      [undefined, 'a value of the type undefined'],
    ] as const) {
      expect(() => make(spec as object)).toThrow(received);
    }
    submit(device, (encoder) => make({ type: 'adam' }).encode(encoder));
    // Adam's first update is lr in the direction of the gradient.
    const [first, second] = await download(device, value);
    expect(first).toBeCloseTo(0, 6);
    expect(second).toBeCloseTo(1, 6);
  });

  it('follows a policy that sets the momentum only at later steps', async () => {
    const later = triangular2({ baseLr: 0.5, maxLr: 0.5, stepSize: 2, momentum: { base: 0.5, max: 0.5 } });
    const policy = sequence([{ policy: constant({ lr: 0.5 }), steps: 2 }, { policy: later }]);
    const value = upload(device, [0, 0]);
    const parameters = [{ value, gradient: upload(device, [1, 1]), length: 2 }];
    const optimizer = createOptimizer(device, sgd(), parameters, policy);
    submit(device, (encoder) => {
      for (let step = 0; step < 4; step++) optimizer.encode(encoder);
    });
    // The velocities are 1, 1, 1.5 and 1.75.
    expect(await download(device, value)).toEqual(Float32Array.of(-2.625, -2.625));
  });

  it('keeps the loss scale within float32, so that training can go on', async () => {
    const counted = async (gradient: number, initial: number) => {
      const value = upload(device, [1, 1]);
      const gradients = upload(device, [gradient, gradient]);
      const parameters = [{ value, gradient: gradients, length: 2 }];
      const options = { lossScale: { initial, growthInterval: 1 } };
      const optimizer = createOptimizer(device, sgd(), parameters, constant({ lr: 1 }), options);
      submit(device, (encoder) => {
        for (let step = 0; step < 4; step++) optimizer.encode(encoder);
      });
      const { lossScale } = await optimizer.counters();
      return { lossScale, value, gradients, optimizer };
    };
    expect((await counted(0, 2 ** 125)).lossScale).toBe(2 ** 127);
    const shrunk = await counted(Number.NaN, 2 ** -124);
    expect(shrunk.lossScale).toBe(2 ** -126);
    device.queue.writeBuffer(shrunk.gradients, 0, new Float32Array(2));
    submit(device, (encoder) => shrunk.optimizer.encode(encoder));
    expect(await download(device, shrunk.value)).toEqual(Float32Array.of(1, 1));
  });

  it('refuses calls after dispose()', async () => {
    const parameters = [{ value: upload(device, [1]), gradient: upload(device, [1]), length: 1 }];
    const optimizer = createOptimizer(device, sgd(), parameters, constant({ lr: 1 }));
    optimizer.dispose();
    expect(() => optimizer.seek(1)).toThrow(/not disposed/);
    await expect(optimizer.counters()).rejects.toThrow(/not disposed/);
  });
});
