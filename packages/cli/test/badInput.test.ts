import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClrError } from '@clr/core';
import { encodeNpz, fitTable, readCsvTable } from '@clr/data';
import { buildModel, type LayerSpec } from '@clr/onnx';
import { encode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UsageError } from '../src/errors.ts';
import { run } from '../src/run.ts';
import { tableText } from './shapes.ts';

let folder = '';
const home = process.cwd();

/** An array of floats with these dims, such as images [n, c, h, w]. The element `i` is `of(i)`. */
const floats = (dims: readonly number[], of: (i: number) => number = (i) => Math.sin(i)) => ({
  dims,
  data: Float32Array.from({ length: dims.reduce((product, dim) => product * dim, 1) }, (_, i) => of(i)),
});
const labels = (count: number, of: (i: number) => number = (i) => i % 4) => ({
  dims: [count],
  data: BigInt64Array.from({ length: count }, (_, i) => BigInt(of(i))),
});
const picture = encode({ width: 8, height: 8, channels: 3, depth: 8, data: new Uint8Array(192).fill(7) });

async function write(name: string, content: string | Uint8Array): Promise<void> {
  await mkdir(join(folder, name, '..'), { recursive: true });
  await writeFile(join(folder, name), content);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clr-bad-'));
  process.chdir(folder);
  await write(
    'cnn.onnx',
    buildModel({ input: [3, 8, 8], layers: [{ type: 'flatten' }, { type: 'dense', units: 4 }] }),
  );
  await write('mlp.onnx', buildModel({ input: [6], layers: [{ type: 'dense', units: 4 }] }));
  await write('none.onnx', '');
  await write('text.onnx', 'this is not a model');
  await write('t.csv', tableText(60));
  for (const [name, token] of Object.entries({ few: 3, negative: -1, fraction: 0.5 })) {
    const x = { dims: [40, 2], data: Float32Array.from({ length: 80 }, (_, i) => (i === 7 ? token : i % 3)) };
    await write(`${name}.npz`, encodeNpz({ x, y: labels(40, (i) => i % 2) }));
  }
  const reader: LayerSpec[] = [
    { type: 'embedding', rows: 3, units: 2 },
    { type: 'meanOverSteps' },
    { type: 'dense', units: 2 },
  ];
  await write('tokens.onnx', buildModel({ input: [2], layers: reader }));
  await write('half.encoding.json', '{"version":1,"kind":"table","features":[{"name":"a","type":"number"}]}');
  await write('none.jobs.json', '[]');
  const { encoding } = await fitTable(readCsvTable(new TextEncoder().encode(tableText(60)), 't.csv'), {
    target: 'price',
  });
  await write('price.encoding.json', JSON.stringify(encoding));
  await write('price.onnx', buildModel({ input: [7], layers: [{ type: 'dense', units: 1 }] }));
  await write('header.csv', 'a,b\n');
  await write('empty.csv', '');
  await write('numbers.csv', '1,2\n3,4\n5,6\n');
  await write('twice.csv', 'a,a\n1,2\n');
  await write('ragged.csv', 'a,b\n1,2\n1,2,3\n');
  await write('quote.csv', 'a,b\n"1,2\n');
  await write('gap.csv', 'a,y\n1,p\n2,\n3,p\n4,q\n5,q\n');
  await write('one.csv', 'a,y\n1,p\n2,p\n3,p\n4,p\n');
  await write('same.csv', 'a,y\n1,p\n1,q\n1,p\n1,q\n1,p\n1,q\n1,p\n1,q\n');
  await write('inf.csv', 'a,y\n1,p\ninf,q\n3,p\n4,q\n5,p\n6,q\n7,p\n8,q\n');
  await write(
    'names.csv',
    ['name,y', ...Array.from({ length: 300 }, (_, i) => `n${i},${i % 2 ? 'p' : 'q'}`)].join('\n'),
  );
  await write('bad.parquet', 'PAR1 no parquet at all PAR1');
  await write('bad.arrow', 'ARROW1 no arrow at all');
  await write('bad.npz', 'no archive');
  await write('cut.npz', encodeNpz({ x: floats([20, 3, 8, 8]), y: labels(20) }).subarray(0, 900));
  await write('good.npz', encodeNpz({ x: floats([20, 3, 8, 8]), y: labels(20) }));
  await write('last.npz', encodeNpz({ x: floats([20, 8, 8, 3]), y: labels(20) }));
  await write('flat.npz', encodeNpz({ x: floats([20, 192]), y: labels(20) }));
  await write('other.npz', encodeNpz({ x: floats([20, 3, 9, 9]), y: labels(20) }));
  await write(
    'nan.npz',
    encodeNpz({ x: floats([20, 3, 8, 8], (i) => (i === 500 ? Number.NaN : i)), y: labels(20) }),
  );
  // Too large to be checked completely before the training starts. The value in row 290 is NaN.
  await write('wide.onnx', buildModel({ input: [4096], layers: [{ type: 'dense', units: 4 }] }));
  await write('wide.npz', encodeNpz({ x: floats([20, 4096]), y: labels(20) }));
  await write(
    'wide-nan.npz',
    encodeNpz({
      x: floats([300, 4096], (i) => (i === 290 * 4096 ? Number.NaN : Math.sin(i))),
      y: labels(300),
    }),
  );
  await write(
    'wide-label.npz',
    encodeNpz({ x: floats([300, 4096]), y: labels(300, (i) => (i === 290 ? 4 : i % 4)) }),
  );
  await write('from1.npz', encodeNpz({ x: floats([20, 3, 8, 8]), y: labels(20, (i) => 1 + (i % 4)) }));
  await write('many.npz', encodeNpz({ x: floats([20, 3, 8, 8]), y: labels(20, (i) => i % 10) }));
  await write('minus.npz', encodeNpz({ x: floats([20, 3, 8, 8]), y: labels(20, (i) => (i % 4) - 1) }));
  await write(
    'onehot.npz',
    encodeNpz({ x: floats([20, 3, 8, 8]), y: floats([20, 4], (i) => (i % 5 === 0 ? 1 : 0)) }),
  );
  await write('half.npz', encodeNpz({ x: floats([20, 3, 8, 8]), y: floats([20], (i) => (i % 4) / 2) }));
  await write('rows.npz', encodeNpz({ x: floats([20, 3, 8, 8]), y: labels(19) }));
  await write('nolabel.npz', encodeNpz({ x: floats([20, 3, 8, 8]) }));
  await write('noinput.npz', encodeNpz({ a: floats([20, 3, 8, 8]), b: floats([20, 3]), y: labels(20) }));
  for (const kind of ['cat', 'dog'])
    for (let i = 0; i < 4; i++) await write(`pets/${kind}/${i}.png`, picture);
  await write('loose/1.png', picture);
  await write('single/cat/1.png', picture);
  await mkdir(join(folder, 'nothing'));
  for (const [i, kind] of ['cat', 'dog', 'cat', 'dog', 'cat'].entries()) {
    await write(`broken/${kind}/${i}.png`, kind === 'cat' ? picture : picture.subarray(0, 40));
    await write(`texts/${kind}/${i}.jpg`, 'no picture');
  }
  await write('file', 'a file');
  await write('policy.json', '{"type":"triangluar"}');
  await write('odd.encoding.json', '{"a":1}');
  for (const [name, more] of Object.entries({
    task: { task: { type: 'fixed', lr: 0.1, stepss: 10 } },
    optimizer: { optimizer: { type: 'sgd', momentun: 0.9 } },
    data: { data: { path: 'good.npz', batchs: 8 } },
    model: { model: { file: 'cnn.onnx', head: [4] } },
    file: { model: 'no.onnx' },
    good: {},
  })) {
    const job = { model: 'cnn.onnx', data: 'good.npz', optimizer: { type: 'sgd' }, seed: 1 };
    await write(
      `${name}.jobs.json`,
      JSON.stringify([{ ...job, task: { type: 'fixed', lr: 0.1, steps: 9 }, ...more }]),
    );
  }
});
afterAll(async () => {
  process.chdir(home);
  await rm(folder, { recursive: true });
});

