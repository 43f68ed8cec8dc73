import type * as tfjs from '@tensorflow/tfjs';

/**
 * Holds the values of variables, such as the moving statistics that a forward pass updates before the step can fail.
 * Nothing is copied: a clone shares its data until the variable is assigned. Call `putBack` or `release` when the work
 * is over.
 */
export function holdVariables(
  tf: Pick<typeof tfjs, 'keep'>,
  variables: readonly tfjs.Variable[],
): { putBack(): void; release(): void } {
  const held = variables.map((variable) => tf.keep(variable.clone()));
  const release = () => {
    for (const value of held) value.dispose();
  };
  return {
    putBack() {
      variables.forEach((variable, index) => {
        variable.assign(held[index]!);
      });
      release();
    },
    release,
  };
}
