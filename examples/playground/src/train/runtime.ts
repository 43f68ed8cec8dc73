import type { Ort } from '@clr/onnx';

/** ONNX Runtime, and the options of its sessions. */
export interface Runtime {
  readonly ort: Ort;
  readonly providers: readonly string[];
  /** Says where the runtime runs, if it is not the device that the caller asked for. */
  readonly note?: string;
}

/** Loads ONNX Runtime at its first use. Without a WebGPU adapter it runs on the processor, and `note` says so. */
export async function loadRuntime(device: 'wasm' | 'webgpu'): Promise<Runtime> {
  if (device === 'webgpu' && !(await hasAdapter())) {
    const note = 'WebGPU finds no graphics card in this browser, so the training runs on the processor.';
    return { ...(await loadRuntime('wasm')), note };
  }
  if (device === 'webgpu') {
    const ort = await import('onnxruntime-web/webgpu');
    return { ort: ort as unknown as Ort, providers: ['webgpu'] };
  }
  const ort = await import('onnxruntime-web/wasm');
  // Threads need shared memory, which a page has only if its server allows it.
  ort.env.wasm.numThreads = self.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency) : 1;
  return { ort: ort as unknown as Ort, providers: ['wasm'] };
}

const hasAdapter = async (): Promise<boolean> =>
  Boolean(await navigator.gpu?.requestAdapter().catch(() => null));
