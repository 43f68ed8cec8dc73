import { problemText } from '../problem.ts';
import { openDigits } from './digits.ts';
import { openDropped } from './droppedTask.ts';
import { forget, keepFiles, kept, keptFiles } from './keep.ts';
import { keepLarge } from './keepLarge.ts';
import type { Command, DroppedFiles, Event, RunSettings } from './protocol.ts';
import { Session } from './session.ts';
import type { Task } from './task.ts';

// All long work runs here, so that the page stays responsive.

const tell = (event: Event): void => postMessage(event);

let session: Session | undefined;

async function open(settings: RunSettings, files: DroppedFiles | undefined): Promise<Session> {
  await session?.dispose();
  session = undefined;
  tell({ type: 'status', text: 'Getting the examples and the model ready …' });
  const task = await taskOf(settings, files);
  tell({ type: 'status', text: 'Loading ONNX Runtime …' });
  session = await Session.open(task, settings, tell);
  // Train even if the disk is full.
  void keepLarge().catch(() => {});
  return session;
}

function taskOf({ source, head }: RunSettings, files: DroppedFiles | undefined): Promise<Task> {
  if (source.kind === 'digits') return openDigits(source.count);
  if (!files) throw new Error('The files of this run are no longer there. Drop them again.');
  return openDropped(files, head);
}

async function obey(command: Command): Promise<void> {
  switch (command.type) {
    case 'look': {
      const found = await kept();
      tell(found ? { type: 'kept', history: found.extra, step: found.step } : { type: 'kept' });
      return;
    }
    case 'start': {
      const { settings, files } = command;
      await forget();
      if (files) await keepFiles(files);
      await (await open(settings, files)).start();
      return;
    }
    case 'resume': {
      const found = await kept();
      if (!found) throw new Error('There is no stored run to resume.');
      const { settings } = found.extra;
      const files = settings.source.kind === 'files' ? await keptFiles() : undefined;
      await (session ?? (await open(settings, files))).resume(found);
      return;
    }
    case 'pause':
      session?.pause();
      return;
    case 'forget':
      await forget();
      await session?.dispose();
      session = undefined;
      tell({ type: 'kept' });
      return;
    case 'export': {
      const found = session ? undefined : await kept();
      if (found) {
        // If the run was finished in another visit, its weights are in the checkpoint.
        const files = found.extra.settings.source.kind === 'files' ? await keptFiles() : undefined;
        await (await open(found.extra.settings, files)).restore(found);
      }
      if (!session) throw new Error('There is no model yet.');
      tell({ type: 'model', ...(await session.exportModel()) });
    }
  }
}

addEventListener('message', ({ data }: MessageEvent<Command>) => {
  obey(data).catch((error: unknown) => {
    const offline = error instanceof TypeError && !navigator.onLine;
    tell({
      type: 'fault',
      text: offline
        ? 'There is no network, and the page has not stored the files for this yet.'
        : problemText(error),
    });
  });
});
