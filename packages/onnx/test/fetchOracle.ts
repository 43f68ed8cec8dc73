import type { TensorConstructor } from 'onnxruntime-common';
import { inject } from 'vitest';
import { type OracleJson, type OracleModel, parseOracle } from './oracleModel.ts';

/** One of the oracle's models, in a browser. */
export async function fetchOracle(OrtTensor: TensorConstructor, name: string): Promise<OracleModel> {
  const get = async (kind: string): Promise<Response> => {
    const response = await fetch(`/@fs${inject('oracle')}onnx/${name}.${kind}`);
    if (!response.ok) throw new Error(`${name}.${kind}: status ${response.status}`);
    return response;
  };
  const bytes = async (kind: string): Promise<Uint8Array> =>
    new Uint8Array(await (await get(kind)).arrayBuffer());
  const json = (await (await get('json')).json()) as OracleJson;
  return parseOracle(OrtTensor, json, await bytes('bin'), await bytes('onnx'));
}
