import { describe, expect, it } from 'vitest';
import { checkGradient, type OperatorCase } from '../../test/checkGradient.ts';
import { tolerance } from '../../test/describeGradients.ts';
import { differentiableCases, flatCases, sameGradient, withoutFloats } from '../../test/operatorCases.ts';
import { DataType } from '../format/dataType.ts';
import { privateDomain } from '../graph/privateOperators.ts';
import { UnsupportedOperatorError } from '../index.ts';
import { operators } from './index.ts';

/** The operators in the registry whose gradient is a function, or `'none'`. */
const named = (gradient: 'function' | 'none'): string[] =>
  [...operators].flatMap(([name, operator]) => {
    const kind = typeof operator.gradient === 'function' ? 'function' : operator.gradient;
    return kind === gradient && !name.startsWith(`${privateDomain}:`) ? [name] : [];
  });

type Case = Omit<OperatorCase, 'seed'>;

const isFloat = (c: Case, i: number): boolean => {
  const input = c.inputs[i];
  return input !== undefined && (input.type === undefined || input.type === DataType.FLOAT);
};

/**
 * The case with the chosen float inputs computed from parameters and the other float inputs constant. The loss uses
 * only the chosen outputs.
 */
function reached(c: Case, inputs: readonly number[], outputs: readonly number[]): OperatorCase {
  return {
    opset: 18,
    ...c,
    inputs: c.inputs.map((input, i) =>
      input && isFloat(c, i)
        ? { ...input, ...(inputs.includes(i) ? { computed: true } : { constant: true }) }
        : input,
    ),
    outputs: (c.outputs ?? [true]).map((_, i) => outputs.includes(i)),
    elsewhere: true,
    seed: 7 + 10 * (inputs[0] ?? 0) + (outputs[0] ?? 0),
  };
}

/** Yields a case for each pair of a float input and a float output, and then one with all of them. */
function* flows(c: Case): Generator<OperatorCase> {
  const inputs = c.inputs.flatMap((_, i) => (isFloat(c, i) ? [i] : []));
  const outputs = (c.outputs ?? [true]).flatMap((float, i) => (float ? [i] : []));
  for (const input of inputs) for (const output of outputs) yield reached(c, [input], [output]);
  if (inputs.length * outputs.length > 1) yield reached(c, inputs, outputs);
}

/** Passes if the gradient agrees with central differences, or if the build fails and names the missing gradient. */
async function check(c: OperatorCase): Promise<'right' | string> {
  try {
    const { error, precision } = await checkGradient(c);
    const where = `inputs ${c.inputs.flatMap((x, i) => (x?.computed ? [i] : []))}, outputs ${c.outputs}`;
    expect(error, where).toBeLessThan(tolerance[precision]);
    return 'right';
  } catch (error) {
    if (!(error instanceof UnsupportedOperatorError)) throw error;
    expect(error.message).toMatch(
      new RegExp(
        `node "y\\d" \\(${c.op}[^,]*, opset \\d+\\): no gradient (for its input|through its output) \\d+ \\("`,
      ),
    );
    return error.message;
  }
}

/** Inputs and outputs that have no gradient on purpose, with the error of each. */
const refused: Readonly<Record<string, RegExp>> = {
  // The scales change sizes and positions.
  Resize: /for its input 2/,
  // This output holds the scores at one of four stages of the computation.
  Attention: /through its output 3/,
  // These inputs are constant tables of cosines and sines.
  RotaryEmbedding: /for its input [12]/,
};

describe('the gradient of every float output with respect to every float input', () => {
  it('has a case in test/operatorCases.ts for every operator', () => {
    const tested = [...Object.keys(differentiableCases), ...Object.keys(sameGradient)];
    expect(tested.sort()).toEqual(named('function').sort());
    for (const [one, other] of Object.entries(sameGradient)) {
      expect(operators.get(one)?.gradient).toBe(operators.get(other)?.gradient);
    }
    expect([...Object.keys(flatCases), ...withoutFloats].sort()).toEqual(named('none').sort());
  });

  it.each(Object.entries(differentiableCases))(
    'agrees with finite differences, or is refused: %s',
    async (op, make) => {
      const c = { op, ...make(3) };
      const results: string[] = [];
      for (const flow of flows(c)) results.push(await check(flow));
      const refusals = results.filter((result) => result !== 'right');
      expect(results).toContain('right');
      for (const refusal of refusals) expect(refusal).toMatch(refused[op] ?? /none expected/);
    },
  );

  it.each(Object.entries(flatCases))(
    'is 0 for piecewise constant operators, as finite differences are: %s',
    async (op, make) => {
      for (const flow of flows({ op, ...make(3) })) expect(await check(flow)).toBe('right');
    },
  );
});
