import lenetBin from '@clr/tooling/oracle/models/lenet.bin?url';
import lenet from '@clr/tooling/oracle/models/lenet.json' with { type: 'json' };
import lenetOnnx from '@clr/tooling/oracle/models/lenet.onnx?url';
import mlpBin from '@clr/tooling/oracle/models/mlp.bin?url';
import mlp from '@clr/tooling/oracle/models/mlp.json' with { type: 'json' };
import mlpOnnx from '@clr/tooling/oracle/models/mlp.onnx?url';
import type { TensorConstructor } from 'onnxruntime-common';
import { type OracleJson, type OracleModel, parseOracle } from './oracleModel.ts';

const files = { lenet: [lenet, lenetBin, lenetOnnx], mlp: [mlp, mlpBin, mlpOnnx] } as const;

/** Reads the files of a model that PyTorch trained, in a browser. */
export async function fetchOracle(OrtTensor: TensorConstructor, name: 'lenet' | 'mlp'): Promise<OracleModel> {
  const [json, bin, onnx] = files[name];
  const bytes = async (url: string): Promise<Uint8Array> => {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`${url}: status ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  };
  return parseOracle(OrtTensor, json as OracleJson, await bytes(bin), await bytes(onnx));
}
