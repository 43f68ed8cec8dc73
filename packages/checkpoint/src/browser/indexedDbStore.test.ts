import { expect, it } from 'vitest';
import { indexedDbStore } from './indexedDbStore.ts';

it.each([undefined, 5, '', {}])('refuses a name that is not a string: %s', (name) => {
  expect(() => indexedDbStore(name as never)).toThrow('Expected the name of a run as a string');
});
