import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { trainBackbone } from './backbone.ts';
import { accuracyOf, digits } from './digits.ts';
import { fineTune } from './fineTune.ts';

// A net learns the digits 0 to 4 from nothing, then 5 to 9 from 500 examples, in several ways.

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
console.log(
  `The digits 0 to 4 after ${steps} steps: ${percent(await accuracyOf(backbone, await digits('test', first!)))}`,
);

console.log('The digits 5 to 9 from 500 examples:');
const [data, test] = [await digits('train', second!, 500), await digits('test', second!)];
for (const { name, model, perSecond, adapter } of await fineTune(backbone, data, tuning)) {
  console.log(
    `  ${name.padEnd(28)} ${percent(await accuracyOf(model, test))}   ${perSecond.toFixed(0)} steps a second`,
  );
  const file = `${values.out}/digits-${name.replaceAll(/\W+/g, '-')}`;
  await writeFile(`${file}.onnx`, model);
  if (adapter) await writeFile(`${file}.safetensors`, adapter);
}
