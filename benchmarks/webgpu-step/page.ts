import { requestDevice } from '@clr/webgpu';
import { clr } from './clr.ts';
import { jax } from './jax.ts';
import { type Contestant, nets } from './nets.ts';
import { type Bandwidth, optimizerBandwidth } from './optimizer.ts';
import { tfjs } from './tfjs.ts';

/** Milliseconds per step of each round, or the reason why a library was not measured. */
export interface Result {
  readonly milliseconds: number[];
  readonly host?: number;
  readonly problem?: string;
}

declare global {
  interface Window {
    compare(name: string, rounds: number): Promise<Record<string, Result>>;
    host(name: string): Promise<number>;
    bandwidth(): Promise<Bandwidth>;
  }
}

const device = await requestDevice(navigator.gpu);

/** Times all libraries on one net, in turns, so that disturbances affect each alike. */
window.compare = async (name, rounds) => {
  const net = nets[name] as (typeof nets)[string];
  const makers: Record<string, () => Promise<Contestant>> = {
    clr: () => clr(device, net),
    tfjs: () => tfjs(net),
    'jax-js': () => jax(net),
  };
  const results: Record<string, { milliseconds: number[]; problem?: string }> = {};
  const ready: [string, Contestant, number][] = [];
  for (const [library, make] of Object.entries(makers)) {
    results[library] = { milliseconds: [] };
    try {
      const contestant = await make();
      await contestant.run(1); // The first step compiles.
      const began = performance.now();
      await contestant.run(1);
      // As many steps per round as take about a second, but at least 1 and at most 20.
      const steps = Math.max(1, Math.min(20, Math.round(1000 / (performance.now() - began))));
      ready.push([library, contestant, steps]);
    } catch (error) {
      results[library].problem = String(error);
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const [library, contestant, steps] of ready) {
      const began = performance.now();
      await contestant.run(steps);
      results[library]?.milliseconds.push((performance.now() - began) / steps);
    }
  }
  for (const [, contestant] of ready) contestant.dispose();
  return results;
};

/**
 * Measures the host's time per step, with 50 steps per submission. A batch of 1 leaves the host's work the same and
 * shortens the wait for the device.
 */
window.host = async (name) => {
  const contestant = await clr(device, { ...(nets[name] as (typeof nets)[string]), batch: 1 });
  await contestant.run(2);
  let least = Number.POSITIVE_INFINITY;
  for (let repeat = 0; repeat < 5; repeat++) least = Math.min(least, await contestant.host(50));
  contestant.dispose();
  return least;
};

window.bandwidth = () => optimizerBandwidth(device, 5);
document.title = 'ready';
