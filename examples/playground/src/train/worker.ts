import { problemText } from '../problem.ts';
import { openDigits } from './digits.ts';
import { openDropped } from './droppedTask.ts';
import { forget, forgetFiles, keepFiles, kept, keptFiles } from './keep.ts';
import { keepLarge } from './keepLarge.ts';
import type { Command, DroppedFiles, Event, RunSettings } from './protocol.ts';
import { Session } from './session.ts';
import type { Task } from './task.ts';

// All long work runs here, so that the page stays responsive.

const tell = (event: Event): void => postMessage(event);

let session: Session | undefined;
/** Pauses the current run. A pause may come before there is a session. */
let stop = new AbortController();

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

const filesOf = async ({ source }: RunSettings): Promise<DroppedFiles | undefined> =>
  source.kind === 'files' ? keptFiles() : undefined;

/** Runs a training while no other tab trains, because all tabs store their run in the same place. */
async function alone(training: () => Promise<void>): Promise<void> {
  if (!navigator.locks) return training();
  await navigator.locks.request('clr-playground-run', { ifAvailable: true }, (lock) => {
    if (!lock) throw new Error('Another tab of this page is training. Pause it there first.');
    return training();
  });
}

async function obey(command: Command): Promise<void> {
  switch (command.type) {
    case 'look': {
      const found = await kept();
      tell(found ? { type: 'kept', history: found.extra, step: found.step } : { type: 'kept' });
      return;
    }
    case 'start': {
      stop = new AbortController();
      const { settings, files } = command;
      // A stored run can be trained again with its files.
      const wanted = files ?? (await filesOf(settings));
      await alone(async () => {
        // If the model or the data are refused, the stored run remains.
        const opened = await open(settings, wanted);
        await forget();
        if (files || !wanted) await forgetFiles();
        if (files) await keepFiles(files);
        await opened.start(stop.signal);
      });
      return;
    }
    case 'resume': {
      stop = new AbortController();
      const found = await kept();
      if (!found) throw new Error('There is no stored run to resume.');
      const { settings } = found.extra;
      await alone(async () =>
        (session ?? (await open(settings, await filesOf(settings)))).resume(found, stop.signal),
      );
      return;
    }
    case 'pause':
      stop.abort();
      return;
    case 'forget':
      await forget();
      await forgetFiles();
      await session?.dispose();
      session = undefined;
      tell({ type: 'kept' });
      return;
    case 'export': {
      const found = session ? undefined : await kept();
      if (found) {
        // If the run was finished in another visit, its weights are in the checkpoint.
        const { settings } = found.extra;
        await (await open(settings, await filesOf(settings))).restore(found);
      }
      if (!session) throw new Error('There is no model yet.');
      tell({ type: 'model', ...(await session.exportModel()) });
    }
  }
}

addEventListener('message', ({ data }: MessageEvent<Command>) => {
  obey(data).catch(async (error: unknown) => {
    const offline = error instanceof TypeError && !navigator.onLine;
    const found = await kept().catch(() => undefined);
    tell({
      type: 'fault',
      // A run that failed before its first step would fail again.
      ...(found && found.step > 0 && { stored: found.step < found.extra.steps ? 'paused' : 'done' }),
      text: offline
        ? 'There is no network, and the page has not stored the files for this yet.'
        : problemText(error),
    });
  });
});
