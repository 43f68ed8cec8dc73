import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describeExamples } from '@clr/tooling/describeExamples';
import { expect, it } from 'vitest';
import * as core from '../src/index.ts';
import { kinds } from '../src/policies/builtInKinds.ts';
import { examples as batches, type Example, linearTrainable } from './linearTrainable.ts';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const policyPages = readdirSync(path('../../../docs/policies')).map(
  (page) => `../../../docs/policies/${page}`,
);

// The loss of an example is (w·x − y)².
const batchSharpness = async ({ x }: Example): Promise<number> => 2 * x * x;

describeExamples({
  sources: path('../src'),
  exports: [core],
  pages: ['../README.md', ...policyPages].map(path),
  scope: () => ({ ...core, trainable: Object.assign(linearTrainable(), { batchSharpness }), batches }),
  modules: { '@clr/core': core },
});

it('every policy has a page, and there is an index', () => expect(policyPages.length).toBe(kinds.length + 1));
