/** A command line that can be pasted into a shell. */
export function commandLine(name: string, args: readonly string[]): string {
  const quoted = args.map((arg) => (/^[\w./:=,*-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`));
  return ['clr', name, ...quoted].join(' ');
}