/** A hash of the names and contents of all files. */
async function contents(): Promise<string> {
  const names = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isFile(),
  );
  const paths = names.map(({ parentPath, name }) => join(parentPath, name)).sort();
  const hash = createHash('sha256');
  for (const path of paths) hash.update(path).update(await readFile(path));
  return hash.digest('hex');
}

const train = (model: string, data: string, ...more: readonly string[]): string[] => [
  ...['train', model, '--data', data, '--out', 'out.onnx', '--steps', '20', '--quiet'],
  ...more,
];

const sweep = (jobs: string): string[] => ['sweep', jobs, '--out', 'results', '--quiet'];
const grid = (rates: string): string[] => [
  ...['sweep', 'mlp.onnx', '--data', 't.csv', '--lr', rates, '--steps', '9', '--out', 'results'],
];

describe('bad input gives a clear error and changes no file', () => {
  it.each<[string, readonly string[], string]>([
    ['a missing model file', train('no.onnx', 'good.npz'), 'an ONNX model no.onnx.\nReceived: no such file'],
    ['a model that is a folder', train('pets', 'good.npz'), 'Received: a folder'],
    ['an empty model', train('none.onnx', 'good.npz'), 'Expected'],
    ['a text file as a model', train('text.onnx', 'good.npz'), 'Expected'],
    ['inspecting a text file', ['inspect', 'text.onnx'], 'Expected'],
    ['missing data', train('cnn.onnx', 'no.npz'), 'data at no.npz'],
    ['a broken archive', train('cnn.onnx', 'bad.npz'), 'arrays in bad'],
    ['a truncated archive', train('cnn.onnx', 'cut.npz'), 'a whole .npz archive'],
    ['channels last', train('cnn.onnx', 'last.npz'), 'x.transpose(0, 3, 1, 2)'],
    ['flat examples', train('cnn.onnx', 'flat.npz'), 'x.reshape(-1, 3, 8, 8)'],
    ['images of the wrong size', train('cnn.onnx', 'other.npz'), 'Received: [3, 9, 9]'],
    ['one NaN', train('cnn.onnx', 'nan.npz', '--split', '0.1'), 'Received: NaN in row'],
    [
      'a NaN in a row of large training examples that is read late',
      train('wide.onnx', 'wide-nan.npz', '--validation', 'wide.npz', '--lr', '0.001'),
      'finite numbers in the data',
    ],
    [
      'a NaN in a row of large validation examples that is read late',
      train('wide.onnx', 'wide.npz', '--validation', 'wide-nan.npz', '--lr', '0.001'),
      'finite numbers in the validation data',
    ],
    [
      'a label that no output has, in a row of large examples that is read late',
      train('wide.onnx', 'wide-label.npz'),
      'labels from 0 to 4',
    ],
    ['labels from 1', train('cnn.onnx', 'from1.npz'), 'subtract 1'],
    ['more classes than outputs', train('cnn.onnx', 'many.npz'), '--head 10'],
    ['negative labels', train('cnn.onnx', 'minus.npz'), 'labels from -1 to'],
    ['one-hot targets', train('cnn.onnx', 'onehot.npz', '--loss', 'crossEntropy'), 'y.argmax(1)'],
    [
      'class labels that are not whole numbers',
      train('cnn.onnx', 'half.npz', '--loss', 'crossEntropy'),
      'whole numbers in "y"',
    ],
    ['arrays of different lengths', train('cnn.onnx', 'rows.npz'), 'with the same number of rows'],
    ['no array of targets', train('cnn.onnx', 'nolabel.npz'), 'an array with the targets'],
    ['a target array that does not exist', train('cnn.onnx', 'good.npz', '--target', 'z'), 'an array "z"'],
    ['no array for the input', train('cnn.onnx', 'noinput.npz'), 'an array for the model\'s input "input"'],
    [
      'a table for an image model',
      train('cnn.onnx', 't.csv', '--drop', 'price'),
      'a model whose input is [batch',
    ],
    ['a table with the wrong number of columns', train('mlp.onnx', 't.csv'), 'clr new mlp --data t.csv'],
    ['images for a table model', train('mlp.onnx', 'pets'), 'a model whose input is images'],
    ['images without a folder for each class', train('cnn.onnx', 'loose'), '1 images without such folders'],
    ['one class of images', train('cnn.onnx', 'single'), '"cat" alone'],
    ['no images', train('cnn.onnx', 'nothing'), 'no images'],
    ['a truncated image', train('cnn.onnx', 'broken'), 'a whole image in'],
    ['text files named .jpg', train('cnn.onnx', 'texts'), 'a PNG or JPEG image in'],
    [
      'one mean for three channels',
      train('cnn.onnx', 'pets', '--mean', '0.5', '--std', '1,1,1'),
      '--mean with 3 numbers',
    ],
    ['images without --size', ['new', 'cnn', '--data', 'pets', '--out', 'o.onnx'], '--size with the size'],
    ...(
      [
        ['fewer outputs than classes', '--target=level --outputs=1', '2 classes.\nReceived: --outputs 1'],
        ['more outputs than classes', '--target=level --outputs=3', '2 classes.\nReceived: --outputs 3'],
        ['several outputs for a number', '--target=price --outputs=3', 'a number.\nReceived: --outputs 3'],
        ['another input than the columns', '--target=level --input=5', 'Received: --input 5'],
      ] as const
    ).map(([what, options, words]): [string, string[], string] => [
      `a new model with ${what}`,
      ['new', 'mlp', '--data', 't.csv', '--out', 'o.onnx', ...options.split(' ')],
      words,
    ]),
    [
      'a new model with fewer outputs than classes in arrays',
      ['new', 'cnn', '--data', 'good.npz', '--out', 'o.onnx', '--outputs', '3'],
      'Expected --outputs 4, because the target in --data has 4 classes',
    ],
    [
      'a new model with fewer outputs than numbers in arrays',
      ['new', 'cnn', '--data', 'onehot.npz', '--out', 'o.onnx', '--outputs', '3'],
      'Expected --outputs 4, because the target in --data is 4 numbers',
    ],
    [
      'a new model for images of another shape',
      ['new', 'cnn', '--data', 'good.npz', '--out', 'o.onnx', '--input', '3,9,9'],
      'Expected --input 3,8,8',
    ],
    [
      'a new model for images of another size',
      ['new', 'cnn', '--data', 'pets', '--size', '8', '--out', 'o.onnx', '--input', '3,16,16'],
      'Expected --input 3,8,8',
    ],
    ['an empty table', ['new', 'mlp', '--data', 'empty.csv', '--out', 'o.onnx'], 'something in empty.csv'],
    ['a table of only a header', ['new', 'mlp', '--data', 'header.csv', '--out', 'o.onnx'], 'a header alone'],
    [
      'a table without a header',
      ['new', 'mlp', '--data', 'numbers.csv', '--out', 'o.onnx'],
      'names of columns',
    ],
    ['two columns of the same name', ['new', 'mlp', '--data', 'twice.csv', '--out', 'o.onnx'], '"a" twice'],
    ['a row with too many cells', ['new', 'mlp', '--data', 'ragged.csv', '--out', 'o.onnx'], '3 in row 3'],
    ['an open quotation mark', ['new', 'mlp', '--data', 'quote.csv', '--out', 'o.onnx'], 'whole cells'],
    ['a missing target', ['new', 'mlp', '--data', 'gap.csv', '--out', 'o.onnx'], 'none in row 2'],
    ['one class', ['new', 'mlp', '--data', 'one.csv', '--out', 'o.onnx'], 'at least two classes'],
    [
      'a table whose only feature is constant',
      ['new', 'mlp', '--data', 'same.csv', '--out', 'o.onnx'],
      'constant columns alone',
    ],
    ['an infinite number', ['new', 'mlp', '--data', 'inf.csv', '--out', 'o.onnx'], 'Infinity in row 2'],
    ['a column of names', ['new', 'mlp', '--data', 'names.csv', '--out', 'o.onnx'], '--drop name'],
    [
      'a target column that does not exist',
      ['new', 'mlp', '--data', 't.csv', '--target', 'x', '--out', 'o.onnx'],
      'a column "x"',
    ],
    [
      'a .parquet file that is not Parquet',
      ['new', 'mlp', '--data', 'bad.parquet', '--out', 'o.onnx'],
      'a Parquet table',
    ],
    [
      'a .arrow file that is not Arrow',
      ['new', 'mlp', '--data', 'bad.arrow', '--out', 'o.onnx'],
      'an Arrow table in bad.arrow',
    ],
    [
      'a --freeze that matches no weight',
      train('cnn.onnx', 'good.npz', '--freeze', 'body.*'),
      'names of weights for --freeze',
    ],
    [
      'an --lr-scale that matches no weight',
      train('cnn.onnx', 'good.npz', '--lr-scale', 'body.*=0.1'),
      'names of weights for --lr-scale',
    ],
    [
      'images for a transformer',
      ['new', 'transformer', '--data', 'good.npz', '--out', 'o.onnx'],
      'examples of two axes',
    ],
    [
      'measurements as tokens',
      ['new', 'transformer', '--input', '8,3', '--outputs', '2', '--vocabulary', '9', '--out', 'o.onnx'],
      'examples of one axis, the tokens',
    ],
    ...(['few', 'negative', 'fraction'] as const).flatMap((name): [string, string[], string][] => {
      const words = { few: '3 in row 3', negative: '-1 in row 3', fraction: '0.5 in row 3' }[name];
      const data = ['--data', `${name}.npz`];
      return [
        [
          `clr new with a bad token: ${name}.npz`,
          ['new', 'transformer', ...data, '--vocabulary', '3', '--out', 'o.onnx'],
          words,
        ],
        [`clr train with a bad token: ${name}.npz`, train('tokens.onnx', `${name}.npz`), words],
        [
          `clr predict with a bad token: ${name}.npz`,
          ['predict', 'tokens.onnx', ...data, '--out', 'o.csv'],
          words,
        ],
        [`clr evaluate with a bad token: ${name}.npz`, ['evaluate', 'tokens.onnx', ...data], words],
      ];
    }),
    [
      'a table of tokens',
      ['new', 'transformer', '--data', 't.csv', '--vocabulary', '9', '--out', 'o.onnx'],
      'a model whose input is floats, because a table is encoded as floats',
    ],
    [
      'an incomplete encoding',
      ['predict', 'mlp.onnx', '--data', 't.csv', '--encoding', 'half.encoding.json', '--out', 'o.csv'],
      'an encoding of clr',
    ],
    [
      'an output that would overwrite the model',
      ['train', 'mlp.onnx', '--data', 'no.csv', '--out', './mlp.onnx'],
      'an output other than the input mlp.onnx',
    ],
    [
      'a model that would overwrite its table',
      ['new', 'mlp', '--data', 't.csv', '--target', 'price', '--out', 't.csv'],
      'an output other than the input t.csv',
    ],
    ...['--out', '--svg'].flatMap((flag): [string, string[], string][] => [
      [
        `${flag} of a range test that would overwrite the data`,
        ['range-test', 'mlp.onnx', '--data', 't.csv', flag, './t.csv'],
        'an output other than the input t.csv',
      ],
      [
        `${flag} of a range test in a folder that does not exist`,
        ['range-test', 'mlp.onnx', '--data', 't.csv', flag, 'no/r'],
        'to write no/r.\nReceived: no such folder',
      ],
    ]),
    ...(
      [
        ['the model', 'mlp.onnx', []],
        ['the data', 't.csv', []],
        ['the validation data', 'numbers.csv', ['--validation', 'numbers.csv']],
        ['the labels', 'last.npz', ['--labels', 'last.npz']],
        ['the encoding', 'half.encoding.json', ['--encoding', 'half.encoding.json']],
      ] as const
    ).map(([what, file, more]): [string, string[], string] => [
      `a report of a sweep that would overwrite ${what}`,
      [...grid('0.1'), ...more, '--report', file],
      `an output other than the input ${file}`,
    ]),
    [
      'a report of a sweep that would overwrite the jobs',
      [...sweep('good.jobs.json'), '--report', 'good.jobs.json'],
      'an output other than the input good.jobs.json',
    ],
    [
      'a report of a sweep in a folder that does not exist',
      [...grid('0.1'), '--report', 'no/r.html'],
      'to write no/r.html.\nReceived: no such folder',
    ],
    ['a report of a sweep that is a folder', [...grid('0.1'), '--report', 'pets'], 'Received: a folder'],
    ...['--target=level', '--task=classification', '--drop=age'].map((option): [string, string[], string] => [
      `${option}, which contradicts the model's encoding`,
      train('price.onnx', 't.csv', option),
      `Expected ${option.split('=')[0]} as the model's encoding has it`,
    ]),
    ['an empty list of jobs', sweep('none.jobs.json'), 'Received: an empty array'],
    ['a table in place of JSON', ['report', 't.csv', '--out', 'o.html'], 'JSON in t.csv'],
    [
      '--lora and --freeze',
      train('cnn.onnx', 'good.npz', '--lora', '2', '--freeze', 'body'),
      '--lora or --freeze',
    ],
    [
      'class weights for numeric targets',
      train('cnn.onnx', 'onehot.npz', '--class-weights', '1,2,1,1'),
      '--loss mse',
    ],
    [
      'an invalid policy',
      train('cnn.onnx', 'good.npz', '--policy', 'policy.json'),
      'Did you mean "triangular"?',
    ],
    [
      'an invalid encoding',
      train('cnn.onnx', 'good.npz', '--encoding', 'odd.encoding.json'),
      'an encoding of clr',
    ],
    [
      'a checkpoint that is a file',
      train('cnn.onnx', 'good.npz', '--checkpoint', 'file'),
      'a folder for --checkpoint',
    ],
    ['a misspelt key in the task of a job', sweep('task.jobs.json'), 'Did you mean "steps"?'],
    ['a misspelt key in the optimizer of a job', sweep('optimizer.jobs.json'), 'Did you mean "momentum"?'],
    ['a misspelt key in the data of a job', sweep('data.jobs.json'), 'Did you mean "batch"?'],
    [
      'a job whose head is a list',
      sweep('model.jobs.json'),
      'model.jobs.json[0].model.head to be a text or a number',
    ],
    [
      'a job whose model file is missing',
      sweep('file.jobs.json'),
      'to read no.onnx, which file.jobs.json[0] names',
    ],
    ['a JSON file that is no list of jobs', sweep('policy.json'), 'policy.json to be an array of jobs'],
    [
      'clr evaluate with more classes than the model has',
      ['evaluate', 'cnn.onnx', '--data', 'many.npz'],
      'labels from 0 to 3',
    ],
    ['clr analyze with a table that has no rate', ['analyze', 'numbers.csv'], 'Received: column 1, column 2'],
  ])('%s', async (_, args, words) => {
    const before = await contents();
    const error = await run(args).then(
      () => undefined,
      (reason) => reason,
    );
    expect(error).toBeInstanceOf(ClrError);
    // The exit code is 1, because main.ts gives 2 only for usage errors.
    expect(error).not.toBeInstanceOf(UsageError);
    expect(error.message).toContain(words);
    expect(error.message).toMatch(/^\[clr\/\w+\] Expected [^\n]+\.\nReceived: [^\n]*\n[^\n]+$/);
    expect(await contents()).toBe(before);
  });

  it.each([
    'mlp --data good.npz --input 3,8,8 --outputs 4',
    'cnn --data good.npz --input 3,8,8 --outputs 9',
    'cnn --data good.npz --task regression --outputs 1',
    'mlp --data t.csv --target level --drop price --input 6 --outputs 2',
  ])('a new model fits: %s', async (options) => {
    const { text } = await run(['new', ...options.split(' '), '--out', 'o.onnx']);
    expect(text).toContain('Written: o.onnx');
  });

  it.each<[readonly string[]]>([
    [['train']],
    [['train', 'cnn.onnx', '--data', 'good.npz']],
    [['train', 'cnn.onnx', '--out', 'x.onnx']],
    [train('cnn.onnx', 'good.npz', '--lr', '0')],
    [train('cnn.onnx', 'good.npz', '--lr', '0.1', '--auto')],
    [train('cnn.onnx', 'good.npz', '--batch', '1.5')],
    [train('cnn.onnx', 'good.npz', '--optimizer', 'lion')],
    [train('cnn.onnx', 'good.npz', '--lr-scale', 'dense1*')],
    [['new', 'mlp', '--input', '4', '--outputs', '2', '--vocabulary', '9', '--out', 'x.onnx']],
    ...(
      [
        'mlp --heads=2',
        'mlp --filters=4',
        'cnn --blocks=2',
        'transformer --hidden=8',
        'transformer --grey',
      ] as const
    ).map((text): [string[]] => [
      ['new', ...text.split(' '), '--input', '4', '--outputs', '2', '--out', 'x.onnx'],
    ]),
    [['completion', 'tcsh']],
    [train('cnn.onnx', 'good.npz', '--epohcs', '3')],
    [['sweep']],
    [['worker']],
    [['sweep', 'task.jobs.json', '--redis', 'redis://x', '--workers', '2', '--out', 'results']],
    [['sweep', 'task.jobs.json', '--lr', '0.1', '--out', 'results']],
    [['sweep', 'cnn.onnx', '--data', 'good.npz', '--out', 'results']],
    [['sweep', 'cnn.onnx', '--data', 'good.npz', '--steps', '9', '--lr', '0.1,', '--out', 'results']],
    [
      [
        'sweep',
        'cnn.onnx',
        '--data',
        'good.npz',
        '--steps',
        '9',
        '--lr',
        '0.1',
        '--range-test',
        '--out',
        'x',
      ],
    ],
    [['sweep', 'cnn.onnx', '--data', 'good.npz', '--steps', '9', '--module', 'x.js', '--out', 'results']],
    [['sweep', 'cnn.onnx', '--data', 'good.npz', '--steps', '9']],
    [['predict', 'cnn.onnx', '--data', 'good.npz', '--out', 'x.txt']],
    [['new', 'transformer', '--out', 'x.onnx']],
    [['new', 'mlp', '--out', 'x.onnx']],
    [['range-test']],
    [['evaluate', 'a', 'b']],
    [['inspect']],
  ])('the command line %j is a usage error', async (args) => {
    await expect(run(args)).rejects.toBeInstanceOf(UsageError);
  });
});
