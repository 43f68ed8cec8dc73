import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { accuracyOf, digits } from '@clr/datasets/onnx';
import { describeHead, quantizeWeights } from '@clr/onnx';
import { trainBackbone } from './backbone.ts';
import { fineTune } from './fineTune.ts';

// A net learns the digits 0 to 4 from scratch, then 5 to 9 from 500 examples, in several ways. Then this is repeated
// with the net's weights stored as 8-bit and as 4-bit integers.

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '600' },
    tuning: { type: 'string', default: '240' },
    out: { type: 'string', default: '.' },
  },
});
const [steps, tuning] = [Number(values.steps), Number(values.tuning)];
const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

const [first, second] = [
  [0, 1, 2, 3, 4],
  [5, 6, 7, 8, 9],
];
const backbone = await trainBackbone(await digits('train', first!), steps);
const { weight: head } = describeHead(backbone);
const own = await digits('test', first!);
console.log(`The digits 0 to 4 after ${steps} steps: ${percent(await accuracyOf(backbone, own))}`);

const [data, test] = [await digits('train', second!, { limit: 500 }), await digits('test', second!)];
for (const bits of [32, 8, 4] as const) {
  const body = bits === 32 ? backbone : quantizeWeights(backbone, { bits, except: (name) => name === head });
  if (bits < 32)
    console.log(
      `${bits}-bit weights: ${body.length} bytes instead of ${backbone.length}; the digits 0 to 4: ${percent(await accuracyOf(body, own))}`,
    );
  console.log('The digits 5 to 9 from 500 examples:');
  for (const { name, model, perSecond, adapter } of await fineTune(body, data, tuning, bits < 32)) {
    const accuracy = percent(await accuracyOf(model, test));
    console.log(`  ${name.padEnd(28)} ${accuracy}   ${perSecond.toFixed(0)} steps a second`);
    const file = `${values.out}/digits-${bits < 32 ? `int${bits}-` : ''}${name.replaceAll(/\W+/g, '-')}`;
    await writeFile(`${file}.onnx`, model);
    if (adapter) await writeFile(`${file}.safetensors`, adapter);
  }
}
