import { emitWithGraphs, innerGraph } from '../graph/controlFlow.ts';
import type { Ops } from '../graph/ops.ts';

/** The results of one step: the next states, and the outputs to collect. */
export interface Step {
  readonly states: readonly string[];
  readonly collected: readonly string[];
}

/**
 * Emits a Scan over the first axis of `rows`. The size of that axis at run time is the number of steps.
 *
 * @param states - the initial states; they keep their shapes
 * @param rows - the values to scan; each step reads one row of each
 * @param reversed - whether to run from the last row to the first; collected outputs keep the order of the rows
 * @returns the final states, and the collected outputs, stacked along a new first axis
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
