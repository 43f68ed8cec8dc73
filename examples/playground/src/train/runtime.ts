import type { Ort } from '@clr/onnx';

/** Loads ONNX Runtime at its first use, with the options of its sessions. */
export async function loadRuntime(
  device: 'wasm' | 'webgpu',
): Promise<{ ort: Ort; providers: readonly string[] }> {
  if (device === 'webgpu') {
    const ort = await import('onnxruntime-web/webgpu');
    return { ort: ort as unknown as Ort, providers: ['webgpu'] };
  }
  const ort = await import('onnxruntime-web/wasm');
  // Threads need shared memory, which a page has only if its server allows it.
  ort.env.wasm.numThreads = self.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency) : 1;
  return { ort: ort as unknown as Ort, providers: ['wasm'] };
}
