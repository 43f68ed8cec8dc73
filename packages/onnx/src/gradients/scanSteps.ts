import { emitWithGraphs, innerGraph } from '../graph/controlFlow.ts';
import type { Ops } from '../graph/ops.ts';

/** What one step makes: the next states, and what is collected. */
export interface Step {
  readonly states: readonly string[];
  readonly collected: readonly string[];
}

/**
 * Runs steps over the first axis of some values, as many as it is long when the model runs.
 *
 * @param states - before the first step; they keep their shapes
 * @param rows - what each step takes a part of
 * @param reversed - from the last row to the first; what is collected keeps the order of the rows
 * @returns the states after the last step, and what was collected, along a first axis
 */
export function scanSteps(
  b: Ops,
  states: readonly string[],
  rows: readonly string[],
  reversed: boolean,
  step: (states: readonly string[], rows: readonly string[]) => Step,
): Step {
  const inside = (like: string, dims = b.dims(like)): string =>
    b.declare(b.uniqueName('step'), b.type(like).type, dims);
  const stateInputs = states.map((name) => inside(name));
  const rowInputs = rows.map((name) => inside(name, b.dims(name)?.slice(1)));
  let made: Step = { states: [], collected: [] };
  const nodes = b.collectInside(() => {
    made = step(stateInputs, rowInputs);
  });
  const { states: next, collected } = made;
  const body = innerGraph(b, 'steps', nodes, [...stateInputs, ...rowInputs], [...next, ...collected]);
  const outputs = [...next, ...collected].map(() => b.uniqueName('Scan'));
  const direction = reversed ? 1 : 0;
  emitWithGraphs(b, 'Scan', [...states, ...rows], { body }, outputs, {
    num_scan_inputs: rows.length,
    scan_input_directions: rows.map(() => direction),
    ...(collected.length > 0 ? { scan_output_directions: collected.map(() => direction) } : {}),
  });
  states.forEach((name, i) => {
    b.declare(outputs[i] as string, b.type(name).type, b.dims(name));
  });
  return { states: outputs.slice(0, next.length), collected: outputs.slice(next.length) };
}
