import type { Ort } from '@clr/onnx';

/** ONNX Runtime, with the options of its sessions. It comes when it is first asked for. */
export async function loadRuntime(
  device: 'wasm' | 'webgpu',
): Promise<{ ort: Ort; providers: readonly string[] }> {
  if (device === 'webgpu') {
    const ort = await import('onnxruntime-web/webgpu');
    return { ort: ort as unknown as Ort, providers: ['webgpu'] };
  }
  const ort = await import('onnxruntime-web/wasm');
  // Threads share memory, which a page may have only where its server says so.
  ort.env.wasm.numThreads = self.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency) : 1;
  return { ort: ort as unknown as Ort, providers: ['wasm'] };
}
