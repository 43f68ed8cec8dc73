import { fitToCycles, type Policy, toSchedule } from '@clr/core';

/** The name of a kind's factory. */
const factoryOf = (type: Policy['type']): string => (type === 'exp_range' ? 'expRange' : type);

/** A value as JavaScript, on one line if it is short. */
function literal(value: unknown, indent = ''): string {
  const inner = `${indent}  `;
  const fit = (open: string, parts: readonly string[], close: string, space: string): string => {
    const line = `${open}${space}${parts.join(', ')}${space}${close}`;
    if (parts.length === 0) return open + close;
    if (indent.length + line.length <= 64 && !line.includes('\n')) return line;
    return `${open}\n${parts.map((part) => `${inner}${part},`).join('\n')}\n${indent}${close}`;
  };
  if (Array.isArray(value)) {
    const long = value.length > 12 && value.every((each) => typeof each === 'number');
    // A long list of rates has several rates on a line.
    if (long) return `[\n${wrapped(value.map(String), inner)}\n${indent}]`;
    return fit(
      '[',
      value.map((each) => literal(each, inner)),
      ']',
      '',
    );
  }
  if (typeof value === 'object' && value !== null) {
    if ('type' in value && isKind(value.type)) return callOf(value as Policy, indent).code;
    return fit(
      '{',
      Object.entries(value).map(([key, each]) => `${key}: ${literal(each, inner)}`),
      '}',
      ' ',
    );
  }
  return typeof value === 'string' ? `'${value}'` : String(value);
}

function wrapped(parts: readonly string[], indent: string): string {
  const lines: string[] = [];
  for (const part of parts) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + part.length < 84) lines[lines.length - 1] = `${line} ${part},`;
    else lines.push(`${indent}${part},`);
  }
  return lines.join('\n');
}

const names = new Set<unknown>([
  ...['constant', 'triangular', 'triangular2', 'exp_range', 'cyclic', 'oneCycle', 'cosineRestarts'],
  ...['decay', 'wsd', 'ramp', 'sequence', 'table'],
]);
const isKind = (type: unknown): type is Policy['type'] => names.has(type);

/** The call that makes a policy, and the factories that it needs. */
function callOf(
  policy: Policy,
  indent = '',
): { readonly code: string; readonly factories: readonly string[] } {
  const { type, ...options } = policy;
  const factories = new Set([factoryOf(type)]);
  if (policy.type === 'sequence') {
    for (const { policy: stage } of policy.stages)
      for (const name of callOf(stage).factories) factories.add(name);
  }
  const argument = policy.type === 'sequence' ? policy.stages : options;
  return { code: `${factoryOf(type)}(${literal(argument, indent)})`, factories: [...factories] };
}

const imports = (names: string, from: string): string => `import ${names} from '${from}';`;
const importOf = (names: readonly string[]): string => {
  const sorted = [...new Set(names)].sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
  return imports(`{ ${sorted.join(', ')} }`, '@clr/core');
};

/** The policy as JSON. */
export const asJson = (policy: Policy): string => JSON.stringify(policy, null, 2);

/** Code that makes the policy with @clr/core and prints one of its rates. */
export function asCore(policy: Policy, shown: number): string {
  const { code, factories } = callOf(policy);
  const step = Math.round(shown / 8);
  return `${importOf([...factories, 'toSchedule'])}

const policy = ${code};
toSchedule(policy).lr(${step}); // ${toSchedule(policy).lr(step)}
`;
}

/** Code that trains under the policy in ONNX Runtime. */
export function asOnnx(policy: Policy, shown: number): string {
  const { code, factories } = callOf(policy);
  return `${importOf([...factories, 'sgd', 'train'])}
${imports('{ createTrainer }', '@clr/onnx')}
${imports('* as ort', 'onnxruntime-node')} // in a browser: 'onnxruntime-web/wasm'

const policy = ${code};
const optimizer = sgd({ momentum: 0.9 });
const trainer = await createTrainer(ort, 'model.onnx', { loss: 'crossEntropy', optimizer });
await train(trainer, batches, { policy, steps: ${fitToCycles(policy, shown)} });
const trained = await trainer.exportModel();
`;
}

/** Code that trains under the policy in TensorFlow.js. */
export function asTfjs(policy: Policy): string {
  const { code, factories } = callOf(policy);
  return `${importOf(factories)}
${imports('{ cyclicLR }', '@clr/tfjs')}

const policy = ${code};
await model.fit(xs, ys, { epochs: 10, callbacks: cyclicLR(policy) });
`;
}

/** Code that trains under the policy on WebGPU. */
export function asWebgpu(policy: Policy): string {
  const { code, factories } = callOf(policy);
  return `${importOf([...factories, 'sgd'])}
${imports('{ createTrainer, dense, network, relu, requestDevice }', '@clr/webgpu')}

const policy = ${code};
const device = await requestDevice(navigator.gpu);
const layers = [dense({ units: 64 }), relu(), dense({ units: 10 })];
const net = network({ input: [784], layers, loss: 'crossEntropy' });
const trainer = await createTrainer(device, net, { optimizer: sgd({ momentum: 0.9 }), policy, batch: 64 });
trainer.setData({ input: images, target: labels });
await trainer.trainSteps(100); // one submission; the rate is read on the device
`;
}
