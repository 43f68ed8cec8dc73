// Prints the code of the page for optax and Keras as JSON, for runPythonCode.py.
import { asKeras } from '../src/policies/code/keras.ts';
import { asOptax } from '../src/policies/code/optax.ts';
import { policies } from '../test/codePolicies.ts';

const codes = [
  ['optax', asOptax],
  ['Keras', asKeras],
] as const;
const found = codes.flatMap(([library, translate]) =>
  policies.flatMap((policy) => {
    const translation = translate(policy);
    return 'code' in translation ? [{ library, code: translation.code }] : [];
  }),
);
console.log(JSON.stringify(found));
